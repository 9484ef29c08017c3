"""A proxy on loopback between the deployed functions and AWS, where what is told to go wrong does.

Only the processes of functions go through it; tests and SAM talk to the embedded AWS directly. What SES, CloudWatch
and Slack do wrong is told to the simulator instead (`Simulator.fault`).
"""

from __future__ import annotations

import http.client
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Literal, Self, get_args
from urllib.parse import urlsplit

from simulator.between.refusals import Call, refusal
from simulator.embedded_aws.function_runtime import CALLER_HEADER
from simulator.loopback import Answer, Hang, HttpRequest, LoopbackServer, Reply, Reset

Kind = Literal["throttle", "error", "deny", "expired", "slow", "hang", "reset", "lost", "kill_before", "kill_after"]
"""What a fault does with a request.

`throttle`, `deny` and `expired` are the service's own errors, `error` is a 503; nothing is carried out. `slow` answers
late, `hang` never, `reset` hangs up; of these only `slow` carries it out. `lost`: it is carried out, then the
connection is reset. `kill_before` and `kill_after` end the function's process by SIGKILL, before the request reaches
AWS or after it was carried out and before the answer.
"""

_ANSWER_WITHIN_S = 120
_NOT_PASSED_ON = frozenset(
    {"connection", "keep-alive", "expect", "transfer-encoding", CALLER_HEADER.lower()}
    # What the server here writes anew:
    | {"content-length", "date", "server"}
)


class BetweenError(Exception):
    """Something went wrong between that nobody told to."""


@dataclass(slots=True)
class _Fault:
    service: str
    operation: str
    function: str
    kind: Kind
    left: int | None
    after: int
    delay_s: float
    code: str

    def concerns(self, call: Call) -> bool:
        return (
            self.service in {"*", call.service}
            and fnmatchcase(call.operation, self.operation)
            and fnmatchcase(call.function, self.function)
        )


class Between:
    """The proxy, for as long as the `with` block lasts. Leaving the block raises BetweenError if it was wrong itself.

    `upstream` is asked for the URL of the embedded AWS, `process_group` for the process group of its functions: only a
    process of that group is ever killed. `functions_begin` is taken off the functions' names (`STACK-`).
    """

    def __init__(
        self, upstream: Callable[[], str], process_group: Callable[[], int], *, functions_begin: str = ""
    ) -> None:
        self._upstream = upstream
        self._process_group = process_group
        self._functions_begin = functions_begin
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []
        self._server: LoopbackServer | None = None
        self.met: Counter[tuple[str, str, str, str]] = Counter()
        """How often each kind of fault was done to (function, service, operation)."""
        self.seen: Counter[tuple[str, str, str]] = Counter()
        """How many requests came of (function, service, operation), the SDK's own retries included."""
        self.failures: list[str] = []
        """What went wrong that nobody told to."""

    def __enter__(self) -> Self:
        self._server = LoopbackServer(self._safely, name="between")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        if kind is None and self.failures:
            raise BetweenError("\n".join(self.failures))

    @property
    def url(self) -> str:
        """Where the functions find AWS; only while it runs."""
        if self._server is None:
            raise RuntimeError("what is between does not run")
        return self._server.url

    def fault(  # noqa: PLR0913 - they are what a fault is
        self,
        service: str,
        operation: str = "*",
        *,
        function: str = "*",
        kind: Kind,
        times: int | None = None,
        after: int = 0,
        delay_ms: int = 0,
        code: str = "",
    ) -> None:
        """Do `kind` to what `function` (`audit-accounts`, without the stack's name) asks of a service.

        `service` is its name in signatures (`dynamodb`, `sns`, `sqs`, `ssm`); `*` is any. `operation` and `function`
        may have wildcards (`Transact*`). The first `after` requests that match are let pass, the next `times` are
        concerned (None: all). Of several faults that match, the one added first is done; `slow` adds to any. `code` is
        another error than the usual one for `throttle`. Each request counts, also the ones that the SDK repeats.
        """
        if kind not in get_args(Kind):
            msg = f"{kind!r} is no kind of fault: {', '.join(get_args(Kind))}"
            raise ValueError(msg)
        with self._lock:
            self._faults.append(_Fault(service, operation, function, kind, times, after, delay_ms / 1000, code))

    def heal(self) -> None:
        """Remove all faults. What hangs goes on hanging until its client gives up."""
        with self._lock:
            self._faults.clear()

    def _safely(self, request: HttpRequest) -> Answer:
        try:
            return self._answer(request)
        except Exception as error:  # noqa: BLE001  told when the block is left, on no connection
            self.failures.append(f"{type(error).__name__}: {error}")
            return Reset()

    def _answer(self, request: HttpRequest) -> Answer:
        name, _, pid = request.headers.get(CALLER_HEADER.lower(), "").partition(" ")
        call = Call.of(request, name.removeprefix(self._functions_begin))
        delay_s, fault = self._trouble(call)
        if fault is None:
            return self._carried_out(request, delay_s)
        match fault.kind:
            case "hang":
                return Hang()
            case "reset":
                return Reset(delay_s)
            case "lost":
                self._carried_out(request)
                return Reset(delay_s)
            case "kill_before":
                self._kill(pid)
                return Reset()
            case "kill_after":
                self._carried_out(request)
                self._kill(pid)
                return Reset()
            case kind:
                answer = refusal(kind, call, fault.code)
                return Reply(answer.status, answer.body, answer.headers, delay_s)

    def _trouble(self, call: Call) -> tuple[float, _Fault | None]:
        """How much later to answer (s), and what to do to the request; uses up one of each `after` and `times`."""
        delay_s, done = 0.0, None
        with self._lock:
            self.seen[call.function, call.service, call.operation] += 1
            for fault in self._faults:
                if not fault.concerns(call):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.kind != "slow":
                    if done is not None:
                        continue
                    done = fault
                delay_s += fault.delay_s
                if fault.left is not None:
                    fault.left -= 1
                self.met[call.function, call.service, call.operation, fault.kind] += 1
            self._faults = [fault for fault in self._faults if fault.left is None or fault.left > 0]
        return delay_s, done

    def _carried_out(self, request: HttpRequest, delay_s: float = 0.0) -> Answer:
        """Have AWS do it. The host that the request names stays: it is signed."""
        address = urlsplit(self._upstream())
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=_ANSWER_WITHIN_S)
        try:
            connection.request(request.method, request.target, request.body, _passed_on(request.headers))
            answer = connection.getresponse()
            return Reply(answer.status, answer.read(), _passed_on(dict(answer.getheaders())), delay_s)
        except (OSError, http.client.HTTPException):
            return Reset()  # the embedded AWS was stopped
        finally:
            connection.close()

    def _kill(self, pid: str) -> None:
        """Kill a function's process, if it is not gone already.

        Raises:
            BetweenError: it is none of this AWS.
        """
        group = self._process_group()
        with suppress(ProcessLookupError):
            if not pid.isdigit() or int(pid) == group or os.getpgid(int(pid)) != group:
                msg = f"not killed: {pid!r} is no function's process of the embedded AWS"
                raise BetweenError(msg)
            os.kill(int(pid), signal.SIGKILL)


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _NOT_PASSED_ON}
