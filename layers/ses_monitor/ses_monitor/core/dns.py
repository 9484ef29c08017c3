"""What the DNS says, and who says it: answers as facts, so that "not published", "published wrongly", "not yet
visible" and "could not ask" stay four different things. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ses_monitor.core.observed import Blindness, Known, Missing, Observed


class Outcome(StrEnum):
    """How one question to one server ended. The first three are answers, the others are failures to get one."""

    FOUND = "found"
    NO_SUCH_TYPE = "no_such_type"
    """The name exists, without records of this type."""
    NO_SUCH_NAME = "no_such_name"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    BOGUS = "bogus"
    """The resolver fails, and answers once it is told not to validate: DNSSEC is broken."""
    BROKEN = "broken"
    """Garbage, a loop of aliases, or a server that is not authoritative for the zone it was given."""

    @property
    def is_answer(self) -> bool:
        """Whether the server answered the question, also with no."""
        return self in {Outcome.FOUND, Outcome.NO_SUCH_TYPE, Outcome.NO_SUCH_NAME}


@dataclass(frozen=True, slots=True)
class Question:
    """A name and a type, such as ("_dmarc.example.com", "TXT"). Names are lower case, without the final dot."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    `values` in presentation form: host names without the final dot and in the case they were given, TXT strings
    joined, MX as "10 host". `aliases` are the CNAME targets followed on the way. `ttl` is in seconds: of the
    records, or for a no how long it may be kept (RFC 2308).
    """

    outcome: Outcome
    values: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    ttl: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What one authoritative server answered. `server` is its name, `address` where it was asked."""

    server: str
    address: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question, put to every authoritative server of its zone and to the resolver."""

    question: Question
    authoritative: tuple[ServerAnswer, ...]
    resolver: Answer

    @property
    def answered(self) -> tuple[ServerAnswer, ...]:
        """The authoritative servers that answered, with yes or no."""
        return tuple(each for each in self.authoritative if each.answer.outcome.is_answer)

    @property
    def disagree(self) -> bool:
        """Whether authoritative servers that answered say different things; order and case do not count."""
        return len({_said(each.answer) for each in self.answered}) > 1

    def told(self) -> Observed[Answer]:
        """Return what the zone's own servers say with one voice.

        Missing where they disagree (that is a finding of its own), and where none of them answered: a silent or
        failing server never means that a record is missing.
        """
        if self.disagree:
            reason = f"the name servers disagree about {self.question.name} {self.question.type}"
            return Missing(Blindness.NOT_APPLICABLE, reason)
        if self.answered:
            return Known(self.answered[0].answer)
        said = ", ".join(f"{each.server}: {each.answer.outcome}" for each in self.authoritative) or "none was found"
        why = Blindness.TIMED_OUT if _all_silent(self.authoritative) else Blindness.SERVICE_ERROR
        return Missing(why, f"no name server answered {self.question.name} {self.question.type} ({said})")

    def seen(self) -> Observed[Answer]:
        """Return what the resolver says, or why it could not be asked."""
        if self.resolver.outcome.is_answer:
            return Known(self.resolver)
        why = Blindness.TIMED_OUT if self.resolver.outcome is Outcome.TIMED_OUT else Blindness.SERVICE_ERROR
        what = f"{self.question.name} {self.question.type}"
        return Missing(why, f"the resolver did not answer {what} ({self.resolver.outcome})")


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name server of a zone; without addresses it cannot be asked."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Zone:
    """The zone a name lies in, as the resolver leads to it, and how each of its servers answers for its apex.

    `apex_answers` are the answers to the SOA of `name`: one that is none shows a lame delegation.
    """

    name: str
    servers: tuple[NameServer, ...]
    apex_answers: tuple[ServerAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class DomainProof:
    """What was learned of one domain. `at_resolver` is the resolver's answer to the SOA of the domain itself.

    `zone` is missing where it could not be found out; `lookups` holds what was asked so far.
    """

    domain: str
    at_resolver: Answer
    zone: Observed[Zone]
    lookups: Mapping[Question, Lookup] = field(default_factory=dict)

    def lookup(self, name: str, type_: str) -> Observed[Lookup]:
        """Return one lookup; missing when it was not asked."""
        question = Question(name.lower().rstrip("."), type_)
        found = self.lookups.get(question)
        if found is None:
            return Missing(Blindness.NOT_APPLICABLE, f"{question.name} {question.type} was not asked")
        return Known(found)


def _said(answer: Answer) -> tuple[str, frozenset[str]]:
    return answer.outcome.value, frozenset(value.lower() for value in answer.values)


def _all_silent(answers: tuple[ServerAnswer, ...]) -> bool:
    silent = {Outcome.TIMED_OUT, Outcome.UNREACHABLE}
    return bool(answers) and all(each.answer.outcome in silent for each in answers)
