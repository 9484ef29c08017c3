"""Who was asked in the DNS, and what each answered: the evidence behind the findings of `dns`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.text import Text

from ses_monitor.alerts.words import counted, line
from ses_monitor.core.dns import Answer, DomainProof, Lookup, Outcome, ServerAnswer
from ses_monitor.core.observed import Missing

WORDS: Mapping[Outcome, str] = {
    Outcome.FOUND: "an empty answer",
    Outcome.NO_SUCH_TYPE: "no record of this type",
    Outcome.NO_SUCH_NAME: "no such name",
    Outcome.TIMED_OUT: "no answer in time",
    Outcome.UNREACHABLE: "not reachable",
    Outcome.SERVFAIL: "it failed (SERVFAIL)",
    Outcome.REFUSED: "it refused (REFUSED)",
    Outcome.BOGUS: "DNSSEC is broken",
    Outcome.BROKEN: "no usable answer",
}
MOST_SERVERS = 4
"""Servers named beside an answer; more are counted."""
LONGEST_VALUE = 300
"""Characters shown of a record: enough for any of SES's, too little to flood a terminal."""
LONGEST_KEY = 40
"""Characters shown of a key; nobody reads one."""


def print_proof(console: Console, proof: DomainProof) -> None:
    """Print the zone and its servers, then each question with its answers and who gave them."""
    _print_zone(console, proof)
    for lookup in sorted(proof.lookups.values(), key=_order):
        console.print(Text(f"{line(lookup.question.name, 253)} {line(lookup.question.type, 10)}"), soft_wrap=True)
        for answer, who in _voices(lookup).items():
            _print_answer(console, answer, who)


def _print_zone(console: Console, proof: DomainProof) -> None:
    if isinstance(proof.zone, Missing):
        console.print(Text(line(proof.zone.reason, 300), "yellow"))
        return
    zone = proof.zone.value
    console.print(Text(f"Zone {line(zone.name, 253)} at {counted(len(zone.servers), 'name server')}:"))
    failed = {
        (each.server, each.address): each.answer for each in zone.apex_answers if not each.answer.outcome.is_answer
    }
    for server in zone.servers:
        name = line(server.name, 253)
        if not server.addresses:
            console.print(Text(f"  {name}  it has no address", "yellow"), soft_wrap=True)
        for address in server.addresses:
            wrong = failed.get((server.name, address))
            told = "" if wrong is None else f"  {_said(wrong)}"
            text = Text.assemble(f"  {name}  ", (line(address, 60), "dim"), (told, "yellow"))
            console.print(text, soft_wrap=True)


def _voices(lookup: Lookup) -> dict[str, list[str]]:
    """Map each distinct answer to who gave it, the zone's own servers before the resolver."""
    voices: dict[str, list[str]] = {}
    several = _several_addresses(lookup.authoritative)
    for each in lookup.authoritative:
        who = f"{each.server} {each.address}" if each.server in several else each.server
        voices.setdefault(_said(each.answer), []).append(line(who, 300))
    voices = {said: _named(names, alone=len(voices) == 1) for said, names in voices.items()}
    voices.setdefault(_said(lookup.resolver), []).append("resolver")
    return voices


def _several_addresses(answers: Iterable[ServerAnswer]) -> set[str]:
    names = [each.server for each in answers]
    return {name for name in names if names.count(name) > 1}


def _named(who: list[str], *, alone: bool) -> list[str]:
    if alone and len(who) > 1:
        return ["both servers" if len(who) == 2 else f"all {len(who)} servers"]
    if len(who) > MOST_SERVERS:
        return [*who[: MOST_SERVERS - 1], f"{len(who) - MOST_SERVERS + 1} more"]
    return who


def _said(answer: Answer) -> str:
    if answer.outcome is not Outcome.FOUND or not answer.values:
        detail = f": {line(answer.detail, 120)}" if answer.detail else ""
        return WORDS[answer.outcome] + detail
    # In one order, whatever order each server chose.
    return "\n".join(sorted(line(value, LONGEST_KEY if _is_key(value) else LONGEST_VALUE) for value in answer.values))


def _is_key(value: str) -> bool:
    return value.startswith(("p=", "v=DKIM1", "k="))


def _print_answer(console: Console, said: str, who: list[str]) -> None:
    told = f"({', '.join(who)})"
    rows = said.split("\n")
    for row in rows[:-1]:
        console.print(Text(f"    {row}"), soft_wrap=True)
    last = f"    {rows[-1]}"
    if len(last) + 2 + len(told) <= console.width:
        console.print(Text.assemble(last, "  ", (told, "dim")), soft_wrap=True)
        return
    console.print(Text(last), soft_wrap=True)
    for part in Text(told, "dim").wrap(console, console.width - 6):
        part.rstrip()
        console.print(Text("      "), part, sep="", soft_wrap=True)


def _order(lookup: Lookup) -> tuple[str, ...]:
    name, _, rest = lookup.question.name.partition(".")
    return (rest, name, lookup.question.type)
