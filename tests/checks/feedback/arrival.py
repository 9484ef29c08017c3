"""Cases of feedback.arrival. The healthy account sent to 9,600 recipients in the last 24 hours."""

from dataclasses import replace

from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Known
from ses_monitor.core.traffic import Sender
from tests.build import (
    HEALTHY_DAY,
    LISTENING,
    NOT_SAID,
    THROTTLED,
    Case,
    counted,
    hour,
    with_account,
    with_quota,
    with_traffic,
)

STOPPED = ("FEEDBACK_STOPPED",)
SILENT = replace(LISTENING, traffic=Known(Sender("account", {hour(ago): HEALTHY_DAY for ago in range(25, 15 * 24)})))
"""Nothing for a day, after two weeks of two hundred events an hour."""
NOTHING_EVER = with_traffic()


def sent(recipients: int, world: Snapshot = SILENT) -> Snapshot:
    return replace(world, account=with_quota(sent=recipients).account)


CASES = [
    Case("healthy", LISTENING),
    Case("the counters cannot be read", replace(LISTENING, traffic=THROTTLED), unknown=True),
    Case("the account cannot be read, and events come", replace(LISTENING, account=THROTTLED)),
    Case("the account cannot be read, and none come", replace(SILENT, account=THROTTLED), unknown=True),
    Case("the quota was not said, and none come", with_account(SILENT, quota=NOT_SAID), unknown=True),
    Case(
        "none come any more",
        SILENT,
        STOPPED,
        says=(
            "sent to 9,600 recipients in the last 24 hours, and no event of any kind came since 2026-05-11 10:00 UTC",
            "4,800 came on a usual day",
            "ses-monitor enroll --region eu-west-1",
            "list-subscriptions-by-topic --region eu-west-1 --topic-arn arn:aws:sns:eu-west-1:111122223333:ses-monitor-fe",
        ),
    ),
    Case("one came within the day", with_traffic(counted(24, other_bounces=1), counted(30, sends=900))),
    Case("an event of the simulator is an event", with_traffic(counted(0, simulated=1), counted(30, sends=900))),
    Case("just enough was sent", sent(50), STOPPED),
    Case("little was sent: holds only", sent(49), holding=STOPPED),
    Case("nothing was sent: holds only", sent(0), holding=STOPPED),
    Case(
        "few events ever: chance",
        with_traffic(*(counted(ago, hard_bounces=9) for ago in range(30, 336, 24))),
        holding=STOPPED,
    ),
    Case(
        "enough events for a day without to mean something",
        with_traffic(*(counted(ago, hard_bounces=10) for ago in range(48, 336, 24))),
        STOPPED,
    ),
    Case("they began the day before", with_traffic(counted(26, sends=10)), STOPPED, says=("10 came on a usual day",)),
    Case("none for fifteen days, and it sends: holds only", NOTHING_EVER, holding=STOPPED),
    Case(
        "sends are not published, a mailing bounced, and little was sent since: no wonder",
        with_traffic(counted(40, hard_bounces=400), counted(39, complaints=2), counted(180, other_bounces=3)),
        holding=STOPPED,
    ),
    Case(
        "sends are not published, and bad news came on six days",
        with_traffic(*(counted(ago, hard_bounces=40) for ago in range(30, 30 + 6 * 24, 24))),
        holding=STOPPED,
    ),
    Case(
        "the same on seven",
        with_traffic(*(counted(ago, hard_bounces=40) for ago in range(30, 30 + 7 * 24, 24))),
        STOPPED,
    ),
    Case(
        "weekends are quiet: so are others",
        with_traffic(*(counted(ago, hard_bounces=90) for ago in range(30, 336, 24) if ago // 24 % 7 > 2)),
        holding=STOPPED,
    ),
    Case(
        "it goes on for days: as it was before they stopped",
        with_traffic(*(counted(ago, hard_bounces=40) for ago in range(100, 340, 24))),
        STOPPED,
    ),
    Case(
        "sends were published until a week ago, and little bad news came since",
        with_traffic(*(counted(ago, sends=500) for ago in range(170, 350)), counted(100, other_bounces=1)),
        holding=STOPPED,
    ),
    Case(
        "sends were published until two days ago, and then nothing came",
        with_traffic(*(counted(ago, sends=500, hard_bounces=1) for ago in range(50, 350))),
        STOPPED,
        says=("send a mail to bounce@simulator.amazonses.com",),
    ),
    Case(
        "deliveries are published: that is each mail too",
        with_traffic(counted(30, deliveries=900)),
        STOPPED,
    ),
    Case("older ones are not looked at", with_traffic(counted(15 * 24 + 1, sends=9_000)), holding=STOPPED),
    Case("none ever, and nothing is sent", sent(0, NOTHING_EVER)),
    Case(
        "in a region of its own partition",
        replace(SILENT, region="us-gov-west-1"),
        STOPPED,
        says=("arn:aws-us-gov:sns",),
    ),
]
