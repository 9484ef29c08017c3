"""DMARC tells receivers what to do with mail that only pretends to be from the domain, and large mailbox providers
refuse bulk mail without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ses_monitor.core import dmarc
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided, bounded
from ses_monitor.core.dns import Question
from ses_monitor.core.domains import parents
from ses_monitor.core.identity import Identity, IdentityKind, MailFrom
from ses_monitor.core.inquiry import Inquiry, wanted
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Known, Missing
from ses_monitor.core.records import Record, to_publish

_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dmarc.html"
_RELATIVE = Step("If the provider's form appends {zone} by itself, enter as the name only: {names}")
_LOOK = Step("See what is published now:", command="dig {name} TXT")


def _record(tag: str, severity: Severity, message: str, cause: str, *steps: Step) -> Diagnosis:
    return Diagnosis(
        tag=tag,
        severities=(severity,),
        message=message,
        cause=cause + " Asked: {asked}",
        steps=(*steps, _RELATIVE, _LOOK),
        open_after=2,
        aspect="record",
        references=(_REFERENCE,),
    )


DMARC_MISSING = _record(
    "DMARC_MISSING",
    Severity.WARNING,
    "{subject} has no DMARC record, nor has a domain above it.",
    "Gmail, Yahoo and Outlook.com ask bulk senders for one, at least with p=none, and refuse or sort out mail"
    " without. {how}",
    Step("At the DNS provider of {zone} publish to begin with, and have reports sent somewhere: {records}"),
)
DMARC_MULTIPLE = _record(
    "DMARC_MULTIPLE",
    Severity.WARNING,
    "{at} has {count} DMARC records: receivers then act as if there was none.",
    "Only one TXT record there may begin with v=DMARC1 (RFC 7489, 6.6.3).",
    Step("At the DNS provider of {zone} keep one of them and take the others away: {records}"),
)
DMARC_INVALID = _record(
    "DMARC_INVALID",
    Severity.WARNING,
    "The DMARC record at {at} is not valid, and receivers ignore it: {how}.",
    "Published is: {found}",
    Step("At the DNS provider of {zone} correct it, such as: {records}"),
)
DMARC_NONE = _record(
    "DMARC_NONE",
    Severity.NOTICE,
    "The DMARC policy for {subject} is none: whoever pretends to be it is reported, not stopped.",
    "The record at {at} says so; p=none is meant for the time of collecting reports.",
    Step("When the reports show that your own mail passes, at the DNS provider of {zone} say: {records}"),
)
DMARC_CANNOT_ALIGN = Diagnosis(
    tag="DMARC_CANNOT_ALIGN",
    severities=(Severity.NOTICE, Severity.WARNING, Severity.ERROR),
    message="The DMARC record at {at} asks of mail from {subject} what SES cannot give: {how}. {effect}",
    cause="SES's MAIL FROM is a subdomain at best, and never equal to the From domain as aspf=s wants it. A signature"
    " is by the identity's domain, which adkim=s wants equal to the From domain, subdomains excluded.",
    steps=(
        Step("At the DNS provider of {zone} ask for relaxed alignment: {records}"),
        _RELATIVE,
        Step("Or send from the identity's own domain only, and keep DKIM signing on."),
        _LOOK,
    ),
    open_after=2,
    aspect="alignment",
    references=(_REFERENCE,),
)
_ABOUT_RECORD = (DMARC_MISSING, DMARC_MULTIPLE, DMARC_INVALID, DMARC_NONE)
_ALL = frozenset(diagnosis.tag for diagnosis in (*_ABOUT_RECORD, DMARC_CANNOT_ALIGN))
_MOST_PARENTS = 7
"""Receivers do not walk further up than this either (DMARCbis, tree walk)."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One domain looked at."""

    identity: Identity
    snapshot: Snapshot
    inquiry: Inquiry

    def on(
        self, diagnosis: Diagnosis, at: str, text: str, *, severity: Severity | None = None, **words: str
    ) -> Conclusion:
        """Conclude something of the record at `at`; `text` is the one to publish instead."""
        name = f"_dmarc.{at}"
        zone = self.inquiry.zone_of(self.identity.domain)
        # What counts may be published further up, in a zone above the one the identity lies in.
        zone = zone if f".{at}".endswith(f".{zone}") else at
        publish = to_publish([Record(name, "TXT", text)], zone)
        finding = diagnosis.on(
            self.snapshot,
            self.identity.name,
            severity=severity,
            at=bounded(name, 260),
            name=bounded(name),
            asked=bounded(self.inquiry.testimony((name, "TXT")), 360),
            zone=publish.zone,
            records=publish.records,
            names=publish.names,
            count=words.get("count", ""),
            effect=words.get("effect", ""),
            found=words.get("found", ""),
            how=words.get("how", ""),
        )
        return publish.kept_in(finding)


def judge(identity: Identity, snapshot: Snapshot, inquiry: Inquiry) -> Iterator[Conclusion]:
    """Conclude on the record in force for the domain, and on what it asks."""
    if identity.kind is not IdentityKind.DOMAIN:
        return
    groundless = inquiry.groundless(identity.domain)
    if groundless is not None:
        yield Undecided(_ALL, groundless)
        return
    found = _in_force(identity.domain, inquiry)
    if isinstance(found, Missing):
        yield Undecided(_ALL, found)
        return
    look = _Look(identity, snapshot, inquiry)
    at, records, spoiled = found
    if spoiled or len(records) > 1:
        yield _about(look, at, (*records, *spoiled))
        return
    if not records:
        yield _missing(look)
        return
    fault = dmarc.fault_of(records[0])
    if fault:
        yield _invalid(look, at, records[0], fault)
        return
    policy = dmarc.policy_of(at, records[0])
    yield from _judge_policy(look, policy)


def _in_force(domain: str, inquiry: Inquiry) -> tuple[str, tuple[str, ...], tuple[str, ...]] | Missing:
    """Return the domain whose record counts, its records, and what was meant as one and is none.

    The domain's own record goes first. Without one that of the organisation counts, which is the one with the
    fewest labels above it (a tree walk, as receivers without a list of public suffixes do it).
    """
    own = _records(domain, inquiry)
    if isinstance(own, Missing) or any(own):
        return own if isinstance(own, Missing) else (domain, *own)
    found = (domain, *own)
    above = list(parents(domain))[-_MOST_PARENTS:]
    answers = [(parent, _records(parent, inquiry)) for parent in above]
    for parent, answer in answers:
        if isinstance(answer, Missing):
            return answer
        if any(answer):
            found = (parent, *answer)
    return found


def _records(domain: str, inquiry: Inquiry) -> tuple[tuple[str, ...], tuple[str, ...]] | Missing:
    told = inquiry.told(f"_dmarc.{domain}", "TXT")
    if isinstance(told, Missing):
        return told
    counting = tuple(dmarc.counting(told.value.values))
    return counting, () if counting else tuple(dmarc.meant(told.value.values))


def _missing(look: _Look) -> Conclusion:
    domain, inquiry = look.identity.domain, look.inquiry
    how = f"Nothing that begins with v=DMARC1 is at _dmarc.{domain}."
    for place in (*inquiry.doubled(f"_dmarc.{domain}", domain), f"dmarc.{domain}"):
        told = inquiry.told(place, "TXT")
        if isinstance(told, Known) and dmarc.counting(told.value.values):
            how = f"One is at {bounded(place, 200)}, where nobody looks."
            break
    return look.on(DMARC_MISSING, domain, _to_begin_with(domain), how=how)


def _about(look: _Look, at: str, records: tuple[str, ...]) -> Conclusion:
    if len(records) > 1:
        valid = next((each for each in records if dmarc.counting([each]) and not dmarc.fault_of(each)), "")
        text = valid if 0 < len(valid) < 300 else _to_begin_with(at)
        return look.on(DMARC_MULTIPLE, at, text, count=str(len(records)))
    how = "it does not begin with v=DMARC1 in exactly these letters, followed by a semicolon"
    return _invalid(look, at, records[0], how)


def _invalid(look: _Look, at: str, record: str, how: str) -> Conclusion:
    found = f'"{bounded(record, 200)}".'
    return look.on(DMARC_INVALID, at, _to_begin_with(at), found=found, how=how)


def _judge_policy(look: _Look, policy: dmarc.Policy) -> Iterator[Conclusion]:
    identity = look.identity
    own = policy.domain == identity.domain
    asks = policy.policy if own else policy.subdomains
    if asks == "none":
        stricter = policy.amended("p" if own or policy.policy == "none" else "sp", "quarantine")
        yield look.on(DMARC_NONE, policy.domain, stricter)
    if not policy.strict_spf and not policy.strict_dkim:
        return
    blind = next((each for each in (identity.dkim, identity.mail_from) if isinstance(each, Missing)), None)
    if blind is not None:
        yield Undecided(frozenset({DMARC_CANNOT_ALIGN.tag}), blind)
        return
    effect = _effect(identity, policy, asks)
    if effect is not None:
        severity, how, words = effect
        relaxed = policy.amended("a(?:dkim|spf)", "r")
        yield look.on(
            DMARC_CANNOT_ALIGN,
            policy.domain,
            relaxed,
            severity=severity,
            how=how,
            effect=words,
        )


def _effect(identity: Identity, policy: dmarc.Policy, asks: str) -> tuple[Severity, str, str] | None:
    dkim, mail_from = identity.dkim.get(), identity.mail_from.get()
    stops = asks != "none"
    signs = dkim.status == "SUCCESS" and dkim.signing_enabled
    if policy.strict_spf and not signs and identity.verification_status == "SUCCESS":
        refused = "Without DKIM nothing aligns: receivers refuse it or sort it out as spam."
        unheeded = "Without DKIM nothing aligns: it will be refused once the policy is more than none."
        return (Severity.ERROR if stops else Severity.WARNING), "aspf=s", refused if stops else unheeded
    if policy.strict_dkim and (policy.strict_spf or not _has_mail_from(mail_from)):
        severity = Severity.WARNING if stops and policy.strict_spf else Severity.NOTICE
        how = "adkim=s and aspf=s" if policy.strict_spf else "adkim=s, without a MAIL FROM domain of its own"
        return severity, how, "Mail with a subdomain in its From, sent under this identity, cannot pass."
    if policy.strict_spf:
        return Severity.NOTICE, "aspf=s", "SPF never aligns: everything rests on the DKIM signature."
    return None


def _has_mail_from(mail_from: MailFrom | None) -> bool:
    return mail_from is not None and mail_from.status == "SUCCESS"


def _to_begin_with(domain: str) -> str:
    return f"v=DMARC1; p=none; rua=mailto:dmarc-reports@{domain}"


def questions(identity: Identity, snapshot: Snapshot) -> Iterable[Question]:
    """Ask for the domain's record; where there is none, for those above it."""
    return wanted(judge, identity, snapshot)


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude from the proof."""
    return judge(identity, snapshot, Inquiry(identity.proof))


CHECK = Check(
    id="dns.dmarc",
    scope=Scope.IDENTITY,
    title="The domain has one valid DMARC record that mail through SES can meet",
    needs=frozenset(
        {"ses:ListEmailIdentities", "ses:GetIdentityDkimAttributes", "ses:GetIdentityMailFromDomainAttributes"}
    ),
    diagnoses=(*_ABOUT_RECORD, DMARC_CANNOT_ALIGN),
    evaluate=evaluate,
    questions=questions,
)
