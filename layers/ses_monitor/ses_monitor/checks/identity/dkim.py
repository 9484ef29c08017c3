"""Mail that is not signed for its domain is trusted less; a domain that loses its records loses the signature."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.identity import (
    CONSOLE,
    DKIM_REFERENCE,
    DNS_TIME,
    EASY,
    Clock,
    Signing,
    console_name,
    dns_clock,
    reason_in_words,
    signing_of,
    unrecognised,
)
from ses_monitor.core.check import LONGEST_EVIDENCE, Check, Conclusion, Diagnosis, Finding, Step, Undecided
from ses_monitor.core.identity import Dkim, Identity, IdentityKind
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Missing
from ses_monitor.core.regions import dkim_zone

SHORT_KEY = "RSA_1024_BIT"

_SHOW = "aws sesv2 get-email-identity --region {region} --email-identity {subject}"
_SET_UP = " --email-identity {subject} --signing-attributes-origin {origin} --signing-attributes {attributes}"
_RESTART = "aws sesv2 put-email-identity-dkim-signing-attributes --region {region}" + _SET_UP
_RECORDS = Step("{records}", url=CONSOLE)
_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim.html"

DKIM_PENDING = Diagnosis(
    tag="DKIM_PENDING",
    severities=(Severity.NOTICE, Severity.WARNING),
    message="DKIM of {subject} in {region} is not verified yet ({kind}): mail is not signed for the domain. SES looks"
    " for the records {until}.",
    cause="SES has not found all of the records yet. {why}",
    steps=(
        _RECORDS,
        Step("See what SES says of it:", command=_SHOW),
    ),
    measures=True,
    references=(_REFERENCE, DKIM_REFERENCE),
)
DKIM_FAILED = Diagnosis(
    tag="DKIM_FAILED",
    severities=(Severity.ERROR,),
    message="DKIM of {subject} in {region} has failed ({kind}): SES does not sign for the domain, and looks for its"
    " records no more.",
    cause="SES did not find the records for 72 hours, or lost those it had found. {why}",
    steps=(
        _RECORDS,
        Step("Start it anew. {note}", command=_RESTART),
        Step("See whether SES finds the records:", command=_SHOW),
    ),
    references=(_REFERENCE, DKIM_REFERENCE),
)
DKIM_REVOCATION_PENDING = Diagnosis(
    tag="DKIM_REVOCATION_PENDING",
    severities=(Severity.ERROR,),
    message="SES no longer finds the DKIM records of {subject} in {region} ({kind}), and will stop signing. It waits"
    " {until}.",
    cause="They were there before (TEMPORARY_FAILURE now). {why} A domain that is verified by DKIM loses its"
    " verification with them.",
    steps=(
        _RECORDS,
        Step("Nothing needs to be restarted while SES waits. See whether it found them:", command=_SHOW),
    ),
    measures=True,
    references=(DKIM_REFERENCE,),
)
DKIM_NOT_CONFIGURED = Diagnosis(
    tag="DKIM_NOT_CONFIGURED",
    severities=(Severity.NOTICE,),
    message="{subject} has no DKIM in {region}: mail is signed for amazonses.com only, which does not count for DMARC.",
    cause="DKIM was never set up for this identity (NOT_STARTED); domains that were verified by a TXT record stay so.",
    steps=(
        Step("Set up Easy DKIM; it prints three tokens:", command=_RESTART),
        Step("Publish the three CNAME records that this page then shows:", url=CONSOLE),
    ),
    references=(_REFERENCE,),
)
DKIM_SIGNING_OFF = Diagnosis(
    tag="DKIM_SIGNING_OFF",
    severities=(Severity.WARNING,),
    message="DKIM of {subject} is verified in {region}, but signing is switched off: mail leaves without"
    " the signature of the domain.",
    cause="Somebody switched signing off for this identity; its records are fine.",
    steps=(
        Step(
            "Switch it on:",
            command="aws sesv2 put-email-identity-dkim-attributes --region {region} --email-identity {subject}"
            " --signing-enabled",
        ),
        Step(
            "See who switched it off:",
            command="aws cloudtrail lookup-events --region {region} --lookup-attributes"
            " AttributeKey=EventName,AttributeValue=PutEmailIdentityDkimAttributes",
        ),
    ),
    references=(_REFERENCE,),
)
DKIM_KEY_SHORT = Diagnosis(
    tag="DKIM_KEY_SHORT",
    severities=(Severity.NOTICE,),
    message="{subject} signs with a DKIM key of 1024 bit in {region}; 2048 bit is what mailbox providers ask for.",
    cause="The key was made with 1024 bit ({kind}), and nobody has changed it since.",
    steps=(
        Step("{advice}"),
        Step(
            "Set the new key:",
            command="aws sesv2 put-email-identity-dkim-signing-attributes --region {key_region}" + _SET_UP,
        ),
    ),
    aspect="key",
    references=(_REFERENCE,),
)

_LONGER_KEY = {
    "EXTERNAL": "Make a key pair of 2048 bit, publish its public key under a new selector, and put the selector and"
    " the private key (base64 in one line) into byodkim.json.",
    "AWS_SES": "The CNAME records stay as they are: SES publishes the new key behind them. It can be changed once in"
    " 24 hours.",
}


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude at most one about the status, and whether the key is short. An address has its domain's DKIM."""
    if identity.kind is IdentityKind.EMAIL_ADDRESS:
        return
    dkim = identity.dkim.get()
    yield from _status(identity, dkim, snapshot)
    if dkim.status != "NOT_STARTED":
        yield from _key(identity, snapshot)


def _status(identity: Identity, dkim: Dkim, snapshot: Snapshot) -> Iterable[Conclusion]:
    since, now = identity.memory.dkim_since, snapshot.taken_at
    match dkim.status:
        case "SUCCESS":
            if not dkim.signing_enabled:
                yield DKIM_SIGNING_OFF.on(snapshot, identity.name)
        case "PENDING":
            clock = Clock(DNS_TIME, since, now)
            severity = Severity.WARNING if clock.in_last_quarter else Severity.NOTICE
            yield _on(DKIM_PENDING, identity, dkim, snapshot, severity=severity, until=clock.in_words())
        case "FAILED":
            yield _on(DKIM_FAILED, identity, dkim, snapshot)
        case "TEMPORARY_FAILURE":
            clock = dns_clock(since, identity.details, now)
            yield _on(DKIM_REVOCATION_PENDING, identity, dkim, snapshot, until=clock.in_words())
        case "NOT_STARTED":
            yield _on(DKIM_NOT_CONFIGURED, identity, dkim, snapshot)
        case word:
            unrecognised("the DKIM status", word).get()


def _on(
    diagnosis: Diagnosis,
    identity: Identity,
    dkim: Dkim,
    snapshot: Snapshot,
    *,
    severity: Severity | None = None,
    until: str = "",
) -> Finding:
    signing = signing_of(identity.details)
    return diagnosis.on(
        snapshot,
        identity.name,
        severity=severity,
        kind=signing.kind,
        note=signing.note,
        origin=signing.origin,
        attributes=signing.attributes,
        why=reason_in_words(identity.details),
        records=_records(identity, dkim, signing, snapshot.region),
        page=console_name(identity.name),
        until=until,
    )


def _records(identity: Identity, dkim: Dkim, signing: Signing, region: str) -> str:
    if signing.parent_region:
        return (
            "Publish nothing for this region: it copies the identity in"
            f" {signing.parent_region}. Put the DKIM records of that one right."
        )
    if not dkim.tokens:
        return "Publish the DKIM records that this page shows, exactly as they stand."
    if signing.origin == "EXTERNAL":
        return (
            f"Publish a TXT record at {dkim.tokens[0]}._domainkey.{identity.domain} with p= and the public key that"
            " belongs to the private key SES was given."
        )
    # Without the details it is not known to be Easy DKIM, and the table of regions would be a guess.
    zone = None if isinstance(identity.details, Missing) else identity.details.value.hosted_zone or dkim_zone(region)
    if not zone:
        return f"Publish a CNAME record for each of the tokens {', '.join(dkim.tokens)}, as this page shows it."
    whole = "; ".join(f"{token}._domainkey.{identity.domain} CNAME {token}.{zone}" for token in dkim.tokens)
    short = f"TOKEN._domainkey.{identity.domain} CNAME TOKEN.{zone}, for each TOKEN of {', '.join(dkim.tokens)}"
    start = "Publish these records exactly: "
    return start + (whole if len(start + whole) <= LONGEST_EVIDENCE else short)


def _key(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    if isinstance(identity.details, Missing):
        yield Undecided(frozenset({DKIM_KEY_SHORT.tag}), identity.details)
        return
    if identity.details.value.key_length != SHORT_KEY:
        return
    signing = signing_of(identity.details)
    advice = _LONGER_KEY.get(signing.origin, _LONGER_KEY["AWS_SES"])
    set_up = signing
    if signing.parent_region:
        advice = f"The key is that of the identity in {signing.parent_region}; change it there. {advice}"
        set_up = EASY  # only that kind can be copied
    yield DKIM_KEY_SHORT.on(
        snapshot,
        identity.name,
        kind=signing.kind,
        advice=advice,
        key_region=signing.parent_region or snapshot.region,
        origin=set_up.origin,
        attributes=set_up.attributes,
    )


CHECK = Check(
    id="identity.dkim",
    scope=Scope.IDENTITY,
    title="Mail is signed with the domain's own DKIM key",
    needs=frozenset({"ses:GetIdentityDkimAttributes", "ses:GetEmailIdentity"}),
    diagnoses=(
        DKIM_PENDING,
        DKIM_FAILED,
        DKIM_REVOCATION_PENDING,
        DKIM_NOT_CONFIGURED,
        DKIM_SIGNING_OFF,
        DKIM_KEY_SHORT,
    ),
    evaluate=evaluate,
)
