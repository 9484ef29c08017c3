"""What follows for an identity when the DNS does not prove it, given how it stands with SES. Pure."""

from __future__ import annotations

from datetime import datetime

from ses_monitor.core.model import Severity

NOTICED_BY_SES = (
    "SES still says SUCCESS: it will notice, warn the account's root address, and revoke within 72 hours of noticing."
)
_WORDS = {
    "SUCCESS": NOTICED_BY_SES,
    "TEMPORARY_FAILURE": "SES has noticed: it revokes at most 72 hours after the first miss.",
    "PENDING": "SES looks for it for 72 hours after it was asked to, then gives up.",
    "FAILED": "SES has given up looking: once the record is right, verification must be started anew.",
}


def follows(status: str, unproven_since: datetime | None = None) -> str:
    """Say what SES makes of it, and since when the monitor has seen it so. `status` is that of what is proven."""
    since = f"Unproven at least since {unproven_since:%Y-%m-%d %H:%M} UTC." if unproven_since else ""
    return " ".join(part for part in (_WORDS.get(status, ""), since) if part) or "SES was not asked about it."


def weight(status: str, *, in_part: bool = False) -> Severity:
    """Weigh a proof that is gone: mail is refused now, or will be at a known time.

    Only where SES still says SUCCESS and a part of the proof stands does mail pass as before, until keys rotate.
    """
    return Severity.WARNING if in_part and status == "SUCCESS" else Severity.ERROR
