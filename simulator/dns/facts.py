"""The facts of the simulated DNS as they stand in YAML under `dns`: zones, their records and servers, and faults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import dns.name

RESOLVER = "resolver"  # stands for the resolver wherever a server is named
USUAL_SERVERS = ("ns1.dns.example", "ns2.dns.example")

FaultKind = Literal[
    "servfail", "refused", "formerr", "timeout", "slow", "trunc", "badid", "garbage", "lame", "bogus"
]  # fmt: skip
Values = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DnsFault:
    """What goes wrong with questions for names in the zone, at one server or (without `server`) at all of the zone's.

    `name` is relative to the zone (`@`: the zone itself, `*`: every name). `trunc` concerns UDP only; `lame` answers
    without authority; `bogus` is the resolver's: SERVFAIL unless the question switches validation off. `slow` answers
    rightly after `delay_ms`; other kinds may be late too. With `times` it heals after so many questions.
    """

    kind: FaultKind
    server: str | None = None
    name: str = "*"
    type: str | None = None
    delay_ms: int = 0
    times: int | None = None

    def __post_init__(self) -> None:
        if self.delay_ms < 0 or (self.times is not None and self.times < 1):
            raise ValueError("delay_ms and times must be positive")
        if self.kind == "slow" and self.delay_ms == 0:
            raise ValueError("delay_ms must say how slow")

    @property
    def at_resolver(self) -> bool:
        """Whether it is the resolver that fails, not a server of the zone."""
        return self.server == RESOLVER or self.kind == "bogus"

    @property
    def is_no_answer(self) -> bool:
        """Whether a resolver that meets this would turn to the next server."""
        return self.kind not in {"slow", "trunc"}


@dataclass(frozen=True, slots=True)
class Says:
    """What one server (or `resolver`) says of a name and type instead of what the zone has; no values: nothing.

    This is how a server is late, and how a resolver still has the old answer in its cache (`ttl`: for how long, in s).
    """

    server: str
    name: str
    type: str
    values: Values = ()
    ttl: int | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A name server. `no_address`: its name cannot be resolved; `down`: nothing listens at its address."""

    state: Literal["up", "no_address", "down"] = "up"


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """A zone. Record names are relative to it (`@`: the zone itself) or absolute with a final dot.

    Values are in presentation form, host names absolute with or without the final dot; a TXT value is the whole text,
    cut into strings of 255 bytes, unless it begins with a quotation mark: then it is a zone file's list of strings.
    What stands here is laid over the records that identities get by themselves (`automatic: false` has none of those):
    the same name and type is replaced, by nothing if the list is empty; a CNAME replaces everything at its name, and
    is itself replaced by anything else.
    """

    records: Mapping[str, Mapping[str, Values]] = field(default_factory=dict)
    servers: tuple[str, ...] = USUAL_SERVERS
    automatic: bool = True
    registered: bool = True  # False: nobody has the domain, whatever else stands here
    faults: tuple[DnsFault, ...] = ()
    says: tuple[Says, ...] = ()
    ttl: int = 300  # seconds
    negative_ttl: int = 300  # seconds, for how long a no may be kept
    serial: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True)
class DnsFacts:
    """The whole DNS of a world. Zones of registries, of name servers and of SES exist without being listed."""

    zones: Mapping[str, ZoneFacts] = field(default_factory=dict)
    servers: Mapping[str, Server] = field(default_factory=dict)


def values_of(values: Values) -> tuple[str, ...]:
    """The values as a tuple; a single one may stand for itself."""
    return (values,) if isinstance(values, str) else tuple(values)


def plain_name(name: str) -> str:
    """A name as the simulator compares it: lower case, IDNA, without the final dot."""
    plain = name.lower().removesuffix(".")
    return plain if plain.isascii() else dns.name.from_text(plain).to_text(omit_final_dot=True)


def absolute(name: str, zone: str) -> str:
    """A name relative to a zone, in full."""
    if name == "@":
        return zone
    if name.endswith("."):
        return plain_name(name)
    return plain_name(f"{name}.{zone}" if zone else name)
