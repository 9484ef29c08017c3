"""A report of a refused send, to the event that is counted: read, held against what the audits know, made safe to keep.

Whatever may be a recipient's address is masked here. What is the sender's own stays as it is: it is what to mend.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from typing import Protocol

from ses_monitor.core import domains
from ses_monitor.core.event import Event, Format, Kind, Recipient
from ses_monitor.core.mailbox import domain_of, masked, normal, without_addresses
from ses_monitor.core.model import ACCOUNT
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.core.rejection import Confidence, Explanation, Facts, Rejection, Report, Source, Told
from ses_monitor.feedback.parsed import Skipped, clean
from ses_monitor.feedback.times import is_absurd
from ses_monitor.rejections.explanation import explained, read, region_name
from ses_monitor.rejections.identities import is_machines
from ses_monitor.rejections.reading import SUCCESSES, find
from ses_monitor.rejections.resolution import names_to_know, supplemented

TYPE = "Rejection"
MOST_RECIPIENTS = 50
MOST_SENDERS = 20
"""Senders of one message and region that the audits do not know; a log may hold anything."""
LONGEST_ADDRESS = 320
LONGEST_RESOURCE = 600
LONGEST_KNOWN = 500

OF_THE_ACCOUNT = frozenset(
    {
        "ACCOUNT_PAUSED_BY_AWS",
        "ACCOUNT_PAUSED_BY_OWNER",
        "ACCOUNT_SUSPENDED",
        "DAILY_QUOTA_EXCEEDED",
        "SEND_RATE_EXCEEDED",
        "API_RATE_EXCEEDED",
        "TOO_MANY_CONNECTIONS",
        "SES_TEMPORARY_FAILURE",
        "CLIENT_TIMEOUT",
        "AUTHENTICATION_TEMPORARY_FAILURE",
        "SMTP_AUTHENTICATION_REQUIRED",
        "SMTP_CREDENTIALS_INVALID",
        "SMTP_CREDENTIALS_OLD",
        "NOT_SUBSCRIBED",
        "UNRECOGNISED",
    }
)
"""Causes that are the account's, whoever the sender is."""
UNDECIDED = "IDENTITY_UNVERIFIED"
"""Of the text alone: an identity is not verified, and the account decides what that means."""
_OF_SENDERS = frozenset(
    {"SENDER_UNVERIFIED", "SENDER_VERIFIED_IN_OTHER_REGION", "SENDER_PENDING", "RETURN_PATH_UNVERIFIED"}
    | {"MAIL_FROM_UNVERIFIED"}
)
"""Causes whose culprit is the sender's own."""
_OF_IDENTITIES = frozenset({UNDECIDED, "MAIL_FROM_UNVERIFIED"})
_OF_LIMITS = frozenset({"DAILY_QUOTA_EXCEEDED", "SEND_RATE_EXCEEDED"})
_CONFIGURATION_SET = re.compile(r"[A-Za-z0-9_-]{1,64}")


class FactsReader(Protocol):
    """Where the audits keep what they know of the account."""

    def facts(self, region: str, names: Collection[str]) -> Facts:
        """Return what is known of the account in `region` and, in every region, of identities with these names.

        Raises where it cannot be read: that is not "unknown".
        """


FactsAt = Callable[[str, Collection[str]], Facts]
"""The same as of now, as `FactsReader.facts` gives it."""


class Senders:
    """The senders that one message names, by region, as many as are taken at their word."""

    def __init__(self, most: int = MOST_SENDERS) -> None:
        self._most = most
        self._named: dict[str, set[str]] = {}

    def takes(self, region: str, name: str) -> bool:
        """Tell whether `name` may be a subject, and remember it."""
        named = self._named.setdefault(region, set())
        if name not in named and len(named) >= self._most:
            return False
        named.add(name)
        return True


def event_of(
    report: Report, facts_at: FactsAt, senders: Senders, came_at: datetime, region: str = ""
) -> Event | Skipped:
    """Return what a report tells, as an event; why it tells nothing, else. `region` is for what names none.

    `came_at` stands for a time that cannot be: the same in each delivery, or it would count once for each.

    Raises what `facts_at` raises: what could not be looked up is not decided.
    """
    rejection = _read(report)
    if isinstance(rejection, Skipped):
        return rejection
    told = supplemented(report.told, report.text)
    where = rejection.region or region_name(told.region) or region_name(told.nearby) or region
    facts = _facts(rejection, told, where, facts_at) if where else None
    answer = explained(rejection, told, facts)
    where = answer.region or region
    sender = _sender(answer, facts)
    is_known = facts is not None and any(each.name.lower() == sender for each in facts.identities)
    if sender and not is_known and not senders.takes(where, sender):
        sender = ""
    at = came_at if is_absurd(report.at, came_at) else report.at
    return Event(
        kind=Kind.REJECTION,
        type=TYPE,
        format=Format.TOLD,
        message_id=_name(report.id),
        occurred_at=at,
        sent_at=at,
        region=where,
        identity=sender,
        account_id=report.account_id,
        configuration_set=_configuration_set(answer, told),
        source=clean(told.sender, LONGEST_ADDRESS),
        recipients=_recipients(told),
        detail=_refused(report, answer, told, ACCOUNT if answer.tag in OF_THE_ACCOUNT else sender or ACCOUNT),
    )


def _name(id_: str) -> str:
    """Return a report's id as one safe line: applications write what they like, and other events' ids are such."""
    return clean(id_) or hashlib.sha256(id_.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _read(report: Report) -> Rejection | Skipped:
    if report.source is Source.LOG:
        rejection = find(report.text)
        if rejection is None:
            return Skipped("It is a log's text in which nothing is SES's.", report.source.value)
    else:
        # Whoever reports it says that SES refused the mail; also where its words are new to us.
        rejection = read(report.text, of_ses=True)
    if rejection.tag in SUCCESSES:
        return Skipped("It is SES's answer to what succeeded.", rejection.tag)
    return rejection


def _facts(rejection: Rejection, told: Told, region: str, facts_at: FactsAt) -> Facts | None:
    """Read what the answer hangs on; of most refusals the text alone tells the cause."""
    if rejection.tag in _OF_IDENTITIES:
        return facts_at(region, names_to_know(rejection, told))
    if rejection.tag in _OF_LIMITS or _is_bare_pause(rejection):
        return facts_at(region, ())
    return None


def _is_bare_pause(rejection: Rejection) -> bool:
    """Tell whether SES said only that sending is paused, which the account's state tells apart."""
    return rejection.tag == "ACCOUNT_PAUSED_BY_OWNER" and rejection.confidence is Confidence.MEDIUM


def _sender(answer: Explanation, facts: Facts | None) -> str:
    """Return the sender's identity, or nothing where it could not be one: this becomes a part of keys."""
    name = clean(answer.sender).lower()
    domain = domain_of(name)
    if not name.isascii() or any(map(str.isspace, name)) or not domains.possible(domain) or "." not in domain:
        return ""
    if facts is not None and any(each.name.lower() == name for each in facts.identities):
        return name
    return "" if is_machines(domain) else name


def _recipients(told: Told) -> tuple[Recipient, ...]:
    addresses = (clean(normal(each), LONGEST_ADDRESS) for each in told.recipients[:MOST_RECIPIENTS])
    return tuple(Recipient(address) for address in dict.fromkeys(addresses) if "@" in address)


def _configuration_set(answer: Explanation, told: Told) -> str:
    name = told.configuration_set
    if not name and answer.tag == "CONFIGURATION_SET_PAUSED":
        name = answer.rejection.resource
    return name if _CONFIGURATION_SET.fullmatch(name) else ""


def _refused(report: Report, answer: Explanation, told: Told, subject: str) -> RefusedSend:
    rejection = answer.rejection
    culprit = normal(answer.culprit)
    may_be_recipient = answer.may_be_recipient or answer.tag not in _OF_SENDERS
    own = {normal(told.sender), *(() if may_be_recipient else (culprit,))}
    own -= {normal(each) for each in told.recipients} - {normal(told.sender)}
    mask = _Mask(own)
    return RefusedSend(
        tag=answer.tag,
        subject=subject,
        text=mask.text(rejection.text),
        code=clean(rejection.code),
        identity=mask.name(culprit),
        resource=mask.path(rejection.resource),
        user=mask.path(rejection.user),
        action=clean(rejection.action),
        elsewhere=", ".join(answer.elsewhere),
        known=clean(mask.text(" ".join(answer.known)), LONGEST_KNOWN),
        told_by=report.source.value,
        origin=mask.path(report.origin),
        confidence=rejection.confidence.value,
    )


class _Mask:
    """Masks addresses but the sender's own."""

    def __init__(self, own: Iterable[str]) -> None:
        self._own = frozenset(each for each in own if "@" in each)
        alternatives = "|".join(sorted(map(re.escape, self._own)))
        # Whole addresses only: in my-orders@example.com there is none of orders@example.com.
        self._pattern = (
            re.compile(rf"(?<![^\s<>(,;:'\"`])({alternatives})(?![\w@-]|\.\w)", re.IGNORECASE) if self._own else None
        )

    def name(self, identity: str) -> str:
        """Return an identity; a domain is nobody's address."""
        shown = identity if "@" not in identity or identity in self._own else masked(identity)
        return clean(shown, LONGEST_ADDRESS)

    def text(self, text: str) -> str:
        """Return prose, in one line."""
        return clean("".join(self._parts(text)), LONGEST_KNOWN)

    def path(self, text: str) -> str:
        """Return an ARN or the like: what masks an address must not take the names before it away."""
        return clean("/".join(self.text(part) for part in text[: LONGEST_RESOURCE * 2].split("/")), LONGEST_RESOURCE)

    def _parts(self, text: str) -> Iterator[str]:
        parts = self._pattern.split(text) if self._pattern else [text]
        for index, part in enumerate(parts):
            yield part if index % 2 else without_addresses(part)
