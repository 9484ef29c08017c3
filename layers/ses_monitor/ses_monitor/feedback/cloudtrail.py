"""CloudTrail's records of SES: the calls that send and were refused, to reports. Pure.

CloudTrail keeps the error at the top of a record, or in `responseElements`; recipients and content it hides.
https://docs.aws.amazon.com/ses/latest/dg/logging-using-cloudtrail.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from ses_monitor.core.rejection import Report, Source, Told
from ses_monitor.feedback.arns import arn_of, is_account_id, is_region
from ses_monitor.feedback.parsed import Json, Skipped, UnreadableEventError, Where, clean, wrong
from ses_monitor.feedback.reports import LONGEST_ADDRESS, LONGEST_ID, LONGEST_ORIGIN, cut
from ses_monitor.feedback.times import time_of

SES = "ses.amazonaws.com"
SENDING = frozenset(
    {
        "SendEmail",
        "SendRawEmail",
        "SendTemplatedEmail",
        "SendBulkTemplatedEmail",
        "SendBulkEmail",
        "SendCustomVerificationEmail",
        "SendBounce",
    }
)
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_CODES = ("errorCode", "code", "Code", "__type")
_MESSAGES = ("errorMessage", "message", "Message")
_SENDERS = ("source", "fromEmailAddress", "bounceSender")
_SETS = ("configurationSetName", "configurationSet")


def is_record(it: Json) -> bool:
    """Tell CloudTrail's records from those that Lambda passes on, which have an `eventSource` too."""
    return "eventSource" in it and "eventName" in it and "eventTime" in it


def report_of(it: Json, where: Where, place: str = "") -> Report | Skipped:
    """Return what a record tells of a refused send; why there is nothing to tell, else. `place` is where it stands.

    Raises:
        UnreadableEventError: it is no record of CloudTrail, or a damaged one.
    """
    for key in ("eventSource", "eventName"):
        if not isinstance(it.get(key), str):
            raise wrong(place + key, it.get(key))
    name = clean(it["eventName"], 60)
    if it["eventSource"] != SES:
        return Skipped("It is CloudTrail's record of another service.", name)
    if name not in SENDING:
        return Skipped("It is CloudTrail's record of a call to SES that sends no mail.", name)
    text = ": ".join(part for part in _error(it) if part)
    if not text:
        return Skipped("It is CloudTrail's record of a send that SES took.", name)
    caller = it.get("userIdentity")
    arn = caller.get("arn") if isinstance(caller, Mapping) else None
    at = time_of(it, "eventTime", place, where.received_at) or where.received_at or where.untold
    if at is None:
        raise wrong(f"{place}eventTime", None)
    region, account = it.get("awsRegion"), it.get("recipientAccountId")
    return Report(
        id=_id(it, place),
        source=Source.CLOUDTRAIL,
        text=cut(text),
        at=at,
        told=Told(
            sender=cut(_sender(it), LONGEST_ADDRESS),
            region=str(region) if is_region(region) else "",
            nearby=where.region,
            configuration_set=_told(it, _SETS)[:LONGEST_ID],
        ),
        account_id=str(account) if is_account_id(account) else where.account_id,
        origin=cut(arn, LONGEST_ORIGIN) if isinstance(arn, str) else "",
    )


def _error(it: Json) -> tuple[str, str]:
    """Return code and message from wherever they stand: "some services" tell errors in their response."""
    code, message = _first(it, _CODES[:1]), _first(it, _MESSAGES[:1])
    response = it.get("responseElements")
    for holder in (response, response.get("error", response.get("Error"))) if isinstance(response, Mapping) else ():
        if isinstance(holder, Mapping):
            code, message = code or _first(holder, _CODES), message or _first(holder, _MESSAGES)
    return code.rpartition("#")[2], message


def _first(holder: Mapping[str, object], keys: tuple[str, ...]) -> str:
    return next((value.strip() for key in keys if isinstance(value := holder.get(key), str) and value.strip()), "")


def _told(it: Json, keys: tuple[str, ...]) -> str:
    parameters = it.get("requestParameters")
    text = _first(parameters, keys) if isinstance(parameters, Mapping) else ""
    return "" if _HIDDEN in text else text


def _sender(it: Json) -> str:
    return _told(it, _SENDERS) or next(_identities(it), "")


def _identities(it: Json) -> Iterator[str]:
    """Yield the identities that the call was allowed or refused by, which are the sender's."""
    resources = it.get("resources")
    for each in resources[:20] if isinstance(resources, list) else ():
        if isinstance(each, Mapping):
            arn = arn_of(each.get("ARN") or each.get("arn"))
            if arn.resource.startswith("identity/") and arn.name:
                yield arn.name


def _id(it: Json, place: str) -> str:
    """Return CloudTrail's own name for the record, which differs from record to record."""
    value = it.get("eventID")
    if isinstance(value, str) and value:
        if len(value) > LONGEST_ID:
            raise UnreadableEventError(f"{place}eventID has more than {LONGEST_ID} characters")
        return value
    if value is not None and not isinstance(value, str):
        raise wrong(f"{place}eventID", value)
    text = json.dumps(it, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
