"""The body of both of SES's mechanisms, identity notifications and event publishing, to one Event. Pure.

Of what AWS documents, real messages leave out much: `sourceArn`, headers, tags, `status`, `diagnosticCode`,
`remoteMtaIp`. Required is only what counting cannot do without. SES reserves the right to add fields: what is new to
us is kept as `unknown`, and so is what is optional and of another type than it should be.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import isfinite
from typing import NamedTuple

from ses_monitor.core.event import (
    Bounce,
    Complaint,
    Delay,
    Delivery,
    Detail,
    Engagement,
    Event,
    Format,
    Kind,
    Recipient,
    Reject,
    Rendering,
    Subscription,
)
from ses_monitor.core.mailbox import domain_of, normal
from ses_monitor.feedback.arns import NO_ARN, arn_of, is_account_id
from ses_monitor.feedback.parsed import (
    LONGEST_NAME,
    Json,
    UnreadableEventError,
    Where,
    clean,
    note,
    note_beyond,
    text_of,
    wrong,
)
from ses_monitor.feedback.times import moment, time_of

MOST_RECIPIENTS = 1000
"""SES takes 50 a message; twenty times that is no message of SES's."""
LONGEST_ADDRESS = 1280
"""Characters, with a display name; the part that counts is at most 320."""
LONGEST_SAID = 1000
"""Characters kept of what a receiving server said."""
MOST_TAGS = 60
MOST_TAG_VALUES = 10

_MAIL_KEYS = frozenset(
    {
        "callerIdentity",
        "commonHeaders",
        "destination",
        "headers",
        "headersTruncated",
        "messageId",
        "sendingAccountId",
        "source",
        "sourceArn",
        "sourceIp",
        "tags",
        "timestamp",
    }
)
_ONLY_COUNT = frozenset(kind for kind in Kind if kind.only_counts)
_RECIPIENT_KEYS = frozenset({"action", "diagnosticCode", "emailAddress", "status"})

Unknown = dict[str, str]


def _bounce(it: Json, unknown: Unknown) -> Bounce:
    return Bounce(
        type=text_of(it, "bounceType", "bounce.", unknown),
        subtype=text_of(it, "bounceSubType", "bounce.", unknown),
        reporting_mta=text_of(it, "reportingMTA", "bounce.", unknown),
        remote_mta_ip=text_of(it, "remoteMtaIp", "bounce.", unknown),
    )


def _complaint(it: Json, unknown: Unknown) -> Complaint:
    return Complaint(
        type=text_of(it, "complaintFeedbackType", "complaint.", unknown),
        subtype=text_of(it, "complaintSubType", "complaint.", unknown),
        user_agent=text_of(it, "userAgent", "complaint.", unknown, LONGEST_SAID),
        arrived_at=_optional_time(it, "arrivalDate", "complaint.", unknown),
    )


def _delivery(it: Json, unknown: Unknown) -> Delivery:
    return Delivery(
        smtp_response=text_of(it, "smtpResponse", "delivery.", unknown, LONGEST_SAID),
        seconds=_seconds(it, unknown),
        reporting_mta=text_of(it, "reportingMTA", "delivery.", unknown),
        remote_mta_ip=text_of(it, "remoteMtaIp", "delivery.", unknown),
    )


def _reject(it: Json, unknown: Unknown) -> Reject:
    return Reject(text_of(it, "reason", "reject.", unknown, LONGEST_SAID))


def _rendering(it: Json, unknown: Unknown) -> Rendering:
    error = text_of(it, "errorMessage", "failure.", unknown, LONGEST_SAID)
    # "Attribute 'first_name' is not present in the rendering data."
    _, named, rest = error.partition("Attribute '")
    attribute, absent, _ = rest.partition("' is not present")
    return Rendering(
        template=text_of(it, "templateName", "failure.", unknown),
        error=error,
        attribute=attribute if named and absent else "",
    )


def _delay(it: Json, unknown: Unknown) -> Delay:
    return Delay(
        type=text_of(it, "delayType", "deliveryDelay.", unknown),
        expires_at=_optional_time(it, "expirationTime", "deliveryDelay.", unknown),
        reporting_mta=text_of(it, "reportingMTA", "deliveryDelay.", unknown),
    )


def _open(it: Json, unknown: Unknown) -> Engagement:
    return _engagement(it, "open.", unknown)


def _click(it: Json, unknown: Unknown) -> Engagement:
    return _engagement(it, "click.", unknown)


def _engagement(it: Json, place: str, unknown: Unknown) -> Engagement:
    return Engagement(
        ip_address=text_of(it, "ipAddress", place, unknown),
        user_agent=text_of(it, "userAgent", place, unknown, LONGEST_SAID),
        link=text_of(it, "link", place, unknown, LONGEST_SAID),
        bot=text_of(it, "isBotEvent", place, unknown),
    )


def _subscription(it: Json, unknown: Unknown) -> Subscription:
    preferences = it.get("newTopicPreferences")
    from_all = preferences.get("unsubscribeAll") if isinstance(preferences, dict) else None
    if isinstance(preferences, dict):
        if from_all is not None and not isinstance(from_all, bool):
            note(unknown, "subscription.newTopicPreferences.unsubscribeAll", from_all)
            from_all = None
    elif preferences is not None:
        note(unknown, "subscription.newTopicPreferences", preferences)
    return Subscription(
        contact_list=text_of(it, "contactList", "subscription.", unknown),
        source=text_of(it, "source", "subscription.", unknown),
        unsubscribed_from_all=from_all,
    )


class _Form(NamedTuple):
    """How one type of event is written. `listed` is its own list of recipients: objects with an `emailAddress`."""

    kind: Kind
    key: str
    known: frozenset[str] = frozenset()
    detail: Callable[[Json, Unknown], Detail] | None = None
    listed: str = ""
    names_nobody: bool = False


def _keys(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FORMS = {
    "Send": _Form(Kind.SEND, "send"),
    "Delivery": _Form(
        Kind.DELIVERY,
        "delivery",
        _keys("timestamp processingTimeMillis recipients smtpResponse reportingMTA remoteMtaIp"),
        _delivery,
    ),
    "Bounce": _Form(
        Kind.BOUNCE,
        "bounce",
        _keys("bounceType bounceSubType bouncedRecipients timestamp feedbackId reportingMTA remoteMtaIp"),
        _bounce,
        "bouncedRecipients",
    ),
    "Complaint": _Form(
        Kind.COMPLAINT,
        "complaint",
        _keys("complainedRecipients timestamp feedbackId complaintSubType userAgent complaintFeedbackType arrivalDate"),
        _complaint,
        "complainedRecipients",
    ),
    "Reject": _Form(Kind.REJECT, "reject", _keys("reason timestamp"), _reject),
    "Open": _Form(Kind.OPEN, "open", _keys("ipAddress timestamp userAgent isBotEvent"), _open, names_nobody=True),
    "Click": _Form(
        Kind.CLICK,
        "click",
        _keys("ipAddress timestamp userAgent isBotEvent link linkTags"),
        _click,
        names_nobody=True,
    ),
    "Rendering Failure": _Form(
        Kind.RENDERING_FAILURE, "failure", _keys("templateName errorMessage timestamp"), _rendering
    ),
    "DeliveryDelay": _Form(
        Kind.DELIVERY_DELAY,
        "deliveryDelay",
        _keys("timestamp delayType delayedRecipients expirationTime reportingMTA"),
        _delay,
        "delayedRecipients",
    ),
    "Subscription": _Form(
        Kind.SUBSCRIPTION,
        "subscription",
        _keys("contactList timestamp source newTopicPreferences oldTopicPreferences"),
        _subscription,
    ),
}
_TOP_KEYS = {form.key: frozenset({"eventType", "notificationType", "mail", form.key}) for form in _FORMS.values()}
_TOP_KEYS_OF_OTHERS = frozenset({"eventType", "notificationType", "mail"})
_BY_LETTERS = {type_.replace(" ", "").lower(): form for type_, form in _FORMS.items()}
_NO_OBJECT: Json = {}


def event_of(body: Json, type_: str, told_by: Format, where: Where) -> Event:
    """Read one event; `type_` is its `eventType` or `notificationType`.

    Raises:
        UnreadableEventError: something is missing or wrong that counting cannot do without.
    """
    mail = body.get("mail")
    if not isinstance(mail, dict):
        raise wrong("mail", mail)
    form = _FORMS.get(type_) or _BY_LETTERS.get(type_.replace(" ", "").lower()) or _unknown_form(type_)
    unknown: Unknown = {}
    brief = where.brief and form.kind in _ONLY_COUNT
    if not brief:
        note_beyond(unknown, body, _TOP_KEYS_OF_OTHERS if form.kind is Kind.OTHER else _TOP_KEYS[form.key])
        note_beyond(unknown, mail, _MAIL_KEYS, "mail.")
    it = _own_object(body, form, unknown)
    recipients = _recipients(it, form, mail, unknown)

    occurred_at = time_of(it, "timestamp", f"{form.key}.", where.received_at)
    sent_at = time_of(mail, "timestamp", "mail.", where.received_at) or occurred_at
    sent_at = sent_at or where.received_at or where.untold
    if sent_at is None:
        raise UnreadableEventError("mail.timestamp is missing, and nothing else says when it was")

    source_arn = mail.get("sourceArn")
    arn = arn_of(source_arn) if source_arn is not None else NO_ARN
    if arn is NO_ARN and source_arn is not None:
        note(unknown, "mail.sourceArn", source_arn)
    account_id = mail.get("sendingAccountId")
    if account_id is not None and not is_account_id(account_id):
        note(unknown, "mail.sendingAccountId", account_id)
        account_id = None
    # An open or a click is told from the next one by its details.
    detail_of = form.detail if form.names_nobody or not brief else None
    return Event(
        kind=form.kind,
        type=type_ if type_ in _FORMS else clean(type_),
        format=told_by,
        message_id=_id(mail, "messageId", "mail."),
        occurred_at=occurred_at or sent_at,
        sent_at=sent_at,
        region=arn.region or where.region,
        identity=arn.name or _sending_domain(mail),
        account_id=account_id or arn.account_id or where.account_id,
        feedback_id=_id(it, "feedbackId", f"{form.key}.") if "feedbackId" in it else "",
        configuration_set=_first_of_tag(mail, "ses:configuration-set"),
        source="" if brief else text_of(mail, "source", "mail.", unknown, LONGEST_ADDRESS),
        subject="" if brief else _subject(mail, unknown),
        recipients=recipients,
        detail=None if detail_of is None else detail_of(it, unknown),
        tags={} if brief else _tags(mail, unknown),
        unknown={} if brief else unknown,
    )


def _unknown_form(type_: str) -> _Form:
    """Return how a type that is new to us is written, if AWS goes on as before: `New Thing` has a `newThing`."""
    joined = type_.replace(" ", "")
    return _Form(Kind.OTHER, clean(joined[:1].lower() + joined[1:]))


def _own_object(body: Json, form: _Form, unknown: Unknown) -> Json:
    it = body.get(form.key)
    if form.kind is Kind.OTHER:
        # All of it is unknown already, under its name.
        return it if isinstance(it, dict) and isinstance(it.get("timestamp"), str) else _NO_OBJECT
    if isinstance(it, dict):
        note_beyond(unknown, it, form.known, f"{form.key}.")
        return it
    if form.kind is Kind.SEND:
        # It is empty in all that is documented, so nothing is lost without it.
        if it is not None:
            note(unknown, form.key, it)
        return _NO_OBJECT
    raise wrong(form.key, it)


def _recipients(it: Json, form: _Form, mail: Json, unknown: Unknown) -> tuple[Recipient, ...]:
    """Return whom the event names: those of its own list, else everyone the mail was for."""
    if form.names_nobody:
        return ()
    if form.listed:
        return _listed(it.get(form.listed), f"{form.key}.{form.listed}", unknown)
    if form.kind is Kind.DELIVERY:
        if it.get("recipients") is not None:
            return _addresses(it["recipients"], "delivery.recipients")
        recipients = _addresses(mail.get("destination"), "mail.destination")
        if len(recipients) == 1:
            return recipients
        raise UnreadableEventError(f"delivery.recipients is missing, and mail.destination names {len(recipients)}")
    destination = mail.get("destination")
    return () if destination is None else _addresses(destination, "mail.destination")


def _listed(entries: object, place: str, unknown: Unknown) -> tuple[Recipient, ...]:
    recipients = {}
    for index, entry in enumerate(_some(entries, place)):
        if not isinstance(entry, dict):
            raise wrong(f"{place}[{index}]", entry)
        address = entry.get("emailAddress")
        if not isinstance(address, str):
            raise wrong(f"{place}[{index}].emailAddress", address)
        address = _address(address, place, index, ".emailAddress")
        if address in recipients:
            continue
        recipients[address] = (
            _recipient(address, entry, f"{place}[{index}].", unknown) if len(entry) > 1 else Recipient(address)
        )
    return tuple(recipients.values())


def _recipient(address: str, entry: Json, place: str, unknown: Unknown) -> Recipient:
    note_beyond(unknown, entry, _RECIPIENT_KEYS, place)
    return Recipient(
        address,
        text_of(entry, "status", place, unknown),
        text_of(entry, "action", place, unknown),
        text_of(entry, "diagnosticCode", place, unknown, LONGEST_SAID),
    )


def _addresses(entries: object, place: str) -> tuple[Recipient, ...]:
    recipients = {}
    for index, entry in enumerate(_some(entries, place)):
        if not isinstance(entry, str):
            raise wrong(f"{place}[{index}]", entry)
        address = _address(entry, place, index)
        recipients[address] = Recipient(address)
    return tuple(recipients.values())


def _address(text: str, place: str, index: int, key: str = "") -> str:
    """Return an address whole: half of one would be somebody else's."""
    if len(text) > LONGEST_ADDRESS:
        raise UnreadableEventError(f"{place}[{index}]{key} has {len(text)} characters; an address has at most 320")
    address = clean(text, LONGEST_ADDRESS)
    if not address:
        raise UnreadableEventError(f"{place}[{index}]{key} is empty")
    return address


def _some(entries: object, place: str) -> list[object]:
    if not isinstance(entries, list):
        raise wrong(place, entries)
    if len(entries) > MOST_RECIPIENTS:
        raise UnreadableEventError(f"{place} names {len(entries)} recipients; SES takes 50 a message")
    return entries


def _id(holder: Json, key: str, place: str) -> str:
    """Return what tells this from others. A shortened one might not, so there is no shortening."""
    value = holder.get(key)
    if not isinstance(value, str):
        raise wrong(place + key, value)
    if len(value) > LONGEST_NAME:
        raise UnreadableEventError(f"{place}{key} has {len(value)} characters; SES's have about 60")
    cleaned = clean(value)
    if not cleaned:
        raise UnreadableEventError(f"{place}{key} is empty")
    return cleaned


def _tags(mail: Json, unknown: Unknown) -> dict[str, tuple[str, ...]]:
    tags = mail.get("tags")
    if tags is None:
        return {}
    if not isinstance(tags, dict):
        note(unknown, "mail.tags", tags)
        return {}
    kept: dict[str, tuple[str, ...]] = {}
    for name, values in tags.items():
        if len(kept) == MOST_TAGS:
            break
        if isinstance(values, list) and len(values) == 1 and isinstance(values[0], str):
            kept[clean(name)] = (clean(values[0]),)
        elif isinstance(values, list) and all(isinstance(value, str) for value in values):
            kept[clean(name)] = tuple(clean(value) for value in values[:MOST_TAG_VALUES])
        else:
            note(unknown, f"mail.tags.{name}", values)
    return kept


def _first_of_tag(mail: Json, name: str) -> str:
    """Return the first value of a tag, empty where there is none, without a look at all the others."""
    tags = mail.get("tags")
    values = tags.get(name) if isinstance(tags, dict) else None
    if not isinstance(values, list) or not values:
        return ""
    if len(values) > 1 and not all(isinstance(value, str) for value in values):
        return ""
    return clean(values[0]) if isinstance(values[0], str) else ""


def _sending_domain(mail: Json) -> str:
    if from_domain := _first_of_tag(mail, "ses:from-domain"):
        return from_domain
    address = normal(text_of(mail, "source", "mail.", {}, LONGEST_ADDRESS))
    return clean(domain_of(address)) if "@" in address else ""


def _subject(mail: Json, unknown: Unknown) -> str:
    headers = mail.get("commonHeaders")
    if headers is None:
        return ""
    if isinstance(headers, dict):
        return text_of(headers, "subject", "mail.commonHeaders.", unknown, LONGEST_NAME)
    note(unknown, "mail.commonHeaders", headers)
    return ""


def _seconds(it: Json, unknown: Unknown) -> float | None:
    value = it.get("processingTimeMillis")
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e12 and isfinite(value):
        return value / 1000
    note(unknown, "delivery.processingTimeMillis", value)
    return None


def _optional_time(it: Json, key: str, place: str, unknown: Unknown) -> datetime | None:
    """Return a time that is none of the event's own: any will do, and what is none is unknown."""
    value = it.get(key)
    if value is None:
        return None
    at = moment(value) if isinstance(value, str) else None
    if at is None:
        note(unknown, place + key, value)
    return at
