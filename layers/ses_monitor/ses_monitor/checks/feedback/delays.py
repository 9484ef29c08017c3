"""Receiving servers put a sender off before they refuse it: delays are the first sign of a reputation going bad."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ses_monitor.checks.feedback import HOLDS, READS, SENDS_UNKNOWN, is_share, moment, sends_of, sent_by_all
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.traffic import Sender, Tally

_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html"
_SLOWER = Step("Slow down bulk mail, and send first to those who open it; stop what people did not ask for.")
_AUTHENTICATE = Step("Check what the DNS says of DKIM, SPF and DMARC, with the command: ses-monitor dns DOMAIN")

DELIVERY_DELAYED_SPAM = Diagnosis(
    tag="DELIVERY_DELAYED_SPAM",
    severities=(Severity.WARNING,),
    message="Receiving servers put mail from {subject} in {region} off as spam: {count:,} delays {share}.",
    cause="They see much unwanted mail from this sender. If it goes on they refuse it, or put it among the spam"
    " without a word.",
    steps=(_SLOWER, _AUTHENTICATE),
    aspect="spam",
    measures=True,
    references=(_REFERENCE,),
)
DELIVERY_DELAYED_IP = Diagnosis(
    tag="DELIVERY_DELAYED_IP",
    severities=(Severity.WARNING,),
    message="Receiving servers block or slow the addresses that SES sends mail from {subject} in {region} from:"
    " {count:,} delays {share}.",
    cause="The reputation of the sending address, your dedicated one or one that SES shares among customers, has"
    " suffered at some provider.",
    steps=(
        Step(
            "With dedicated addresses, see whether they are warmed up, and look them up in block lists:",
            command="aws sesv2 get-dedicated-ips --region {region}",
        ),
        _SLOWER,
        Step("With SES's shared addresses, open a case with AWS if it lasts; add a server's answer to it."),
    ),
    aspect="ip",
    measures=True,
    references=(_REFERENCE,),
)
DELIVERY_DELAYED = Diagnosis(
    tag="DELIVERY_DELAYED",
    severities=(Severity.NOTICE,),
    message="Much mail from {subject} in {region} is late: {count:,} delays {share}.",
    cause="Full mailboxes, receiving servers with a fault, or connections that fail. SES tries on for hours; what is"
    " late may yet arrive, or bounce.",
    steps=(
        Step("See what the receiving server said, for one of them, with the command: ses-monitor recipient ADDRESS"),
        Step("If most are at one provider, wait for it; if they are everywhere, see whether AWS has an event:"),
        Step("Open the dashboard of AWS Health:", url="https://health.aws.amazon.com/health/home"),
    ),
    aspect="other",
    measures=True,
    references=(_REFERENCE,),
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A delay is told each time SES tries and fails, so one mail may count several times."""

    tally: Tally
    diagnosis: Diagnosis
    delays: int
    rate: float


# One server's mood is no signal; three in a day are, unless they are drowned in thousands that arrived at once. Other
# delays are everyday, so it takes a good many, and one in twenty. Where no event tells how much was sent, they are
# weighed against all that the region sent, and undecided if they drown in that: one identity may have sent all of it.
LINES = (
    _Line(Tally.DELAYS_SPAM, DELIVERY_DELAYED_SPAM, delays=3, rate=0.001),
    _Line(Tally.DELAYS_IP, DELIVERY_DELAYED_IP, delays=3, rate=0.001),
    _Line(Tally.DELAYS_OTHER, DELIVERY_DELAYED, delays=20, rate=0.05),
)


def evaluate(sender: Sender, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Weigh the delays of a day, by kind."""
    day = sender.last_day(snapshot.taken_at)
    exact = sends_of(day)
    for line in LINES:
        count = day[line.tally]
        if count < line.delays * HOLDS:
            continue
        all_sent = Known(exact) if exact else sent_by_all(snapshot)
        if isinstance(all_sent, Missing):
            yield _undecided(line, all_sent)
            continue
        # SES's own figure comes a little later than its events.
        sends = exact or max(all_sent.value, count)
        certain, held = (
            count >= line.delays * share and is_share(count, sends, line.rate * share) for share in (1, HOLDS)
        )
        if held:
            share = f"since {moment(day.start)} among {'' if exact else 'at most '}{sends:,} mails"
            yield line.diagnosis.on(snapshot, sender.name, holds_only=not certain, count=count, share=share)
        elif not exact:
            yield _undecided(line, Missing(Blindness.NO_DATA, SENDS_UNKNOWN))


def _undecided(line: _Line, why: Missing) -> Undecided:
    return Undecided(frozenset({line.diagnosis.tag}), why)


CHECK = Check(
    id="feedback.delays",
    scope=Scope.SENDER,
    title="Receiving servers take the mail at once",
    needs=READS,
    diagnoses=(DELIVERY_DELAYED_SPAM, DELIVERY_DELAYED_IP, DELIVERY_DELAYED),
    evaluate=evaluate,
)
