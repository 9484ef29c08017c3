"""An identity that is not verified sends nothing, and one that was verified is revoked when its records are lost."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.identity import (
    CONSOLE,
    DNS_TIME,
    LINK_TIME,
    Clock,
    console_name,
    dns_clock,
    reason_in_words,
    signing_of,
    unrecognised,
)
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step
from ses_monitor.core.identity import Identity, IdentityKind
from ses_monitor.core.model import Scope, Severity, Snapshot

_SHOW = "aws sesv2 get-email-identity --region {region} --email-identity {subject}"
_RESTART = (
    "aws sesv2 put-email-identity-dkim-signing-attributes --region {region} --email-identity {subject}"
    " --signing-attributes-origin {origin} --signing-attributes {attributes}"
)
_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html"
_TROUBLE = "https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-verification.html"

VERIFICATION_PENDING = Diagnosis(
    tag="VERIFICATION_PENDING",
    severities=(Severity.NOTICE, Severity.WARNING),
    message="{subject} is not verified in {region} yet, and mail from it is refused. {waiting} {until}.",
    cause="{why}",
    steps=(
        Step("{advice}", url=CONSOLE),
        Step("See what SES says of it:", command=_SHOW),
    ),
    measures=True,
    references=(_REFERENCE, _TROUBLE),
)
VERIFICATION_LINK_EXPIRED = Diagnosis(
    tag="VERIFICATION_LINK_EXPIRED",
    severities=(Severity.ERROR,),
    message="The link that SES mailed to {subject} has expired: the address is not verified in {region}, and mail"
    " from it is refused.",
    cause="Nobody opened the link within 24 hours. {why}",
    steps=(
        Step(
            "Make sure that the mailbox exists and takes mail from outside, then have a new link sent to it:",
            command="aws ses verify-email-identity --region {region} --email-address {subject}",
        ),
        Step("Open the link in the mail from Amazon Web Services within 24 hours; look among the spam as well."),
        Step(
            "If its domain is verified in this region the address needs no identity of its own; then delete it:",
            command="aws sesv2 delete-email-identity --region {region} --email-identity {subject}",
        ),
    ),
    references=(_REFERENCE,),
)
VERIFICATION_FAILED = Diagnosis(
    tag="VERIFICATION_FAILED",
    severities=(Severity.ERROR,),
    message="SES gave up on verifying {subject} in {region}: mail from it is refused, and SES looks no more until"
    " it is told to.",
    cause="For 72 hours SES did not find the records that it asked for, or lost those it had found. {why}",
    steps=(
        Step("Put the domain's records right at its DNS provider; the records are on this page:", url=CONSOLE),
        Step("Start the verification anew ({kind}). {note}", command=_RESTART),
        Step("See the records that SES looks for now, and publish any that changed:", command=_SHOW),
    ),
    references=(_REFERENCE, _TROUBLE),
)
VERIFICATION_REVOCATION_PENDING = Diagnosis(
    tag="VERIFICATION_REVOCATION_PENDING",
    severities=(Severity.ERROR,),
    message="SES no longer finds what verifies {subject} in {region}, and will revoke it. It waits {until}. Then mail"
    " from it is refused.",
    cause="It was verified (TEMPORARY_FAILURE now). {why}",
    steps=(
        Step(
            "Publish the records again, exactly as they stand here. Nothing needs to be restarted: SES keeps"
            " looking while it waits.",
            url=CONSOLE,
        ),
        Step("See whether SES found them, in VerificationInfo:", command=_SHOW),
        Step("If it is too late, SES says FAILED; then the verification has to be started anew."),
    ),
    measures=True,
    references=(_TROUBLE,),
)
VERIFICATION_NOT_STARTED = Diagnosis(
    tag="VERIFICATION_NOT_STARTED",
    severities=(Severity.WARNING,),
    message="The verification of {subject} in {region} was never started: mail from it is refused.",
    cause="The identity was made, but nothing asked SES to verify it (NOT_STARTED).",
    steps=(
        Step("{advice}", url=CONSOLE),
        Step(
            "Or, if nobody needs it, delete it:",
            command="aws sesv2 delete-email-identity --region {region} --email-identity {subject}",
        ),
    ),
    references=(_REFERENCE,),
)

_START = {
    IdentityKind.DOMAIN: "Set up DKIM for the domain: that is how SES verifies it. Then publish the records it shows.",
    IdentityKind.EMAIL_ADDRESS: "Have the link sent to the address, and open it within 24 hours.",
}


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude at most one: the status says what to do next."""
    is_address = identity.kind is IdentityKind.EMAIL_ADDRESS
    match identity.verification_status:
        case "SUCCESS":
            return
        case "PENDING" if is_address:
            yield _address_pending(identity, snapshot)
        case "PENDING":
            yield _domain_pending(identity, snapshot)
        case "FAILED" if is_address:
            yield VERIFICATION_LINK_EXPIRED.on(snapshot, identity.name, why="SES says FAILED.", status="FAILED")
        case "FAILED":
            yield _failed(identity, snapshot)
        case "TEMPORARY_FAILURE":
            clock = dns_clock(identity.memory.verification_since, identity.details, snapshot.taken_at)
            yield VERIFICATION_REVOCATION_PENDING.on(
                snapshot,
                identity.name,
                until=clock.in_words(),
                why=reason_in_words(identity.details),
                page=console_name(identity.name),
                status=identity.verification_status,
            )
        case "NOT_STARTED":
            yield VERIFICATION_NOT_STARTED.on(
                snapshot, identity.name, advice=_START[identity.kind], page=console_name(identity.name)
            )
        case word:
            unrecognised("the verification status", word).get()


def _domain_pending(identity: Identity, snapshot: Snapshot) -> Conclusion:
    return _pending(
        identity,
        snapshot,
        Clock(DNS_TIME, identity.memory.verification_since, snapshot.taken_at),
        waiting="SES looks for its DNS records",
        why=f"SES has not found the records of the domain yet. {reason_in_words(identity.details)}",
        advice="Publish the records that this page shows, exactly as they stand, at the name servers the domain is"
        " delegated to. SES finds them within minutes to hours.",
    )


def _address_pending(identity: Identity, snapshot: Snapshot) -> Conclusion:
    clock = Clock(LINK_TIME, identity.memory.verification_since, snapshot.taken_at)
    if clock.is_over:
        return VERIFICATION_LINK_EXPIRED.on(
            snapshot,
            identity.name,
            why=f"SES still says PENDING, but an audit saw it so more than 24 hours ago: its time was up at"
            f" {clock.ends:%Y-%m-%d %H:%M} UTC, unless a new link was sent since.",
            status="PENDING",
        )
    return _pending(
        identity,
        snapshot,
        clock,
        waiting="The link that SES mailed to it is good",
        why="SES sent a mail with a link to the address, and nobody has opened that link yet.",
        advice="Open the link in the mail from Amazon Web Services; look among the spam as well. A new one can be sent"
        " from this page.",
    )


def _pending(
    identity: Identity, snapshot: Snapshot, clock: Clock, *, waiting: str, why: str, advice: str
) -> Conclusion:
    return VERIFICATION_PENDING.on(
        snapshot,
        identity.name,
        severity=Severity.WARNING if clock.in_last_quarter else Severity.NOTICE,
        until=clock.in_words(),
        page=console_name(identity.name),
        waiting=waiting,
        why=why,
        advice=advice,
    )


def _failed(identity: Identity, snapshot: Snapshot) -> Conclusion:
    signing = signing_of(identity.details)
    return VERIFICATION_FAILED.on(
        snapshot,
        identity.name,
        why=reason_in_words(identity.details),
        kind=signing.kind,
        origin=signing.origin,
        attributes=signing.attributes,
        note=signing.note,
        page=console_name(identity.name),
    )


CHECK = Check(
    id="identity.verification",
    scope=Scope.IDENTITY,
    title="The identity is verified and stays so",
    needs=frozenset({"ses:ListEmailIdentities", "ses:GetEmailIdentity"}),
    diagnoses=(
        VERIFICATION_PENDING,
        VERIFICATION_LINK_EXPIRED,
        VERIFICATION_FAILED,
        VERIFICATION_REVOCATION_PENDING,
        VERIFICATION_NOT_STARTED,
    ),
    evaluate=evaluate,
)
