"""Whatever happens on the way, the table ends as if each event had been told once, in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from ses_monitor.core.event import Event, Format, Kind, Outcome, Recipient, Rendering
from ses_monitor.core.refusal import RefusedSend
from ses_monitor.store import feedback_packs, feedback_plan
from tests.store.examples import connect, create_table, raw
from tests.store.feedback_examples import (
    BOUNCE,
    COMPLAINT,
    DELAY,
    NOW,
    REFUSED,
    REJECT,
    RENDERING,
    SEND,
    Content,
    KilledError,
    MemoryTable,
    Weather,
    content,
    counted,
    expected_counts,
    ledger_on,
    outcomes_of,
)

BASES = [
    *[replace(SEND, kind=kind, type=kind.value) for kind in (Kind.SEND, Kind.DELIVERY, Kind.OPEN, Kind.CLICK)] * 2,
    BOUNCE,
    COMPLAINT,
    DELAY,
    REJECT,
    RENDERING,
    replace(SEND, kind=Kind.OTHER, type="Teleported"),
    *[REFUSED] * 3,
]


BY_IDENTITIES = {Kind.DELIVERY, Kind.BOUNCE, Kind.COMPLAINT}
"""What both mechanisms tell."""


def event_of(random: Random, number: int) -> Event:
    """Some event: of few mails, senders and times, so that much falls together."""
    base = random.choice(BASES)
    sent_at = NOW + timedelta(seconds=random.choice([0, 1, 29, 31, 3600]))
    event = replace(
        base,
        message_id=f"m{number}",
        feedback_id=f"f{number}" if base.feedback_id else "",
        sent_at=sent_at,
        occurred_at=sent_at + timedelta(seconds=random.choice([0, 1, 40, 7200])),
        region=random.choice(["eu-west-1", "us-east-1"]),
        identity=random.choice(["shop.example.com", "example.com", ""]),
        configuration_set=random.choice(["transactional", ""]),
    )
    if base.recipients:
        names = random.sample(["ana", "Ben", "cleo", "dora"], random.choice([1, 1, 1, 3]))
        event = replace(event, recipients=tuple(Recipient(f"{name}@example.org") for name in names))
    if isinstance(event.detail, Rendering):
        failing = random.choice(["welcome", "goodbye"])
        event = replace(event, detail=Rendering(failing, f"error {number}", random.choice(["name", ""])))
    if isinstance(event.detail, RefusedSend):
        tag, subject = random.choice(["SENDER_PENDING", "RATE"]), random.choice(["shop.example.com", "account"])
        refusal = RefusedSend(tag, subject, f"text {number}", elsewhere=random.choice(["us-east-1", ""]))
        event = replace(event, detail=refusal, recipients=event.recipients[: random.choice([0, 1])])
    return event


def stream(random: Random, count: int) -> list[Outcome]:
    return [outcome for number in range(count) for outcome in outcomes_of(event_of(random, number))]


def by_identity(outcome: Outcome) -> Outcome:
    """The same outcome, told by the identity's topic: that names no configuration set."""
    event = replace(outcome.event, format=Format.IDENTITY_NOTIFICATION, configuration_set="", tags={}, subject="")
    # Where there is no set to begin with, both tell the same but for what is kept of the first.
    return replace(outcome, event=event) if outcome.event.configuration_set else outcome


def batches(random: Random, told: Sequence[Outcome]) -> Iterator[list[Outcome]]:
    """Every outcome at least once, some more often, in any order, in batches of any size.

    Some also as an identity's notification tells them: without the configuration set.
    """
    twins = [by_identity(each) for each in told if each.event.kind in BY_IDENTITIES and random.random() < 0.5]
    again = [*told, *twins, *random.choices(told, k=len(told) // 2)]
    random.shuffle(again)
    while again:
        size = random.choice([1, 2, 7, 100])
        yield again[:size]
        again = again[size:]


def record_until_done(clients: Sequence[Any], random: Random, told: Sequence[Outcome]) -> None:
    """As the queue does: what failed, or died with its function, comes again, perhaps to another function."""
    queue = list(batches(random, told))
    while queue:
        batch = queue.pop(random.randrange(len(queue)))
        try:
            recorded = ledger_on(random.choice(clients)).record(batch)
        except KilledError:
            queue.append(batch)
            continue
        ids = {each.id for each in batch}
        assert recorded.new | recorded.duplicates | recorded.failed.keys() == ids
        assert len(recorded.new) + len(recorded.duplicates) + len(recorded.failed) == len(ids)
        if recorded.failed:
            queue.append([each for each in batch if each.id in recorded.failed])


@contextmanager
def limits(random: Random) -> Iterator[None]:
    """Packs and transactions so small that a few events fill them; or as they are."""
    with (
        mock.patch.object(feedback_packs, "LEFT_ALONE", random.choice([1, 3, 150])),
        mock.patch.object(feedback_plan, "MOST_AT_ONCE", random.choice([2, 5, 850])),
        mock.patch.object(feedback_plan, "MOST_ACTIONS", random.choice([5, 12, 100])),
    ):
        yield


def plainly(told: Sequence[Outcome]) -> Content:
    """What the table is when each event is told once, alone, in order."""
    table = MemoryTable()
    for outcome in told:
        assert ledger_on(table).record([outcome]).new == {outcome.id}
    return content(table.items())


@settings(max_examples=250)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 40), faults=st.integers(0, 30))
def test_any_shuffling_repeating_batching_and_failing_gives_the_same_table(seed: int, count: int, faults: int) -> None:
    random = Random(seed)  # noqa: S311 - a seed makes it the same again
    told = stream(random, count)
    table = MemoryTable(page_size=random.choice([1, 2, 100]))
    with limits(random):
        record_until_done([Weather(table, random, faults=faults)], random, told)
    assert content(table.items()) == plainly(told)
    assert counted(content(table.items())) == expected_counts(told)
    assert refusals(table) == len({each.id for each in told if each.event.kind is Kind.REJECTION})


def refusals(table: MemoryTable) -> int:
    """How many refused sends are counted, each under its cause."""
    each = counted(content(table.items())).items()
    return sum(counts["rejections"] for (pk, _), counts in each if "#rejection#" in pk)


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 40), faults=st.integers(0, 15))
def test_two_functions_that_take_turns_at_every_step_give_the_same_table(seed: int, count: int, faults: int) -> None:
    random = Random(seed)  # noqa: S311 - a seed makes it the same again
    told = stream(random, count)
    table = MemoryTable(page_size=random.choice([1, 100]))
    others = batches(random, told)

    def meanwhile() -> None:
        if random.random() < 0.5:
            ledger_on(table).record(next(others, []))

    with limits(random):
        record_until_done([Weather(table, random, faults=faults, meanwhile=meanwhile)], random, told)
    assert content(table.items()) == plainly(told)


@pytest.mark.parametrize("seed", range(10))
def test_many_functions_at_once_give_the_same_table(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a seed makes it the same again
    told = stream(random, 120)
    table = MemoryTable(page_size=2)

    def work(number: int) -> None:
        mine = Random(seed * 100 + number)  # noqa: S311 - a seed makes it the same again
        record_until_done([Weather(table, mine, faults=10)], mine, told)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    with limits(random):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
    assert content(table.items()) == plainly(told)
    assert counted(content(table.items())) == expected_counts(told)


@pytest.mark.parametrize("seed", range(25))
def test_the_table_in_memory_is_like_dynamodb(seed: int) -> None:
    """The same, against an independent implementation of DynamoDB: what holds of the one must not be its kindness."""
    random = Random(seed)  # noqa: S311 - a seed makes it the same again
    told = stream(random, 15)
    with mock_aws():
        client = connect()
        create_table(client)
        with limits(random):
            record_until_done([Weather(client, random, faults=10)], random, told)
        found = content(raw(client))
    assert found == plainly(told)
    assert counted(found) == expected_counts(told)
