"""Which regions are audited, skipped, or tried although nobody knows whether they are enabled."""

from typing import Any

import boto3
import pytest

from ses_monitor.collect.clients import READING, Clients
from ses_monitor.collect.regions import Regions, find_regions, ses_regions
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.regions import OPT_IN
from tests.collect.wire import FakeClients, stubbed


def region(name: str, status: str = "ENABLED_BY_DEFAULT") -> dict[str, Any]:
    return {"RegionName": name, "RegionOptStatus": status}


def finding(*listed_pages: list[dict[str, Any]]) -> Regions:
    client, stub = stubbed("account")
    for number, listed in enumerate(listed_pages, start=1):
        request = {} if number == 1 else {"NextToken": str(number)}
        following = {"NextToken": str(number + 1)} if number < len(listed_pages) else {}
        stub.add_response("list_regions", {"Regions": listed, **following}, request)
    with stub:
        found = find_regions(FakeClients(made={"account": client}), "eu-west-1")
    stub.assert_no_pending_responses()
    return found


def test_enabled_regions_are_listed_to_the_last_page() -> None:
    found = finding([region("us-east-1"), region("af-south-1", "ENABLED")], [region("eu-west-1")])
    assert found.audited == ("af-south-1", "eu-west-1", "us-east-1")
    assert found.listing == Known(frozenset({"us-east-1", "af-south-1", "eu-west-1"}))


@pytest.mark.parametrize("status", ["DISABLED", "DISABLING", "ENABLING", "SOMETHING_NEW"])
def test_a_region_that_is_not_enabled_is_skipped_and_said_so(status: str) -> None:
    found = finding([region("us-east-1"), region("me-south-1", status)])
    assert "me-south-1" in found.skipped
    assert found.audited == ("us-east-1",)


def test_audited_and_skipped_are_all_regions_where_ses_exists() -> None:
    found = finding([region("us-east-1"), region("mars-north-1")])
    assert set(found.audited) | set(found.skipped) == set(ses_regions(FakeClients(), "eu-west-1"))


def test_where_the_listing_is_denied_every_region_is_tried() -> None:
    client, stub = stubbed("account")
    stub.add_client_error("list_regions", "AccessDeniedException", http_status_code=403)
    with stub:
        found = find_regions(FakeClients(made={"account": client}), "eu-west-1")
    assert found.audited == ses_regions(FakeClients(), "eu-west-1")
    assert found.skipped == ()
    assert isinstance(found.listing, Missing)
    assert (found.listing.why, found.listing.action) == (Blindness.DENIED, "account:ListRegions")


def test_a_listing_without_any_enabled_region_is_not_believed() -> None:
    found = finding([region("us-east-1", "DISABLED")])
    assert found.audited == ses_regions(FakeClients(), "eu-west-1")
    assert isinstance(found.listing, Missing)
    assert found.listing.why is Blindness.UNREADABLE


def test_wanted_regions_are_taken_as_they_are_and_nobody_is_asked() -> None:
    found = find_regions(FakeClients(), "eu-west-1", ("ap-south-2", "eu-west-1"))
    assert found == Regions(("ap-south-2", "eu-west-1"), (), Known(frozenset({"ap-south-2", "eu-west-1"})))


def test_refused_credentials_may_mean_a_disabled_region_only_where_nobody_could_list_them() -> None:
    blind = Regions((), (), Missing(Blindness.DENIED, "no"))
    assert blind.probably_disabled("me-south-1")
    assert not blind.probably_disabled("us-east-1")
    assert not Regions((), (), Known(frozenset({"me-south-1"}))).probably_disabled("me-south-1")


def test_opt_in_regions_are_regions_of_ses() -> None:
    assert set(ses_regions(FakeClients(), "eu-west-1")) >= OPT_IN


def test_another_partition_has_regions_of_its_own() -> None:
    assert set(ses_regions(FakeClients(), "us-gov-west-1")) == {"us-gov-east-1", "us-gov-west-1"}


def test_a_client_is_made_once_for_each_service_and_region() -> None:
    clients = Clients(boto3.Session())
    assert clients.sesv2("eu-west-1") is clients.sesv2("eu-west-1")
    made = [
        clients.sesv2("eu-west-1"),
        clients.sesv2("us-east-1"),
        clients.ses("eu-west-1"),
        clients.cloudwatch("eu-west-1"),
        clients.account("us-east-1"),
    ]
    assert len({id(client) for client in made}) == len(made)
    assert [client.meta.service_model.service_name for client in made] == [
        "sesv2",
        "sesv2",
        "ses",
        "cloudwatch",
        "account",
    ]
    assert {client.meta.config.read_timeout for client in made} == {READING.read_timeout}  # type: ignore[attr-defined]  # set from keywords


def test_clients_honour_the_endpoints_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1111")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:2222")
    clients = Clients(boto3.Session())
    assert clients.sesv2("eu-west-1").meta.endpoint_url == "http://127.0.0.1:2222"
    assert clients.ses("eu-west-1").meta.endpoint_url == "http://127.0.0.1:1111"
