"""What the simulated DNS and a real name server (Knot DNS) make of the same zones is told alike."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dns.exception
import dns.message
import dns.query
import pytest

from ses_monitor.collect.dns import DnsSettings, prove_now
from ses_monitor.core.dns import Answer, DomainProof, Outcome, Question
from ses_monitor.core.observed import Known
from simulator.dns.sockets import bind_on_one_port
from simulator.dns.world import DnsWorld
from tests.collect.dns.asking import settings_of

# Servers lie outside what most users have on PATH.
KNOTD = shutil.which("knotd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
pytestmark = pytest.mark.skipif(
    KNOTD is None, reason="needs Knot DNS's knotd: apt-get install knot, dnf install knot, brew install knot"
)
DEADLINE_S = 20.0

Records = Mapping[str, Mapping[str, str | list[str]]]
HOSTS = {
    "ns1.dns.example": "127.0.2.1",
    "ns2.dns.example": "127.0.2.2",
    "ns3.dns.example": "127.0.2.3",
    "down.dns.example": "127.0.2.4",
}
ALL = ("127.0.2.1", "127.0.2.2", "127.0.2.3")
RESOLVER = "127.0.2.3"
"""This one serves every zone, which is all that the reader needs of a resolver."""

HEALTHY: Records = {
    "t1._domainkey": {"CNAME": "t1.dkim.amazonses.com."},
    "t2._domainkey": {"CNAME": "t2.dkim.amazonses.com."},
    "bounce": {"MX": "10 feedback-smtp.eu-west-1.amazonses.com.", "TXT": '"v=spf1 include:amazonses.com ~all"'},
    "_dmarc": {"TXT": '"v=DMARC1; p=reject"'},
}
BROKEN: Records = {
    "t1._domainkey": {"TXT": '"t1.dkim.amazonses.com"'},
    "t2._domainkey.broken.example": {"CNAME": "t2.dkim.amazonses.com."},
    "gone._domainkey": {"CNAME": "gone.dkim.amazonses.com."},
    "bounce": {"MX": ["10 one.example.", "20 two.example."], "TXT": ['"v=spf1 -all"', '"v=spf1 ~all"']},
    "_dmarc": {"TXT": '"v=DMARC1; " "p=none; " "rua=mailto:a@b.example"'},
    "long": {"TXT": " ".join(['"' + "x" * 255 + '"'] * 16)},
    "odd": {"TXT": r'"\228\000\255\\\"end"'},
    "*.wild": {"TXT": '"any"'},
    "chain1": {"CNAME": "chain2.broken.example."},
    "chain2": {"CNAME": "chain3.broken.example."},
    "chain3": {"TXT": '"end"'},
    "astray": {"CNAME": "nowhere.broken.example."},
}
ZONES: Mapping[str, tuple[Records, list[str]]] = {
    "healthy.example": (HEALTHY, ["ns1.dns.example", "ns2.dns.example"]),
    "broken.example": (BROKEN, ["ns1.dns.example", "ns2.dns.example"]),
    "differing.example": (HEALTHY, ["ns1.dns.example", "ns2.dns.example"]),
    "refused.example": (HEALTHY, ["ns1.dns.example", "ns2.dns.example"]),
    "unserved.example": (HEALTHY, ["ns1.dns.example", "down.dns.example", "lost.dns.example"]),
    "cut.example": ({"_dmarc": {"TXT": '"v=DMARC1; p=none"'}}, ["ns1.dns.example"]),
    "_domainkey.cut.example": ({"t1": {"CNAME": "t1.dkim.amazonses.com."}}, ["ns3.dns.example"]),
    "dkim.amazonses.com": ({"t1": {"TXT": '"p=AAAA"'}, "t2": {"TXT": '"p=BBBB"'}}, ["ns3.dns.example"]),
}
NOT_AT_NS2: Mapping[str, Records] = {"differing.example": {"_dmarc": {"TXT": '"v=DMARC1; p=reject"'}}}
REFUSED_BY_NS2 = "refused.example"
DOMAINS = (*(name for name in ZONES if name != "dkim.amazonses.com"), "deep.below.healthy.example")
NAMES = ("t1._domainkey", "t2._domainkey", "gone._domainkey", "t2._domainkey.broken.example", "bounce", "_dmarc", "long", "odd", "a.wild", "chain1", "astray", "nothing", "@")  # fmt: skip


def test_a_real_name_server_and_the_simulated_one_give_the_same_proofs(tmp_path: Path) -> None:
    asked = {domain: list(questions(domain)) for domain in DOMAINS}

    with DnsWorld(simulated()) as simulator:
        from_simulator = prove_now(asked, settings_of(simulator))
    with knot(tmp_path) as settings:
        from_knot = prove_now(asked, settings)

    for domain in DOMAINS:
        real, simulated_ = told(from_knot[domain]), told(from_simulator[domain])
        differing = {what: (real[what], simulated_[what]) for what in real if real[what] != simulated_[what]}
        assert not differing, f"{domain}: (really, simulated)"
    outcomes = {lookup.resolver.outcome for proof in from_knot.values() for lookup in proof.lookups.values()}
    outcomes |= {
        each.answer.outcome
        for proof in from_knot.values()
        for lookup in proof.lookups.values()
        for each in lookup.authoritative
    }
    assert outcomes == {Outcome.FOUND, Outcome.NO_SUCH_NAME, Outcome.NO_SUCH_TYPE, Outcome.REFUSED, Outcome.UNREACHABLE}


def questions(domain: str) -> Iterator[Question]:
    for name in NAMES:
        for type_ in ("CNAME", "TXT", "MX", "A"):
            yield Question(domain if name == "@" else f"{name}.{domain}", type_)


def told(proof: DomainProof) -> dict[object, Any]:
    """What is the same whoever serves the zone: not the addresses, nor how long a no may be kept."""
    zone = proof.zone
    assert isinstance(zone, Known)
    return {
        "at the resolver": proof.at_resolver.outcome,
        "zone": (zone.value.name, [each.name for each in zone.value.servers]),
        "apex": [(each.server, each.answer.outcome) for each in zone.value.apex_answers],
        **{
            (question.name, question.type): [
                said(lookup.resolver),
                *((each.server, said(each.answer)) for each in lookup.authoritative),
            ]
            for question, lookup in proof.lookups.items()
        },
    }


def said(answer: Answer) -> tuple[Outcome, tuple[str, ...], tuple[str, ...]]:
    return answer.outcome, tuple(sorted(answer.values)), answer.aliases


def simulated() -> dict[str, Any]:
    zones: dict[str, Any] = {
        name: {"records": records, "servers": servers} for name, (records, servers) in ZONES.items()
    }
    for zone, records in NOT_AT_NS2.items():
        zones[zone]["says"] = [
            {"server": "ns2.dns.example", "name": name, "type": type_, "values": []}
            for name, node in records.items()
            for type_ in node
        ]
    zones[REFUSED_BY_NS2]["faults"] = [{"kind": "refused", "server": "ns2.dns.example"}]
    states = {"down.dns.example": {"state": "down"}, "lost.dns.example": {"state": "no_address"}}
    return {"zones": zones, "servers": states}


@contextmanager
def knot(folder: Path) -> Iterator[DnsSettings]:
    """Serve the zones by three real servers on one free port."""
    pairs = bind_on_one_port(ALL)
    port = pairs[ALL[0]][0].getsockname()[1]
    for pair in pairs.values():
        for each in pair:
            each.close()
    with ExitStack() as running:
        for address in ALL:
            running.enter_context(knotd(folder / address, address, port))
        yield DnsSettings.from_environment(
            {"SES_MONITOR_RESOLVERS": f"{RESOLVER}:{port}", "SES_MONITOR_DNS_PORT": str(port)}
        )


@contextmanager
def knotd(folder: Path, address: str, port: int) -> Iterator[None]:
    folder.mkdir()
    served = {name: zone_file(name, address) for name in (*ZONES, "example") if serves(address, name)}
    for name, text in served.items():
        (folder / f"{name}.zone").write_text(text, encoding="utf-8")
    configuration = folder / "knot.conf"
    configuration.write_text(
        f'server:\n  rundir: "{folder}"\n  listen: {address}@{port}\n  udp-workers: 1\n  tcp-workers: 1\n'
        f'  background-workers: 1\ndatabase:\n  storage: "{folder}"\nlog:\n  - target: stderr\n    any: warning\n'
        f'template:\n  - id: default\n    storage: "{folder}"\nzone:\n'
        + "".join(f"  - domain: {name}\n" for name in served),
        encoding="utf-8",
    )
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([str(KNOTD), "-c", str(configuration)], stdout=log, stderr=log) as process,
    ):
        try:
            wait_for(process, address, port, next(iter(served)), folder / "log")
            yield
        finally:
            process.terminate()


def serves(address: str, zone: str) -> bool:
    if address == RESOLVER:
        return True
    return (
        zone != "example"
        and address in {HOSTS.get(host) for host in ZONES[zone][1]}
        and not (zone == REFUSED_BY_NS2 and address == HOSTS["ns2.dns.example"])
    )


def zone_file(zone: str, address: str) -> str:
    soa = "ns1.dns.example. hostmaster.dns.example. 1 7200 900 1209600 300"
    if zone == "example":
        hosts = [f"{host}. 300 IN A {where}" for host, where in HOSTS.items()]
        return "\n".join([f"example. 300 IN SOA {soa}", "example. 300 IN NS ns3.dns.example.", *hosts, ""])
    records, servers = ZONES[zone]
    lines = [f"{zone}. 300 IN SOA {soa}", *(f"{zone}. 300 IN NS {host}." for host in servers)]
    for below, (_, hosts) in ZONES.items():
        if below.endswith(f".{zone}"):
            lines += [f"{below}. 300 IN NS {host}." for host in hosts]
    left_out = NOT_AT_NS2.get(zone, {}) if address == HOSTS["ns2.dns.example"] else {}
    for name, node in records.items():
        for type_, values in node.items():
            if type_ not in left_out.get(name, {}):
                lines += [
                    f"{name}.{zone}. 300 IN {type_} {value}"
                    for value in ([values] if isinstance(values, str) else values)
                ]
    return "\n".join([*lines, ""])


def wait_for(process: subprocess.Popen[bytes], address: str, port: int, zone: str, log: Path) -> None:
    """Wait until a server answers for a zone."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if dns.query.udp(dns.message.make_query(zone, "SOA"), address, timeout=0.2, port=port).answer:
                return
        except (TimeoutError, dns.exception.DNSException, OSError):
            continue
    pytest.fail(f"knotd did not serve {zone}: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
