"""The three CNAME records (or the one TXT of a key of one's own) are what SES verifies a domain by, and what receivers
check every signature with. SES notices late that one is gone, and tells only the account's root address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ses_monitor.core import dkim_key, regions
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided, bounded
from ses_monitor.core.dkim_target import Expected, expectations
from ses_monitor.core.dns import Answer, Lookup, Outcome, Question
from ses_monitor.core.identity import Details, Dkim, Identity, IdentityKind
from ses_monitor.core.inquiry import Inquiry, in_words, wanted
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.records import Record, to_publish
from ses_monitor.core.standing import follows, weight

_REFERENCES = (
    "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html",
    "https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-dkim.html",
)
_SEVERITIES = (Severity.ERROR, Severity.WARNING)
_PUBLISH = Step("At the DNS provider of {zone} publish, exactly: {records}")
_RELATIVE = Step("If its form appends {zone} by itself, enter as the name only: {names}")
_LOOK = Step("See what is published now:", command="dig {name} {type}")


def _diagnosis(tag: str, message: str, cause: str, first: Step, *more: Step) -> Diagnosis:
    return Diagnosis(
        tag=tag,
        severities=_SEVERITIES,
        message=message + " {follows}",
        cause=cause + " {origin} Asked: {asked}",
        steps=(first, *more, _LOOK),
        open_after=2,
        aspect="records",
        references=_REFERENCES,
    )


DKIM_RECORD_MISSING = _diagnosis(
    "DKIM_RECORD_MISSING",
    "DKIM records of {subject} missing in the DNS: {count} of {total} ({which}).",
    "{how}",
    _PUBLISH,
    _RELATIVE,
)
DKIM_NAME_DOUBLED = _diagnosis(
    "DKIM_NAME_DOUBLED",
    "DKIM records of {subject} published under a name with the domain twice: {count} of {total} ({which}).",
    "The provider appended the domain to a name that already had it: the record is at {found}.",
    Step("Write the name with a final dot, or without the domain: {names}"),
    Step("So that this stands at the provider of {zone}: {records}"),
)
DKIM_UNDERSCORE_LOST = _diagnosis(
    "DKIM_UNDERSCORE_LOST",
    "DKIM records of {subject} published without the underscore of _domainkey: {count} of {total} ({which}).",
    "The record is at {found}, where nobody looks. Some forms drop the underscore.",
    _PUBLISH,
    _RELATIVE,
    Step("A provider that cannot have an underscore in a name cannot serve DKIM: move the zone to one that can."),
)
DKIM_WRONG_TYPE = _diagnosis(
    "DKIM_WRONG_TYPE",
    "DKIM records of {subject} published as something else than a CNAME: {count} of {total} ({which}).",
    "{how}",
    Step("Replace it at the provider of {zone} by, exactly: {records}"),
    _RELATIVE,
    Step('Where the provider has a switch for it ("proxied", "flattening", ALIAS), switch it off for these names.'),
)
DKIM_WRONG_TARGET = _diagnosis(
    "DKIM_WRONG_TARGET",
    "DKIM records of {subject} pointing to the wrong place: {count} of {total} ({which}).",
    "{how}",
    Step("At the provider of {zone} correct it to, exactly: {records}"),
    _RELATIVE,
)
DKIM_TARGET_BROKEN = _diagnosis(
    "DKIM_TARGET_BROKEN",
    "DKIM records of {subject} that are as they should be, but lead to no key: {count} of {total} ({which}).",
    "SES and receivers ask for TXT and follow the CNAME. {how}",
    Step("Ask the provider of {zone} to answer TXT questions at names that have a CNAME. They are: {records}"),
    Step(
        "If its servers do answer: the token may be one of an identity that was deleted. See which SES gives now:",
        command="aws sesv2 get-email-identity --region {region} --email-identity {subject}",
    ),
)
DKIM_KEY_CHANGED = _diagnosis(
    "DKIM_KEY_CHANGED",
    "The DKIM key that {subject} publishes for its selector {which} is not the one that was made for it: {how}.",
    "SES signs with a private key that you gave it; what is published must be its public half, unaltered.",
    Step("At the provider of {zone} publish, exactly and in one piece: {records}"),
    _RELATIVE,
    Step("SES does not give the public key back: make it from the private one (openssl rsa -in KEY -pubout)."),
)
_EASY = (
    DKIM_RECORD_MISSING,
    DKIM_NAME_DOUBLED,
    DKIM_UNDERSCORE_LOST,
    DKIM_WRONG_TYPE,
    DKIM_WRONG_TARGET,
    DKIM_TARGET_BROKEN,
)
_OWN = (DKIM_RECORD_MISSING, DKIM_NAME_DOUBLED, DKIM_UNDERSCORE_LOST, DKIM_KEY_CHANGED)
_ELSEWHERE = (DKIM_NAME_DOUBLED, DKIM_UNDERSCORE_LOST)

_EASY_TOKENS = 3
_NOTHING = "Nothing that fits is published at the name where SES and receivers look."
_PUBLIC_KEY = "p=<your public key in base64>"


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What is wrong with one record. `found` is where it was found instead, `how` the cause in a sentence."""

    diagnosis: Diagnosis
    record: Record
    token: str
    found: str = ""
    how: str = ""


def judge(identity: Identity, snapshot: Snapshot, inquiry: Inquiry) -> Iterator[Conclusion]:
    """Conclude at most one tag for each record, and one finding for each tag."""
    if identity.kind is not IdentityKind.DOMAIN:
        return
    dkim = identity.dkim.get()
    if not dkim.tokens or dkim.status == "NOT_STARTED":
        return
    own_key = _has_own_key(identity, dkim)
    groundless = inquiry.groundless(identity.domain)
    if groundless is not None:
        yield Undecided(_tags(_OWN if own_key else _EASY), groundless)
        return
    if own_key:
        results: list[_Wrong | Undecided | None] = []
        for selector in dkim.tokens:
            results += _of_own_key(identity, dkim, selector, inquiry)
    else:
        results = _of_tokens(identity, snapshot, dkim, inquiry)
    for diagnosis in CHECK.diagnoses:
        wrong = [each for each in results if isinstance(each, _Wrong) and each.diagnosis is diagnosis]
        if wrong:
            yield _finding(identity, snapshot, dkim, wrong, inquiry)
    yield from (each for each in results if isinstance(each, Undecided))


def _has_own_key(identity: Identity, dkim: Dkim) -> bool:
    if isinstance(identity.details, Known) and identity.details.value.dkim_origin:
        return identity.details.value.dkim_origin == "EXTERNAL"
    if isinstance(identity.details, Missing) and len(dkim.tokens) < _EASY_TOKENS:
        # It may be a selector of a key of one's own: what to expect of it is not known.
        identity.details.get()
    return False


def _of_tokens(identity: Identity, snapshot: Snapshot, dkim: Dkim, inquiry: Inquiry) -> list[_Wrong | Undecided | None]:
    expected = expectations(identity, dkim, snapshot.region)
    # The first questions of all of them are noted before any answer is needed.
    for each in expected:
        inquiry.lookup(each.name, "CNAME")
        inquiry.lookup(each.name, "TXT")
    results: list[_Wrong | Undecided | None] = []
    for each in expected:
        results += _of_token(each, expected, inquiry)
    if isinstance(identity.details, Missing):
        # Into which zone they must point is known for certain only from these.
        results = [each for each in results if not (isinstance(each, _Wrong) and each.diagnosis is DKIM_WRONG_TARGET)]
        results.append(Undecided(_tags((DKIM_WRONG_TARGET,)), identity.details))
    return results


def _of_token(
    expected: Expected, all_of_them: Sequence[Expected], inquiry: Inquiry
) -> Iterator[_Wrong | Undecided | None]:
    told = inquiry.told(expected.name, "CNAME")
    if isinstance(told, Missing):
        yield Undecided(_tags(_EASY), told)
        return
    answer = told.value
    if answer.outcome is Outcome.FOUND:
        if any(expected.met_by(value) for value in answer.values):
            yield _through(expected, inquiry)
            return
        if any("amazonses.com" in value.lower() for value in answer.values):
            yield _misdirected(expected, answer, all_of_them, inquiry)
            return
    yield from _astray(expected, answer, all_of_them, inquiry)


def _through(expected: Expected, inquiry: Inquiry) -> _Wrong | Undecided | None:
    """Follow a CNAME that is right to its key, as SES and receivers do."""
    asked = inquiry.lookup(expected.name, "TXT")
    if isinstance(asked, Missing):
        return Undecided(_tags((DKIM_TARGET_BROKEN,)), asked)
    lookup = asked.value
    answer = lookup.resolver
    wrong = _Wrong(DKIM_TARGET_BROKEN, expected.record, expected.token)
    if answer.outcome is Outcome.FOUND:
        if any("p=" in value for value in answer.values):
            return None
        return replace(wrong, how=f"Behind the CNAME is no key, but {in_words(answer, 'TXT')}.")
    if answer.outcome.is_answer:
        if not answer.aliases:
            # It has not seen the CNAME yet: dns.propagation tells when it will.
            return Undecided(_tags((DKIM_TARGET_BROKEN,)), _no_alias_yet(expected.name))
        return replace(wrong, how=f"The CNAME leads to {in_words(answer, 'TXT')}: SES keeps no key there.")
    if _refuse_txt(lookup):
        return replace(wrong, how="The zone's own servers give the CNAME, and fail when they are asked for TXT.")
    seen = lookup.seen()
    missing = seen if isinstance(seen, Missing) else _no_alias_yet(expected.name)
    return Undecided(_tags((DKIM_TARGET_BROKEN,)), missing)


def _no_alias_yet(name: str) -> Missing:
    return Missing(Blindness.NOT_APPLICABLE, f"the resolver does not see {name} yet")


def _refuse_txt(lookup: Lookup) -> bool:
    failing = {Outcome.SERVFAIL, Outcome.REFUSED, Outcome.BROKEN}
    return bool(lookup.authoritative) and all(each.answer.outcome in failing for each in lookup.authoritative)


def _misdirected(expected: Expected, answer: Answer, all_of_them: Sequence[Expected], inquiry: Inquiry) -> _Wrong:
    ends = [end.removeprefix(f"{expected.name}.") for end in inquiry.doubled(expected.name, expected.domain)]
    how = expected.how_wrong(answer.values[0], ends, [other.token for other in all_of_them])
    return _Wrong(DKIM_WRONG_TARGET, expected.record, expected.token, how=bounded(how, 400))


def _astray(
    expected: Expected, answer: Answer, all_of_them: Sequence[Expected], inquiry: Inquiry
) -> Iterator[_Wrong | Undecided]:
    """Look where the record may have gone, now that it is not at its name."""
    record, token = expected.record, expected.token
    unasked: dict[Diagnosis, Missing] = {}
    places = [(DKIM_NAME_DOUBLED, name) for name in inquiry.doubled(expected.name, expected.domain)]
    places.append((DKIM_UNDERSCORE_LOST, f"{token}.domainkey.{expected.domain}"))
    found: dict[Diagnosis, str] = {}
    for diagnosis, name in places:
        told = inquiry.told(name, "CNAME")
        if isinstance(told, Missing):
            unasked[diagnosis] = told
        elif _leads_there(expected, told.value, inquiry):
            found.setdefault(diagnosis, name)
    how = _other_type(expected, answer, inquiry)
    if found:
        diagnosis, name = next(iter(found.items()))
        yield _Wrong(diagnosis, record, token, found=bounded(name, 300))
    elif isinstance(how, str) and how:
        yield _Wrong(DKIM_WRONG_TYPE, record, token, how=how)
    elif answer.outcome is Outcome.FOUND and answer.values:
        value = bounded(answer.values[0], 200)
        everywhere = len(all_of_them) > 1 and all(
            _values(inquiry.told(other.name, "CNAME")) == _values(Known(answer)) for other in all_of_them
        )
        guess = " A wildcard record (*) answers for every name." if everywhere else ""
        yield _Wrong(DKIM_WRONG_TARGET, record, token, how=f"It points to {value}, not to SES.{guess}")
    else:
        yield _Wrong(DKIM_RECORD_MISSING, record, token, how=_nothing_there(expected, inquiry))
        if isinstance(how, Missing):
            unasked[DKIM_WRONG_TYPE] = how
        yield from (Undecided(_tags((diagnosis,)), missing) for diagnosis, missing in unasked.items())


def _leads_there(expected: Expected, answer: Answer, inquiry: Inquiry) -> bool:
    ends = [end.removeprefix(f"{expected.name}.") for end in inquiry.doubled(expected.name, expected.domain)]
    return answer.outcome is Outcome.FOUND and any(
        expected.met_by(value) or expected.doubled_in(value, ends) for value in answer.values
    )


def _nothing_there(expected: Expected, inquiry: Inquiry) -> str:
    name = f"_{expected.name}"
    told = inquiry.told(name, "CNAME")
    if isinstance(told, Known) and _leads_there(expected, told.value, inquiry):
        return f"It is at {bounded(name, 253)}: take the first underscore away."
    return _NOTHING


def _other_type(expected: Expected, answer: Answer, inquiry: Inquiry) -> str | Missing:
    """Say what else is at the name in place of the CNAME; empty where it is nothing that was meant for it."""
    if answer.outcome is not Outcome.NO_SUCH_TYPE:
        return ""
    # A wildcard answers for names that nobody entered too: what it says was not meant for this one.
    beside = f"{expected.token[::-1]}._domainkey.{expected.domain}"
    asked = {type_: (inquiry.told(expected.name, type_), inquiry.told(beside, type_)) for type_ in ("A", "AAAA")}
    text = inquiry.told(expected.name, "TXT")
    for type_, (told, wild) in asked.items():
        if _values(told) and isinstance(wild, Known) and _values(wild) != _values(told):
            given = bounded(", ".join(sorted(_values(told))), 120)
            return (
                f"The name leads to addresses ({type_} {given}): the provider resolves or proxies the CNAME by itself."
            )
    if isinstance(text, Known) and not text.value.aliases:
        meant = [value for value in text.value.values if expected.meant_by(value)]
        if meant:
            return f"It was entered as TXT: {bounded(meant[0], 160)}."
    unseen = (each for pair in asked.values() for each in pair)
    return next((each for each in (text, *unseen) if isinstance(each, Missing)), "")


def _values(told: Observed[Answer]) -> frozenset[str]:
    return frozenset(told.value.values) if isinstance(told, Known) else frozenset()


def _of_own_key(identity: Identity, dkim: Dkim, selector: str, inquiry: Inquiry) -> Iterator[_Wrong | Undecided]:
    name = f"{selector}._domainkey.{identity.domain}"
    record = Record(name, "TXT", _PUBLIC_KEY)
    told = inquiry.told(name, "TXT")
    if isinstance(told, Missing):
        yield Undecided(_tags(_OWN), told)
        return
    keys = [value for value in told.value.values if dkim_key.is_meant_as_key(value)]
    if keys:
        how = dkim_key.fault_of(keys) or _objected(identity, dkim)
        if how:
            yield _Wrong(DKIM_KEY_CHANGED, record, selector, how=how)
        return
    unasked: dict[Diagnosis, Missing] = {}
    places = [(DKIM_NAME_DOUBLED, place) for place in inquiry.doubled(name, identity.domain)]
    places.append((DKIM_UNDERSCORE_LOST, f"{selector}.domainkey.{identity.domain}"))
    answers = [(diagnosis, place, inquiry.told(place, "TXT")) for diagnosis, place in places]
    for diagnosis, place, answer in answers:
        if any(dkim_key.is_meant_as_key(value) for value in _values(answer)):
            yield _Wrong(diagnosis, record, selector, found=bounded(place, 300))
            return
        if isinstance(answer, Missing):
            unasked[diagnosis] = answer
    if told.value.values:
        said = bounded(in_words(told.value, "TXT"), 160)
        yield _Wrong(DKIM_KEY_CHANGED, record, selector, how=f"there is no p= with a key in it, but {said}")
        return
    yield _Wrong(DKIM_RECORD_MISSING, record, selector, how=_NOTHING)
    yield from (Undecided(_tags((diagnosis,)), missing) for diagnosis, missing in unasked.items())


def _objected(identity: Identity, dkim: Dkim) -> str:
    """Say what only SES can know: that a key without a flaw belongs to another private key.

    After FAILED it looks no more, so what it says then may be about a record that was corrected since.
    """
    details = identity.details
    objects = isinstance(details, Known) and details.value.error_type == "INVALID_VALUE"
    if objects and dkim.status in {"PENDING", "TEMPORARY_FAILURE"}:
        return "it is well formed, but SES reports INVALID_VALUE: it belongs to another private key"
    return ""


def _finding(
    identity: Identity, snapshot: Snapshot, dkim: Dkim, wrong: Sequence[_Wrong], inquiry: Inquiry
) -> Conclusion:
    first, total = wrong[0], len(dkim.tokens)
    type_ = "TXT" if first.diagnosis is DKIM_TARGET_BROKEN else first.record.type
    asked = [(each.found or each.record.name, type_) for each in wrong]
    publish = to_publish([each.record for each in wrong], inquiry.zone_of(identity.domain))
    finding = first.diagnosis.on(
        snapshot,
        identity.name,
        severity=weight(dkim.status, in_part=len(wrong) < total),
        count=len(wrong),
        total=total,
        which=bounded(", ".join(each.token for each in wrong), 200),
        how=bounded(first.how, 400),
        found=first.found,
        origin=_origin(identity, snapshot),
        name=bounded(first.record.name),
        type=type_,
        asked=bounded(inquiry.testimony(*asked), 360),
        follows=follows(dkim.status, identity.memory.unproven_since),
        zone=publish.zone,
        records=publish.records,
        names=publish.names,
    )
    return publish.kept_in(finding)


def _origin(identity: Identity, snapshot: Snapshot) -> str:
    details = identity.details.value if isinstance(identity.details, Known) else Details()
    region = regions.parent_region(details.dkim_origin)
    if region:
        return f"The records are those of the identity in {region}, shared by this replica."
    if details.dkim_origin == "EXTERNAL":
        return "The key is one of your own (BYODKIM)."
    if not details.hosted_zone and not regions.dkim_zone(snapshot.region):
        return "Compare the target with what the SES console shows: AWS has no table for this region."
    return "The records are those that SES gave for this identity."


def _tags(diagnoses: Iterable[Diagnosis]) -> frozenset[str]:
    return frozenset(diagnosis.tag for diagnosis in diagnoses)


def questions(identity: Identity, snapshot: Snapshot) -> Iterable[Question]:
    """Ask for each record and the key behind it; where it is not right, for the places it may have gone to."""
    return wanted(judge, identity, snapshot)


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude from the proof."""
    return judge(identity, snapshot, Inquiry(identity.proof))


CHECK = Check(
    id="dns.dkim_records",
    scope=Scope.IDENTITY,
    title="The DKIM records that SES gave the domain are published",
    needs=frozenset({"ses:ListEmailIdentities", "ses:GetIdentityDkimAttributes", "ses:GetEmailIdentity"}),
    diagnoses=(*_EASY, DKIM_KEY_CHANGED),
    evaluate=evaluate,
    questions=questions,
)
