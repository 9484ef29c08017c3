"""SES takes a mail, finds a virus in it and drops it: the send had succeeded, so only an event tells."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import READS, moment
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import Sender, Tally

MESSAGE_REJECTED_VIRUS = Diagnosis(
    tag="MESSAGE_REJECTED_VIRUS",
    severities=(Severity.ERROR,),
    message="SES took mail from {subject} in {region} and then refused to send it: it found a virus (Bad content, the"
    " only reason that SES gives). Recipients concerned since {since}: {count:,}.",
    cause="Something infected was attached: an upload that was passed on unchecked, an infected computer, or somebody"
    " else who sends with your credentials.",
    steps=(
        Step("Find the mail: ses-monitor recipient ADDRESS shows its message id, sender and subject."),
        Step("Check where its attachment came from, and scan uploads before they are mailed."),
        Step("If nobody of yours sent it, change the SMTP and API credentials that may send as {subject}."),
    ),
    measures=True,
    references=("https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html",),
)


def evaluate(sender: Sender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """One is enough: no good mail is refused like this."""
    day = sender.last_day(snapshot.taken_at)
    if count := day[Tally.REJECTS]:
        yield MESSAGE_REJECTED_VIRUS.on(snapshot, sender.name, count=count, since=moment(day.start))


CHECK = Check(
    id="feedback.rejects",
    scope=Scope.SENDER,
    title="SES finds no virus in the mail",
    needs=READS,
    diagnoses=(MESSAGE_REJECTED_VIRUS,),
    evaluate=evaluate,
)
