"""What fuzzing begins with: samples made of our own events and code, and the inputs that are kept in `corpus/`."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from ses_monitor.alerts import document
from ses_monitor.alerts.group import group
from ses_monitor.core.mailbox import PlainRecipients
from ses_monitor.store import codec, feedback_codec, identity_codec, state_codec
from tests.store import examples, feedback_examples

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).parent / "corpus"
_PRINTABLE = {*range(0x20, 0x7F), 0x0A, 0x09}


def kept(target: str) -> dict[str, bytes]:
    """Return what is kept for a target, by file name."""
    files = sorted((KEPT / target).glob("*"))
    return {each.name: read(each) for each in files if each.suffix in {".txt", ".hex"}}


def read(path: Path) -> bytes:
    """Return the input in a file: text as it is, anything else in hexadecimal."""
    raw = path.read_bytes()
    return bytes.fromhex(raw.decode("ascii")) if path.suffix == ".hex" else raw


def keep(target: str, data: bytes, name: str) -> Path:
    """Write an input into the corpus, named by its hash."""
    is_text = bool(data) and all(each in _PRINTABLE for each in data)
    path = KEPT / target / f"{name}-{hashlib.sha256(data).hexdigest()[:10]}.{'txt' if is_text else 'hex'}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if is_text else (data.hex() + "\n").encode())
    return path


@lru_cache(maxsize=1)
def _events() -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted((ROOT / "events").glob("*.json"))}


def _bodies(prefix: str) -> Iterator[bytes]:
    """Yield what lies in the messages of our events whose names begin so."""
    for name, raw in _events().items():
        if name.startswith(prefix):
            for record in json.loads(raw).get("Records", ()):
                body = record.get("body") or record.get("Sns", {}).get("Message")
                if isinstance(body, str):
                    yield body.encode()
                    try:
                        inner = json.loads(body)
                    except ValueError:
                        continue
                    if isinstance(inner, dict) and isinstance(inner.get("Message"), str):
                        yield inner["Message"].encode()


def _feedback() -> list[bytes]:
    whole = [raw for name, raw in _events().items() if name.startswith(("eventbridge-", "sns-feedback", "logs-"))]
    return [*dict.fromkeys([*_bodies("sqs-feedback"), *_bodies("sqs-rejection"), *whole])]


def _unpacked_logs() -> list[bytes]:
    events = [json.loads(raw) for name, raw in _events().items() if name.startswith("logs-")]
    packed = [base64.b64decode(each["awslogs"]["data"]) for each in events]
    found = []
    for each in packed:
        try:
            found.append(gzip.decompress(each))
        except (EOFError, OSError):
            continue
    lines = [
        {"id": str(10**20 + number), "timestamp": 1795209245000 + number, "message": line.decode(errors="replace")}
        for number, line in enumerate(_lines())
    ]
    payload: dict[str, Any] = {
        "messageType": "DATA_MESSAGE",
        "owner": "111122223333",
        "logGroup": "/aws/lambda/checkout",
        "logStream": "s",
        "subscriptionFilters": ["ses-monitor"],
    }
    parts = [{**payload, "logEvents": lines[begin : begin + 4]} for begin in range(0, len(lines), 4)]
    return found + [json.dumps(part, separators=(",", ":")).encode() for part in parts]


def _lines() -> list[bytes]:
    """Return lines of logs with SES's refusals in many shapes, and some with none."""
    listed = "Email address is not verified. The following identities failed the check in region EU-WEST-1: "
    return [
        f"MessageRejected: {listed}Orders <orders@shop.example.com>, jane@example.org".encode(),
        f"554 Message rejected: {listed}orders@shop.example.com...".encode(),
        b"botocore.errorfactory.AccountSendingPausedException: An error occurred (AccountSendingPausedException) when"
        b" calling the SendEmail operation: Sending paused for this account.",
        b"454 Throttling failure: Daily message quota exceeded.",
        b"454 4.7.0 Throttling failure: Maximum sending rate exceeded.",
        b"535 Authentication Credentials Invalid",
        b'{"level":"ERROR","message":"MessageRejected: Email address is not verified.\\nat send (index.js:3)"}',
        b"AccessDenied: User: arn:aws:sts::111122223333:assumed-role/web/i-0 is not authorized to perform:"
        b" ses:SendEmail on resource: arn:aws:ses:eu-west-1:111122223333:identity/shop.example.com",
        b"ConfigurationSetDoesNotExist: Configuration set <transactional> does not exist.",
        b"postfix/smtp[7]: A1: to=<jane@example.org>, relay=email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587,"
        b" dsn=5.0.0, status=bounced (host email-smtp.eu-west-1.amazonaws.com[192.0.2.1] said: 554 Message rejected:"
        b" Email address is not verified. (in reply to end of DATA command))",
        b"MAIL FROM:<orders@shop.example.com>\nRCPT TO:<jane@example.org>\n554-Message rejected\n554 again",
        b"250 Ok 0102019a-1111-2222-3333-444455556666-000000",
        b"INFO all is well, nothing was refused",
        b"\x1b[31mTransaction failed: Invalid email address\x1b[0m \xff\xfe",
    ]


def _answers() -> list[bytes]:
    made = []
    for type_, values in {
        "TXT": ['"v=spf1 include:amazonses.com ~all"', '"v=DMARC1; p=none"'],
        "MX": ["10 feedback-smtp.eu-west-1.amazonses.com."],
        "CNAME": ["token.dkim.amazonses.com."],
        "NS": ["ns1.shop.example.", "ns2.shop.example."],
        "SOA": ["ns1.shop.example. root.shop.example. 1 2 3 4 5"],
        "A": ["192.0.2.1"],
    }.items():
        query = dns.message.make_query("www.shop.example.", type_, use_edns=True)
        query.id = 7
        reply = dns.message.make_response(query, recursion_available=True)
        for flags in (dns.flags.QR | dns.flags.AA, dns.flags.QR | dns.flags.RA):
            reply.flags = flags
            reply.answer = [dns.rrset.from_text_list("www.shop.example.", 60, "IN", type_, values)]
            made.append(reply.to_wire())
            reply.answer, reply.authority = [], [dns.rrset.from_text_list("www.shop.example.", 60, "IN", type_, values)]
            made.append(reply.to_wire())
            reply.authority = []
        reply.answer = [
            dns.rrset.from_text("www.shop.example.", 60, "IN", "CNAME", "b.shop.example."),
            dns.rrset.from_text("b.shop.example.", 60, "IN", "CNAME", "c.other.example."),
        ]
        reply.additional = [dns.rrset.from_text("ns1.shop.example.", 60, "IN", "A", "192.0.2.1")]
        made.append(reply.to_wire())
    return made


def _items() -> list[bytes]:
    every: list[tuple[str, Any]] = [
        ("finding", codec.finding_item(examples.OPEN, 400)),
        ("finding", codec.finding_item(examples.WATCHED, 400)),
        ("change", codec.change_items(examples.change_of(examples.OPEN), 400)[0]),
        ("region", state_codec.region_item(examples.STATE)),
        ("account", state_codec.account_item("eu-west-1", examples.ACCOUNT, 400)),
        ("mute", state_codec.mute_item(examples.MUTE)),
        ("run", state_codec.run_item(examples.RUN)),
        ("identity", identity_codec.identity_item(examples.IDENTITY)),
        ("notice", feedback_codec.notice_item(feedback_examples.NOTICE, examples.NOW)),
        ("counts", {**_key("COUNTS#eu-west-1"), "hour": {"S": "2026-11-20T21:00:00Z"}, "sends": {"N": "3"}}),
    ]
    writer = feedback_codec.RecordWriter(PlainRecipients(), 1_800_000_000)
    told = (
        feedback_examples.BOUNCE,
        feedback_examples.COMPLAINT,
        feedback_examples.DELAY,
        feedback_examples.REJECT,
        feedback_examples.RENDERING,
        feedback_examples.REFUSED,
    )
    every += [("record", writer.item(outcome)) for event in told for outcome in feedback_examples.outcomes_of(event)]
    refused = {
        "hour": {"S": "2026-11-20T21:00:00Z"},
        "rejections": {"N": "2"},
        "last": {"S": "1"},
        "detail": {"M": writer.detail(feedback_examples.REFUSED, feedback_examples.REFUSAL)},
    }
    every.append(("refusal", {**_key("COUNTS#eu-west-1#rejection"), **refused}))
    for name, raw in _events().items():
        if name.startswith("stream-change"):
            every += [("stream", each["dynamodb"].get("NewImage", {})) for each in json.loads(raw)["Records"][:2]]
    return [json.dumps({"reader": name, "item": item}).encode() for name, item in every]


def _key(pk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": "2026-11-20T21"}}


def _environments() -> list[bytes]:
    return [
        b"TABLE_NAME=ses-monitor\nAWS_REGION=eu-west-1\nREGIONS=eu-west-1,us-east-1\nSENDING_REGIONS=eu-west-1\n"
        b"HISTORY_DAYS=400\nIDENTITY_QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/111122223333/q\n"
        b"SES_REQUESTS_PER_SECOND=0.8\nTRUSTED_ACCOUNTS=111122223333,444455556666",
        b"TABLE_NAME=ses-monitor\nAWS_REGION=eu-west-1\nRECIPIENT_KEY_PARAMETER=/ses-monitor/key\nEVENT_DAYS=90\n"
        b"FEEDBACK_QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/111122223333/q\nHISTORY_DAYS=",
        b"TABLE_NAME=arn:aws:dynamodb:eu-west-1:111122223333:table/t\nHISTORY_DAYS=3650\n"
        b"ALERT_TOPIC_ARN=arn:aws:sns:eu-west-1:111122223333:ses-monitor-alerts\n"
        b"SLACK_WEBHOOK_PARAMETER=/ses-monitor/slack-webhook\nSLACK_QUEUE_URL=https://sqs.example.com/q",
    ]


def _texts() -> list[bytes]:
    """Return texts for what reads any text."""
    return [
        *_lines(),
        '550 5.1.1\njane.doe\nexample.org\n"Jane D\u00f6e" <jane%40example.org>, bob\uff20example.net'.encode(),
        b'say "hi" to\njane\nexample.org\n"a b"@example.org (c)@d, ."x@y',
        b"<!channel> *bold* _x_ `code` ```fence``` :smile: & &amp; <https://evil.example|click> ~gone~",
        b"https://eu-west-1.console.aws.amazon.com/ses/home?region=eu-west-1#/account|x",
    ]


def _dns_records() -> list[bytes]:
    key = base64.b64encode(bytes.fromhex("30819f300d06092a864886f70d010101050003818d00") + bytes(139)).decode()
    return [
        b"v=spf1 include:_spf.example.com ip4:192.0.2.0/24 ~all\nv=spf1 include:amazonses.com -all",
        b"v=spf1 redirect=_spf.example.com\nv=spf1 +all",
        b"v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.0/25 ip4:192.0.2.0/26 ip4:192.0.2.0/27 exists:%{i}.example -all",
        b"v=DMARC1; p=reject; sp=quarantine; adkim=s; aspf=r; rua=mailto:dmarc@example.com\nv = dmarc1; p = none",
        b"p=none; adkim=s\nv=DKIM1; k=rsa; p=",
        f"v=DKIM1; k=rsa; p={key}\nk=rsa; p={key[:60]}\np={key}AAAA".encode(),
    ]


@lru_cache(maxsize=1)
def _samples() -> dict[str, list[bytes]]:
    """Return what mutation of each target's input begins with; never empty."""
    events = _events()
    return {
        "feedback_parse": _feedback(),
        "feedback_file": [*_feedback(), *events.values(), b"\n".join(_feedback()[:3])],
        "feedback_envelopes": [bytes([number % 36]) + each for number, each in enumerate(_feedback())],
        "feedback_logs": _unpacked_logs(),
        "feedback_logs_packed": [gzip.compress(each, 1, mtime=0) for each in _unpacked_logs()[:4]],
        "feedback_reports": [
            b'{"rejection":"MessageRejected: Email address is not verified.","region":"eu-west-1","id":"r-1",'
            b'"sender":"orders@shop.example.com","recipient":["jane@example.org"],"at":"2026-11-20T21:14:05Z"}',
            *_bodies("sqs-rejection"),
        ],
        "feedback_cloudtrail": [*_bodies("sqs-rejection-cloudtrail")],
        "rejections_reading": _lines(),
        "rejections_scan": [bytes([40]) + b"\n".join(_lines()), *(b"\xff" + each for each in _lines())],
        "rejections_explain": _lines(),
        "dns_answers": _answers(),
        "dns_records": _dns_records(),
        "dns_names": [b"shop.example.com", "b\u00fccher.example.".encode(), b"_dmarc.example.co.uk", b"a..b", b"*.x"],
        "settings": _environments(),
        "store_items": _items(),
        "store_unparsed": [*_texts(), *_feedback()[:3]],
        "alert_document": _documents(),
        "alert_message": [*_bodies("sqs-alert"), *_documents()],
        "mailbox_masking": _texts(),
        "slack_escaping": _texts(),
        "identity_task": [*_bodies("sqs-identities")],
    }


def _documents() -> list[bytes]:
    changes = [examples.change_of(each) for each in (examples.OPEN, examples.RESOLVED)]
    return [document.encode(alert).encode() for alert in group(changes)]


def beginnings(target: str) -> list[bytes]:
    """Return the samples of a target and what is kept for it."""
    return [*_samples()[target], *kept(target).values()]
