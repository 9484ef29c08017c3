"""Slots of a minute: by alert, sliding, and the same for whoever asks twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ses_monitor.store.deliveries import TableBusyError
from ses_monitor.store.slots import ATTEMPTS, Slots
from tests.store.examples import NOW, TABLE, Fault, FaultyClient, raw, refused

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

THREE = tuple("abc")
SECOND = timedelta(seconds=1)


def most(number: int) -> Any:
    return lambda _: number


@pytest.fixture
def slots(client: DynamoDBClient, naps: list[float]) -> Slots:
    return Slots(client, TABLE, sleep=naps.append)


def test_the_first_come_first(slots: Slots) -> None:
    assert slots.take("sns", THREE, NOW, most(2)) == {"a", "b"}
    assert slots.take("sns", ["d"], NOW, most(2)) == frozenset()


def test_whoever_asks_again_has_its_slots_already_and_takes_no_more(slots: Slots) -> None:
    for _ in range(3):
        assert slots.take("sns", THREE, NOW, most(2)) == {"a", "b"}
    assert slots.take("sns", ["d"], NOW, most(3)) == {"d"}


def test_the_minute_slides(slots: Slots) -> None:
    slots.take("sns", ["a"], NOW, most(2))
    slots.take("sns", ["b"], NOW + 30 * SECOND, most(2))
    assert slots.take("sns", ["c"], NOW + 59 * SECOND, most(2)) == frozenset()
    assert slots.take("sns", ["c", "d"], NOW + 60 * SECOND, most(2)) == {"c"}


def test_each_channel_has_its_own(slots: Slots) -> None:
    assert slots.take("sns", ["a"], NOW, most(1)) == slots.take("amazon_q", ["a"], NOW, most(1)) == {"a"}


def test_what_is_given_back_is_free(slots: Slots) -> None:
    slots.take("sns", ["a", "b"], NOW, most(2))
    slots.give_back("sns", ["b"], NOW)
    assert slots.take("sns", ["c", "d"], NOW, most(2)) == {"c"}


def test_some_may_take_more_than_others(slots: Slots) -> None:
    reserved = {"critical": 3}
    assert slots.take("sns", THREE, NOW, lambda each: reserved.get(each, 2)) == {"a", "b"}
    assert slots.take("sns", ["critical"], NOW, lambda each: reserved.get(each, 2)) == {"critical"}


def test_a_batch_that_loses_a_race_reads_again(client: DynamoDBClient, slots: Slots) -> None:
    class Racing:
        """Lets another batch take its slots between our reading and our writing, once."""

        def __init__(self) -> None:
            self.raced = False

        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

        def put_item(self, **request: Any) -> Any:
            if not self.raced:
                self.raced = True
                slots.take("sns", ["other"], NOW, most(2))
            return client.put_item(**request)

    racing: Any = Racing()
    assert Slots(racing, TABLE, sleep=lambda _: None).take("sns", THREE, NOW, most(2)) == {"a"}


def test_who_loses_again_and_again_says_so(client: DynamoDBClient, naps: list[float]) -> None:
    wrapped: Any = FaultyClient(client, put_item=[Fault(refused("ConditionalCheckFailedException"))] * ATTEMPTS)
    with pytest.raises(TableBusyError, match="slots of sns"):
        Slots(wrapped, TABLE, sleep=naps.append).take("sns", THREE, NOW, most(2))
    assert len(naps) == ATTEMPTS - 1


def test_a_table_that_fails_is_not_taken_for_free_slots(client: DynamoDBClient) -> None:
    wrapped: Any = FaultyClient(client, put_item=[Fault(refused("InternalServerError"))])
    with pytest.raises(ClientError):
        Slots(wrapped, TABLE).take("sns", THREE, NOW, most(2))


def test_the_item_is_over_by_itself(client: DynamoDBClient, slots: Slots) -> None:
    slots.take("sns", THREE, NOW, most(2))
    (item,) = raw(client)
    assert int(item["expires_at"]["N"]) == int((NOW + timedelta(days=1)).timestamp())


def test_an_answer_that_is_lost_takes_no_slot_twice(client: DynamoDBClient, slots: Slots) -> None:
    lost = Fault(refused("ConditionalCheckFailedException"), after=True)  # what the client's own retry runs into
    wrapped: Any = FaultyClient(client, put_item=[lost])
    assert Slots(wrapped, TABLE, sleep=lambda _: None).take("sns", THREE, NOW, most(2)) == {"a", "b"}
    assert slots.take("sns", ["d"], NOW, most(2)) == frozenset()
