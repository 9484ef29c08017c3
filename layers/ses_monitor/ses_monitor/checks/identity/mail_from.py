"""A custom MAIL FROM domain that lost its MX either stops every send, or quietly costs SPF alignment."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.identity import CONSOLE, DNS_TIME, Clock, console_name, unrecognised
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided
from ses_monitor.core.identity import Identity, MailFrom
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.regions import feedback_host

_SHOW = Step(
    "See whether SES finds the MX, in MailFromAttributes:",
    command="aws sesv2 get-email-identity --region {region} --email-identity {subject}",
)
_MX = Step(
    "At {mail_from} publish exactly one MX record, {mx}, and a TXT record, v=spf1 include:amazonses.com ~all",
    url=CONSOLE,
)
_SET = (
    "aws sesv2 put-email-identity-mail-from-attributes --region {region} --email-identity {subject}"
    " --mail-from-domain {mail_from} --behavior-on-mx-failure "
)
_ANEW = "Set it anew even if the records are right by now: once FAILED, SES never looks again by itself."
_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/mail-from.html"

MAIL_FROM_PENDING = Diagnosis(
    tag="MAIL_FROM_PENDING",
    severities=(Severity.NOTICE,),
    message="The MAIL FROM domain {mail_from} of {subject} in {region} is not verified yet. SES looks for its MX"
    " {until}.",
    cause="Until SES finds the MX record, mail leaves under amazonses.com: SPF then passes, but does not count for"
    " DMARC.",
    steps=(_MX, _SHOW),
    measures=True,
    references=(_REFERENCE,),
)
MAIL_FROM_FALLBACK = Diagnosis(
    tag="MAIL_FROM_FALLBACK",
    severities=(Severity.WARNING,),
    message="Mail from {subject} in {region} leaves under amazonses.com instead of its MAIL FROM domain {mail_from}"
    " ({status}).",
    cause="SES does not find the MX record of the MAIL FROM domain. {state} SPF no longer counts for DMARC meanwhile.",
    steps=(_MX, Step("{restart}", command=_SET + "USE_DEFAULT_VALUE"), _SHOW),
    measures=True,
    references=(_REFERENCE,),
)
MAIL_FROM_REJECTING = Diagnosis(
    tag="MAIL_FROM_REJECTING",
    severities=(Severity.CRITICAL,),
    message="SES refuses every mail from {subject} in {region}: its MAIL FROM domain {mail_from} is not verified"
    " ({status}).",
    cause="The identity is set to reject mail (REJECT_MESSAGE) while the MX record of its MAIL FROM domain is not"
    " found. {state}",
    steps=(
        Step("At once: let mail leave under amazonses.com meanwhile:", command=_SET + "USE_DEFAULT_VALUE"),
        _MX,
        Step("When that is done and SES says SUCCESS, reject again if you want to:", command=_SET + "REJECT_MESSAGE"),
        _SHOW,
    ),
    measures=True,
    references=(_REFERENCE,),
)

_STATUSES = frozenset({"PENDING", "TEMPORARY_FAILURE", "FAILED"})
_BY_BEHAVIOUR = frozenset({MAIL_FROM_PENDING.tag, MAIL_FROM_FALLBACK.tag, MAIL_FROM_REJECTING.tag})


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude at most one; an identity without a MAIL FROM domain of its own is not concerned."""
    mail_from = identity.mail_from.get()
    if mail_from is None or not mail_from.domain or mail_from.status == "SUCCESS":
        return
    if mail_from.status not in _STATUSES:
        unrecognised("the status of the MAIL FROM domain", mail_from.status).get()
    match mail_from.on_mx_failure:
        case "REJECT_MESSAGE":
            diagnosis = MAIL_FROM_REJECTING
        case "USE_DEFAULT_VALUE" if mail_from.status == "PENDING":
            diagnosis = MAIL_FROM_PENDING
        case "USE_DEFAULT_VALUE":
            diagnosis = MAIL_FROM_FALLBACK
        case word:
            yield Undecided(_BY_BEHAVIOUR, unrecognised("what SES does without the MX", word))
            return
    yield _on(diagnosis, identity, mail_from, snapshot)


def _on(diagnosis: Diagnosis, identity: Identity, mail_from: MailFrom, snapshot: Snapshot) -> Conclusion:
    clock = Clock(DNS_TIME, identity.memory.mail_from_since, snapshot.taken_at)
    failed = mail_from.status == "FAILED"
    host = feedback_host(snapshot.region)
    return diagnosis.on(
        snapshot,
        identity.name,
        mail_from=mail_from.domain,
        mx=f"10 {host}" if host else "to the host that this page shows",
        status=mail_from.status,
        until=clock.in_words(),
        state="SES looks for it no more." if failed else f"SES looks for it {clock.in_words()}.",
        restart=_ANEW if failed else "While SES looks it finds the record by itself. Once FAILED, set it anew:",
        page=console_name(identity.name),
    )


CHECK = Check(
    id="identity.mail_from",
    scope=Scope.IDENTITY,
    title="The MAIL FROM domain works",
    needs=frozenset({"ses:GetIdentityMailFromDomainAttributes"}),
    diagnoses=(MAIL_FROM_PENDING, MAIL_FROM_FALLBACK, MAIL_FROM_REJECTING),
    evaluate=evaluate,
)
