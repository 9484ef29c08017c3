from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ses_monitor.alerts import slack_blocks
from ses_monitor.alerts.slack import Delivered, Refused, RetryLater, Trouble
from ses_monitor.alerts.slack_api import ApiOutcome, Bot, Deleted, Locked, TokenError
from simulator.chat.receiver import API_PATH, BOT_TOKEN, CHANNEL, ChannelState, Chat, Scripted
from simulator.loopback import Hang, HttpRequest, LoopbackServer, Reply
from tests.alerts.examples import NOW, alert_of, paused, resolved

MESSAGE = slack_blocks.render(alert_of(paused()))
OVER = slack_blocks.render(alert_of(resolved(paused())))


@pytest.fixture
def api_url(chat: Chat) -> Iterator[str]:
    server = LoopbackServer(chat, name="chat")
    yield server.url + API_PATH
    server.close()


@pytest.fixture
def bot(api_url: str) -> Bot:
    return Bot(BOT_TOKEN, CHANNEL, api_url=api_url, clock=lambda: NOW)


def answered(*replies: Reply | Hang) -> tuple[ApiOutcome, list[HttpRequest]]:
    seen: list[HttpRequest] = []

    def answer(request: HttpRequest) -> Reply | Hang:
        seen.append(request)
        return replies[min(len(seen), len(replies)) - 1]

    server = LoopbackServer(answer, name="scripted")
    try:
        return Bot(BOT_TOKEN, CHANNEL, api_url=server.url, clock=lambda: NOW).post(MESSAGE), seen
    finally:
        server.close()


def said(status: int = 200, headers: dict[str, str] | None = None, **content: Any) -> Reply:
    return Reply(status, json.dumps(content).encode(), headers or {})


def posted(bot: Bot, **given: Any) -> Delivered:
    outcome = bot.post(MESSAGE, **given)
    assert isinstance(outcome, Delivered)
    return outcome


def test_a_message_is_posted_replied_to_and_changed(bot: Bot, chat: Chat) -> None:
    root = posted(bot)
    assert root.channel == CHANNEL
    reply = posted(bot, thread=root.ts, broadcast=True)
    assert bot.update(root.channel, root.ts, OVER) == Delivered("", CHANNEL, root.ts)
    first, second = chat.messages
    assert first.payload["blocks"] == list(OVER.blocks)
    assert (second.ts, second.thread, second.broadcast) == (reply.ts, root.ts, True)


def test_the_token_goes_into_the_header_and_nowhere_else() -> None:
    _, seen = answered(said(ok=True, channel=CHANNEL, ts="1.2"))
    assert seen[0].headers["authorization"] == f"Bearer {BOT_TOKEN}"
    assert seen[0].target == "/chat.postMessage"
    assert BOT_TOKEN.encode() not in seen[0].body
    assert json.loads(seen[0].body)["channel"] == CHANNEL


PERSON = [
    ("invalid_auth", "the token is wrong or revoked"),
    ("token_revoked", "install the Slack app again"),
    ("account_inactive", "install the Slack app again"),
    ("not_authed", "holds no token"),
    ("missing_scope", "chat:write"),
    ("channel_not_found", "check the channel's id, and invite the app"),
    ("not_in_channel", "invite the app to the channel"),
    ("is_archived", "unarchive it"),
    ("restricted_action", "an administrator restricts posting"),
]


@pytest.mark.parametrize(("word", "advice"), PERSON)
def test_what_a_person_must_mend_waits_for_one_and_says_how(word: str, advice: str) -> None:
    outcome, seen = answered(said(ok=False, error=word, needed="chat:write"))
    assert isinstance(outcome, RetryLater)
    assert (outcome.trouble, outcome.after_seconds) == (Trouble.BOT, 300)
    assert outcome.trouble.needs_a_person
    assert advice in outcome.reason
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("reply", "seconds", "trouble"),
    [
        (said(429, {"Retry-After": "7"}, ok=False, error="ratelimited"), 7, Trouble.RATE_LIMITED),
        (Reply(429), 30, Trouble.RATE_LIMITED),
        (said(ok=False, error="ratelimited"), 30, Trouble.RATE_LIMITED),
        (said(ok=False, error="rate_limited"), 30, Trouble.RATE_LIMITED),
        (Reply(500), 15, Trouble.FAILING),
        (Reply(503, b"", {"Retry-After": "60"}), 60, Trouble.FAILING),
        (Reply(408), 15, Trouble.FAILING),
        (said(ok=False, error="internal_error"), 15, Trouble.FAILING),
        (said(ok=False, error="fatal_error"), 15, Trouble.FAILING),
        (Reply(200, b"<html>proxy</html>"), 300, Trouble.BOT),
        (Reply(200, b"[" * 100_000), 300, Trouble.BOT),
        (Reply(302, b"", {"Location": "https://evil.example/"}), 300, Trouble.BOT),
        (Reply(404), 300, Trouble.BOT),
    ],
)
def test_what_passes_is_tried_again_and_what_is_no_api_waits_for_a_person(
    reply: Reply, seconds: int, trouble: Trouble
) -> None:
    outcome, seen = answered(reply)
    assert isinstance(outcome, RetryLater)
    assert (outcome.after_seconds, outcome.trouble) == (seconds, trouble)
    assert len(seen) == 1


@pytest.mark.parametrize("word", ["invalid_blocks", "msg_too_long", "invalid_arguments", "brand_new"])
def test_blocks_that_slack_refuses_are_told_as_plain_text(word: str) -> None:
    outcome, seen = answered(said(ok=False, error=word), said(ok=True, channel=CHANNEL, ts="1.2"))
    assert outcome == Delivered(
        f"as plain text, because Slack answered chat.postMessage with 200 ({word})", CHANNEL, "1.2"
    )
    assert "blocks" not in json.loads(seen[1].body)
    outcome, seen = answered(said(ok=False, error=word))
    assert isinstance(outcome, Refused)
    assert len(seen) == 2


def test_a_change_that_slack_takes_only_as_plain_text_takes_the_blocks_away(bot: Bot, chat: Chat) -> None:
    root = posted(bot)
    chat.script(Scripted(word="invalid_blocks"))
    assert isinstance(bot.update(root.channel, root.ts, OVER), Delivered)
    assert chat.messages[0].payload == {"text": OVER.plain, "blocks": []}


def test_what_is_not_there_is_told_from_what_may_not_be_changed(bot: Bot, chat: Chat) -> None:
    root = posted(bot)
    for word in ("cant_update_message", "edit_window_closed"):
        chat.script(Scripted(word=word))
        assert isinstance(bot.update(root.channel, root.ts, OVER), Locked)
    chat.delete(root.ts)
    assert isinstance(bot.update(root.channel, root.ts, OVER), Deleted)
    assert isinstance(bot.post(OVER, thread=root.ts), Deleted)


STATES: list[tuple[ChannelState, str]] = [
    ("revoked", "token_revoked"),
    ("archived", "is_archived"),
    ("uninvited", "not_in_channel"),
    ("unscoped", "missing_scope"),
    ("inactive", "account_inactive"),
    ("prohibited", "restricted_action"),
]


@pytest.mark.parametrize(("state", "word"), STATES)
def test_a_channel_in_trouble_is_understood(bot: Bot, chat: Chat, state: ChannelState, word: str) -> None:
    chat.set_state(state)
    outcome = bot.post(MESSAGE)
    assert isinstance(outcome, RetryLater)
    assert outcome.trouble is Trouble.BOT
    assert word in outcome.reason


@pytest.mark.parametrize("does", ["reset", "hang"])
def test_a_broken_connection_is_tried_again_later(
    bot: Bot, chat: Chat, does: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.script(Scripted(does))
    monkeypatch.setattr(bot._http, "connection_pool_kw", bot._http.connection_pool_kw | {"timeout": 0.2})
    outcome = bot.post(MESSAGE)
    assert isinstance(outcome, RetryLater)
    assert outcome.trouble is Trouble.UNREACHABLE


def test_a_name_that_does_not_resolve_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr("urllib3.util.connection.socket.getaddrinfo", unknown)
    outcome = Bot(BOT_TOKEN, CHANNEL).post(MESSAGE)
    assert outcome == RetryLater(15, "Slack's name could not be resolved", Trouble.UNREACHABLE)


@pytest.mark.parametrize("token", ["", "REPLACE ME", "https://hooks.slack.com/services/T/B/x", "xoxb-a\nb", "xoxp"])
def test_what_is_no_token_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(TokenError) as refused:
        Bot(token, CHANNEL)
    assert not token or token not in str(refused.value)


@pytest.mark.parametrize("url", ["", "http://slack.com/api", "https://a:b@slack.com/api", "https://[::1", "slack.com"])
def test_an_address_that_is_not_https_is_refused(url: str) -> None:
    with pytest.raises(TokenError):
        Bot(BOT_TOKEN, CHANNEL, api_url=url)


def test_the_token_is_in_no_log_line_and_no_representation(
    bot: Bot, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    chat.script(Scripted("reset"), Scripted(500), Scripted(word="invalid_auth"), Scripted("ok"))
    outcomes = [bot.post(MESSAGE) for _ in range(4)]
    for text in (caplog.text, repr(outcomes), repr(bot)):
        assert BOT_TOKEN not in text
        assert "xoxb" not in text
