"""Facts put together: quota, whether a region is used, blind spots, and what is remembered."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ses_monitor.core.memory import remember
from ses_monitor.core.model import Memory, Quota, Review, Snapshot
from ses_monitor.core.observed import Known
from ses_monitor.core.region_state import HourlyFacts
from tests.build import BLIND, HEALTHY, NOT_ASKED, NOT_SAID, NOW, THROTTLED, remembering, sandbox, unused, with_account

UNUSED = unused(HEALTHY)
YES, NO = Known(value=True), Known(value=False)
EARLIER = NOW - timedelta(days=3)


@pytest.mark.parametrize(
    ("limit", "sent", "used"),
    [(200, 160, 0.8), (200, 0, 0.0), (-1, 10**6, 0.0), (0, 0, 1.0), (0, 5, 1.0), (100, 150, 1.5)],
)
def test_the_used_part_of_a_quota(limit: float, sent: float, used: float) -> None:
    assert Quota(limit, 1, sent).used == used


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({}, NO, id="no sign at all"),
        pytest.param({"sent_recently": YES}, YES, id="sent in 14 days"),
        pytest.param({"has_verified_identity": YES}, YES, id="a verified identity"),
        pytest.param({"listed_as_sending": True}, YES, id="listed"),
        pytest.param({"listed_as_sending": True, "sent_recently": THROTTLED}, YES, id="listed, though a sign is blind"),
        pytest.param(
            {"sent_recently": THROTTLED, "has_verified_identity": YES},
            YES,
            id="one sign is enough, though another is blind",
        ),
        pytest.param({"sent_recently": THROTTLED}, THROTTLED, id="a blind sign is no no"),
        pytest.param({"has_verified_identity": NOT_ASKED}, NOT_ASKED, id="a sign nobody asked for is no no"),
        pytest.param({"account": THROTTLED}, THROTTLED, id="the account is blind"),
        pytest.param({"account": THROTTLED, "sent_recently": YES}, YES, id="the account is blind, but mail was sent"),
    ],
)
def test_a_region_is_in_use_by_any_sign_and_unused_only_by_all(facts: dict[str, Any], expected: Any) -> None:
    assert replace(UNUSED, **facts).in_use() == expected


def test_mail_sent_today_is_a_sign_of_use() -> None:
    assert replace(HEALTHY, sent_recently=NOT_ASKED, has_verified_identity=NOT_ASKED).in_use() == YES
    assert replace(with_account(UNUSED, quota=NOT_SAID)).in_use() == NOT_SAID


def test_blind_spots_are_what_somebody_tried_to_read_and_could_not() -> None:
    world = replace(with_account(enforcement=NOT_SAID), statistics=THROTTLED, reputation=NOT_ASKED)
    assert list(world.blind_spots()) == [THROTTLED]


def test_memory_keeps_when_production_access_was_first_seen() -> None:
    assert remember(HEALTHY) == Memory(production_access_seen=NOW)
    assert remember(remembering(HEALTHY, production_access_seen=EARLIER)).production_access_seen == EARLIER
    assert remember(remembering(sandbox(), production_access_seen=EARLIER)).production_access_seen == EARLIER
    assert remember(sandbox()).production_access_seen is None


PENDING = sandbox(review=Review("PENDING"))


@pytest.mark.parametrize(
    ("world", "before", "after"),
    [
        pytest.param(PENDING, None, NOW, id="begins"),
        pytest.param(PENDING, EARLIER, EARLIER, id="goes on"),
        pytest.param(sandbox(review=Review("DENIED")), EARLIER, None, id="ends"),
        pytest.param(sandbox(), EARLIER, None, id="is not there any more"),
        pytest.param(sandbox(review=NOT_SAID), EARLIER, EARLIER, id="was left out"),
        pytest.param(BLIND, EARLIER, EARLIER, id="cannot be seen"),
    ],
)
def test_memory_keeps_since_when_a_review_is_pending(world: Snapshot, before: Any, after: Any) -> None:
    assert remember(remembering(world, review_pending_since=before)).review_pending_since == after


def test_what_could_not_be_seen_leaves_the_memory_as_it_was() -> None:
    memory = Memory(EARLIER, EARLIER)
    assert remember(replace(BLIND, memory=memory)) == memory
    assert remember(replace(with_account(production_access=NOT_SAID, review=NOT_SAID), memory=memory)) == memory


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (timedelta(0), True),
        (timedelta(minutes=59, seconds=59), True),
        (timedelta(hours=1), False),
        (-timedelta(seconds=1), False),
    ],
)
def test_hourly_facts_are_fresh_for_an_hour_and_never_from_the_future(age: timedelta, fresh: bool) -> None:
    assert HourlyFacts(NOW - age).is_fresh(NOW) is fresh
