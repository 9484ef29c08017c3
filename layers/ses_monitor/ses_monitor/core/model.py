"""The nouns of one audit: what SES said of one region of one account, as far as it could be learned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from ses_monitor.core.identity import ConfigurationSet, Identity
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.traffic import FailingTemplate, Noticed, RefusedSender, Sender

ACCOUNT = "account"
"""The subject of everything that concerns a region's account as a whole."""

IN_USE_WINDOW = timedelta(days=14)
"""A region that sent mail this recently is in use; `GetSendStatistics` reaches back exactly this far."""


class Severity(IntEnum):
    """How bad, by effect on mail (docs/severity.md)."""

    INFO = 10
    NOTICE = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


class Scope(StrEnum):
    """What a check looks at."""

    ACCOUNT = "account"
    REGION = "region"
    IDENTITY = "identity"
    CONFIGURATION_SET = "configuration_set"
    TRAFFIC = "traffic"
    """A region's feedback as a whole."""
    SENDER = "sender"
    """An identity, by what was counted of its mail."""
    TEMPLATE = "template"
    NOTICE = "notice"
    """What AWS itself told of a resource."""
    REJECTION = "rejection"
    """A sender, or the account, by what SES refused of it."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Sending quota, counted in recipients. `max_24_hours` is -1 when there is no daily limit."""

    max_24_hours: float
    max_per_second: float
    sent_last_24_hours: float

    @property
    def unlimited(self) -> bool:
        """Whether SES says -1, which means no daily limit."""
        return self.max_24_hours < 0

    @property
    def used(self) -> float:
        """Fraction of the daily quota used; 1.0 for a quota of zero, because nothing can be sent under it."""
        if self.unlimited:
            return 0.0
        if self.max_24_hours == 0:
            return 1.0
        return self.sent_last_24_hours / self.max_24_hours

    @property
    def worth_forecasting(self) -> bool:
        """Whether it may run out soon: from a tenth used.

        Below that a mailing shows in the next audits, and two weeks of statistics are dear to read and parse.
        """
        return not self.unlimited and 0.1 <= self.used < 1


@dataclass(frozen=True, slots=True)
class Review:
    """A request for production access. `status` is SES's word, also when we do not know it."""

    status: str
    case_id: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """`GetAccount` of one region. Each part may be missing from an answer without spoiling the others."""

    production_access: Observed[bool]
    sending_enabled: Observed[bool]
    enforcement: Observed[str]
    quota: Observed[Quota]
    suppressed_reasons: Observed[frozenset[str]]
    review: Observed[Review | None]
    mail_type: str = ""
    website_url: str = ""


@dataclass(frozen=True, slots=True)
class SendPoint:
    """One point of `GetSendStatistics`: the 15 minutes from `start` (UTC)."""

    start: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Reputation:
    """Account-level metrics of the namespace AWS/SES. Rates are fractions: 0.05 is 5 %."""

    bounce_rate: Observed[float]
    complaint_rate: Observed[float]
    busiest_minute: Observed[float]
    """Mails in the busiest minute of the last hour."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What earlier audits of the region saw and this one cannot know."""

    production_access_seen: datetime | None = None
    review_pending_since: datetime | None = None


NOT_ASKED = Missing(Blindness.NOT_APPLICABLE, "not asked in this audit")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything one audit learned of one region. `taken_at` (UTC) is "now" for every check."""

    account_id: str
    region: str
    taken_at: datetime
    account: Observed[Account] = NOT_ASKED
    statistics: Observed[tuple[SendPoint, ...]] = NOT_ASKED
    sent_recently: Observed[bool] = NOT_ASKED
    has_verified_identity: Observed[bool] = NOT_ASKED
    reputation: Observed[Reputation] = NOT_ASKED
    identities: Observed[tuple[Identity, ...]] = NOT_ASKED
    configuration_sets: Observed[tuple[ConfigurationSet, ...]] = NOT_ASKED
    production_elsewhere: Observed[tuple[str, ...]] = NOT_ASKED
    """Other regions of the account that have production access, as the last audits there saw it."""
    enabled_regions: Observed[frozenset[str]] = NOT_ASKED
    """Asked once for the whole account, and noted on its home region only."""
    traffic: Observed[Sender] = NOT_ASKED
    """Everything that events told of the region in the last 15 days, as a sender called `account`."""
    senders: Observed[tuple[Sender, ...]] = NOT_ASKED
    """The identities that are looked at; their feedback of the last 25 hours."""
    templates: Observed[tuple[FailingTemplate, ...]] = NOT_ASKED
    noticed: Observed[tuple[Noticed, ...]] = NOT_ASKED
    refused: Observed[tuple[RefusedSender, ...]] = NOT_ASKED
    listed_as_sending: bool = False
    trusted_accounts: frozenset[str] = frozenset()
    """Other AWS accounts that are meant to send with our identities, as the operator says."""
    memory: Memory = field(default_factory=Memory)

    @property
    def name(self) -> str:
        """The subject name of checks on the account as a whole."""
        return ACCOUNT

    def subjects(self, scope: Scope) -> Observed[tuple[Subject, ...]]:
        """List what a check of `scope` runs on; missing when the listing itself failed."""
        match scope:
            case Scope.IDENTITY:
                return self.identities
            case Scope.CONFIGURATION_SET:
                return self.configuration_sets
            case Scope.SENDER:
                return self.senders
            case Scope.TEMPLATE:
                return self.templates
            case Scope.NOTICE:
                return self.noticed
            case Scope.REJECTION:
                return self.refused
            case Scope.ACCOUNT | Scope.REGION | Scope.TRAFFIC:
                return Known((self,))

    def blind_spots(self) -> Iterator[Missing]:
        """Yield each fact that somebody tried to read and could not."""
        for each in fields(self):
            fact = getattr(self, each.name)
            if isinstance(fact, Missing) and fact.why.is_failure:
                yield fact

    def in_use(self) -> Observed[bool]:
        """Tell whether SES is used here: listed as sending, sent in 14 days, or has a verified identity.

        One known sign is enough for yes; no needs every sign to be known.
        """
        signs = (self._sent_today(), self.sent_recently, self.has_verified_identity)
        if self.listed_as_sending or any(isinstance(sign, Known) and sign.value for sign in signs):
            return Known(True)
        return next((sign for sign in signs if isinstance(sign, Missing)), Known(False))

    def _sent_today(self) -> Observed[bool]:
        if isinstance(self.account, Missing):
            return self.account
        quota = self.account.value.quota
        return quota if isinstance(quota, Missing) else Known(quota.value.sent_last_24_hours > 0)


Subject = Snapshot | Identity | ConfigurationSet | Sender | FailingTemplate | Noticed | RefusedSender
"""What a check may look at."""
