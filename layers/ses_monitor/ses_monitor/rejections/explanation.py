"""One answer to one error text: what SES refused, why, and the steps, with all names that are known. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

from ses_monitor.core.check import Step, bounded
from ses_monitor.core.rejection import Confidence, Explanation, Facts, Rejection, RetryPlan, Told
from ses_monitor.rejections import context, words
from ses_monitor.rejections.catalogue import NOTHING, SMTP_AGAIN, entry
from ses_monitor.rejections.reading import find, plainly
from ses_monitor.rejections.resolution import (
    LIKELIEST,
    OTHER_REGION,
    PAUSED,
    PENDING,
    RECIPIENT,
    RETURN_PATH,
    UNDECIDED,
    Resolved,
    account_in_words,
    mail_from_of,
    resolve,
    sender_of,
    supplemented,
    whose_pause,
)
from ses_monitor.rejections.words import SHOWN

CANDIDATES = LIKELIEST
_LIMITS = frozenset({"DAILY_QUOTA_EXCEEDED", "SEND_RATE_EXCEEDED", "TOO_MANY_CONNECTIONS"})
_CONFIGURATION_SETS = frozenset({"CONFIGURATION_SET_MISSING", "CONFIGURATION_SET_PAUSED"})
_ROLES = frozenset({RECIPIENT, RETURN_PATH, UNDECIDED})
"""Where the failed identity is not the sender's own."""
_LEADING = re.compile(r"\W{0,8}([245]\d\d)(?:[ \-]|\W{0,3}$)(?:([245]\.\d{1,3}\.\d{1,3})\b)?")
_SAID = re.compile(
    r"(?i)(?:said|response|reply|replied|server)[\w ]{0,20}:\s{0,4}['\"]?([245]\d\d)[ -]"
    r"(?:([245]\.\d{1,3}\.\d{1,3})\b)?"
)
_PERMANENT = RetryPlan(False, (), "Replies that begin with 5 are final: do not repeat it unchanged.")
_TEMPORARY = RetryPlan(True, SMTP_AGAIN.after_seconds, f"Replies that begin with 4 are temporary. {SMTP_AGAIN.advice}")
_GENERAL = {
    2: (NOTHING, "By its number it is a success: the server did what was asked."),
    4: (_TEMPORARY, "By its number it is temporary: the same mail may be taken later."),
    5: (_PERMANENT, "By its number it is final: the same mail will be refused again until something is changed."),
}
_IS_VERIFIED = Step(
    "See whether it is verified now (VerifiedForSendingStatus):",
    command="aws sesv2 get-email-identity --region {region} --email-identity {identity}",
)
_VERIFIED_MEANWHILE = RetryPlan(True, (60,), "The identity is verified by now: try it again, once.")


def explain(text: str, region: str = "") -> Explanation:
    """Explain `text` alone. What it says of the region counts before `region`, where the caller sends from.

    Never raises: what is not known is UNRECOGNISED, with the general rule of its class of replies.
    """
    return explained(read(text), supplemented(Told(region=region), text))


def read(text: str, *, of_ses: bool = False) -> Rejection:
    """Return what SES refused in `text`; UNRECOGNISED, with its reply code, where nothing in it is SES's."""
    return find(text, of_ses=of_ses) or _unknown(text)


def explained(rejection: Rejection, told: Told = Told(), facts: Facts | None = None) -> Explanation:  # noqa: B008 - frozen
    """Explain what was read, with what was told beside it and what the audits know. Never raises.

    A text that names no region was refused in `told.region`, or else, by assumption, in `told.nearby`.
    """
    where = rejection.region or region_name(told.region) or region_name(told.nearby)
    if rejection.tag == "UNRECOGNISED":
        return _general(rejection, told, where, facts)
    if rejection.tag == UNDECIDED:
        return _of_identities(rejection, told, where, facts)
    return _of_one_reason(rejection, told, where, facts)


def region_name(text: str) -> str:
    """Return a region as AWS writes it, or nothing where `text` is not written like one."""
    lowered = text.strip().lower()[:40]
    return lowered if context.REGION.fullmatch(lowered) else ""


def _unknown(text: str) -> Rejection:
    plain = plainly(text)
    found = _LEADING.match(plain) or _SAID.search(plain)
    reply = int(found[1]) if found else 0
    return Rejection(
        tag="UNRECOGNISED",
        text=bounded(" ".join(plain[:2000].split())),
        code=str(reply) if reply else "",
        reply=reply,
        enhanced_code=(found[2] or "") if found else "",
        confidence=Confidence.LOW,
    )


def _general(rejection: Rejection, told: Told, where: str, facts: Facts | None) -> Explanation:
    known = entry("UNRECOGNISED")
    retry, rule = _GENERAL.get(rejection.reply // 100, (known.retry, ""))
    values = _values(rejection, where)
    return Explanation(
        rejection=rejection,
        tag="UNRECOGNISED",
        cause=f"{words.cause(known, values)} {rule}".strip(),
        steps=tuple(step.plain() for step in words.steps(known, values)),
        retry=retry,
        evidence=tuple(_evidence(rejection, told, where)),
        region=where,
        sender=sender_of(told.sender, where, facts),
    )


def _of_one_reason(rejection: Rejection, told: Told, where: str, facts: Facts | None) -> Explanation:
    account = facts.account if facts else None
    tag, answer = rejection.tag, rejection
    candidates: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    if tag == "ACCOUNT_PAUSED_BY_OWNER" and rejection.confidence is Confidence.MEDIUM:
        if decided := whose_pause(account):
            tag, answer = decided, replace(rejection, confidence=Confidence.HIGH)
        else:
            candidates = PAUSED
            needs = (
                f"Whether the account's EnforcementStatus is HEALTHY, and SendingEnabled true: {_look_account(where)}",
            )
    known: tuple[str, ...] = ()
    values = _values(rejection, where)
    if tag in PAUSED or tag == "ACCOUNT_SUSPENDED" or tag in _LIMITS:
        known = tuple(account_in_words(account, where, quota=tag in _LIMITS))
    if tag == "MAIL_FROM_UNVERIFIED" and (identity := mail_from_of(rejection, told, where, facts)):
        domain, status = bounded(identity.mail_from_domain, 253), bounded(identity.mail_from_status, 40)
        known = (f"At the last audit the MAIL FROM domain of {bounded(identity.name, 320)} was {domain}: {status}.",)
        values |= {"identity": identity.name, "mail_from_domain": domain}
    if tag in _CONFIGURATION_SETS and not rejection.resource:
        values["resource"] = told.configuration_set
    this = entry(tag, rejection.code)
    culprit = values["identity"] if tag == "MAIL_FROM_UNVERIFIED" else next(iter(rejection.identities), "")
    return Explanation(
        rejection=answer,
        tag=tag,
        cause=words.cause(this, values),
        steps=tuple(step.plain() for step in words.steps(this, values)),
        retry=this.smtp_retry if this.smtp_retry and rejection.reply else this.retry,
        evidence=tuple(_evidence(rejection, told, where)),
        candidates=candidates,
        needs=needs,
        region=where,
        culprit=culprit,
        may_be_recipient=bool(culprit) and tag != "MAIL_FROM_UNVERIFIED",
        sender=sender_of(told.sender, where, facts),
        known=known,
    )


def _of_identities(rejection: Rejection, told: Told, where: str, facts: Facts | None) -> Explanation:
    answer = resolve(rejection, told, where, facts)
    this = entry(answer.tag)
    undecided = answer.tag == UNDECIDED
    names = answer.at_fault
    verify = names
    if answer.standing.ours and len(names) == 1:
        # What has a status is mostly the domain; of the address SES knows nothing.
        verify = (answer.standing.covering,)
    values = _values(rejection, where) | {
        "identity": ", ".join(verify[:SHOWN]),
        "elsewhere": ", ".join(answer.standing.elsewhere),
    }
    cause, retry, steps = words.cause(this, values), this.retry, words.steps(this, values, verify)
    if answer.standing.verified and not undecided:
        cause = (
            f"SES in {where} did not find {', '.join(map(_shown, names[:SHOWN]))} verified when this was sent; at the"
            " last audit it was. It was verified in between, or has just lost its verification."
        )
        retry = _VERIFIED_MEANWHILE
        steps = (
            *words.steps(replace(this, steps=(_IS_VERIFIED,)), values, verify),
            Step("If it is, send the mail again."),
        )
    return Explanation(
        rejection=rejection if undecided or answer.guessed else replace(rejection, confidence=Confidence.HIGH),
        tag=answer.tag,
        cause=cause,
        steps=tuple(step.plain() for step in steps),
        retry=retry,
        evidence=tuple(_evidence(rejection, told, where, guessed=answer.guessed and not undecided)),
        candidates=answer.possible if undecided else (),
        needs=tuple(_needs(rejection, told, where, answer, facts)) if undecided else (),
        region=where,
        culprit=next(iter(names), ""),
        may_be_recipient=bool(names) and answer.tag in {RECIPIENT, UNDECIDED},
        elsewhere=answer.standing.elsewhere,
        sender=sender_of(told.sender if answer.tag in _ROLES else names[0], where, facts),
        known=answer.known,
    )


def _needs(rejection: Rejection, told: Told, region: str, answer: Resolved, facts: Facts | None) -> Iterator[str]:
    where = shlex.quote(region) if region else "REGION"
    if not region:
        yield "Which region the mail was sent through: the text does not name it."
    account = facts.account if facts else None
    if RECIPIENT in answer.possible and (account is None or account.production_access is None):
        yield f"Whether the account is in the sandbox (ProductionAccessEnabled is false): {_look_account(region)}"
    if len({PENDING, OTHER_REGION} & {*answer.possible}) == 2:
        for name in rejection.identities[:SHOWN] or (told.sender,):
            yield (
                f"Whether {_shown(name) or 'the sender'} is verified, pending or absent in {region or 'that region'}:"
                f" aws sesv2 get-email-identity --region {where}"
                f" --email-identity {shlex.quote(_shown(name)) if name else 'IDENTITY'}"
            )
        yield "Whether it, or its domain, is verified in another region: the same command with other regions."
    if not told.sender or not told.recipients:
        yield "What it was in the mail: a recipient, the From address, or the Return-Path (envelope sender)."


def _look_account(region: str) -> str:
    return f"aws sesv2 get-account --region {shlex.quote(region) if region else 'REGION'}"


def _shown(name: str) -> str:
    return bounded(name, 330) if name else ""


def _evidence(rejection: Rejection, told: Told, region: str, *, guessed: bool = False) -> Iterator[str]:
    if rejection.text:
        yield f"The text says: {rejection.text}"
    if rejection.truncated:
        yield "SES cut its list of identities: there were more."
    if rejection.confidence is not Confidence.HIGH and rejection.tag != "UNRECOGNISED":
        yield "Others than SES use these words too; nothing in the text names SES for certain."
    if region and not rejection.region and not region_name(told.region):
        yield f"The text names no region; {region} is assumed, because the text was found there."
    if guessed:
        yield "The sender was not told: what the address was in the mail is inferred from what the account has."


def _values(rejection: Rejection, region: str) -> dict[str, str]:
    return {
        "region": region,
        "identity": ", ".join(rejection.identities[:SHOWN]),
        "resource": rejection.resource,
        "user": rejection.user,
        "action": rejection.action,
        "message_id": rejection.message_id,
    }
