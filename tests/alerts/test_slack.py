from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ses_monitor.alerts import slack, slack_blocks
from ses_monitor.alerts.slack import Delivered, Outcome, Refused, RetryLater, Trouble, Webhook, WebhookError
from simulator.chat.receiver import Chat, Scripted
from simulator.loopback import Hang, HttpRequest, LoopbackServer, Reply
from tests.alerts.examples import NOW, alert_of, paused

MESSAGE = slack_blocks.render(alert_of(paused()))
SECRET = "T0000000/B0000000/simulated"


@pytest.fixture
def webhook(webhook_url: str) -> Webhook:
    return Webhook(webhook_url, clock=lambda: NOW)


def answering(*replies: Reply | Hang) -> Iterator[tuple[str, list[HttpRequest]]]:
    seen: list[HttpRequest] = []

    def answer(request: HttpRequest) -> Reply | Hang:
        seen.append(request)
        return replies[min(len(seen), len(replies)) - 1]

    server = LoopbackServer(answer, name="scripted")
    try:
        yield f"{server.url}/services/{SECRET}", seen
    finally:
        server.close()


def post_to(*replies: Reply | Hang) -> tuple[Outcome, list[HttpRequest]]:
    for url, seen in answering(*replies):
        return Webhook(url, clock=lambda: NOW).post(MESSAGE), seen
    raise AssertionError


def test_a_message_is_delivered_with_its_blocks(webhook: Webhook, chat: Chat) -> None:
    assert webhook.post(MESSAGE) == Delivered()
    assert [message.payload for message in chat.messages] == [MESSAGE.payload()]


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("7", 7),
        ("0", 1),
        ("86400", 900),
        ("9" * 90, 900),
        ("Fri, 20 Nov 2026 21:31:00 GMT", 61),
        ("Fri, 20 Nov 2026 20:00:00 GMT", 1),
        ("Fri, 20 Nov 2099 20:00:00 GMT", 900),
        ("soon", 30),
        ("-5", 30),
        ("", 30),
        ("²", 30),
    ],
)
def test_a_rate_limit_is_waited_out_for_as_long_as_slack_says(retry_after: str, seconds: int) -> None:
    outcome, _ = post_to(Reply(429, b"rate_limited", {"Retry-After": retry_after} if retry_after.isascii() else {}))
    assert outcome == RetryLater(seconds, "Slack answered 429 (rate_limited)", Trouble.RATE_LIMITED)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_an_outage_is_tried_again_later(status: int) -> None:
    outcome, _ = post_to(Reply(status))
    assert isinstance(outcome, RetryLater)
    assert outcome.trouble is Trouble.FAILING


@pytest.mark.parametrize("does", ["reset", "hang"])
def test_a_broken_connection_is_tried_again_later(
    webhook: Webhook, chat: Chat, does: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.script(Scripted("reset" if does == "reset" else "hang"))
    monkeypatch.setattr(webhook._http, "connection_pool_kw", webhook._http.connection_pool_kw | {"timeout": 0.2})
    outcome = webhook.post(MESSAGE)
    assert isinstance(outcome, RetryLater)
    assert outcome.trouble is Trouble.UNREACHABLE
    assert SECRET not in outcome.reason


def test_nobody_listening_is_tried_again_later() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = Webhook(f"http://127.0.0.1:{port}/services/{SECRET}").post(MESSAGE)
    assert outcome == RetryLater(15, "no connection to Slack could be made", Trouble.UNREACHABLE)


def test_a_name_that_does_not_resolve_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr("urllib3.util.connection.socket.getaddrinfo", unknown)
    outcome = Webhook(f"https://hooks.slack.com/services/{SECRET}").post(MESSAGE)
    assert outcome == RetryLater(15, "Slack's name could not be resolved", Trouble.UNREACHABLE)


def test_both_timeouts_are_a_few_seconds() -> None:
    timeout = Webhook("https://hooks.slack.com/x")._http.connection_pool_kw["timeout"]
    assert (timeout.connect_timeout, timeout.read_timeout) == (slack.CONNECT_SECONDS, slack.READ_SECONDS) == (3, 5)


@pytest.mark.parametrize(
    ("status", "word", "advice"),
    [
        (404, b"no_service", "removed or disabled; make a new incoming webhook"),
        (403, b"invalid_token", "wrong or revoked"),
        (403, b"action_prohibited", "administrator restricts posting"),
        (410, b"channel_is_archived", "unarchive the channel"),
        (404, b"channel_not_found", "the channel was deleted"),
        (403, b"", "revoked or may not post there"),
        (404, b"", "no such webhook any more"),
        (410, b"", "the channel is archived"),
        (401, b"", "check that the parameter"),
    ],
)
def test_a_webhook_that_is_no_good_waits_for_a_person_and_says_what_to_mend(
    status: int, word: bytes, advice: str
) -> None:
    outcome, seen = post_to(Reply(status, word))
    assert isinstance(outcome, RetryLater)
    assert (outcome.trouble, outcome.after_seconds) == (Trouble.WEBHOOK, 300)
    assert advice in outcome.reason
    assert len(seen) == 1


def test_a_redirect_is_not_followed() -> None:
    for elsewhere, seen_elsewhere in answering(Reply(200, b"ok")):
        outcome, _ = post_to(Reply(302, b"", {"Location": elsewhere}))
        assert isinstance(outcome, RetryLater)
        assert outcome.trouble is Trouble.WEBHOOK
        assert seen_elsewhere == []


@pytest.mark.parametrize("status", [400, 413, 422])
def test_blocks_that_slack_refuses_are_told_as_plain_text(status: int) -> None:
    outcome, seen = post_to(Reply(status, b"invalid_blocks"), Reply(200, b"ok"))
    assert outcome == Delivered(f"as plain text, because Slack answered {status} (invalid_blocks)")
    assert len(seen) == 2
    assert b"blocks" not in seen[1].body
    assert b"Sending paused in eu-west-1" in seen[1].body


def test_what_slack_refuses_as_plain_text_too_is_refused() -> None:
    outcome, seen = post_to(Reply(400, b"invalid_payload"))
    assert isinstance(outcome, Refused)
    assert len(seen) == 2


def test_a_rate_limit_on_the_plain_text_is_waited_out() -> None:
    outcome, _ = post_to(Reply(400, b"invalid_blocks"), Reply(429, b"", {"Retry-After": "9"}))
    assert outcome == RetryLater(9, "Slack answered 429", Trouble.RATE_LIMITED)


def test_an_unusual_yes_is_a_yes() -> None:
    outcome, _ = post_to(Reply(200, b"<html>fine</html>" + b"x" * 10_000))
    assert isinstance(outcome, Delivered)
    assert len(outcome.note) < 200


def test_an_answer_that_breaks_off_after_the_yes_is_a_yes() -> None:
    def answer_half(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\no")

    with socket.create_server(("127.0.0.1", 0)) as server:
        answering_once = threading.Thread(target=answer_half, args=(server,))
        answering_once.start()
        outcome = Webhook(f"http://127.0.0.1:{server.getsockname()[1]}/services/{SECRET}").post(MESSAGE)
        answering_once.join(10)
    assert isinstance(outcome, Delivered)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.slack.com/services/T/B/x",
        "http://hooks.slack.com/services/T/B/x",
        "http://127.0.0.1.evil.example/x",
        "http://localhost@evil.example/x",
        "https://user:secret@hooks.slack.com/x",
        "ftp://hooks.slack.com/x",
        "https://",
        "https://[::1",
        "REPLACE ME",
    ],
)
def test_an_address_that_is_no_webhook_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(WebhookError) as refused:
        Webhook(url)
    assert not url.removeprefix("https://") or url not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://localhost/x", "http://[::1]:1/x", " https://hooks.slack.com/x\n"]
)
def test_the_loopback_may_do_without_tls_and_white_space_is_forgiven(url: str) -> None:
    assert repr(Webhook(url)) == "Webhook(…)"


def test_the_address_is_in_no_log_line(webhook: Webhook, chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    chat.script(Scripted("reset"), Scripted(500), Scripted("ok"))
    outcomes = [webhook.post(MESSAGE) for _ in range(3)]
    assert "simulated" not in caplog.text
    assert "simulated" not in repr(outcomes)


def test_the_clock_is_utc() -> None:
    assert abs((slack.utc_now() - datetime.now(UTC)).total_seconds()) < 60
