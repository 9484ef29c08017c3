"""The facts of a simulated Amazon SES: what is true of each region, read strictly from YAML.

A region given as `{}` is a healthy production region in use; every field below is a way to depart from that.
"""

import functools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import botocore.session

from simulator.dns.compile import check as check_dns
from simulator.dns.facts import DnsFacts
from simulator.identities import ConfigurationSet, Identity
from simulator.strict_yaml import WorldError, at, load_mapping, merged, parse

WORLDS = Path(__file__).parent / "worlds"

# Enabled in every account without asking; all other regions are opt-in:
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
DEFAULT_ENABLED_REGIONS = frozenset(
    {
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
        *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1"),
        *("ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2"),
    }
)

OptStatus = Literal["ENABLED", "ENABLING", "DISABLING", "DISABLED", "ENABLED_BY_DEFAULT"]
# `lost`: the request is carried out, and its answer never arrives.
FaultKind = Literal["throttle", "deny", "expired", "unrecognized_client", "error", "hang", "reset", "garbage", "lost"]


@functools.cache
def ses_regions() -> tuple[str, ...]:
    """The regions of partition `aws` in which botocore knows SES (33 in 1.44.5)."""
    return tuple(sorted(botocore.session.Session().get_available_regions("sesv2")))


@functools.cache
def aws_regions() -> tuple[str, ...]:
    """Every region of partition `aws`, also those without SES: `account:ListRegions` lists them all."""
    return tuple(sorted({*botocore.session.Session().get_available_regions("ec2"), *ses_regions()}))


@dataclass(frozen=True, slots=True)
class Quota:
    """Sending quota, in recipients. None: what SES gives to a sandbox (200 a day, 1/s) or to production at first."""

    max_24_hour: float | None = None  # -1 is unlimited
    max_rate: float | None = None  # per second
    sent_last_24_hours: float | None = None  # None: what `send_statistics` add up to


@dataclass(frozen=True, slots=True)
class Review:
    """The last request for production access."""

    status: Literal["PENDING", "FAILED", "GRANTED", "DENIED"]
    case_id: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """What was written in the request for production access."""

    mail_type: Literal["MARKETING", "TRANSACTIONAL"] = "TRANSACTIONAL"
    website_url: str = "https://www.example.com"
    contact_language: Literal["EN", "JA"] = "EN"
    use_case_description: str = "Receipts and password resets for our customers"
    additional_contacts: tuple[str, ...] = ()
    review: Review | None = None


@dataclass(frozen=True, slots=True)
class Vdm:
    """Virtual Deliverability Manager."""

    enabled: bool = False
    engagement_metrics: bool = False
    optimized_shared_delivery: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """What `GetAccount` says of the account in one region."""

    production_access: bool = True
    sending_enabled: bool = True
    enforcement: str = "HEALTHY"  # SES's model has a free string here, so has this
    quota: Quota = Quota()
    suppressed_reasons: tuple[Literal["BOUNCE", "COMPLAINT"], ...] = ("BOUNCE", "COMPLAINT")
    dedicated_ip_auto_warmup: bool = False
    details: Details | None = None
    vdm: Vdm | None = None
    pricing_plan: Literal["NONE", "ESSENTIALS", "PRO", "ENTERPRISE"] | None = None


@dataclass(frozen=True, slots=True)
class Sends:
    """A stretch of steady sending, in hours before now: from two weeks ago until now unless said otherwise."""

    per_hour: float
    from_hours_ago: float = 14 * 24.0  # as far back as GetSendStatistics reaches
    to_hours_ago: float = 0.0
    bounce_share: float = 0.004
    complaint_share: float = 0.0001
    reject_share: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.per_hour < math.inf:
            raise ValueError("per_hour must be 0 or more")
        if not self.from_hours_ago > self.to_hours_ago >= 0:
            raise ValueError("from_hours_ago must lie before to_hours_ago, and that not in the future")


@dataclass(frozen=True, slots=True)
class Metrics:
    """SES's own reputation as CloudWatch has it, as fractions (0.05 is 5 %); None: no data. Needs sends to exist."""

    bounce_rate: float | None = 0.004
    complaint_rate: float | None = 0.0001


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with `operation` (`*`: with every SES and CloudWatch operation), after `delay_ms`.

    Without `kind` the answer is only late. With `times` the fault heals after so many requests.
    """

    operation: str = "*"
    kind: FaultKind | None = None
    delay_ms: int = 0
    status: int = 500  # of kind `error`
    times: int | None = None
    message: str | None = None  # instead of AWS's wording

    def __post_init__(self) -> None:
        if self.kind is None and self.delay_ms == 0:
            raise ValueError("kind or delay_ms must say what goes wrong")
        if self.delay_ms < 0 or (self.times is not None and self.times < 1):
            raise ValueError("delay_ms and times must be positive")
        if not 500 <= self.status <= 599:
            raise ValueError("status must be a server error")


@dataclass(frozen=True, slots=True)
class Region:
    """Everything that is true of SES in one region."""

    opt_status: OptStatus | None = None  # None: listed opt-in regions are enabled, the others not
    account: Account = Account()
    identities: tuple[Identity, ...] = (Identity("example.com"),)
    configuration_sets: tuple[ConfigurationSet, ...] = ()
    refused_topics: tuple[str, ...] = ()  # names or ARNs of SNS topics that SES may not publish to, or that are gone
    send_statistics: tuple[Sends, ...] = (Sends(per_hour=120),)
    metrics: Metrics = Metrics()
    faults: tuple[Fault, ...] = ()
    # For tests and readers; the simulator ignores them.
    expect: tuple[str, ...] = ()  # the tags an audit of this region gives, and no others
    expect_severity: Mapping[str, str] = field(default_factory=dict)  # where a tag has several
    expect_unreadable: bool = False  # an audit cannot see this region
    note: str = ""


# What a region is that nobody ever touched.
UNUSED: Mapping[str, Any] = {
    "account": {"production_access": False},
    "identities": [],
    "send_statistics": [],
}


@dataclass(frozen=True, slots=True)
class World:
    """One AWS account: its SES regions and how they answer."""

    regions: Mapping[str, Region] = field(default_factory=dict)
    default_region: Region | None = None
    account_id: str = "123456789012"
    caller_arn: str = "arn:aws:sts::123456789012:assumed-role/ses-monitor/audit"
    throttle_like_ses: bool = False  # 1 request a second for each operation and region, as SES does
    dns: DnsFacts = field(default_factory=DnsFacts)
    about: str = ""


class WorldFacts:
    """A world as plain data with its parsed form: what a change is laid over. Immutable; `changed` gives a new one."""

    def __init__(self, facts: Mapping[str, Any], source: str = "world") -> None:
        self.source = source
        self.facts = facts
        place = f"{source}:"
        self.world = parse(World, facts, place)
        for name, region in self.world.regions.items():
            _check_region(name, region, at(at(place, "regions"), name))
        check_dns(self.world.dns, at(place, "dns"))
        self._by_name: dict[str, dict[str, Identity]] = {}
        self._unlisted = self.world.default_region or parse(Region, UNUSED, place)

    @classmethod
    def load(cls, path: Path) -> "WorldFacts":
        """Read a world file. Raises WorldError that begins with the file's name and the key."""
        source = f"{path.parent.name}/{path.name}"
        return cls(load_mapping(path), source)

    def region(self, name: str) -> Region:
        """What is true of `name`, listed or not."""
        return self.world.regions.get(name, self._unlisted)

    def identity(self, region: str, name: str) -> Identity | None:
        """An identity of a region; domains are found in any case, addresses only in their own, as SES has it."""
        known = self._by_name.get(region)
        if known is None:
            known = {_key(identity.name): identity for identity in self.region(region).identities}
            self._by_name[region] = known
        return known.get(_key(name))

    def dkim_tokens(self, region: str, identity: Identity) -> tuple[str, ...]:
        """Its tokens; of an address those of its domain, if that is an identity here."""
        if identity.kind == "EMAIL_ADDRESS" and identity.dkim.tokens is None:
            domain = self.identity(region, identity.domain)
            return () if domain is None else domain.dkim_tokens(region)
        return identity.dkim_tokens(region)

    def region_facts(self, name: str) -> Mapping[str, Any]:
        """The plain data of a region, to lay changes over."""
        listed = self.facts.get("regions") or {}
        if name in listed:
            return listed[name] or {}
        unlisted: Mapping[str, Any] = self.facts.get("default_region", UNUSED)
        # Once changed the region is a listed one; that alone enables no opt-in region.
        return {**unlisted, "opt_status": self.opt_status(name)}

    def changed(self, name: str, change: Mapping[str, Any]) -> "WorldFacts":
        """This world with `change` laid over the region's facts. Raises WorldError, naming the place in the change."""
        facts = merged(self.region_facts(name), change)
        _check_region(name, parse(Region, facts, name), name)
        return WorldFacts({**self.facts, "regions": {**(self.facts.get("regions") or {}), name: facts}}, self.source)

    def with_dns(self, change: Mapping[str, Any]) -> "WorldFacts":
        """This world with `change` laid over the facts of its DNS. Raises WorldError with the place in the change."""
        facts = merged(self.facts.get("dns") or {}, change)
        check_dns(parse(DnsFacts, facts, "dns:"), "dns:")
        return WorldFacts({**self.facts, "dns": facts}, self.source)

    def opt_status(self, name: str) -> OptStatus:
        """Whether the account may use the region, in `account:ListRegions`' words."""
        if name in DEFAULT_ENABLED_REGIONS:
            return "ENABLED_BY_DEFAULT"
        listed = name in self.world.regions
        if name not in ses_regions():
            return "DISABLED"
        return self.region(name).opt_status or ("ENABLED" if listed else "DISABLED")

    def enabled(self, name: str) -> bool:
        """Whether calls to the region are answered at all."""
        return self.opt_status(name) in {"ENABLED", "ENABLED_BY_DEFAULT"}


def _key(name: str) -> str:
    return name if "@" in name else name.lower().removesuffix(".")


def _check_region(name: str, region: Region, place: str) -> None:
    if name not in ses_regions():
        raise WorldError(place, "SES has no such region")
    by_default = name in DEFAULT_ENABLED_REGIONS
    allowed = {None, "ENABLED_BY_DEFAULT"} if by_default else {None, "ENABLED", "ENABLING", "DISABLING", "DISABLED"}
    if region.opt_status not in allowed:
        kind = "is enabled by default and cannot be opted out of" if by_default else "is an opt-in region"
        raise WorldError(at(place, "opt_status"), f"{name} {kind}, so it cannot be {region.opt_status}")
    _check_names(at(place, "identities"), [identity.name for identity in region.identities])
    _check_names(at(place, "configuration_sets"), [each.name for each in region.configuration_sets])


def _check_names(place: str, names: Sequence[str]) -> None:
    counts = Counter(map(_key, names))
    for number, name in enumerate(names):
        if counts[_key(name)] > 1:
            raise WorldError(f"{place}[{number}]", f"{name} is there twice")
