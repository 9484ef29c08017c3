"""How fast the DNS proof of 500 healthy domains is, beside a loop that does nothing but ask.

Both send their queries to the same name servers, in a process of their own on the loopback, which answer from memory:
what is measured is the client. Counted are the queries that went out. The proof sends more of them than there are
questions: it asks every name server of a zone and the resolver, and finds out the zones first.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dns.asyncresolver
from rich.console import Console
from rich.table import Table

from ses_monitor.collect.dns import DnsSettings
from ses_monitor.collect.dns.proof import Run
from ses_monitor.core.dns import DomainProof, Outcome, Question
from simulator.dns.world import DnsWorld
from simulator.embedded_aws.process import REPOSITORY

DOMAINS = 500
ROUNDS = 7
IN_FLIGHT = 64
KEY = "v=DKIM1; k=rsa; p=" + "A" * 392  # as long as a key of 2048 bits


def main() -> int:
    """Measure both in turns and print a table and one JSON document; or, with --serve, be the name servers."""
    if sys.argv[1:] == ["--serve"]:
        _serve()
        return 0
    with _name_servers() as settings:
        _round(settings)  # so that the name servers have every answer in memory
        rounds = [_round(settings) for _ in range(ROUNDS)]
    bare, ours = ([each[key] for each in rounds] for key in ("bare", "proof"))
    result = {
        "domains": DOMAINS,
        "questions": len(questions_of(0)) * DOMAINS,
        "in_flight": IN_FLIGHT,
        "bare_queries_per_s": round(statistics.median(each["per_s"] for each in bare)),
        "proof_queries": ours[0]["queries"],
        "proof_queries_per_s": round(statistics.median(each["per_s"] for each in ours)),
        "proof_s": round(statistics.median(each["s"] for each in ours), 2),
        "ratio": round(statistics.median(each["proof"]["per_s"] / each["bare"]["per_s"] for each in rounds), 2),
    }
    table = Table(title=f"DNS proof of {DOMAINS} healthy domains, {IN_FLIGHT} in flight", title_justify="left")
    for column in ("", "queries", "seconds", "queries/s"):
        table.add_column(column, justify="left" if not column else "right")
    for name, each in (("dns.asyncresolver, bare loop", bare), ("collect.dns.prove", ours)):
        seconds, per_s = (statistics.median(one[key] for one in each) for key in ("s", "per_s"))
        table.add_row(name, f"{each[0]['queries']:.0f}", f"{seconds:.2f}", f"{per_s:.0f}")
    table.add_row("ratio", "", "", f"{result['ratio']:.2f}")
    Console(stderr=True).print(table)
    sys.stdout.write(json.dumps({"schema": 1, "dns_proof": result}, indent=2) + "\n")
    return 0


def questions_of(number: int) -> list[Question]:
    """Return what is asked of one healthy domain."""
    domain = f"shop{number}.example"
    keys = [f"token{key}of{number}._domainkey.{domain}" for key in range(3)]
    return [
        *(Question(key, type_) for key in keys for type_ in ("CNAME", "TXT")),
        Question(f"bounce.{domain}", "MX"),
        Question(f"bounce.{domain}", "TXT"),
        Question(f"_dmarc.{domain}", "TXT"),
    ]


def world() -> Mapping[str, Any]:
    """Return the zones of all domains, and the one in which SES keeps their keys."""
    zones: dict[str, Any] = {"dkim.amazonses.com": {"records": {}}}
    for number in range(DOMAINS):
        tokens = [f"token{key}of{number}" for key in range(3)]
        zones[f"shop{number}.example"] = {
            "records": {
                **{f"{token}._domainkey": {"CNAME": f"{token}.dkim.amazonses.com"} for token in tokens},
                "bounce": {
                    "MX": "10 feedback-smtp.eu-west-1.amazonses.com",
                    "TXT": "v=spf1 include:amazonses.com ~all",
                },
                "_dmarc": {"TXT": "v=DMARC1; p=reject"},
            }
        }
        zones["dkim.amazonses.com"]["records"].update({token: {"TXT": KEY} for token in tokens})
    return {"zones": zones}


def _round(settings: DnsSettings) -> dict[str, dict[str, float]]:
    return {"bare": asyncio.run(_bare(settings)), "proof": asyncio.run(_proof(settings))}


async def _bare(settings: DnsSettings) -> dict[str, float]:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [settings.resolvers[0][0]]
    resolver.port = settings.resolvers[0][1]
    questions = [each for number in range(DOMAINS) for each in questions_of(number)]
    waiting = iter(questions)

    async def work() -> None:
        for question in waiting:
            await resolver.resolve(question.name + ".", question.type)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return _rate(len(questions), time.perf_counter() - started)


async def _proof(settings: DnsSettings) -> dict[str, float]:
    run = Run(settings, {})
    started = time.perf_counter()
    proofs = await run.prove({f"shop{number}.example": questions_of(number) for number in range(DOMAINS)})
    seconds = time.perf_counter() - started
    await run.stop()
    if not all(map(_is_healthy, proofs.values())):
        msg = "not every question was answered: the measurement would be of something else"
        raise RuntimeError(msg)
    return _rate(run.wire.sent, seconds)


def _is_healthy(proof: DomainProof) -> bool:
    outcomes = {
        answer.outcome
        for lookup in proof.lookups.values()
        for answer in (lookup.resolver, *(each.answer for each in lookup.authoritative))
    }
    servers = {len(lookup.authoritative) for lookup in proof.lookups.values()}
    return len(proof.lookups) == len(questions_of(0)) and outcomes == {Outcome.FOUND} and servers == {2}


def _rate(queries: int, seconds: float) -> dict[str, float]:
    return {"queries": queries, "s": seconds, "per_s": queries / seconds}


@contextmanager
def _name_servers() -> Iterator[DnsSettings]:
    command = [sys.executable, "-m", "bench.dns_proof", "--serve"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield DnsSettings.from_environment(json.loads(process.stdout.readline() if process.stdout else ""))
        finally:
            process.terminate()


def _serve() -> None:
    """Answer until the standard input ends."""
    with DnsWorld(world()) as name_servers:
        sys.stdout.write(json.dumps(name_servers.environment()) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    sys.exit(main())
