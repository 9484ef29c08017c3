"""AWS reviews and pauses accounts per region, and says so only in a mail to the root address."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.core.check import Check, Conclusion, Diagnosis, Impact, Step, bounded
from ses_monitor.core.model import Scope, Severity, Snapshot

_REPUTATION = "https://{region}.console.aws.amazon.com/ses/home?region={region}#/reputation"
_FAQ = "https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html"
_CASE = Step(
    "Find the support case AWS opened (also mailed to the root address), say what you changed, and ask for"
    " another look:",
    url="https://support.console.aws.amazon.com/support/home#/case/history",
)

UNDER_REVIEW = Diagnosis(
    tag="UNDER_REVIEW",
    severities=(Severity.ERROR,),
    message="AWS has put SES in {region} under review (PROBATION). Mail still leaves; if the cause stays, AWS"
    " pauses it.",
    cause="Usually a bounce rate of 5 % or more or a complaint rate of 0.1 % or more; other reasons (content,"
    " blocklists, spam traps) are told only in the mail and the support case.",
    steps=(
        Step("See which metric is marked, and its history:", url=_REPUTATION),
        Step("Stop the mailing that causes it, and remove the addresses that bounced or complained."),
        _CASE,
    ),
    references=(_FAQ,),
)
SHUT_DOWN = Diagnosis(
    tag="SHUT_DOWN",
    severities=(Severity.CRITICAL,),
    message="AWS has paused SES in {region} (SHUTDOWN): every send is refused.",
    cause="The problem of an earlier review was not solved in time, or it was serious enough to pause at once."
    " This pause is AWS's, not yours: switching sending on does not lift it.",
    steps=(
        Step("Stop the senders that use {region}, so that nothing is lost in retries."),
        _CASE,
        Step("See what AWS measured:", url=_REPUTATION),
    ),
    impact=Impact.REGION_STOPPED,
    references=(_FAQ,),
)
ENFORCEMENT_UNRECOGNISED = Diagnosis(
    tag="ENFORCEMENT_UNRECOGNISED",
    severities=(Severity.WARNING,),
    message='SES in {region} reports the enforcement status "{status}", which this monitor does not know.',
    cause="AWS documents HEALTHY, PROBATION and SHUTDOWN. Anything else may be a new restriction.",
    steps=(
        Step("Read what the console says about the account:", url=_REPUTATION),
        Step("Look for a newer version of this monitor, or report the value."),
    ),
    references=("https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html",),
)


def evaluate(_: Snapshot, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Translate the enforcement status, which is a free string in the API."""
    match status := snapshot.account.get().enforcement.get():
        case "HEALTHY":
            return
        case "PROBATION":
            yield UNDER_REVIEW.on(snapshot)
        case "SHUTDOWN":
            yield SHUT_DOWN.on(snapshot)
        case _:
            yield ENFORCEMENT_UNRECOGNISED.on(snapshot, status=bounded(status, 100))


CHECK = Check(
    id="account.enforcement",
    scope=Scope.ACCOUNT,
    title="AWS has neither reviewed nor paused the account",
    needs=frozenset({"ses:GetAccount"}),
    diagnoses=(UNDER_REVIEW, SHUT_DOWN, ENFORCEMENT_UNRECOGNISED),
    evaluate=evaluate,
)
