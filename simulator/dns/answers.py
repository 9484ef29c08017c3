"""What each server of a world answers to a query: right answers first, then what the faults make of them."""

import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from simulator.dns.facts import RESOLVER, DnsFault, absolute, plain_name
from simulator.dns.sockets import Delivery
from simulator.dns.tree import LONGEST_CHAIN, Found, RecordSet, Tree, Zone, ancestors
from simulator.dns.wire import Asked, Verdict, read, written

GARBAGE = b"\x00garbage\xff" * 3
DNSSEC_BOGUS = 6  # RFC 8914
MOST_KEPT = 50_000

SERVFAIL = Verdict("SERVFAIL")


@dataclass(slots=True)
class Running:
    """A fault in a zone, counting down."""

    zone: str
    fault: DnsFault
    left: int | None

    def concerns(self, name: str, kind: str) -> bool:
        """Whether the question is one this fault spoils."""
        wanted = self.fault.name == "*" or absolute(self.fault.name, self.zone) == name
        return wanted and (self.fault.type is None or self.fault.type.upper() == kind)


class Faults:
    """The faults of all zones. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, list[Running]] = {}
        self.version = 0

    def begin(self, zone: str, faults: Iterable[DnsFault]) -> None:
        """Put the faults that stand in the world in place of the zone's."""
        with self._lock:
            self._running[zone] = [Running(zone, fault, fault.times) for fault in faults]
            self.version += 1

    def add(self, zone: str, fault: DnsFault) -> None:
        """Add one."""
        with self._lock:
            self._running.setdefault(zone, []).append(Running(zone, fault, fault.times))
            self.version += 1

    def heal(self, zone: str | None) -> None:
        """Remove those of a zone, or all."""
        with self._lock:
            if zone is None:
                self._running.clear()
            else:
                self._running.pop(zone, None)
            self.version += 1

    def met(self, zone: str, server: str, name: str, kind: str) -> list[Running]:
        """The faults at `server` (or `resolver`) that concern the question."""
        with self._lock:
            return [
                running
                for running in self._running.get(zone, ())
                if running.left != 0
                and running.concerns(name, kind)
                and (
                    running.fault.at_resolver
                    if server == RESOLVER
                    else not running.fault.at_resolver and running.fault.server in {None, server}
                )
            ]

    def use_up(self, met: Iterable[Running]) -> None:
        """Count one question."""
        with self._lock:
            for running in met:
                if running.left is not None:
                    running.left -= 1


class Answers:
    """Answers for every server of a world. `failures` collects what was wrong with the simulator itself."""

    def __init__(self, tree: Callable[[], Tree], servers: Callable[[], Mapping[str, str]], faults: Faults) -> None:
        self._tree = tree
        self._servers = servers  # address to server name; the resolver's is RESOLVER
        self._faults = faults
        self._lock = threading.Lock()
        self._failures: list[str] = []
        self._asked: Counter[tuple[str, str, str]] = Counter()
        # A name server that thinks long would be what a benchmark of the monitor measures. The key is the query
        # less its id, so that only questions asked again word for word come from here.
        self._kept: dict[tuple[str, bytes, bool], tuple[bytes, tuple[str, str, str]]] = {}
        self._kept_of: tuple[object, int] = (None, 0)

    @property
    def failures(self) -> tuple[str, ...]:
        """Questions that the simulator itself stumbled over, each with its reason."""
        with self._lock:
            return tuple(self._failures)

    def asked(self) -> dict[tuple[str, str, str], int]:
        """How often each server (the resolver is `resolver`) was asked for which name and type."""
        with self._lock:
            return dict(self._asked)

    def forget(self) -> None:
        """Count anew."""
        with self._lock:
            self._asked.clear()

    def __call__(self, address: str, query: bytes, tcp: bool) -> Delivery:
        """Answer one query that came to `address`."""
        tree = self._tree()
        now = (tree, self._faults.version)
        if self._kept_of[0] is not tree or self._kept_of[1] != now[1] or len(self._kept) > MOST_KEPT:
            self._kept.clear()
            self._kept_of = now
        key = (address, query[2:], tcp)
        known = self._kept.get(key)
        if known is not None:
            self._count(known[1])
            return Delivery(query[:2] + known[0])
        asked = read(query)
        if asked is None:
            return Delivery(None)
        server = self._servers().get(address, address)
        label = (server, asked.name, asked.type)
        self._count(label)
        try:
            delivery, lasting = self._deliver(tree, server, asked, tcp)
        except Exception as error:  # noqa: BLE001 - a bug here must reach the test, not silence its question
            with self._lock:
                self._failures.append(f"DNS {label}: {error}\n{traceback.format_exc()}")
            return Delivery(written(asked, SERVFAIL))
        if lasting and delivery.wire is not None and not delivery.delay_s:
            self._kept[key] = (delivery.wire[2:], label)
        return delivery

    def _count(self, label: tuple[str, str, str]) -> None:
        with self._lock:
            self._asked[label] += 1

    def _deliver(self, tree: Tree, server: str, asked: Asked, tcp: bool) -> tuple[Delivery, bool]:
        if server == RESOLVER:
            verdict, met = self._resolve(tree, asked)
        else:
            zone = tree.served_by(server, asked.name, asked.type)
            met = self._faults.met(zone.name, server, asked.name, asked.type) if zone is not None else []
            verdict = self._authoritative(tree, server, zone, asked)
        self._faults.use_up(met)
        lasting = all(running.left is None for running in met)
        delay = sum(running.fault.delay_ms for running in met) / 1000
        room = None if tcp else asked.udp_room
        for running in met:
            spoilt = _spoilt(running.fault, asked, verdict, tcp=tcp, delay=delay)
            if spoilt is not None:
                return spoilt, lasting
        return Delivery(written(asked, verdict, room=room), delay), lasting

    def _authoritative(self, tree: Tree, server: str, zone: Zone | None, asked: Asked) -> Verdict:
        if zone is None:
            return Verdict("REFUSED")
        found = zone.copy_at(server).find(asked.name, asked.type)
        if found.outcome == "referral":
            referral = tree.referral(found)
            return Verdict(authority=referral.authority, additional=_glue(tree, referral))
        rcode = "NXDOMAIN" if found.outcome == "nxdomain" else "NOERROR"
        return Verdict(rcode, authoritative=True, answer=found.answer, authority=found.authority)

    def _resolve(self, tree: Tree, asked: Asked) -> tuple[Verdict, list[Running]]:
        """As a recursive resolver would: every alias followed, every failing server passed over."""
        zone = tree.zone_of(asked.name, asked.type)
        met = self._faults.met(zone.name, RESOLVER, asked.name, asked.type)
        if asked.validate and any(running.fault.kind == "bogus" for running in met):
            return replace(SERVFAIL, recursive=True, extended=DNSSEC_BOGUS), met
        name = asked.name
        answer: list[RecordSet] = []
        for _ in range(LONGEST_CHAIN):
            found = self._ask_servers(tree, name, asked.type)
            if found is None or found.outcome == "loop":
                break
            answer += found.answer
            if found.leads_to is None:
                rcode = "NXDOMAIN" if found.outcome == "nxdomain" else "NOERROR"
                verdict = Verdict(rcode, recursive=True, answer=tuple(answer), authority=found.authority)
                return verdict, met
            name = found.leads_to
        return replace(SERVFAIL, recursive=True), met

    def _ask_servers(self, tree: Tree, name: str, kind: str) -> Found | None:
        """What the first server of the zone says that answers; None: none does, or the way to it is broken."""
        zone = tree.zone_of(name, kind)
        reachable = set(self._servers().values())
        for server in zone.facts.servers:
            server_name = plain_name(server)
            if server_name not in reachable:
                continue
            if any(running.fault.is_no_answer for running in self._faults.met(zone.name, server_name, name, kind)):
                continue
            return zone.copy_at(server_name, through_resolver=True).find(name, kind)
        return None


def _glue(tree: Tree, referral: Found) -> tuple[RecordSet, ...]:
    glue = []
    for authority in referral.authority:
        for server in map(plain_name, authority.values):
            home = next(tree.zones[above] for above in ancestors(server) if above in tree.zones)
            addresses = home.nodes.get(server, {}).get("A")
            if addresses:
                glue.append(RecordSet(server, "A", home.facts.ttl, addresses))
    return tuple(glue)


def _spoilt(fault: DnsFault, asked: Asked, verdict: Verdict, *, tcp: bool, delay: float) -> Delivery | None:
    """What a fault makes of the answer; None: nothing but the delay."""
    match fault.kind:
        case "servfail" | "refused" | "formerr":
            failed = Verdict(fault.kind.upper(), recursive=verdict.recursive)
            return Delivery(written(asked, failed), delay)
        case "timeout":
            return Delivery(None)
        case "garbage":
            return Delivery(GARBAGE, delay)
        case "lame":
            return Delivery(written(asked, Verdict(recursive=verdict.recursive)), delay)
        case "badid":
            wire = written(asked, verdict, room=None if tcp else asked.udp_room)
            return Delivery(bytes((wire[0] ^ 0x55, wire[1] ^ 0xAA)) + wire[2:], delay)
        case "trunc" if not tcp:
            return Delivery(written(asked, verdict, cut=True), delay)
    return None
