"""The ways of asking that are measured side by side. Each takes whom to ask and returns what it took."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dns.asyncresolver

from bench.dns_proof.servers import REGION, mail_from_of, name_of, questions_both_ask, questions_of
from ses_monitor import checks
from ses_monitor.collect.dns import DnsSettings
from ses_monitor.collect.dns.proof import Run
from ses_monitor.core.dns import DomainProof, Outcome, Question
from ses_monitor.core.engine import run
from ses_monitor.core.identity import Identity, IdentityKind, MailFrom
from ses_monitor.core.model import Scope, Snapshot
from ses_monitor.core.observed import Known
from simulator.embedded_aws.process import REPOSITORY

IN_FLIGHT = 64
"""What the proof has in flight, and so the bare loop."""
THREADS = 16
"""Of checkdmarc, where it is given more than one; more make it no faster."""
BESIDE = REPOSITORY / ".venvs" / "bench" / "bin" / "python"
BOTH = ("dns.dmarc", "dns.mail_from_records")
"""The checks on what checkdmarc reads too."""


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds, and queries sent."""

    seconds: float
    queries: int


def bare(settings: DnsSettings, domains: int) -> Took:
    """Ask the resolver each question of each domain, and do nothing else."""
    return asyncio.run(_bare(settings, [each for number in range(domains) for each in questions_of(number)]))


def proof(settings: DnsSettings, domains: int) -> Took:
    """Prove the domains."""
    took, _ = asyncio.run(_proven(settings, domains, questions_of))
    return took


def proof_and_checks(settings: DnsSettings, domains: int) -> Took:
    """Prove of each domain what checkdmarc asks too, and check it.

    Raises:
        RuntimeError: a check did not find all well.
    """
    took, proofs = asyncio.run(_proven(settings, domains, questions_both_ask))
    began = time.perf_counter()
    identities = tuple(
        Identity(
            name_of(number),
            IdentityKind.DOMAIN,
            "SUCCESS",
            mail_from=Known(MailFrom(mail_from_of(number), "SUCCESS", "USE_DEFAULT_VALUE")),
            proof=Known(proofs[name_of(number)]),
        )
        for number in range(domains)
    )
    both = [each for each in checks.of_scopes(Scope.IDENTITY) if each.id in BOTH]
    snapshot = Snapshot("111122223333", REGION, datetime.now(UTC), identities=Known(identities))
    evaluations = tuple(run(both, snapshot))
    bad = [each for each in evaluations if each.findings or any(each.missing())]
    if len(evaluations) != len(BOTH) * domains or bad:
        raise RuntimeError(bad[:1] or evaluations[:1])
    return Took(took.seconds + time.perf_counter() - began, took.queries)


def checkdmarc(settings: DnsSettings, domains: int, threads: int = 1) -> Took:
    """Have checkdmarc read and check the same records of the same domains, in a process of its own.

    Raises:
        RuntimeError: it did not find all well.
    """
    [(host, port), *_] = settings.resolvers
    script = Path(__file__).with_name("checkdmarc_beside.py")
    done = subprocess.run(
        [str(BESIDE), str(script), host, str(port), str(threads)],
        input=json.dumps([[name_of(number), mail_from_of(number)] for number in range(domains)]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    if said["wrong"]:
        raise RuntimeError(said)
    return Took(said["s"], said["queries"])


async def _bare(settings: DnsSettings, questions: Sequence[Question]) -> Took:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [settings.resolvers[0][0]]
    resolver.port = settings.resolvers[0][1]
    waiting = iter(questions)

    async def work() -> None:
        for question in waiting:
            await resolver.resolve(question.name + ".", question.type)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    return Took(time.perf_counter() - started, len(questions))


async def _proven(
    settings: DnsSettings, domains: int, questions: Callable[[int], list[Question]]
) -> tuple[Took, dict[str, DomainProof]]:
    asking = Run(settings, {})
    started = time.perf_counter()
    proofs = await asking.prove({name_of(number): questions(number) for number in range(domains)})
    seconds = time.perf_counter() - started
    await asking.stop()
    if not all(_is_healthy(each, len(questions(0))) for each in proofs.values()):
        msg = "not every question was answered: the measurement would be of something else"
        raise RuntimeError(msg)
    return Took(seconds, asking.wire.sent), proofs


def _is_healthy(proof: DomainProof, questions: int) -> bool:
    outcomes = {
        answer.outcome
        for lookup in proof.lookups.values()
        for answer in (lookup.resolver, *(each.answer for each in lookup.authoritative))
    }
    servers = {len(lookup.authoritative) for lookup in proof.lookups.values()}
    return len(proof.lookups) == questions and outcomes == {Outcome.FOUND} and servers == {2}
