"""A small DNS on paper: what it publishes, who fails at what, and the proofs that come of asking it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from ses_monitor import checks
from ses_monitor.core.dns import Answer, DomainProof, Lookup, NameServer, Outcome, Question, ServerAnswer, Zone
from ses_monitor.core.identity import Identity
from ses_monitor.core.model import Scope, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from tests.build import SENDER, with_identity

ROUNDS = 3
SERVERS = (NameServer("ns1.dns.example", ("192.0.2.1",)), NameServer("ns2.dns.example", ("198.51.100.2",)))
KEY = "p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"
"""What SES keeps behind a token, or enough of it: this key is SES's own business."""
NO_SUCH_NAME = Answer(Outcome.NO_SUCH_NAME, ttl=900)
NO_SUCH_TYPE = Answer(Outcome.NO_SUCH_TYPE, ttl=900)
FAILURES = (Outcome.TIMED_OUT, Outcome.UNREACHABLE, Outcome.SERVFAIL, Outcome.REFUSED, Outcome.BOGUS, Outcome.BROKEN)

Records = Mapping[tuple[str, str], tuple[str, ...]]
Rule = tuple[str, str, Answer]
"""A pattern for names, a type or "*", and what is answered instead of what is published."""


def said(*values: str, aliases: tuple[str, ...] = ()) -> Answer:
    return Answer(Outcome.FOUND, values, aliases, ttl=300)


def failing(outcome: Outcome, name: str = "*", type_: str = "*") -> Rule:
    return name, type_, Answer(outcome)


@dataclass(frozen=True, slots=True)
class Dns:
    """What is published, by name and type, in one `zone` and outside it.

    A name that begins with `*.` is a wildcard. `at` overrides what single servers say, `everywhere` what all of them
    say, `resolver` what the resolver says.
    """

    records: Records
    zone: str = "example.com"
    everywhere: tuple[Rule, ...] = ()
    at: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    resolver: tuple[Rule, ...] = ()
    servers: tuple[NameServer, ...] = SERVERS
    no_zone: Missing | None = None

    def without(self, *keys: tuple[str, str]) -> "Dns":
        return replace(self, records={key: values for key, values in self.records.items() if key not in keys})

    def having(self, records: Records) -> "Dns":
        return replace(self, records={**self.records, **records})

    def moved(self, old: tuple[str, str], new: tuple[str, str], *values: str) -> "Dns":
        return self.without(old).having({new: values or self.records[old]})

    def answer(self, question: Question) -> Answer:
        """What a resolver finds that follows aliases to their end."""
        name, aliases = question.name, list[str]()
        while True:
            values = self._at(name, question.type)
            if values:
                return said(*values, aliases=tuple(aliases))
            alias = self._at(name, "CNAME")
            if not alias:
                nothing = NO_SUCH_TYPE if self._exists(name) else NO_SUCH_NAME
                return replace(nothing, aliases=tuple(aliases))
            aliases.append(alias[0])
            name = alias[0].lower()
            if len(aliases) > 9:
                return Answer(Outcome.BROKEN, aliases=tuple(aliases), detail="a loop")

    def authority(self, server: str, question: Question) -> Answer:
        """What one server of the zone says: of a name outside it nothing."""
        for rules in (self.at.get(server, ()), self.everywhere):
            found = _ruled(rules, question)
            if found is not None:
                return found
        whole = self.answer(question)
        if whole.aliases and not whole.aliases[0].lower().endswith(self.zone):
            return replace(whole, outcome=Outcome.FOUND, values=(), aliases=whole.aliases[:1])
        return whole

    def seen(self, question: Question) -> Answer:
        return _ruled(self.resolver, question) or self.answer(question)

    def lookup(self, question: Question) -> Lookup:
        told = tuple(
            ServerAnswer(server.name, address, self.authority(server.name, question))
            for server in self.servers
            for address in server.addresses
        )
        return Lookup(question, told, self.seen(question))

    def prove(self, domain: str, asked: Iterable[Question] = ()) -> DomainProof:
        soa = Question(self.zone, "SOA")
        apex = tuple(
            ServerAnswer(server.name, address, self.authority(server.name, soa))
            for server in self.servers
            for address in server.addresses
        )
        found = Zone(self.zone, self.servers, apex)
        return DomainProof(
            domain=domain,
            at_resolver=self.seen(Question(domain, "SOA")),
            zone=self.no_zone or Known(found),
            lookups={question: self.lookup(question) for question in asked},
        )

    def _at(self, name: str, type_: str) -> tuple[str, ...]:
        exact = self.records.get((name, type_))
        if exact or self._there(name):
            return exact or ()
        return next((self.records.get((wild, type_), ()) for wild in self._wildcards(name)), ())

    def _there(self, name: str) -> bool:
        return any(known == name or known.endswith(f".{name}") for known, _ in self.records)

    def _wildcards(self, name: str) -> Iterable[str]:
        """The wildcard of the closest name above that is there (RFC 4592)."""
        while "." in name:
            name = name.partition(".")[2]
            if any(known == f"*.{name}" for known, _ in self.records):
                yield f"*.{name}"
            if self._there(name):
                return

    def _exists(self, name: str) -> bool:
        return self._there(name) or any(True for _ in self._wildcards(name))


def _ruled(rules: Iterable[Rule], question: Question) -> Answer | None:
    return next(
        (
            answer
            for pattern, type_, answer in rules
            if fnmatchcase(question.name, pattern) and type_ in {"*", question.type}
        ),
        None,
    )


def zone_records(zone: str) -> dict[tuple[str, str], tuple[str, ...]]:
    return {
        (zone, "SOA"): ("ns1.dns.example hostmaster.dns.example 2026051201 7200 3600 1209600 900",),
        (zone, "NS"): tuple(server.name for server in SERVERS),
    }


def healthy_dns(identity: Identity, zone: str = "example.com", key_zone: str = "dkim.amazonses.com") -> Dns:
    """Everything that such an identity needs, published as SES's console says."""
    domain = identity.domain
    records = zone_records(zone) | {(f"_dmarc.{domain}", "TXT"): ("v=DMARC1; p=reject; rua=mailto:d@example.net",)}
    records[domain, "A"] = ("203.0.113.80",)
    records[domain, "MX"] = ("10 mx.example.net",)
    if isinstance(identity.dkim, Known):
        for token in identity.dkim.value.tokens:
            records[f"{token}._domainkey.{domain}", "CNAME"] = (f"{token}.{key_zone}",)
            records[f"{token}.{key_zone}", "TXT"] = (KEY,)
    mail_from = identity.mail_from.value if isinstance(identity.mail_from, Known) else None
    if mail_from is not None:
        records[mail_from.domain, "MX"] = ("10 feedback-smtp.eu-west-1.amazonses.com",)
        records[mail_from.domain, "TXT"] = ("v=spf1 include:amazonses.com ~all",)
    return Dns(records, zone)


def proven(identity: Identity, dns: Dns, base: Snapshot = SENDER) -> Identity:
    """Ask this DNS what the checks want to know, in rounds as the audit does, and add the proof to the identity."""
    asking = [check for check in checks.of_scopes(Scope.IDENTITY) if check.questions is not None]
    asked: dict[Question, None] = {}
    subject = identity
    for _ in range(ROUNDS):
        new = {question: None for check in asking for question in (check.questions or _none)(subject, base)}
        if not new.keys() - asked.keys():
            break
        asked |= new
        subject = replace(identity, proof=Known(dns.prove(identity.domain, asked)))
    return replace(identity, proof=Known(dns.prove(identity.domain, asked)))


def _none(_: Any, __: Any) -> tuple[Question, ...]:
    return ()


def with_dns(dns: Dns | None = None, like: Identity | None = None, base: Snapshot = SENDER, **facts: Any) -> Snapshot:
    """A region with this one identity, and what the DNS says of it; all is well unless something is changed."""
    [first, *_] = SENDER.identities.get()
    identity = replace(like or first, **facts)
    return with_identity(proven(identity, dns or healthy_dns(identity), base), base=base)


NO_PROOF = Missing(Blindness.TIMED_OUT, "no resolver answered")
