"""Cases of feedback.rejects."""

from dataclasses import replace

from tests.build import HOSTILE, LISTENING, THROTTLED, Case, counted, with_sender

VIRUS = ("MESSAGE_REJECTED_VIRUS",)

CASES = [
    Case("healthy", LISTENING),
    Case("what is counted cannot be read", replace(LISTENING, senders=THROTTLED), unknown=True),
    Case(
        "one",
        with_sender(counted(24, rejects=1)),
        VIRUS,
        says=(
            "Recipients concerned since 2026-05-11 10:00 UTC: 1.",
            "Bad content",
            "change the SMTP and API credentials",
        ),
    ),
    Case("many", with_sender(counted(0, rejects=1_000), counted(1, rejects=500)), VIRUS, says=(": 1,500.",)),
    Case("more than a day ago", with_sender(counted(25, rejects=1))),
    Case("a hostile name", with_sender(counted(1, rejects=1), name=HOSTILE), VIRUS),
]
