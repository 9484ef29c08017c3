"""A record just published is not yet seen by those who asked for it before: nothing is wrong, and waiting helps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from ses_monitor.core import dmarc, regions, spf
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided, bounded
from ses_monitor.core.dns import Answer, Outcome, Question
from ses_monitor.core.identity import Dkim, Identity, IdentityKind, MailFrom
from ses_monitor.core.inquiry import Inquiry, wanted
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

NOT_YET_VISIBLE = Diagnosis(
    tag="NOT_YET_VISIBLE",
    severities=(Severity.INFO,),
    message="{what} of {subject} is published, but not yet visible everywhere: wait until {until}.",
    cause="The name servers have it. The resolver still keeps {kept}, as it may for that long. Asked: {asked}",
    steps=(
        Step("Change nothing and wait; SES looks again by itself."),
        Step("See what a resolver says now:", command="dig {name} {type}"),
    ),
    # Not 2: an hour later it is over as a rule, and each of the two answers is certain by itself.
    open_after=1,
    references=("https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-verification.html",),
)


def judge(identity: Identity, snapshot: Snapshot, inquiry: Inquiry) -> Iterator[Conclusion]:
    """Conclude which of the records that SES and receivers look for the resolver does not show yet."""
    late: list[tuple[str, str, Answer]] = []
    blind = next((each for each in _facts(identity) if isinstance(each, Missing) and _matters(each)), None)
    for name, type_ in _expected(identity):
        asked = inquiry.lookup(name, type_)
        told = asked if isinstance(asked, Missing) else asked.value.told()
        seen = asked if isinstance(asked, Missing) else asked.value.seen()
        if isinstance(told, Missing):
            blind = blind or told
        elif told.value.outcome is not Outcome.FOUND or not _is_it(told.value, type_, name):
            continue
        elif isinstance(seen, Missing):
            blind = blind or seen
        elif not _shows(seen.value, told.value):
            late.append((name, type_, seen.value))
    if late:
        yield _not_yet(identity, snapshot, late, inquiry)
    elif blind is not None:
        yield Undecided(frozenset({NOT_YET_VISIBLE.tag}), blind)


def _facts(identity: Identity) -> tuple[Observed[Dkim], Observed[MailFrom | None], Observed[str]]:
    return identity.dkim, identity.mail_from, identity.txt_token


def _matters(missing: Missing) -> bool:
    return missing.why is not Blindness.NOT_APPLICABLE


def _expected(identity: Identity) -> Iterator[tuple[str, str]]:
    """Yield what the other checks look for too, so that nothing is asked for this one alone."""
    if identity.kind is IdentityKind.DOMAIN:
        yield f"_dmarc.{identity.domain}", "TXT"
    if identity.kind is IdentityKind.DOMAIN and isinstance(identity.dkim, Known):
        dkim = identity.dkim.value
        own_key = isinstance(identity.details, Known) and identity.details.value.dkim_origin == "EXTERNAL"
        if dkim.status != "NOT_STARTED":
            type_ = "TXT" if own_key else "CNAME"
            yield from ((f"{token}._domainkey.{identity.domain}", type_) for token in dkim.tokens)
        if dkim.status != "SUCCESS" and isinstance(identity.txt_token, Known) and identity.txt_token.value:
            yield f"_amazonses.{identity.domain}", "TXT"
    if isinstance(identity.mail_from, Known) and identity.mail_from.value and identity.mail_from.value.domain:
        domain = identity.mail_from.value.domain.lower().rstrip(".")
        yield domain, "MX"
        yield domain, "TXT"


def _is_it(told: Answer, type_: str, name: str) -> bool:
    """Tell whether this is the record itself, and not something else that will be another check's finding."""
    if type_ == "CNAME":
        return any(regions.is_dkim_zone(value.partition(".")[2]) for value in told.values)
    if type_ == "MX":
        return any(regions.region_of_feedback_host(value.partition(" ")[2]) for value in told.values)
    if name.startswith("_dmarc."):
        return bool(dmarc.counting(told.values))
    if name.startswith("_amazonses."):
        return bool(told.values)
    return bool(spf.records_in(told.values)) or any("p=" in value for value in told.values)


def _shows(seen: Answer, told: Answer) -> bool:
    return {value.lower() for value in told.values} <= {value.lower() for value in seen.values}


def _not_yet(
    identity: Identity, snapshot: Snapshot, late: list[tuple[str, str, Answer]], inquiry: Inquiry
) -> Conclusion:
    name, type_, seen = late[0]
    longest = max((answer.ttl or 0 for _, _, answer in late), default=0)
    until = f"{snapshot.taken_at + timedelta(seconds=longest):%Y-%m-%d %H:%M} UTC" if longest else "it forgets the old"
    return NOT_YET_VISIBLE.on(
        snapshot,
        identity.name,
        name=bounded(name),
        type=type_,
        what=bounded(f"{name} {type_}", 270) + (f" (and {len(late) - 1} more)" if len(late) > 1 else ""),
        until=until,
        kept="the older record" if seen.values else "the answer that there is none",
        asked=bounded(inquiry.testimony((name, type_)), 400),
    )


def questions(identity: Identity, snapshot: Snapshot) -> Iterable[Question]:
    """Ask for the records at the names where they belong."""
    return wanted(judge, identity, snapshot)


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude from the proof."""
    return judge(identity, snapshot, Inquiry(identity.proof))


CHECK = Check(
    id="dns.propagation",
    scope=Scope.IDENTITY,
    title="What is published is visible everywhere",
    needs=frozenset(
        {"ses:ListEmailIdentities", "ses:GetIdentityDkimAttributes", "ses:GetIdentityMailFromDomainAttributes"}
    ),
    diagnoses=(NOT_YET_VISIBLE,),
    evaluate=evaluate,
    questions=questions,
)
