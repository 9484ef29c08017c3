"""What an event means for the person it is about, and what to do, in words that support people can pass on. Pure.

Bounce types, subtypes and delay types are SES's:
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from ses_monitor.core.check import bounded
from ses_monitor.core.event import (
    Bounce,
    Complaint,
    Delay,
    Engagement,
    Event,
    Kind,
    Recipient,
    Reject,
    Rendering,
    Subscription,
)
from ses_monitor.core.model import ACCOUNT
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.feedback.classify import NEVER_TRIED, PERMANENT, SUPPRESSED, is_echo
from ses_monitor.feedback.status_codes import (
    AGAIN,
    ASK,
    CODES,
    CODES_FOR_NOW,
    OFF_THE_LIST,
    OTHER_WAY,
    SUBJECTS,
    THEIR_SERVER,
    Codes,
    find,
)
from ses_monitor.rejections import words
from ses_monitor.rejections.catalogue import entry

LONGEST_WORD = 150
"""Characters shown of a word of SES's, or of a name, within a sentence."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """`text` is what it means, in a few sentences; `steps` are what to do, none where there is nothing to do."""

    text: str
    steps: tuple[str, ...] = ()


def meaning_of(event: Event, recipient: Recipient | None = None) -> Meaning:
    """Explain `event` for `recipient`, or for the first one that it names.

    Commands in the steps carry the recipient's address, shell-quoted; ADDRESS stands for one that was not kept.
    """
    who = recipient or next(iter(event.recipients), Recipient(""))
    match event.detail:
        case Bounce() as bounce:
            return _of_bounce(bounce, event, who)
        case Complaint() as complaint:
            return _of_complaint(complaint, event, who)
        case Delay() as delay:
            return _of_delay(delay, who)
        case Reject(reason):
            return _of_reject(reason)
        case Rendering() | RefusedSend() as unsent:
            return _of_refused(unsent, event) if isinstance(unsent, RefusedSend) else _of_rendering(unsent, event)
        case Subscription() as subscription:
            return _of_subscription(subscription)
        case Engagement() as engagement:
            return _of_engagement(engagement, event)
        case _:
            return _PLAIN.get(event.kind) or Meaning(
                f"SES tells of {_shown(event.type)}, which this monitor does not know. It was counted and kept as it"
                " came."
            )


_PLAIN = {
    Kind.SEND: Meaning("SES took the mail and will try to deliver it."),
    Kind.DELIVERY: Meaning(
        "The recipient's mail server took the mail. Whether it is in the inbox or among the spam, it does not say; a"
        " bounce may still follow.",
        ("If the person does not find it: look in the spam folder, and ask their mail administrator with the time.",),
    ),
    Kind.BOUNCE: Meaning("The mail was not delivered; SES did not say why."),
    Kind.COMPLAINT: Meaning("The recipient told their provider that the mail was spam.", ("Send them no more.",)),
    Kind.REJECT: Meaning("SES took the mail and then refused to send it; it did not say why."),
    Kind.RENDERING_FAILURE: Meaning("SES could not fill in the template: nothing was sent."),
    Kind.OPEN: Meaning("The mail was opened."),
    Kind.CLICK: Meaning("A link in the mail was followed."),
    Kind.DELIVERY_DELAY: Meaning("The mail is late; SES did not say why, and tries on."),
    Kind.SUBSCRIPTION: Meaning("The recipient changed what they are subscribed to."),
    Kind.REJECTION: Meaning("SES refused the mail, and took nothing; why was not kept."),
}


def _of_bounce(bounce: Bounce, event: Event, who: Recipient) -> Meaning:
    if bounce.type == PERMANENT:
        if bounce.subtype in NEVER_TRIED:
            return _NEVER_TRIED[bounce.subtype](event, who)
        if bounce.subtype == SUPPRESSED:
            return Meaning(
                "SES did not try: mail of some SES customer to this address bounced for good in the last two weeks, so"
                " it is on SES's global suppression list. It counts as a hard bounce.",
                (
                    "Check the spelling of the address, and ask the person whether it works.",
                    "It leaves the list by itself within 14 days at most; nobody can look it up or take it off.",
                    "If it works: with the account's own suppression list on, SES goes by that one and tries; turn it"
                    f" on with: {_suppression_on(event)}",
                ),
            )
        if bounce.subtype == "NoEmail":
            return Meaning(
                "The mail bounced for good, and the bounce does not tell for which address: none such exists, or the"
                " receiving server hides it.",
                ("If the mail had one recipient, check that address.", ASK),
            )
        what = "The receiving server refused the mail for good."
        if bounce.subtype != "General":
            what = (
                f'The mail bounced for good. SES\'s reason "{_shown(bounce.subtype)}" is new to this monitor; like'
                " every permanent bounce it means: do not send there again unchanged."
            )
        return _by_code(what, who, CODES, (OFF_THE_LIST, ASK))
    if bounce.type == "Transient":
        return _of_transient(bounce, who)
    what = "The mail bounced, and SES could not make out why from what the receiving server sent back."
    if bounce.type != "Undetermined":
        what = (
            f'The mail bounced. SES calls it "{_shown(bounce.type)}" ("{_shown(bounce.subtype)}"), which this monitor'
            " does not know; it is not counted as a hard bounce."
        )
    return _by_code(what, who, CODES, ("Read the answer of the receiving server, and send again once.", ASK))


def _of_transient(bounce: Bounce, who: Recipient) -> Meaning:
    if bounce.subtype in _TRANSIENT:
        return _TRANSIENT[bounce.subtype]
    what = "The mail could not be delivered for now, and SES gave up; or it was an automatic answer (out of office)."
    if bounce.subtype != "General":
        what = (
            f'The mail could not be delivered for now, and SES gave up. Its reason "{_shown(bounce.subtype)}" is new to'
            " this monitor; like every transient bounce it may work later."
        )
    return _by_code(what, who, CODES_FOR_NOW, (AGAIN, OTHER_WAY))


_TRANSIENT = {
    "MailboxFull": Meaning(
        "The recipient's mailbox is full. It was so for as long as SES tried.",
        ("Ask the person, over another way, to make room.", "Send it again afterwards; SES does not."),
    ),
    "MessageTooLarge": Meaning(
        "The mail is larger than the receiving server takes.",
        ("Send it again with smaller attachments, or with links in their place.",),
    ),
    "CustomTimeoutExceeded": Meaning(
        "The mail was not delivered in the time that its configuration set gives it (MaxDeliverySeconds), and SES"
        " dropped it.",
        ("Send it again if it still matters.", "If it happens often, allow more time in the configuration set."),
    ),
    "ContentRejected": Meaning(
        "The receiving server refused what is in the mail: it looks like spam, or breaks one of its rules.",
        (
            "Read the answer of the receiving server; look at links, wording and sender.",
            "Check that DKIM, SPF and DMARC of the sending domain pass.",
        ),
    ),
    "AttachmentRejected": Meaning(
        "The receiving server refuses such an attachment, by its type or what is in it.",
        ("Send it again without the attachment, or with a link in its place.",),
    ),
}


def _on_account_list(event: Event, who: Recipient) -> Meaning:
    region, address = _quoted(event.region), _address(who)
    return Meaning(
        "SES did not try: the address is on the suppression list of your account in this region, since an earlier hard"
        " bounce or complaint. It does not count in the bounce rate, but in the daily quota.",
        (
            "See since when and why, with the address written exactly as on the list:"
            f" aws sesv2 get-suppressed-destination --region {region} --email-address {address}",
            "Only when that reason is mended (the mailbox works; the person wants the mail again) take it off:"
            f" aws sesv2 delete-suppressed-destination --region {region} --email-address {address}",
        ),
    )


def _on_tenant_list(event: Event, who: Recipient) -> Meaning:
    region, address = _quoted(event.region), _address(who)
    names = event.tags.get("ses:tenant-name", ())
    tenant = _quoted(names[0]) if names and names[0] else "TENANT"
    return Meaning(
        "SES did not try: the address is on the suppression list of the tenant that sent, since an earlier hard bounce"
        " or complaint. It does not count in the bounce rate, but in the daily quota.",
        (
            "See since when and why, with the address written exactly as on the list: aws sesv2"
            f" get-suppressed-destination --region {region} --tenant-name {tenant} --email-address {address}",
            "Only when that reason is mended take it off: aws sesv2 delete-suppressed-destination"
            f" --region {region} --tenant-name {tenant} --email-address {address}",
        ),
    )


def _judged_invalid(event: Event, who: Recipient) -> Meaning:
    del event, who
    return Meaning(
        "SES did not try: its address validation thinks that mail to this address would bounce. It does not count in"
        " the bounce rate.",
        (
            "Check the spelling, and ask the person whether the address works.",
            "If many good addresses are held back, lower the threshold of auto validation or turn it off.",
        ),
    )


def _unsubscribed(event: Event, who: Recipient) -> Meaning:
    del event, who
    return Meaning(
        "SES did not try: the person unsubscribed from the contact list or topic that the mail was sent under. It"
        " counts nowhere.",
        (
            "Leave it so. Mail that they must get is sent without the list (no ListManagementOptions).",
            "If they want the mail again, they subscribe again themselves.",
        ),
    )


_NEVER_TRIED = {
    "OnAccountSuppressionList": _on_account_list,
    "OnTenantSuppressionList": _on_tenant_list,
    "EmailValidationSuppressed": _judged_invalid,
    "UnsubscribedRecipient": _unsubscribed,
}


def _of_complaint(complaint: Complaint, event: Event, who: Recipient) -> Meaning:
    if is_echo(complaint):
        of = "tenant's" if "Tenant" in complaint.subtype else "account's"
        return Meaning(
            f"Nobody complained now: the address is on the {of} suppression list since an earlier complaint, and SES"
            " did not send to it.",
            (
                "Take the person off your lists. Only if they ask for the mail again:"
                f" aws sesv2 delete-suppressed-destination --region {_quoted(event.region)}"
                f" --email-address {_address(who)}",
            ),
        )
    known = _COMPLAINTS.get(complaint.type)
    if known is not None:
        return known
    return Meaning(
        f'The recipient complained about the mail. Their provider calls it "{_shown(complaint.type)}", which this'
        " monitor does not know.",
        _NO_MORE,
    )


_NO_MORE = (
    "Send this person nothing more that they did not ask for; SES suppresses the address only if the account's list"
    " takes complaints.",
    "Where one mail had several recipients at that provider, all of them are named: only one may have complained.",
)
_ABUSE = "The recipient told their mail provider that the mail is spam."
_COMPLAINTS = {
    "": Meaning(_ABUSE, _NO_MORE),
    "abuse": Meaning(_ABUSE, _NO_MORE),
    "fraud": Meaning(
        "The recipient, or their provider, takes the mail for fraud or phishing.",
        ("Find out whether somebody else sends in your name, or your mail looks like it.", *_NO_MORE),
    ),
    "virus": Meaning(
        "The recipient's provider found a virus in the mail.",
        ("Look at what was sent: attachments, links, and who may send as you.", *_NO_MORE),
    ),
    "other": Meaning("The recipient complained about the mail, without one of the usual reasons.", _NO_MORE),
    "auth-failure": Meaning(
        "The recipient's provider reports that the mail failed authentication. That is about the domain's setup, not"
        " about the person.",
        ("Check DKIM, SPF and DMARC of the sending domain: ses-monitor dns DOMAIN",),
    ),
    "not-spam": Meaning(
        "Good news: the recipient took the mail out of the spam folder. It is no complaint and is not counted as one."
    ),
}


def _of_delay(delay: Delay, who: Recipient) -> Meaning:
    until = f" SES tries until {delay.expires_at:%Y-%m-%d %H:%M} UTC." if delay.expires_at else " SES tries on."
    known = _DELAYS.get(delay.type)
    if known is None:
        known = Meaning(
            f'The mail is late. SES\'s reason "{_shown(delay.type)}" is new to this monitor; like every delay it may'
            " yet be delivered, or end in a bounce."
        )
    code = find(who)
    words, _ = CODES_FOR_NOW.get(code.rest, ("", ())) if code else ("", ())
    said = f" The server's answer {code} means: {words}." if words else ""
    return Meaning(f"{known.text}{said}{until}", known.steps)


_DELAYS = {
    "InternalFailure": Meaning("The mail is late because of a fault inside SES."),
    "General": Meaning("The mail is late: something went wrong between SES and the receiving server."),
    "MailboxFull": Meaning(
        "The mail is late: the recipient's mailbox is full.", ("Ask the person, over another way, to make room.",)
    ),
    "SpamDetected": Meaning(
        "The mail is late: the receiving server holds it off because it saw much unwanted mail from you. An early sign"
        " of a bad reputation.",
        (
            "Slow down bulk mail to this provider, and stop what people did not ask for.",
            "Check that DKIM, SPF and DMARC of the sending domain pass.",
        ),
    ),
    "RecipientServerError": Meaning(
        "The mail is late: the receiving server has a fault, and will take it when that is mended.", (THEIR_SERVER,)
    ),
    "IPFailure": Meaning(
        "The mail is late: the receiving server blocks or slows the address that SES sends from. An early sign of a bad"
        " reputation.",
        (
            "With dedicated addresses: look them up in block lists, and slow down.",
            "With SES's shared ones: if it lasts, open a case with AWS, with the server's answer.",
        ),
    ),
    "TransientCommunicationFailure": Meaning(
        "The mail is late: the connection to the receiving server failed; often it is busy or away."
    ),
    "BYOIPHostNameLookupUnavailable": Meaning(
        "The mail is late: SES could not look up the host name of the addresses that you brought along (BYOIP).",
        ("Check the reverse DNS of those addresses.",),
    ),
    "Undetermined": Meaning("The mail is late, and SES could not make out why."),
    "SendingDeferral": Meaning("SES itself put the mail off for a while."),
}


def _of_reject(reason: str) -> Meaning:
    if reason == "Bad content":
        return Meaning(
            "SES found a virus in the mail and did not send it, to none of its recipients.",
            (
                "Find the mail by its message id, and look where its attachment came from.",
                "If nobody of yours sent it, your credentials may be in other hands: change them.",
            ),
        )
    return Meaning(
        f'SES took the mail and then did not send it, to none of its recipients. Its reason "{_shown(reason)}" is new'
        " to this monitor.",
        ("Look at what was sent, and ask AWS with the message id.",),
    )


def _of_refused(refused: RefusedSend, event: Event) -> Meaning:
    about = entry(refused.tag, refused.code)
    names = {
        "region": event.region,
        "identity": refused.identity or (refused.subject if refused.subject != ACCOUNT else ""),
        "resource": refused.resource,
        "user": refused.user,
        "action": refused.action,
        "elsewhere": refused.elsewhere,
    }
    text = f"{about.title}. {words.cause(about, names)} {refused.known}"
    return Meaning(text.strip(), tuple(step.plain() for step in words.steps(about, names)))


def _of_rendering(rendering: Rendering, event: Event) -> Meaning:
    region, template = _quoted(event.region), _quoted(rendering.template) if rendering.template else "TEMPLATE"
    named = f" {_shown(rendering.template)}" if rendering.template else ""
    missing = f": the data has no {_shown(rendering.attribute)}" if rendering.attribute else ""
    return Meaning(
        f"SES could not fill in the template{named}{missing}. Nothing was sent, although the call had succeeded.",
        (
            f"See what the template wants: aws sesv2 get-email-template --region {region} --template-name {template}",
            "Try it with the data of the call: aws sesv2 test-render-email-template"
            f" --region {region} --template-name {template} --template-data file://data.json",
            "Send the mail again with all the data; SES does not.",
        ),
    )


def _of_subscription(subscription: Subscription) -> Meaning:
    of = f" of the contact list {_shown(subscription.contact_list)}" if subscription.contact_list else ""
    way = f" (through {_shown(subscription.source)})" if subscription.source else ""
    if subscription.unsubscribed_from_all:
        return Meaning(
            f"The person unsubscribed from everything{of}{way}. SES no longer sends to them under that list.",
            ("Leave it so, and stop what you send to them past the list, too.",),
        )
    return Meaning(f"The person changed which topics{of} they get{way}.")


def _of_engagement(engagement: Engagement, event: Event) -> Meaning:
    what = "A link in the mail was followed" if event.kind is Kind.CLICK else "The mail was opened"
    if engagement.bot == "Likely":
        return Meaning(f"{what}, but likely by a machine, such as a virus scanner or a proxy, not by the person.")
    return Meaning(f"{what}: the person, or a program for them, has it.")


def _by_code(what: str, who: Recipient, codes: Codes, otherwise: tuple[str, ...]) -> Meaning:
    """Go on from `what` with the meaning of the status code, the more precise the better."""
    found = find(who)
    if found is None:
        return Meaning(what, otherwise)
    known = codes.get(found.rest)
    if known is not None:
        words, steps = known
        return Meaning(f"{what} The server's answer {found} means: {words}.", steps or otherwise)
    general = SUBJECTS.get(found.subject, "")
    hint = f" It is about {general}." if general else ""
    return Meaning(f"{what} The server's answer {found} is no code this monitor knows.{hint}", otherwise)


def _suppression_on(event: Event) -> str:
    return (
        f"aws sesv2 put-account-suppression-attributes --region {_quoted(event.region)}"
        " --suppressed-reasons BOUNCE COMPLAINT"
    )


def _shown(word: str) -> str:
    return bounded(word, LONGEST_WORD)


def _quoted(word: str) -> str:
    return shlex.quote(bounded(word))


def _address(who: Recipient) -> str:
    return _quoted(who.address) if who.address else "ADDRESS"
