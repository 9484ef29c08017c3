"""Domains verified before SES took DKIM for proof rest on one TXT record, which SES still looks for, and revokes by."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided, bounded
from ses_monitor.core.dns import Answer, Question
from ses_monitor.core.identity import Identity, IdentityKind
from ses_monitor.core.inquiry import Inquiry, wanted
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.records import Record, to_publish
from ses_monitor.core.standing import follows

_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-verification.html"
_PUBLISH = Step("At the DNS provider of {zone} publish, exactly: {records}")
_RELATIVE = Step("If its form appends {zone} by itself, enter as the name only: {names}")
_BETTER = Step(
    "Or set up Easy DKIM, which proves the domain by itself and makes this record needless:",
    command="aws sesv2 put-email-identity-dkim-signing-attributes --region {region} --email-identity {subject}"
    " --signing-attributes-origin AWS_SES",
)
_LOOK = Step("See what is published now:", command="dig {name} TXT")


def _diagnosis(tag: str, message: str, cause: str, *steps: Step) -> Diagnosis:
    return Diagnosis(
        tag=tag,
        severities=(Severity.ERROR,),
        message=message + " {follows}",
        cause=cause + " Asked: {asked}",
        steps=(*steps, _BETTER, _LOOK),
        open_after=2,
        aspect="record",
        references=(_REFERENCE,),
    )


TXT_TOKEN_MISSING = _diagnosis(
    "TXT_TOKEN_MISSING",
    "The TXT record that verifies {subject} for SES in {region} is not in the DNS.",
    "It is neither at {name} nor at the domain itself.",
    _PUBLISH,
    _RELATIVE,
    Step("Without underscores in names: publish amazonses:{token} at {subject} itself."),
    Step("With one TXT a name besides, only two verifications fit: one at each of these names. Others need DKIM."),
)
TXT_NAME_DOUBLED = _diagnosis(
    "TXT_NAME_DOUBLED",
    "The TXT record that verifies {subject} for SES in {region} is under a name that ends in the domain twice.",
    "The provider appended the domain to a name that already had it: it is at {found}.",
    Step("Write the name with a final dot, or without the domain: {names}"),
    Step("So that this stands at the provider of {zone}: {records}"),
)
TXT_TOKEN_ALTERED = _diagnosis(
    "TXT_TOKEN_ALTERED",
    "The TXT record that verifies {subject} for SES in {region} has another value than SES gave: {found}.",
    "It was altered or cut on the way, or is that of another region or account: those have tokens of their own.",
    Step("At the DNS provider of {zone} publish, exactly, beside those of other regions: {records}"),
    _RELATIVE,
)
TXT_TOKEN_LOWERCASED = _diagnosis(
    "TXT_TOKEN_LOWERCASED",
    "The TXT record that verifies {subject} for SES in {region} lost the case of its letters: {found}.",
    "SES compares the value letter by letter, and upper and lower case are different letters to it.",
    Step("At the DNS provider of {zone} publish, with upper and lower case as it is here: {records}"),
    _RELATIVE,
    Step("A provider that changes the case of values cannot hold this record."),
)
_DIAGNOSES = (TXT_TOKEN_MISSING, TXT_NAME_DOUBLED, TXT_TOKEN_ALTERED, TXT_TOKEN_LOWERCASED)
_TAGS = frozenset(diagnosis.tag for diagnosis in _DIAGNOSES)

_PREFIX = re.compile(r"^amazonses\s*[:=]\s*", re.IGNORECASE)
_RESEMBLES = 0.7
"""Tokens are 44 characters of base64: two of them share far less by chance (difflib's ratio)."""


def judge(identity: Identity, snapshot: Snapshot, inquiry: Inquiry) -> Iterator[Conclusion]:
    """Conclude at most one tag, where the record is what SES looks for."""
    if identity.kind is not IdentityKind.DOMAIN:
        return
    token = identity.txt_token.get()
    if not token or _proven_by_dkim(identity):
        return
    groundless = inquiry.groundless(identity.domain)
    if groundless is not None:
        yield Undecided(_TAGS, groundless)
        return
    name = f"_amazonses.{identity.domain}"
    told = inquiry.told(name, "TXT")
    if inquiry.proof() is None or _holds(told, token):
        return
    # A provider that allows no underscore has it at the domain itself: until that is known, nothing is wrong.
    apex = inquiry.told(identity.domain, "TXT")
    doubled = {place: inquiry.told(place, "TXT") for place in inquiry.doubled(name, identity.domain)}
    if _holds(apex, token):
        return
    blind = next((each for each in (told, apex) if isinstance(each, Missing)), None)
    if blind is not None:
        yield Undecided(_TAGS, blind)
        return
    diagnosis, found = _what_is_there(_texts(told), _texts(apex), doubled, token)
    unasked = next((each for each in doubled.values() if isinstance(each, Missing)), None)
    if diagnosis is TXT_TOKEN_MISSING and unasked is not None:
        yield Undecided(frozenset({TXT_NAME_DOUBLED.tag}), unasked)
    if diagnosis is TXT_TOKEN_MISSING and not _rests_on_it(identity):
        return
    publish = to_publish([Record(name, "TXT", token)], inquiry.zone_of(identity.domain))
    finding = diagnosis.on(
        snapshot,
        identity.name,
        name=bounded(name),
        token=bounded(token, 200),
        found=bounded(found, 200),
        asked=bounded(inquiry.testimony((name, "TXT"), (identity.domain, "TXT")), 360),
        follows=follows(identity.verification_status, identity.memory.unproven_since),
        zone=publish.zone,
        records=publish.records,
        names=publish.names,
    )
    yield publish.kept_in(finding)


def _proven_by_dkim(identity: Identity) -> bool:
    if isinstance(identity.dkim, Missing):
        if identity.dkim.why is not Blindness.NOT_APPLICABLE:
            identity.dkim.get()
        return False
    return identity.dkim.value.status == "SUCCESS"


def _rests_on_it(identity: Identity) -> bool:
    """Tell whether nothing but this record can prove the domain.

    SES gives a token for every domain, also where it looks for DKIM only. A domain that is verified although its
    DKIM failed for good rests on this record; one whose DKIM is being looked for may not need it. Where SES was not
    asked (no status), whoever gave a token wants to know.
    """
    if isinstance(identity.dkim, Missing) or not identity.verification_status:
        return True
    dkim = identity.dkim.value
    if not dkim.tokens or dkim.status == "NOT_STARTED":
        return True
    return identity.verification_status == "SUCCESS" and dkim.status == "FAILED"


def _texts(told: Observed[Answer]) -> tuple[str, ...]:
    return tuple(_PREFIX.sub("", value.strip()) for value in told.value.values) if isinstance(told, Known) else ()


def _holds(told: Observed[Answer], token: str) -> bool:
    return token in _texts(told)


def _what_is_there(
    texts: tuple[str, ...], at_apex: tuple[str, ...], doubled: dict[str, Observed[Answer]], token: str
) -> tuple[Diagnosis, str]:
    for text in (*texts, *at_apex):
        if text.lower() == token.lower():
            return TXT_TOKEN_LOWERCASED, f'"{text}"'
    place = next((place for place, told in doubled.items() if _holds(told, token)), None)
    if place is not None:
        return TXT_NAME_DOUBLED, place
    meant = [text for text in texts if _like_a_token(text)] + [text for text in at_apex if _resembles(text, token)]
    if meant:
        meant.sort(key=lambda text: not _resembles(text, token))
        return TXT_TOKEN_ALTERED, f'"{meant[0]}"'
    return TXT_TOKEN_MISSING, _words_of(texts)


def _words_of(texts: tuple[str, ...]) -> str:
    return bounded(", ".join(f'"{text}"' for text in texts), 200) or "nothing"


def _like_a_token(text: str) -> bool:
    """Tell whether a text may have been meant as a token, and is not the `key=value` that a wildcard gives."""
    return bool(text) and re.search(r"=[^=\"\s]", text) is None


def _resembles(text: str, token: str) -> bool:
    return difflib.SequenceMatcher(None, text[: 4 * len(token)], token, autojunk=False).ratio() >= _RESEMBLES


def questions(identity: Identity, snapshot: Snapshot) -> Iterable[Question]:
    """Ask for the record; where it is not right, for the places it may have gone to."""
    return wanted(judge, identity, snapshot)


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude from the proof."""
    return judge(identity, snapshot, Inquiry(identity.proof))


CHECK = Check(
    id="dns.verification_txt",
    scope=Scope.IDENTITY,
    title="The TXT record that verifies an older domain is published",
    needs=frozenset(
        {"ses:ListEmailIdentities", "ses:GetIdentityVerificationAttributes", "ses:GetIdentityDkimAttributes"}
    ),
    diagnoses=_DIAGNOSES,
    evaluate=evaluate,
    questions=questions,
)
