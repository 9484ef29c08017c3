"""The daily digest in words, as mail and as one Slack message, for a phone: what matters first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ses_monitor.alerts import mail, words
from ses_monitor.alerts.slack_blocks import Json, Message, context, header, message, section
from ses_monitor.alerts.slack_text import length, mrkdwn
from ses_monitor.core.digest import Answer, Digest, Figures, Running, Silence, Some, Told
from ses_monitor.core.model import ACCOUNT, Severity
from ses_monitor.core.verdict import Verdict

LONGEST_PART = 2700
LONGEST_ALL = 10_500
"""Characters of one section, and of all: Slack refuses blocks that come to about 13,000."""
LEAST_PART = 400
"""Room that each later part keeps, however long the earlier ones are."""
LONGEST_LINE = 420

NOT_ALL_SEEN = "\u26a0\ufe0f"
QUIET = "\u2705"
UNSURE = "\u2754"
MOST_NEWS = 5
"""Of what opened or is over: the worst of it is in the list of what is open too."""
LIST_OPEN = "ses-monitor findings"
LIST_NEWS = "ses-monitor findings --all --since 1d"
LIST_REGIONS = "ses-monitor status"
LIST_MUTES = "ses-monitor mute --list"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing, with the mark that Slack shows before it."""

    text: str
    mark: str = "\u2022"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the digest; `more` counts what is left out of `lines`, and `ask` is the command that lists it."""

    title: str
    lines: tuple[Line, ...]
    more: int = 0
    ask: str = ""


def headline(digest: Digest) -> str:
    """Say in one line how the day was. It never says that nothing is open where nobody could look."""
    day = words.moment(digest.at).rpartition(",")[0]
    if digest.unseen:
        return f"Daily digest, {day}: not everything could be seen; {_open_in_words(digest) or 'nothing known is open'}"
    return f"Daily digest, {day}: {_open_in_words(digest) or 'nothing is open'}"


def _open_in_words(digest: Digest) -> str:
    counts = zip(sorted(Severity, reverse=True), digest.by_severity, strict=False)
    said = [f"{count} {severity.name}" for severity, count in counts if count]
    return f"{', '.join(said)} open" if said else ""


def parts(digest: Digest) -> list[Part]:
    """Return what there is to say, what was not seen first; parts with nothing to say are left out."""
    now = digest.at
    found = [
        Part("Not everything could be seen", tuple(Line(each) for each in digest.unseen)),
        _regions(digest),
        _open(digest),
        Part("Time runs out", tuple(_running(each, now) for each in digest.running), digest.running_more, LIST_OPEN),
        _news("Opened in the last day, still open", digest.opened, now, over=False),
        _news("Over in the last day", digest.closed, now, over=True),
        Part("Sending in the last day", tuple(map(_figures, digest.figures)), 0, LIST_REGIONS),
        _mutes(digest),
    ]
    return [part for part in found if part.lines]


def _regions(digest: Digest) -> Part:
    lines = [_answer(each, digest.at) for each in digest.answers]
    if digest.idle:
        idle = words.counted(digest.idle, "region is", "regions are")
        lines.append(Line(f"{idle} idle: SES is not used there."))
    if not lines:
        lines.append(Line("Nothing is known of any region yet."))
    return Part("Regions", tuple(lines), 0, LIST_REGIONS)


def _answer(each: Answer, now: datetime) -> Line:
    why = words.tag_in_words(each.tag) if each.tag else words.line(each.text, 200)
    said = f"{words.line(each.region, 40)} {words.line(each.verdict, 20)} since {_since(each.since, now)}"
    # What a region delivers in spite of is in the list of what is open.
    shown = f": {why}" if why and each.verdict != Verdict.DELIVERS.value else ""
    if each.old:
        return Line(f"{said}, not seen lately{shown}", UNSURE)
    return Line(said + shown, _MARKS.get(each.verdict, UNSURE))


def _open(digest: Digest) -> Part:
    if digest.open.count:
        lines = tuple(_told(each, f"since {_since(each.since, digest.at)}") for each in digest.open.first)
        return Part(f"Open: {digest.open.count}", lines, digest.open.more, LIST_OPEN)
    said = "As far as could be seen, nothing is open." if digest.unseen else "Nothing is open."
    if digest.suppressed:
        said += f" {words.counted(digest.suppressed, 'finding is', 'findings are')} muted."
    return Part("Open", (Line(said, UNSURE if digest.unseen else QUIET),))


def _news(title: str, some: Some, now: datetime, *, over: bool) -> Part:
    def lasted(each: Told) -> str:
        if over:
            return f"after {words.duration(max(each.at - each.since, timedelta(0)))}"
        return f"since {_since(each.since, now)}"

    lines = tuple(_told(each, lasted(each), QUIET if over else "") for each in some.first[:MOST_NEWS])
    return Part(f"{title}: {some.count}", lines, some.count - len(lines), LIST_NEWS)


def _told(each: Told, when: str, mark: str = "") -> Line:
    who = "" if each.subject == ACCOUNT else f" for {words.line(each.subject, 100)}"
    where = words.line(each.region, 40)
    said = f"{each.severity.name} {words.tag_in_words(each.tag)}{who} in {where}, {when}"
    return Line(said, mark or words.emoji(each.severity))


def _running(each: Running, now: datetime) -> Line:
    who = "" if each.subject == ACCOUNT else f"{words.line(each.subject, 100)} "
    left = words.duration(max(each.ends - now, timedelta(0)))
    return Line(f"{_short(each.ends, now)}, in {left}: {who}in {words.line(each.region, 40)}: {each.what}", "\u23f3")


def _figures(each: Figures) -> Line:
    said = []
    if each.quota_used is not None:
        # The table follows what was sent in steps of 5 % of the quota.
        said.append(f"about {_percent(each.quota_used, 0)} of the quota")
    if each.bounce_rate is not None:
        said.append(f"bounce rate {_percent(each.bounce_rate, 2)}")
    if each.complaint_rate is not None:
        said.append(f"complaint rate {_percent(each.complaint_rate, 3)}")
    if not each.counted:
        said.append("what was counted could not be read")
    elif each.sends or each.bounces or each.complaints or each.refused:
        # Where nothing tells of sends, none were counted: that is not to say that none were made.
        counts = [_many(each.sends, "send")] if each.sends else []
        counts += [_many(each.bounces, "bounce"), _many(each.complaints, "complaint")]
        counts += [f"{each.refused:,} refused"] if each.refused else []
        said.append(f"counted {', '.join(counts)}")
    else:
        said.append("no feedback was counted")
    return Line(f"{words.line(each.region, 40)}: {'; '.join(said)}")


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _percent(fraction: float, digits: int) -> str:
    return f"{max(min(fraction, 99.99), 0) * 100:.{digits}f} %"


def _mutes(digest: Digest) -> Part:
    lines = [_silence(each, digest.at) for each in digest.mutes]
    silenced = words.counted(digest.suppressed, "open finding is", "open findings are")
    if lines and digest.suppressed:
        lines.append(Line(f"{silenced} silenced by them."))
    return Part("Muted", tuple(lines), digest.mutes_more, LIST_MUTES)


def _silence(each: Silence, now: datetime) -> Line:
    ends = f"ends {_short(each.ends, now)}"
    if each.soon:
        ends = f"ENDS SOON, {_short(each.ends, now)} (in {words.duration(max(each.ends - now, timedelta(0)))})"
    what, owner = words.line(each.what, 160), words.line(each.owner, 40)
    return Line(f"{what}: {ends}; {owner}: {words.line(each.reason, 100)}", "\u23f0" if each.soon else "\U0001f515")


def small_print(digest: Digest) -> str:
    """Say what was looked at."""
    looked = f"{words.counted(digest.audits, 'audit')} of {words.counted(digest.regions_audited, 'region')} in a day"
    unseen = f", {digest.regions_unseen} could not be seen" if digest.regions_unseen else ""
    return f"{looked}{unseen}. Account {words.line(digest.account_id, 40)}. All times are UTC."


def _since(at: datetime, now: datetime) -> str:
    return f"{_short(at, now)} ({words.duration(max(now - at, timedelta(0)))})"


def _short(at: datetime, now: datetime) -> str:
    """Say a moment without what everybody knows: "20 Nov, 21:30", with the year where it is far away."""
    said = words.moment(at).removesuffix(" UTC")
    return said if abs(now - at) > timedelta(days=300) else said.replace(f" {at.year},", ",")


def subject(digest: Digest) -> str:
    """Return the subject line of the mail."""
    return mail.ascii_line(f"SES {headline(digest)[:1].lower()}{headline(digest)[1:]}")


def body(digest: Digest) -> str:
    """Return the mail."""
    text = "\n\n".join([f"{headline(digest)}.", *(_as_mail(part) for part in parts(digest))])
    if len(text) > mail.LONGEST_BODY:
        text = text[: mail.LONGEST_BODY].rpartition("\n")[0] + "\n(The rest is left out: too long for a mail.)"
    return f"{text}\n\n--\n{small_print(digest)}\n"


def _as_mail(part: Part) -> str:
    lines = [part.title.upper(), *(f"- {words.line(line.text)}" for line in part.lines)]
    return "\n".join([*lines, f"- and {part.more} more; this lists them: {part.ask}"] if part.more else lines)


def render(digest: Digest) -> Message:
    """Return the Slack message: one, never a thread, within Slack's limits whatever is in the table."""
    shown = parts(digest)
    mark = NOT_ALL_SEEN if digest.unseen else words.emoji(digest.worst) if digest.worst else QUIET
    blocks: list[Json] = [header(f"{mark} {headline(digest)}")]
    blocks += [section(text) for text in _sections(shown)]
    blocks.append(context([mrkdwn(small_print(digest), 400)]))
    first = digest.unseen[0] if digest.unseen else shown[0].lines[0].text if shown else ""
    return message(f"{mark} {headline(digest)}. {first}", blocks, f"{mark} {body(digest)}")


def _sections(shown: Sequence[Part]) -> Iterator[str]:
    room = LONGEST_ALL
    for number, part in enumerate(shown, 1):
        kept = LEAST_PART * (len(shown) - number)
        text = _section(part, min(LONGEST_PART, room - kept))
        room -= length(text)
        yield text


def _section(part: Part, room: int) -> str:
    """Return as many lines as fit, and the command that lists the rest."""
    text = [f"*{mrkdwn(part.title, 100)}*"]
    left = room - length(text[0]) - 130  # for what is said of the rest
    shown = 0
    for line in part.lines:
        safe = f"{line.mark} {mrkdwn(line.text, LONGEST_LINE)}"
        if length(safe) + 1 > left:
            break
        text.append(safe)
        left -= length(safe) + 1
        shown += 1
    if rest := len(part.lines) - shown + part.more:
        ask = f"; this lists them: `{part.ask}`" if part.ask else ""
        text.append(f"\u2022 and {rest} more{ask}")
    return "\n".join(text)


_MARKS = {
    Verdict.BLOCKED.value: "\U0001f6a8",
    Verdict.UNKNOWN.value: UNSURE,
    Verdict.SANDBOX.value: "\U0001f7e0",
    Verdict.AT_RISK.value: "\U0001f7e0",
    Verdict.DELIVERS.value: QUIET,
}
