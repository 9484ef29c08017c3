"""How fast the DNS proof of healthy domains is, beside a loop that does nothing but ask, and beside checkdmarc.

All send their queries to the same name servers, in a process of their own on the loopback, which answer from memory:
what is measured is the client. Queries that went out are counted. The proof sends more of them than there are
questions: it asks every name server of a zone and the resolver, and finds out the zones first.

Beside checkdmarc, ours reads and checks only what checkdmarc reads too: MX and SPF of the MAIL FROM domain, and DMARC.
checkdmarc asks the resolver alone, and works through its domains one after the other, as its own `check_domains` does;
in the details it also has threads. It also reads DNSSEC, MTA-STS, TLS-RPT and BIMI, which is left out here. It is asked
about 100 and 1,000 domains only. Without `.venvs/bench` (`make venv-bench`) there are no lines for it.

Rounds alternate. There is only one of 5,000 domains, which takes as long as all others together.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from bench.dns_proof.servers import name_servers, questions_both_ask, questions_of
from bench.dns_proof.ways import BESIDE, IN_FLIGHT, THREADS, Took, bare, checkdmarc, proof, proof_and_checks
from bench.measuring import Line, Result, in_turns, median, show
from ses_monitor.collect.dns import DnsSettings

SIZES: Mapping[int, int] = {10: 21, 100: 9, 1_000: 5, 5_000: 1}
"""Domains, and rounds."""
BESIDE_CHECKDMARC: Mapping[int, int] = {100: 9, 1_000: 5}
BARE, PROOF, BOTH, CHECKDMARC, IN_THREADS = (
    "bare loop",
    "proof",
    "proof and checks of what both read",
    "checkdmarc",
    "checkdmarc in threads",
)
SHOWN = 1_000

Rounds = Mapping[str, Sequence[Took]]


def measure() -> Result:
    """Measure the ways in turns."""
    with name_servers(max(SIZES)) as settings:
        # Once before, so that the name servers have every answer in memory.
        bare(settings, max(SIZES))
        proof(settings, max(SIZES))
        alone = {domains: _rounds(settings, domains, rounds) for domains, rounds in SIZES.items()}
        beside = {}
        if BESIDE.exists():
            beside = {domains: _beside(settings, domains, rounds) for domains, rounds in BESIDE_CHECKDMARC.items()}
    lines = [
        *(line for domains, rounds in alone.items() for line in _of_proof(domains, rounds)),
        *(_of_both(domains, rounds) for domains, rounds in beside.items()),
    ]
    details: dict[str, Any] = {
        "in_flight": IN_FLIGHT,
        "threads_of_checkdmarc": THREADS,
        "questions_a_domain": len(questions_of(0)),
        "questions_a_domain_that_both_ask": len(questions_both_ask(0)),
        "proof": {str(domains): _details(domains, rounds) for domains, rounds in alone.items()},
        "beside_checkdmarc": {str(domains): _details(domains, rounds) for domains, rounds in beside.items()}
        or "left out: .venvs/bench is not there (make venv-bench)",
    }
    return Result("dns_proof", "The DNS proof of healthy domains", lines, details)


def _rounds(settings: DnsSettings, domains: int, rounds: int) -> Rounds:
    ways = {BARE: bare, PROOF: proof}
    return in_turns({name: partial(way, settings, domains) for name, way in ways.items()}, rounds)


def _beside(settings: DnsSettings, domains: int, rounds: int) -> Rounds:
    ways: Mapping[str, Callable[[], Took]] = {
        BOTH: partial(proof_and_checks, settings, domains),
        CHECKDMARC: partial(checkdmarc, settings, domains),
        IN_THREADS: partial(checkdmarc, settings, domains, THREADS),
    }
    ways[BOTH]()  # once before, as above
    ways[CHECKDMARC]()
    return in_turns(ways, rounds)


def _of_proof(domains: int, rounds: Rounds) -> Iterable[Line]:
    shown = domains == SHOWN
    yield Line(
        f"DNS proof: {domains:,} domains",
        "queries/s",
        _queries_a_second(rounds[PROOF]),
        _queries_a_second(rounds[BARE]),
        f"a bare loop of dns.asyncresolver, {IN_FLIGHT} in flight",
        shown=shown,
    )
    yield Line(f"DNS proof: {domains:,} domains", "domains/s", _domains_a_second(domains, rounds[PROOF]), shown=shown)


def _of_both(domains: int, rounds: Rounds) -> Line:
    return Line(
        f"DNS proof and checks of MX, SPF and DMARC: {domains:,} domains",
        "domains/s",
        _domains_a_second(domains, rounds[BOTH]),
        _domains_a_second(domains, rounds[CHECKDMARC]),
        "checkdmarc, which asks the resolver alone",
        shown=domains == SHOWN,
    )


def _details(domains: int, rounds: Rounds) -> dict[str, Any]:
    return {
        name: {
            "rounds": len(took),
            "s": median([each.seconds for each in took]),
            "queries": median([each.queries for each in took]),
            "queries_per_s": _queries_a_second(took),
            "domains_per_s": _domains_a_second(domains, took),
        }
        for name, took in rounds.items()
    }


def _queries_a_second(took: Sequence[Took]) -> float:
    return median([each.queries / each.seconds for each in took])


def _domains_a_second(domains: int, took: Sequence[Took]) -> float:
    return median([domains / each.seconds for each in took])


if __name__ == "__main__":
    sys.exit(show(measure()))
