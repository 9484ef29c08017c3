"""Cases of feedback.complaints. It is ten o'clock: the last hour is from nine on."""

from dataclasses import replace

from ses_monitor.core.model import Severity
from tests.build import HOSTILE, LISTENING, THROTTLED, Case, counted, with_quota, with_sender

RECEIVED = ("COMPLAINT_RECEIVED",)
SPIKE = ("COMPLAINT_SPIKE",)
BOTH = RECEIVED + SPIKE
ERROR = {"COMPLAINT_SPIKE": Severity.ERROR}


def in_an_hour(sends: int, complaints: int, *tags: str, ago: int = 1, holding: tuple[str, ...] = ()) -> Case:
    world = with_sender(counted(ago, sends=sends, complaints=complaints))
    return Case(f"{complaints} of {sends}, {ago} h ago", world, RECEIVED + tags, holding=holding)


def in_a_day(sends: int, complaints: int, *tags: str, severe: bool = False, holding: tuple[str, ...] = ()) -> Case:
    world = with_sender(counted(24, sends=sends - 1, complaints=complaints), counted(12, sends=1))
    return Case(
        f"{complaints} of {sends} in a day", world, RECEIVED + tags, holding=holding, severities=ERROR if severe else {}
    )


CASES = [
    Case("healthy", LISTENING),
    Case("what is counted cannot be read", replace(LISTENING, senders=THROTTLED), unknown=True),
    Case("not spam after all, and echoes", with_sender(counted(1, sends=300, other_complaints=30))),
    Case(
        "one complaint",
        with_sender(counted(5, sends=3_000, complaints=1)),
        RECEIVED,
        says=(
            "call mail from shop.example.com in eu-west-1 spam: 1 since 2026-05-11 10:00 UTC.",
            "Gmail tells SES no complaints",
            "RFC 8058",
        ),
    ),
    Case("more than a day ago", with_sender(counted(25, sends=500, complaints=50))),
    in_an_hour(400, 2),
    in_an_hour(199, 3, holding=SPIKE),
    in_an_hour(159, 3),
    in_an_hour(600, 3, *SPIKE),
    in_an_hour(601, 3, holding=SPIKE),
    in_an_hour(751, 3),
    in_an_hour(600, 3, ago=3, holding=SPIKE),
    in_an_hour(600, 3, ago=4),
    in_a_day(2_000, 4, holding=SPIKE),
    in_a_day(999, 5, holding=SPIKE * 2),
    in_a_day(5_000, 5, *SPIKE),
    in_a_day(5_001, 5, holding=SPIKE),
    in_a_day(6_251, 5),
    in_a_day(2_000, 8, *SPIKE, holding=SPIKE),
    in_a_day(2_000, 10, *SPIKE, severe=True),
    Case(
        "many",
        with_sender(counted(0, sends=10_000, complaints=20)),
        BOTH,
        says=("20 complaints of 10,000 mails since 2026-05-11 10:00 UTC: 0.20 %", "AWS computes its own rate"),
    ),
    Case("no sends are published", with_sender(counted(5, complaints=9)), RECEIVED, undecided=SPIKE),
    Case(
        "no sends are published, and more complaints than all that was sent allows",
        replace(with_sender(counted(5, complaints=9)), account=with_quota(sent=3_000).account),
        BOTH,
        says=("9 complaints since 2026-05-11 10:00 UTC, of at most 3,000 mails: at least 0.30 %",),
        holding=SPIKE,
    ),
    Case("few, and no sends are published", with_sender(counted(5, complaints=2)), RECEIVED),
    Case(
        "a hostile name",
        with_sender(counted(1, sends=9_000, complaints=9_000), name=HOSTILE),
        BOTH,
        severities=ERROR,
    ),
]
