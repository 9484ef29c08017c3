import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest

from simulator.dns import sockets
from simulator.dns.sockets import DnsAddressError, bind_on_one_port
from simulator.dns.world import DnsWorld
from simulator.strict_yaml import WorldError
from tests.simulator.dns_asking import RESOLVER, response, told

WORLD: dict[str, Any] = {
    "servers": {"ns3.lost.example": {"state": "no_address"}, "ns4.lost.example": {"state": "down"}},
    "zones": {
        "shop.example": {
            "records": {
                "@": {"A": "192.0.2.1", "MX": ["10 mx.shop.example", "20 mx2.shop.example."], "TXT": "v=spf1 -all"},
                "_dmarc": {"TXT": '"v=DMARC1; " "p=none"'},
                "alias": {"CNAME": "target.other.example"},
                "near": {"CNAME": "_dmarc.shop.example"},
                "loop-a": {"CNAME": "loop-b.shop.example"},
                "loop-b": {"CNAME": "loop-a.shop.example"},
                "nowhere": {"CNAME": "missing.other.example"},
                "long": {"TXT": "x" * 4000},
                "six": {"AAAA": "2001:db8::1"},
                "deep.below": {"TXT": "deep"},
                "*.wild": {"TXT": "any", "MX": "10 mx.shop.example"},
                "kept.wild": {"A": "192.0.2.2"},
            },
        },
        "other.example": {
            "servers": ["ns1.other.example", "ns2.other.example"],
            "records": {"target": {"TXT": "told elsewhere"}},
        },
        "cut.shop.example": {"servers": ["ns1.other.example"], "records": {"@": {"TXT": "below the cut"}}},
        "lost.example": {"servers": ["ns3.lost.example", "ns4.lost.example"], "records": {"@": {"TXT": "unreachable"}}},
        "half.example": {"servers": ["ns3.lost.example", "ns1.dns.example"], "records": {"@": {"TXT": "reached"}}},
    },
}


@pytest.fixture(scope="module")
def world() -> Iterator[DnsWorld]:
    with DnsWorld(WORLD) as running:
        yield running
        assert running.failures == ()


@pytest.fixture
def start() -> Iterator[Callable[..., DnsWorld]]:
    """Worlds that a test may change."""
    running: list[DnsWorld] = []

    def begin(facts: dict[str, Any] | None = None) -> DnsWorld:
        running.append(DnsWorld(facts or {}).__enter__())
        return running[-1]

    yield begin
    for each in running:
        each.close()
        assert each.failures == ()


AT_RESOLVER = [
    ("shop.example", "A", ["192.0.2.1"]),
    ("shop.example", "MX", ["10 mx.shop.example.", "20 mx2.shop.example."]),
    ("shop.example", "AAAA", "NODATA"),
    ("shop.example", "NS", ["ns1.dns.example.", "ns2.dns.example."]),
    ("shop.example", "SOA", ["ns1.dns.example. hostmaster.shop.example. 1 7200 900 1209600 300"]),
    ("SHOP.Example", "A", ["192.0.2.1"]),
    ("_dmarc.shop.example", "TXT", ["v=DMARC1; p=none"]),
    ("alias.shop.example", "TXT", ["told elsewhere"]),
    ("near.shop.example", "TXT", ["v=DMARC1; p=none"]),
    ("near.shop.example", "CNAME", ["_dmarc.shop.example."]),
    ("loop-a.shop.example", "TXT", "SERVFAIL"),
    ("nowhere.shop.example", "TXT", "NXDOMAIN"),
    ("six.shop.example", "AAAA", ["2001:db8::1"]),
    ("below.shop.example", "TXT", "NODATA"),
    ("deep.below.shop.example", "TXT", ["deep"]),
    ("a.b.wild.shop.example", "TXT", ["any"]),
    ("a.wild.shop.example", "A", "NODATA"),
    ("kept.wild.shop.example", "TXT", "NODATA"),
    ("x.kept.wild.shop.example", "TXT", "NXDOMAIN"),
    ("missing.shop.example", "TXT", "NXDOMAIN"),
    ("cut.shop.example", "TXT", ["below the cut"]),
    ("nobody.example", "A", "NXDOMAIN"),
    ("nobody.test", "A", "NXDOMAIN"),
    ("example", "NS", ["ns.registry.example."]),
    (".", "SOA", ["ns.registry.example. hostmaster. 1 7200 900 1209600 300"]),
    ("lost.example", "TXT", "SERVFAIL"),
    ("half.example", "TXT", ["reached"]),
    ("ns3.lost.example", "A", "SERVFAIL"),
]


@pytest.mark.parametrize(("name", "kind", "values"), AT_RESOLVER)
@pytest.mark.parametrize("tcp", [False, True])
def test_the_resolver_answers_for_every_zone(world: DnsWorld, name: str, kind: str, values: Any, tcp: bool) -> None:
    assert told(world, name, kind, tcp=tcp) == values


AT_SERVERS = [
    ("ns1.dns.example", "shop.example", "A", ["192.0.2.1"]),
    ("ns2.dns.example", "near.shop.example", "TXT", ["v=DMARC1; p=none"]),
    ("ns1.dns.example", "alias.shop.example", "TXT", "NODATA"),
    ("ns1.dns.example", "missing.shop.example", "TXT", "NXDOMAIN"),
    ("ns1.dns.example", "cut.shop.example", "TXT", "REFERRAL"),
    ("ns1.dns.example", "cut.shop.example", "DS", "NODATA"),
    ("ns1.other.example", "cut.shop.example", "TXT", ["below the cut"]),
    ("ns1.dns.example", "other.example", "TXT", "REFUSED"),
    ("ns.registry.example", "shop.example", "A", "REFERRAL"),
    ("ns.registry.example", "nobody.example", "A", "NXDOMAIN"),
]


@pytest.mark.parametrize(("server", "name", "kind", "values"), AT_SERVERS)
def test_a_name_server_answers_for_its_own_zones(
    world: DnsWorld, server: str, name: str, kind: str, values: Any
) -> None:
    assert told(world, name, kind, server) == values


def test_authority_and_recursion_are_flagged_as_they_are(world: DnsWorld) -> None:
    own = response(world, "shop.example", "A", "ns1.dns.example").flags
    assert own & dns.flags.AA
    assert not own & dns.flags.RA
    resolved = response(world, "shop.example", "A").flags
    assert resolved & dns.flags.RA
    assert not resolved & dns.flags.AA


@pytest.mark.parametrize("server", [RESOLVER, "ns1.dns.example"])
@pytest.mark.parametrize("name", ["missing.shop.example", "_dmarc.shop.example"])
def test_a_no_carries_the_soa_that_says_how_long_it_may_be_kept(world: DnsWorld, server: str, name: str) -> None:
    (soa,) = response(world, name, "A", server).authority
    assert soa.to_text().startswith("shop.example. 300 IN SOA ")


def test_a_referral_names_the_servers_and_their_addresses(world: DnsWorld) -> None:
    answer = response(world, "alias.other.example", "A", "ns.registry.example")
    assert {record.to_text() for record in answer.authority[0]} == {"ns1.other.example.", "ns2.other.example."}
    assert [(str(glue.name), glue[0].to_text()) for glue in answer.additional] == [
        ("ns1.other.example.", world.address("ns1.other.example")),
        ("ns2.other.example.", world.address("ns2.other.example")),
    ]


@pytest.mark.parametrize(("edns", "bytes_at_most"), [(-1, 512), (0, 1232)])
def test_what_does_not_fit_is_cut_over_udp_and_whole_over_tcp(world: DnsWorld, edns: int, bytes_at_most: int) -> None:
    short = response(world, "long.shop.example", "TXT", use_edns=edns)
    assert short.flags & dns.flags.TC
    assert not short.answer
    assert len(short.to_wire()) <= bytes_at_most
    assert told(world, "long.shop.example", "TXT", tcp=True, use_edns=edns) == ["x" * 4000]


def test_whoever_speaks_edns_is_answered_in_it(world: DnsWorld) -> None:
    assert response(world, "shop.example", "A").edns == 0
    assert response(world, "shop.example", "A", use_edns=-1).edns == -1


def test_the_spelling_of_the_question_comes_back(world: DnsWorld) -> None:
    answer = response(world, "ShOp.eXaMpLe", "A", "ns1.dns.example")
    assert str(answer.answer[0].name) == "ShOp.eXaMpLe."


def test_every_name_server_has_an_address_of_its_own_on_one_port(world: DnsWorld) -> None:
    servers = ["ns1.dns.example", "ns2.dns.example", "ns1.other.example", "ns2.other.example", "ns.registry.example"]
    addresses = [world.resolver, *(world.address(server) for server in servers)]
    assert len(set(addresses)) == len(addresses)
    assert all(address.startswith("127.0.1.") for address in addresses)
    assert told(world, "ns2.other.example", "A") == [world.address("ns2.other.example")]
    assert world.environment() == {
        "SES_MONITOR_RESOLVERS": f"127.0.1.1:{world.port}",
        "SES_MONITOR_DNS_PORT": str(world.port),
    }


def test_several_worlds_run_side_by_side() -> None:
    with DnsWorld({"zones": {"a.example": {}}}) as first, DnsWorld({"zones": {"b.example": {}}}) as second:
        assert first.port != second.port
        assert told(first, "b.example", "SOA") == "NXDOMAIN"
        assert told(second, "a.example", "SOA") == "NXDOMAIN"


def test_a_changed_zone_answers_anew_at_once(start: Callable[..., DnsWorld]) -> None:
    world = start({"zones": {"shop.example": {"records": {"@": {"A": "192.0.2.1"}}}}})
    assert told(world, "_dmarc.shop.example", "TXT") == "NXDOMAIN"
    world.add_record("shop.example", "_dmarc", "TXT", "v=DMARC1; p=none")
    assert told(world, "_dmarc.shop.example", "TXT") == ["v=DMARC1; p=none"]
    world.add_record("shop.example", "_dmarc", "TXT", "another")
    assert told(world, "_dmarc.shop.example", "TXT") == ["another", "v=DMARC1; p=none"]
    world.set_record("shop.example", "_dmarc", "CNAME", "policy.shop.example")
    assert world.records("shop.example")["_dmarc.shop.example"] == {"CNAME": ("policy.shop.example",)}
    world.remove_record("shop.example", "_dmarc", "CNAME")
    assert told(world, "_dmarc.shop.example", "TXT") == "NXDOMAIN"
    assert told(world, "shop.example", "A") == ["192.0.2.1"]


def test_a_zone_and_its_servers_can_come_while_it_runs(start: Callable[..., DnsWorld]) -> None:
    world = start()
    world.change({"zones": {"new.example": {"servers": ["ns9.new.example"], "records": {"@": {"A": "192.0.2.9"}}}}})
    assert told(world, "new.example", "A") == ["192.0.2.9"]
    assert told(world, "new.example", "A", "ns9.new.example") == ["192.0.2.9"]


WRONG = [
    ({"zones": {"a.example": {"record": {}}}}, "dns.zones.a.example.record", "unknown key"),
    ({"zones": {"a.example": {"records": {"@": {"A": "not an address"}}}}}, "dns.zones.a.example.records.@.A", "cannot be"),
    ({"zones": {"a.example": {"records": {"@": {"MX": "mx.a.example"}}}}}, "dns.zones.a.example.records.@.MX", "cannot be"),
    ({"zones": {"a.example": {"records": {"@": {"NONE": "x"}}}}}, "dns.zones.a.example.records.@.NONE", "cannot be"),
    ({"zones": {"a.example": {"records": {"b.example.": {"A": "192.0.2.1"}}}}}, "dns.zones.a.example.records.b.example.", "outside the zone"),
    ({"zones": {"a.example": {"faults": [{"kind": "explode"}]}}}, "dns.zones.a.example.faults[0].kind", "none of servfail"),
    ({"zones": {"a.example": {"faults": [{"kind": "slow"}]}}}, "dns.zones.a.example.faults[0]", "how slow"),
    ({"zones": {"a.example": {"faults": [{"kind": "timeout", "server": "ns7.example"}]}}}, "dns.zones.a.example.faults[0].server", "no server of the zone"),
    ({"zones": {"a.example": {"says": [{"server": "ns7.example", "name": "@", "type": "A"}]}}}, "dns.zones.a.example.says[0].server", "no server of the zone"),
    ({"servers": {"ns.example": {"state": "tired"}}}, "dns.servers.ns.example.state", "none of up"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "place", "problem"), WRONG)
def test_a_wrong_dns_is_refused_with_its_place(facts: dict[str, Any], place: str, problem: str) -> None:
    with pytest.raises(WorldError, match=problem) as refused:
        DnsWorld(facts)
    assert refused.value.place == f"world: {place}"


def test_a_wrong_change_is_refused_and_changes_nothing(start: Callable[..., DnsWorld]) -> None:
    world = start({"zones": {"shop.example": {"records": {"@": {"A": "192.0.2.1"}}}}})
    with pytest.raises(WorldError, match="cannot be"):
        world.set_record("shop.example", "@", "A", "nonsense")
    assert told(world, "shop.example", "A") == ["192.0.2.1"]


def test_questions_are_counted_by_server_name_and_type(start: Callable[..., DnsWorld]) -> None:
    world = start({"zones": {"shop.example": {"records": {"@": {"A": "192.0.2.1"}}}}})
    for _ in range(3):
        told(world, "Shop.example", "A")
    told(world, "shop.example", "A", "ns2.dns.example")
    assert world.asked() == {
        ("resolver", "shop.example", "A"): 3,
        ("ns2.dns.example", "shop.example", "A"): 1,
    }
    world.forget()
    assert world.asked() == {}


def test_what_is_no_query_is_not_answered(world: DnsWorld) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect((world.resolver, world.port))
        for noise in (
            b"",
            b"\x00",
            b"\xff" * 40,
            dns.message.make_response(dns.message.make_query("a", "A")).to_wire(),
        ):
            client.send(noise)
        query = dns.message.make_query("shop.example", "A", id=4711)
        client.send(query.to_wire())
        assert dns.message.from_wire(client.recv(1232)).id == 4711


def test_ending_leaves_no_thread_even_with_clients_that_stay_connected() -> None:
    before = set(threading.enumerate())
    with DnsWorld({}) as world:
        client = socket.create_connection((world.resolver, world.port))
        told(world, "example", "SOA")
    client.close()
    world.close()
    assert set(threading.enumerate()) <= before


def test_a_machine_without_the_addresses_is_told_what_to_do() -> None:
    before = set(threading.enumerate())
    with pytest.raises(DnsAddressError, match=r"192\.0\.2\.1 is not an address of this machine.*ifconfig lo0 alias"):
        bind_on_one_port(["127.0.1.1", "192.0.2.1"])
    assert set(threading.enumerate()) <= before


def test_a_port_that_is_taken_at_one_address_makes_it_try_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with DnsWorld({}) as taken:
        ports = [taken.port, 0]
        real = sockets._bind_all
        tried: list[int] = []

        def first_the_taken_one(addresses: Any, _: int) -> Any:
            tried.append(ports[len(tried)])
            return real(addresses, tried[-1])

        monkeypatch.setattr(sockets, "_bind_all", first_the_taken_one)
        with DnsWorld({}) as second:
            assert tried == [taken.port, 0]
            assert second.port != taken.port
        monkeypatch.undo()
        with pytest.raises(OSError, match="in use"), DnsWorld({}, port=taken.port):
            pass  # never gets here
