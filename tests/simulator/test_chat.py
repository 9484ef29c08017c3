import http.client
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.webhook import WebhookClient

from simulator.chat.limits import RefusedError, check_message
from simulator.chat.receiver import ChannelState, Scripted
from simulator.chat.rendering import plain, render
from simulator.server import Simulator

Json = dict[str, Any]
Run = Callable[..., Simulator]


def post(url: str, content: object, method: str = "POST", **headers: str) -> tuple[int, str, dict[str, str]]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=5)
    try:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        connection.request(method, address.path, body, {"Content-Type": "application/json", **headers})
        response = connection.getresponse()
        return response.status, response.read().decode(), {k.lower(): v for k, v in response.getheaders()}
    finally:
        connection.close()


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def plain_text(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str = "x", **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def fields(*texts: str) -> Json:
    return {"type": "section", "fields": [mrkdwn(text) for text in texts]}


def header(text: str) -> Json:
    return {"type": "header", "text": plain_text(text)}


def context(count: int) -> Json:
    return {"type": "context", "elements": [mrkdwn("x")] * count}


def button(text: str = "Open", url: str = "https://example.com/", **more: Any) -> Json:
    return {"type": "button", "text": plain_text(text), "url": url, **more}


def actions(*buttons: Json) -> Json:
    return {"type": "actions", "elements": list(buttons)}


def test_a_message_is_taken_as_slacks_own_client_sends_it(simulator: Simulator) -> None:
    answer = WebhookClient(simulator.webhook_url).send(text="SES in eu-west-1 is under review", blocks=[section()])
    assert (answer.status_code, answer.body) == (200, "ok")
    (message,) = simulator.chat.messages
    assert message.payload["text"] == "SES in eu-west-1 is under review"
    assert message.at == datetime(2026, 3, 12, 9, 7, 30, tzinfo=UTC)


def test_a_form_with_a_payload_is_taken_too(simulator: Simulator) -> None:
    form = urlencode({"payload": json.dumps({"text": "hello"})}).encode()
    answer = post(simulator.webhook_url, form, **{"Content-Type": "application/x-www-form-urlencoded"})
    assert answer[:2] == (200, "ok")


TAKEN: list[Json] = [
    {"text": "x" * 40_000},
    {"blocks": [section("x" * 3000)]},
    {"blocks": [fields(*["x" * 2000] * 10)]},
    {"blocks": [header("x" * 150)]},
    {"blocks": [context(10)]},
    {"blocks": [actions(*[button() for _ in range(25)])]},
    {"blocks": [actions(button("x" * 75, "https://example.com/" + "x" * 2980, style="danger", action_id="a", value="v"))]},
    {"blocks": [section(block_id="x" * 255)]},
    {"blocks": [section()] * 50},
    {"blocks": [{"type": "divider"}, {"type": "image", "image_url": "https://a.example/i.png", "alt_text": "chart"}]},
    {"blocks": [section(accessory=button()), {"type": "markdown", "text": "x" * 12_000}]},
    {"attachments": [{"color": "#ff0000", "blocks": [section()]}]},
    {"attachments": [{"fallback": "x"}] * 100},
]  # fmt: skip


@pytest.mark.parametrize("payload", TAKEN)
def test_what_is_just_within_slacks_limits_is_taken(payload: Json) -> None:
    assert check_message(payload) is payload


REFUSED: list[tuple[object, str, str]] = [
    ([], "invalid_payload", "payload"),
    ({"txet": "x"}, "invalid_payload", "payload"),
    ({"text": 7}, "invalid_payload", "text"),
    ({}, "no_text", "payload"),
    ({"text": ""}, "no_text", "payload"),
    ({"blocks": []}, "no_text", "payload"),
    ({"text": "x" * 40_001}, "msg_too_long", "text"),
    ({"text": "x", "attachments": [{}] * 101}, "too_many_attachments", "attachments"),
    ({"text": "x", "attachments": {}}, "invalid_attachments", "attachments"),
    ({"text": "x", "attachments": ["x"]}, "invalid_attachments", "attachments[0]"),
    ({"attachments": [{"blocks": [section("")]}]}, "invalid_blocks", "attachments[0].blocks[0].text.text"),
    ({"text": "x", "blocks": "x"}, "invalid_blocks_format", "blocks"),
    ({"blocks": ["x"]}, "invalid_blocks", "blocks[0]"),
    ({"blocks": [{"type": "video2"}]}, "invalid_blocks", "blocks[0]"),
    ({"blocks": [{"type": []}]}, "invalid_blocks", "blocks[0]"),
    ({"blocks": [section()] * 51}, "invalid_blocks", "blocks"),
    ({"blocks": [section("")]}, "invalid_blocks", "blocks[0].text.text"),
    ({"blocks": [section("x" * 3001)]}, "invalid_blocks", "blocks[0].text.text"),
    ({"blocks": [{"type": "section"}]}, "invalid_blocks", "blocks[0]"),
    ({"blocks": [{"type": "section", "text": "x"}]}, "invalid_blocks", "blocks[0].text"),
    ({"blocks": [{"type": "section", "text": {"type": "markdown", "text": "x"}}]}, "invalid_blocks", "blocks[0].text"),
    ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}]}, "invalid_blocks", "blocks[0].text"),
    ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": 3}}]}, "invalid_blocks", "blocks[0].text.text"),
    ({"blocks": [section(colour="red")]}, "invalid_blocks", "blocks[0]"),
    ({"blocks": [fields()]}, "invalid_blocks", "blocks[0].fields"),
    ({"blocks": [fields(*"x" * 11)]}, "invalid_blocks", "blocks[0].fields"),
    ({"blocks": [fields("x", "x" * 2001)]}, "invalid_blocks", "blocks[0].fields[1].text"),
    ({"blocks": [header("x" * 151)]}, "invalid_blocks", "blocks[0].text.text"),
    ({"blocks": [{"type": "header", "text": mrkdwn("x")}]}, "invalid_blocks", "blocks[0].text"),
    ({"blocks": [context(0)]}, "invalid_blocks", "blocks[0].elements"),
    ({"blocks": [context(11)]}, "invalid_blocks", "blocks[0].elements"),
    ({"blocks": [actions()]}, "invalid_blocks", "blocks[0].elements"),
    ({"blocks": [actions(*[button() for _ in range(26)])]}, "invalid_blocks", "blocks[0].elements"),
    ({"blocks": [actions(button(action_id="a"), button(action_id="a"))]}, "invalid_blocks", "blocks[0].elements"),
    ({"blocks": [actions(button("x" * 76))]}, "invalid_blocks", "blocks[0].elements[0].text.text"),
    ({"blocks": [actions({"type": "button", "text": mrkdwn("x")})]}, "invalid_blocks", "blocks[0].elements[0].text"),
    ({"blocks": [actions(button(url="https://" + "x" * 2993))]}, "invalid_blocks", "blocks[0].elements[0].url"),
    ({"blocks": [actions(button(url="javascript:alert(1)"))]}, "invalid_blocks", "blocks[0].elements[0].url"),
    ({"blocks": [actions(button(style="loud"))]}, "invalid_blocks", "blocks[0].elements[0].style"),
    ({"blocks": [actions(button(link="x"))]}, "invalid_blocks", "blocks[0].elements[0]"),
    ({"blocks": [actions(button(value="x" * 2001))]}, "invalid_blocks", "blocks[0].elements[0].value"),
    ({"blocks": [actions(button(action_id="x" * 256))]}, "invalid_blocks", "blocks[0].elements[0].action_id"),
    ({"blocks": [actions({"type": "checkboxes"})]}, "invalid_blocks", "blocks[0].elements[0]"),
    ({"blocks": [section(block_id="x" * 256)]}, "invalid_blocks", "blocks[0].block_id"),
    ({"blocks": [section(block_id="a"), section(block_id="a")]}, "invalid_blocks", "blocks[1].block_id"),
    ({"blocks": [{"type": "divider", "text": "x"}]}, "invalid_blocks", "blocks[0]"),
    ({"blocks": [{"type": "image", "image_url": "https://a.example/i.png"}]}, "invalid_blocks", "blocks[0].alt_text"),
    ({"blocks": [{"type": "markdown", "text": "x" * 6001}] * 2}, "invalid_blocks", "blocks"),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "word", "place"), REFUSED)
def test_what_slack_refuses_is_refused_with_its_word_and_the_place(payload: object, word: str, place: str) -> None:
    with pytest.raises(RefusedError) as refused:
        check_message(payload)
    assert (refused.value.word, refused.value.place) == (word, place)


@pytest.mark.parametrize("payload", TAKEN)
def test_nothing_is_taken_that_slacks_own_models_refuse(payload: Json) -> None:
    assert not any(_sdk_refuses(block) for block in payload.get("blocks", ()))


def _sdk_refuses(block: Json) -> bool:
    try:
        parsed = Block.parse(block)
        if parsed is not None:
            parsed.validate_json()
    except SlackObjectFormationError:
        return True
    return False


LENGTHS = st.sampled_from([1, 74, 75, 76, 149, 150, 151, 254, 255, 256, 1999, 2000, 2001, 2999, 3000, 3001])


@given(
    kind=st.sampled_from(["section", "header", "context", "actions", "block_id"]),
    length=LENGTHS,
    count=st.integers(1, 27),
)
def test_the_simulator_is_at_least_as_strict_as_slacks_sdk(kind: str, length: int, count: int) -> None:
    text = "x" * length
    block = {
        "section": section(text),
        "header": header(text),
        "context": context(count),
        "actions": actions(*[button("x" * min(length, 80)) for _ in range(count)]),
        "block_id": section(block_id=text),
    }[kind]
    if _sdk_refuses(block):
        with pytest.raises(RefusedError):
            check_message({"blocks": [block]})


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "blocks", "fields", "elements", "url"]), inner, max_size=4)
    ),
    max_leaves=12,
)
block_types = st.sampled_from(["section", "header", "context", "actions", "divider", "image", "markdown", "button"])


@given(
    blocks=st.lists(
        st.fixed_dictionaries(
            {"type": block_types},
            optional=dict.fromkeys(("text", "fields", "elements", "accessory", "block_id"), json_values),
        ),
        max_size=3,
    )
)
def test_no_payload_makes_the_check_or_the_rendering_fail(blocks: list[Json]) -> None:
    try:
        message = check_message({"text": "x", "blocks": blocks})
    except RefusedError:
        return
    assert render(message, datetime(2026, 3, 12, tzinfo=UTC))


STATES: list[tuple[ChannelState, int, str]] = [
    ("revoked", 404, "no_service"),
    ("archived", 410, "channel_is_archived"),
    ("prohibited", 403, "action_prohibited"),
    ("outage", 503, "service_unavailable"),
]


@pytest.mark.parametrize(("state", "status", "word"), STATES)
def test_a_channel_in_trouble_answers_as_slack_does(
    simulator: Simulator, state: ChannelState, status: int, word: str
) -> None:
    simulator.chat.set_state(state)
    assert post(simulator.webhook_url, {"text": "x"})[:2] == (status, word)
    assert not simulator.chat.messages
    simulator.chat.set_state("open")
    assert post(simulator.webhook_url, {"text": "x"})[:2] == (200, "ok")
    assert [refusal.status for refusal in simulator.chat.refusals] == [status]


def test_what_cannot_be_a_message_is_refused_over_http(simulator: Simulator) -> None:
    url = simulator.webhook_url
    assert post(url, b"{")[:2] == (400, "invalid_payload")
    assert post(url, {})[:2] == (400, "no_text")
    assert post(url, {"text": "x", "blocks": [section("")]})[:2] == (400, "invalid_blocks")
    assert post(url, b"", "GET")[0] == 405
    assert post(url.replace("/services/", "/service/"), {"text": "x"})[:2] == (404, "no_service")
    assert [refusal.status for refusal in simulator.chat.refusals] == [400, 400, 400, 405, 404]


def test_answers_can_be_scripted_one_for_each_request(simulator: Simulator) -> None:
    simulator.chat.script(Scripted(429, retry_after=2), Scripted(500), Scripted("reset"), Scripted("ok"))
    status, body, headers = post(simulator.webhook_url, {"text": "1"})
    assert (status, body, headers["retry-after"]) == (429, "rate_limited", "2")
    assert post(simulator.webhook_url, {"text": "2"})[0] == 500
    with pytest.raises(ConnectionError):
        post(simulator.webhook_url, {"text": "3"})
    assert post(simulator.webhook_url, {"text": "4"})[:2] == (200, "ok")
    assert post(simulator.webhook_url, {"text": "5"})[:2] == (200, "ok")
    assert [message.payload["text"] for message in simulator.chat.messages] == ["4", "5"]


def test_a_hanging_webhook_answers_nobody(simulator: Simulator) -> None:
    simulator.chat.script(Scripted("hang"))
    address = urlsplit(simulator.webhook_url)
    connection = http.client.HTTPConnection(address.netloc, timeout=0.2)
    connection.request("POST", address.path, b'{"text": "x"}')
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()


def test_an_answer_can_be_lost_after_the_message_was_taken(simulator: Simulator) -> None:
    simulator.chat.script(Scripted("reset", accept=True))
    with pytest.raises(ConnectionError):
        post(simulator.webhook_url, {"text": "twice"})
    assert post(simulator.webhook_url, {"text": "twice"})[0] == 200
    assert len(simulator.chat.messages) == 2


def test_more_than_a_message_a_second_is_refused_with_the_time_to_wait(run: Run, clock: Any) -> None:
    simulator = run(chat_per_second=1.0)
    assert [post(simulator.webhook_url, {"text": "x"})[0] for _ in range(5)] == [200, 200, 200, 200, 429]
    status, body, headers = post(simulator.webhook_url, {"text": "x"})
    assert (status, body, headers["retry-after"]) == (429, "rate_limited", "2")
    clock.seconds += 2
    assert post(simulator.webhook_url, {"text": "x"})[0] == 200


def test_messages_can_be_waited_for_and_forgotten(simulator: Simulator) -> None:
    assert simulator.chat.wait_for(1, timeout_s=0.01) == ()
    post(simulator.webhook_url, {"text": "x"})
    assert len(simulator.chat.wait_for(1, timeout_s=5)) == 1
    simulator.chat.clear()
    assert not simulator.chat.messages


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("*bold* and _italic_ text", "bold and italic text"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("see <https://example.com/a?b|the console>", "see the console (https://example.com/a?b)"),
        ("<https://example.com>", "https://example.com"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("<!channel> <@U1|ann> <#C1|mail>", "@channel ann mail"),
        ("<!date^1773306450^{date_short}|12 March>", "12 March"),
        (":red_circle: down, :unknown_one: up", "🔴 down, :unknown_one: up"),
        ("run `aws *x* _y_ &amp; z`", "run `aws *x* _y_ & z`"),
        ("do\n```\naws ses *\n```", "do\n    aws ses *"),
    ],
)
def test_mrkdwn_is_shown_as_slack_shows_it(written: str, shown: str) -> None:
    assert plain(written) == shown


def test_the_transcript_reads_like_the_channel(simulator: Simulator) -> None:
    command = (
        "aws sesv2 get-account --region eu-west-1 --query '{Enforcement: EnforcementStatus, Sending: SendingEnabled}'"
    )
    post(
        simulator.webhook_url,
        {
            "text": "ERROR eu-west-1: under review",
            "blocks": [
                header(":large_orange_circle: ERROR  eu-west-1: the account is under review"),
                section(
                    "*Why*  AWS put the account on *PROBATION*; mail still leaves. "
                    + "It may be paused if nothing changes. " * 2
                ),
                fields("*Since*\n12 March, 09:05 UTC", "*Account*\n111122223333"),
                section(f"*Do this*\n```{command}```"),
                {"type": "divider"},
                actions(button("Open the console", "https://eu-west-1.console.aws.amazon.com/ses/home")),
                {"type": "context", "elements": [mrkdwn("account/enforcement"), mrkdwn("`UNDER_REVIEW`")]},
            ],
        },
    )
    post(simulator.webhook_url, {"text": "All clear", "attachments": [{"fallback": "three regions deliver"}]})
    assert simulator.chat.transcript() == (
        "09:07:30\n"
        "  🟠 ERROR  eu-west-1: the account is under review\n"
        "  Why  AWS put the account on PROBATION; mail still leaves. It may be paused if nothing changes. It\n"
        "  may be paused if nothing changes.\n"
        "  Since: 12 March, 09:05 UTC\n"
        "  Account: 111122223333\n"
        "  Do this\n"
        f"      {command}\n"
        "  ────────────────────────────────────────\n"
        "  [ Open the console ] https://eu-west-1.console.aws.amazon.com/ses/home\n"
        "  account/enforcement · `UNDER_REVIEW`\n"
        "\n"
        "09:07:30\n"
        "  All clear\n"
        "  │ three regions deliver\n"
    )
