"""How many calls, and how long by SES's clock, the identities of a full region take."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ses_monitor.collect.clients import Clients
from ses_monitor.collect.identities import BATCH, AwsIdentityReader
from ses_monitor.collect.pacing import Pacer
from ses_monitor.core.observed import Known
from tests.collect.ses_on_the_wire import BATCHES, ENTRIES, PART_OF, REGION, listed_identity
from tests.collect.simulated_time import SimulatedTime


@dataclass
class CountingSes:
    """An SES of many healthy identities, and not a byte on the wire."""

    names: list[str]
    asked: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def _count(self, operation: str) -> None:
        with self.lock:
            self.asked[operation] += 1

    def list_email_identities(self, PageSize: int, NextToken: str = "0") -> dict[str, Any]:  # noqa: N803 - AWS's names
        self._count("ListEmailIdentities")
        start = int(NextToken)
        page = {"EmailIdentities": [listed_identity(name) for name in self.names[start : start + PageSize]]}
        more = {"NextToken": str(start + PageSize)} if start + PageSize < len(self.names) else {}
        return {**page, **more}

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = "".join(part.title() for part in method.split("_"))

        def batch(Identities: list[str]) -> dict[str, Any]:  # noqa: N803 - AWS's names
            self._count(operation)
            return {BATCHES[operation]: dict.fromkeys(Identities, ENTRIES[operation])}

        return batch


class CountingClients(Clients):
    def __init__(self, ses: CountingSes) -> None:
        self.fake: Any = ses

    def unretried_ses(self, region: str) -> Any:  # noqa: ARG002 - one for all regions
        return self.fake

    def unretried_sesv2(self, region: str) -> Any:  # noqa: ARG002 - one for all regions
        return self.fake


def chunks(names: list[str]) -> Iterator[list[str]]:
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))


def test_ten_thousand_identities_cost_ten_calls_and_four_times_a_hundred_in_less_than_130_seconds() -> None:
    ses = CountingSes([f"{count:05}.example" for count in range(10_000)])
    simulated = SimulatedTime()
    pacer = Pacer(1.0, clock=simulated.clock, sleep=simulated.sleep)
    reader = AwsIdentityReader(CountingClients(ses), pacer)
    names = [one.name for one in reader.list_identities(REGION).get()]
    known = sum(
        all(isinstance(getattr(one, part), Known) for part in PART_OF.values())
        for chunk in chunks(names)
        for one in reader.breadth(REGION, chunk).values()
    )
    assert known == len(names) == 10_000
    assert ses.asked == {"ListEmailIdentities": 10, **dict.fromkeys(BATCHES, 100)}
    assert pacer.calls == {(f"ses:{operation}", REGION): count for operation, count in ses.asked.items()}
    assert simulated.clock() < 130
