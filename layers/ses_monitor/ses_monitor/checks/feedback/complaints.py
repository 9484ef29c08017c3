"""Complaints are counted as they come; a few in a thousand are enough for AWS to review an account.

The rate is that of one identity and of this monitor's making. Left out are mail to SES's simulator and to domains
verified in the account, echoes of a suppression list, and `not-spam`. Where a mail had several recipients at one
provider, SES names them all, and all are counted.
"""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import READS, Line, Spike, moment
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import Sender, Tally

# AWS puts an account under review from 0.1 % and may pause it from 0.5 % (faqs-enforcement).
LINES = (
    Line(Severity.ERROR, hours=24, holds_hours=24, sends=1000, events=5, rate=0.005),
    Line(Severity.WARNING, hours=24, holds_hours=24, sends=1000, events=5, rate=0.001),
    Line(Severity.WARNING, hours=1, holds_hours=3, sends=200, events=3, rate=0.005),
)
_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html"
_LEAVE = Step("Offer one-click unsubscribe (List-Unsubscribe and List-Unsubscribe-Post, RFC 8058) in every bulk mail.")
_SUPPRESS = Step(
    "Keep those who complained out by the account's suppression list:",
    command="aws sesv2 put-account-suppression-attributes --region {region} --suppressed-reasons BOUNCE COMPLAINT",
)

COMPLAINT_RECEIVED = Diagnosis(
    tag="COMPLAINT_RECEIVED",
    severities=(Severity.NOTICE,),
    message="Recipients call mail from {subject} in {region} spam: {count:,} since {since}.",
    cause="They did not ask for it, no longer want it, or could not find how to leave. Gmail tells SES no complaints,"
    " so there are more.",
    steps=(
        Step("See the mail in question and what to do, with the command: ses-monitor recipient ADDRESS"),
        Step("Send them nothing more that they did not ask for."),
        _LEAVE,
        _SUPPRESS,
    ),
    aspect="received",
    measures=True,
    references=(_REFERENCE,),
)
COMPLAINT_SPIKE = Diagnosis(
    tag="COMPLAINT_SPIKE",
    severities=(Severity.WARNING, Severity.ERROR),
    message="Many recipients call mail from {subject} in {region} spam: {figures}. Counted from events; AWS computes"
    " its own rate, reviews from 0.1 % and may pause from 0.5 %.",
    cause="A mailing went to people who did not ask for it, or who could not find how to leave. Gmail tells SES no"
    " complaints, so the true rate is higher.",
    steps=(
        Step("Stop the mailing that runs now; find out where its recipients were collected, and when they agreed."),
        _LEAVE,
        _SUPPRESS,
    ),
    aspect="spike",
    measures=True,
    references=(_REFERENCE,),
)

SPIKE = Spike(COMPLAINT_SPIKE, Tally.COMPLAINTS, "complaints", decimals=2, lines=LINES)


def evaluate(sender: Sender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Tell of the complaints of a day, and weigh those of the last hour and day."""
    day = sender.last_day(snapshot.taken_at)
    if count := day[Tally.COMPLAINTS]:
        yield COMPLAINT_RECEIVED.on(snapshot, sender.name, count=count, since=moment(day.start))
    yield from SPIKE.of(sender, snapshot)


CHECK = Check(
    id="feedback.complaints",
    scope=Scope.SENDER,
    title="Recipients do not call the mail spam",
    needs=READS,
    diagnoses=(COMPLAINT_RECEIVED, COMPLAINT_SPIKE),
    evaluate=evaluate,
)
