"""Checks of one identity in one region, every hour; here is what several of them say alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from ses_monitor.core.check import bounded
from ses_monitor.core.identity import Details
from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Blindness, Missing, Observed
from ses_monitor.core.regions import parent_region

CONSOLE = "https://{region}.console.aws.amazon.com/ses/home?region={region}#/identities/{page}"
"""The page of one identity; `page` is `console_name` of it."""

CAN_SEND = frozenset({"SUCCESS", "TEMPORARY_FAILURE"})
"""The verification statuses in which SES takes mail from an identity."""

DNS_TIME = timedelta(hours=72)
"""How long SES looks for missing records, of a new identity and of one that was verified before it revokes it."""
LINK_TIME = timedelta(hours=24)
"""How long the link that SES mails to an address is good for."""

LONGEST_NAME = 150
"""Characters shown of a name beside other names, so that one of them cannot crowd out the rest."""

SHOWN = 5
"""Names told in a text; more are counted."""

DKIM_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-dkim.html"

_ERROR_TYPES = {
    "SERVICE_ERROR": "a passing fault inside SES kept it from looking; it tries again by itself",
    "DNS_SERVER_ERROR": "the domain's name servers failed when SES asked them",
    "HOST_NOT_FOUND": "the name that SES looks up does not exist, or its name servers cannot be reached",
    "TYPE_NOT_FOUND": "the name that SES looks up exists, but without a record of the expected type",
    "INVALID_VALUE": "the record is there, but its value is not the one SES expects",
    "REPLICATION_ACCESS_DENIED": "SES is not allowed to read the parent identity that this replica copies",
    "REPLICATION_PRIMARY_NOT_FOUND": "the parent identity that this replica copies does not exist in its region",
    "REPLICATION_PRIMARY_BYO_DKIM_NOT_SUPPORTED": "the parent identity has a key of its own (BYODKIM), and only Easy"
    " DKIM can be replicated",
    "REPLICATION_REPLICA_AS_PRIMARY_NOT_SUPPORTED": "the parent identity is itself a replica; name the region of the"
    " original",
    "REPLICATION_PRIMARY_INVALID_REGION": "the region named as the parent's is none that SES can replicate from",
}
"""`VerificationInfo.ErrorType` of `GetEmailIdentity`, all ten, in words."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time that SES allows, looked at `at`. `since` is when an audit first saw it run: it began then or before."""

    allowed: timedelta
    since: datetime | None
    at: datetime

    @property
    def ends(self) -> datetime | None:
        """When time is up, at the latest (UTC)."""
        if self.since is None:
            return None
        return min(self.since, self.at).astimezone(UTC) + self.allowed

    @property
    def is_over(self) -> bool:
        """Whether time is up for certain."""
        return self.ends is not None and self.at >= self.ends

    @property
    def in_last_quarter(self) -> bool:
        """Whether three quarters of the time are gone for certain."""
        return self.ends is not None and self.at >= self.ends - self.allowed / 4

    def in_words(self) -> str:
        """Go on from "SES waits": until when, and how many hours are left."""
        hours = f"{self.allowed / timedelta(hours=1):.0f} h"
        if self.ends is None:
            return f"for {hours} in all, and since when is not known"
        end = f"{self.ends:%Y-%m-%d %H:%M} UTC"
        if self.is_over:
            return f"only for {hours}, which were over at {end}"
        left = int((self.ends - self.at) / timedelta(hours=1))
        return f"until {end} at the latest ({left} h left)" if left else f"until {end} at the latest (not an hour left)"


def dns_clock(since: datetime | None, details: Observed[Details], at: datetime) -> Clock:
    """Return the clock of records that went missing. It cannot have begun before SES last saw them."""
    last_success = None if isinstance(details, Missing) else details.value.last_success
    if since is not None and last_success is not None:
        since = max(since, last_success)
    return Clock(DNS_TIME, since, at)


def reason_in_words(details: Observed[Details]) -> str:
    """Say in a sentence why SES does not count the identity as proven, as far as it tells."""
    if isinstance(details, Missing):
        return "SES's own reason was not read this time."
    code = details.value.error_type
    if not code:
        return "SES gives no reason for it."
    if words := _ERROR_TYPES.get(code):
        return f"SES's reason is {code}: {words}."
    return f'SES\'s reason is "{bounded(code, LONGEST_NAME)}", which this monitor does not know.'


@dataclass(frozen=True, slots=True)
class Signing:
    """Which kind of DKIM an identity has, and the arguments that set the same kind up again."""

    kind: str
    origin: str
    attributes: str
    note: str
    parent_region: str = ""


_NOTES = {
    "AWS_SES": "Then publish the tokens that it prints.",
    "EXTERNAL": "The file byodkim.json holds DomainSigningSelector and DomainSigningPrivateKey (base64 in one line).",
    "replica": "It copies the identity in {parent}, whose records count for both: put that one right first.",
    "": "Which kind it has was not told this time: with a key of its own, or a copied one, this line would replace it.",
}
_LONG_KEY = "NextSigningKeyLength=RSA_2048_BIT"

EASY = Signing("Easy DKIM", "AWS_SES", _LONG_KEY, _NOTES["AWS_SES"])


def signing_of(details: Observed[Details]) -> Signing:
    """Return the kind of DKIM; Easy DKIM, which is the usual one, where SES was not asked or did not say."""
    origin = "" if isinstance(details, Missing) else details.value.dkim_origin
    if origin == EASY.origin:
        return EASY
    if origin == "EXTERNAL":
        return Signing("BYODKIM", origin, "file://byodkim.json", _NOTES[origin])
    if parent := parent_region(origin):
        parent = bounded(parent, LONGEST_NAME)
        return Signing("Deterministic Easy DKIM", origin, "{}", _NOTES["replica"].format(parent=parent), parent)
    return Signing("Easy DKIM, as is usual", EASY.origin, _LONG_KEY, _NOTES[""])


def console_name(name: str) -> str:
    """Return `name` as it stands in an address of the console."""
    return quote(bounded(name, LONGEST_NAME), safe="")


def named(names: Sequence[str]) -> str:
    """Tell the first few names, and how many more there are."""
    shown = ", ".join(bounded(name, 64) for name in names[:SHOWN])
    return f"{shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown


def new_topic(snapshot: Snapshot) -> str:
    """Return the ARN of a topic still to be named: SES publishes only to topics of the same region."""
    partition = next((p for start, p in _PARTITIONS if snapshot.region.startswith(start)), "aws")
    return f"arn:{partition}:sns:{snapshot.region}:{snapshot.account_id}:TOPIC"


_PARTITIONS = (("us-gov-", "aws-us-gov"), ("eusc-", "aws-eusc"))


def unrecognised(what: str, word: str) -> Missing:
    """Tell that SES used a word this monitor does not know: no verdict can be built on it."""
    return Missing(Blindness.UNREADABLE, f'{what} is "{bounded(word, LONGEST_NAME)}", which this monitor does not know')
