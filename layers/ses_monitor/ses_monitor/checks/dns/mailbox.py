"""SES verifies a single address by a mail to it: where no mail can arrive, waiting and sending it again help nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided, bounded
from ses_monitor.core.dns import Answer, Outcome, Question
from ses_monitor.core.identity import Identity, IdentityKind
from ses_monitor.core.inquiry import Inquiry, wanted
from ses_monitor.core.misspelling import meant
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Missing, Observed

_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html"
_DELETE = Step(
    "Delete this identity:",
    command="aws sesv2 delete-email-identity --region {region} --email-identity {subject}",
)

MAILBOX_CANNOT_RECEIVE = Diagnosis(
    tag="MAILBOX_CANNOT_RECEIVE",
    severities=(Severity.WARNING,),
    message="SES cannot reach {subject} to verify it: {domain} {how}.",
    cause="The verification mail cannot arrive, so nobody can open its link. Asked: {asked}",
    steps=(
        Step("If the address is misspelt, verify the right one instead and delete this one."),
        Step(
            "If the domain is yours: give it an MX record, or verify the whole domain by DKIM, which needs no mail:",
            command="aws sesv2 create-email-identity --region {region} --email-identity {domain}",
        ),
        _DELETE,
        Step("See whether it takes mail now:", command="dig {domain} MX"),
    ),
    open_after=2,
    aspect="mail",
    references=(_REFERENCE,),
)
ADDRESS_LOOKS_MISSPELT = Diagnosis(
    tag="ADDRESS_LOOKS_MISSPELT",
    severities=(Severity.NOTICE,),
    message="The address {subject} looks misspelt: {how}.",
    cause="It was entered by hand and has not been verified; the verification mail may have gone to somebody else, or"
    " to nobody.",
    steps=(
        Step(
            "If it is misspelt, verify the right address:",
            command="aws sesv2 create-email-identity --region {region} --email-identity {rather}",
        ),
        _DELETE,
    ),
    open_after=2,
    aspect="spelling",
    references=(_REFERENCE,),
)
_WAITING = frozenset({"PENDING", "FAILED"})
"""Also after the link has expired: what kept the mail away then still does, and asking anew would fail again."""


def judge(identity: Identity, snapshot: Snapshot, inquiry: Inquiry) -> Iterator[Conclusion]:
    """Conclude whether an address that is not verified yet can be, and whether it is what was meant."""
    if identity.kind is not IdentityKind.EMAIL_ADDRESS or identity.verification_status not in _WAITING:
        return
    domain = identity.domain
    rather = meant(domain)
    if rather:
        yield _misspelt(identity, snapshot, f"{domain} is one slip away from {rather}", rather)
    mail = inquiry.told(domain, "MX")
    if isinstance(mail, Missing):
        tags = {MAILBOX_CANNOT_RECEIVE.tag} | (set() if rather else {ADDRESS_LOOKS_MISSPELT.tag})
        yield Undecided(frozenset(tags), mail)
        return
    if not rather and (mail.value.outcome is Outcome.NO_SUCH_NAME or inquiry.absent(domain)):
        yield _misspelt(identity, snapshot, f"there is no domain {domain}", "ADDRESS")
    how = _cannot_receive(domain, mail.value, inquiry)
    if isinstance(how, Missing):
        yield Undecided(frozenset({MAILBOX_CANNOT_RECEIVE.tag}), how)
    elif how:
        yield MAILBOX_CANNOT_RECEIVE.on(
            snapshot,
            identity.name,
            domain=bounded(domain),
            how=how,
            asked=bounded(inquiry.testimony((domain, "MX"), (domain, "A"), (domain, "AAAA")), 400),
        )


def _misspelt(identity: Identity, snapshot: Snapshot, how: str, rather: str) -> Conclusion:
    local = identity.name.rpartition("@")[0]
    address = f"{local}@{rather}" if "." in rather else rather
    return ADDRESS_LOOKS_MISSPELT.on(snapshot, identity.name, how=bounded(how, 300), rather=bounded(address, 320))


def _cannot_receive(domain: str, mail: Answer, inquiry: Inquiry) -> str | Missing:
    if mail.outcome is Outcome.NO_SUCH_NAME:
        return "does not exist"
    if mail.outcome is Outcome.FOUND:
        null = all(value.partition(" ")[2].strip(" .") == "" for value in mail.values)
        return "says that it takes no mail (a null MX)" if null and mail.values else ""
    # Without an MX mail goes to the address of the domain itself (RFC 5321, 5.1).
    addresses: list[Observed[Answer]] = [inquiry.told(domain, type_) for type_ in ("A", "AAAA")]
    for each in addresses:
        if not isinstance(each, Missing) and each.value.values:
            return ""
    blind = next((each for each in addresses if isinstance(each, Missing)), None)
    return blind or "has neither an MX nor an address record"


def questions(identity: Identity, snapshot: Snapshot) -> Iterable[Question]:
    """Ask for the MX of an address that is not verified; without one for the domain's addresses."""
    return wanted(judge, identity, snapshot)


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude from the proof."""
    return judge(identity, snapshot, Inquiry(identity.proof))


CHECK = Check(
    id="dns.mailbox",
    scope=Scope.IDENTITY,
    title="An address that waits for its verification can receive it",
    needs=frozenset({"ses:ListEmailIdentities"}),
    diagnoses=(MAILBOX_CANNOT_RECEIVE, ADDRESS_LOOKS_MISSPELT),
    evaluate=evaluate,
    questions=questions,
)
