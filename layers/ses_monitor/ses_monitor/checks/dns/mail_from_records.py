"""A custom MAIL FROM domain needs one MX, to SES and to nobody else, and an SPF record: without the first SES stops
using it at once, without the second receivers do not believe it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ses_monitor.core import regions, spf
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided, bounded
from ses_monitor.core.dns import Answer, Question
from ses_monitor.core.identity import Identity, MailFrom
from ses_monitor.core.inquiry import Inquiry, in_words, wanted
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.records import Record, to_publish

_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/mail-from.html"
_SPF = "v=spf1 include:amazonses.com ~all"
_RELATIVE = Step("If its form appends {zone} by itself, enter as the name only: {names}")
_STARTED_ANEW = Step(
    "If SES says FAILED by then, it looks no more: once the record is right, set the domain anew:",
    command="aws sesv2 put-email-identity-mail-from-attributes --region {region} --email-identity {subject}"
    " --mail-from-domain {domain} --behavior-on-mx-failure {on_mx_failure}",
)


def _mx(tag: str, message: str, cause: str, first: Step) -> Diagnosis:
    return Diagnosis(
        tag=tag,
        severities=(Severity.WARNING, Severity.ERROR),
        message=message + " {effect}",
        cause=cause + " Asked: {asked}",
        steps=(first, _RELATIVE, _STARTED_ANEW, Step("See what is published now:", command="dig {domain} MX")),
        open_after=2,
        aspect="mx",
        references=(_REFERENCE,),
    )


def _spf(tag: str, message: str, cause: str, first: Step) -> Diagnosis:
    return Diagnosis(
        tag=tag,
        severities=(Severity.WARNING,),
        message=message + " Receivers cannot tell by SPF that SES may send for it.",
        cause=cause + " Asked: {asked}",
        steps=(first, _RELATIVE, Step("See what is published now:", command="dig {domain} TXT")),
        open_after=2,
        aspect="spf",
        references=(_REFERENCE,),
    )


MAIL_FROM_MX_MISSING = _mx(
    "MAIL_FROM_MX_MISSING",
    "The MAIL FROM domain {domain} of {subject} has no MX record.",
    "SES takes bounces there, and uses a MAIL FROM domain only while its MX leads there. {how}",
    Step("At the DNS provider of {zone} publish, exactly: {records}"),
)
MAIL_FROM_MX_EXTRA = _mx(
    "MAIL_FROM_MX_EXTRA",
    "The MAIL FROM domain {domain} of {subject} has {count} MX records; SES accepts exactly one.",
    "Somebody receives mail under the same name ({found}): a MAIL FROM domain must be used for nothing else.",
    Step("At the DNS provider of {zone} take all of them away but: {records}"),
)
MAIL_FROM_MX_WRONG = _mx(
    "MAIL_FROM_MX_WRONG",
    "The MX record of the MAIL FROM domain {domain} of {subject} does not lead to SES.",
    "{how}",
    Step("At the DNS provider of {zone} correct it to, exactly: {records}"),
)
MAIL_FROM_SPF_MISSING = _spf(
    "MAIL_FROM_SPF_MISSING",
    "The MAIL FROM domain {domain} of {subject} has no SPF record.",
    "SPF is looked up at the MAIL FROM domain itself; a record of the domain above it does not count.",
    Step("At the DNS provider of {zone} publish, exactly: {records}"),
)
MAIL_FROM_SPF_MULTIPLE = _spf(
    "MAIL_FROM_SPF_MULTIPLE",
    "The MAIL FROM domain {domain} of {subject} has {count} SPF records, which is an error to every receiver.",
    "A name may have one TXT record that begins with v=spf1, and no more (RFC 7208, 3.2): {found}.",
    Step("At the DNS provider of {zone} make them one, such as: {records}"),
)
MAIL_FROM_SPF_LACKS_SES = _spf(
    "MAIL_FROM_SPF_LACKS_SES",
    "The SPF record of the MAIL FROM domain {domain} of {subject} does not name SES.",
    "It says {found}. Without include:amazonses.com, before its all, SES may not send for the domain.",
    Step("At the DNS provider of {zone} add include:amazonses.com to it, or have only: {records}"),
)
_MX = (MAIL_FROM_MX_MISSING, MAIL_FROM_MX_EXTRA, MAIL_FROM_MX_WRONG)
_SPFS = (MAIL_FROM_SPF_MISSING, MAIL_FROM_SPF_MULTIPLE, MAIL_FROM_SPF_LACKS_SES)


def judge(identity: Identity, snapshot: Snapshot, inquiry: Inquiry) -> Iterator[Conclusion]:
    """Conclude on the MX and on the SPF record, each on its own."""
    mail_from = identity.mail_from.get()
    if mail_from is None or not mail_from.domain:
        return
    domain = mail_from.domain.lower().rstrip(".")
    inquiry.lookup(domain, "TXT")
    groundless = inquiry.groundless(identity.domain)
    if groundless is not None:
        yield Undecided(_tags((*_MX, *_SPFS)), groundless)
        return
    yield from _judge_mx(identity, snapshot, mail_from, domain, inquiry)
    yield from _judge_spf(identity, snapshot, domain, inquiry)


def _judge_mx(
    identity: Identity, snapshot: Snapshot, mail_from: MailFrom, domain: str, inquiry: Inquiry
) -> Iterator[Conclusion]:
    told = inquiry.told(domain, "MX")
    if isinstance(told, Missing):
        yield Undecided(_tags(_MX), told)
        return
    hosts = sorted({value.lower() for value in told.value.values})
    if len(hosts) == 1 and regions.region_of_feedback_host(_host(hosts[0])) is not None:
        return
    found, how = in_words(told.value, "MX"), ""
    if not hosts:
        diagnosis, how = MAIL_FROM_MX_MISSING, _gone_to(domain, identity, inquiry)
    elif len(hosts) > 1:
        diagnosis = MAIL_FROM_MX_EXTRA
    elif snapshot.region.startswith("eusc-"):
        reason = "AWS does not tell the host of this region"
        yield Undecided(_tags((MAIL_FROM_MX_WRONG,)), Missing(Blindness.NOT_APPLICABLE, reason))
        return
    else:
        diagnosis, how = MAIL_FROM_MX_WRONG, _how_wrong(_host(hosts[0]), domain, inquiry)
    reject = mail_from.on_mx_failure == "REJECT_MESSAGE"
    right = next((host for value in hosts if regions.region_of_feedback_host(host := _host(value))), None)
    host = right or regions.feedback_host(snapshot.region) or "feedback-smtp.<region>.amazonses.com"
    publish = to_publish([Record(domain, "MX", f"10 {host}")], inquiry.zone_of(identity.domain))
    finding = diagnosis.on(
        snapshot,
        identity.name,
        severity=Severity.ERROR if reject else Severity.WARNING,
        domain=domain,
        found=bounded(found, 200),
        how=bounded(how, 400),
        count=len(hosts),
        effect=_effect(mail_from, reject=reject),
        on_mx_failure=mail_from.on_mx_failure or "USE_DEFAULT_VALUE",
        asked=bounded(inquiry.testimony((domain, "MX")), 360),
        zone=publish.zone,
        records=publish.records,
        names=publish.names,
    )
    yield publish.kept_in(finding)


def _host(value: str) -> str:
    """Return the host of an MX in presentation form; the null MX has none."""
    return value.partition(" ")[2].strip().rstrip(".")


def _effect(mail_from: MailFrom, *, reject: bool) -> str:
    if mail_from.status == "SUCCESS":
        then = (
            "refuse every mail of this identity"
            if reject
            else "fall back to a MAIL FROM of its own, with which SPF does not align"
        )
        return f"SES still says SUCCESS: it will notice, warn, and at once {then}; after 72 hours it gives up."
    if reject:
        return "Until it is right, SES refuses every mail of this identity (REJECT_MESSAGE)."
    return "Until it is right, SES sends with a MAIL FROM of its own, and SPF does not align."


def _how_wrong(host: str, domain: str, inquiry: Inquiry) -> str:
    region = host.removeprefix("feedback-smtp.").partition(".")[0]
    ends = {end.removeprefix(f"{domain}.") for end in inquiry.doubled(domain, domain)}
    if not host:
        return "It is a null MX (RFC 7505): it says that the domain takes no mail, bounces included."
    if regions.is_inbound_host(host):
        return f"It leads to {host}, where SES receives mail. Bounces go to feedback-smtp, under amazonses.com."
    if host == f"feedback-smtp.{region}.amazonaws.com":
        return f"It leads to {host}: the host is under amazonses.com, not amazonaws.com."
    if any(regions.region_of_feedback_host(host.removesuffix(f".{end}")) for end in ends):
        return f"The provider appended the domain to the host: {host}. End the host with a dot."
    if host.startswith("feedback-smtp.") and host.endswith(".amazonses.com"):
        return f"It leads to {host}, but there is no such region."
    return f"It leads to {host}."


def _gone_to(domain: str, identity: Identity, inquiry: Inquiry) -> str:
    for place in inquiry.doubled(domain, identity.domain):
        told = inquiry.told(place, "MX")
        if isinstance(told, Known) and any(
            regions.region_of_feedback_host(_host(value)) for value in told.value.values
        ):
            return f"The provider appended the domain once more: it is at {bounded(place, 200)}."
    return f"There is none at {bounded(domain, 253)}."


def _judge_spf(identity: Identity, snapshot: Snapshot, domain: str, inquiry: Inquiry) -> Iterator[Conclusion]:
    told = inquiry.told(domain, "TXT")
    if isinstance(told, Missing):
        yield Undecided(_tags(_SPFS), told)
        return
    found = spf.records_in(told.value.values)
    if not found:
        diagnosis = MAIL_FROM_SPF_MISSING
    elif len(found) > 1:
        diagnosis = MAIL_FROM_SPF_MULTIPLE
    else:
        authorised = spf.names(found[0], "amazonses.com", lambda name: _texts(name, inquiry))
        if isinstance(authorised, Missing):
            yield Undecided(_tags((MAIL_FROM_SPF_LACKS_SES,)), authorised)
        if isinstance(authorised, Missing) or authorised.value:
            return
        diagnosis = MAIL_FROM_SPF_LACKS_SES
    publish = to_publish([Record(domain, "TXT", _SPF)], inquiry.zone_of(identity.domain))
    finding = diagnosis.on(
        snapshot,
        identity.name,
        domain=domain,
        found=bounded(", ".join(f'"{bounded(each, 150)}"' for each in found), 250),
        count=len(found),
        asked=bounded(inquiry.testimony((domain, "TXT")), 360),
        zone=publish.zone,
        records=publish.records,
        names=publish.names,
    )
    yield publish.kept_in(finding)


def _texts(name: str, inquiry: Inquiry) -> Known[tuple[str, ...]] | Missing:
    told: Known[Answer] | Missing = inquiry.told(name, "TXT")
    return told if isinstance(told, Missing) else Known(told.value.values)


def _tags(diagnoses: Iterable[Diagnosis]) -> frozenset[str]:
    return frozenset(diagnosis.tag for diagnosis in diagnoses)


def questions(identity: Identity, snapshot: Snapshot) -> Iterable[Question]:
    """Ask for MX and TXT of the MAIL FROM domain; later for what its SPF record includes."""
    return wanted(judge, identity, snapshot)


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude from the proof."""
    return judge(identity, snapshot, Inquiry(identity.proof))


CHECK = Check(
    id="dns.mail_from_records",
    scope=Scope.IDENTITY,
    title="The custom MAIL FROM domain has its MX and its SPF record",
    needs=frozenset({"ses:ListEmailIdentities", "ses:GetIdentityMailFromDomainAttributes"}),
    diagnoses=(*_MX, *_SPFS),
    evaluate=evaluate,
    questions=questions,
)
