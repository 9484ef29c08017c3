"""From a world's facts to the zones that the servers hold."""

from collections.abc import Iterable, Mapping

from simulator.dns.facts import USUAL_SERVERS, DnsFacts, ZoneFacts, absolute, plain_name, values_of
from simulator.dns.tree import Node, Tree, Zone, is_within, lay_over
from simulator.dns.wire import rdata
from simulator.strict_yaml import WorldError, at

REGISTRY = "ns.registry.example"  # serves the root and all top-level domains
SES_SERVERS = ("ns1.ses.example", "ns2.ses.example")  # serve the zones of SES itself
SES_ZONES = ("amazonses.com", "amazonaws.com")


def servers_of(facts: DnsFacts) -> tuple[str, ...]:
    """Every name server of a world, each once and always in the same order."""
    named = (plain_name(server) for zone in facts.zones.values() for server in zone.servers)
    return tuple(dict.fromkeys((REGISTRY, *USUAL_SERVERS, *SES_SERVERS, *map(plain_name, facts.servers), *named)))


def check(facts: DnsFacts, place: str) -> None:
    """Raise WorldError, with the place, for what is no name, no record or no server."""
    for name, zone in facts.zones.items():
        inside = at(at(place, "zones"), name)
        for owner, node in zone.records.items():
            if not is_within(absolute(owner, plain_name(name)), plain_name(name)):
                raise WorldError(at(at(inside, "records"), owner), "lies outside the zone")
            _check_node(node, at(at(inside, "records"), owner))
        for number, says in enumerate(zone.says):
            _check_node({says.type: says.values}, f"{at(inside, 'says')}[{number}]")
        known = {*map(plain_name, zone.servers), "resolver"}
        named: list[tuple[str, str | None]] = []
        named += [(f"{at(inside, 'says')}[{number}]", says.server) for number, says in enumerate(zone.says)]
        named += [(f"{at(inside, 'faults')}[{number}]", fault.server) for number, fault in enumerate(zone.faults)]
        for where, server in named:
            if server is not None and plain_name(server) not in known:
                problem = f"{server!r} is no server of the zone; those are {', '.join(sorted(known))}"
                raise WorldError(at(where, "server"), problem)


def _check_node(node: Mapping[str, str | tuple[str, ...]], place: str) -> None:
    for kind, values in node.items():
        for value in values_of(values):
            try:
                rdata(kind.upper(), value)
            except ValueError as error:
                raise WorldError(at(place, kind), str(error)) from error


def compiled(
    facts: DnsFacts, automatic: Mapping[str, Node], apexes: Iterable[str], addresses: Mapping[str, str]
) -> Tree:
    """The zones of `facts` and of the `apexes` that nobody listed, with the `automatic` records (by full name).

    `addresses` are those of the name servers that have one.
    """
    zones = {plain_name(name): zone for name, zone in facts.zones.items() if zone.registered}
    ours = ZoneFacts()
    ses = ZoneFacts(servers=SES_SERVERS)
    registry = ZoneFacts(servers=(REGISTRY,))
    for name in apexes:
        zones.setdefault(name, ours)
    for name in SES_ZONES:
        zones.setdefault(name, ses)
    for name in (*zones, *addresses):
        zones.setdefault(name.rpartition(".")[2], registry)
    zones.setdefault("", registry)
    tree = Tree({name: Zone(name, zone) for name, zone in zones.items()})
    _lay_automatic(tree, automatic)
    for server, address in addresses.items():
        tree.zone_of(server).nodes.setdefault(server, {"A": (address,)})
    for zone in tree.zones.values():
        _lay_own(zone)
    return tree


def _lay_automatic(tree: Tree, automatic: Mapping[str, Node]) -> None:
    for name, node in automatic.items():
        zone = tree.zone_of(name)
        if zone.facts.automatic:
            zone.nodes[name] = dict(node)


def _lay_own(zone: Zone) -> None:
    if zone.facts.servers:
        zone.nodes.setdefault(zone.name, {})["NS"] = tuple(f"{server}." for server in zone.facts.servers)
    zone.nodes.setdefault(zone.name, {})["SOA"] = zone.soa().values
    for name, node in zone.facts.records.items():
        # A CNAME last: what else stands at its name goes.
        for kind, values in sorted(node.items(), key=lambda item: item[0].upper() == "CNAME"):
            lay_over(zone.nodes, absolute(name, zone.name), kind.upper(), values_of(values))
