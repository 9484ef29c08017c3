"""Cases of feedback.delays."""

from dataclasses import replace

from ses_monitor.core.model import Snapshot
from tests.build import HOSTILE, LISTENING, THROTTLED, Case, counted, with_quota, with_sender

SPAM = ("DELIVERY_DELAYED_SPAM",)
IP = ("DELIVERY_DELAYED_IP",)
OTHER = ("DELIVERY_DELAYED",)


def among(sends: int, *tags: str, holding: tuple[str, ...] = (), **delays: int) -> Case:
    [(kind, count)] = delays.items()
    world = with_sender(counted(5, sends=sends, **delays))
    return Case(f"{count} {kind} among {sends}", world, tags, holding=holding)


NO_SENDS = with_sender(counted(24, delays_spam=3), counted(2, delays_ip=3), counted(1, delays_other=20))
"""Delays, and no event that tells of what went well."""


def sent_by_all(recipients: int) -> Snapshot:
    return replace(NO_SENDS, account=with_quota(sent=recipients).account)


CASES = [
    Case("healthy", LISTENING),
    Case("what is counted cannot be read", replace(LISTENING, senders=THROTTLED), unknown=True),
    among(100, delays_spam=2),
    among(100, *SPAM, delays_spam=3),
    among(3_000, *SPAM, delays_spam=3),
    among(3_001, holding=SPAM, delays_spam=3),
    among(3_751, delays_spam=3),
    among(100, delays_ip=2),
    among(10_000, *IP, delays_ip=10),
    among(10_000, holding=IP, delays_ip=8),
    among(10_000, delays_ip=7),
    among(100, delays_other=15),
    among(100, holding=OTHER, delays_other=19),
    among(400, *OTHER, delays_other=20),
    among(401, holding=OTHER, delays_other=20),
    among(501, delays_other=20),
    Case(
        "how much was sent is not known",
        replace(NO_SENDS, account=THROTTLED),
        undecided=SPAM + IP + OTHER,
    ),
    Case(
        "no sends are published, and there are too many for all that the region sent",
        sent_by_all(400),
        SPAM + IP + OTHER,
        says=(
            "20 delays since 2026-05-11 10:00 UTC among at most 400 mails.",
            "get-dedicated-ips --region eu-west-1",
            "ses-monitor dns DOMAIN",
        ),
    ),
    Case("no sends are published, and some are too many", sent_by_all(3_000), SPAM + IP, undecided=OTHER),
    Case("the same, a little more: holds only", sent_by_all(3_001), holding=SPAM + IP, undecided=OTHER),
    Case(
        "no sends are published, and they drown in what others sent", sent_by_all(33_000), undecided=SPAM + IP + OTHER
    ),
    Case(
        "no sends are published, few delays, and bounces",
        with_sender(counted(5, hard_bounces=9, delays_spam=2, delays_ip=2, delays_other=15)),
    ),
    Case(
        "no sends are published, and it bounced too",
        with_sender(counted(5, hard_bounces=9, delays_spam=7)),
        undecided=SPAM,
    ),
    Case(
        "SES has not counted yet what is late already",
        sent_by_all(0),
        SPAM + IP + OTHER,
        says=("20 delays since 2026-05-11 10:00 UTC among at most 20 mails",),
    ),
    Case(
        "deliveries tell how much was sent",
        with_sender(counted(3, deliveries=990, hard_bounces=10, delays_spam=4)),
        SPAM,
        says=("4 delays since 2026-05-11 10:00 UTC among 1,000 mails",),
    ),
    Case("more than a day ago", with_sender(counted(25, delays_spam=50, delays_ip=50, delays_other=50))),
    Case(
        "a hostile name",
        with_sender(counted(1, sends=90, delays_spam=9, delays_ip=9, delays_other=90), name=HOSTILE),
        SPAM + IP + OTHER,
    ),
]
