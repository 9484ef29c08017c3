"""Checks of sends that SES refused, as a log, CloudTrail or an application told; here is what they share.

Reports open findings, an audit closes them. None of them has a say in a region's verdict: what is told is what
somebody's log happens to show, and the audits ask SES itself whether the region can send.

Cause and steps are those of `rejections.catalogue`, so that a finding and `ses-monitor explain` say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from ses_monitor.checks.feedback import LONGEST_NAME, moment
from ses_monitor.core.check import Diagnosis, Evidence, Finding, Step, bounded
from ses_monitor.core.mailbox import without_addresses
from ses_monitor.core.model import ACCOUNT, Severity, Snapshot
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.rejection import Source
from ses_monitor.core.traffic import HOUR, Refusals, RefusedSender, hour_of
from ses_monitor.rejections import words
from ses_monitor.rejections.catalogue import Entry, entry

LONGEST_SAID = 300
"""Characters shown of SES's words."""
OF_THE_SENDER = frozenset(
    {"SENDER_UNVERIFIED", "SENDER_VERIFIED_IN_OTHER_REGION", "SENDER_PENDING", "MAIL_FROM_UNVERIFIED"}
)
"""Causes of which the sender itself is at fault: its identity is what to mend, rather than one address of it."""
SAY_IT_ALREADY = frozenset({"RECIPIENT_UNVERIFIED_SANDBOX", "SENDER_VERIFIED_IN_OTHER_REGION"})
"""Causes whose words are what the audits knew: beside them that would be the same twice."""
OFTEN = 10
"""Refusals for a passing cause within two hours that are more than the everyday ones."""


@dataclass(frozen=True, slots=True)
class Cause:
    """When refusals for one cause are a finding: from `opens` of them on since `within` before the present hour.

    An open one holds while there is any since `holds` before it.
    """

    diagnosis: Diagnosis
    opens: int
    within: timedelta
    holds: timedelta

    def finding(self, refusals: Refusals, sender: str, snapshot: Snapshot) -> Finding | None:
        """Conclude it of one sender, or the account."""
        hour = hour_of(snapshot.taken_at)
        start = hour - self.holds
        if (count := refusals.since(start)) <= 0:
            return None
        last = refusals.last
        of = "the account" if sender == ACCOUNT else bounded(sender)
        tag = self.diagnosis.tag
        known = "" if tag in SAY_IT_ALREADY else bounded(last.known)
        about = entry(tag, last.code)
        mend = replace(last, identity=sender) if tag in OF_THE_SENDER and sender != ACCOUNT else last
        return Finding(
            diagnosis=self.diagnosis,
            subject=sender,
            severity=self.diagnosis.severities[0],
            text=self.diagnosis.message.format(
                region=snapshot.region, sender=of, times=_times(count), since=moment(start), told=_told(last)
            ),
            cause=f"{words.cause(about, _names(mend, snapshot.region, LONGEST_NAME))} {known}".strip(),
            steps=(*words.steps(about, _arguments(_names(mend, snapshot.region))), _again(about)),
            evidence=_evidence(last if last.identity else mend, count, moment(start)),
            holds_only=refusals.since(hour - self.within) < self.opens,
        )


def until_mended(tag: str, severity: Severity, message: str = "") -> Cause:
    """Return a cause that stays until somebody acts: one refusal opens it, and it holds for a day after the last."""
    return Cause(_diagnosis(tag, severity, message), opens=1, within=24 * HOUR, holds=24 * HOUR)


def passing(tag: str, severity: Severity, opens: int = OFTEN) -> Cause:
    """Return a cause that passes by itself: so many in this hour and the last open it.

    It holds for some hours longer, so that a mailing every other hour is one finding, and not a new one each time.
    """
    return Cause(_diagnosis(tag, severity), opens, within=HOUR, holds=3 * HOUR)


def findings(causes: Iterable[Cause], sender: RefusedSender, snapshot: Snapshot) -> Iterator[Finding]:
    """Conclude each of `causes` for which mail was refused."""
    told = {refusals.tag: refusals for refusals in sender.refusals}
    for cause in causes:
        refusals = told.get(cause.diagnosis.tag)
        if refusals is not None and (finding := cause.finding(refusals, sender.name, snapshot)) is not None:
            yield finding


def _diagnosis(tag: str, severity: Severity, message: str = "") -> Diagnosis:
    about = entry(tag)
    return Diagnosis(
        tag=tag,
        severities=(severity,),
        message=message
        or f"{about.title}. SES in {{region}} refused mail of {{sender}} {{times}} since {{since}}. {{told}}",
        cause=f"{about.cause} {{known}}",
        steps=(*about.steps, _again(about)),
        # One sender may have several troubles at once: none of them replaces another.
        aspect=tag,
        measures=True,
        references=about.references,
    )


def _again(about: Entry) -> Step:
    """Say what to do with the mail that was refused: whoever mends the cause has it still."""
    over_smtp = f" Over SMTP: {about.smtp_retry.advice}" if about.smtp_retry else ""
    return Step(f"The mail that was refused: {about.retry.advice}{over_smtp}")


def _names(last: RefusedSend, region: str, longest: int = 0) -> dict[str, str]:
    names = {
        "identity": last.identity,
        "resource": last.resource,
        "user": last.user,
        "action": last.action,
        "elsewhere": ", ".join(last.elsewhere.replace(",", " ").split()),
    }
    return {"region": region, **{name: bounded(text, longest) if longest else text for name, text in names.items()}}


def _arguments(names: Mapping[str, str]) -> dict[str, str]:
    """Leave out what a command would take for one of its options."""
    return {name: text for name, text in names.items() if not bounded(text).startswith("-")}


def _evidence(last: RefusedSend, count: int, since: str) -> Evidence:
    """Return what was told; the names that were not told are left out."""
    names = {name: bounded(text) for name, text in _names(last, "").items()}
    return {
        "count": count,
        "since": since,
        "code": bounded(last.code),
        "text": _said(last),
        "told_by": bounded(last.told_by),
        "origin": bounded(last.origin),
        "known": bounded(last.known),
        **{name: text for name, text in names.items() if text},
    }


def _said(last: RefusedSend) -> str:
    """Return SES's words. Addresses were masked when they were kept; here again, where they may be a customer's."""
    text = last.text[: 2 * LONGEST_SAID]
    return bounded(text if last.tag in OF_THE_SENDER else without_addresses(text), LONGEST_SAID)


def _told(last: RefusedSend) -> str:
    origin = bounded(last.origin, LONGEST_NAME)
    match last.told_by:
        case Source.LOG:
            who = f"The log group {origin} says" if origin else "A log says"
        case Source.CLOUDTRAIL:
            who = f"CloudTrail says of {origin}" if origin else "CloudTrail says"
        case Source.REPORT:
            who = "An application says"
        case _:
            who = "It was told"
    return f"{who}: {_said(last) or bounded(last.code, LONGEST_NAME) or 'no words of SES.'}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")
