"""What identities, and how far their audit has come, look like as items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ses_monitor.core.identity import IdentityKind, IdentityMemory
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.identity_run import IdentityRun, Stage
from ses_monitor.store import item as items
from ses_monitor.store import keys
from ses_monitor.store.codec import instant_or_none, known
from ses_monitor.store.item import Fields, clip, instant, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

LONGEST_NAME = 2048
"""Bytes of an identity's name; SES takes 320 characters of an address and 253 of a domain."""
LONGEST_WORD = 256
"""Bytes of a status, a host, an ARN or the name of a configuration set."""


def identity_item(state: IdentityState) -> Item:
    """Return the item of an identity's state; what was never learned is left out."""
    memory = state.memory
    values = {
        "region": state.region,
        "name": clip(state.name, LONGEST_NAME),
        "kind": state.kind.value,
        "verification_status": _word(state.verification_status),
        "dkim_status": _word(state.dkim_status),
        "dkim_signing": state.dkim_signing,
        "mail_from_domain": _word(state.mail_from_domain),
        "mail_from_status": _word(state.mail_from_status),
        "bounce_topic": _word(state.bounce_topic),
        "complaint_topic": _word(state.complaint_topic),
        "forwarding": state.forwarding,
        "error_type": _word(state.error_type),
        "dkim_origin": _word(state.dkim_origin),
        "hosted_zone": _word(state.hosted_zone),
        "key_length": _word(state.key_length),
        "configuration_set": _word(state.configuration_set),
        "memory": {
            "first_seen": instant_or_none(memory.first_seen),
            "verification_since": instant_or_none(memory.verification_since),
            "dkim_since": instant_or_none(memory.dkim_since),
            "mail_from_since": instant_or_none(memory.mail_from_since),
            "unproven_since": instant_or_none(memory.unproven_since),
        },
        "prints": dict(state.prints),
        "looked_at": state.looked_at,
        "revision": state.revision,
        "gsi2pk": keys.identities(state.region),
        "gsi2sk": keys.name(state.name),
    }
    return to_item(keys.identity(state.name, state.region), values)


def read_identity(item: Mapping[str, Any]) -> IdentityState:
    """Read an identity's state; a kind this version does not know is a domain unless its name is an address."""
    fields = Fields.of(item)
    name = fields.need("name", items.text)
    otherwise = IdentityKind.EMAIL_ADDRESS if "@" in name else IdentityKind.DOMAIN
    memory = fields.inside("memory")
    return IdentityState(
        region=fields.need("region", items.text),
        name=name,
        kind=known(IdentityKind, fields.need("kind", items.text), otherwise),
        verification_status=fields.need("verification_status", items.text),
        dkim_status=fields.have("dkim_status", items.text, ""),
        dkim_signing=fields.have("dkim_signing", items.flag, None),
        mail_from_domain=fields.have("mail_from_domain", items.text, ""),
        mail_from_status=fields.have("mail_from_status", items.text, ""),
        bounce_topic=fields.have("bounce_topic", items.text, ""),
        complaint_topic=fields.have("complaint_topic", items.text, ""),
        forwarding=fields.have("forwarding", items.flag, None),
        error_type=fields.have("error_type", items.text, ""),
        dkim_origin=fields.have("dkim_origin", items.text, ""),
        hosted_zone=fields.have("hosted_zone", items.text, ""),
        key_length=fields.have("key_length", items.text, ""),
        configuration_set=fields.have("configuration_set", items.text, ""),
        memory=IdentityMemory() if memory is None else _read_memory(memory),
        prints=fields.have("prints", _texts_by_name, {}),
        looked_at=fields.have("looked_at", items.flag, False),
        revision=fields.need("revision", items.whole),
    )


def run_item(run: IdentityRun) -> Item:
    """Return the item of a region's last run."""
    values = {
        "region": run.region,
        "run": clip(run.run, LONGEST_WORD),
        "went_on_at": instant(run.went_on_at),
        "stage": run.stage.value,
        "after": run.after,
        "ended": run.ended,
        "turn": run.turn,
        "unlooked": run.unlooked,
        "told_at": instant_or_none(run.told_at),
        "revision": run.revision,
    }
    return to_item(keys.identity_run(run.region), values)


def read_run(item: Mapping[str, Any]) -> IdentityRun:
    """Read a region's last run."""
    fields = Fields.of(item)
    return IdentityRun(
        region=fields.need("region", items.text),
        run=fields.need("run", items.text),
        went_on_at=fields.need("went_on_at", items.time),
        stage=known(Stage, fields.need("stage", items.text), Stage.IDENTITIES),
        after=fields.have("after", items.text, None),
        ended=fields.need("ended", items.flag),
        turn=fields.have("turn", items.whole, 0),
        unlooked=fields.have("unlooked", items.whole, None),
        told_at=fields.have("told_at", items.time, None),
        revision=fields.need("revision", items.whole),
    )


def as_stored(state: IdentityState) -> IdentityState:
    """Return `state` as it would be read back: two that are stored the same are the same."""
    return read_identity(identity_item(state))


def _read_memory(fields: Fields) -> IdentityMemory:
    return IdentityMemory(
        first_seen=fields.have("first_seen", items.time, None),
        verification_since=fields.have("verification_since", items.time, None),
        dkim_since=fields.have("dkim_since", items.time, None),
        mail_from_since=fields.have("mail_from_since", items.time, None),
        unproven_since=fields.have("unproven_since", items.time, None),
    )


def _texts_by_name(value: object) -> dict[str, str]:
    return {name: items.text(each) for name, each in items.mapping(value).items()}


def _word(text: str) -> str | None:
    return clip(text, LONGEST_WORD) or None
