"""The dashboard as CloudWatch gets it: every figure on it is one that somebody writes, and it costs nothing more."""

import importlib
import io
import itertools
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ses_monitor.audit.figures import figures_of
from ses_monitor.audit.identities.worker import Sources
from ses_monitor.checks.account import reputation
from ses_monitor.collect.regions import Regions
from ses_monitor.core.model import Severity
from ses_monitor.core.observed import Known
from ses_monitor.core.region_state import AccountFacts, RegionState
from ses_monitor.core.verdict import Cause, Verdict
from tests.audit.identity_world import REJECTING, IdentityWorld, domain
from tests.audit.world import Monitor, World
from tests.build import NOW, THROTTLED
from tests.store.examples import create_table
from tests.test_template import RESOURCES, ROOT, TEMPLATE, of_type, unread_queues

COLUMNS = 24
FREE_METRICS = 50
"""A dashboard is free with up to 50 metrics, three of them in an account: https://aws.amazon.com/cloudwatch/pricing/."""
LONGEST_TITLE = 44
DOCUMENTED = {
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"),
    ("AWS/Lambda", "Errors", "FunctionName"),
    ("AWS/DynamoDB", "WriteThrottleEvents", "TableName"),
    ("AWS/DynamoDB", "ReadThrottleEvents", "TableName"),
    ("AWS/SNS", "NumberOfNotificationsFailed", "TopicName"),
}
"""Metrics of AWS, each with the dimension that its service's page of CloudWatch metrics lists it by."""
EVENTS = ROOT / "events"


# --- The template, resolved -------------------------------------------------------------------------------------------


class Stack:
    """Resolves what the dashboard uses of CloudFormation's functions."""

    def __init__(self, **parameters: str) -> None:
        defaults = {name: str(each.get("Default", "")) for name, each in TEMPLATE["Parameters"].items()}
        self.values = defaults | {
            "AWS::StackName": "ses-monitor",
            "AWS::Region": "eu-west-1",
            "AWS::Partition": "aws",
            "AWS::AccountId": "123456789012",
            **parameters,
        }

    def resolve(self, node: Any) -> Any:
        if not isinstance(node, Mapping):
            return [self.resolve(each) for each in node] if isinstance(node, list) else node
        [(function, argument)] = node.items()
        resolved: Any = getattr(self, f"_{function.lower()}")(argument)
        return resolved

    def holds(self, condition: str | Mapping[str, Any]) -> bool:
        found = TEMPLATE["Conditions"][condition] if isinstance(condition, str) else condition
        assert isinstance(found, Mapping)
        [(function, arguments)] = found.items()
        if function == "Condition":
            return self.holds(str(arguments))
        if function == "Equals":
            left, right = self.resolve(arguments)
            return bool(left == right)
        inner = [self.holds(each) for each in arguments]
        return {"Not": not inner[0], "Or": any(inner), "And": all(inner)}[function]

    def _ref(self, name: str) -> str:
        return self.values.get(name, name.lower())

    def _getatt(self, path: list[str]) -> str:
        return self.values.get(".".join(path), "-".join(path).lower())

    def _if(self, arguments: list[Any]) -> Any:
        condition, yes, no = arguments
        return self.resolve(yes if self.holds(condition) else no)

    def _findinmap(self, arguments: list[str]) -> str:
        name, first, second = arguments
        found: str = TEMPLATE["Mappings"][name][first][second]
        return found

    def _split(self, arguments: list[Any]) -> list[str]:
        separator, text = arguments
        return str(self.resolve(text)).split(separator)

    def _join(self, arguments: list[Any]) -> str:
        separator, parts = arguments
        return str(separator).join(self.resolve(parts))

    def _sub(self, argument: str | list[Any]) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        extra = {name: self.resolve(each) for name, each in own.items()}

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            assert name in extra or name in self.values or name.split(".")[0] in RESOURCES, name
            return str(
                extra[name] if name in extra else self._getatt(name.split(".")) if "." in name else self._ref(name)
            )

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def dashboard(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.resolve(RESOURCES["Dashboard"]["Properties"]["DashboardBody"]))
        return body


SLACK = {"SlackWebhookParameter": "/ses-monitor/slack-webhook"}
NAMED = {"Regions": "eu-west-1,eu-south-1"}
STACKS = [{}, SLACK, NAMED, {**SLACK, **NAMED}, {"AWS::Partition": "aws-us-gov", "AWS::Region": "us-gov-west-1"}]
EVERYTHING = Stack(**SLACK).dashboard()["widgets"]


def titled(title: str, **parameters: str) -> dict[str, Any]:
    widgets: list[dict[str, Any]] = [each["properties"] for each in Stack(**parameters).dashboard()["widgets"]]
    [found] = [each for each in widgets if each.get("title") == title]
    return found


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [each["properties"] for each in EVERYTHING if each["type"] == kind]


METRICS = [metric for widget in of_kind("metric") for metric in widget["metrics"] if len(metric) > 1]
QUERIES = {widget["title"]: widget["query"] for widget in of_kind("log")}


# --- What it looks like -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters", STACKS)
def test_the_body_is_one_that_cloudwatch_takes_with_every_kind_of_stack(parameters: dict[str, str]) -> None:
    body = Stack(**parameters).dashboard()
    assert set(body) == {"start", "periodOverride", "widgets"}
    assert 10 <= len(body["widgets"]) <= 500
    for widget in body["widgets"]:
        assert set(widget) == {"type", "x", "y", "width", "height", "properties"}
        assert widget["type"] in {"text", "metric", "log"}
        if widget["type"] != "text":
            assert widget["properties"]["region"] == Stack(**parameters).values["AWS::Region"]
            assert widget["properties"]["view"] in {"timeSeries", "table", "bar"}
    assert "${" not in re.sub(r"\$\{(PROP\('Region'\)|LAST)\}", "", json.dumps(body))


def test_no_two_widgets_overlap_and_none_leaves_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in EVERYTHING:
        x, y, width, height = (widget[each] for each in ("x", "y", "width", "height"))
        cells = set(itertools.product(range(x, x + width), range(y, y + height)))
        assert not cells & taken, widget
        assert 0 <= x < x + width <= COLUMNS
        taken |= cells
    rows = 1 + max(y for _, y in taken)
    assert len(taken) == rows * COLUMNS, "a gap"


def test_titles_can_be_read_on_a_phone_and_tell_widgets_apart() -> None:
    titles = [each["properties"]["title"] for each in EVERYTHING if each["type"] != "text"]
    assert len(set(titles)) == len(titles)
    assert max(map(len, titles)) <= LONGEST_TITLE


def test_it_can_be_left_out() -> None:
    assert RESOURCES["Dashboard"]["Condition"] == "HasDashboard"
    assert Stack().holds("HasDashboard")
    assert not Stack(ShowDashboard="off").holds("HasDashboard")


def test_it_stays_within_what_is_free() -> None:
    regions = len(titled("Bounce rate (0.05 = 5 %)")["metrics"])
    # A search counts for what it finds: two rates of each region that sends, of which a few hundred accounts have five.
    assert len(METRICS) + 2 * 5 <= FREE_METRICS
    assert regions <= 100, "as many searches as a graph may have"


# --- Rates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "metric", "bands"),
    [
        ("Bounce rate (0.05 = 5 %)", "Reputation.BounceRate", reputation.BOUNCE),
        ("Complaint rate (0.001 = 0.1 %)", "Reputation.ComplaintRate", reputation.COMPLAINT),
    ],
)
def test_the_rates_are_drawn_with_the_lines_that_the_checks_hold_them_against(
    title: str, metric: str, bands: tuple[Any, ...]
) -> None:
    widget = titled(title)
    lines = {each["label"].split()[0]: each["value"] for each in widget["annotations"]["horizontal"]}
    opens = {band.label.tag.rsplit("_", 1)[1].title(): band.opens for band in bands}
    assert lines == {name: opens[name] for name in ("Review", "Pause")}
    for line in widget["annotations"]["horizontal"]:
        assert line["label"].endswith(f" {line['value'] * 100:g} %")
    for [search] in widget["metrics"]:
        assert search["expression"].startswith(f'SEARCH(\'{{AWS/SES}} MetricName="{metric}"')
        assert search["label"] == "${PROP('Region')} ${LAST}"


@pytest.mark.parametrize(
    ("parameters", "regions"),
    [
        (NAMED, ["eu-west-1", "eu-south-1"]),
        ({"Regions": "sa-east-1"}, ["sa-east-1"]),
        ({"AWS::Partition": "aws-us-gov", "AWS::Region": "us-gov-west-1"}, ["us-gov-west-1"]),
    ],
)
def test_rates_are_searched_in_the_regions_that_are_audited(parameters: dict[str, str], regions: list[str]) -> None:
    for title in ("Bounce rate (0.05 = 5 %)", "Complaint rate (0.001 = 0.1 %)"):
        assert [search["region"] for [search] in titled(title, **parameters)["metrics"]] == regions


def test_unless_regions_are_named_rates_are_searched_in_those_that_are_always_enabled() -> None:
    regions = [search["region"] for [search] in titled("Bounce rate (0.05 = 5 %)")["metrics"]]
    assert len(set(regions)) == len(regions) == 17
    assert set(regions) <= set(boto3.Session().get_available_regions("sesv2"))
    have_to_be_enabled = {"af-south-1", "ap-east-1", "eu-south-1", "eu-central-2", "il-central-1", "me-south-1"}
    assert not set(regions) & have_to_be_enabled


# --- Metrics ----------------------------------------------------------------------------------------------------------


def test_every_metric_is_one_that_aws_documents_or_that_a_function_writes() -> None:
    sources = [ROOT / "functions", ROOT / "layers/ses_monitor/ses_monitor"]
    code = "\n".join(path.read_text() for folder in sources for path in folder.rglob("*.py"))
    for namespace, name, dimension, value, _ in METRICS:
        if namespace == TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]:
            assert re.search(rf'(add_metric|_count)\("{name}"', code), name
            assert (dimension, value) == ("service", "ses-monitor")
        else:
            assert (namespace, name, dimension) in DOCUMENTED


@pytest.mark.parametrize(
    ("metric", "kind"),
    [("Errors", "AWS::Serverless::Function"), ("ApproximateNumberOfMessagesVisible", "dead letters")],
)
def test_no_function_and_no_dead_letters_are_left_out(metric: str, kind: str) -> None:
    shown = {value for _, name, _, value, _ in METRICS if name == metric}
    if kind == "dead letters":
        assert shown == {f"{name}-queuename".lower() for name in unread_queues()}
    else:
        assert shown == {name.lower() for name in of_type(kind)}


def test_without_slack_nothing_of_slack_is_named() -> None:
    assert "slack" not in json.dumps(Stack().dashboard()).lower()
    assert json.dumps(Stack(**SLACK).dashboard()).lower().count("slack") >= 3


# --- Log lines --------------------------------------------------------------------------------------------------------

CONTEXT = SimpleNamespace(
    function_name="any",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-central-1:111122223333:function:any",
    aws_request_id="request-1",
    get_remaining_time_in_millis=lambda: 900_000,
)
TWO = Regions(("eu-west-1", "us-east-1"), (), Known(frozenset({"eu-west-1", "us-east-1"})))
ENVIRONMENT = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "POWERTOOLS_METRICS_NAMESPACE": "ses-monitor",
    "POWERTOOLS_SERVICE_NAME": "any",
    "TABLE_NAME": "ses-monitor",
    "ALERT_TOPIC_ARN": "arn:aws:sns:eu-central-1:111122223333:alerts",
    "IDENTITY_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/regions",
    "SES_MONITOR_RESOLVERS": "127.0.0.1",
}
Lines = list[dict[str, Any]]


def logged(app: ModuleType, work: Any) -> Lines:
    before = app.logger.registered_handler.setStream(stream := io.StringIO())
    work()
    app.logger.registered_handler.setStream(before)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Lines]]:
    """What each function that the dashboard reads logs in a run in which everything is known, by its log group."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    groups = ("audit-accounts", "audit-identities", "digest", "ingest-feedback")
    names = {each: f"functions.{each.replace('-', '_')}.app" for each in groups}
    for name in names.values():
        monkeypatch.delitem(sys.modules, name, raising=False)
    with mock_aws():
        create_table(boto3.client("dynamodb"), "ses-monitor")
        boto3.client("sqs").create_queue(QueueName="regions")
        apps = {group: importlib.import_module(name) for group, name in names.items()}
        accounts, identities, digest, ingest = apps.values()
        monkeypatch.setattr(accounts, "find_regions", lambda *_: TWO)
        monkeypatch.setattr(accounts, "AwsAccountReader", lambda _: World())
        world = IdentityWorld()
        world.put(domain("a.example.com"), domain("z.example.com", mail_from=REJECTING))
        sources = Sources(world, world, world.prove, identities.queue.put)
        monkeypatch.setattr(identities, "worker", replace(identities.worker, sources=sources))
        message = json.loads((EVENTS / "sqs-identities-region.json").read_text())
        feedback = json.loads((EVENTS / "sqs-feedback-bounce.json").read_text())
        yield {
            "audit-accounts": logged(accounts, lambda: accounts.handler({}, CONTEXT)),
            "audit-identities": logged(identities, lambda: identities.audit(message, CONTEXT)),
            "digest": logged(digest, lambda: digest.handler({"do": "remind"}, CONTEXT)),
            "ingest-feedback": logged(ingest, lambda: ingest.handler(feedback, CONTEXT)),
        }
    for name in names.values():
        sys.modules.pop(name, None)


AGGREGATED = re.compile(r"(?:latest|max|min|sum)\((\w+)\) as (\w+)")


def read_query(query: str) -> tuple[str, str, set[str], set[str]]:
    """Take a query apart: the log group's name without the stack, the message, the fields, and the names it makes."""
    source, *commands = query.split(" | ")
    group = re.fullmatch(r"SOURCE '/aws/lambda/ses-monitor-([a-z-]+)'", source)
    message = re.match(r"filter message = '([A-Za-z ]+)'", commands[0])
    assert group
    assert message
    stats = next(each for each in commands if each.startswith("stats "))
    pairs = AGGREGATED.findall(stats)
    fields = {field for field, _ in pairs} | set(re.findall(r"ispresent\((\w+)\)", commands[0]))
    [by] = re.findall(r" by (.+)$", stats)
    fields |= set() if by.startswith("bin(") else {by}
    made = {name for _, name in pairs}
    assert len(pairs) == stats.count("(") - by.count("("), "a function this test does not know"
    return group[1], message[1], fields, made | ({by} if not by.startswith("bin(") else set())


@pytest.mark.parametrize("title", QUERIES)
def test_every_field_of_a_query_is_one_that_the_function_logs(title: str, lines: dict[str, Lines]) -> None:
    group, message, fields, made = read_query(QUERIES[title])
    found = [line for line in lines[group] if line["message"] == message]
    assert found, f"{group} logs no {message!r}"
    assert all(fields <= set(line) for line in found), fields - set(found[0])
    for sort in re.findall(r"\| sort ([^|]+)", QUERIES[title]):
        assert {each.split()[0] for each in sort.split(", ")} <= made


@pytest.mark.parametrize("widget", of_kind("log"), ids=lambda widget: str(widget["title"]))
def test_a_graph_over_time_has_bins_and_a_table_has_an_end(widget: dict[str, Any]) -> None:
    binned = re.search(r" by bin\(\d+[mh]\)$", widget["query"]) is not None
    assert binned is (widget["view"] == "timeSeries")
    assert binned or widget["query"].endswith("| limit 50")
    assert f"/aws/lambda/ses-monitor-{read_query(widget['query'])[0]}" in {
        Stack().resolve(each["Properties"]["LogGroupName"]) for each in of_type("AWS::Logs::LogGroup").values()
    }


def test_a_line_of_a_region_says_how_it_is_in_figures_and_tags(lines: dict[str, Lines]) -> None:
    line = next(each for each in lines["audit-accounts"] if each["message"] == "Region")
    assert (line["region"], line["verdict"], line["quota_percent"]) == ("eu-west-1", "DELIVERS", 19.2)
    assert (line["bounce_percent"], line["complaint_percent"]) == (0.4, 0.01)
    assert (line["causes"], line["why"]) == (0, "")
    # 17 regions in use, every five minutes: 100 MB a month, a fiftieth of what is free.
    assert len(json.dumps(line)) < 800


def test_no_line_names_an_identity(lines: dict[str, Lines]) -> None:
    assert "example.com" not in json.dumps(lines)


def test_every_verdict_and_every_severity_is_counted(lines: dict[str, Lines]) -> None:
    audited = next(each for each in lines["audit-accounts"] if each["message"] == "Audited")
    assert {verdict.lower(): audited[verdict.lower()] for verdict in Verdict} == {
        verdict.lower(): 2 if verdict is Verdict.DELIVERS else 0 for verdict in Verdict
    }
    reminded = next(each for each in lines["digest"] if each["message"] == "Reminded")
    assert {f"open_{severity.name.lower()}" for severity in Severity} <= set(reminded)
    assert reminded["open"] == sum(reminded[f"open_{severity.name.lower()}"] for severity in Severity)
    drawn = read_query(QUERIES["Open findings"])[2] | read_query(QUERIES["Answers (regions)"])[2]
    assert drawn == {f"open_{severity.name.lower()}" for severity in Severity} | {
        verdict.lower() for verdict in Verdict if verdict is not Verdict.IDLE
    }


def test_a_region_that_could_not_be_read_shows_no_old_figures_as_new() -> None:
    monitor = Monitor()
    monitor.audit()
    monitor.world.accounts["eu-west-1"] = THROTTLED
    monitor.audit()
    state = monitor.store.states["eu-west-1"]
    assert state.account is not None
    figures = figures_of(state, monitor.now)
    assert (figures["verdict"], figures["why"]) == ("UNKNOWN", "could not look")
    assert "quota_percent" not in figures


@pytest.mark.parametrize(
    ("sent", "limit", "shown"),
    [
        (0.0, 200.0, 0.0),
        (50.0, 200.0, 25.0),
        (300.0, 200.0, 150.0),
        (5.0, -1.0, None),
        (5.0, 0.0, None),
        (None, 5.0, None),
    ],
)
def test_how_much_of_the_quota_is_used(sent: float | None, limit: float, shown: float | None) -> None:
    facts = AccountFacts(NOW, sent_last_24_hours=sent, max_24_hours=limit)
    state = RegionState("eu-west-1", Verdict.AT_RISK, NOW, (Cause("SANDBOX", Severity.ERROR, "account", "x"),), facts)
    assert figures_of(state, NOW).get("quota_percent") == shown
