"""What is fuzzed: every reader of outside bytes, each as a function of bytes with what must hold whatever they are.

A target raises nothing for any input. It takes the reader's own error for an answer, and looks at all that comes out.
No pytest here: `make fuzz` runs the same functions where it is not installed.
"""

# ruff: noqa: PT017 - there is no pytest where these run
from __future__ import annotations

import base64
import gzip
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from io import BytesIO
from itertools import pairwise
from typing import Any

import dns.message
import dns.name

from ses_monitor import settings
from ses_monitor.alerts import deliver, document, mail, slack_blocks, slack_text, stream, words
from ses_monitor.alerts.slack_blocks import Message
from ses_monitor.audit.identities.task import UnreadableTaskError, read_task, write_task
from ses_monitor.collect.dns import answers, names
from ses_monitor.collect.dns.wire import _read as read_wire
from ses_monitor.core import dkim_key, dmarc, spf
from ses_monitor.core.domains import parents, possible, registrable
from ses_monitor.core.event import Event
from ses_monitor.core.kept import Unparsed
from ses_monitor.core.mailbox import HashedRecipients, PlainRecipients, masked, normal, without_addresses
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from ses_monitor.core.region_state import AccountFacts
from ses_monitor.core.rejection import Facts, KnownIdentity, Rejection, Report, Told
from ses_monitor.core.traffic import Notice
from ses_monitor.feedback.classify import domains_to_know, outcomes
from ses_monitor.feedback.logs import reports_of_logs
from ses_monitor.feedback.meaning import meaning_of
from ses_monitor.feedback.parse import Parsed, UnreadableEventError, Where, parse, parse_file
from ses_monitor.feedback.refusing import Senders, event_of
from ses_monitor.feedback.reports import LONGEST_ID, LONGEST_TEXT, bodies_of
from ses_monitor.rejections.explanation import explain, explained, read
from ses_monitor.rejections.reading import find, find_all, told_in
from ses_monitor.rejections.scan import scan
from ses_monitor.settings import SettingsError
from ses_monitor.store import codec, deliveries, feedback_codec, identity_codec, state_codec
from ses_monitor.store.feedback_codec import RecordWriter
from ses_monitor.store.item import UnreadableItemError

NOW = datetime(2026, 11, 20, 21, 55, tzinfo=UTC)
WHERE = Where("eu-central-1", "999988887777", NOW)
LONGEST = 10_000
"""Characters of any text that comes out of a reader; each has a closer bound of its own in its own tests."""

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_ORDINARY = re.compile(r"[a-z][a-z0-9]{3,30}@[a-z0-9-]{1,30}(\.[a-z]{2,10}){1,3}")


def lines_of(value: object) -> Iterator[str]:
    """Yield every text in what a reader gave."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            yield from lines_of(getattr(value, each.name))
    elif isinstance(value, Mapping):
        yield from (line for key, each in value.items() for part in (key, each) for line in lines_of(part))
    elif isinstance(value, tuple | list | set | frozenset):
        yield from (line for each in value for line in lines_of(each))


def is_sound(value: object, *, raw: bool = False) -> None:
    """Every text is bounded; unless `raw`, it is one safe line; and it can be written down."""
    for line in lines_of(value):
        assert len(line) <= LONGEST, f"{len(line)} characters came out"
        assert raw or isinstance(line, Enum) or not _UNSAFE.search(line), f"unsafe: {line[:80]!r}"
    repr(value)


def json_of(data: bytes) -> Any:
    """Return the JSON that `data` is; None for what is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def text_in(data: bytes) -> str:
    """Return `data` as text; bytes that are no UTF-8 become lone surrogates, which JSON can carry too."""
    return data.decode("utf-8", errors="surrogateescape")


# --- Feedback -----------------------------------------------------------------------------------------------------


def nothing_known(region: str, asked: Any) -> Facts:
    del region
    return Facts(asked=frozenset(asked))


def look_at(told: Parsed) -> None:
    """Go on with what was read as far as the table, and back."""
    if isinstance(told, Report):
        assert told.text
        assert len(told.text.encode("utf-8", "replace")) <= LONGEST_TEXT
        is_told_again([told])
        came_of_it = event_of(told, nothing_known, Senders(), NOW, "eu-west-1")
        is_sound(came_of_it)
        if isinstance(came_of_it, Event):
            is_kept(came_of_it)
        return
    is_sound(told)
    if isinstance(told, Event):
        assert told.message_id
        assert told.occurred_at.tzinfo is UTC
        is_kept(told)
    elif isinstance(told, Notice):
        read_back = feedback_codec.read_notice(feedback_codec.notice_item(told, NOW))
        assert (read_back.name, read_back.kind, read_back.holds) == (told.name, told.kind, told.holds)


def is_kept(event: Event) -> None:
    """Each outcome can be written and read back, plainly and with recipients hidden."""
    domains_to_know(event)
    hidden = [each.address for each in event.recipients if _ORDINARY.fullmatch(each.address)]
    # What names the mail or its sender is not outside text about a recipient.
    ours = " ".join(lines_of([event.identity, event.message_id, event.feedback_id, event.type, event.region]))
    for names_ in (PlainRecipients(), HashedRecipients(b"0123456789abcdef")):
        writer = RecordWriter(names_, 1_800_000_000)
        for outcome in outcomes(event)[:20]:
            is_sound(meaning_of(event, outcome.recipient), raw=True)
            item = writer.item(outcome)
            written = json.dumps(item)
            assert len(written) < 64 * 1024
            assert feedback_codec.read_record(item).event.kind is event.kind
            if isinstance(names_, HashedRecipients):
                for address in hidden:
                    assert address in ours or event.configuration_set in address or address not in written, address


def is_told_again(reports: list[Report]) -> None:
    """Reports written for the queue are read back as they were, each once."""
    # Only what our reader of logs found is written, and its ids are as short.
    reports = [report for report in reports if len(report.id) <= LONGEST_ID]
    again = [each for body in bodies_of(reports) for each in parse(body, WHERE)]
    assert [_same(each) for each in again] == [_same(each) for each in reports]


def _same(report: object) -> object:
    assert isinstance(report, Report)
    whole = (report.id, report.source, report.text, report.at, report.told.region, report.told.nearby)
    return *whole, report.told.sender, report.told.recipients[:50]


def is_said_well(reason: str) -> None:
    assert 0 < len(reason) <= 300
    assert reason.isprintable()
    assert not re.search(r"[a-z0-9]{2}@[a-z0-9]", reason)


def feedback_parse(data: bytes) -> None:
    counts = []
    for where in (WHERE, WHERE._replace(brief=True), Where()):
        try:
            found = parse(data, where)
        except UnreadableEventError as error:
            is_said_well(error.reason)
        else:
            assert found
            counts.append(len(found))
            for told in found[:50]:
                look_at(told)
    assert len(set(counts)) <= 1


def feedback_file(data: bytes) -> None:
    found, unreadable = parse_file(data, WHERE)
    assert found or unreadable
    for reason in unreadable:
        assert _UNSAFE.search(reason) is None
    for told in found[:50]:
        look_at(told)
    try:
        at_once = parse(data, WHERE)
    except UnreadableEventError:
        return
    assert len(found) == len(at_once)
    assert not unreadable


_WRAPPINGS: tuple[Callable[[Any], Any], ...] = (
    lambda body: {"Type": "Notification", "Message": body if isinstance(body, dict) else json.dumps(body)},
    lambda body: {"Records": [{"eventSource": "aws:sqs", "messageId": "m", "body": json.dumps(body)}]},
    lambda body: {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(body)}}]},
    lambda body: {"Messages": [{"MessageId": "m", "Body": json.dumps(body)}]},
    lambda body: [body],
    json.dumps,
)


def feedback_envelopes(data: bytes) -> None:
    """The first byte says into which two envelopes, one in the other, the rest goes: nothing is lost in them."""
    body = json_of(data[1:])
    try:
        alone = len(parse(json.dumps(body), WHERE)) if isinstance(body, dict) else 0
    except UnreadableEventError:
        alone = 0
    inner, outer = divmod(data[0] if data else 0, len(_WRAPPINGS))
    wrapped = _WRAPPINGS[outer](_WRAPPINGS[inner % len(_WRAPPINGS)](body))
    try:
        found = parse(json.dumps(wrapped), WHERE)
    except UnreadableEventError as error:
        is_said_well(error.reason)
        # Twelve layers are the most, a message may have a megabyte, and quotes grow with each layer.
        assert not alone or "wrapped more than" in error.reason or "characters" in error.reason
        return
    assert not alone or len(found) == alone


def packed(raw: bytes) -> Mapping[str, Any]:
    return {"awslogs": {"data": base64.b64encode(gzip.compress(raw, 1, mtime=0)).decode()}}


def _logs(event: Mapping[str, Any]) -> list[Report]:
    try:
        reports = reports_of_logs(event, "eu-west-1")
    except UnreadableEventError as error:
        is_said_well(error.reason)
        return []
    for report in reports:
        assert report.id
        assert len(report.text.encode("utf-8", "replace")) <= LONGEST_TEXT
    is_told_again(reports)
    for report in reports[:20]:
        look_at(report)
    return reports


def feedback_logs(data: bytes) -> None:
    """What a log tells, as it is unpacked; however its JSON is laid out, the same is read."""
    _logs(packed(data))
    payload = json_of(data)
    if not isinstance(payload, dict) or not isinstance(payload.get("logEvents"), list) or not payload["logEvents"]:
        return
    entries = [each for each in payload["logEvents"] if isinstance(each, dict)]
    entries = [{key: each.get(key) for key in ("id", "timestamp", "message")} for each in entries]
    payload = {**{key: each for key, each in payload.items() if key != "logEvents"}, "logEvents": entries}
    quickly = _logs(packed(json.dumps(payload, separators=(",", ":")).encode()))
    in_full = _logs(packed(json.dumps(payload, indent=1).encode()))
    # A damaged log event in which nothing is SES's costs only who reads all of them.
    assert quickly == in_full or not in_full


def feedback_logs_packed(data: bytes) -> None:
    """What is no base64, no gzip, or damaged on the way."""
    _logs({"awslogs": {"data": data.decode("latin-1")}})
    _logs({"awslogs": {"data": base64.b64encode(data).decode()}})
    whole = gzip.compress(b'{"messageType":"CONTROL_MESSAGE"}', 1, mtime=0)
    at = data[0] % len(whole) if data else 0
    _logs({"awslogs": {"data": base64.b64encode(whole[:at] + data[1:] + whole[at:]).decode()}})


def feedback_reports(data: bytes) -> None:
    """Both forms of reports; what an application tells is handed over as it was."""
    body = json_of(data)
    if not isinstance(body, dict):
        body = {"rejection": text_in(data)}
    if "rejection" not in body and "rejections" not in body:
        body = {"rejections": [body]}
    try:
        found = parse(json.dumps(body), WHERE)
    except UnreadableEventError as error:
        is_said_well(error.reason)
        return
    reports = [told for told in found if isinstance(told, Report)]
    is_told_again(reports)
    for told in reports[:20]:
        look_at(told)


def feedback_cloudtrail(data: bytes) -> None:
    """CloudTrail's record alone and within EventBridge's event."""
    record = json_of(data)
    if not isinstance(record, dict):
        return
    for body in (
        {"detail-type": "AWS API Call via CloudTrail", "source": "aws.ses", "detail": record.get("detail", record)},
        {**record, "eventSource": "ses.amazonaws.com", "eventName": "SendEmail"},
    ):
        try:
            found = parse(json.dumps(body), WHERE)
        except UnreadableEventError as error:
            is_said_well(error.reason)
            continue
        for told in found:
            look_at(told)


# --- Refused sends ------------------------------------------------------------------------------------------------


def is_bounded(rejection: Rejection) -> None:
    is_sound(rejection)
    assert len(rejection.text) <= 500
    assert len(rejection.identities) <= 100


def rejections_reading(data: bytes) -> None:
    text = text_in(data)
    for of_ses in (False, True):
        first = find(text, of_ses=of_ses)
        every = find_all(text, of_ses=of_ses)
        assert (first is None) == (not every)
        assert first is None or first in every
        for each in every:
            is_bounded(each)
    told = told_in(text)
    is_sound(told, raw=True)
    assert len(told.recipients) <= 200


def rejections_scan(data: bytes) -> None:
    """The first byte says how large the blocks are: what is found must not hang on them."""
    block, log = (data[0] + 1 if data else 1), data[1:]
    whole = list(scan(BytesIO(log)))
    assert list(scan(BytesIO(log), block=block)) == whole
    for one, next_ in pairwise(whole):
        assert one.line < next_.line
    for found in whole:
        assert found.line <= log.count(b"\n") + 1
        is_bounded(found.rejection)


_FACTS = Facts(
    account=AccountFacts(NOW, production_access=False, sending_enabled=True, enforcement="HEALTHY"),
    asked=frozenset({"shop.example.com", "example.com", "orders@shop.example.com"}),
    identities=(KnownIdentity("shop.example.com", "eu-west-1", "SUCCESS", "bounce.shop.example.com", "FAILED"),),
    listed=frozenset({"eu-west-1", "us-east-1"}),
)


def rejections_explain(data: bytes) -> None:
    text = text_in(data)
    rejection = read(text)
    told = Told(sender="orders@shop.example.com", recipients=("jane@example.org",), region="eu-west-1")
    for answer in (
        explain(text),
        explain(text, text[:40]),
        explained(rejection, told, _FACTS),
        explained(read(text, of_ses=True), told_in(text), _FACTS),
    ):
        assert answer.cause
        assert answer.tag
        is_sound(answer)


# --- The DNS ------------------------------------------------------------------------------------------------------

_ZONES = (dns.name.root, dns.name.from_text("shop.example."), dns.name.from_text("www.shop.example."))


def dns_answers(data: bytes) -> None:
    """A message from the wire, as a resolver's answer and as an authority's."""
    reply = read_wire(data)
    message = reply.message
    if message is None:
        assert reply.failure
        return
    assert isinstance(message, dns.message.QueryMessage)
    for zone in _ZONES:
        answers.apex_in(message, zone)
        answers.name_servers_in(message, zone)
        said = answers.authority_said(message, zone)
        if isinstance(said, answers.Said):
            is_answer(said)
    is_answer(answers.resolver_said(message))
    answers.glue_in(message)


def is_answer(said: answers.Said) -> None:
    assert len(said.answer.values) <= answers.MOST_VALUES
    assert sum(map(len, said.answer.values)) <= answers.LONGEST_ANSWER
    assert sum(map(len, said.answer.aliases)) <= answers.LONGEST_ANSWER
    assert len(said.answer.detail) < 300
    repr(said)


def dns_records(data: bytes) -> None:
    """TXT values, one a line, as SPF, DMARC and DKIM; an include leads to the next of them."""
    values = data.decode("latin-1").split("\n")
    rest = iter(values[1:])

    def texts(name: str) -> Observed[tuple[str, ...]]:
        value = next(rest, None)
        return Missing(Blindness.TIMED_OUT, name[:200]) if value is None else Known((value,))

    for record in (*spf.records_in(values), f"v=spf1 {values[0]}"):
        told = spf.names(record, "amazonses.com", texts)
        assert isinstance(told, Known | Missing)
    dmarc.meant(values)
    for record in (*dmarc.counting(values), f"v=DMARC1; {values[0]}"):
        fault = dmarc.fault_of(record)
        assert len(fault) < 300
        if not fault:
            policy = dmarc.policy_of("shop.example", record)
            assert policy.policy in dmarc.POLICIES
            assert policy.subdomains in dmarc.POLICIES
            policy.amended("p", "none")
    for value in values:
        dkim_key.is_meant_as_key(value)
        assert len(dkim_key.fault_of([value])) < 300
    dkim_key.fault_of(values)


def dns_names(data: bytes) -> None:
    """Names as people write them: refused in words, or such as can be asked for and read back."""
    text = text_in(data)
    assert text.endswith(registrable(text))
    assert all(text.endswith(parent) for parent in parents(text))
    possible(text)
    try:
        name = names.parsed(text)
    except names.NameRefusedError as error:
        assert len(str(error)) < 300
        return
    assert len(name.to_wire() or b"") <= 255
    assert name.is_absolute()
    assert len(names.text_of(name)) <= 4 * 255


# --- Settings, the table, alerts ----------------------------------------------------------------------------------

SETTINGS: tuple[Callable[[Mapping[str, str]], object], ...] = (
    settings.audit_accounts,
    settings.audit_identities,
    settings.ingest_feedback,
    settings.ingest_logs,
    settings.publish_alerts,
    settings.deliver_slack,
)


def settings_of_environment(data: bytes) -> None:
    """`NAME=value`, one a line."""
    pairs = (line.partition("=") for line in text_in(data).split("\n"))
    environment = {name: value for name, _, value in pairs}
    for read_settings in SETTINGS:
        try:
            assert read_settings(environment)
        except SettingsError as error:
            assert error.variable in str(error)
            assert len(str(error)) < 1000
            assert "hooks.slack.com" not in str(error) or "SLACK_WEBHOOK" not in str(error)


READERS: dict[str, Callable[[Mapping[str, Any]], object]] = {
    "finding": codec.read_finding,
    "change": codec.read_change,
    "baseline": codec.read_baseline,
    "stream": stream.decode_item,
    "region": state_codec.read_region,
    "account": state_codec.read_account,
    "mute": state_codec.read_mute,
    "run": state_codec.read_run,
    "identity": identity_codec.read_identity,
    "identity_run": identity_codec.read_run,
    "record": feedback_codec.read_record,
    "counts": feedback_codec.read_counts,
    "refusal": feedback_codec.read_refusal,
    "notice": feedback_codec.read_notice,
    "unparsed": feedback_codec.read_unparsed,
}


def _is_sent_by_dynamodb(value: Any) -> bool:
    """Tell whether each number is text, as botocore gives it: boto3 itself does not look."""
    if isinstance(value, dict):
        return isinstance(value.get("N", ""), str) and all(map(_is_sent_by_dynamodb, value.values()))
    return all(map(_is_sent_by_dynamodb, value)) if isinstance(value, list) else True


def store_items(data: bytes) -> None:
    """`{"reader": "finding", "item": {...}}`, the item as DynamoDB sends it; damaged, its reader says so."""
    told = json_of(data)
    if not isinstance(told, dict) or not isinstance(told.get("item"), dict):
        return
    wanted = str(told.get("reader"))
    if not _is_sent_by_dynamodb(told["item"]):
        return
    for name, reader in READERS.items():
        # Whichever reader it is for, and the first of the others.
        if name not in {wanted, "finding"}:
            continue
        try:
            repr(reader(told["item"]))
            codec.is_expired(told["item"], NOW)
        except UnreadableItemError as error:
            assert len(str(error)) < 1000
            assert _UNSAFE.search(str(error)) is None, str(error)


def store_unparsed(data: bytes) -> None:
    """What is kept of a message that could not be read: little, and no address."""
    text = text_in(data)
    item = feedback_codec.unparsed_item(Unparsed("m", NOW, text, text), NOW)
    kept = feedback_codec.read_unparsed(item)
    for shown in (kept.excerpt, kept.reason):
        no_recipient_in(shown)


def alert_document(data: bytes) -> None:
    try:
        alert = document.decode(text_in(data))
    except document.DocumentError as error:
        assert len(str(error)) < 300
        return
    written = document.encode(alert)
    assert document.embedded_size(written) <= document.MOST_BYTES
    again = document.decode(written)
    assert again.alert_id[:100] == alert.alert_id[:100] or not alert.alert_id.isprintable()
    assert len(mail.subject(alert)) <= 100
    assert mail.subject(alert).isascii()
    mail.body(alert)
    fits_slack(slack_blocks.render(alert))


_OURS = re.compile(r"<(?i:https)://[A-Za-z0-9%/:=&?#+!$,;@~._-]+\|[^<>|]+>")


def nothing_smuggled(text: str) -> None:
    """All that is between angle brackets is a link of ours, and what Slack wants escaped is escaped."""
    rest = _OURS.sub("", text)
    assert "<" not in rest
    assert ">" not in rest
    assert not re.search(r"&(?!amp;|lt;|gt;)", rest)


def fits_slack(message: Message) -> None:
    payload = message.payload()
    json.dumps(payload, ensure_ascii=False).encode()
    assert len(message.blocks) <= 50
    assert 0 < slack_text.length(message.text) <= 600
    assert 0 < slack_text.length(message.plain) <= 4000
    for shown in (message.text, message.plain):
        nothing_smuggled(shown)
    for block in message.blocks:
        told: Any = block
        for part in (told.get("text"), *told.get("elements", ())):
            if part:
                assert 0 < slack_text.length(part["text"]) <= 3000
                nothing_smuggled(part["text"])


def alert_message(data: bytes) -> None:
    """Whatever lies in the queue before Slack is understood as something, and can be posted."""
    news = deliver.understand(text_in(data), "m-1")
    assert 0 < len(news.alert_id) <= 1000 or data
    message = news.render({})
    assert message is not None
    fits_slack(message)
    told = {
        name: deliveries.Told(version, datetime(2026, 11, 20, tzinfo=UTC)) for name, version in news.versions.items()
    }
    news.render(told)


_WORD = re.compile(r"([^\s<>(),;:\[\]\"@\uff20\ufe6b]++)(@?)")


def no_recipient_in(text: str) -> None:
    """Nothing that an @ follows is left longer than a letter."""
    for word, at in _WORD.findall(text):
        assert not at or word.rpartition("…")[1] == "…" or len(word) <= 1, word[:80]


def mailbox_masking(data: bytes) -> None:
    """Before, local part, domain and after, one a line: masked wherever it stands."""
    text = text_in(data)
    no_recipient_in(without_addresses(text))
    before, local, domain, after = [*text.split("\n", 3), "", "", ""][:4]
    local = re.sub(r"[^A-Za-z0-9.+_-]", "", local)[:64]
    domain = re.sub(r"[^A-Za-z0-9.-]", "", domain)[:100] or "example.org"
    address = f"{local}@{domain}"
    shown = without_addresses(f"{before} {address} {after}")
    no_recipient_in(shown)
    assert len(local) < 2 or f" {address} " not in shown
    assert len(local) < 2 or local not in masked(address).rpartition("@")[0]
    assert len(normal(text)) <= 320
    assert normal(f"{local}x@{domain}") == f"{local}x@{domain}".lower().strip("<>")


def slack_escaping(data: bytes) -> None:
    text = text_in(data)
    for limit in (1, 10, 200):
        for shown in (slack_text.mrkdwn(text, limit), slack_text.plain(text, limit), slack_text.escaped(text, limit)):
            assert slack_text.length(shown) <= max(limit, 1)
            nothing_smuggled(shown)
    shown = slack_text.mrkdwn(text)
    assert "\n" not in shown
    block = slack_text.code_block(text, 500)
    assert not block or (block.count("```") == 2 and slack_text.length(block) <= 500)
    nothing_smuggled(block)
    nothing_smuggled(slack_text.link(words.line(text), "Open the page"))
    assert shlex.split(shlex.quote(text)) == [text]


def identity_task(data: bytes) -> None:
    try:
        # What comes from a queue is UTF-8: no half of a surrogate pair is beside another.
        task = read_task(data.decode("utf-8", errors="replace"))
    except UnreadableTaskError as error:
        assert len(str(error)) < 500
        assert _UNSAFE.search(str(error)) is None
        return
    assert read_task(write_task(task)) == task


@dataclass(frozen=True, slots=True)
class Target:
    """A function that is fuzzed. `linear`: the time it takes is in proportion to the size of its input."""

    name: str
    run: Callable[[bytes], None]
    linear: bool = False


TARGETS = {
    target.name: target
    for target in (
        Target("feedback_parse", feedback_parse),
        Target("feedback_file", feedback_file),
        Target("feedback_envelopes", feedback_envelopes),
        Target("feedback_logs", feedback_logs, linear=True),
        Target("feedback_logs_packed", feedback_logs_packed),
        Target("feedback_reports", feedback_reports),
        Target("feedback_cloudtrail", feedback_cloudtrail),
        Target("rejections_reading", rejections_reading, linear=True),
        Target("rejections_scan", rejections_scan, linear=True),
        Target("rejections_explain", rejections_explain, linear=True),
        Target("dns_answers", dns_answers),
        Target("dns_records", dns_records, linear=True),
        Target("dns_names", dns_names),
        Target("settings", settings_of_environment),
        Target("store_items", store_items),
        Target("store_unparsed", store_unparsed, linear=True),
        Target("alert_document", alert_document),
        Target("alert_message", alert_message, linear=True),
        Target("mailbox_masking", mailbox_masking, linear=True),
        Target("slack_escaping", slack_escaping, linear=True),
        Target("identity_task", identity_task),
    )
}
