"""Hard bounces are counted as they come: AWS's own rate shows the same mailing hours later.

The rate is that of one identity and of this monitor's making: hard bounces among what was sent since a full hour.
Left out are mail to SES's simulator, to domains verified in the account, and what SES did not try for the account's
own suppression list, a tenant's, its address validation or an unsubscription.
"""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import READS, Line, Spike, moment
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import Sender, Tally

# AWS puts an account under review from 5 % and may pause it from 10 % (faqs-enforcement). An hour is too short to be
# judged by 5 %, and twenty bounces too few to be judged at all in a day of less than two hundred mails.
LINES = (
    Line(Severity.ERROR, hours=24, holds_hours=24, sends=200, events=20, rate=0.10),
    Line(Severity.WARNING, hours=24, holds_hours=24, sends=200, events=20, rate=0.05),
    Line(Severity.WARNING, hours=1, holds_hours=3, sends=50, events=10, rate=0.10),
)
_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html"
_SUPPRESS = Step(
    "Keep bounced addresses out by the account's suppression list:",
    command="aws sesv2 put-account-suppression-attributes --region {region} --suppressed-reasons BOUNCE COMPLAINT",
)

BOUNCE_SPIKE = Diagnosis(
    tag="BOUNCE_SPIKE",
    severities=(Severity.WARNING, Severity.ERROR),
    message="Much mail from {subject} in {region} bounces for good: {figures}. Counted from events; AWS computes its"
    " own rate, reviews from 5 % and may pause from 10 %.",
    cause="The addresses do not exist: an old or bought list, mistyped sign-ups, bots in a form, or a list that was"
    " imported wrongly.",
    steps=(
        Step("Stop the mailing that runs now; find the list or the form that these addresses came from."),
        Step("See why one of them bounced, and what to do, with the command: ses-monitor recipient ADDRESS"),
        Step("Never send to an address again that bounced for good."),
        _SUPPRESS,
    ),
    aspect="spike",
    measures=True,
    references=(_REFERENCE,),
)
ADDRESS_SUPPRESSED_GLOBALLY = Diagnosis(
    tag="ADDRESS_SUPPRESSED_GLOBALLY",
    severities=(Severity.NOTICE,),
    message="SES does not try some addresses that {subject} in {region} sends to: they are on its global suppression"
    " list ({count:,} since {since}), and count as hard bounces.",
    cause="Mail of some SES customer to these addresses bounced for good in the last 14 days. SES goes by the global"
    " list where the account's own list does not apply.",
    steps=(
        _SUPPRESS,
        Step("With the account's own list on, SES goes by that one, and an address that works again is tried."),
        Step("Ask the people concerned whether the address is right. Nobody can look it up or take it off that list."),
    ),
    aspect="suppressed",
    measures=True,
    references=("https://docs.aws.amazon.com/ses/latest/dg/sending-email-global-suppression-list.html",),
)

SPIKE = Spike(BOUNCE_SPIKE, Tally.HARD_BOUNCES, "hard bounces", decimals=1, lines=LINES)


def evaluate(sender: Sender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Weigh the hard bounces of the last hour and day, and tell of those that SES did not even try."""
    yield from SPIKE.of(sender, snapshot)
    day = sender.last_day(snapshot.taken_at)
    if count := day[Tally.SUPPRESSED_GLOBALLY]:
        yield ADDRESS_SUPPRESSED_GLOBALLY.on(snapshot, sender.name, count=count, since=moment(day.start))


CHECK = Check(
    id="feedback.bounces",
    scope=Scope.SENDER,
    title="Little of the mail bounces for good",
    needs=READS,
    diagnoses=(BOUNCE_SPIKE, ADDRESS_SUPPRESSED_GLOBALLY),
    evaluate=evaluate,
)
