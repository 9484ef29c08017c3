"""SES's own bounce and complaint rates decide whether AWS reviews or pauses an account; see them come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ses_monitor.core.bands import Band, bands_of
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Missing, Observed

_REPUTATION = "https://{region}.console.aws.amazon.com/ses/home?region={region}#/reputation"
_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html"
_BOUNCE_CAUSE = (
    "Hard bounces, mostly addresses that do not exist: old or bought lists, mistyped sign-ups, bots in forms."
    " SES measures over a volume that is typical of the account, not over a fixed time."
)
_COMPLAINT_CAUSE = (
    "Recipients marked mail as spam: mail they did not ask for, or could not find how to leave."
    " Gmail tells SES no complaints, so the true rate is higher."
)
_BOUNCE_STEPS = (
    Step("See the rate and its history:", url=_REPUTATION),
    Step("Stop mailing to addresses that bounced; find the list or form they came from."),
    Step(
        "Keep bounced addresses out by the account's suppression list:",
        command="aws sesv2 put-account-suppression-attributes --region {region} --suppressed-reasons BOUNCE COMPLAINT",
    ),
)
_COMPLAINT_STEPS = (
    Step("See the rate and its history:", url=_REPUTATION),
    Step("Find the mailing that drew the complaints, and stop it for those who did not ask for it."),
    Step("Offer one-click unsubscribe (List-Unsubscribe and List-Unsubscribe-Post, RFC 8058) in every bulk mail."),
)

BOUNCE_RATE_ELEVATED = Diagnosis(
    tag="BOUNCE_RATE_ELEVATED",
    severities=(Severity.NOTICE,),
    message="SES's bounce rate in {region} is {percent:.2f} %. AWS advises less than 2 % and reviews from 5 %.",
    cause=_BOUNCE_CAUSE,
    steps=_BOUNCE_STEPS,
    aspect="bounce",
    measures=True,
    references=(_REFERENCE,),
)
BOUNCE_RATE_REVIEW = Diagnosis(
    tag="BOUNCE_RATE_REVIEW",
    severities=(Severity.ERROR,),
    message="SES's bounce rate in {region} is {percent:.2f} %: from 5 % AWS puts the account under review.",
    cause=_BOUNCE_CAUSE,
    steps=_BOUNCE_STEPS,
    aspect="bounce",
    measures=True,
    references=(_REFERENCE,),
)
BOUNCE_RATE_PAUSE = Diagnosis(
    tag="BOUNCE_RATE_PAUSE",
    severities=(Severity.CRITICAL,),
    message="SES's bounce rate in {region} is {percent:.2f} %: from 10 % AWS may pause sending at any time.",
    cause=_BOUNCE_CAUSE,
    steps=(Step("Stop bulk mail from {region} now; keep only what people wait for."), *_BOUNCE_STEPS),
    aspect="bounce",
    measures=True,
    references=(_REFERENCE,),
)
COMPLAINT_RATE_REVIEW = Diagnosis(
    tag="COMPLAINT_RATE_REVIEW",
    severities=(Severity.ERROR,),
    message="SES's complaint rate in {region} is {percent:.3f} %: from 0.1 % AWS puts the account under review.",
    cause=_COMPLAINT_CAUSE,
    steps=_COMPLAINT_STEPS,
    aspect="complaint",
    measures=True,
    references=(_REFERENCE,),
)
COMPLAINT_RATE_PAUSE = Diagnosis(
    tag="COMPLAINT_RATE_PAUSE",
    severities=(Severity.CRITICAL,),
    message="SES's complaint rate in {region} is {percent:.3f} %: from 0.5 % AWS may pause sending at any time.",
    cause=_COMPLAINT_CAUSE,
    steps=(Step("Stop bulk mail from {region} now; keep only what people wait for."), *_COMPLAINT_STEPS),
    aspect="complaint",
    measures=True,
    references=(_REFERENCE,),
)

# Fractions. A rate moves slowly; it has to fall a tenth below a line before that line counts as left.
BOUNCE = (
    Band(opens=0.10, closes=0.09, label=BOUNCE_RATE_PAUSE),
    Band(opens=0.05, closes=0.045, label=BOUNCE_RATE_REVIEW),
    Band(opens=0.02, closes=0.018, label=BOUNCE_RATE_ELEVATED),
)
COMPLAINT = (
    Band(opens=0.005, closes=0.0045, label=COMPLAINT_RATE_PAUSE),
    Band(opens=0.001, closes=0.0009, label=COMPLAINT_RATE_REVIEW),
)


def evaluate(_: Snapshot, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Place both rates between AWS's lines. No data is unknown, never zero."""
    reputation = snapshot.reputation.get()
    yield from _placed(snapshot, reputation.bounce_rate, BOUNCE)
    yield from _placed(snapshot, reputation.complaint_rate, COMPLAINT)


def _placed(snapshot: Snapshot, rate: Observed[float], bands: Sequence[Band[Diagnosis]]) -> Iterable[Conclusion]:
    if isinstance(rate, Missing):
        yield Undecided(frozenset(band.label.tag for band in bands), rate)
        return
    for diagnosis, holds_only in bands_of(rate.value, bands):
        yield diagnosis.on(snapshot, holds_only=holds_only, percent=rate.value * 100)


CHECK = Check(
    id="account.reputation",
    scope=Scope.ACCOUNT,
    title="Bounce and complaint rates stay below AWS's lines",
    needs=frozenset({"cloudwatch:GetMetricData"}),
    diagnoses=(
        BOUNCE_RATE_ELEVATED,
        BOUNCE_RATE_REVIEW,
        BOUNCE_RATE_PAUSE,
        COMPLAINT_RATE_REVIEW,
        COMPLAINT_RATE_PAUSE,
    ),
    evaluate=evaluate,
)
