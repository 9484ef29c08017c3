"""A send that SES refused, as it is kept: what was told of it, made safe to show. Pure.

SES itself makes no event of it; somebody's log, CloudTrail or application told. `core.rejection` has what is read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefusedSend:
    """Why, in which words, and where it was told. All texts are bounded single lines with recipients masked.

    `subject` is the sender's identity, or `account` where the cause is the account's or the sender is not known.
    """

    tag: str
    subject: str
    text: str = ""
    """SES's words."""
    code: str = ""
    """The API's error code, or the SMTP reply code."""
    identity: str = ""
    """What failed the check; one that may be a recipient is masked."""
    resource: str = ""
    user: str = ""
    action: str = ""
    elsewhere: str = ""
    """Regions in which the identity is verified, separated by commas."""
    known: str = ""
    """What the audits knew of the account that decided, in a sentence or two."""
    told_by: str = ""
    """`log`, `cloudtrail` or `report` (core.rejection.Source)."""
    origin: str = ""
    """The log group, the caller or the topic that told."""
    confidence: str = ""
