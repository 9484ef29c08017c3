"""One answer to one error text: what SES refused, why, and the steps, with the names that the text tells. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from ses_monitor.core.check import Step, bounded
from ses_monitor.core.rejection import Confidence, Explanation, Rejection, RetryPlan
from ses_monitor.rejections import context
from ses_monitor.rejections.catalogue import NOTHING, SMTP_AGAIN, Entry, entry
from ses_monitor.rejections.reading import find, plainly

CANDIDATES = (
    "RECIPIENT_UNVERIFIED_SANDBOX",
    "SENDER_UNVERIFIED",
    "SENDER_VERIFIED_IN_OTHER_REGION",
    "SENDER_PENDING",
    "RETURN_PATH_UNVERIFIED",
)
"""What an unverified identity may be, the likeliest first."""
PAUSED = ("ACCOUNT_PAUSED_BY_OWNER", "ACCOUNT_PAUSED_BY_AWS", "CONFIGURATION_SET_PAUSED")
"""What the bare code SendingPausedException may be."""
SHOWN = 5
"""Identities for which commands are written out."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
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


def explain(text: str, region: str = "") -> Explanation:
    """Explain `text`. What it says of the region counts before `region`, where the caller sends from.

    Never raises: what is not known is UNRECOGNISED, with the general rule of its class of replies.
    """
    rejection = find(text)
    if rejection is None or rejection.tag == "UNRECOGNISED":
        return _general(rejection or _unknown(text), region)
    where = rejection.region or _region(region)
    known = entry(rejection.tag)
    retry = known.smtp_retry if known.smtp_retry and rejection.reply else known.retry
    candidates, needs = _open_questions(rejection, where)
    return Explanation(
        rejection=rejection,
        tag=rejection.tag,
        cause=_filled(known.cause, rejection, where, quoted=False),
        steps=tuple(_steps(known, rejection, where)),
        retry=retry,
        evidence=tuple(_evidence(rejection)),
        candidates=candidates,
        needs=needs,
        region=where,
    )


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


def _general(rejection: Rejection, region: str) -> Explanation:
    known = entry("UNRECOGNISED")
    where = rejection.region or _region(region)
    retry, rule = _GENERAL.get(rejection.reply // 100, (known.retry, ""))
    return Explanation(
        rejection=rejection,
        tag="UNRECOGNISED",
        cause=f"{known.cause} {rule}".strip(),
        steps=tuple(_steps(known, rejection, where)),
        retry=retry,
        evidence=tuple(_evidence(rejection)),
        region=where,
    )


def _open_questions(rejection: Rejection, region: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    where = shlex.quote(region) if region else "REGION"
    account = f"aws sesv2 get-account --region {where}"
    if rejection.tag == "ACCOUNT_PAUSED_BY_OWNER" and rejection.confidence is Confidence.MEDIUM:
        return PAUSED, (f"Whether the account's EnforcementStatus is HEALTHY, and SendingEnabled true: {account}",)
    if rejection.tag != "IDENTITY_UNVERIFIED":
        return (), ()
    names = rejection.identities[:SHOWN] or ("IDENTITY",)
    return CANDIDATES, (
        f"Whether the account is in the sandbox (ProductionAccessEnabled is false): {account}",
        *(
            f"Whether {bounded(name)} is verified, pending or absent in {region or 'that region'}:"
            f" aws sesv2 get-email-identity --region {where} --email-identity {shlex.quote(name)}"
            for name in names
        ),
        "Whether it, or its domain, is verified in another region: the same command with other regions.",
        "What it was in the mail: a recipient, the From address, or the Return-Path (envelope sender).",
    )


def _evidence(rejection: Rejection) -> Iterator[str]:
    if rejection.text:
        yield f"The text says: {rejection.text}"
    if rejection.truncated:
        yield "SES cut its list of identities: there were more."
    if rejection.confidence is not Confidence.HIGH and rejection.tag != "UNRECOGNISED":
        yield "Others than SES use these words too; nothing in the text names SES for certain."


def _steps(known: Entry, rejection: Rejection, region: str) -> Iterator[str]:
    for step in known.steps:
        names = rejection.identities[:SHOWN] if "{identity}" in step.command else ()
        for name in names or ("",):
            yield Step(
                _filled(step.text, rejection, region, quoted=False),
                _filled(step.command, rejection, region, quoted=True, one=name),
                _filled(step.url, rejection, region, quoted=False),
            ).plain()


def _filled(template: str, rejection: Rejection, region: str, *, quoted: bool, one: str = "") -> str:
    values = {
        "region": region,
        "identity": one or ", ".join(rejection.identities[:SHOWN]),
        "resource": rejection.resource,
        "user": rejection.user,
        "action": rejection.action,
        "message_id": rejection.message_id,
    }

    def value(found: re.Match[str]) -> str:
        name = found[1]
        known = bounded(values.get(name, ""))
        if not known:
            return name.upper()
        return shlex.quote(known) if quoted else known

    return _PLACEHOLDER.sub(value, template)


def _region(text: str) -> str:
    lowered = text.strip().lower()[:40]
    return lowered if context.REGION.fullmatch(lowered) else ""
