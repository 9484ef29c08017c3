import http.client
import json
import os
import select
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from simulator.loopback import Hang, HttpRequest, LoopbackServer, Reply
from simulator.server import Simulator
from simulator.strict_yaml import WorldError
from simulator.world import WORLDS

ROOT = Path(__file__).parents[2]


def call(method: str, url: str, content: object = None, **headers: str) -> tuple[int, Any]:
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - a loopback address
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - as above
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_the_environment_is_all_that_clients_need(simulator: Simulator) -> None:
    aws = ["AWS_ENDPOINT_URL_SESV2", "AWS_ENDPOINT_URL_SES", "AWS_ENDPOINT_URL_CLOUDWATCH", "AWS_ENDPOINT_URL_ACCOUNT"]
    slack = {"SLACK_API_URL": simulator.slack_api_url}
    assert simulator.environment() == {**dict.fromkeys(aws, simulator.api_url), **slack, **simulator.dns.environment()}
    assert urlsplit(simulator.api_url).hostname == urlsplit(simulator.webhook_url).hostname == "127.0.0.1"
    assert simulator.api_url != simulator.webhook_url


def test_clients_made_from_the_environment_alone_reach_it(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)
    session = boto3.Session(aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="simulated")
    assert session.client("sesv2", region_name="eu-west-1").get_account()["SendingEnabled"]
    assert session.client("account", region_name="us-east-1").list_regions()["Regions"]


def test_a_change_is_seen_by_the_next_call(simulator: Simulator, connect: Callable[..., Any]) -> None:
    client = connect(simulator, "sesv2")
    assert client.get_account()["EnforcementStatus"] == "HEALTHY"
    simulator.change("eu-west-1", account={"enforcement": "PROBATION"})
    assert client.get_account()["EnforcementStatus"] == "PROBATION"
    with pytest.raises(WorldError):
        simulator.change("eu-west-1", account={"enforcment": "SHUTDOWN"})
    assert client.get_account()["EnforcementStatus"] == "PROBATION"


def test_changes_and_calls_from_many_threads_do_not_meet_half_a_change(
    simulator: Simulator, connect: Callable[..., Any]
) -> None:
    states = {("HEALTHY", True), ("SHUTDOWN", False)}

    def change(number: int) -> None:
        enforcement, enabled = sorted(states)[number % 2]
        simulator.change("eu-west-1", account={"enforcement": enforcement, "sending_enabled": enabled})

    def read(client: Any) -> tuple[str, bool]:
        account = client.get_account()
        return account["EnforcementStatus"], account["SendingEnabled"]

    clients = [connect(simulator, "sesv2") for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        changes = [pool.submit(change, number) for number in range(40)]
        seen = {pool.submit(read, clients[number % 4]) for number in range(40)}
        assert {future.result() for future in seen} <= states
        assert not any(future.exception() for future in changes)


def test_ending_leaves_no_thread_even_with_clients_that_wait_and_hang(connect: Callable[..., Any]) -> None:
    before = set(threading.enumerate())
    with Simulator({"regions": {"eu-west-1": {}}}) as simulator:
        connect(simulator, "sesv2").get_account()  # its connection stays open
        idle = http.client.HTTPConnection(urlsplit(simulator.api_url).netloc)
        idle.connect()
        simulator.fault("eu-west-1", kind="hang", times=1)
        hanging = threading.Thread(target=lambda: _swallow(connect(simulator, "sesv2").get_account))
        hanging.start()
        _until(lambda: simulator.calls.count("GetAccount") == 2)
        simulator.fault("eu-west-1", delay_ms=60_000)
        late = threading.Thread(target=lambda: _swallow(connect(simulator, "sesv2").get_account))
        late.start()
        _until(lambda: simulator.calls.count("GetAccount") == 3)
    hanging.join(10)
    late.join(10)
    idle.close()
    assert set(threading.enumerate()) <= before


def test_an_error_in_the_block_ends_the_servers_too() -> None:
    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="the test's own"), Simulator():
        raise RuntimeError("the test's own")
    assert set(threading.enumerate()) <= before


def test_a_port_that_is_taken_is_an_error_that_leaves_nothing_open() -> None:
    before = set(threading.enumerate())
    with Simulator() as first:
        taken = urlsplit(first.webhook_url).port or 0
        with pytest.raises(OSError, match="in use"), Simulator(ports=(0, taken)):
            pass
    assert set(threading.enumerate()) <= before


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[HttpRequest], Any]], LoopbackServer]]:
    servers: list[LoopbackServer] = []

    def start(app: Callable[[HttpRequest], Any]) -> LoopbackServer:
        servers.append(LoopbackServer(app))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_forty_clients_are_answered_side_by_side(serve: Callable[..., LoopbackServer]) -> None:
    all_in = threading.Barrier(40, timeout=30)

    def app(_: HttpRequest) -> Reply:
        all_in.wait()  # passes only once forty requests are being answered
        return Reply(200, b"{}")

    server = serve(app)
    with ThreadPoolExecutor(40) as pool:
        assert {status for status, _ in pool.map(lambda _: call("GET", server.url), range(40))} == {200}


def test_a_connection_is_kept_for_the_next_request(serve: Callable[..., LoopbackServer]) -> None:
    server = serve(lambda request: Reply(200, request.body))
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    connection.request("POST", "/", b"one")
    assert connection.getresponse().read() == b"one"
    kept = connection.sock
    connection.request("POST", "/", b"two")
    assert connection.getresponse().read() == b"two"
    assert connection.sock is kept
    connection.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": "many"}, 411),
        ({"Content-Length": "999999999"}, 413),
        ({"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_a_body_of_unknown_or_unreasonable_size_is_refused(
    serve: Callable[..., LoopbackServer], headers: dict[str, str], status: int
) -> None:
    server = serve(lambda _: Hang())
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    connection.putrequest("POST", "/")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()


def test_closing_twice_is_harmless(serve: Callable[..., LoopbackServer]) -> None:
    server = serve(lambda _: Reply(200))
    server.close()
    server.close()


def test_other_processes_can_look_and_change_through_the_control_interface(
    simulator: Simulator, connect: Callable[..., Any]
) -> None:
    control = f"{simulator.api_url}/control"
    assert call("GET", f"{control}/world") == (200, {"regions": {"eu-west-1": {}}})
    change = {"account": {"enforcement": "PROBATION"}, "faults": [{"operation": "GetSendQuota", "kind": "deny"}]}
    assert call("PATCH", f"{control}/regions/eu-west-1", change) == (200, change)
    assert connect(simulator, "sesv2").get_account()["EnforcementStatus"] == "PROBATION"
    assert call("GET", f"{control}/calls")[1] == {
        "calls": [{"service": "sesv2", "operation": "GetAccount", "region": "eu-west-1", "count": 1}],
        "failures": [],
    }
    call("DELETE", f"{control}/calls")
    assert simulator.calls.count() == 0


def test_the_dns_can_be_read_and_changed_through_the_control_interface(simulator: Simulator) -> None:
    control = f"{simulator.api_url}/control/dns"
    assert call("GET", f"{control}/example.com")[1]["_dmarc.example.com"]["TXT"][0].startswith("v=DMARC1")
    change: dict[str, Any] = {"zones": {"example.com": {"records": {"_dmarc": {"TXT": []}}}}}
    assert call("PATCH", control, change) == (200, change)
    assert "_dmarc.example.com" not in call("GET", f"{control}/example.com")[1]
    wrong = {"zones": {"example.com": {"records": {"@": {"A": "nowhere"}}}}}
    assert call("PATCH", control, wrong)[0] == 400
    assert call("GET", f"{control}/nobody.example")[0] == 404
    assert call("DELETE", control)[0] == 404


def test_the_chat_can_be_read_and_broken_through_the_control_interface(simulator: Simulator) -> None:
    control = f"{simulator.api_url}/control/chat"
    assert call("PATCH", control, {"state": "outage"})[1]["state"] == "outage"
    request = urllib.request.Request(simulator.webhook_url, b'{"text": "hello"}', {"Content-Type": "application/json"})  # noqa: S310 - a loopback address
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)  # noqa: S310 - as above
    with refused.value as error:
        assert error.code == 503
    assert call("PATCH", control, {"state": "open"})[1]["refusals"][0]["reason"] == "outage"
    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - as above
        assert response.read() == b"ok"
    assert call("GET", control)[1]["messages"][0]["payload"] == {"text": "hello"}
    with urllib.request.urlopen(f"{control}/transcript", timeout=5) as response:  # noqa: S310 - as above
        assert response.read().decode() == "09:07:30\n  hello\n"
    assert call("DELETE", control)[1]["messages"] == []


@pytest.mark.parametrize(
    ("method", "path", "content", "headers", "status"),
    [
        ("PATCH", "regions/eu-west-1", {"acount": {}}, {}, 400),
        ("PATCH", "regions/eu-west-1", [], {}, 400),
        ("PATCH", "regions/mars", {}, {}, 400),
        ("PATCH", "chat", {"state": "broken"}, {}, 400),
        ("PATCH", "chat", {}, {}, 400),
        ("GET", "nothing", None, {}, 404),
        ("POST", "chat", {}, {}, 404),
        ("GET", "world", None, {"Origin": "https://example.com"}, 403),
    ],
)
def test_a_wrong_control_request_is_refused_with_a_reason(
    simulator: Simulator, method: str, path: str, content: object, headers: dict[str, str], status: int
) -> None:
    answered, body = call(method, f"{simulator.api_url}/control/{path}", content, **headers)
    assert answered == status
    assert body["error"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_it_runs_until_interrupted_and_ends_cleanly(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "--world", str(WORLDS / "demo.yaml")],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 30)
        assert ready
        name, _, url = process.stdout.readline().strip().removeprefix("export ").partition("=")
        assert name == "AWS_ENDPOINT_URL_SESV2"
        assert call("GET", f"{url}/control/world")[1]["account_id"] == "111122223333"
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, errors) == (0, "")


def test_a_wrong_world_ends_it_with_status_2_and_the_place(tmp_path: Path) -> None:
    from simulator.__main__ import main

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("regions: {eu-west-1: {acount: {}}}", encoding="utf-8")
    try:
        assert main(["--world", str(wrong)]) == 2
        assert main(["--world", str(tmp_path / "missing.yaml")]) == 2
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _swallow(ask: Callable[[], Any]) -> None:
    from botocore.exceptions import BotoCoreError

    try:
        ask()
    except BotoCoreError:
        return  # the server closed first: that is what is tested


def _until(holds: Callable[[], bool]) -> None:
    """Poll for at most 10 s."""
    for _ in range(1000):
        if holds():
            return
        threading.Event().wait(0.01)
    raise AssertionError("did not happen within 10 s")
