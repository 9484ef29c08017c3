"""What an identity's audit leaves for the next: since when, what has changed, when a closer look is due. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from typing import TypeVar

from ses_monitor.core.engine import Evaluation
from ses_monitor.core.identity import (
    NOT_DUE,
    Details,
    Dkim,
    Feedback,
    Identity,
    IdentityKind,
    IdentityMemory,
    MailFrom,
)
from ses_monitor.core.model import Severity
from ses_monitor.core.observed import Known, Missing, Observed
from ses_monitor.core.stored import Phase, Stored

T = TypeVar("T")

TURNS = 24
"""Hourly runs in which the daily rotation comes round to every identity."""

SETTLED = frozenset({"SUCCESS"})
SETTLED_DKIM = SETTLED | {"NOT_STARTED"}
"""DKIM that nobody asked for will not change by itself."""


@dataclass(frozen=True, slots=True)
class IdentityState:
    """One identity in one region as the last audit left it: a cell of the matrix.

    Empty strings and None: never learned, or not set up. `prints` are fingerprints of what was read in breadth, by
    fact. `looked_at` says that it was once read in depth. `revision` guards writes; 0 was never stored.
    """

    region: str
    name: str
    kind: IdentityKind
    verification_status: str
    dkim_status: str = ""
    dkim_signing: bool | None = None
    mail_from_domain: str = ""
    mail_from_status: str = ""
    bounce_topic: str = ""
    complaint_topic: str = ""
    forwarding: bool | None = None
    error_type: str = ""
    dkim_origin: str = ""
    hosted_zone: str = ""
    key_length: str = ""
    configuration_set: str = ""
    memory: IdentityMemory = field(default_factory=IdentityMemory)
    prints: Mapping[str, str] = field(default_factory=dict)
    looked_at: bool = False
    revision: int = 0

    def as_read_before(self) -> Observed[Details]:
        """Return what the DNS checks want to know of the depth, as it was read last: it hardly ever changes."""
        if not self.looked_at:
            return NOT_DUE
        return Known(
            Details(
                error_type=self.error_type,
                dkim_origin=self.dkim_origin,
                hosted_zone=self.hosted_zone,
                key_length=self.key_length,
                configuration_set=self.configuration_set,
                policies=NOT_DUE,
            )
        )

    def as_seen(self) -> Identity:
        """Return the identity with the breadth facts that the audits after this one may still rely on."""
        feedback = Known(Feedback(self.bounce_topic, self.complaint_topic, self.forwarding or False))
        plain = Identity(self.name, self.kind, self.verification_status, memory=self.memory)
        return plain if self.forwarding is None else replace(plain, feedback=feedback)


class Due(IntEnum):
    """When an identity is to be looked at closely: read in depth, and proven in the DNS."""

    NOT_NOW = 0
    IF_THERE_IS_ROOM = 1
    IN_ROTATION = 2
    FIRST = 3


def due(identity: Identity, before: IdentityState | None, stored: Iterable[Stored], turn: int) -> Due:
    """Tell when `identity`, read in breadth, needs a closer look; `stored` are its findings, `turn` counts runs.

    First what SES says is not well, what has changed, and what the DNS did not prove; then a 24th of all; then, as
    far as there is room, what is new, what is being counted, and open errors that a look may close.
    """
    findings = tuple(stored)
    errors = [each for each in findings if each.phase is not Phase.RESOLVED and each.severity >= Severity.ERROR]
    if not is_settled(identity) or (before is not None and has_changed(identity, before)):
        return Due.FIRST
    if any(each.check_id.startswith("dns.") for each in errors):
        return Due.FIRST
    if turn % TURNS == turn_of(identity.name):
        return Due.IN_ROTATION
    counting = any(each.phase is Phase.WATCHED or (each.phase is Phase.OPEN and each.absent) for each in findings)
    if before is None or not before.looked_at or counting or errors:
        return Due.IF_THERE_IS_ROOM
    return Due.NOT_NOW


def is_settled(identity: Identity) -> bool:
    """Tell whether SES says that all of it is well. What could not be read does not speak against it."""
    if identity.verification_status not in SETTLED:
        return False
    dkim = _value(identity.dkim)
    if dkim is not None and dkim.status not in SETTLED_DKIM:
        return False
    mail_from = _value(identity.mail_from)
    return mail_from is None or mail_from.status in SETTLED


def has_changed(identity: Identity, before: IdentityState) -> bool:
    """Tell whether anything read in breadth differs from what was read last; what could not be read does not."""
    return any(before.prints.get(name) not in {None, each} for name, each in prints_of(identity).items())


def turn_of(name: str) -> int:
    """Return the run in the day's rotation that looks at `name`."""
    return int(hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8], 16) % TURNS


def prints_of(identity: Identity) -> dict[str, str]:
    """Return a fingerprint of each breadth fact that is known."""
    found = {"status": _print(identity.kind.value, identity.verification_status)}
    if isinstance(identity.txt_token, Known):
        found["txt_token"] = _print(identity.txt_token.value)
    if isinstance(identity.dkim, Known):
        dkim = identity.dkim.value
        found["dkim"] = _print(dkim.status, dkim.signing_enabled, *dkim.tokens)
    if isinstance(identity.mail_from, Known):
        one = identity.mail_from.value
        found["mail_from"] = _print() if one is None else _print(one.domain, one.status, one.on_mx_failure)
    if isinstance(identity.feedback, Known):
        one_feedback = identity.feedback.value
        topics = (one_feedback.bounce_topic, one_feedback.complaint_topic)
        found["feedback"] = _print(*topics, one_feedback.forwarding)
    return found


def recall(identity: Identity, before: IdentityState | None, now: datetime) -> Identity:
    """Return `identity` with what is remembered of it, as of `now` (UTC): a status seen first now stands since now."""
    last = before.memory if before is not None else IdentityMemory()
    dkim, mail_from = _value(identity.dkim), _value(identity.mail_from)
    was_mail_from = (before.mail_from_domain, before.mail_from_status) if before is not None else ("", "")
    memory = replace(
        last,
        first_seen=last.first_seen or now,
        verification_since=_since(
            before is not None and before.verification_status == identity.verification_status,
            last.verification_since,
            now,
        ),
    )
    if dkim is not None:
        same = before is not None and before.dkim_status == dkim.status
        memory = replace(memory, dkim_since=_since(same, last.dkim_since, now))
    if mail_from is not None:
        same = was_mail_from == (mail_from.domain, mail_from.status)
        memory = replace(memory, mail_from_since=_since(same, last.mail_from_since, now))
    elif isinstance(identity.mail_from, Known):
        memory = replace(memory, mail_from_since=None)
    return replace(identity, memory=memory)


def remember(
    region: str, identity: Identity, evaluations: Iterable[Evaluation], before: IdentityState | None, now: datetime
) -> IdentityState:
    """Return the state after this audit. What could not be seen stays as it was."""
    state = before or IdentityState(region, identity.name, identity.kind, identity.verification_status)
    state = replace(
        state,
        kind=identity.kind,
        verification_status=identity.verification_status,
        memory=replace(identity.memory, unproven_since=_unproven_since(identity, evaluations, now)),
        prints={**state.prints, **prints_of(identity)},
    )
    if isinstance(identity.dkim, Known):
        dkim: Dkim = identity.dkim.value
        state = replace(state, dkim_status=dkim.status, dkim_signing=dkim.signing_enabled)
    if isinstance(identity.mail_from, Known):
        mail_from: MailFrom | None = identity.mail_from.value
        state = replace(
            state,
            mail_from_domain=mail_from.domain if mail_from else "",
            mail_from_status=mail_from.status if mail_from else "",
        )
    if isinstance(identity.feedback, Known):
        feedback: Feedback = identity.feedback.value
        state = replace(
            state,
            bounce_topic=feedback.bounce_topic,
            complaint_topic=feedback.complaint_topic,
            forwarding=feedback.forwarding,
        )
    if isinstance(identity.details, Known):
        details = identity.details.value
        state = replace(
            state,
            error_type=details.error_type,
            dkim_origin=details.dkim_origin,
            hosted_zone=details.hosted_zone,
            key_length=details.key_length,
            configuration_set=details.configuration_set,
            looked_at=True,
        )
    return state


def _unproven_since(identity: Identity, evaluations: Iterable[Evaluation], now: datetime) -> datetime | None:
    """Tell since when the DNS does not prove the identity; a look that answered nothing leaves it open."""
    since = identity.memory.unproven_since
    if isinstance(identity.proof, Missing):
        return since
    of_dns = [each for each in evaluations if each.check_id.startswith("dns.")]
    if any(finding.severity >= Severity.ERROR for each in of_dns for finding in each.findings):
        return since or now
    blind = any(missing.why.is_failure for each in of_dns for missing in each.missing())
    return since if blind else None


def _since(same: bool, before: datetime | None, now: datetime) -> datetime:
    return before if same and before is not None else now


def _value(fact: Observed[T]) -> T | None:
    return fact.value if isinstance(fact, Known) else None


def _print(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
