"""The cause and the steps of a rejection in words, with the names and regions that are known. Pure.

The answer of `explain` and the finding in a chat say the same of one rejection, because both come from here.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from urllib.parse import quote

from ses_monitor.core.check import Step, bounded
from ses_monitor.core.regions import feedback_host
from ses_monitor.rejections.catalogue import Entry

SHOWN = 5
"""Identities for which commands are written out."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_SENTENCE_ENDED = re.compile(r"(?:^|[.:!?]\s)$")
_UNKNOWN = {
    "region": "the region that sends",
    "identity": "an address of the mail",
    "resource": "what the call names",
    "user": "the caller",
    "action": "what the call asks for",
    "message_id": "the one in the answer",
    "elsewhere": "another region",
}
_UNKNOWN_OF = {
    ("IDENTITY_UNVERIFIED", "identity"): "the text does not say which",
    ("MAIL_FROM_UNVERIFIED", "identity"): "the sender's identity",
    ("ADDRESS_UNKNOWN", "identity"): "an address in the mail",
    ("CONFIGURATION_SET_MISSING", "resource"): "a configuration set",
    ("CONFIGURATION_SET_PAUSED", "resource"): "the configuration set of the mail",
    ("TEMPLATE_MISSING", "resource"): "a template",
}
_NOUN = {
    "CONFIGURATION_SET_MISSING": "the configuration set",
    "CONFIGURATION_SET_PAUSED": "the configuration set",
    "TEMPLATE_MISSING": "the template",
}
"""What stands before the name of the resource in prose."""


def cause(entry: Entry, values: Mapping[str, str]) -> str:
    """Return why SES refused it. What is not among `values`, or empty, is told in words.

    `values` may have region, identity, resource, user, action, message_id and elsewhere (regions, with commas between).
    """
    return _prose(entry, entry.cause, values)


def steps(entry: Entry, values: Mapping[str, str], identities: Collection[str] = ()) -> tuple[Step, ...]:
    """Return what to do; in commands names are shell-quoted, and capitals stand for what is not known or is masked.

    A command that names the identity is given for each of `identities`, or else for that of `values`.
    """
    names = tuple(identities)[:SHOWN] or (values.get("identity", ""),)
    made = (
        Step(
            _prose(entry, step.text, values),
            _command(step.command, {**values, "identity": name}),
            _url(step.url, values),
        )
        for step in entry.steps
        for name in (names if "{identity}" in step.command else names[:1])
    )
    return tuple(dict.fromkeys(made))


def smtp_host(region: str) -> str:
    """Return SES's SMTP endpoint of a region."""
    return f"email-smtp.{region}.{'amazonaws.eu' if region.startswith('eusc-') else 'amazonaws.com'}"


def _prose(entry: Entry, template: str, values: Mapping[str, str]) -> str:
    region = bounded(values.get("region", ""))
    derived = {
        "smtp_host": smtp_host(region) if region else "the SMTP endpoint of the region that sends",
        "feedback_host": (feedback_host(region) if region else None) or "the feedback host of the region that sends",
        "endpoint": _right_endpoint(values.get("elsewhere", "")),
    }

    def value(found: re.Match[str]) -> str:
        name = found[1]
        known = derived.get(name) or bounded(values.get(name, ""))
        if known and name == "resource":
            known = " ".join(part for part in (_NOUN.get(entry.tag, ""), known) if part)
        noun = name == "resource" and bool(_NOUN.get(entry.tag))
        if not known or noun or name in derived:
            words = known or _UNKNOWN_OF.get((entry.tag, name)) or _UNKNOWN.get(name, "what the text does not say")
            starts = name not in derived and _SENTENCE_ENDED.search(template[: found.start()])
            return words[:1].upper() + words[1:] if starts else words
        return known

    return _PLACEHOLDER.sub(value, template)


def _right_endpoint(elsewhere: str) -> str:
    regions = [each for each in bounded(elsewhere).replace(",", " ").split() if each][:3]
    if not regions:
        return "the endpoint of the region in which it is verified"
    return ", or ".join(f'{smtp_host(each)} for SMTP, region_name="{each}" in an SDK' for each in regions)


def _command(template: str, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        known = bounded(values.get(found[1], ""))
        return shlex.quote(known) if known and "…" not in known else found[1].upper()

    return _PLACEHOLDER.sub(value, template)


def _url(template: str, values: Mapping[str, str]) -> str:
    """Fill in the region; without one the console opens in the region that it showed last."""
    region = bounded(values.get("region", ""))
    if not region:
        template = template.replace("{region}.console", "console").replace("?region={region}", "")
    return _PLACEHOLDER.sub(lambda found: quote(bounded(values.get(found[1], "")), safe=""), template)
