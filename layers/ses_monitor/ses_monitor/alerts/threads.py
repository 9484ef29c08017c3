"""Tell alerts as threads: one message a group of findings, kept as it stands, with replies that say what became of it.

What a message shows lies in the table, guarded by a revision, and is written before Slack is told: whoever changes the
message lays out all that is known of it, looks again afterwards, and lays it out anew if somebody changed it meanwhile.
So two deliveries at once lose nothing of one another, and a delivery that died is made good by the next. Changing a
message can be repeated, posting cannot: the change comes first, the reply after it, the note of it at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from ses_monitor.alerts import document, slack_blocks, slack_threads, words
from ses_monitor.alerts.alert import Alert, Entry
from ses_monitor.alerts.slack import Delivered, Refused, RetryLater
from ses_monitor.alerts.slack_api import ApiOutcome, Deleted, Locked
from ses_monitor.alerts.slack_blocks import Message
from ses_monitor.alerts.slack_threads import Shown
from ses_monitor.core.stored import Transition
from ses_monitor.store.deliveries import Root, RootId, Told

ATTEMPTS = 5
"""To save or to show a message that others change at the same time."""
MOST_UPDATED = 40
"""Messages that one roll-up changes: each takes a request, of which Slack allows 50 a minute."""


class Roots(Protocol):
    """What threads need of `store.deliveries.Deliveries`."""

    def root(self, channel: str, root_id: RootId) -> Root | None:
        """Return a message that others follow."""

    def save_root(self, channel: str, root: Root) -> Root | None:
        """Save it; None if it changed since it was read."""

    def note(
        self, channel: str, versions: Mapping[str, int], now: datetime, *, title: str = "", root: RootId | None = None
    ) -> None:
        """Note what the channel was told."""


class Bot(Protocol):
    """What threads need of `slack_api.Bot`."""

    def post(self, message: Message, *, thread: str = "", broadcast: bool = False) -> ApiOutcome:
        """Post a message, or a reply."""

    def update(self, channel: str, ts: str, message: Message) -> ApiOutcome:
        """Change a message."""


class NotTakenError(Exception):
    """Slack did not take something; what was told before is noted."""

    def __init__(self, outcome: RetryLater | Refused) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class BusyThreadError(Exception):
    """Others changed a message again and again while it was to be changed here."""


@dataclass(frozen=True, slots=True)
class _Followed:
    """Part of an alert, and the message it belongs under."""

    root_id: RootId
    alert: Alert


class Threads:
    """Tells alerts in one channel. `channel` is what the ledger calls it, `conversation` is Slack's id for it.

    What was told in another conversation is not followed there: the operator has chosen another since.
    """

    def __init__(self, ledger: Roots, bot: Bot, channel: str, conversation: str, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._bot = bot
        self._channel = channel
        self._conversation = conversation
        self._now = now
        self._notes: list[str] = []

    def take_notes(self) -> list[str]:
        """Return what was unusual since this was last asked."""
        notes, self._notes = self._notes, []
        return notes

    def tell(self, alert: Alert, told: Mapping[str, Told]) -> None:
        """Tell `alert`, of which nothing was told yet; `told` is what was told before of its findings.

        Each part is noted as soon as it was told. Raises NotTakenError where Slack takes no more.
        """
        followed, fresh = self._split(alert, told)
        self._end_elsewhere(alert, followed, told)
        if alert.rollup:
            self._tell_rolled_up(alert, followed, fresh, told)
            return
        for part in followed:
            if not self._follow(part):
                fresh = [*fresh, *part.alert.entries]
        if fresh:
            self._open(replace(alert, entries=_in_order(alert, fresh)), told)

    def _split(self, alert: Alert, told: Mapping[str, Told]) -> tuple[list[_Followed], list[Entry]]:
        """Tell what goes on under which message, and what gets one of its own."""
        fresh: list[Entry] = []
        by_root: dict[RootId, list[Entry]] = {}
        for entry in alert.entries:
            last = self._told_where_it_goes_on(entry, told) if _goes_on(entry, alert) else None
            if last is None or last.root is None or last.root.conversation != self._conversation:
                fresh.append(entry)
            else:
                by_root.setdefault(last.root, []).append(entry)
        followed = [
            _Followed(root_id, replace(alert, entries=tuple(some), more=0)) for root_id, some in by_root.items()
        ]
        return followed, fresh

    def _told_where_it_goes_on(self, entry: Entry, told: Mapping[str, Told]) -> Told | None:
        """Return what was told last of it; where its tags lie under two messages, under the one that shows its own."""
        last, own = _last_told(entry, told), told.get(entry.finding_id)
        if last is None or _is_another_life(entry, last):
            return None
        if own is None or own.root in {None, last.root}:
            return last
        return own if self._shows_open(own.root, entry.finding_id) else last

    def _end_elsewhere(self, alert: Alert, followed: Sequence[_Followed], told: Mapping[str, Told]) -> None:
        """Change other messages that show something as open which goes on here, or ended without a word.

        What was replaced under a mute is told by nobody, and its next news may belong under another message.
        """
        homes = {entry.finding_id: part.root_id for part in followed for entry in part.alert.entries}
        for entry in alert.entries:
            for name in (entry.finding_id, *entry.supersedes):
                root_id = told[name].root if name in told else None
                if root_id is None or root_id == homes.get(entry.finding_id):
                    continue
                if self._shows_open(root_id, name):
                    self._show(_Followed(root_id, alert.end_of(name, entry)))

    def _shows_open(self, root_id: RootId | None, name: str) -> bool:
        if root_id is None or root_id.conversation != self._conversation:
            return False
        root = self._ledger.root(self._channel, root_id)
        try:
            entries = _read(root).alert.entries if root is not None else ()
        except document.DocumentError:
            return False
        return any(each.finding_id == name and not (each.transition and each.transition.closes) for each in entries)

    def _tell_rolled_up(
        self, alert: Alert, followed: Sequence[_Followed], fresh: Sequence[Entry], told: Mapping[str, Told]
    ) -> None:
        """Tell all in one message; those it is news of are changed in place, and not replied to."""
        # First those of which something is over: the others will have news again, which shows them as they stand.
        followed = sorted(followed, key=_over_first)
        there = [part for part in followed[:MOST_UPDATED] if self._show(part)]
        there += [part for part in followed[MOST_UPDATED:] if self._merge(part) is not None]
        if len(followed) > MOST_UPDATED:
            self._notes.append(f"{len(followed) - MOST_UPDATED} messages are not up to date until their next change")
        fresh = [*fresh, *(entry for part in followed if part not in there for entry in part.alert.entries)]
        elsewhere = len(alert.entries) - len(fresh)
        at = self._post_root(slack_blocks.render(alert, follows(alert, told)))
        root_id = None
        if at and fresh:
            under_it = replace(alert, entries=tuple(fresh))
            root_id = self._remember(at, Shown(_with_transitions(under_it), elsewhere))
        # What has a message of its own stays there: its next news belongs under it.
        title = words.what_and_where(alert)
        if fresh:
            self._note(replace(alert, entries=tuple(fresh)), title, root_id)
        for part in there:
            self._note(part.alert, title, part.root_id)

    def _open(self, alert: Alert, told: Mapping[str, Told]) -> None:
        at = self._post_root(slack_blocks.render(alert, follows(alert, told)))
        root_id = self._remember(at, Shown(_with_transitions(alert))) if at else None
        self._note(alert, words.what_and_where(alert), root_id)

    def _post_root(self, message: Message) -> RootId | None:
        outcome = self._bot.post(message)
        if isinstance(outcome, (Deleted, Locked)):
            raise NotTakenError(Refused(outcome.reason))
        taken = self._taken(outcome)
        return RootId(self._conversation, taken.ts) if taken.ts else None

    def _remember(self, root_id: RootId, shown: Shown) -> RootId:
        self._ledger.save_root(self._channel, Root(root_id, encode(shown), self._now()))
        return root_id

    def _follow(self, part: _Followed) -> bool:
        """Tell one part under its message; False where there is no such message any more."""
        if not self._show(part):
            return False
        alert = part.alert
        outcome = self._bot.post(
            slack_threads.reply(alert), thread=part.root_id.message, broadcast=slack_threads.is_broadcast(alert)
        )
        if isinstance(outcome, (Deleted, Locked)):
            self._notes.append(f"a new message instead of a reply: {outcome.reason}")
            return False
        self._taken(outcome)
        self._note(alert, words.what_and_where(alert), part.root_id)
        return True

    def _show(self, part: _Followed) -> bool:
        """Change a message to what it should show now; False where there is none any more."""
        root = self._merge(part)
        for _ in range(ATTEMPTS):
            if root is None:
                return False
            outcome = self._bot.update(part.root_id.conversation, part.root_id.message, slack_threads.root(_read(root)))
            match outcome:
                case Deleted():
                    self._notes.append(f"a new message instead of the one that was followed: {outcome.reason}")
                    return False
                case Locked() | Refused():
                    self._notes.append(f"the message stays as it was: {outcome.reason}")
                    return True
                case _:
                    self._taken(outcome)
            shown, root = root, self._ledger.root(self._channel, part.root_id)
            if root is None or root.revision == shown.revision:
                return True
        self._notes.append("the message may be behind: others changed it at the same time")
        return True

    def _merge(self, part: _Followed) -> Root | None:
        for _ in range(ATTEMPTS):
            root = self._ledger.root(self._channel, part.root_id)
            if root is None:
                return None
            try:
                before = _read(root)
            except document.DocumentError as error:
                self._notes.append(f"a new message, because what the old one shows cannot be read: {error}")
                return None
            after = merged(before, part.alert)
            if after == before:
                return root
            saved = self._ledger.save_root(self._channel, replace(root, content=encode(after)))
            if saved is not None:
                return saved
        msg = f"a message was changed by others {ATTEMPTS} times in a row"
        raise BusyThreadError(msg)

    def _taken(self, outcome: ApiOutcome) -> Delivered:
        if isinstance(outcome, (RetryLater, Refused)):
            raise NotTakenError(outcome)
        if not isinstance(outcome, Delivered):
            raise NotTakenError(Refused(outcome.reason))
        self._notes += [outcome.note] if outcome.note else []
        return outcome

    def _note(self, alert: Alert, title: str, root_id: RootId | None) -> None:
        self._ledger.note(self._channel, alert.versions(), self._now(), title=title, root=root_id)


def merged(shown: Shown, news: Alert) -> Shown:
    """Return what a message shows once `news` of it is told: in the place of what was known, never the older."""
    entries = list(shown.alert.entries)
    more = shown.alert.more
    for entry in _with_transitions(news).entries:
        names = {entry.finding_id, *entry.supersedes}
        places = [i for i, known in enumerate(entries) if known.finding_id in names]
        if any(entries[i].version >= entry.version for i in places):
            continue
        if places:
            # The end of what another tag replaced has no words of its own.
            entries[places[0]] = replace(entry, text=entry.text or entries[places[0]].text)
            entries = [known for i, known in enumerate(entries) if i not in places[1:]]
        else:
            entries.append(entry)
            more = max(more - 1, 0)
    return replace(shown, alert=replace(shown.alert, entries=tuple(entries), more=more))


def follows(alert: Alert, told: Mapping[str, Told]) -> tuple[str, ...]:
    """Name the messages that `alert` goes on from; nothing where a finding opens anew."""
    before = [
        last
        for entry in alert.entries
        if _goes_on(entry, alert) and (last := _last_told(entry, told)) and not _is_another_life(entry, last)
    ]
    named = list(dict.fromkeys((last.at.replace(second=0, microsecond=0), last.title) for last in before))
    said = [f"follows the message of {_clock(at, alert.at)}{f': {title}' if title else ''}" for at, title in named[:3]]
    return (*said, f"and {len(named) - 3} more") if len(named) > 3 else tuple(said)


def encode(shown: Shown) -> str:
    """Write what a message shows; as an alert's document, and so within its size."""
    whole = json.loads(document.encode(_without_what_is_over(shown.alert)))
    # In the order of the document's findings; it leaves out the last where there is no room.
    transitions = [(entry.transition or Transition.OPENED).value for entry in shown.alert.entries]
    values = {"alert": whole, "transitions": transitions[: len(whole["findings"])], "elsewhere": shown.elsewhere}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def decode(content: str) -> Shown:
    """Read it back.

    Raises:
        DocumentError: it was written by another version.
    """
    try:
        values = json.loads(content)
        alert = document.read(values["alert"])
        transitions = [Transition(value) for value in values["transitions"]]
        entries = tuple(
            replace(entry, transition=transition) for entry, transition in zip(alert.entries, transitions, strict=True)
        )
        return Shown(replace(alert, entries=entries), int(values["elsewhere"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        msg = f"{type(error).__name__} in what a message shows"
        raise document.DocumentError(msg) from error


def _read(root: Root) -> Shown:
    return decode(root.content)


def _goes_on(entry: Entry, alert: Alert) -> bool:
    """Tell whether it goes on from what was told: a finding that opens does only if it did so within a day."""
    return (entry.transition or alert.transition) is not Transition.OPENED or entry.flaps > 0


def _is_another_life(entry: Entry, last: Told) -> bool:
    """Tell whether it began after what was told last: its opening is late, or muted, and what was told is long over."""
    return not entry.flaps and entry.since > last.at


def _last_told(entry: Entry, told: Mapping[str, Told]) -> Told | None:
    known = [told[name] for name in (entry.finding_id, *entry.supersedes) if name in told]
    return max(known, key=lambda each: each.version, default=None)


def _over_first(part: _Followed) -> bool:
    return not any((entry.transition or part.alert.transition).closes for entry in part.alert.entries)


def _in_order(alert: Alert, some: Sequence[Entry]) -> tuple[Entry, ...]:
    return tuple(entry for entry in alert.entries if entry in some)


def _with_transitions(alert: Alert) -> Alert:
    return replace(
        alert,
        entries=tuple(replace(entry, transition=entry.transition or alert.transition) for entry in alert.entries),
    )


def _without_what_is_over(alert: Alert) -> Alert:
    """Leave out the steps of what is over: nobody needs them, and the item has a size."""
    return replace(
        alert,
        entries=tuple(
            replace(entry, cause="", steps=(), evidence={}) if entry.transition and entry.transition.closes else entry
            for entry in alert.entries
        ),
    )


def _clock(at: datetime, now: datetime) -> str:
    said = words.moment(at)
    return said.rpartition(", ")[2] if abs(now - at) < timedelta(hours=20) else said
