"""What follows a message in Slack: the message itself as it stands later, replies in its thread, short notes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ses_monitor.alerts import slack_blocks, words
from ses_monitor.alerts.alert import Alert, Entry
from ses_monitor.alerts.slack_blocks import (
    MOST_LISTED,
    Message,
    context,
    footer,
    header,
    list_of,
    message,
    section,
    steps_blocks,
)
from ses_monitor.alerts.slack_text import mrkdwn
from ses_monitor.core.check import Step
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Transition


@dataclass(frozen=True, slots=True)
class Shown:
    """What a message in the channel shows: its findings as they stand, each with its own transition.

    `elsewhere` counts findings it named once whose story goes on under another message.
    """

    alert: Alert
    elsewhere: int = 0

    @property
    def over(self) -> tuple[Entry, ...]:
        """The findings that are over."""
        return tuple(entry for entry in self.alert.entries if _closed(entry))

    @property
    def still_open(self) -> tuple[Entry, ...]:
        """The findings that are not, the worst first."""
        left = [entry for entry in self.alert.entries if not _closed(entry)]
        return tuple(sorted(left, key=lambda entry: -entry.severity))

    @property
    def is_over(self) -> bool:
        """Whether all of its findings are over; those it does not know cannot be."""
        return not self.still_open and not self.alert.more


def root(shown: Shown) -> Message:
    """Lay out a message anew, as it stands now: the mark and the steps of what is open, and what is over."""
    alert, left = shown.alert, shown.still_open
    plain_group = not alert.is_summary and not shown.elsewhere and not any(entry.flaps for entry in left)
    if plain_group and not shown.over:
        return slack_blocks.render(_as(alert, Transition.OPENED, left))
    lead = _lead(alert, left or alert.entries)
    title = f"{_mark(shown)} {_headline(shown, lead)}"
    when = _when(shown)
    said = [f"{_again(left)}."] if _again(left) else []
    if not alert.is_summary and lead.text:
        said.append(lead.text if left else f"It was: {lead.text}")
    lines = [_line(entry, alert) for entry in (*left, *shown.over)]
    listed = lines if len(lines) > 1 or alert.more else []
    blocks = [header(title), section(f"*{when}*\n{_where(alert)}"), *(section(mrkdwn(each)) for each in said)]
    if listed:
        blocks.append(section(list_of(listed, alert)))
    if shown.elsewhere:
        blocks.append(section(_told_elsewhere(shown.elsewhere)))
    steps = lead.steps if left and not _is_bulletin(alert) else ()
    if steps and lead.cause:
        blocks.append(section(f"*Why*\n{mrkdwn(lead.cause)}"))
    blocks += [*steps_blocks(steps), footer(lead if left else _as(lead, Transition.RESOLVED, lead.entries))]
    return message(f"{title}. {when}", blocks, _plain([title, when, *said, *listed[:MOST_LISTED]], steps))


def reply(alert: Alert) -> Message:
    """Say in the thread of a message what became of its findings."""
    title = f"{slack_blocks.mark(alert)} {_reply_title(alert)}"
    when = words.since(alert)
    moved = alert.transition in {Transition.WORSENED, Transition.EASED}
    said = [
        words.reminder(alert),
        words.how_it_ended(alert),
        *((words.changed_from(alert), alert.text) if moved else ()),
    ]
    said = [each for each in said if each]
    lines = [f"\u2022 {words.in_a_list(entry, alert)}" for entry in alert.entries]
    listed = lines if words.needs_a_list(alert) else []
    steps = alert.steps if alert.transition in {Transition.WORSENED, Transition.REMINDED} else ()
    blocks = [section(f"*{mrkdwn(title)}*\n{mrkdwn(when)}"), *(section(mrkdwn(each)) for each in said)]
    if listed:
        blocks.append(section(list_of(listed, alert)))
    blocks += steps_blocks(steps)
    return message(f"{title}, {when}", blocks, _plain([title, when, *said, *listed[:MOST_LISTED]], steps))


def again(alert: Alert, follows: Sequence[str] = ()) -> Message:
    """Tell in one short line, without steps, of what opened or closed again within a day."""
    line = f"{slack_blocks.mark(alert)} {_reply_title(alert)}, {words.since(alert)}"
    small = [context(mrkdwn(each, 400) for each in follows)] if follows else []
    return message(line, [section(mrkdwn(line)), *small], "\n".join([line, *follows]))


def is_broadcast(alert: Alert) -> bool:
    """Tell whether a reply is worth everybody's attention: it got worse, to ERROR or above, or stays CRITICAL."""
    if alert.transition is Transition.REMINDED:
        return alert.severity is Severity.CRITICAL
    was = [entry.was_severity for entry in alert.entries]
    rose = any(each is None or each < alert.severity for each in was)
    return alert.transition is Transition.WORSENED and alert.severity >= Severity.ERROR and rose


def is_flapping(alert: Alert) -> bool:
    """Tell whether all that opened or closed here did so before, within a day."""
    told_before = alert.transition is Transition.OPENED or alert.transition.closes
    return told_before and not alert.rollup and all(entry.flaps for entry in alert.entries)


def ordinal(number: int) -> str:
    """Write 3 as "3rd"."""
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{({1: 'st', 2: 'nd', 3: 'rd'}).get(number % 10, 'th')}"


def _reply_title(alert: Alert) -> str:
    what = words.what_and_where(alert)
    if alert.transition is Transition.OPENED:
        return f"{_again(alert.entries) or 'Again'}: {what}"
    if alert.transition.closes and is_flapping(alert):
        return f"{'Over' if alert.transition is Transition.RESOLVED else 'Gone'} again: {what}"
    return words.headline(alert)


def _again(entries: Iterable[Entry]) -> str:
    flaps = max((entry.flaps for entry in entries), default=0)
    return f"Again, for the {ordinal(flaps + 1)} time today" if flaps else ""


def _closed(entry: Entry) -> bool:
    return entry.transition is not None and entry.transition.closes


def _as(alert: Alert, transition: Transition, entries: Sequence[Entry]) -> Alert:
    return replace(alert, transition=transition, entries=tuple(entries))


def _is_bulletin(alert: Alert) -> bool:
    return alert.baseline or alert.rollup


def _lead(alert: Alert, entries: Sequence[Entry]) -> Alert:
    """Return the part of an alert that its title, cause and steps are taken from: one kind, the worst."""
    if _is_bulletin(alert):
        return _as(alert, Transition.OPENED, entries)
    kind = (entries[0].check_id, entries[0].tag)
    alike = [entry for entry in entries if (entry.check_id, entry.tag) == kind]
    return replace(_as(alert, Transition.OPENED, alike), more=0)


def _mark(shown: Shown) -> str:
    if shown.still_open:
        return words.emoji(shown.still_open[0].severity)
    if not shown.is_over:
        return words.emoji(shown.alert.severity)
    return slack_blocks.GONE if _all_gone(shown) else slack_blocks.OVER


def _all_gone(shown: Shown) -> bool:
    return all(entry.transition is Transition.GONE for entry in shown.alert.entries)


def _headline(shown: Shown, lead: Alert) -> str:
    alert, over = shown.alert, len(shown.over)
    total = len(alert.entries) + alert.more
    if _is_bulletin(alert):
        what = words.what_and_where(alert)
    else:
        # One kind is named whole, with what is over of it; of several kinds the worst, and the rest is counted.
        whole = lead if alert.is_summary else _as(alert, Transition.OPENED, alert.entries)
        others = total - len(whole.entries) - whole.more
        what = words.what_and_where(whole) + (f" and {others} more" if others else "")
    if shown.is_over:
        return f"{'Gone' if _all_gone(shown) else 'Over'}: {what}"
    severity = "" if _is_bulletin(alert) else f"{max(e.severity for e in shown.still_open or alert.entries).name}: "
    return f"{severity}{what}" + (f", {over} of {total} over" if over else "")


def _when(shown: Shown) -> str:
    """Say since when, or after how long it was over."""
    entries = shown.still_open or shown.alert.entries
    if not shown.is_over:
        return f"Since {words.moment(min(entry.since for entry in entries))}"
    first = entries[0]
    alike = [replace(entry, check_id=first.check_id, tag=first.tag) for entry in entries]
    spans = replace(_as(shown.alert, Transition.RESOLVED, alike), baseline=False, rollup=False)
    return f"{'Gone' if _all_gone(shown) else 'Resolved'} {words.since(spans)}"


def _where(alert: Alert) -> str:
    regions = ", ".join(alert.regions[:40]) + (f" and {len(alert.regions) - 40} more" if alert.regions[40:] else "")
    return f"*Where* {mrkdwn(regions)}, account {mrkdwn(alert.account_id, 100)}"


def _line(entry: Entry, alert: Alert) -> str:
    name = slack_blocks.tag_and_place(entry) if alert.is_summary else words.place(entry, alert)
    if not _closed(entry):
        return f"\u2022 {words.emoji(entry.severity)} {name}"
    gone = entry.transition is Transition.GONE
    mark = slack_blocks.GONE if gone else slack_blocks.OVER
    return f"\u2022 {mark} {name}, {'gone' if gone else 'over'} after {words.duration(entry.lasted)}"


def _told_elsewhere(number: int) -> str:
    rest = "goes on under a message of its own" if number == 1 else "go on under messages of their own"
    return f"{words.counted(number, 'other')} named here {rest}."


def _plain(lines: Sequence[str], steps: Sequence[Step]) -> str:
    done = [each for step in steps for each in (step.text, words.shown_command(step.command))]
    return "\n".join(each for each in (*lines, *done) if each)
