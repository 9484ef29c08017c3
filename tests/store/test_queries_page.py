"""docs/queries.md is run: every command in it, on a table that holds what its answers show.

The PartiQL beside each query cannot be run here (moto has no PartiQL on indexes): here it must say the same as the
query, and the end-to-end tests run it.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import jmespath  # type: ignore[import-untyped] # it ships no types
import pytest

from ses_monitor.core.check import Step
from ses_monitor.core.event import Bounce, Delay, Kind, Recipient
from ses_monitor.core.identity import IdentityKind
from ses_monitor.core.identity_run import IdentityRun
from ses_monitor.core.model import Severity
from ses_monitor.core.traffic import Tally
from ses_monitor.core.verdict import Verdict
from ses_monitor.store import keys
from ses_monitor.store.deliveries import Deliveries
from ses_monitor.store.identity_table import IdentityTable
from tests.store.examples import (
    ACCOUNT,
    IDENTITY,
    MUTE,
    NOW,
    OPEN,
    RUN,
    STATE,
    TABLE,
    change_of,
    milliseconds,
    opening,
    raw,
    replacing,
    resolving,
    settlement,
)
from tests.store.feedback_examples import (
    BOUNCE,
    DELAY,
    NOTICE,
    REFUSAL,
    REFUSED,
    RENDERING,
    ledger_on,
    outcome_of,
    sends,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from ses_monitor.core.stored import Stored

PAGE = Path(__file__).parents[2] / "docs" / "queries.md"


@dataclass(frozen=True)
class Asked:
    """One command of the page, and the rows the page says it prints."""

    question: str
    words: list[str]
    partiql: list[str]
    rows: list[list[str]]


def commands() -> list[Asked]:
    asked: list[Asked] = []
    question = ""
    pattern = (
        r"^## (?P<question>[^\n]+)$|^```sh\n(?P<sh>aws dynamodb query .+?)^```\n\n"
        r"```sh\n(?P<partiql>aws dynamodb execute-statement .+?)^```\n\n```text\n(?P<text>.+?)^```"
    )
    for match in re.finditer(pattern, PAGE.read_text(), re.MULTILINE | re.DOTALL):
        question = match["question"] or question
        if match["sh"]:
            rows = [re.split(r" {2,}", line) for line in match["text"].splitlines()]
            asked.append(Asked(question, words_of(match["sh"]), words_of(match["partiql"]), rows))
    return asked


def words_of(command: str) -> list[str]:
    return shlex.split(command.replace("\\\n", " "))


def in_partiql(request: dict[str, Any]) -> str:
    """The statement that asks what a request of Query asks.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.select.html: names of a table with
    its index stand in double quotes, and an equality of the partition key keeps it from a full scan.
    """
    index = request.get("IndexName", "")
    names = request.get("ExpressionAttributeNames", {})
    conditions = [request["KeyConditionExpression"]]
    if wanted := request.get("FilterExpression"):
        lists = re.sub(r"\bIN \((.*?)\)", r"IN [\1]", wanted)
        as_is = {"AND", "IN"}
        conditions.append(
            re.sub(
                r":\w+|#?\w+",
                lambda word: word[0] if word[0] in as_is or word[0][0] == ":" else f'"{names.get(word[0], word[0])}"',
                lists,
            )
        )
    where = " AND ".join(conditions)
    for name, value in sorted(request["ExpressionAttributeValues"].items(), key=lambda each: -len(each[0])):
        literal = "'" + value["S"].replace("'", "''") + "'"
        where = where.replace(name, literal)
    source = '"$TABLE"' + (f'."{index}"' if index else "")
    order = "" if request.get("ScanIndexForward", True) else f" ORDER BY {index}sk DESC"
    return f"SELECT * FROM {source} WHERE {where}{order}"  # noqa: S608 - compared, never run


def parameters(words: list[str]) -> tuple[dict[str, Any], str]:
    """The parameters that the AWS CLI makes of the words, and the JMESPath expression of `--query`.

    A flag is the parameter's name with hyphens; which names there are, and of what type, botocore knows.
    """
    assert words[:2] == ["aws", "dynamodb"]
    operation = {"query": "Query", "execute-statement": "ExecuteStatement"}[words[2]]
    shape = botocore.session.get_session().get_service_model("dynamodb").operation_model(operation).input_shape
    assert shape is not None
    members = shape.members
    flags = {re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower(): name for name in members}
    request: dict[str, Any] = {}
    expression = ""
    rest = iter(words[3:])
    for word in rest:
        flag = word.removeprefix("--")
        if flag == "query":
            expression = next(rest)
        elif flag == "output":
            assert next(rest) == "text"
        elif flag.startswith("no-"):
            request[flags[flag.removeprefix("no-")]] = False
        else:
            name, value = flags[flag], next(rest)
            kind = members[name].type_name
            assert kind in {"string", "integer", "map"}
            request[name] = value if kind == "string" else json.loads(value)
    if operation == "ExecuteStatement":
        assert '"$TABLE"' in request["Statement"], "in double quotes, as the name has hyphens"
        return {"Statement": request["Statement"].replace("$TABLE", TABLE)}, expression
    assert request["TableName"] == "$TABLE"
    return request | {"TableName": TABLE}, expression


def found(tag: str, check: str, at: datetime, severity: Severity, text: str, region: str = "eu-west-1") -> Stored:
    return replace(
        OPEN,
        tag=tag,
        check_id=check,
        region=region,
        severity=severity,
        text=text,
        steps=(Step("Find out who switched it off:"),),
        first_seen=at,
        opened_at=at,
        written_at=at,
        version=milliseconds(at),
    )


@pytest.fixture
def told(table: IdentityTable, deliveries: Deliveries) -> None:
    audit_and_tell(table, deliveries)


def audit_and_tell(table: IdentityTable, deliveries: Deliveries) -> None:
    """A paused region, with what led there, and one where nothing worse than a NOTICE is open."""
    began = datetime(2026, 11, 16, 14, tzinfo=UTC)
    full_at = datetime(2026, 11, 16, 16, 30, tzinfo=UTC)
    over_at = datetime(2026, 11, 17, 8, tzinfo=UTC)
    long_ago = datetime(2026, 10, 2, 6, tzinfo=UTC)
    near = found("QUOTA_NEARLY_EXHAUSTED", "account.quota", began, Severity.WARNING, "82 % of the quota is used.")
    full = replace(
        near,
        tag="QUOTA_EXHAUSTED",
        severity=Severity.CRITICAL,
        written_at=full_at,
        version=milliseconds(full_at),
    )
    off = "The account's suppression list in us-east-1 is off for BOUNCE."
    paused = "Sending is switched off for SES in eu-west-1: every send is refused."
    table.save(settlement(opening(near)))
    table.save(settlement(replacing(near, full)))
    table.save(settlement(resolving(full, over_at)))
    unwanted = found("SUPPRESSION_OFF", "account.suppression", long_ago, Severity.NOTICE, off, "us-east-1")
    table.save(
        settlement(
            replace(opening(unwanted), change=change_of(unwanted, muted_by=MUTE.mute_id)),
            opening(found("SENDING_PAUSED", "account.sending_enabled", NOW, Severity.CRITICAL, paused)),
        )
    )
    table.save_region_state(STATE, None)
    healthy = replace(STATE, region="us-east-1", verdict=Verdict.DELIVERS, verdict_since=long_ago, causes=())
    table.save_region_state(healthy, None)
    table.save_account_snapshot("eu-west-1", replace(ACCOUNT, seen_at=over_at))
    table.save_account_snapshot("eu-west-1", replace(ACCOUNT, sending_enabled=False))
    table.save_mute(MUTE)
    table.save_run(replace(RUN, started_at=NOW.replace(minute=0), duration_ms=1987, unseen=(), changes=0))
    table.save_run(RUN)
    address = replace(IDENTITY, name="orders@shop.example.com", kind=IdentityKind.EMAIL_ADDRESS)
    table.save_identity_state(IDENTITY, None)
    table.save_identity_state(replace(address, dkim_status="", configuration_set=""), None)
    waiting = replace(IDENTITY, verification_status="PENDING", dkim_status="PENDING", mail_from_status="")
    table.save_identity_state(replace(waiting, region="us-east-1"), None)
    table.save_identity_run(IdentityRun("eu-west-1", "run-1", NOW, ended=True, unlooked=0), None)
    deliveries.claim("0c1d2e3f4a5b", "slack", NOW, 60)
    deliveries.delivered("0c1d2e3f4a5b", "slack", {OPEN.finding_id: OPEN.version}, NOW)


@pytest.fixture
def fed_back(client: DynamoDBClient) -> None:
    feed_back(client)


def feed_back(client: DynamoDBClient) -> None:
    """A bounce of each kind, a delay, a template that fails, refused sends, mail without trouble, and what AWS said."""
    minute = datetime(2026, 11, 18, 9, tzinfo=UTC)
    early = datetime(2026, 11, 18, 8, 30, tzinfo=UTC)
    delayed_at = datetime(2026, 11, 17, 7, 5, tzinfo=UTC)
    bounced = outcome_of(
        BOUNCE,
        occurred_at=minute,
        sent_at=minute - timedelta(seconds=2),
        message_id="0102-2",
        detail=Bounce("Permanent", "General"),
    )
    full = outcome_of(
        BOUNCE,
        feedback_id="f-2",
        occurred_at=minute + timedelta(minutes=1),
        sent_at=minute,
        recipients=(Recipient("ben@example.org", "4.2.2", "failed", "smtp; 452 4.2.2 mailbox full"),),
        detail=Bounce("Transient", "MailboxFull"),
    )
    delayed = outcome_of(
        DELAY,
        occurred_at=delayed_at,
        sent_at=delayed_at - timedelta(minutes=5),
        message_id="0102-1",
        recipients=(Recipient("ana@example.org", "4.2.2"),),
        detail=Delay("MailboxFull"),
    )
    failed = outcome_of(RENDERING, occurred_at=NOW, sent_at=NOW, recipients=())
    refused_at = [early + timedelta(minutes=28), minute, minute + timedelta(minutes=2)]
    refused = [
        outcome_of(REFUSED, message_id=f"log-{n}", occurred_at=at, sent_at=at, recipients=())
        for n, at in enumerate(refused_at)
    ]
    too_fast = replace(
        REFUSAL, tag="SEND_RATE_EXCEEDED", subject="account", code="454", text="Maximum sending rate exceeded."
    )
    at = minute + timedelta(minutes=3)
    refused.append(
        outcome_of(REFUSED, message_id="log-9", occurred_at=at, sent_at=at, recipients=(), identity="", detail=too_fast)
    )
    told = [
        *refused,
        bounced,
        replace(full, tallies=(Tally.OTHER_BOUNCES,)),
        delayed,
        failed,
        *sends(3, start=early),
        *sends(2, start=early, kind=Kind.DELIVERY),
        outcome_of(sends(1)[0].event, message_id="m-9", sent_at=minute, occurred_at=minute),
    ]
    ledger = ledger_on(client, clock=lambda: NOW)
    assert len(ledger.record(told).new) == len(told)
    ledger.note(replace(NOTICE, at=NOW))
    ledger.unparsed("m-1", "It is no JSON.", "Dear jane.doe@example.org,", NOW)


@pytest.mark.usefixtures("told", "fed_back")
@pytest.mark.parametrize("asked", commands(), ids=lambda asked: asked.question)
def test_each_command_of_the_page_answers_what_the_page_shows(client: DynamoDBClient, asked: Asked) -> None:
    request, expression = parameters(asked.words)
    response = client.execute_statement(**request) if "Statement" in request else client.query(**request)
    answer = jmespath.search(expression, response)
    assert [[str(cell) for cell in row] for row in answer] == asked.rows


@pytest.mark.parametrize("asked", commands(), ids=lambda asked: asked.question)
def test_each_statement_of_the_page_says_what_its_query_says(asked: Asked) -> None:
    request, expression = parameters(asked.words)
    limit = ["--limit", str(request["Limit"])] if "Limit" in request else []
    assert asked.partiql == [
        *("aws", "dynamodb", "execute-statement", *limit),
        *("--statement", in_partiql(request), "--query", expression, "--output", "text"),
    ]


@pytest.mark.parametrize("asked", commands(), ids=lambda asked: asked.question)
def test_no_statement_of_the_page_reads_the_whole_table(asked: Asked) -> None:
    statement = asked.partiql[asked.partiql.index("--statement") + 1]
    assert re.fullmatch(
        r"""SELECT \* FROM "\$TABLE"(\."gsi(?P<index>\d)")? WHERE (?(index)gsi(?P=index))pk = '[^']+'(?! OR ).*""",
        statement,
    )
    assert " OR " not in statement


def test_the_page_answers_every_question_of_the_table_there_is_data_for() -> None:
    questions = {asked.question for asked in commands()}
    assert {
        "What is open?",
        "What is open of this kind, in these regions?",
        "What was open in this region, and is over?",
        "How does this finding stand, and what is to be done?",
        "What is muted, by whom, until when?",
        "What did this mute keep from the channels?",
        "What was Slack told of this finding?",
        "What is wrong with this identity, in any region?",
        "What happened in this region this week?",
        "How did this finding evolve?",
        "Where is this identity, and is it verified there?",
        "Which identities are in this region?",
        "Did the last audits run?",
        "And what could the last one not see?",
        "What bounced in this region lately?",
        "What happened to mail for this recipient?",
        "How much was sent with this identity, and how much bounced, hour by hour?",
        "What did SES refuse of this sender today?",
        "What did SES refuse in this region today?",
        "What did AWS itself tell?",
        "What arrived that could not be read?",
    } <= questions
    for command in ("aws dynamodb query", "aws dynamodb execute-statement"):
        assert len(commands()) == PAGE.read_text().count(command), "none of them is without its answer"


def test_the_page_has_no_scan_but_to_say_so() -> None:
    assert "dynamodb scan" not in PAGE.read_text()


@pytest.mark.usefixtures("told", "fed_back")
def test_the_key_table_has_every_kind_of_item_there_is(client: DynamoDBClient) -> None:
    page = PAGE.read_text()
    for name in ("pk", "gsi1pk", "gsi2pk"):
        kinds = {item[name]["S"].partition("#")[0] for item in raw(client) if name in item}
        assert kinds
        assert not [kind for kind in kinds if f"`{kind}#<" not in page and f"`{kind}`" not in page]


@pytest.mark.parametrize("severity", Severity)
def test_the_ranks_on_the_page_are_those_of_the_keys(severity: Severity) -> None:
    page = PAGE.read_text()
    assert f"{severity.name} {keys.rank(severity)}" in page
    if severity is not Severity.INFO:
        assert (
            f'`"{keys.just_below(severity)}"` {severity.name}' in page
            or f'`"{keys.just_below(severity)}"` is {severity.name}' in page
        )
