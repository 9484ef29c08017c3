"""What must hold after each step, and what more at a calm point. Each violation is a sentence.

Blindness: of what could not be seen during a whole step nothing opens, worsens or is over, what is open stays, and a
verdict stays or becomes UNKNOWN. A version of a finding is told once; more often only where nobody could know that it
was told, and each telling but the last is one of those that the run counted as such.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ses_monitor.core.stored import Change, Transition, finding_id
from tests.chaos.observed import Blind, Counts, Excused, Look

UNKNOWN = "UNKNOWN"
ROLL_UP = "More happened at once than is worth a message each."
RECIPIENT = re.compile(r"person\d+b?(?:@|%40)", re.IGNORECASE)
"""What the recipients of simulator.feedback_traffic are called."""


def after_step(before: Look, now: Look, blind: Sequence[Blind], published: Counts, excused: Excused) -> list[str]:
    """Return what does not hold after any step."""
    return [
        *lives(now.changes),
        *_changed_blindly(before, now, blind),
        *_verdict_changed_blindly(before, now, blind),
        *counted_too_much(now.counts, published),
        *_forgotten(before, now),
        *_recipients(now),
        *dead_letters(now, excused),
    ]


def when_calm(now: Look, published: Counts, excused: Excused) -> list[str]:
    """Return what does not hold although the faults are over and the queues are worked."""
    return [
        *(f"{count} messages are left on the {name} queue" for name, count in now.waiting.items() if count),
        *open_as_told_by_changes(now),
        *counted_wrong(now.counts, published),
        *_unreached(now),
        *_told_again(now, excused),
        *_last_word(now),
        *_replied_again(now, excused),
        *_orphans(now, excused),
        *_shown_wrongly(now),
    ]


def like_twin(now: Look, twin: Look) -> list[str]:
    """Return how a calm monitor differs from one that had no faults in the same world."""
    found = [f"only with faults: {each}" for each in sorted(now.open - twin.open)]
    found += [f"only without faults: {each}" for each in sorted(twin.open - now.open)]
    for region in sorted({*now.verdicts, *twin.verdicts}):
        ours, theirs = now.verdicts.get(region), twin.verdicts.get(region)
        if ours is None or theirs is None:
            found.append(f"{region} has a verdict only {'with' if theirs is None else 'without'} faults")
        elif ours.verdict != theirs.verdict:
            found.append(f"{region} is {ours.verdict}, and without faults {theirs.verdict}")
        elif ours.causes != theirs.causes:
            more, less = sorted(ours.causes - theirs.causes), sorted(theirs.causes - ours.causes)
            found.append(f"{region} is {ours.verdict} also because of {more}, and not because of {less}")
    for key in sorted({*now.counts, *twin.counts}):
        if _some(now.counts.get(key)) != _some(twin.counts.get(key)):
            found.append(f"{_named(key)}: {_some(now.counts.get(key))}, without faults {_some(twin.counts.get(key))}")
    return found


def lives(changes: Iterable[Change]) -> Iterator[str]:
    """Check that each finding's changes are a life: versions rise, and it opens and closes by turns."""
    newest: dict[str, int] = defaultdict(int)
    is_open: dict[str, bool] = defaultdict(bool)
    for each in sorted(changes, key=lambda change: change.version):
        name = f"{each.tag} of {each.subject} in {each.region}"
        if each.version <= newest[each.finding_id]:
            yield f"{name}: version {each.version} twice"
        newest[each.finding_id] = each.version
        was = _replaced(each)
        if was and not is_open[was]:
            yield f"{name} took the place of {each.was_tag}, which was not open"
        if was:
            is_open[was] = False
        if each.transition is Transition.OPENED and is_open[each.finding_id]:
            yield f"{name} opened, and was open"
        if each.transition is not Transition.OPENED and not was and not is_open[each.finding_id]:
            yield f"{name} {each.transition.value}, and was not open"
        if was and each.transition in {Transition.OPENED, Transition.REMINDED}:
            yield f"{name} {each.transition.value} in the place of {each.was_tag}"
        is_open[each.finding_id] = not each.transition.closes


def open_as_told_by_changes(now: Look) -> Iterator[str]:
    """Check that what is open is what the changes make open: the outbox has all that became of the state."""
    is_open: dict[tuple[str, str, str, str], str] = {}
    for each in sorted(now.changes, key=lambda change: change.version):
        if _replaced(each):
            is_open.pop((each.region, each.check_id, each.subject, each.was_tag), None)
        key = (each.region, each.check_id, each.subject, each.tag)
        if each.transition.closes:
            is_open.pop(key, None)
        else:
            is_open[key] = each.severity.name
    stored = {(each.region, each.check_id, each.subject, each.tag): each.severity for each in now.open}
    for key in sorted({*is_open, *stored}):
        if is_open.get(key) != stored.get(key):
            region, _, subject, tag = key
            yield f"{tag} of {subject} in {region} is stored as {stored.get(key)}, by its changes {is_open.get(key)}"


def counted_too_much(counts: Counts, published: Counts) -> Iterator[str]:
    """Check that no counter is above what was published."""
    for key, tallies in counts.items():
        for tally, count in tallies.items():
            most = published.get(key, {}).get(tally, 0)
            if count > most:
                yield f"{_named(key)}: {count} {tally} were counted, {most} published"


def counted_wrong(counts: Counts, published: Counts) -> Iterator[str]:
    """Check that each counter is what was published."""
    for key in sorted({*counts, *published}):
        ours, theirs = _some(counts.get(key)), _some(published.get(key))
        if ours != theirs:
            yield f"{_named(key)}: counted {ours}, published {theirs}"


def dead_letters(now: Look, excused: Excused) -> Iterator[str]:
    """Check that something explains each dead letter."""
    for dead in now.dead:
        if not any(queue == dead.queue and part in dead.body for queue, part in excused.dead):
            yield f"a dead letter of the {dead.queue} queue that nothing explains: {dead.body[:200]}"


def _changed_blindly(before: Look, now: Look, blind: Sequence[Blind]) -> Iterator[str]:
    known = {change.change_id for change in before.changes}
    for change in now.changes:
        if change.change_id in known or change.transition is Transition.REMINDED:
            continue
        if any(each.covers(change.region, change.check_id, change.subject) for each in blind):
            yield f"{change.tag} of {change.subject} in {change.region} {change.transition.value}, and nobody could see it"
    for was in sorted(before.open - now.open):
        if any(each.covers(was.region, was.check_id, was.subject) for each in blind):
            yield f"{was} is not open any more, and nobody could see it"
    for new in sorted(now.open - before.open):
        if any(each.covers(new.region, new.check_id, new.subject) for each in blind):
            yield f"{new} is open, and nobody could see it"


def _verdict_changed_blindly(before: Look, now: Look, blind: Sequence[Blind]) -> Iterator[str]:
    for region in {each.region for each in blind if each.account}:
        was, judged = before.verdicts.get(region), now.verdicts.get(region)
        if was is None or judged is None:
            if was is not None:
                yield f"{region} has no verdict any more, and nobody could see it"
            continue
        if judged.verdict not in {was.verdict, UNKNOWN}:
            yield f"{region} was {was.verdict} and is {judged.verdict}, and nobody could see it"


def _forgotten(before: Look, now: Look) -> Iterator[str]:
    gone = {change.change_id for change in before.changes} - {change.change_id for change in now.changes}
    if gone:
        yield f"{len(gone)} changes are not in the table any more"
    for key, tallies in before.counts.items():
        for tally, count in tallies.items():
            if now.counts.get(key, {}).get(tally, 0) < count:
                yield f"{_named(key)}: {tally} fell from {count}"


def _recipients(now: Look) -> Iterator[str]:
    for text in now.heard:
        if found := RECIPIENT.search(text):
            yield f"a recipient stands in clear: {text[max(0, found.start() - 60) : found.end() + 40]!r}"


def _unreached(now: Look) -> Iterator[str]:
    """Check that each transition was told: its version of the finding, or a newer one."""
    by_topic: dict[str, int] = defaultdict(int)
    for alert in now.told:
        for name, version in alert.versions().items():
            by_topic[name] = max(by_topic[name], version)
    more = sum(alert.more for alert in now.told)
    for channel, newest, left_out in (("the topic", by_topic, more), ("Slack", now.versions, 0)):
        lost = [
            change
            for change in now.changes
            if not change.muted_by and not change.baseline and newest.get(change.finding_id, 0) < change.version
        ]
        if len(lost) > left_out:
            yield from (
                f"{channel} was never told: {each.transition.value} {each.tag} of {each.subject} in {each.region}"
                for each in lost
            )


def _told_again(now: Look, excused: Excused) -> Iterator[str]:
    last: dict[tuple[str, int], int] = {}
    repeated: dict[int, str] = {}
    for place, alert in enumerate(now.told):
        for entry in alert.entries:
            key = (entry.finding_id, entry.version)
            if key in last:
                repeated[last[key]] = f"{entry.tag} of {entry.subject} in {entry.region}"
            last[key] = place
    unsaid = excused.unsaid.get("sns", 0)
    if len(repeated) > unsaid:
        yield f"{len(repeated)} messages of the topic were told again, {unsaid} may be: {sorted(set(repeated.values()))}"


def _last_word(now: Look) -> Iterator[str]:
    """Check that the newest that the topic was told of each finding is how it stands."""
    truth: dict[str, tuple[int, bool, str]] = {}
    for each in sorted(now.changes, key=lambda change: change.version):
        truth[each.finding_id] = (
            each.version,
            each.transition.closes,
            f"{each.tag} of {each.subject} in {each.region}",
        )
        if was := _replaced(each):
            truth[was] = (each.version, True, f"{each.was_tag} of {each.subject} in {each.region}")
    last: dict[str, tuple[int, bool]] = {}
    for alert in now.told:
        for entry in alert.entries:
            over = (entry.transition or alert.transition).closes
            last[entry.finding_id] = max(last.get(entry.finding_id, (0, False)), (entry.version, over))
            for name in entry.supersedes:
                last[name] = max(last.get(name, (0, False)), (entry.version, True))
    for name, (_, over) in last.items():
        if name not in truth:
            yield f"the topic was told of {name}, which never changed"
        elif truth[name][1] != over:
            yield f"{truth[name][2]} is {'over' if truth[name][1] else 'open'}, and the last word says otherwise"


def _replied_again(now: Look, excused: Excused) -> Iterator[str]:
    again = [text for (_, text), times in Counter(now.replies).items() for _ in range(times - 1)]
    if len(again) > excused.unsaid.get("slack", 0):
        yield f"{len(again)} replies are there twice: {again[0][:200]}"


def _orphans(now: Look, excused: Excused) -> Iterator[str]:
    """Check that the table knows of each message in the channel, but for those whose sender never heard of it."""
    known = {root.ts for root in now.roots}
    unknown = [text for ts, text in now.posts if ts not in known]
    # What a roll-up names may all go on under other messages; it is followed by nobody then, but there once.
    rolled_up = Counter(text for text in unknown if ROLL_UP in text)
    orphans = [text for text in unknown if text not in rolled_up]
    orphans += [text for text, times in rolled_up.items() for _ in range(times - 1)]
    if len(orphans) > excused.unsaid.get("slack", 0):
        yield (
            f"{len(orphans)} messages in the channel are followed by nobody,"
            f" {excused.unsaid.get('slack', 0)} may be: {orphans[:5]}"
        )


def _shown_wrongly(now: Look) -> Iterator[str]:
    over: dict[str, bool] = {}
    names: dict[str, str] = {}
    for each in sorted(now.changes, key=lambda change: change.version):
        over[each.finding_id] = each.transition.closes
        names[each.finding_id] = f"{each.tag} of {each.subject} in {each.region}"
        if was := _replaced(each):
            over[was] = True
    for root in now.roots:
        if root.as_told is False:
            yield f"the message {root.ts} is not what was last to be shown"
        for name, closed in root.shows.items():
            if name in over and over[name] and not closed:
                yield f"{names.get(name, name)} is over, and the message {root.ts} shows it open"
            if name in over and closed and not over[name] and not _open_elsewhere(name, root.ts, now):
                yield f"{names.get(name, name)} is open, and no message shows it"


def _open_elsewhere(name: str, ts: str, now: Look) -> bool:
    return any(each.shows.get(name) is False for each in now.roots if each.ts != ts)


def _replaced(change: Change) -> str:
    if not change.was_tag or change.was_tag == change.tag:
        return ""
    return finding_id(change.region, change.check_id, change.subject, change.was_tag)


def _some(tallies: Mapping[str, int] | None) -> dict[str, int]:
    return {tally: count for tally, count in sorted((tallies or {}).items()) if count}


def _named(key: tuple[object, ...]) -> str:
    region, counted_by, name, hour = key
    return f"{region} {counted_by} {name} {hour:%Y-%m-%dT%H}"
