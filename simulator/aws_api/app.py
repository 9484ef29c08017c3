"""The AWS API as one callable: a request in, an answer (or a fault) out."""

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace

from simulator.aws_api.calls import Call, CallLog
from simulator.aws_api.errors import (
    IAM_PREFIX,
    AwsError,
    of_fault,
    server_error,
    throttled,
    unknown_operation,
    unrecognized_client,
)
from simulator.aws_api.operations import OPERATIONS
from simulator.aws_api.operations.question import Operation, Question
from simulator.aws_api.scope import Scope, credential_scope
from simulator.aws_api.throttle import TokenBuckets
from simulator.aws_api.wire import SIGNING_NAME, Endpoint, Incoming, answer, prepare, recognise, refusal, understand
from simulator.live import LiveWorld, Trouble
from simulator.loopback import Answer, Hang, HttpRequest, Reply, Reset
from simulator.sending import minute_of
from simulator.world import Sends, ses_regions

# Faults of `*` leave this service alone: it is global, and asked in one region for all of them.
GLOBAL_SERVICE = "account"

GARBAGE = b"<html><body>Bad gateway</body></html"


class AwsApi:
    """Answers for every region of a live world. `failures` collects what was wrong with the simulator itself."""

    def __init__(
        self,
        world: LiveWorld,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        operations: Mapping[str, Mapping[str, Operation]] = OPERATIONS,
    ) -> None:
        prepare()
        self.calls = CallLog()
        self._world = world
        self._operations = operations
        self._buckets = TokenBuckets(monotonic)
        self._lock = threading.Lock()
        self._failures: list[str] = []
        self._statistics_lock = threading.Lock()
        self._statistics: dict[tuple[tuple[Sends, ...], int], Reply] = {}

    @property
    def failures(self) -> tuple[str, ...]:
        """Answers that were no answers: wrong fixtures and crashes, each with its reason."""
        with self._lock:
            return tuple(self._failures)

    def __call__(self, request: HttpRequest) -> Answer:
        """Answer one request."""
        endpoint = recognise(request)
        try:
            return self._answer(endpoint, request)
        except AwsError as error:
            return refusal(endpoint, error)
        except Exception as error:  # noqa: BLE001 - a bug here must reach the test as a 500 that says why, not a hang-up
            with self._lock:
                self._failures.append(f"{request.method} {request.target}: {error}\n{traceback.format_exc()}")
            return refusal(endpoint, server_error(500, f"The simulator is wrong: {error}"))

    def _answer(self, endpoint: Endpoint, request: HttpRequest) -> Answer:
        scope = credential_scope(request)
        self._check_scope(endpoint, scope)
        incoming = understand(endpoint, request)
        self.calls.record(Call(endpoint.service, incoming.operation, scope.region))
        facts = self._world.facts
        if not facts.enabled(scope.region):
            raise unrecognized_client()
        limited = facts.world.throttle_like_ses and SIGNING_NAME[endpoint.service] == "ses"
        if limited and not self._buckets.take((endpoint.service, incoming.operation, scope.region)):
            raise throttled()
        trouble = self._world.trouble(scope.region, incoming.operation, general=endpoint.service != GLOBAL_SERVICE)
        spoilt = self._spoilt(incoming, trouble)
        if spoilt is not None:
            return spoilt
        operation = self._operations[endpoint.service].get(incoming.operation)
        if operation is None:
            raise unknown_operation(f"{endpoint.service} {incoming.operation}")
        question = Question(facts, scope.region, self._world.now(), incoming.params, self._world.rewrite)
        try:
            reply = self._reply(incoming, operation, question)
        except AwsError as error:
            reply = refusal(endpoint, error)
        if trouble.fault is not None and trouble.fault.kind == "lost":
            return Reset(trouble.delay_s)
        return replace(reply, delay_s=trouble.delay_s)

    def _reply(self, incoming: Incoming, operation: Operation, question: Question) -> Reply:
        if incoming.operation != "GetSendStatistics":
            return answer(incoming, operation(question))
        # 1,344 points of XML are dear (60 ms) and the same all minute, often for many regions: a benchmark of the
        # monitor must not measure that.
        key = (question.region.send_statistics, minute_of(question.now))
        with self._statistics_lock:  # held while it is made: thirty regions that ask at once make it once
            known = self._statistics.get(key)
            if known is None:
                known = answer(incoming, operation(question))
                self._statistics = {k: r for k, r in self._statistics.items() if k[1] == key[1]} | {key: known}
        return known

    def _check_scope(self, endpoint: Endpoint, scope: Scope) -> None:
        expected = SIGNING_NAME[endpoint.service]
        if scope.service != expected:
            raise AwsError(
                403, "InvalidSignatureException", f"Credential should be scoped to correct service: '{expected}'."
            )
        if scope.region not in ses_regions():
            raise AwsError(
                403,
                "InvalidSignatureException",
                f"Credential should be scoped to a valid region, not '{scope.region}'.",
            )

    def _spoilt(self, incoming: Incoming, trouble: Trouble) -> Answer | None:
        """What a fault makes of the answer; None: nothing but the delay."""
        fault = trouble.fault
        if fault is None:
            return None
        match fault.kind:
            case "hang":
                return Hang()
            case "reset":
                return Reset(trouble.delay_s)
            case "garbage":
                return Reply(200, GARBAGE, {"Content-Type": "text/html"}, trouble.delay_s)
        service = incoming.endpoint.service
        action = f"{IAM_PREFIX[service]}:{incoming.operation}"
        error = of_fault(fault, self._world.facts.world.caller_arn, action)
        return None if error is None else replace(refusal(incoming.endpoint, error), delay_s=trouble.delay_s)
