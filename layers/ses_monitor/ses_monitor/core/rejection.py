"""A send that SES refused, as its error text tells it, and what that means. Pure.

SES makes no event of it: it shows in the caller's error, an SMTP reply in a log, or a CloudTrail record.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Confidence(StrEnum):
    """How sure a reading is."""

    HIGH = "high"
    """SES's own words, or a code that only SES has."""
    MEDIUM = "medium"
    """A code or words that other services share, beside something of SES."""
    LOW = "low"
    """Only the class of an SMTP reply, or words alone."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """What an error text says. Empty texts and zeros stand for what it does not say; all texts are bounded.

    `tag` is what the text alone allows: `IDENTITY_UNVERIFIED` where only the account could tell sender from recipient.
    """

    tag: str
    text: str
    """SES's words, one line, at most 500 characters; addresses as they came."""
    code: str = ""
    """The API's error code (`MessageRejected`), or the SMTP reply code (`554`)."""
    reply: int = 0
    """SMTP reply code."""
    enhanced_code: str = ""
    """Enhanced status code (RFC 3463), such as 5.7.1."""
    region: str = ""
    """As AWS writes it elsewhere: lower case."""
    identities: tuple[str, ...] = ()
    """Bare addresses or domains that failed the check, in SES's order, each once."""
    truncated: bool = False
    """SES cut its list of identities with `...`."""
    resource: str = ""
    """What is missing, paused or forbidden: a configuration set's or template's name, or an ARN."""
    user: str = ""
    """ARN of the caller that was refused, or the SMTP user."""
    action: str = ""
    """The IAM action that was refused."""
    message_id: str = ""
    """Of a success reply."""
    confidence: Confidence = Confidence.HIGH


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """Whether sending the same again can succeed, and when: seconds after the failure, the last one repeated."""

    retryable: bool
    after_seconds: tuple[int, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One answer: what was refused, why in this account, and the steps. `candidates` are tags in order of likelihood
    where it cannot be told apart, `needs` what would tell, in words."""

    rejection: Rejection
    tag: str
    cause: str
    steps: tuple[str, ...]
    retry: RetryPlan
    evidence: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    region: str = ""
