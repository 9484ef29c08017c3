"""A send that SES refused, as its error text tells it, and what that means. Pure.

SES makes no event of it: it shows in the caller's error, an SMTP reply in a log, or a CloudTrail record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ses_monitor.core.region_state import AccountFacts


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


class Source(StrEnum):
    """Who tells of a refused send."""

    LOG = "log"
    CLOUDTRAIL = "cloudtrail"
    REPORT = "report"
    """An application itself."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known beside the text; empty: unknown. What the text itself says counts before `region`.

    `sender` is the From address of the mail, `recipients` are bare addresses. `nearby` is the region that the text was
    found in (its log group's, its topic's): the last resort.
    """

    sender: str = ""
    recipients: tuple[str, ...] = ()
    region: str = ""
    nearby: str = ""
    configuration_set: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A text that tells of a refused send, on its way in. Outside text, not yet masked; at most 8 KB.

    `id` is its source's own name for it (of a log event, of a CloudTrail record, of an SNS message): what is told
    again comes with the same. `at` (UTC) is when it happened, or was told.
    """

    id: str
    source: Source
    text: str
    at: datetime
    told: Told = Told()
    account_id: str = ""
    origin: str = ""
    """The log group, the caller's ARN or the topic."""


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """An identity in one region, in SES's words, as the last audit there left it."""

    name: str
    region: str
    verification_status: str
    mail_from_domain: str = ""
    mail_from_status: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the last audits know of the account, as far as one rejection asks. None and "not listed" are unknown.

    `account` is that of the region that refused, `identities` are those among `asked` (lower case) that exist, in every
    region. Of regions that are not `listed`, that an identity is not among them says nothing.
    """

    account: AccountFacts | None = None
    asked: frozenset[str] = frozenset()
    identities: tuple[KnownIdentity, ...] = ()
    listed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """Whether sending the same again can succeed, and when: seconds after the failure, the last one repeated."""

    retryable: bool
    after_seconds: tuple[int, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One answer: what was refused, why in this account, and the steps.

    `candidates` are tags in order of likelihood where it cannot be told apart, `needs` what would tell, in words.
    `culprit` is the identity that is at fault (bare), with whether it may be a recipient's; `elsewhere` where it is
    verified. `sender` is the sender's identity as SES knows it (of the audits, else the domain), empty where unknown.
    `known` is the evidence that comes from the audits.
    """

    rejection: Rejection
    tag: str
    cause: str
    steps: tuple[str, ...]
    retry: RetryPlan
    evidence: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    region: str = ""
    culprit: str = ""
    may_be_recipient: bool = False
    elsewhere: tuple[str, ...] = ()
    sender: str = ""
    known: tuple[str, ...] = ()
