"""A month of faults: every transition reaches every channel, once, in order, and the bot's messages show how it stands.

Each seed is another month; `python -m tests.month --seed 7 --number 20` plays more.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.month.channels import _SLACK_FAULTS
from tests.month.invariants import figures, violations
from tests.month.month import Month, played
from tests.month.shaky_table import TABLE_FAULTS
from tests.store.examples import connect, create_table

SEEDS = (1, 4, 7, 13)
DAYS = 30


@pytest.fixture(scope="module", params=SEEDS)
def month(request: pytest.FixtureRequest) -> Iterator[Month]:
    with played(request.param, DAYS) as month:
        yield month


def test_a_month_of_faults_loses_repeats_and_mixes_up_nothing(month: Month) -> None:
    wrong = violations(month)
    assert not wrong, f"seed {month.seed}, {figures(month)}:\n" + "\n".join(wrong[:20])


def test_such_a_month_has_all_that_can_happen_in_it(month: Month) -> None:
    transitions = {change.transition.value for change in month.changes}
    assert transitions == {"opened", "worsened", "eased", "reminded", "resolved", "gone"}
    assert any(change.flaps for change in month.changes)
    assert any(change.muted_by for change in month.changes)
    assert any(each.alert.rollup for each in month.sns.told)
    assert any(each.alert.baseline for each in month.sns.told)
    assert any(each.unsaid for each in month.sns.told)
    assert {*_SLACK_FAULTS, *TABLE_FAULTS} <= month.weather.faults.keys()
    assert {refusal.reason for channel in month.channels for refusal in channel.chat.refusals} & {
        "revoked",
        "token_revoked: revoked",
    }


@pytest.mark.parametrize("seed", [3])
def test_the_table_in_memory_tells_the_same_month_as_one_of_moto(seed: int) -> None:
    with played(seed, 2) as month:
        in_memory = _told(month)
    with mock_aws():
        client = connect()
        create_table(client, "ses-monitor")
        with played(seed, 2, client) as month:
            assert _told(month) == in_memory


def _told(month: Month) -> list[tuple[str, str]]:
    return [(each.channel, each.alert.alert_id) for each in [*month.sns.told, *month.channels[0].line.told]]


def test_what_is_broken_is_found() -> None:
    """The invariants see a message that was lost, one that was told twice, and one that came too late."""
    with played(1, 3) as month:
        assert violations(month) == []
        sure = [each for each in month.sns.told if not each.unsaid and not each.alert.rollup]
        lost = sure[-1]
        month.sns.told.append(lost)
        assert any("told 2 times" in each for each in violations(month))
        month.sns.told[:] = [each for each in month.sns.told if each.alert.alert_id != lost.alert.alert_id]
        assert any("never told" in each or "last word" in each for each in violations(month))
