"""Finds SES's refusals in anything: SDK exceptions, JSON and XML bodies, SMTP dialogues, logs of mail servers. Pure.

Words that are SES's own count wherever they stand. Words and codes that others use too count only where SES is named
beside them, or where they stand as SES writes its replies: without the enhanced status code that others put there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ses_monitor.core.check import bounded
from ses_monitor.core.rejection import Confidence, Rejection, Told
from ses_monitor.rejections import context
from ses_monitor.rejections.identities import identity, is_machines, listed
from ses_monitor.rejections.phrases import CODE, PHRASES, SES_CODES, SHARED_CODES, TRIGGERS, Owner, Phrase

LONGEST = 64 * 1024
"""Characters read of one text."""
MOST = 200
"""Rejections told of one text."""
SUCCESSES = frozenset({"DELIVERED", "AUTHENTICATED"})

_COLOURS = re.compile(r"\x1b\[[0-?]{0,16}[ -/]{0,4}[@-~]")
_ESCAPE = re.compile(r"\\{1,8}(n|r|t|\"|'|/|u00(?:3[cCeE]|2[0267]))|&(lt|gt|quot|apos|#39|#34|amp);")
_ESCAPED = {
    "n": "\n", "r": "\n", "t": "\t", "u003c": "<", "u003e": ">", "u0026": "&", "u0027": "'", "u0022": '"', "u0020": " ",
    "lt": "<", "gt": ">", "quot": '"', "apos": "'", "#39": "'", "#34": '"', "amp": "&",
}  # fmt: skip
_CONTINUED = re.compile(r"^([245]\d\d)-([^\n]{0,998})\n\1[- ]", re.MULTILINE)
_REPLY = re.compile(
    r"(?<![\w.])(?P<reply>[245]\d\d)[ \-,:'\"]{1,4}(?:b?['\"]|(?:with )?(?:message|response):? ?['\"]?)?\s{0,4}"
    r"(?P<enhanced>[245]\.\d{1,3}\.\d{1,3})?[ :]{0,3}"
    r"(?:(?:Message rejected|Throttling failure|Transaction failed|Access denied):\s{0,4})?$",
    re.IGNORECASE,
)
_ENVELOPE = re.compile(
    r"(?i)(?:\bMAIL FROM: ?|(?<![\w.-])from=)<(?P<sender>[^<>\s]{1,320})>"
    r"|\bRCPT TO: ?<(?P<recipient>[^<>\s]{1,320})>|(?<![\w.-])to=<(?P<one>[^<>\s]{1,320})>"
)
_SAID = re.compile(r"(?i)\bsaid: ([45]\d\d)[ -](?:([45]\.\d{1,3}\.\d{1,3}) )?([^\n]{0,500})")
_FROM_THIS = re.compile(r"\s{0,4}(?:from|for) ", re.IGNORECASE)
_BARE = re.compile(
    r"(?i)\W{0,8}(?:[245]\d\d[ -])?(?:(?:Throttling failure|Message rejected|Transaction failed|Throttling):\s{0,4})?$"
)


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    rejection: Rejection


def find(text: str, *, of_ses: bool = False) -> Rejection | None:
    """Return what SES refused in `text`: the first refusal, or else the last success; None where SES says nothing.

    With `of_ses` somebody who knows says that the text is SES's: words count that others use too, unless others are
    named beside them.
    """
    every = find_all(text, of_ses=of_ses)
    refused = [each for each in every if each.tag not in SUCCESSES]
    known = [each for each in refused if each.tag != "UNRECOGNISED"]
    return next(iter(known or refused or every[::-1]), None)


def find_all(text: str, *, of_ses: bool = False) -> list[Rejection]:
    """Return each of SES's answers in `text`, in its order; what is told again in the same words once."""
    plain = plainly(text)
    lowered = plain.lower()
    if not any(word in lowered for word in TRIGGERS):
        return []
    hits = _said(plain, of_ses) or list(_coded(plain, of_ses)) or list(_unknown(plain))
    return list(dict.fromkeys(hit.rejection for hit in hits))


def told_in(text: str) -> Told:
    """Return the sender and the recipients that a dialogue or a log of a mail server names beside the refusal.

    The sender is the envelope's, which is mostly the From address: none where there are several, or where a machine
    made it up. Postfix has a line for each recipient: `to=` counts only where nobody else can have failed.
    """
    plain = plainly(text)
    lowered = plain.lower()
    if not any(word in lowered for word in ("from=<", "mail from", "rcpt to", "to=<")):
        return Told()
    senders: dict[str, None] = {}
    recipients: dict[str, None] = {}
    ones: dict[str, None] = {}
    for told, found in enumerate(_ENVELOPE.finditer(plain)):
        if told >= MOST:
            break
        for name, into in (("sender", senders), ("recipient", recipients), ("one", ones)):
            if found[name] and "@" in (bare := identity(found[name])):
                into[bare] = None
    sender = next(iter(senders)) if len(senders) == 1 else ""
    sender = "" if is_machines(sender) else sender
    if ones and not recipients:
        rejection = find(plain)
        failed = {*rejection.identities} if rejection and not rejection.truncated else set()
        recipients = ones if failed and failed <= {*ones, *senders} else {}
    return Told(sender=sender, recipients=tuple(recipients))


def plainly(text: str) -> str:
    """Return the first of `text` without colours, with escapes of JSON and HTML undone and SMTP's lines joined."""
    plain = text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n")
    if "\x1b" in plain:
        plain = _COLOURS.sub("", plain)
    if "\\" in plain or "&" in plain:
        plain = _ESCAPE.sub(_unescaped, plain)
    return _CONTINUED.sub(r"\1 \2 ", plain)


def _unescaped(found: re.Match[str]) -> str:
    key = found[1] or found[2]
    return _ESCAPED.get(key.lower() if len(key) > 1 else key, key)


def _said(text: str, of_ses: bool) -> list[_Hit]:
    taken: list[_Hit] = []
    for phrase in PHRASES:
        if len(taken) >= MOST:
            break
        taken += _of_phrase(phrase, text, taken[:], of_ses)
    return sorted(taken, key=lambda hit: hit.start)[:MOST]


def _of_phrase(phrase: Phrase, text: str, taken: list[_Hit], of_ses: bool) -> Iterator[_Hit]:
    claimed = {(hit.start, hit.end) for hit in taken}
    for told, found in enumerate(phrase.pattern.finditer(text)):
        if told >= MOST:
            return
        inside = any(start <= found.start() < end or found.start() <= start < found.end() for start, end in claimed)
        if not inside and (hit := _hit(phrase, text, found, of_ses)):
            yield hit


def _hit(phrase: Phrase, text: str, found: re.Match[str], of_ses: bool) -> _Hit | None:
    start, end = found.span()
    reply, enhanced = _reply(text, start)
    if phrase.tag == "DELIVERED":
        reply = 250
    elif phrase.tag == "AUTHENTICATED":
        reply = 235
    confidence = _confidence(phrase, text, found, reply=reply, enhanced=enhanced)
    if of_ses and confidence in {None, Confidence.LOW} and not _of_others(phrase, text, start, end):
        confidence = Confidence.MEDIUM
    if confidence is None:
        return None
    names = found.groupdict()
    one = identity(names.get("identity") or "") or bounded(names.get("identity") or "", 320)
    identities: tuple[str, ...] = (one,) if one else ()
    truncated = False
    if phrase.listing:
        identities, truncated, end = listed(text, end)
    words = bounded(" ".join(text[start : min(end, start + 2000)].split()))
    code = _code(text, start, end)
    rejection = Rejection(
        tag=_refined(phrase.tag, words, code),
        text=words,
        code=str(reply) if reply else code,
        reply=reply,
        enhanced_code=enhanced,
        region=_region(names.get("region") or "") or context.region_near(text, start, end),
        identities=identities,
        truncated=truncated,
        resource=bounded(names.get("resource") or "", 600).rstrip("."),
        user=bounded(names.get("user") or "", 600),
        action=names.get("action") or "",
        message_id=names.get("message_id") or "",
        confidence=confidence,
    )
    return _Hit(start, end, rejection)


def _refined(tag: str, words: str, code: str) -> str:
    """The code tells the owner's pause from AWS's, where the words leave it open."""
    if tag == "ACCOUNT_PAUSED_BY_AWS" and code.startswith("AccountSendingPaused") and "inbox" not in words:
        return "ACCOUNT_PAUSED_BY_OWNER"
    return tag


def _confidence(phrase: Phrase, text: str, found: re.Match[str], *, reply: int, enhanced: str) -> Confidence | None:
    """How surely this is SES's; None: it is not."""
    start, end = found.span()
    if phrase.owner is Owner.SES:
        return Confidence.HIGH
    near = context.line(text, start, end)
    alone = bool(_BARE.fullmatch(text[max(0, start - 60) : start])) and not text[end : end + 60].strip(" \n\t.'\")")
    if phrase.owner is Owner.SMTP:
        if context.smtp_of_ses(near):
            return Confidence.HIGH
        if context.of_another_host(near) or enhanced or _FROM_THIS.match(text, end):
            return None
        return Confidence.MEDIUM if reply else Confidence.LOW if alone and start < 60 else None
    if context.smtp_of_ses(near) or context.api_of_ses(text, start, end) or _own_code(text, start, end):
        return Confidence.HIGH
    transacted = text[max(0, start - 20) : start].lower().endswith("transaction failed: ") and not enhanced
    return Confidence.LOW if (alone and start < 60 and not enhanced) or transacted else None


def _of_others(phrase: Phrase, text: str, start: int, end: int) -> bool:
    if phrase.owner is Owner.SMTP:
        return context.of_another_host(context.line(text, start, end))
    return context.api_of_others(text, start, end)


def _reply(text: str, start: int) -> tuple[int, str]:
    found = _REPLY.search(text[max(0, start - 80) : start])
    return (int(found["reply"]), found["enhanced"] or "") if found else (0, "")


def _own_code(text: str, start: int, end: int) -> bool:
    return any(found["own"] for found in CODE.finditer(context.window(text, start, end)))


def _code(text: str, start: int, end: int) -> str:
    """The code nearest before the words on their line, else after them, else around."""
    first = max(0, start - context.BEFORE)
    for part, last in (
        (context.line(text, start, end), False),
        (text[first : start + 30], True),
        (text[end - 1 : end + context.AFTER], False),
    ):
        if found := list(CODE.finditer(part)):
            return str(found[-1 if last else 0]["code"])
    return ""


def _region(word: str) -> str:
    lowered = word.lower()
    return lowered if context.REGION.fullmatch(lowered) else ""


def _coded(text: str, of_ses: bool) -> Iterator[_Hit]:
    """Refusals of which only the API's code is known."""
    for told, found in enumerate(CODE.finditer(text)):
        if told >= MOST:
            return
        start, end = found.span()
        own = found["own"]
        ours = context.api_of_ses(text, start, end) or (of_ses and not context.api_of_others(text, start, end))
        if own is None and not ours:
            continue
        tag = SES_CODES[own] if own else SHARED_CODES[found["shared"] or found["ended"]]
        yield _Hit(
            start,
            end,
            Rejection(
                tag=tag,
                text=bounded(" ".join(text[start : end + 400].partition("\n")[0].split())),
                code=found["code"],
                region=context.region_near(text, start, end),
                confidence=Confidence.HIGH if own and own != "SendingPaused" else Confidence.MEDIUM,
            ),
        )


def _unknown(text: str) -> Iterator[_Hit]:
    """Replies of SES's SMTP endpoint in words that are not known."""
    for told, found in enumerate(_SAID.finditer(text)):
        start, end = found.span()
        if told >= MOST:
            return
        if context.smtp_of_ses(context.line(text, start, start)):
            yield _Hit(
                start,
                end,
                Rejection(
                    tag="UNRECOGNISED",
                    text=bounded(found[3]),
                    code=found[1],
                    reply=int(found[1]),
                    enhanced_code=found[2] or "",
                    region=context.region_near(text, start, start),
                    confidence=Confidence.LOW,
                ),
            )
