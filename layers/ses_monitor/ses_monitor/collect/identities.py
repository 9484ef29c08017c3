"""Read the identities of a region: all of them in breadth (100 a call), single ones in depth. Paced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ses_monitor.collect.clients import Clients
from ses_monitor.collect.configuration_sets import (
    GET_CONFIGURATION_SET,
    LIST_CONFIGURATION_SETS,
    deleted_meanwhile,
    read_configuration_set,
    read_configuration_set_names,
    unless_gone,
)
from ses_monitor.collect.faults import ask
from ses_monitor.collect.pacing import Pacer, paced_pages
from ses_monitor.collect.pages import BrokenListError, listed
from ses_monitor.collect.ses import LIST_IDENTITIES
from ses_monitor.core.check import bounded
from ses_monitor.core.identity import ConfigurationSet, Details, Dkim, Feedback, IdentityKind, MailFrom
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

if TYPE_CHECKING:
    from mypy_boto3_ses import SESClient

T = TypeVar("T")

GET_IDENTITY = "ses:GetEmailIdentity"
GET_VERIFICATION = "ses:GetIdentityVerificationAttributes"
GET_DKIM = "ses:GetIdentityDkimAttributes"
GET_MAIL_FROM = "ses:GetIdentityMailFromDomainAttributes"
GET_NOTIFICATIONS = "ses:GetIdentityNotificationAttributes"

PAGE = 1000
"""Identities a page of `ListEmailIdentities`, the most SES gives (API reference of the operation)."""

BATCH = 100
"""Identities a call of the batch reads, the most SES takes (API reference of each operation)."""

LONGEST_POLICY = 16_384
"""Characters kept of one policy: four times SES's limit (4 KB, API reference of `CreateEmailIdentityPolicy`)."""

MOST_POLICIES = 100
"""More policies than this on one identity are not believed."""

_IN_V2: Mapping[str, str] = {
    "Pending": "PENDING",
    "Success": "SUCCESS",
    "Failed": "FAILED",
    "TemporaryFailure": "TEMPORARY_FAILURE",
    "NotStarted": "NOT_STARTED",
    "UseDefaultValue": "USE_DEFAULT_VALUE",
    "RejectMessage": "REJECT_MESSAGE",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """An identity as the listing gives it."""

    name: str
    kind: IdentityKind
    verification_status: str


@dataclass(frozen=True, slots=True)
class Breadth:
    """What the batch reads tell of an identity. `txt_token` is empty where it has none, as an address never has.

    `mail_from` is None where the identity has no MAIL FROM domain of its own.
    """

    txt_token: Observed[str]
    dkim: Observed[Dkim]
    mail_from: Observed[MailFrom | None]
    feedback: Observed[Feedback]


class IdentityReader(Protocol):
    """The reads of one region's identities; each answers with the fact or with why there is none."""

    def list_identities(self, region: str) -> Observed[tuple[Listed, ...]]:
        """List all identities, sorted by name."""

    def breadth(self, region: str, names: Sequence[str]) -> Mapping[str, Breadth]:
        """Read what the batch calls tell of up to `BATCH` identities."""

    def details(self, region: str, name: str) -> Observed[Details]:
        """Read what only `GetEmailIdentity` tells."""

    def list_configuration_sets(self, region: str) -> Observed[tuple[str, ...]]:
        """List the names of all configuration sets, sorted."""

    def configuration_set(self, region: str, name: str, default_of: tuple[str, ...] = ()) -> Observed[ConfigurationSet]:
        """Read one configuration set."""


class AwsIdentityReader:
    """Reads from AWS. Making a client is part of the read: it may ask for credentials and not get them."""

    def __init__(self, clients: Clients, pacer: Pacer) -> None:
        """Read through `clients`, never faster than `pacer` allows."""
        self._clients = clients
        self._pacer = pacer

    def list_identities(self, region: str) -> Observed[tuple[Listed, ...]]:
        """List all identities, sorted by name."""

        def read() -> tuple[Listed, ...]:
            call = self._clients.unretried_sesv2(region).list_email_identities
            found = paced_pages(self._pacer, LIST_IDENTITIES, region, call, PageSize=PAGE)
            entries = [_listed_identity(entry) for page in found for entry in listed(page, "EmailIdentities")]
            # A list that changes while it is read may give an identity on two pages.
            return tuple(sorted({entry.name: entry for entry in entries}.values(), key=lambda entry: entry.name))

        return ask(LIST_IDENTITIES, region, read)

    def breadth(self, region: str, names: Sequence[str]) -> Mapping[str, Breadth]:
        """Read what the batch calls tell of up to `BATCH` identities, all four side by side.

        A call that fails makes only its own facts missing, but for all of `names`.

        Raises:
            ValueError: `names` are more than SES takes.
        """
        if len(names) > BATCH:
            msg = f"SES takes {BATCH} identities a call, not {len(names)}"
            raise ValueError(msg)
        if not names:
            return {}
        asked = list(dict.fromkeys(names))
        with ThreadPoolExecutor(max_workers=4, thread_name_prefix=f"breadth {region}") as side_by_side:
            token = side_by_side.submit(self._batch, _VERIFICATION, region, asked, _txt_token)
            dkim = side_by_side.submit(self._batch, _DKIM, region, asked, _dkim)
            mail_from = side_by_side.submit(self._batch, _MAIL_FROM, region, asked, _mail_from)
            feedback = side_by_side.submit(self._batch, _NOTIFICATIONS, region, asked, _feedback)
        facts = (token.result(), dkim.result(), mail_from.result(), feedback.result())
        return {name: Breadth(facts[0][name], facts[1][name], facts[2][name], facts[3][name]) for name in asked}

    def details(self, region: str, name: str) -> Observed[Details]:
        """Read what only `GetEmailIdentity` tells; `Missing` (NOT_APPLICABLE) if the identity was deleted meanwhile."""

        def read() -> Mapping[str, Any] | None:
            client = self._clients.unretried_sesv2(region)
            return unless_gone(
                lambda: self._pacer.call(GET_IDENTITY, region, lambda: client.get_email_identity(EmailIdentity=name))
            )

        answer = ask(GET_IDENTITY, region, read)
        if isinstance(answer, Missing):
            return answer
        if answer.value is None:
            return deleted_meanwhile(GET_IDENTITY, region, name)
        return parse_details(answer.value, region, name)

    def list_configuration_sets(self, region: str) -> Observed[tuple[str, ...]]:
        """List the names of all configuration sets, sorted."""
        client = ask(LIST_CONFIGURATION_SETS, region, lambda: self._clients.unretried_sesv2(region))
        if isinstance(client, Missing):
            return client
        return read_configuration_set_names(client.value, region, self._pacer)

    def configuration_set(self, region: str, name: str, default_of: tuple[str, ...] = ()) -> Observed[ConfigurationSet]:
        """Read one configuration set; `Missing` (NOT_APPLICABLE) if it was deleted meanwhile."""
        client = ask(GET_CONFIGURATION_SET, region, lambda: self._clients.unretried_sesv2(region))
        if isinstance(client, Missing):
            return client
        return read_configuration_set(client.value, region, self._pacer, name, default_of)

    def _batch(
        self, batch: _Batch, region: str, names: Sequence[str], parse: Callable[[Mapping[str, Any]], T]
    ) -> Mapping[str, Observed[T]]:
        def read() -> Mapping[str, Any]:
            client = self._clients.unretried_ses(region)
            answer = self._pacer.call(batch.action, region, lambda: batch.ask(client, names))
            entries = answer.get(batch.member)
            if not isinstance(entries, Mapping):
                msg = f"the answer has no {batch.member}"
                raise BrokenListError(msg)
            return entries

        answer = ask(batch.action, region, read)
        if isinstance(answer, Missing):
            return dict.fromkeys(names, answer)
        return {name: _entry(answer.value.get(name), batch.action, region, name, parse) for name in names}


@dataclass(frozen=True, slots=True)
class _Batch:
    action: str
    member: str
    ask: Callable[[SESClient, Sequence[str]], Mapping[str, Any]]


_VERIFICATION = _Batch(
    GET_VERIFICATION,
    "VerificationAttributes",
    lambda client, names: client.get_identity_verification_attributes(Identities=names),
)
_DKIM = _Batch(GET_DKIM, "DkimAttributes", lambda client, names: client.get_identity_dkim_attributes(Identities=names))
_MAIL_FROM = _Batch(
    GET_MAIL_FROM,
    "MailFromDomainAttributes",
    lambda client, names: client.get_identity_mail_from_domain_attributes(Identities=names),
)
_NOTIFICATIONS = _Batch(
    GET_NOTIFICATIONS,
    "NotificationAttributes",
    lambda client, names: client.get_identity_notification_attributes(Identities=names),
)


class _LeftOutError(Exception):
    """An answer lacks a member without which it says nothing."""


def parse_details(answer: Mapping[str, Any], region: str, name: str) -> Observed[Details]:
    """Take out of a `GetEmailIdentity` answer what only it tells.

    Texts that SES leaves out are empty. Policies that it leaves out are missing: an open one would seem closed.
    """
    if not {"IdentityType", "VerificationStatus", "DkimAttributes"}.intersection(answer):
        # botocore reads a body that is no JSON at all as an answer without members.
        return Missing(
            Blindness.UNREADABLE, bounded(f"{GET_IDENTITY} in {region} said nothing of {name}"), GET_IDENTITY
        )
    verification = answer.get("VerificationInfo") or {}
    dkim = answer.get("DkimAttributes") or {}
    return Known(
        Details(
            error_type=_text(verification, "ErrorType"),
            last_checked=_moment(verification, "LastCheckedTimestamp"),
            last_success=_moment(verification, "LastSuccessTimestamp"),
            dkim_origin=_text(dkim, "SigningAttributesOrigin"),
            hosted_zone=_text(dkim, "SigningHostedZone"),
            key_length=_text(dkim, "CurrentSigningKeyLength"),
            configuration_set=_text(answer, "ConfigurationSetName"),
            policies=_policies(answer.get("Policies"), region, name),
        )
    )


def _policies(policies: object, region: str, name: str) -> Observed[Mapping[str, str]]:
    if not isinstance(policies, Mapping) or not all(isinstance(text, str) for text in policies.values()):
        return _left_out(GET_IDENTITY, region, name, "Policies")
    if len(policies) > MOST_POLICIES:
        reason = f"SES in {region} gave {len(policies)} policies of {name}"
        return Missing(Blindness.UNREADABLE, bounded(reason), GET_IDENTITY)
    return Known({bounded(key): text[:LONGEST_POLICY] for key, text in policies.items()})


def _listed_identity(entry: object) -> Listed:
    """Take one entry of the listing; one that cannot be told from others spoils the list, as it may be any of them."""
    said = entry if isinstance(entry, Mapping) else {}
    name, status = _text(said, "IdentityName"), _text(said, "VerificationStatus")
    if not (name and status):
        msg = "an identity in the list has no name or no status"
        raise BrokenListError(msg)
    kind = _text(said, "IdentityType")
    is_address = kind == IdentityKind.EMAIL_ADDRESS or ("@" in name and "DOMAIN" not in kind)
    return Listed(name, IdentityKind.EMAIL_ADDRESS if is_address else IdentityKind.DOMAIN, status)


def _entry(entry: object, action: str, region: str, name: str, parse: Callable[[Mapping[str, Any]], T]) -> Observed[T]:
    if not isinstance(entry, Mapping):
        return _left_out(action, region, name, "anything")
    try:
        return Known(parse(entry))
    except _LeftOutError as error:
        return _left_out(action, region, name, str(error))


def _txt_token(entry: Mapping[str, Any]) -> str:
    _needed(entry, "VerificationStatus")
    return _text(entry, "VerificationToken")


def _dkim(entry: Mapping[str, Any]) -> Dkim:
    tokens = entry.get("DkimTokens") or []
    return Dkim(_needed(entry, "DkimVerificationStatus"), _flag(entry, "DkimEnabled"), tuple(map(str, tokens)))


def _mail_from(entry: Mapping[str, Any]) -> MailFrom | None:
    # Where no MAIL FROM domain is set, SES still says what it would do without its MX record.
    on_mx_failure = _needed(entry, "BehaviorOnMXFailure")
    domain = _text(entry, "MailFromDomain")
    return MailFrom(domain, _needed(entry, "MailFromDomainStatus"), on_mx_failure) if domain else None


def _feedback(entry: Mapping[str, Any]) -> Feedback:
    forwarding = _flag(entry, "ForwardingEnabled")
    return Feedback(_text(entry, "BounceTopic"), _text(entry, "ComplaintTopic"), forwarding)


def _needed(entry: Mapping[str, Any], key: str) -> str:
    word = _text(entry, key)
    if not word:
        raise _LeftOutError(key)
    return _IN_V2.get(word, word)


def _flag(entry: Mapping[str, Any], key: str) -> bool:
    value = entry.get(key)
    if not isinstance(value, bool):
        raise _LeftOutError(key)
    return value


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _moment(entry: Mapping[str, Any], key: str) -> datetime | None:
    value = entry.get(key)
    return value.astimezone(UTC) if isinstance(value, datetime) else None


def _left_out(action: str, region: str, name: str, what: str) -> Missing:
    return Missing(Blindness.NOT_IN_ANSWER, bounded(f"SES in {region} did not say {what} of {name}"), action)
