"""Identities and production access are per region: what is verified in one region is refused in the next."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.identity import CAN_SEND, CONSOLE, console_name, named, unrecognised
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided, bounded
from ses_monitor.core.identity import Elsewhere, Identity, IdentityKind
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Missing, NotObservedError

_PARITY = "https://docs.aws.amazon.com/ses/latest/dg/regions.html"

VERIFIED_ONLY_ELSEWHERE = Diagnosis(
    tag="VERIFIED_ONLY_ELSEWHERE",
    severities=(Severity.ERROR, Severity.NOTICE),
    message="{subject} is verified in {elsewhere}, but not in {region} ({status}): mail from it through {region} is"
    " refused.",
    cause="Verification counts per region. It was asked for in {region} and is not done. {used}",
    steps=(
        Step(
            "If mail is meant to leave through {first}, set that region in the application, or its SMTP endpoint:"
            " email-smtp.{first}.amazonaws.com, with SMTP credentials of that region."
        ),
        Step("If it is meant to leave through {region}: {advice}", url=CONSOLE),
        Step(
            "See what SES waits for in {region}:",
            command="aws sesv2 get-email-identity --region {region} --email-identity {subject}",
        ),
        Step(
            "If nobody needs it in {region}, delete it there:",
            command="aws sesv2 delete-email-identity --region {region} --email-identity {subject}",
        ),
    ),
    references=(_PARITY,),
)
SANDBOX_WHILE_PRODUCTION_ELSEWHERE = Diagnosis(
    tag="SANDBOX_WHILE_PRODUCTION_ELSEWHERE",
    severities=(Severity.ERROR,),
    message="{subject} is verified in {region}, which is in the sandbox: strangers get no mail from it. Production"
    " access is in {production}.",
    cause="Production access counts per region. {there}",
    steps=(
        Step(
            "If mail is meant to leave through {first}, set that region in the application, or its SMTP endpoint:"
            " email-smtp.{first}.amazonaws.com, with SMTP credentials of that region."
        ),
        Step(
            "Otherwise request production access for {region} as well:",
            url="https://{region}.console.aws.amazon.com/ses/home?region={region}#/account",
        ),
    ),
    references=("https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html", _PARITY),
)

_NOT_DONE = frozenset({"PENDING", "FAILED", "NOT_STARTED"})


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude at most one: only an identity that is verified here has the sandbox to fear."""
    status = identity.verification_status
    if status in CAN_SEND:
        tag, conclude = SANDBOX_WHILE_PRODUCTION_ELSEWHERE.tag, _sandbox
    elif status in _NOT_DONE:
        tag, conclude = VERIFIED_ONLY_ELSEWHERE.tag, _only_elsewhere
    else:
        unrecognised("the verification status", status).get()
    try:
        yield from conclude(identity, snapshot)
    except NotObservedError as blind:
        yield Undecided(frozenset({tag}), blind.missing)


def _only_elsewhere(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    verified = [each for each in identity.elsewhere.get() if each.verification_status == "SUCCESS"]
    if not verified:
        return
    in_use = snapshot.in_use().get()
    # The region that mail is most likely meant for comes first: one that may send to strangers, and does.
    verified.sort(key=lambda each: (not each.production_access, not each.in_use, each.region))
    first = bounded(verified[0].region, 64)
    yield VERIFIED_ONLY_ELSEWHERE.on(
        snapshot,
        identity.name,
        severity=Severity.ERROR if in_use else Severity.NOTICE,
        elsewhere=named([_described(each) for each in verified]),
        first=first,
        status=identity.verification_status,
        used=f"{snapshot.region} is in use." if in_use else f"{snapshot.region} sends nothing so far.",
        advice=_advice(identity, first),
        page=console_name(identity.name),
    )


def _advice(identity: Identity, first: str) -> str:
    if identity.kind is IdentityKind.EMAIL_ADDRESS:
        return "have the link sent to the address from this page, and open it within 24 hours."
    return (
        f"publish the records that this page shows. If the domain has Easy DKIM in {first}, choose Deterministic Easy"
        " DKIM with that region as the parent: it needs no new records."
    )


def _described(each: Elsewhere) -> str:
    if each.production_access is None:
        return each.region
    return f"{each.region} ({'production access' if each.production_access else 'sandbox'})"


def _sandbox(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    if snapshot.account.get().production_access.get():
        return
    production = sorted(snapshot.production_elsewhere.get())
    if not production:
        return
    there: list[str] | Missing = (
        identity.elsewhere
        if isinstance(identity.elsewhere, Missing)
        else [each.region for each in identity.elsewhere.value if each.verification_status == "SUCCESS"]
    )
    both = [] if isinstance(there, Missing) else [region for region in production if region in there]
    yield SANDBOX_WHILE_PRODUCTION_ELSEWHERE.on(
        snapshot,
        identity.name,
        production=named(production),
        first=bounded((both or production)[0], 64),
        there=_there(both, there),
    )


def _there(both: list[str], there: list[str] | Missing) -> str:
    if isinstance(there, Missing):
        return "Whether this identity is verified there was not learned this time."
    if both:
        return f"This identity is verified in {named(both)} as well: it is likely that mail is meant to leave there."
    return "There this identity is not verified, and has to be before mail can leave."


CHECK = Check(
    id="identity.region_parity",
    scope=Scope.IDENTITY,
    title="The identity is verified where it is used",
    needs=frozenset({"ses:ListEmailIdentities", "ses:GetAccount", "ses:GetSendStatistics"}),
    diagnoses=(VERIFIED_ONLY_ELSEWHERE, SANDBOX_WHILE_PRODUCTION_ELSEWHERE),
    evaluate=evaluate,
)
