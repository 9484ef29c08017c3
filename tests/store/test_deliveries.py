from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from ses_monitor.store.deliveries import ATTEMPTS, Claim, Deliveries, Root, RootId, TableBusyError, Told
from tests.store.examples import (
    HISTORY_DAYS,
    NOW,
    TABLE,
    Clock,
    Fault,
    FaultyClient,
    connect,
    create_table,
    raw,
    refused,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LEASE = 60
TIMED_OUT = ReadTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")
Faulty = Callable[..., Deliveries]


@pytest.fixture
def faulty(client: DynamoDBClient, clock: Clock, naps: list[float]) -> Faulty:
    def make(**faults: list[Fault | None]) -> Deliveries:
        wrapped: Any = FaultyClient(client, **faults)
        return Deliveries(wrapped, TABLE, HISTORY_DAYS, clock=clock, sleep=naps.append)

    return make


def test_an_alert_is_claimed_by_one_and_delivered_once(deliveries: Deliveries, faulty: Faulty) -> None:
    other = faulty()
    assert deliveries.claim("a1", "slack", NOW, LEASE) is Claim.CLAIMED
    assert other.claim("a1", "slack", NOW, LEASE) is Claim.IN_PROGRESS
    assert deliveries.claim("a1", "slack", NOW, LEASE) is Claim.IN_PROGRESS
    deliveries.delivered("a1", "slack", {"f1": 7}, NOW)
    assert other.claim("a1", "slack", NOW, LEASE) is Claim.ALREADY_DELIVERED
    assert deliveries.told_versions("slack", ["f1"]) == {"f1": 7}


def test_channels_and_alerts_do_not_stand_in_each_others_way(deliveries: Deliveries) -> None:
    for alert, channel in (("a1", "slack"), ("a1", "mail"), ("a2", "slack")):
        assert deliveries.claim(alert, channel, NOW, LEASE) is Claim.CLAIMED
    deliveries.delivered("a1", "slack", {"f1": 7}, NOW)
    assert deliveries.told_versions("mail", ["f1"]) == {}


def test_whoever_dies_holding_a_claim_holds_it_for_the_lease(deliveries: Deliveries, faulty: Faulty) -> None:
    deliveries.claim("a1", "slack", NOW, LEASE)
    other = faulty()
    just_before = NOW + timedelta(seconds=LEASE, microseconds=-1)
    assert other.claim("a1", "slack", just_before, LEASE) is Claim.IN_PROGRESS
    assert other.claim("a1", "slack", NOW + timedelta(seconds=LEASE), LEASE) is Claim.CLAIMED


def test_a_released_claim_is_free_at_once(deliveries: Deliveries, faulty: Faulty) -> None:
    deliveries.claim("a1", "slack", NOW, LEASE)
    deliveries.release("a1", "slack")
    assert faulty().claim("a1", "slack", NOW, LEASE) is Claim.CLAIMED


def test_nobody_releases_a_claim_that_passed_to_another(deliveries: Deliveries, faulty: Faulty) -> None:
    deliveries.claim("a1", "slack", NOW, LEASE)
    later = NOW + timedelta(seconds=LEASE)
    faulty().claim("a1", "slack", later, LEASE)
    deliveries.release("a1", "slack")
    faulty().release("a1", "slack")
    assert faulty().claim("a1", "slack", later, LEASE) is Claim.IN_PROGRESS


def test_what_was_delivered_cannot_be_released(deliveries: Deliveries) -> None:
    deliveries.claim("a1", "slack", NOW, LEASE)
    deliveries.delivered("a1", "slack", {}, NOW)
    deliveries.release("a1", "slack")
    assert deliveries.claim("a1", "slack", NOW + timedelta(days=29), LEASE) is Claim.ALREADY_DELIVERED


def test_one_who_overran_its_lease_still_marks_what_it_delivered(deliveries: Deliveries, faulty: Faulty) -> None:
    deliveries.claim("a1", "slack", NOW, LEASE)
    later = NOW + timedelta(seconds=LEASE)
    other = faulty()
    other.claim("a1", "slack", later, LEASE)
    deliveries.delivered("a1", "slack", {"f1": 7}, later)
    other.release("a1", "slack")
    assert faulty().claim("a1", "slack", later, LEASE) is Claim.ALREADY_DELIVERED


def test_claims_are_over_after_thirty_days_and_versions_after_the_history(
    deliveries: Deliveries, client: DynamoDBClient, clock: Clock
) -> None:
    deliveries.claim("a1", "slack", NOW, LEASE)
    deliveries.delivered("a1", "slack", {"f1": 7}, NOW)
    assert deliveries.claim("a1", "slack", NOW + timedelta(days=30, seconds=1), LEASE) is Claim.CLAIMED
    clock.pass_(days=HISTORY_DAYS)
    assert deliveries.told_versions("slack", ["f1"]) == {"f1": 7}
    clock.pass_(seconds=1)
    assert deliveries.told_versions("slack", ["f1"]) == {}
    assert len(raw(client, "TOLD#slack")) == 1


def test_a_lower_version_never_replaces_a_higher(deliveries: Deliveries) -> None:
    deliveries.delivered("a2", "slack", {"f1": 9, "f2": 2}, NOW)
    deliveries.delivered("a1", "slack", {"f1": 5, "f2": 3, "f3": 1}, NOW)
    assert deliveries.told_versions("slack", ["f1", "f2", "f3", "f4"]) == {"f1": 9, "f2": 3, "f3": 1}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(1, 9)), max_size=5))
def test_in_whatever_order_alerts_arrive_the_highest_version_stays(told: list[dict[str, int]]) -> None:
    with mock_aws():
        client = connect()
        create_table(client)
        deliveries = Deliveries(client, TABLE, HISTORY_DAYS, clock=Clock())
        for number, versions in enumerate(told):
            deliveries.delivered(f"a{number}", "slack", versions, NOW)
        highest = {name: max(each[name] for each in told if name in each) for each in told for name in each}
        assert deliveries.told_versions("slack", "abc") == highest


# --- crashes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writes_before_the_crash", range(4))
@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after it, its answer lost"])
def test_wherever_noting_a_delivery_breaks_the_alert_is_never_lost(
    deliveries: Deliveries, faulty: Faulty, writes_before_the_crash: int, after: bool
) -> None:
    """Three findings and the alert are four writes; the last one closes the alert."""
    crash = Fault(TIMED_OUT, after=after)
    broken = faulty(put_item=[None, *[None] * writes_before_the_crash, crash])
    assert broken.claim("a1", "slack", NOW, LEASE) is Claim.CLAIMED
    versions = {"f1": 1, "f2": 2, "f3": 3}
    with pytest.raises(ReadTimeoutError):
        broken.delivered("a1", "slack", versions, NOW)
    later = NOW + timedelta(seconds=LEASE)
    done = writes_before_the_crash == 3 and after
    assert deliveries.claim("a1", "slack", later, LEASE) is (Claim.ALREADY_DELIVERED if done else Claim.CLAIMED)
    told = deliveries.told_versions("slack", versions)
    assert len(told) == min(3, writes_before_the_crash + after), "what was noted before the crash is known"
    deliveries.delivered("a1", "slack", versions, later)
    assert deliveries.told_versions("slack", versions) == versions


def test_a_claim_whose_answer_was_lost_and_that_was_sent_again_is_ours(faulty: Faulty, client: DynamoDBClient) -> None:
    """The SDK sends it again by itself; the second attempt meets the item of the first."""
    lost = Fault(refused("ConditionalCheckFailedException"), after=True)
    ours = faulty(put_item=[lost])
    assert ours.claim("a1", "slack", NOW, LEASE) is Claim.CLAIMED
    ours.release("a1", "slack")
    assert raw(client, "ALERT#a1") == []


def test_a_claim_released_while_we_looked_is_in_progress_until_asked_again(faulty: Faulty) -> None:
    refusing = faulty(put_item=[Fault(refused("ConditionalCheckFailedException"))])
    assert refusing.claim("a1", "slack", NOW, LEASE) is Claim.IN_PROGRESS
    assert refusing.claim("a1", "slack", NOW, LEASE) is Claim.CLAIMED


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "AccessDeniedException"])
def test_what_is_no_refusal_is_raised_as_it_is(faulty: Faulty, code: str) -> None:
    error = refused(code)
    with pytest.raises(ClientError, match=code):
        faulty(put_item=[Fault(error)]).claim("a1", "slack", NOW, LEASE)
    with pytest.raises(ClientError, match=code):
        faulty(put_item=[Fault(error)]).delivered("a1", "slack", {"f1": 1}, NOW)
    with pytest.raises(ClientError, match=code):
        faulty(batch_get_item=[Fault(error)]).told_versions("slack", ["f1"])
    broken = faulty(delete_item=[Fault(error)])
    broken.claim("a1", "slack", NOW, LEASE)
    with pytest.raises(ClientError, match=code):
        broken.release("a1", "slack")


# --- reading what was told ------------------------------------------------------------------------------------------


def test_any_number_of_findings_is_read_in_batches_dynamodb_takes(
    deliveries: Deliveries, client: DynamoDBClient
) -> None:
    told = {f"f{number}": number + 1 for number in range(205)}
    deliveries.delivered("a1", "slack", told, NOW)
    asked: list[Any] = []
    client.meta.events.register(
        "provide-client-params.dynamodb.BatchGetItem", lambda params, **_: asked.append(params["RequestItems"][TABLE])
    )
    assert deliveries.told_versions("slack", [*told, *told, "never"]) == told
    assert [len(each["Keys"]) for each in asked] == [100, 100, 6]
    assert all(each["ConsistentRead"] for each in asked)
    assert deliveries.told_versions("slack", []) == {}


class HalfDone:
    """Answers only the first key of each batch, `times` times."""

    def __init__(self, client: Any, times: int) -> None:
        self._client = client
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        whole = RequestItems[TABLE]
        if self._times == 0 or len(whole["Keys"]) == 1:
            return self._client.batch_get_item(RequestItems=RequestItems)
        self._times -= 1
        first = self._client.batch_get_item(RequestItems={TABLE: {**whole, "Keys": whole["Keys"][:1]}})
        return {**first, "UnprocessedKeys": {TABLE: {**whole, "Keys": whole["Keys"][1:]}}}


def test_keys_left_unprocessed_are_asked_for_again(
    deliveries: Deliveries, client: DynamoDBClient, naps: list[float]
) -> None:
    told = {f"f{number}": number + 1 for number in range(5)}
    deliveries.delivered("a1", "slack", told, NOW)
    client_of_two: Any = HalfDone(client, times=2)
    assert (
        Deliveries(client_of_two, TABLE, HISTORY_DAYS, clock=Clock(), sleep=naps.append).told_versions("slack", told)
        == told
    )
    assert len(naps) == 2
    assert all(0 < nap < 1 for nap in naps)


def test_keys_left_unprocessed_for_ever_are_an_error_and_not_nothing(client: DynamoDBClient, naps: list[float]) -> None:
    never: Any = HalfDone(client, times=99)
    with pytest.raises(TableBusyError):
        Deliveries(never, TABLE, HISTORY_DAYS, sleep=naps.append).told_versions(
            "slack", [str(each) for each in range(50)]
        )
    assert len(naps) == ATTEMPTS - 1


@pytest.mark.parametrize("name", ["#", "ü" * 2000, "x" * 5000])
def test_hostile_names_are_bounded(deliveries: Deliveries, name: str) -> None:
    assert deliveries.claim(name, name, NOW, LEASE) is Claim.CLAIMED
    deliveries.delivered(name, name, {name: 3}, NOW)
    assert deliveries.claim(name, name, NOW, LEASE) is Claim.ALREADY_DELIVERED
    assert deliveries.told_versions(name, [name]) == {name: 3}


# --- messages that others follow ------------------------------------------------------------------------------------

ROOT = RootId("C0123456789", "1780000000.000100")


def test_what_was_told_last_names_its_title_its_time_and_its_thread(deliveries: Deliveries) -> None:
    deliveries.note("slack", {"f1": 7}, NOW, title="Sandbox in eu-west-1", root=ROOT)
    deliveries.delivered("a1", "slack", {"f2": 3}, NOW, title="Under review")
    assert deliveries.told("slack", ["f1", "f2", "f3"]) == {
        "f1": Told(7, NOW, "Sandbox in eu-west-1", ROOT),
        "f2": Told(3, NOW, "Under review"),
    }
    deliveries.note("slack", {"f1": 6}, NOW, title="older")
    assert deliveries.told("slack", ["f1"])["f1"].title == "Sandbox in eu-west-1"


def test_a_message_is_saved_by_whoever_saw_it_last(deliveries: Deliveries, faulty: Faulty) -> None:
    assert deliveries.root("slack", ROOT) is None
    first = deliveries.save_root("slack", Root(ROOT, "one", NOW))
    assert first == Root(ROOT, "one", NOW, 1)
    assert deliveries.save_root("slack", Root(ROOT, "late", NOW)) is None
    other = faulty()
    theirs = other.root("slack", ROOT)
    assert theirs == first
    assert deliveries.save_root("slack", replace(first, content="two")) == Root(ROOT, "two", NOW, 2)
    assert other.save_root("slack", replace(theirs, content="lost")) is None
    assert other.root("slack", ROOT) == Root(ROOT, "two", NOW, 2)
    assert other.root("mail", ROOT) is None


def test_a_message_is_too_old_to_be_followed_after_the_history_however_often_it_changed(
    deliveries: Deliveries, clock: Clock
) -> None:
    saved = deliveries.save_root("slack", Root(ROOT, "one", NOW))
    assert saved is not None
    clock.pass_(days=HISTORY_DAYS)
    assert deliveries.save_root("slack", replace(saved, content="two")) is not None
    assert deliveries.root("slack", ROOT) is not None
    clock.pass_(seconds=1)
    assert deliveries.root("slack", ROOT) is None


def test_a_save_whose_answer_was_lost_is_seen_when_looked_at_again(faulty: Faulty) -> None:
    lost = Fault(refused("ConditionalCheckFailedException"), after=True)
    ours = faulty(put_item=[lost])
    assert ours.save_root("slack", Root(ROOT, "one", NOW)) is None
    assert ours.root("slack", ROOT) == Root(ROOT, "one", NOW, 1)


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_a_save_that_fails_is_raised(faulty: Faulty, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        faulty(put_item=[Fault(refused(code))]).save_root("slack", Root(ROOT, "one", NOW))
