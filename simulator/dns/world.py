"""The simulated DNS as one thing to start, change and stop; alone, or as the DNS of a whole simulated world."""

import ipaddress
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from simulator.dns.answers import Answers, Faults
from simulator.dns.automatic import automatic_records
from simulator.dns.compile import compiled, servers_of
from simulator.dns.facts import RESOLVER, DnsFault, ZoneFacts, absolute, plain_name
from simulator.dns.sockets import FIRST_ADDRESS, DnsSockets
from simulator.dns.tree import Tree
from simulator.live import LiveWorld
from simulator.strict_yaml import parse
from simulator.world import WorldFacts

RESOLVER_ADDRESS = FIRST_ADDRESS


class DnsWorld:
    """Runs the DNS of a world while the `with` block does: `DnsWorld({"zones": {"shop.example": {"records": …}}})`.

    The resolver is at 127.0.1.1, each name server at an address of its own after it, all on one port, UDP and TCP.
    Entering raises DnsAddressError where the machine has no such addresses. May be changed from any thread.
    """

    def __init__(self, world: LiveWorld | Mapping[str, Any], *, port: int = 0) -> None:
        self._world = world if isinstance(world, LiveWorld) else LiveWorld(WorldFacts({"dns": world}))
        self._wanted_port = port
        self._addresses: dict[str, str] = {}
        self._listening: dict[str, str] = {}
        self._faults = Faults()
        self._begun: Mapping[str, ZoneFacts] = {}
        self._tree: tuple[WorldFacts, Tree] | None = None
        self._answers = Answers(self._current, lambda: self._listening, self._faults)
        self._sockets: DnsSockets | None = None
        self._assign()

    def __enter__(self) -> Self:
        self._sockets = DnsSockets(self._listening, self._answers, port=self._wanted_port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop answering. A second call does nothing."""
        if self._sockets is not None:
            self._sockets.close()

    @property
    def resolver(self) -> str:
        """The resolver's address."""
        return RESOLVER_ADDRESS

    @property
    def port(self) -> int:
        """The port of all servers."""
        if self._sockets is None:
            raise RuntimeError("the DNS is not running")
        return self._sockets.port

    def address(self, server: str) -> str:
        """Where a name server listens, or would if it were up."""
        return self._addresses[plain_name(server)]

    def environment(self) -> dict[str, str]:
        """Variables that make the monitor ask here."""
        return {"SES_MONITOR_RESOLVERS": f"{self.resolver}:{self.port}", "SES_MONITOR_DNS_PORT": str(self.port)}

    @property
    def failures(self) -> tuple[str, ...]:
        """What was wrong with the simulator itself."""
        return self._answers.failures

    def asked(self) -> dict[tuple[str, str, str], int]:
        """How often each server (the resolver is `resolver`) was asked for which (lower-case) name and type."""
        return self._answers.asked()

    def forget(self) -> None:
        """Count questions anew."""
        self._answers.forget()

    def zones(self) -> tuple[str, ...]:
        """The names of all zones, those of registries and of SES too."""
        return tuple(self._current().zones)

    def has(self, zone: str) -> bool:
        """Whether there is such a zone."""
        return plain_name(zone) in self._current().zones

    def records(self, zone: str) -> dict[str, dict[str, tuple[str, ...]]]:
        """All records of a zone, those that identities get by themselves too: full name, then type, to values."""
        return {name: dict(node) for name, node in self._current().zones[plain_name(zone)].nodes.items()}

    def add_record(self, zone: str, name: str, kind: str, *values: str) -> None:
        """Add values to a name (relative to the zone, or absolute with a final dot) and type. Raises WorldError."""
        self.set_record(zone, name, kind, *self._node(zone, name).get(kind.upper(), ()), *values)

    def set_record(self, zone: str, name: str, kind: str, *values: str) -> None:
        """Let these values, and no others, stand at a name and type; a CNAME and other types displace each other."""
        node: dict[str, list[str]] = {kind.upper(): list(values)}
        if values:
            there = self._node(zone, name)
            gone = set(there) - {"CNAME"} if kind.upper() == "CNAME" else {"CNAME"} & set(there)
            node |= {other: [] for other in gone}
        self.change({"zones": {zone: {"records": {name: node}}}})

    def remove_record(self, zone: str, name: str, kind: str) -> None:
        """Remove every value of one type at a name, also those that an identity gets by itself."""
        self.set_record(zone, name, kind)

    def change(self, change: Mapping[str, Any]) -> None:
        """Lay facts, as they would stand under `dns`, over the world's. Raises WorldError and then changes nothing."""
        self._world.change_dns(change)
        self._assign()
        if self._sockets is not None:
            self._sockets.listen(self._listening)

    def fault(self, zone: str, **fault: object) -> None:
        """Add a fault: `fault("shop.example", kind="timeout", server="ns1.dns.example")`. See `facts.DnsFault`."""
        self._faults.add(plain_name(zone), parse(DnsFault, fault, "fault"))

    def heal(self, zone: str | None = None) -> None:
        """Remove the faults of a zone, or all."""
        self._faults.heal(None if zone is None else plain_name(zone))

    def _node(self, zone: str, name: str) -> Mapping[str, tuple[str, ...]]:
        full = absolute(name, plain_name(zone))
        return self._current().zone_of(full).nodes.get(full, {})

    def _assign(self) -> None:
        """Give every name server its address and begin the faults of zones whose faults changed."""
        facts = self._world.facts.world.dns
        for server in servers_of(facts):
            if server not in self._addresses:
                number = int(ipaddress.IPv4Address(RESOLVER_ADDRESS)) + 1 + len(self._addresses)
                self._addresses[server] = str(ipaddress.IPv4Address(number))
        states = {plain_name(name): server.state for name, server in facts.servers.items()}
        up = {address: name for name, address in self._addresses.items() if states.get(name, "up") == "up"}
        self._listening = {RESOLVER_ADDRESS: RESOLVER, **up}
        for name, zone in facts.zones.items():
            before = self._begun.get(name)
            if before is None or before.faults != zone.faults:
                self._faults.begin(plain_name(name), zone.faults)
        self._begun = facts.zones

    def _current(self) -> Tree:
        facts = self._world.facts
        known = self._tree
        if known is not None and known[0] is facts:
            return known[1]
        dns = facts.world.dns
        silent = {plain_name(name) for name, server in dns.servers.items() if server.state == "no_address"}
        addresses = {name: address for name, address in self._addresses.items() if name not in silent}
        automatic = automatic_records(facts)
        tree = compiled(dns, automatic.nodes, automatic.apexes, addresses)
        self._tree = (facts, tree)
        return tree
