"""Zones as the servers hold them: which zone a name lies in, and what a server's copy of a zone says of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from simulator.dns.facts import RESOLVER, Says, ZoneFacts, absolute, plain_name, values_of

Node = dict[str, tuple[str, ...]]
"""The records at a name: type to values."""

LONGEST_CHAIN = 12  # aliases that are followed, about as many as resolvers do


@dataclass(frozen=True, slots=True)
class RecordSet:
    """Records of one name and type, in presentation form."""

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a copy of a zone says. `leads_to` is the name outside the zone at which a chain of aliases goes on."""

    outcome: Literal["answer", "nodata", "nxdomain", "referral", "loop"]
    answer: tuple[RecordSet, ...] = ()
    authority: tuple[RecordSet, ...] = ()
    leads_to: str | None = None


def ancestors(name: str) -> Iterator[str]:
    """The name itself, its parent, … and the root (an empty string)."""
    yield name
    while name:
        name = name.partition(".")[2]
        yield name


@dataclass(slots=True)
class Zone:
    """A zone's name, facts and records; `nodes` are by full name."""

    name: str
    facts: ZoneFacts
    nodes: dict[str, Node] = field(default_factory=dict)
    cuts: set[str] = field(default_factory=set)
    _copies: dict[tuple[str, bool], "Copy"] = field(default_factory=dict)

    def soa(self, ttl: int | None = None) -> RecordSet:
        """The SOA; `ttl` where a no is kept for another time than the zone says."""
        facts = self.facts
        primary = facts.servers[0] if facts.servers else "unknown.invalid"
        mailbox = f"hostmaster.{self.name}" if self.name else "hostmaster"
        text = f"{primary}. {mailbox}. {facts.serial} 7200 900 1209600 {facts.negative_ttl}"
        return RecordSet(self.name, "SOA", facts.negative_ttl if ttl is None else ttl, (text,))

    def copy_at(self, server: str, *, through_resolver: bool = False) -> "Copy":
        """The copy that `server` serves, as it is or as the resolver keeps it."""
        key = (server, through_resolver)
        if key not in self._copies:
            heard = {server, RESOLVER} if through_resolver else {server}
            differences = sorted(
                (says for says in self.facts.says if says.server in heard), key=lambda s: s.server == RESOLVER
            )
            self._copies[key] = Copy(self, differences)
        return self._copies[key]


class Copy:
    """One server's copy of a zone, with what it says differently."""

    def __init__(self, zone: Zone, differences: list[Says]) -> None:
        self._zone = zone
        self._ttls: dict[tuple[str, str], int] = {}
        self._nodes: Mapping[str, Node] = zone.nodes
        if differences:
            self._nodes = self._laid_over(differences)
        self._between: set[str] | None = None

    def _laid_over(self, differences: list[Says]) -> dict[str, Node]:
        nodes = dict(self._zone.nodes)
        for says in differences:
            name, kind = absolute(says.name, self._zone.name), says.type.upper()
            lay_over(nodes, name, kind, values_of(says.values))
            if says.ttl is not None:
                self._ttls[name, kind] = says.ttl
        return nodes

    def find(self, name: str, kind: str) -> Found:
        """What this copy says, following aliases as far as the zone goes."""
        chain: list[RecordSet] = []
        seen = {name}
        while True:
            cut = self._cut_above(name, kind)
            if cut is not None:
                return self._at_cut(cut, name, chain)
            node = self._node(name)
            if node is None:
                return self._no("nxdomain", name, kind, chain)
            if kind in node:
                return Found("answer", (*chain, self._set(name, kind, node[kind])))
            if "CNAME" not in node:
                return self._no("nodata", name, kind, chain)
            chain.append(self._set(name, "CNAME", node["CNAME"]))
            name = plain_name(node["CNAME"][0])
            if name in seen or len(chain) > LONGEST_CHAIN:
                return Found("loop", tuple(chain))
            seen.add(name)
            if not is_within(name, self._zone.name):
                return Found("answer", tuple(chain), leads_to=name)

    def _at_cut(self, cut: str, name: str, chain: list[RecordSet]) -> Found:
        if chain:
            return Found("answer", tuple(chain), leads_to=name)
        return Found("referral", authority=(RecordSet(cut, "NS", self._zone.facts.ttl, ()),))

    def _no(self, outcome: Literal["nodata", "nxdomain"], name: str, kind: str, chain: list[RecordSet]) -> Found:
        return Found(outcome, tuple(chain), (self._zone.soa(self._ttls.get((name, kind))),))

    def _set(self, name: str, kind: str, values: tuple[str, ...]) -> RecordSet:
        return RecordSet(name, kind, self._ttls.get((name, kind), self._zone.facts.ttl), values)

    def _cut_above(self, name: str, kind: str) -> str | None:
        found = None
        for above in ancestors(name):
            if above == self._zone.name:
                return found
            if above in self._zone.cuts and not (kind == "DS" and above == name):
                found = above
        return found

    def _node(self, name: str) -> Node | None:
        """The records at a name, an empty node where only names below it exist, a wildcard's, or None."""
        if name in self._nodes:
            return self._nodes[name]
        if self._between is None:
            self._between = {
                above
                for full in (*self._nodes, *self._zone.cuts)
                for above in ancestors(full)
                if is_within(above, self._zone.name)
            }
        if name in self._between:
            return {}
        # RFC 4592: only the closest name that exists may have a wildcard below it that counts.
        encloser = next(above for above in ancestors(name) if above in self._between or above == self._zone.name)
        return self._nodes.get(f"*.{encloser}" if encloser else "*")


def is_within(name: str, zone: str) -> bool:
    """Whether the name is the zone's or below it."""
    return not zone or name == zone or name.endswith(f".{zone}")


def lay_over(nodes: dict[str, Node], name: str, kind: str, values: tuple[str, ...]) -> None:
    """Set a name's records of one type, none if there are no values; nothing stands beside a CNAME."""
    node = {} if kind == "CNAME" and values else dict(nodes.get(name, {}))
    if values and kind != "CNAME":
        node.pop("CNAME", None)
    if values:
        node[kind] = values
    else:
        node.pop(kind, None)
    if node:
        nodes[name] = node
    else:
        nodes.pop(name, None)


class Tree:
    """All zones of a world, and which of them a name lies in."""

    def __init__(self, zones: Mapping[str, Zone]) -> None:
        self.zones = zones
        for name in zones:
            if name:
                parent = self.zone_of(name.partition(".")[2])
                parent.cuts.add(name)

    def zone_of(self, name: str, kind: str = "") -> Zone:
        """The zone a name lies in; a DS lies in the parent."""
        start = name.partition(".")[2] if kind == "DS" else name
        return self.zones[next(above for above in ancestors(start) if above in self.zones)]

    def served_by(self, server: str, name: str, kind: str = "") -> Zone | None:
        """The lowest zone that `server` has of those the name lies in."""
        start = name.partition(".")[2] if kind == "DS" else name
        for above in ancestors(start):
            zone = self.zones.get(above)
            if zone is not None and server in zone.facts.servers:
                return zone
        return None

    def referral(self, found: Found) -> Found:
        """A referral with the servers of the zone it leads to."""
        (cut,) = found.authority
        servers = tuple(f"{server}." for server in self.zones[cut.name].facts.servers)
        return replace(found, authority=(replace(cut, values=servers),) if servers else ())
