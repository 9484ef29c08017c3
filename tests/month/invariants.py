"""What must hold after a month, once the faults have stopped and the queues are empty. Each violation is a sentence.

What counts as told: a message that a channel took names a finding at a version, or a tag that replaced it. A transition
has reached a channel when the channel was told that version of its finding or a newer one. So an OPENED may be
swallowed by what became of it, and what ended may be swallowed by the finding's opening again; nothing older may follow
what is newer, and the last that a channel was told of each finding must be how it stands.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from ses_monitor.core.stored import Change, finding_id
from tests.month.channels import Telling
from tests.month.month import PER_MINUTE, Month, SlackChannel

MINUTE = timedelta(seconds=50)
"""A message is published some seconds after its place in the minute was taken."""
MARGIN = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class _Stands:
    """How a finding stands for those who were told of it: since which version it is open, or over."""

    version: int
    over: bool
    name: str


def violations(month: Month) -> list[str]:
    """Return what did not hold."""
    told = {"sns": month.sns.told} | {each.name: each.line.told for each in month.channels}
    truth = _truth(month.changes)
    found = [f"dead letters of {each.name}: {len(each.queue.dead)}" for each in month.channels if each.queue.dead]
    found += [f"{each.name}: {len(each.queue.messages)} left" for each in month.channels if each.queue.messages]
    for channel, tellings in told.items():
        found += [f"{channel}: {each}" for each in _unreached(month.changes, tellings)]
        found += [f"{channel}: {each}" for each in _repeated(tellings)]
        found += [f"{channel}: {each}" for each in _out_of_order(tellings)]
        found += [f"{channel}: {each}" for each in _last_word(truth, tellings)]
    found += _too_many(month)
    for slack in month.channels:
        found += [f"{slack.name}: {each}" for each in _refused(slack)]
    found += [f"bot: {each}" for each in _roots(month, month.channels[1], truth)]
    return found


def figures(month: Month) -> str:
    """Say in one line how much there was of it."""
    sent = ", ".join(
        f"{name} {len(tellings)} ({sum(each.unsaid for each in tellings)} unsaid)"
        for name, tellings in [("SNS", month.sns.told)] + [(each.name, each.line.told) for each in month.channels]
    )
    changes = Counter("muted" if each.muted_by else "baseline" if each.baseline else "told" for each in month.changes)
    faults = sum(month.weather.faults.values())
    return f"{len(month.changes)} changes ({dict(changes)}), messages: {sent}, {faults} faults of {len(month.weather.faults)} kinds"


def _ended_by(change: Change) -> tuple[str, ...]:
    """Name the finding that a change replaced."""
    if not change.was_tag or change.was_tag == change.tag:
        return ()
    return (finding_id(change.region, change.check_id, change.subject, change.was_tag),)


def _truth(changes: list[Change]) -> Mapping[str, _Stands]:
    """Say how each finding stands that people were told of; what is over is over for them though it ended in a mute."""
    stands: dict[str, _Stands] = {}
    open_now: set[str] = set()
    for change in changes:
        open_now -= {change.finding_id, *_ended_by(change)}
        if not change.transition.closes:
            open_now.add(change.finding_id)
        if change.muted_by:
            continue
        name = f"{change.tag} of {change.subject} in {change.region}"
        stands[change.finding_id] = _Stands(change.version, change.transition.closes, name)
        for each in _ended_by(change):
            stands[each] = _Stands(change.version, True, f"{change.was_tag} of {change.subject} in {change.region}")
    return {name: replace(each, over=each.over or name not in open_now) for name, each in stands.items()}


def _unreached(changes: list[Change], tellings: list[Telling]) -> Iterator[str]:
    newest: dict[str, int] = defaultdict(int)
    for each in tellings:
        for name, version in each.alert.versions().items():
            newest[name] = max(newest[name], version)
    more = sum(each.alert.more for each in tellings)
    lost = [
        change
        for change in changes
        if not change.muted_by and not change.baseline and newest[change.finding_id] < change.version
    ]
    if len(lost) > more:
        yield from (
            f"never told: {each.transition} {each.tag} of {each.subject} at {each.at:%d %H:%M:%S}" for each in lost
        )


def _repeated(tellings: list[Telling]) -> Iterator[str]:
    times: Counter[tuple[str, int]] = Counter()
    unsaid: Counter[tuple[str, int]] = Counter()
    last: dict[tuple[str, int], Telling] = {}
    for each in tellings:
        for entry in each.alert.entries:
            key = (entry.finding_id, entry.version)
            times[key] += 1
            unsaid[key] += each.unsaid
            last[key] = each
    for key, number in times.items():
        if number > 1 + unsaid[key]:
            yield f"told {number} times, {unsaid[key]} unsaid: {key} {last[key].alert.tag} at {last[key].at:%d %H:%M:%S}"


def _out_of_order(tellings: list[Telling]) -> Iterator[str]:
    newest: dict[str, int] = defaultdict(int)
    for each in tellings:
        for entry in each.alert.entries:
            if entry.version < newest[entry.finding_id]:
                yield f"older after newer: {entry.tag} of {entry.subject} at {each.at:%d %H:%M:%S}, unsaid {each.unsaid}"
        # What was told without the sender's knowing is told again, and something older may come before that.
        for name, version in each.alert.versions().items() if not each.unsaid else ():
            newest[name] = max(newest[name], version)


def _last_word(truth: Mapping[str, _Stands], tellings: list[Telling]) -> Iterator[str]:
    """What a channel was told last of each finding is how it stands."""
    last: dict[str, _Stands] = {}
    for each in tellings:
        for entry in each.alert.entries:
            over = (entry.transition or each.alert.transition).closes
            last[entry.finding_id] = _Stands(entry.version, over, entry.tag)
            for name in entry.supersedes:
                last[name] = _Stands(entry.version, True, entry.was_tag)
    for name, told in last.items():
        # Of a tag that came and went under a mute only its end is ever told, by what replaced it.
        if name not in truth and told.over:
            continue
        if truth[name].over != told.over:
            yield f"{truth[name].name} is {'over' if truth[name].over else 'open'}, and the last word says otherwise"


def _too_many(month: Month) -> Iterator[str]:
    """Within any minute no more than the ceiling, and one roll-up for each batch; what was unsaid may be there twice."""
    sent = month.sns.told
    for i, first in enumerate(sent):
        within = [each for each in sent[i:] if each.at - first.at < MINUTE]
        batches = sum(first.at - MARGIN <= each < first.at + MINUTE for each in month.batches)
        if len(within) > PER_MINUTE + batches + sum(each.unsaid for each in within):
            yield f"{len(within)} messages within a minute from {first.at:%d %H:%M:%S}, of {batches} batches"


_SCRIPTED = ("scripted ", "revoked", "token_revoked: ", "message_not_found: ", "thread_not_found: ")


def _refused(channel: SlackChannel) -> Iterator[str]:
    yield from (each.reason for each in channel.chat.refusals if not each.reason.startswith(_SCRIPTED))


def _roots(month: Month, channel: SlackChannel, truth: Mapping[str, _Stands]) -> Iterator[str]:
    """Each message that the bot knows of shows how its findings stand; of what a dead function posted nobody knows."""
    unknown = {each.ts for each in channel.line.told if each.unsaid}
    there = {each.ts: each for each in channel.chat.messages if not each.thread}
    homes = channel.ledger.told("slack", truth)
    for name, told in homes.items():
        if told.root is None or told.root.message in month.deleted:
            continue
        shown = channel.line.shown.get(told.root.message)
        stands = truth[name]
        if shown is None:
            if stands.over and stands.version > told.version:
                yield f"{stands.name} is over, and its message was never changed"
            continue
        if there[told.root.message].payload["blocks"] != list(shown[0].blocks):
            yield f"the message of {stands.name} is not what was sent last"
    at_home = {name: told.root.message for name, told in homes.items() if told.root is not None}
    for ts in there.keys() - unknown - month.deleted:
        yield from _shown_wrongly(ts, channel, truth, at_home)


def _shown_wrongly(
    ts: str, channel: SlackChannel, truth: Mapping[str, _Stands], at_home: Mapping[str, str]
) -> Iterator[str]:
    message = channel.line.shown.get(ts)
    posted = next(each for each in channel.line.told if each.ts == ts)
    entries = message[1].alert.entries if message else posted.alert.entries
    for entry in entries:
        over = (entry.transition or posted.alert.transition).closes
        # A roll-up also names what goes on under another message; there it is shown as it stands.
        elsewhere = posted.alert.rollup and at_home.get(entry.finding_id) != ts
        if not over and truth[entry.finding_id].over and not elsewhere:
            yield f"{truth[entry.finding_id].name} is over, and the message of {posted.at:%d %H:%M:%S} shows it open ({posted.alert.tag})"
