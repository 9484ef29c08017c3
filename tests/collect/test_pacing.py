"""Requests keep below SES's rate, retries included, in turn, whatever threads and clocks do."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore import exceptions as boto
from hypothesis import given
from hypothesis import strategies as st

from ses_monitor.collect.pacing import MOST_PAGES, TRIES, Pacer, paced_pages
from ses_monitor.collect.pages import BrokenListError
from tests.collect.simulated_time import SimulatedTime

GET, LIST = "ses:GetEmailIdentity", "ses:ListEmailIdentities"
HERE, THERE = "eu-west-1", "us-east-1"


def refusal(code: str, status: int = 400) -> boto.ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "Rate exceeded"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return boto.ClientError(answer, "GetEmailIdentity")


THROTTLED = [refusal("Throttling"), refusal("TooManyRequestsException", 429)]
PASSING = [
    refusal("InternalFailure", 500),
    refusal("ServiceUnavailable", 503),
    boto.ReadTimeoutError(endpoint_url="https://ses"),
    boto.ConnectTimeoutError(endpoint_url="https://ses"),
    boto.EndpointConnectionError(endpoint_url="https://ses"),
]
LASTING = [
    refusal("AccessDenied", 403),
    refusal("ExpiredToken", 403),
    refusal("NotFoundException", 404),
    refusal("BadRequestException", 400),
    boto.NoCredentialsError(),
    ZeroDivisionError("our own"),
]


class Paced:
    """A pacer in simulated time, and when each request was made."""

    def __init__(self, rate: float = 1.0) -> None:
        self.time = SimulatedTime()
        self.pacer = Pacer(rate, clock=self.time.clock, sleep=self.time.sleep)
        self.made: list[float] = []

    def ask(self, *answers: Any, operation: str = GET, region: str = HERE) -> Any:
        given_out: Iterator[Any] = iter(answers or (None,))

        def request() -> Any:
            self.made.append(self.time.clock())
            answer = next(given_out)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return self.pacer.call(operation, region, request)


def test_the_first_request_goes_out_at_once() -> None:
    paced = Paced()
    assert paced.ask("answer") == "answer"
    assert paced.made == [0]


@pytest.mark.parametrize(
    ("rate", "moments"), [(1.0, [0, 1, 2, 3]), (0.8, [0, 1.25, 2.5, 3.75]), (2.0, [0, 0.5, 1, 1.5])]
)
def test_requests_of_one_operation_keep_their_distance(rate: float, moments: list[float]) -> None:
    paced = Paced(rate)
    for _ in moments:
        paced.ask()
    assert paced.made == moments


def test_without_being_told_the_pace_is_below_the_one_request_a_second_of_ses() -> None:
    simulated = SimulatedTime()
    pacer = Pacer(clock=simulated.clock, sleep=simulated.sleep)
    for _ in range(9):
        pacer.call(GET, HERE, simulated.clock)
    assert simulated.clock() == 8 / 0.8


def test_operations_and_regions_do_not_wait_for_each_other() -> None:
    paced = Paced()
    for operation, region in [(GET, HERE), (LIST, HERE), (GET, THERE), (LIST, THERE)]:
        paced.ask(operation=operation, region=region)
    assert paced.made == [0, 0, 0, 0]


def test_time_without_requests_is_not_saved_up_for_a_burst() -> None:
    paced = Paced()
    paced.ask()
    paced.time.sleep(3600)
    for _ in range(3):
        paced.ask()
    assert paced.made == [0, 3600, 3601, 3602]


def test_a_request_that_itself_takes_long_costs_no_more_waiting() -> None:
    paced = Paced()
    paced.pacer.call(GET, HERE, lambda: paced.time.sleep(5))
    paced.ask()
    assert paced.made == [5]


@pytest.mark.parametrize("throttled", THROTTLED, ids=str)
def test_a_throttled_request_is_made_again_later_and_later(throttled: Exception) -> None:
    paced = Paced()
    assert paced.ask(throttled, throttled, "answer") == "answer"
    assert paced.made == [0, 2, 6]


@pytest.mark.parametrize("throttled", THROTTLED, ids=str)
def test_a_request_throttled_for_good_is_given_up(throttled: Exception) -> None:
    paced = Paced()
    with pytest.raises(boto.ClientError) as raised:
        paced.ask(*[throttled] * 9)
    assert raised.value is throttled
    assert len(paced.made) == TRIES == 3


@pytest.mark.parametrize("passing", PASSING, ids=lambda error: type(error).__name__)
def test_what_may_pass_is_tried_once_more_at_its_turn(passing: Exception) -> None:
    paced = Paced()
    assert paced.ask(passing, "answer") == "answer"
    with pytest.raises(type(passing)):
        paced.ask(passing, passing, "never asked")
    assert paced.made == [0, 1, 2, 3]


@pytest.mark.parametrize("lasting", LASTING, ids=lambda error: f"{type(error).__name__} {error}"[:60])
def test_what_will_not_pass_is_tried_once(lasting: Exception) -> None:
    paced = Paced()
    with pytest.raises(type(lasting)):
        paced.ask(lasting, "never asked")
    assert paced.made == [0]


def test_throttling_for_good_never_makes_a_call_wait_longer_than_told() -> None:
    paced = Paced(0.8)
    longest = 0.0
    for _ in range(1100):
        before = paced.time.clock()
        with pytest.raises(boto.ClientError):
            paced.ask(*[THROTTLED[0]] * TRIES)
        longest = max(longest, paced.time.clock() - before)
    assert longest <= paced.pacer.longest_wait < 60


def test_once_answered_the_next_throttling_starts_with_a_short_wait_again() -> None:
    paced = Paced()
    paced.ask(THROTTLED[0], THROTTLED[0], "answer")
    paced.made.clear()
    paced.ask(THROTTLED[0], "answer")
    assert paced.made == [7, 9]


def test_a_throttled_answer_holds_up_the_others_of_its_operation_and_region_only() -> None:
    paced = Paced()
    with pytest.raises(boto.ClientError):
        paced.ask(*[THROTTLED[0]] * TRIES)
    now = paced.time.clock()
    paced.made.clear()
    paced.ask(operation=LIST)
    paced.ask(region=THERE)
    paced.ask()
    assert paced.made == [now, now, now + 8]


def test_every_request_is_counted_retries_too() -> None:
    paced = Paced()
    paced.ask(THROTTLED[0], THROTTLED[0], "answer")
    paced.ask(operation=LIST)
    paced.ask(region=THERE)
    assert paced.pacer.calls == {(GET, HERE): 3, (GET, THERE): 1, (LIST, HERE): 1}
    assert paced.pacer.throttled == {(GET, HERE): 2}
    assert paced.pacer.calls_of(GET) == 4
    assert paced.pacer.calls_of("ses:GetAccount") == 0


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="positive number"):
        Pacer(rate)


class Gate:
    """A sleep from which nobody wakes before being let; tells who sleeps, for how long and since when."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self._changed = threading.Condition()
        self._open = threading.Event()

    def sleep(self, seconds: float) -> None:
        with self._changed:
            self.pauses.append(seconds)
            self._changed.notify_all()
        assert self._open.wait(30)

    def wait_until_asleep(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.pauses) >= count, timeout=30)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open()


def test_threads_are_served_in_the_order_in_which_they_came_and_none_sleeps_with_a_lock(gate: Gate) -> None:
    pacer = Pacer(1, clock=lambda: gate.now, sleep=gate.sleep)
    pacer.call(GET, HERE, lambda: None)
    with ThreadPoolExecutor(max_workers=8) as threads:
        waiting = []
        for count in range(1, 6):
            waiting.append(threads.submit(pacer.call, GET, HERE, lambda: None))
            gate.wait_until_asleep(count)
        # All of them sleep: others go on, and the counts can be read.
        assert pacer.call(LIST, HERE, lambda: "not held up") == "not held up"
        assert pacer.calls_of(GET) == 6
        gate.open()
        for one in waiting:
            one.result(30)
    assert gate.pauses == [1, 2, 3, 4, 5]


def test_who_waits_goes_first_even_if_the_clock_jumps_past_all_turns(gate: Gate) -> None:
    pacer = Pacer(1, clock=lambda: gate.now, sleep=gate.sleep)
    pacer.call(GET, HERE, lambda: None)
    with ThreadPoolExecutor(max_workers=3) as threads:
        waiting = [threads.submit(pacer.call, GET, HERE, lambda: None)]
        gate.wait_until_asleep(1)
        gate.now = 86_400
        waiting.append(threads.submit(pacer.call, GET, HERE, lambda: None))
        gate.wait_until_asleep(2)
        gate.open()
        for one in waiting:
            one.result(30)
    assert gate.pauses == [1, 1]


def test_those_who_wait_are_put_off_when_another_request_is_throttled(gate: Gate) -> None:
    pacer = Pacer(1, clock=lambda: gate.now, sleep=gate.sleep)
    answered = threading.Event()

    tries: Iterator[Exception | None] = iter([THROTTLED[0], None])

    def throttled_once() -> None:
        # Throttled only after somebody else has begun to wait.
        gate.wait_until_asleep(1)
        error = next(tries)
        if error is not None:
            raise error
        answered.set()

    with ThreadPoolExecutor(max_workers=2) as threads:
        first = threads.submit(pacer.call, GET, HERE, throttled_once)
        deadline = time.monotonic() + 30
        while pacer.calls_of(GET) < 1:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        second = threads.submit(pacer.call, GET, HERE, lambda: None)
        gate.wait_until_asleep(2)
        gate.open()
        first.result(30)
        second.result(30)
    assert answered.is_set()
    # The waiting one slept its second and the two of the back-off; the throttled one queues behind it.
    assert sorted(gate.pauses) == [1, 2, 4]


def test_many_threads_together_keep_the_pace() -> None:
    paced = Paced()
    with ThreadPoolExecutor(max_workers=16) as threads:
        for done in [threads.submit(paced.ask) for _ in range(200)]:
            done.result(30)
    assert paced.pacer.calls_of(GET) == 200
    assert paced.time.clock() == 199


def clock_that(readings: Callable[[int], float]) -> Callable[[], float]:
    count = iter(range(10**9))
    return lambda: readings(next(count))


@pytest.mark.parametrize(
    "readings",
    [
        lambda _: 1000.0,
        lambda count: 1000.0 - count * 60,
        lambda count: 1000.0 if count < 10 else -5_000_000.0,
        lambda count: 1000.0 if count % 2 else 0.0,
    ],
    ids=["stands still", "runs backwards", "jumps back once", "jumps back and forth"],
)
def test_with_a_clock_that_is_no_use_each_request_waits_one_interval_at_most(readings: Callable[[int], float]) -> None:
    pauses: list[float] = []
    pacer = Pacer(1, clock=clock_that(readings), sleep=pauses.append)
    for _ in range(50):
        pacer.call(GET, HERE, lambda: None)
    assert len(pauses) <= 50
    assert all(0 < pause <= 1.001 for pause in pauses)


def test_with_a_clock_that_stands_still_the_pace_is_still_kept_by_sleeping() -> None:
    pauses: list[float] = []
    pacer = Pacer(0.8, clock=lambda: 7.0, sleep=pauses.append)
    for _ in range(5):
        pacer.call(GET, HERE, lambda: None)
    assert pauses == [1.25] * 4


def test_a_clock_that_jumps_forward_lets_one_request_through_and_no_burst() -> None:
    paced = Paced()
    paced.ask()
    paced.time.sleep(10**9)
    paced.ask()
    paced.ask()
    assert paced.made == [0, 10**9, 10**9 + 1]


def test_with_a_clock_that_stands_still_throttling_ends_all_the_same() -> None:
    pauses: list[float] = []
    pacer = Pacer(1, clock=lambda: 0.0, sleep=pauses.append)

    def throttled() -> None:
        raise THROTTLED[1]

    for _ in range(2):
        with pytest.raises(boto.ClientError):
            pacer.call(GET, HERE, throttled)
    assert pauses == [2, 4, 8, 8, 8]


def test_several_throttled_answers_at_the_same_moment_hold_up_only_as_long_as_the_longest() -> None:
    simulated = SimulatedTime()
    pacer = Pacer(1, clock=simulated.clock, sleep=simulated.sleep)
    budget = pacer._budget(GET, HERE)
    for _ in range(20):
        budget.hold_up()
    assert pacer.call(GET, HERE, simulated.clock) == 8


def test_a_sleep_that_is_interrupted_leaves_the_turns_as_they_are() -> None:
    simulated = SimulatedTime()
    interrupted = iter([KeyboardInterrupt()])

    def sleep(seconds: float) -> None:
        for error in interrupted:
            raise error
        simulated.sleep(seconds)

    pacer = Pacer(1, clock=simulated.clock, sleep=sleep)
    pacer.call(GET, HERE, lambda: None)
    with pytest.raises(KeyboardInterrupt):
        pacer.call(GET, HERE, lambda: None)
    moments = [pacer.call(GET, HERE, simulated.clock) for _ in range(2)]
    assert moments[1] - moments[0] == 1


outcomes = st.lists(st.sampled_from(["ok", "throttled", "failed", "denied"]), max_size=30)
gaps = st.lists(st.floats(min_value=-1e4, max_value=1e4, allow_nan=False), min_size=30, max_size=30)


@given(outcomes, st.floats(min_value=0.1, max_value=10))
def test_whatever_is_answered_two_requests_are_never_nearer_than_the_interval(answers: list[str], rate: float) -> None:
    paced = Paced(rate)
    errors = {"throttled": THROTTLED[0], "failed": PASSING[0], "denied": LASTING[0]}
    for answer in answers:
        error = errors.get(answer)
        if error is None:
            paced.ask()
        else:
            with pytest.raises(boto.ClientError):
                paced.ask(*[error] * TRIES)
    distances = [later - earlier for earlier, later in zip(paced.made, paced.made[1:], strict=False)]
    assert all(distance >= 1 / rate - 1e-6 for distance in distances)


@given(gaps)
def test_whatever_the_clock_does_no_request_waits_longer_than_an_interval(steps: list[float]) -> None:
    readings = iter([0.0])
    now = 0.0
    pauses: list[float] = []

    def clock() -> float:
        nonlocal now
        now += next(readings, 0.0)
        return now

    pacer = Pacer(1, clock=clock, sleep=pauses.append)
    for step in steps:
        readings = iter([step])
        pacer.call(GET, HERE, lambda: None)
    assert all(0 < pause <= 1.001 for pause in pauses)


def test_pages_of_a_list_each_wait_for_their_turn_and_are_tried_again() -> None:
    paced = Paced()
    answers: Iterator[Any] = iter([{"Items": [1], "NextToken": "a"}, THROTTLED[0], {"Items": [2]}])
    asked: list[tuple[float, dict[str, Any]]] = []

    def call(**request: Any) -> Any:
        asked.append((paced.time.clock(), request))
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    found = [page["Items"] for page in paced_pages(paced.pacer, LIST, HERE, call, PageSize=9)]
    assert found == [[1], [2]]
    assert asked == [
        (0, {"PageSize": 9}),
        (1, {"PageSize": 9, "NextToken": "a"}),
        (3, {"PageSize": 9, "NextToken": "a"}),
    ]


def test_a_list_without_end_is_given_up() -> None:
    paced = Paced()
    tokens = iter(range(10**9))

    def call(**_: Any) -> dict[str, Any]:
        return {"NextToken": str(next(tokens))}

    with pytest.raises(BrokenListError, match="does not end"):
        list(paced_pages(paced.pacer, LIST, HERE, call))
    assert paced.pacer.calls_of(LIST) == MOST_PAGES + 1
