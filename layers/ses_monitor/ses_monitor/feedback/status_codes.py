"""Enhanced status codes, as receiving servers answer with them: what each means, and what to do. Pure.

RFC 3463 and the registry that RFC 5248 set up: https://www.iana.org/assignments/smtp-enhanced-status-codes
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ses_monitor.core.event import Recipient

Codes = Mapping[str, tuple[str, tuple[str, ...]]]
"""Subject and detail (`1.1`) to what it means, as a clause, and the steps."""

ASK = "Ask the person for the right address, over another way than mail."
OFF_THE_LIST = "Take the address off your lists until it is known to work."
OTHER_WAY = "Reach the person another way meanwhile."
AGAIN = "Send it again later; SES does not."
THEIR_SERVER = "Ask the administrators of the receiving server, with the answer it gave."

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3}\.\d{1,3})(?!\.?\d)")
_LONGEST_SEARCHED = 2000


@dataclass(frozen=True, slots=True)
class StatusCode:
    """A code: its class (2, 4 or 5), and subject and detail, such as `1.1`."""

    first: str
    rest: str

    @property
    def subject(self) -> str:
        """What it is about, by its number."""
        return self.rest.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.first}.{self.rest}"


def find(who: Recipient) -> StatusCode | None:
    """Return the status code, from the answer itself where `status` says nothing special."""
    for text in (who.status, who.diagnostic):
        found = _STATUS.search(text[:_LONGEST_SEARCHED])
        if found and found[2] != "0.0":
            return StatusCode(found[1], found[2])
    return None


_AUTHENTICATE = ("Check DKIM, SPF and DMARC of the sending domain: ses-monitor dns DOMAIN",)
_SHRINK = ("Send it again with smaller attachments, or with links in their place.",)
_NOT_YOURS = (THEIR_SERVER, OTHER_WAY)

CODES: Codes = {
    "1.0": ("something is wrong with the address", (OFF_THE_LIST, ASK)),
    "1.1": ("there is no such mailbox", (OFF_THE_LIST, ASK)),
    "1.2": ("the domain does not exist, or takes no mail", ("Check the domain for a slip of the pen.", ASK)),
    "1.3": ("the address is not written as an address must be", ("Correct the address.",)),
    "1.4": ("the address fits more than one mailbox", (ASK,)),
    "1.6": ("the mailbox has moved, and left no new address", (OFF_THE_LIST, ASK)),
    "1.7": ("the sender's address is not written as an address must be", ("Correct the From or Return-Path.",)),
    "1.8": (
        "the sender's domain does not exist, or takes no mail",
        ("Check MX and address records of the sending domain and of its MAIL FROM domain.",),
    ),
    "1.10": ("the domain says that it takes no mail at all (null MX)", (OFF_THE_LIST, ASK)),
    "2.0": ("something is wrong with the mailbox", (ASK,)),
    "2.1": ("the mailbox is there, but switched off", (OFF_THE_LIST, ASK)),
    "2.2": ("the mailbox is full", ("Ask the person, over another way, to make room.", AGAIN)),
    "2.3": ("the mail is larger than this mailbox may take", _SHRINK),
    "2.4": ("it is a mailing list, and it does not work", _NOT_YOURS),
    "3.0": ("something is wrong with the receiving server", _NOT_YOURS),
    "3.1": ("the receiving server has no room left", (AGAIN, THEIR_SERVER)),
    "3.2": ("the receiving server takes no mail at the moment", (AGAIN, THEIR_SERVER)),
    "3.3": ("the receiving server lacks something that the mail needs", _NOT_YOURS),
    "3.4": ("the mail is larger than the receiving server takes", _SHRINK),
    "3.5": ("the receiving server is set up wrongly", _NOT_YOURS),
    "4.0": ("something is wrong with the way to the receiving server", (AGAIN, THEIR_SERVER)),
    "4.1": ("the receiving server did not answer", (AGAIN, "Check the domain for a slip of the pen.")),
    "4.2": ("the connection to the receiving server broke", (AGAIN, THEIR_SERVER)),
    "4.3": ("a directory that the receiving server asks is away", (AGAIN, THEIR_SERVER)),
    "4.4": (
        "no way to the receiving server was found: its domain has no usable MX or address record",
        ("Check the domain for a slip of the pen.", ASK),
    ),
    "4.5": ("the receiving server has too much to do", (AGAIN,)),
    "4.6": ("the mail goes round in circles between the receiving servers", _NOT_YOURS),
    "4.7": ("it could not be delivered in time, however often it was tried", (AGAIN, OTHER_WAY)),
    "5.0": ("the servers did not understand each other", _NOT_YOURS),
    "5.1": ("the receiving server did not take the command", _NOT_YOURS),
    "5.2": ("the receiving server did not understand the command", _NOT_YOURS),
    "5.3": ("the mail has more recipients than the receiving server takes at once", ("Send to fewer at once.",)),
    "5.4": ("the receiving server did not take an argument of the command", _NOT_YOURS),
    "6.0": ("the receiving server cannot handle what is in the mail", ("Send it again as plain text or simple HTML.",)),
    "6.1": ("the receiving server takes no such content", ("Send it again without the attachment.",)),
    "6.3": ("the mail would have to be converted, and the server cannot", ("Send it again as plain text.",)),
    "6.7": ("the receiving server takes no addresses in other than Latin letters", (ASK,)),
    "7.0": ("it is against a rule of the receiving server", _NOT_YOURS),
    "7.1": (
        "the receiving server does not allow this sender, or this mail, to this recipient",
        (
            "Read the server's answer: often it names a block list, a reputation or a rule.",
            "Ask the recipient's administrators to let you in.",
        ),
    ),
    "7.2": ("the sender may not write to this mailing list", (THEIR_SERVER,)),
    "7.3": ("the receiving server would have to convert it safely, and cannot", _NOT_YOURS),
    "7.4": ("the receiving server lacks a security feature that the mail asks for", _NOT_YOURS),
    "7.5": ("the mail could not be decrypted or checked", _NOT_YOURS),
    "7.7": ("the mail was altered on its way, as far as the server can tell", _AUTHENTICATE),
    "7.13": ("the account of the recipient is switched off", (OFF_THE_LIST, ASK)),
    "7.17": ("the mailbox belongs to somebody else than at the time the mail was meant for", (OFF_THE_LIST, ASK)),
    "7.18": ("the domain belongs to somebody else than at the time the mail was meant for", (OFF_THE_LIST, ASK)),
    "7.20": ("the mail has no DKIM signature that passes", _AUTHENTICATE),
    "7.21": ("the mail has no DKIM signature that the server accepts", _AUTHENTICATE),
    "7.22": ("no DKIM signature is of the domain in From", _AUTHENTICATE),
    "7.23": ("SPF fails: the domain does not say that SES may send for it", _AUTHENTICATE),
    "7.24": ("SPF could not be checked: the domain's record is in error", _AUTHENTICATE),
    "7.25": (
        "the sending address has no matching reverse DNS name",
        ("With addresses of your own (BYOIP), mend it; else AWS can.",),
    ),
    "7.26": ("the mail passes neither SPF nor DKIM as the server demands", _AUTHENTICATE),
    "7.27": (
        "the sender's domain says that it takes no mail (null MX)",
        ("Send from a domain that takes mail, or set a MAIL FROM domain.",),
    ),
    "7.28": ("too much mail of one kind came at once", ("Slow down mail to this provider.", AGAIN)),
}
"""By subject and detail; the first digit (4 for now, 5 for good) says how long it holds."""

CODES_FOR_NOW: Codes = {
    **CODES,
    "1.1": ("the mailbox was not found this time", (AGAIN, ASK)),
    "2.1": ("the mailbox takes no mail at the moment", (AGAIN, OTHER_WAY)),
    "7.0": ("the server wants to see it later, or has its doubts about the sender", (AGAIN, *_AUTHENTICATE)),
    "7.1": (
        "the server puts mail from this sender off: to see whether it tries again (greylisting), or for its reputation",
        (AGAIN, "If it lasts, slow down mail to this provider."),
    ),
}
"""Where a code means something milder in a failure that may pass."""

SUBJECTS = {
    "1": "the address",
    "2": "the mailbox",
    "3": "the receiving server",
    "4": "the way to the receiving server",
    "5": "how the servers talk to each other",
    "6": "what is in the mail",
    "7": "a rule or the security of the receiving server",
}
