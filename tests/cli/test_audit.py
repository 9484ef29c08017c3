"""`audit` finds what is there, and its JSON and exit status say so."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ses_monitor.core.model import ACCOUNT, Severity
from simulator.server import Simulator
from simulator.world import WORLDS, WorldFacts
from tests.build import NOW
from tests.cli.conftest import Run

EVERY_IDENTITY = WORLDS / "identities.yaml"
EVERY_STATE = WORLDS / "every_account_state.yaml"


def document(run: Run, *arguments: str) -> dict[str, Any]:
    result = run("audit", "--json", *arguments)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def every_state(connect: Callable[[Simulator], None]) -> Any:
    with Simulator(EVERY_STATE, clock=lambda: NOW) as simulator:
        connect(simulator)
        # A region that hangs has a test of its own; here it would only take its time.
        simulator.heal("il-central-1")
        simulator.fault("il-central-1", kind="error")
        yield simulator


@pytest.mark.usefixtures("every_state")
def test_every_state_of_an_account_gives_exactly_its_tags(run: Run) -> None:
    found = document(run, "--no-dns")

    world = WorldFacts.load(EVERY_STATE).world
    tags: dict[str, list[str]] = {name: [] for name in world.regions}
    for finding in found["findings"]:
        if finding["subject"] != ACCOUNT:
            continue
        tags.setdefault(finding["region"], []).append(finding["tag"])
    assert tags == {name: list(region.expect) for name, region in world.regions.items()}

    severities = {(each["region"], each["tag"]): each["severity"] for each in found["findings"]}
    for name, region in world.regions.items():
        for tag, severity in region.expect_severity.items():
            assert severities[name, tag] == severity

    verdicts = {each["region"]: each["verdict"] for each in found["verdicts"]}
    unreadable = {name for name, region in world.regions.items() if region.expect_unreadable}
    assert {name for name, verdict in verdicts.items() if verdict == "UNKNOWN"} == unreadable
    assert unreadable <= {each["region"] for each in found["unknown"]}
    assert "me-south-1" in found["skipped"]
    assert "me-south-1" not in verdicts


def test_every_state_of_an_identity_a_configuration_set_and_a_domain_gives_exactly_its_tags(
    run: Run, connect: Callable[[Simulator], None]
) -> None:
    with Simulator(EVERY_IDENTITY, clock=lambda: NOW) as simulator:
        connect(simulator)
        found = document(run, "--in-depth", "500")
    tags: dict[tuple[str, str], set[str]] = {}
    for finding in found["findings"]:
        tags.setdefault((finding["region"], finding["subject"]), set()).add(finding["tag"])
    expected: dict[tuple[str, str], set[str]] = {}
    for name, region in WorldFacts.load(EVERY_IDENTITY).world.regions.items():
        expected |= {(name, each.name): set(each.expect or ()) for each in region.identities}
        expected |= {(name, each.name): set(each.expect or ()) for each in region.configuration_sets}
    wrong = {
        subject: (sorted(tags.get(subject, ())), sorted(wanted))
        for subject, wanted in expected.items()
        if tags.get(subject, set()) != wanted
    }
    assert not wrong, "found, and wanted"


def test_the_document_has_exactly_the_fields_that_were_promised(run: Run, demo: Simulator) -> None:
    demo.fault("sa-east-1", kind="deny")
    found = document(run)

    assert list(found) == ["schema", "verdicts", "findings", "unknown", "skipped", "looked_at"]
    assert found["schema"] == 1
    assert {tuple(each) for each in found["verdicts"]} == {("region", "verdict", "causes")}
    causes = [cause for each in found["verdicts"] for cause in each["causes"]]
    assert {tuple(cause) for cause in causes} == {("tag", "severity", "subject", "text")}
    finding = ("check", "tag", "severity", "region", "subject", "text", "cause", "remediation", "evidence")
    assert {tuple(each) for each in found["findings"]} == {finding}
    assert {tuple(each) for each in found["unknown"]} == {("check", "region", "subject", "reason")}
    looked_at = ("identities", "identities_in_depth", "identities_in_dns")
    sets = ("configuration_sets", "configuration_sets_read")
    assert {tuple(each) for each in found["looked_at"]} == {("region", *looked_at, *sets)}
    steps = [step for each in found["findings"] for step in each["remediation"]]
    assert steps
    assert all(isinstance(step, str) and step for step in steps)


@pytest.mark.usefixtures("demo")
def test_the_document_comes_in_the_same_order_each_time(run: Run) -> None:
    first, second = run("audit", "--json").stdout, run("audit", "--json").stdout
    assert first == second
    found = json.loads(first)
    regions = [each["region"] for each in found["verdicts"]]
    assert regions == sorted(regions)
    severities = [Severity[each["severity"]] for each in found["findings"]]
    assert severities == sorted(severities, reverse=True)
    assert set(severities) > {Severity.CRITICAL, Severity.ERROR, Severity.WARNING}


def test_only_the_regions_asked_for_are_read_and_each_once(run: Run, demo: Simulator) -> None:
    found = document(run, "--region", "us-west-2", "--region", "eu-west-1", "--region", "us-west-2")
    assert [each["region"] for each in found["verdicts"]] == ["eu-west-1", "us-west-2"]
    assert demo.calls.count("GetAccount") == 2
    assert demo.calls.count("ListRegions") == 0


@pytest.mark.usefixtures("demo")
def test_a_region_listed_as_sending_counts_as_used(run: Run) -> None:
    idle = document(run, "--region", "us-east-2")
    assert [each["verdict"] for each in idle["verdicts"]] == ["IDLE"]
    meant = document(run, "--region", "us-east-2", "--sending-region", "us-east-2")
    assert [each["verdict"] for each in meant["verdicts"]] == ["SANDBOX"]
    assert [each["tag"] for each in meant["findings"]] == ["SANDBOX"]


def test_one_look_tells_of_no_lasting_blindness_and_keeps_no_finding_open(run: Run, healthy: Simulator) -> None:
    # 93 % is below where the ERROR of the quota opens, and above where it would close again.
    healthy.change("eu-west-1", account={"quota": {"max_24_hour": 50000, "sent_last_24_hours": 46500}})
    healthy.fault("eu-west-1", "GetMetricData", kind="deny")
    found = document(run)
    assert [(each["tag"], each["severity"]) for each in found["findings"]] == [("QUOTA_NEARLY_EXHAUSTED", "WARNING")]
    assert [each["check"] for each in found["unknown"]] == ["account.reputation", "account.send_rate"]


def test_what_does_not_apply_is_not_unknown_and_missing_data_is(run: Run, healthy: Simulator) -> None:
    healthy.change("eu-west-1", metrics={"bounce_rate": None})
    found = document(run, "--region", "eu-west-1", "--region", "us-east-1")
    assert [each["check"] for each in found["unknown"]] == ["account.reputation"]
    assert "BounceRate" in found["unknown"][0]["reason"]
    assert [each["verdict"] for each in found["verdicts"]] == ["DELIVERS", "IDLE"]


@pytest.mark.parametrize(
    ("region", "arguments", "status"),
    [
        ("us-west-2", (), 0),
        ("eu-west-1", (), 1),
        ("eu-west-1", ("--fail-on", "critical"), 0),
        ("ap-southeast-2", (), 1),
        ("eu-central-1", (), 1),
        ("us-east-1", (), 0),
        ("us-east-1", ("--fail-on", "warning"), 1),
        ("us-east-1", ("--fail-on", "WARNING"), 1),
        ("eu-central-1", ("--fail-on", "critical"), 0),
        ("ap-northeast-1", ("--fail-on", "notice"), 1),
        ("ap-northeast-1", ("--fail-on", "info"), 1),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.usefixtures("demo")
def test_the_exit_status_says_whether_something_is_bad_enough(
    run: Run, region: str, arguments: tuple[str, ...], form: tuple[str, ...], status: int
) -> None:
    assert run("audit", "--region", region, *arguments, *form).exit_code == status


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--region", "eu-wst-1"), ("eu-wst-1", "eu-west-1", "us-east-1")),
        (("--sending-region", "mars"), ("mars", "--sending-region", "eu-west-1")),
        (("--fail-on", "fatal"), ("fatal", "critical", "error", "warning", "notice", "info")),
        (("--frobnicate",), ("--frobnicate",)),
    ],
)
def test_bad_usage_is_named_with_what_is_accepted(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: tuple[str, ...]
) -> None:
    # Without credentials too: a slip of the pen is told first.
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    result = run("audit", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    for word in says:
        assert word in result.stderr


def test_findings_weigh_more_than_regions_that_could_not_be_seen(run: Run, demo: Simulator) -> None:
    demo.fault("us-west-2", kind="deny")
    seen = run("audit", "--region", "sa-east-1", "--region", "us-west-2")
    assert seen.exit_code == 0
    assert "1 region could not be judged" in seen.stderr
    assert run("audit", "--region", "eu-central-1", "--region", "us-west-2").exit_code == 1


@pytest.mark.usefixtures("healthy")
def test_without_progress_to_watch_nothing_is_said_beside_the_answer(run: Run) -> None:
    assert run("audit").stderr == ""
