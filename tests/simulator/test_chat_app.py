"""The channel as an app sees it: Slack's own client posts, replies and changes messages."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from simulator.chat.receiver import BOT_TOKEN, CHANNEL, ChannelState, Scripted
from simulator.server import Simulator
from tests.simulator.test_chat import post, section

Run = Callable[..., Simulator]


def app(simulator: Simulator, token: str = BOT_TOKEN) -> WebClient:
    return WebClient(token, base_url=f"{simulator.slack_api_url}/", retry_handlers=[])


def word(error: pytest.ExceptionInfo[SlackApiError]) -> str:
    return str(error.value.response["error"])


def test_slacks_own_client_posts_replies_and_changes(simulator: Simulator) -> None:
    client = app(simulator)
    root = client.chat_postMessage(channel=CHANNEL, text="down", blocks=[section("down")])
    assert root["channel"] == CHANNEL
    client.chat_postMessage(channel=CHANNEL, text="worse", thread_ts=root["ts"], reply_broadcast=True)
    client.chat_update(channel=CHANNEL, ts=root["ts"], text="up", blocks=[section("up")])
    first, second = simulator.chat.messages
    assert first.payload["text"] == "up"
    assert first.edits == 1
    assert (second.thread, second.broadcast) == (root["ts"], True)
    assert simulator.chat.refusals == ()


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("chat.postMessage", {"channel": "C1", "text": "x"}, "channel_not_found"),
    ("chat.postMessage", {"text": "x"}, "channel_not_found"),
    ("chat.postMessage", {"channel": CHANNEL}, "no_text"),
    ("chat.postMessage", {"channel": CHANNEL, "text": "x" * 40_001}, "msg_too_long"),
    ("chat.postMessage", {"channel": CHANNEL, "text": "x", "blocks": [section("")]}, "invalid_blocks"),
    ("chat.postMessage", {"channel": CHANNEL, "text": "x", "blocks": [section("x" * 3001)]}, "invalid_blocks"),
    ("chat.postMessage", {"channel": CHANNEL, "txet": "x"}, "invalid_arguments"),
    ("chat.postMessage", {"channel": CHANNEL, "text": "x", "thread_ts": "1.2"}, "thread_not_found"),
    ("chat.postMessage", {"channel": CHANNEL, "text": "x", "thread_ts": 1.2}, "invalid_arguments"),
    ("chat.postMessage", {"channel": CHANNEL, "text": "x", "reply_broadcast": True}, "invalid_arguments"),
    ("chat.postMessage", {"channel": CHANNEL, "text": "x", "ts": "1.2"}, "invalid_arguments"),
    ("chat.update", {"channel": CHANNEL, "text": "x", "ts": "1.2"}, "message_not_found"),
    ("chat.update", {"channel": CHANNEL, "text": "x"}, "message_not_found"),
    ("chat.update", {"channel": "#mail", "text": "x", "ts": "1.2"}, "channel_not_found"),
    ("chat.delete", {"channel": CHANNEL, "ts": "1.2"}, "unknown_method"),
]


@pytest.mark.parametrize(("method", "payload", "error"), REFUSED)
def test_what_slack_refuses_an_app_is_refused_with_its_word(
    simulator: Simulator, method: str, payload: dict[str, Any], error: str
) -> None:
    status, said, _ = post(f"{simulator.slack_api_url}/{method}", payload, Authorization=f"Bearer {BOT_TOKEN}")
    assert (status, json.loads(said)) == (200, {"ok": False, "error": error})
    assert simulator.chat.messages == ()
    assert len(simulator.chat.refusals) == 1


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, "not_authed"),
        ({"Authorization": BOT_TOKEN}, "not_authed"),
        ({"Authorization": "Bearer xoxb-other"}, "invalid_auth"),
        ({"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "text/html"}, "invalid_post_type"),
    ],
)
def test_an_app_must_say_who_it_is_and_send_json(simulator: Simulator, headers: dict[str, str], error: str) -> None:
    _, said, _ = post(f"{simulator.slack_api_url}/chat.postMessage", {"channel": CHANNEL, "text": "x"}, **headers)
    assert json.loads(said)["error"] == error


def test_json_that_is_none_or_no_object_is_refused(simulator: Simulator) -> None:
    url, token = f"{simulator.slack_api_url}/chat.postMessage", {"Authorization": f"Bearer {BOT_TOKEN}"}
    assert json.loads(post(url, b"{", **token)[1])["error"] == "invalid_json"
    assert json.loads(post(url, [], **token)[1])["error"] == "json_not_object"
    assert post(url, b"", "GET", **token)[0] == 405


STATES: list[tuple[ChannelState, str]] = [
    ("revoked", "token_revoked"),
    ("archived", "is_archived"),
    ("prohibited", "restricted_action"),
    ("uninvited", "not_in_channel"),
    ("unscoped", "missing_scope"),
    ("inactive", "account_inactive"),
]


@pytest.mark.parametrize(("state", "error"), STATES)
def test_a_channel_in_trouble_answers_an_app_as_slack_does(
    simulator: Simulator, state: ChannelState, error: str
) -> None:
    simulator.chat.set_state(state)
    with pytest.raises(SlackApiError) as refused:
        app(simulator).chat_postMessage(channel=CHANNEL, text="x")
    assert word(refused) == error
    assert post(simulator.webhook_url, {"text": "x"})[0] in {403, 404, 410}


def test_answers_to_an_app_can_be_scripted(simulator: Simulator) -> None:
    client = app(simulator)
    root = client.chat_postMessage(channel=CHANNEL, text="x")
    simulator.chat.script(Scripted(word="edit_window_closed"), Scripted(429, retry_after=3), Scripted(500))
    with pytest.raises(SlackApiError) as refused:
        client.chat_update(channel=CHANNEL, ts=root["ts"], text="y")
    assert word(refused) == "edit_window_closed"
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel=CHANNEL, text="y")
    assert refused.value.response.headers["Retry-After"] == "3"
    with pytest.raises(SlackApiError):
        client.chat_postMessage(channel=CHANNEL, text="y")
    assert len(simulator.chat.messages) == 1


def test_posting_and_changing_have_limits_of_their_own(run: Run, clock: Any) -> None:
    simulator = run(chat_per_second=1.0)
    client = app(simulator)
    roots = [client.chat_postMessage(channel=CHANNEL, text="x")["ts"] for _ in range(4)]
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel=CHANNEL, text="x")
    assert (refused.value.response.status_code, word(refused)) == (429, "ratelimited")
    for _ in range(10):
        client.chat_update(channel=CHANNEL, ts=roots[0], text="y")
    with pytest.raises(SlackApiError) as refused:
        client.chat_update(channel=CHANNEL, ts=roots[0], text="y")
    assert refused.value.response.headers["Retry-After"] == "2"
    clock.seconds += 2
    client.chat_update(channel=CHANNEL, ts=roots[0], text="z")


def test_an_app_changes_only_its_own_messages_and_replies_only_to_messages(simulator: Simulator) -> None:
    client = app(simulator)
    post(simulator.webhook_url, {"text": "somebody else's"})
    (theirs,) = simulator.chat.messages
    with pytest.raises(SlackApiError) as refused:
        client.chat_update(channel=CHANNEL, ts=theirs.ts, text="x")
    assert word(refused) == "cant_update_message"
    reply = client.chat_postMessage(channel=CHANNEL, text="x", thread_ts=theirs.ts)
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel=CHANNEL, text="x", thread_ts=reply["ts"])
    assert word(refused) == "thread_not_found"


def test_what_somebody_deleted_is_neither_changed_nor_followed(simulator: Simulator) -> None:
    client = app(simulator)
    root = client.chat_postMessage(channel=CHANNEL, text="x")["ts"]
    simulator.chat.delete(root)
    with pytest.raises(KeyError):
        simulator.chat.delete(root)
    for method, given in ((client.chat_update, {"ts": root}), (client.chat_postMessage, {"thread_ts": root})):
        with pytest.raises(SlackApiError) as refused:
            method(channel=CHANNEL, text="y", **given)
        assert word(refused) in {"message_not_found", "thread_not_found"}


def test_the_transcript_shows_replies_under_their_message(simulator: Simulator) -> None:
    client = app(simulator)
    first = client.chat_postMessage(channel=CHANNEL, text="first")["ts"]
    gone = client.chat_postMessage(channel=CHANNEL, text="soon deleted")["ts"]
    client.chat_postMessage(channel=CHANNEL, text="about first\nin two lines", thread_ts=first)
    client.chat_postMessage(channel=CHANNEL, text="for all", thread_ts=gone, reply_broadcast=True)
    client.chat_update(channel=CHANNEL, ts=first, text="first, as it is now")
    simulator.chat.delete(gone)
    assert simulator.chat.transcript() == (
        "09:07:30\n"
        "  first, as it is now\n"
        "  │\n"
        "  │ 09:07:30\n"
        "  │   about first\n"
        "  │   in two lines\n"
        "\n"
        "09:07:30\n"
        "  This message was deleted.\n"
        "  │\n"
        "  │ 09:07:30\n"
        "  │   for all\n"
        "\n"
        "09:07:30\n"
        "  for all\n"
        "  (a reply, shown in the channel too)\n"
    )


def test_the_control_interface_shows_threads_and_deletes_messages(simulator: Simulator) -> None:
    client = app(simulator)
    root = client.chat_postMessage(channel=CHANNEL, text="x")["ts"]
    client.chat_postMessage(channel=CHANNEL, text="y", thread_ts=root)
    client.chat_update(channel=CHANNEL, ts=root, text="z")
    control = f"{simulator.api_url}/control/chat"
    facts = json.loads(post(control, b"", "GET")[1])["messages"]
    assert [(each["ts"] == root, each.get("thread_ts"), each.get("edits")) for each in facts] == [
        (True, None, 1),
        (False, root, None),
    ]
    left = json.loads(post(f"{control}/{root}", b"", "DELETE")[1])["messages"]
    assert [each["thread_ts"] for each in left] == [root]
