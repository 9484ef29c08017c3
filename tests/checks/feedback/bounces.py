"""Cases of feedback.bounces. It is ten o'clock: the last hour is from nine on, the last day from yesterday at ten on."""

from dataclasses import replace

from ses_monitor.core.model import Severity
from tests.build import (
    BLIND,
    HOSTILE,
    LISTENING,
    NOT_SAID,
    THROTTLED,
    Case,
    counted,
    with_account,
    with_quota,
    with_sender,
)

SPIKE = ("BOUNCE_SPIKE",)
SUPPRESSED = ("ADDRESS_SUPPRESSED_GLOBALLY",)
ERROR = {"BOUNCE_SPIKE": Severity.ERROR}


def in_an_hour(sends: int, bounces: int, *tags: str, ago: int = 1, holding: tuple[str, ...] = ()) -> Case:
    world = with_sender(counted(ago, sends=sends, hard_bounces=bounces))
    return Case(f"{bounces} of {sends}, {ago} h ago", world, tags, holding=holding)


def in_a_day(sends: int, bounces: int, *tags: str, severe: bool = False, holding: tuple[str, ...] = ()) -> Case:
    """Spread over the day, nothing of it in the last hours."""
    world = with_sender(
        counted(24, sends=sends // 2, hard_bounces=bounces),
        counted(12, sends=sends - sends // 2),
    )
    return Case(f"{bounces} of {sends} in a day", world, tags, holding=holding, severities=ERROR if severe else {})


NO_SENDS = with_sender(counted(20, hard_bounces=30))
"""Thirty bounces, and no event that tells of what went well."""

CASES = [
    Case("healthy", LISTENING),
    Case("nothing was counted", with_sender()),
    Case("what is counted cannot be read", replace(LISTENING, senders=THROTTLED), unknown=True),
    in_an_hour(50, 9, holding=SPIKE),
    in_an_hour(50, 7),
    in_an_hour(49, 20, holding=SPIKE),
    in_an_hour(39, 19),
    in_an_hour(100, 10, *SPIKE),
    in_an_hour(130, 13, *SPIKE),
    in_an_hour(101, 10, holding=SPIKE),
    in_an_hour(100, 8, holding=SPIKE),
    in_an_hour(100, 7),
    in_an_hour(126, 10),
    in_an_hour(100, 15, *SPIKE, ago=0),
    in_an_hour(100, 15, ago=2, holding=SPIKE),
    in_an_hour(100, 15, ago=3, holding=SPIKE),
    in_an_hour(100, 15, ago=4),
    Case(
        "a mailing just now",
        with_sender(counted(0, sends=600, hard_bounces=60), counted(1, sends=400, hard_bounces=40)),
        SPIKE,
        severities=ERROR,
        says=(
            "100 hard bounces of 1,000 mails since 2026-05-11 10:00 UTC: 10.0 %",
            "Counted from events; AWS computes its own rate",
            "ses-monitor recipient ADDRESS",
            "put-account-suppression-attributes --region eu-west-1",
        ),
    ),
    Case(
        "bad in the last hour, in a day that is not",
        with_sender(counted(1, sends=100, hard_bounces=19), counted(9, sends=900)),
        SPIKE,
        says=("19 hard bounces of 100 mails since 2026-05-12 09:00 UTC: 19.0 %",),
    ),
    in_a_day(400, 19, holding=SPIKE),
    Case(
        "a little less than enough was sent in a day: holds only",
        with_sender(counted(20, sends=199, hard_bounces=40, suppressed_globally=1)),
        SUPPRESSED,
        holding=SPIKE * 2,
    ),
    in_a_day(159, 40),
    in_a_day(400, 20, *SPIKE),
    in_a_day(401, 20, holding=SPIKE),
    in_a_day(400, 16, holding=SPIKE),
    in_a_day(401, 16),
    in_a_day(1_000, 79, *SPIKE),
    in_a_day(1_000, 80, *SPIKE, holding=SPIKE),
    in_a_day(1_000, 99, *SPIKE, holding=SPIKE),
    in_a_day(1_000, 100, *SPIKE, severe=True),
    Case("more than a day ago", with_sender(counted(25, sends=500, hard_bounces=500))),
    Case(
        "deliveries are published, sends are not",
        with_sender(counted(20, deliveries=380, hard_bounces=20)),
        SPIKE,
        says=("20 hard bounces of 400 mails",),
    ),
    Case(
        "sends are published for a part of the mail only",
        with_sender(counted(20, sends=30, deliveries=980, hard_bounces=20)),
    ),
    Case("soft bounces do not count", with_sender(counted(1, sends=100, other_bounces=100))),
    Case("no sends are published, few bounces", with_sender(counted(20, hard_bounces=15))),
    Case(
        "no sends are published, and too many bounces for all that the region sent",
        replace(NO_SENDS, account=with_quota(sent=500).account),
        SPIKE,
        says=("30 hard bounces since 2026-05-11 10:00 UTC, of at most 500 mails: at least 6.0 %",),
        holding=SPIKE,
    ),
    Case(
        "the same, a tenth of all that the region sent",
        replace(NO_SENDS, account=with_quota(sent=300).account),
        SPIKE,
        severities=ERROR,
        says=("at least 10.0 %",),
    ),
    Case(
        "SES has not counted yet what bounced already",
        replace(with_sender(counted(20, hard_bounces=250)), account=with_quota(sent=100).account),
        SPIKE,
        severities=ERROR,
        says=("of at most 250 mails: at least 100.0 %",),
    ),
    Case("no sends are published, and others may have sent the rest", NO_SENDS, undecided=SPIKE),
    Case("no sends are published, and the account is not read", replace(NO_SENDS, account=THROTTLED), undecided=SPIKE),
    Case("no sends are published, and the quota was not said", with_account(NO_SENDS, quota=NOT_SAID), undecided=SPIKE),
    Case("the account is not needed where sends are", replace(LISTENING, account=BLIND.account)),
    Case(
        "the day cannot be told, the last hour can",
        with_sender(counted(20, hard_bounces=150), counted(1, sends=100, hard_bounces=30)),
        SPIKE,
        holding=SPIKE,
        says=("30 hard bounces of 100 mails since 2026-05-12 09:00 UTC",),
    ),
    Case(
        "addresses on the global list",
        with_sender(counted(2, sends=1_000, hard_bounces=3, suppressed_globally=3)),
        SUPPRESSED,
        says=("(3 since 2026-05-11 10:00 UTC)", "put-account-suppression-attributes"),
    ),
    Case(
        "both",
        with_sender(counted(1, sends=100, hard_bounces=50, suppressed_globally=1)),
        SPIKE + SUPPRESSED,
    ),
    Case(
        "a hostile name",
        with_sender(counted(1, sends=900, hard_bounces=900, suppressed_globally=900), name=HOSTILE),
        SPIKE + SUPPRESSED,
        severities=ERROR,
    ),
]
