"""When events stop coming everything looks healthy: the topic, its subscription or an event destination is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ses_monitor.checks.feedback import READS, moment
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import HOUR, Counts, Tally, hour_of

SENT = 50
"""Recipients in 24 hours from which silence means something."""
USUAL = 10
"""Events a day before the silence. Where only bounces are published a good sender has days without any; with ten a
day a day without one is chance once in twenty thousand, if they come evenly."""
STEADY_DAYS = 7
"""Where no event tells of each mail, bad news comes with mailings: each of so many days must have had some."""
EACH_MAIL = (Tally.SENDS, Tally.DELIVERIES)
"""Counters of the events that each mail has, where they are published at all."""
DAYS = 15
"""How far back the counters are read."""

FEEDBACK_STOPPED = Diagnosis(
    tag="FEEDBACK_STOPPED",
    severities=(Severity.WARNING,),
    message="{region} sent to {sent:,} recipients in the last 24 hours, and no event of any kind came since {since}."
    " Before that, {usual:,} came on a usual day.",
    cause="The feedback topic, its subscription or policy, or the event destination or notification of an identity is"
    " gone. SES sends on and says nothing. Bounces and complaints are missed until it is mended.",
    steps=(
        Step("See which identities and configuration sets no longer publish: ses-monitor enroll --region {region}"),
        Step(
            "See whether the monitor's topic (its name ends in -feedback) is still there:",
            command="aws sns list-topics --region {region}",
        ),
        Step(
            "And whether its queue is still subscribed, and confirmed; put in the name of the topic:",
            command="aws sns list-subscriptions-by-topic --region {region}"
            " --topic-arn arn:{partition}:sns:{region}:{account_id}:ses-monitor-feedback",
        ),
        Step("See whether the dead letters grow instead: then events come, and cannot be read."),
        Step(
            "If SEND and DELIVERY are no longer published, and nothing has bounced since: send a mail to"
            " bounce@simulator.amazonses.com as your programs do. Its event closes this."
        ),
    ),
    # A mailing after a quiet day has its sends counted minutes before its events are here: wait half an hour.
    open_after=6,
    measures=True,
    references=("https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-activity-using-notifications.html",),
)


def evaluate(_: Snapshot, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Compare what was sent with what was heard. Where nothing was ever heard, that is `identity.feedback_path`'s."""
    traffic = snapshot.traffic.get()
    day = traffic.last_day(snapshot.taken_at)
    if any(day.counts.values()):
        return
    now = hour_of(snapshot.taken_at)
    hours = {hour: counts for hour, counts in traffic.hours.items() if hour >= now - DAYS * 24 * HOUR}
    total = sum(sum(counts.values()) for counts in hours.values())
    sent = int(snapshot.account.get().quota.get().sent_last_24_hours)
    heard = _expected(hours)
    first = min(heard, default=day.start)
    usual = sum(heard.values()) / max(1.0, (day.start - first) / (24 * HOUR))
    certain = sent >= SENT and usual >= USUAL
    # Only an event proves that events come again: fewer sends, or a silence longer than we look back, do not.
    if certain or total or sent:
        yield FEEDBACK_STOPPED.on(
            snapshot,
            holds_only=not certain,
            sent=sent,
            usual=round(usual),
            since=moment(day.start),
            partition=_partition(snapshot.region),
        )


def _expected(hours: Mapping[datetime, Counts]) -> Mapping[datetime, int]:
    """Return the events of each hour that show how many come in a day; none where a day without would be no wonder.

    Until somebody told SES to publish it no longer, each mail may have been told: that says nothing of the days since.
    """
    heard = {hour: sum(counts.values()) for hour, counts in hours.items() if any(counts.values())}
    last = max(heard, default=None)
    if last is None:
        return {}
    if any(hours[hour].get(each) for hour in heard if hour > last - 24 * HOUR for each in EACH_MAIL):
        return heard
    bad = {hour: count - sum(hours[hour].get(each, 0) for each in EACH_MAIL) for hour, count in heard.items()}
    bad = {hour: count for hour, count in bad.items() if count}
    days = {(last - hour) // (24 * HOUR) for hour in bad}
    return bad if days.issuperset(range(STEADY_DAYS)) else {}


def _partition(region: str) -> str:
    return next((partition for start, partition in _PARTITIONS if region.startswith(start)), "aws")


_PARTITIONS = (("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc"))


CHECK = Check(
    id="feedback.arrival",
    scope=Scope.TRAFFIC,
    title="Events keep coming from a region that sends",
    needs=READS | {"ses:GetAccount"},
    diagnoses=(FEEDBACK_STOPPED,),
    evaluate=evaluate,
)
