"""The yardstick of the account audit makes the calls that the audit was seen to make, neither more nor fewer."""

from collections import Counter
from typing import Any

import pytest

from bench import bare_calls
from bench.audit_accounts import bare_event

ASKED = {
    ("account", "ListRegions", "us-east-1"): 2,
    ("cloudwatch", "GetMetricData", "eu-west-1"): 2,
    ("ses", "GetSendStatistics", "us-east-1"): 1,
    ("sesv2", "GetAccount", "eu-west-1"): 1,
    ("sesv2", "GetAccount", "us-east-1"): 1,
    ("sesv2", "ListEmailIdentities", "us-east-1"): 1,
}


class Session:
    """Makes clients that only note what they were asked."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str, str]] = Counter()

    def client(self, service: str, *, region_name: str) -> Any:
        session = self

        class Client:
            def __getattr__(self, method: str) -> Any:
                [operation] = [name for name, (known, _) in bare_calls.CALLS.items() if known == method]
                return lambda **_: session.asked.update([(service, operation, region_name)])

        return Client()


def test_the_same_calls_are_made_in_the_same_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    monkeypatch.setattr(bare_calls, "session", session)
    monkeypatch.setattr(bare_calls, "clients", {})
    assert bare_calls.handler(bare_event(ASKED), None) == {"calls": sum(ASKED.values())}
    assert session.asked == ASKED


def test_the_listing_of_regions_comes_first_and_each_region_is_one_thread() -> None:
    event = bare_event(ASKED)
    assert (event["first"], event["in"]) == ([("account", "ListRegions")] * 2, "us-east-1")
    assert sorted(event["regions"]) == ["eu-west-1", "us-east-1"]
    assert event["at_once"] == 33
