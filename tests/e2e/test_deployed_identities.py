"""Every tag of identities, configuration sets and the DNS, from SES and DNS servers through the deployed functions."""

from collections import defaultdict
from collections.abc import Iterator

import pytest

from ses_monitor.core.stored import Transition
from simulator.demo.stack import DeployedMonitor
from simulator.world import WORLDS, WorldFacts
from tests.security.function_logs import check_function_logs

pytestmark = pytest.mark.e2e

WORLD = WORLDS / "identities.yaml"
FAMILIES = ("identity.", "configuration_set.", "dns.")
AUDITS_UNTIL_DNS_IS_TOLD = 2


@pytest.fixture(scope="module")
def monitor() -> Iterator[DeployedMonitor]:
    with DeployedMonitor(WORLD, stack_name="ses-monitor-identities") as deployed:
        deployed.audit()
        for _ in range(AUDITS_UNTIL_DNS_IS_TOLD):
            deployed.audit_identities()
        yield deployed
        check_function_logs(deployed.aws, deployed.simulator.webhook_url)


def expected() -> dict[tuple[str, str], set[str]]:
    facts = WorldFacts.load(WORLD)
    tags: dict[tuple[str, str], set[str]] = {}
    for region in facts.world.regions:
        here = facts.region(region)
        tags |= {(region, each.name): set(each.expect or ()) for each in here.identities}
        tags |= {(region, each.name): set(each.expect or ()) for each in here.configuration_sets}
    return tags


def test_every_identity_and_configuration_set_has_exactly_its_tags(monitor: DeployedMonitor) -> None:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for finding in monitor.queries.open_findings():
        if finding.check_id.startswith(FAMILIES):
            found[finding.region, finding.subject].add(finding.tag)
    wanted = expected()
    assert {key: tags for key, tags in found.items() if tags} == {key: tags for key, tags in wanted.items() if tags}


def test_one_more_audit_of_the_same_world_changes_nothing(monitor: DeployedMonitor) -> None:
    before = monitor.changes()
    runs = monitor.audit_identities()
    assert sum(run.changes for run in runs) == 0
    assert monitor.changes() == before


def test_the_monitor_only_reads(monitor: DeployedMonitor) -> None:
    asked = {call.operation for call in monitor.simulator.calls.counts()}
    assert all(operation.startswith(("Get", "List")) for operation in asked)


SMALL = {
    "regions": {"eu-west-1": {"identities": [{"name": "gifts.example", "dkim": {"tokens": ["one", "two", "three"]}}]}},
    "default_region": {"account": {"production_access": False}, "identities": [], "send_statistics": []},
}


def test_a_record_that_vanishes_while_ses_says_success_is_told_and_is_over_when_it_is_back() -> None:
    with DeployedMonitor(SMALL, stack_name="ses-monitor-small") as small:

        def of_gifts() -> list[tuple[Transition, str]]:
            return [(change.transition, change.tag) for change in small.changes() if change.subject == "gifts.example"]

        def about_gifts() -> list[str]:
            shown = [message.shown() for message in small.simulator.chat.messages]
            return [text for text in shown if "gifts" in text]

        small.audit_identities()
        assert of_gifts() == []
        small.simulator.remove_record("gifts.example", "two._domainkey", "CNAME")
        small.audit_identities()
        assert of_gifts() == [], "one audit is no news"
        small.audit_identities()
        assert of_gifts() == [(Transition.OPENED, "DKIM_RECORD_MISSING")]
        small.wait_until_told()
        [opened] = about_gifts()
        assert "two._domainkey.gifts.example" in opened
        assert "SES" in opened
        small.simulator.add_record("gifts.example", "two._domainkey", "CNAME", "two.dkim.amazonses.com")
        small.audit_identities()
        assert of_gifts()[1:] == [(Transition.RESOLVED, "DKIM_RECORD_MISSING")]
        small.wait_until_told()
        assert ["Over" in message for message in about_gifts()] == [True, True], "the message as it stands, and a reply"
