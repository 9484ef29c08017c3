"""Whole lives of findings, as they read in a channel where an app of ours posts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ses_monitor.alerts import deliver, document, slack_blocks, slack_threads, threads
from ses_monitor.alerts.alert import Alert
from ses_monitor.alerts.deliver import CHANNEL as LEDGER_CHANNEL
from ses_monitor.alerts.deliver import Delivery, NotDeliveredError, Result
from ses_monitor.alerts.group import group
from ses_monitor.alerts.slack_api import Bot
from ses_monitor.alerts.slack_blocks import Message
from ses_monitor.alerts.slack_threads import Shown
from ses_monitor.alerts.threads import Threads, decode, encode, merged
from ses_monitor.core.model import Severity
from ses_monitor.core.stored import Change, Transition
from ses_monitor.store.deliveries import Root, RootId
from simulator.chat.receiver import API_PATH, BOT_TOKEN, CHANNEL, Chat, Scripted
from simulator.loopback import LoopbackServer
from tests.alerts.examples import (
    NOW,
    FakeLedger,
    alert_of,
    alerts,
    dkim,
    paused,
    quota,
    reviewed,
    suppression,
)
from tests.alerts.test_golden import first_audit, looks
from tests.alerts.test_slack_blocks import nothing_smuggled, slack_takes, texts


@dataclass
class World:
    """A channel, a ledger and a clock; each delivery is a new batch, as after a cold start."""

    chat: Chat
    url: str
    clock: list[datetime]
    ledger: FakeLedger = field(default_factory=FakeLedger)

    def now(self) -> datetime:
        return self.clock[0]

    def delivery(self) -> Delivery:
        bot = Bot(BOT_TOKEN, CHANNEL, api_url=self.url)
        return Delivery(self.ledger, bot.post, self.now, Threads(self.ledger, bot, LEDGER_CHANNEL, CHANNEL, self.now))

    def tell(self, alert: Alert) -> Result:
        self.clock[0] = max(self.clock[0], alert.at)
        # As it is after its way over SNS and SQS.
        return self.delivery().deliver(_body(alert), alert.alert_id)

    def live(self, *changes: Change) -> None:
        for change in changes:
            assert self.tell(alert_of(change)) is Result.POSTED

    @property
    def roots(self) -> list[str]:
        return [message.ts for message in self.chat.messages if not message.thread]

    @property
    def replies(self) -> list[str]:
        return [message.thread for message in self.chat.messages if message.thread]


def _body(alert: Alert) -> str:
    return document.encode(alert)


@pytest.fixture
def world() -> Iterator[World]:
    clock = [NOW]
    chat = Chat(clock=lambda: clock[0])
    server = LoopbackServer(chat, name="chat")
    yield World(chat, server.url + API_PATH, clock)
    server.close()


def later(change: Change, hours: float, transition: Transition, **changed: Any) -> Change:
    at = NOW + timedelta(hours=hours)
    return replace(change, transition=transition, at=at, version=int(1000 + hours * 100), **changed)


WARNED = quota()
EXHAUSTED = quota(
    Severity.CRITICAL, 100, was_tag="QUOTA_NEARLY_EXHAUSTED", was_severity=Severity.WARNING, since=WARNED.since
)
SHOPS = [dkim(f"shop{number}.example.com") for number in range(1, 6)]

LIVES: dict[str, list[list[Change]]] = {
    "from-opened-to-resolved": [
        [WARNED],
        [later(EXHAUSTED, 1, Transition.WORSENED)],
        [later(replace(EXHAUSTED, was_tag="", was_severity=None), 5, Transition.REMINDED)],
        [later(EXHAUSTED, 6.5, Transition.RESOLVED)],
    ],
    "worsened-and-eased": [
        [WARNED],
        [later(EXHAUSTED, 1, Transition.WORSENED)],
        [later(replace(WARNED, was_tag="QUOTA_EXHAUSTED", was_severity=Severity.CRITICAL), 2, Transition.EASED)],
    ],
    "three-of-five-over": [
        SHOPS,
        [later(shop, 2, Transition.RESOLVED) for shop in SHOPS[:2]],
        [later(SHOPS[2], 3, Transition.GONE)],
    ],
    "all-five-over": [
        SHOPS,
        [later(shop, 2, Transition.RESOLVED) for shop in SHOPS[:3]],
        [later(shop, 30, Transition.RESOLVED) for shop in SHOPS[3:]],
    ],
    "gone": [[SHOPS[0]], [later(SHOPS[0], 50, Transition.GONE)]],
    "flapping": [
        [paused()],
        [later(paused(), 1, Transition.RESOLVED)],
        [later(paused(since=NOW + timedelta(hours=2)), 2, Transition.OPENED, flaps=1)],
        [later(paused(since=NOW + timedelta(hours=2)), 3, Transition.RESOLVED, flaps=1)],
        [later(paused(since=NOW + timedelta(hours=4)), 4, Transition.OPENED, flaps=2)],
    ],
    "never-told-open": [[later(paused(), 1, Transition.RESOLVED)]],
}


@pytest.mark.parametrize("name", LIVES)
def test_a_life_reads_like_this(name: str, world: World, golden: Callable[[str, str], None]) -> None:
    for together in LIVES[name]:
        for alert in group(together):
            assert world.tell(alert) is Result.POSTED
    golden(f"life-{name}.txt", world.chat.transcript())
    assert len(world.roots) == 1
    for message in world.chat.messages:
        slack_takes(Message(message.payload["text"], tuple(message.payload["blocks"]), "x"))


# --- who follows whom -----------------------------------------------------------------------------------------------


def test_findings_of_one_alert_that_were_told_apart_are_replied_to_apart(world: World) -> None:
    world.live(SHOPS[0], SHOPS[1])
    alert = alert_of(*(later(shop, 1, Transition.RESOLVED) for shop in SHOPS[:2]))
    assert world.tell(alert) is Result.POSTED
    assert world.replies == world.roots
    assert len(world.roots) == 2


def test_what_opens_and_what_opens_again_in_one_alert_are_told_apart(world: World) -> None:
    world.live(SHOPS[0], later(SHOPS[0], 1, Transition.RESOLVED))
    again, new = later(SHOPS[0], 2, Transition.OPENED, flaps=1), later(SHOPS[1], 2, Transition.OPENED)
    assert world.tell(alert_of(again, new)) is Result.POSTED
    assert len(world.roots) == 2
    assert world.replies == [world.roots[0]] * 2


def test_what_opens_after_more_than_a_day_is_a_new_message(world: World) -> None:
    world.live(paused(), later(paused(), 1, Transition.RESOLVED), later(paused(), 40, Transition.OPENED))
    assert len(world.roots) == 2
    assert "Over" in world.chat.messages[0].shown()


def test_a_flapping_finding_is_not_shown_to_the_whole_channel(world: World) -> None:
    world.live(*(change for together in LIVES["flapping"] for change in together))
    assert not any(message.broadcast for message in world.chat.messages)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (later(EXHAUSTED, 1, Transition.WORSENED), True),
        (later(replace(EXHAUSTED, severity=Severity.ERROR), 1, Transition.WORSENED), True),
        (later(replace(EXHAUSTED, severity=Severity.NOTICE), 1, Transition.WORSENED), False),
        (later(replace(EXHAUSTED, was_severity=Severity.CRITICAL), 1, Transition.WORSENED), False),
        (later(paused(), 1, Transition.REMINDED), True),
        (later(reviewed(), 1, Transition.REMINDED), False),
        (later(replace(WARNED, severity=Severity.ERROR, was_severity=Severity.CRITICAL), 1, Transition.EASED), False),
        (later(EXHAUSTED, 1, Transition.RESOLVED), False),
    ],
)
def test_the_whole_channel_sees_what_got_worse_and_what_stays_critical(change: Change, shown: bool) -> None:
    assert slack_threads.is_broadcast(alert_of(change)) is shown


@pytest.mark.parametrize("how", ["deleted", "too old", "of another version", "in another channel"])
def test_a_message_that_cannot_be_followed_is_followed_by_a_new_one(world: World, how: str) -> None:
    world.live(paused())
    if how == "deleted":
        world.chat.delete(world.roots[0])
    elif how == "too old":
        world.ledger.roots.clear()
    elif how == "in another channel":
        elsewhere = {
            key: replace(told, root=RootId("C0ELSEWHERE", "1.2")) for key, told in world.ledger.last_told.items()
        }
        world.ledger.last_told = elsewhere
    else:
        world.ledger.roots = {key: replace(root, content="{}") for key, root in world.ledger.roots.items()}
    world.live(later(EXHAUSTED, 1, Transition.WORSENED), later(paused(), 2, Transition.RESOLVED))
    assert "Over: Sending paused" in world.chat.transcript()
    assert "follows the message of 21:30 UTC: Sending paused in eu-west-1" in world.chat.transcript()
    assert world.replies == []
    world.live(later(paused(), 3, Transition.OPENED, flaps=1))
    assert world.replies == [world.roots[-1]]


def test_a_message_deleted_between_its_change_and_the_reply_is_followed_by_a_new_one(world: World) -> None:
    world.live(paused())
    world.chat.script(Scripted("ok"), Scripted(word="thread_not_found"))
    world.live(later(paused(), 2, Transition.RESOLVED))
    assert len(world.roots) == 2


@pytest.mark.parametrize("word", ["edit_window_closed", "cant_update_message"])
def test_a_message_that_may_not_be_changed_is_still_replied_to(world: World, word: str) -> None:
    world.live(paused())
    world.chat.script(Scripted(word=word))
    world.live(later(paused(), 2, Transition.RESOLVED))
    assert world.replies == world.roots
    assert world.chat.messages[0].edits == 0


def test_news_that_newer_news_has_overtaken_is_not_told(world: World) -> None:
    world.live(paused(), later(paused(), 3, Transition.RESOLVED))
    before = world.chat.transcript()
    assert world.tell(alert_of(later(paused(), 2, Transition.REMINDED))) is Result.OVERTAKEN
    assert world.chat.transcript() == before


def test_what_was_replaced_is_over_even_if_the_news_of_it_comes_after_the_end(world: World) -> None:
    world.live(WARNED)
    worse, over = (
        later(EXHAUSTED, 1, Transition.WORSENED),
        later(replace(EXHAUSTED, was_tag=""), 2, Transition.RESOLVED),
    )
    world.live(over)
    assert world.tell(alert_of(worse)) is Result.POSTED
    assert "Over: Quota nearly exhausted" in world.chat.messages[0].shown()
    assert "Over: Quota exhausted" in world.chat.messages[1].shown()
    assert world.replies == [world.roots[0]]
    before = world.chat.transcript()
    assert world.tell(replace(alert_of(worse), alert_id="in other pieces")) is Result.OVERTAKEN
    assert world.chat.transcript() == before


def test_tags_that_lie_under_two_messages_are_shown_as_open_under_one(world: World) -> None:
    """Between the second and the third it eased under a mute: nobody told that, and it was reminded of afterwards."""
    world.live(replace(EXHAUSTED, was_tag=""), later(WARNED, 30, Transition.REMINDED))
    assert len(world.roots) == 2
    world.live(later(EXHAUSTED, 40, Transition.WORSENED))
    assert world.replies == [world.roots[0]]
    assert "CRITICAL: Quota exhausted" in world.chat.messages[0].shown()
    assert "Over: Quota nearly exhausted" in world.chat.messages[1].shown()


def test_news_that_comes_before_the_opening_it_belongs_to_does_not_open_the_old_message_again(world: World) -> None:
    world.live(paused(), later(paused(), 1, Transition.RESOLVED))
    anew = NOW + timedelta(hours=90)
    world.live(later(paused(since=anew), 94, Transition.REMINDED))
    assert world.tell(alert_of(later(paused(since=anew), 90, Transition.OPENED))) is Result.OVERTAKEN
    assert len(world.roots) == 2
    assert "Over: Sending paused" in world.chat.messages[0].shown()


def test_what_opens_anew_after_an_end_that_nobody_told_is_not_left_open_under_its_old_message(world: World) -> None:
    world.live(paused(), later(paused(), 90, Transition.OPENED))
    assert len(world.roots) == 2
    assert "Over: Sending paused" in world.chat.messages[0].shown()
    assert "CRITICAL: Sending paused" in world.chat.messages[1].shown()


def test_what_a_webhook_told_is_named_by_the_first_message_of_the_bot(world: World) -> None:
    world.ledger.note(LEDGER_CHANNEL, {paused().finding_id: 1000}, NOW, title="Sending paused in eu-west-1")
    world.live(later(paused(), 26, Transition.RESOLVED))
    assert "follows the message of 20 Nov 2026, 21:30 UTC: Sending paused in eu-west-1" in world.chat.transcript()


def test_a_first_audit_counts_what_is_over_of_it(world: World) -> None:
    found = [reviewed(), suppression(), dkim()]
    assert world.tell(first_audit(*found)) is Result.POSTED
    world.live(later(reviewed(), 1, Transition.RESOLVED))
    assert "First audit: 3 findings in eu-west-1, 1 of 3 over" in world.chat.messages[0].shown()
    world.live(later(suppression(), 2, Transition.RESOLVED), later(dkim(), 3, Transition.GONE))
    assert "Over: First audit" in world.chat.messages[0].shown()


# --- storms ---------------------------------------------------------------------------------------------------------


def storm(*entries_of: tuple[Change, Transition]) -> Alert:
    told = [replace(alert_of(change).entries[0], transition=transition) for change, transition in entries_of]
    return replace(alert_of(entries_of[0][0]), alert_id="storm", entries=tuple(told), rollup=True)


def test_a_roll_up_is_one_message_and_changes_those_it_is_news_of(
    world: World, golden: Callable[[str, str], None]
) -> None:
    world.live(paused(), SHOPS[0])
    rolled = storm(
        (later(paused(), 1, Transition.RESOLVED), Transition.RESOLVED),
        (later(SHOPS[0], 1, Transition.REMINDED), Transition.REMINDED),
        *((later(shop, 1, Transition.OPENED), Transition.OPENED) for shop in SHOPS[1:]),
    )
    assert world.tell(rolled) is Result.POSTED
    assert len(world.roots) == 3
    assert world.replies == []
    assert "Over" in world.chat.messages[0].shown()
    world.live(later(SHOPS[1], 2, Transition.RESOLVED), later(SHOPS[0], 3, Transition.RESOLVED))
    assert world.replies == [world.roots[2], world.roots[1]]
    golden("roll-up-and-after.txt", world.chat.transcript())


def test_where_a_roll_up_is_news_of_too_many_messages_those_that_are_over_are_changed_first(world: World) -> None:
    shops = [dkim(f"shop{number}.example.com") for number in range(threads.MOST_UPDATED + 1)]
    world.live(*shops)
    reminded = [(later(shop, 1, Transition.REMINDED), Transition.REMINDED) for shop in shops[:-1]]
    assert (
        world.tell(storm(*reminded, (later(shops[-1], 1, Transition.RESOLVED), Transition.RESOLVED))) is Result.POSTED
    )
    last = next(message for message in world.chat.messages if message.ts == world.roots[len(shops) - 1])
    assert "Over: DKIM failed" in last.shown()


@pytest.mark.parametrize("name", ["storm", "storm-over"])
def test_a_roll_up_reads_like_this(name: str, golden: Callable[[str, str], None]) -> None:
    over = Transition.RESOLVED
    changes = [
        (later(paused(), 3, over), over) if name == "storm-over" else (paused("us-east-1"), Transition.OPENED),
        (later(reviewed(), 2, over), over),
        (later(suppression(), 50, Transition.GONE), Transition.GONE),
    ]
    if name == "storm":
        changes += [(quota(was_severity=Severity.CRITICAL), Transition.EASED), (EXHAUSTED, Transition.WORSENED)]
        changes += [(dkim(f"shop{number}.example.com"), Transition.OPENED) for number in range(45)]
        changes += [(paused("eu-central-1"), Transition.REMINDED)]
    golden(f"{name}.slack.txt", looks(slack_blocks.render(replace(storm(*changes), more=7 * (name == "storm")))))


def test_a_roll_up_of_five_hundred_is_within_slacks_limits_and_says_how_to_see_the_rest(world: World) -> None:
    rolled = storm(*((dkim(f"shop{number}.example.com"), Transition.OPENED) for number in range(500)))
    assert world.tell(rolled) is Result.POSTED
    (message,) = world.chat.messages
    shown = Message(message.payload["text"], tuple(message.payload["blocks"]), "x")
    slack_takes(shown)
    assert any("`ses-monitor findings" in text for text in texts(shown))


# --- faults ---------------------------------------------------------------------------------------------------------


FAULTS: dict[str, tuple[list[Scripted], int]] = {
    "429 on the change": ([Scripted(429, retry_after=7)], 7),
    "429 on the reply": ([Scripted("ok"), Scripted(429, retry_after=7)], 7),
    "ratelimited in the body": ([Scripted(word="ratelimited")], 30),
    "500": ([Scripted(500)], 15),
    "500 on the reply": ([Scripted("ok"), Scripted(500)], 15),
    "reset before it was taken": ([Scripted("ok"), Scripted("reset")], 15),
    "change taken, answer lost": ([Scripted("reset", accept=True)], 15),
    "revoked": ([Scripted(word="token_revoked")], 300),
    "archived": ([Scripted("ok"), Scripted(word="is_archived")], 300),
    "not invited": ([Scripted(word="not_in_channel")], 300),
    "unheard of": ([Scripted("ok"), *[Scripted(word="brand_new_error")] * 2], 900),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_slack_does_not_take_now_is_told_once_when_it_does(name: str, world: World) -> None:
    script, wait = FAULTS[name]
    world.live(paused())
    world.chat.script(*script)
    over = alert_of(later(paused(), 2, Transition.RESOLVED))
    with pytest.raises(NotDeliveredError) as put_off:
        world.tell(over)
    assert put_off.value.after_seconds == wait
    assert put_off.value.needs_a_person is (wait >= 300)
    assert world.tell(over) is Result.POSTED
    assert world.tell(over) is Result.REPEATED
    assert world.replies == world.roots
    assert "Over" in world.chat.messages[0].shown()


def test_a_reply_whose_answer_was_lost_may_be_told_twice_and_is_not_lost(world: World) -> None:
    world.live(paused())
    world.chat.script(Scripted("ok"), Scripted("reset", accept=True))
    over = alert_of(later(paused(), 2, Transition.RESOLVED))
    with pytest.raises(NotDeliveredError):
        world.tell(over)
    assert world.tell(over) is Result.POSTED
    assert len(world.replies) == 2


def test_the_rest_of_a_batch_waits_for_as_long_as_slack_says(world: World) -> None:
    world.chat.script(Scripted(429, retry_after=40))
    delivery = world.delivery()
    for change in (paused(), reviewed()):
        with pytest.raises(NotDeliveredError) as put_off:
            delivery.deliver(_body(alert_of(change)), "m")
        assert put_off.value.after_seconds == 40
    assert len(world.chat.refusals) == 1


def test_of_several_parts_only_what_was_not_told_is_tried_again(world: World) -> None:
    world.live(SHOPS[0], SHOPS[1])
    world.chat.script(Scripted("ok"), Scripted("ok"), Scripted("ok"), Scripted(500))
    over = alert_of(*(later(shop, 1, Transition.RESOLVED) for shop in SHOPS[:2]))
    with pytest.raises(NotDeliveredError):
        world.tell(over)
    assert world.replies == world.roots[:1]
    assert world.tell(over) is Result.POSTED
    assert world.replies == world.roots


@pytest.mark.parametrize("method", ["note", "delivered", "save_root"])
def test_dying_between_a_message_and_its_note_repeats_at_most_that_message(world: World, method: str) -> None:
    world.live(SHOPS[0], SHOPS[1])
    over = alert_of(*(later(shop, 1, Transition.RESOLVED) for shop in SHOPS[:2]))
    world.ledger.failing = {method, "release"}
    with pytest.raises(ConnectionError):
        world.tell(over)
    world.ledger.failing = set()
    with pytest.raises(NotDeliveredError, match="under way, or died") as waiting:
        world.tell(over)
    assert waiting.value.after_seconds == deliver.LEASE_SECONDS
    world.ledger.lease_runs_out()
    assert world.tell(over) in {Result.POSTED, Result.OVERTAKEN}
    assert len(world.replies) == (3 if method == "note" else 2)


@pytest.mark.parametrize("method", ["claim", "told", "root"])
def test_a_table_that_cannot_be_asked_posts_nothing_and_keeps_the_message(world: World, method: str) -> None:
    world.live(paused())
    world.ledger.failing = {method}
    over = alert_of(later(paused(), 1, Transition.RESOLVED))
    with pytest.raises(ConnectionError):
        world.tell(over)
    world.ledger.failing = set()
    assert world.replies == []
    assert world.tell(over) is Result.POSTED


class Meddling(FakeLedger):
    """Lets somebody else in, once, after a method was called so many times."""

    def __init__(self, calls: int, meddle: Callable[[], None]) -> None:
        super().__init__()
        self.calls = calls
        self.meddle = meddle

    def root(self, channel: str, root_id: RootId) -> Root | None:
        found = super().root(channel, root_id)
        self.calls -= 1
        if self.calls == 0:
            self.meddle()
        return found


@pytest.mark.parametrize("calls", [1, 2])
def test_two_deliveries_at_once_do_not_lose_one_anothers_change(world: World, calls: int) -> None:
    """Between reading and saving what a message shows, and between changing it and looking again."""
    others = alert_of(*(later(shop, 2, Transition.RESOLVED) for shop in SHOPS[1:4]))
    ledger = Meddling(99, lambda: None)
    world.ledger = ledger
    world.tell(alert_of(*SHOPS))
    ledger.calls = calls
    ledger.meddle = lambda: (
        None if world.delivery().deliver(_body(others), "o") is Result.POSTED else pytest.fail("not told")
    )
    world.tell(alert_of(later(SHOPS[0], 2, Transition.RESOLVED)))
    assert "4 of 5 over" in world.chat.messages[0].shown()
    assert len(world.replies) == 2


def test_a_message_that_never_stands_still_is_an_error_and_is_tried_again(world: World) -> None:
    world.live(paused())
    refusing = FakeLedger(world.ledger.states, world.ledger.last_told, world.ledger.roots)
    refusing.save_root = lambda *_: None  # type: ignore[method-assign]
    world.ledger = refusing
    with pytest.raises(threads.BusyThreadError):
        world.tell(alert_of(later(paused(), 1, Transition.RESOLVED)))
    assert world.replies == []


# --- properties -----------------------------------------------------------------------------------------------------


class Logged(Chat):
    """A channel that keeps every message as it was posted first."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.posted: list[str] = []

    def _add(self, payload: Any, **given: Any) -> Any:
        self.posted.append(f"{payload['text']} {payload.get('blocks')}")
        return super()._add(payload, **given)


class Noting(FakeLedger):
    """Keeps every version that was noted, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: dict[str, list[int]] = {}

    def note(self, channel: str, versions: Any, now: datetime, *, title: str = "", root: RootId | None = None) -> None:
        super().note(channel, versions, now, title=title, root=root)
        for name, version in versions.items():
            self.noted.setdefault(name, []).append(version)


NEXT = {
    None: [Transition.OPENED],
    Transition.OPENED: [Transition.REMINDED, Transition.RESOLVED, Transition.GONE],
    Transition.REMINDED: [Transition.REMINDED, Transition.RESOLVED, Transition.GONE],
    Transition.RESOLVED: [Transition.OPENED],
    Transition.GONE: [Transition.OPENED],
}


@st.composite
def lives(draw: st.DrawFn) -> list[Alert]:
    """Alerts about one to three of four findings at a time, each of which goes its possible ways."""
    state: dict[int, Transition | None] = dict.fromkeys(range(4))
    told: list[Alert] = []
    for hour in range(1, draw(st.integers(2, 9))):
        number = draw(st.integers(0, 3))
        transition = draw(st.sampled_from(NEXT[state[number]]))
        flaps = draw(st.integers(0, 2)) if transition is Transition.OPENED and state[number] else 0
        along = [n for n in range(4) if state[n] == state[number] and (n == number or draw(st.booleans()))][:3]
        along = along if number in along else [*along[:2], number]
        changes = []
        for each in along:
            state[each] = transition
            since = NOW + timedelta(hours=hour) if transition is Transition.OPENED else NOW
            changes.append(later(dkim(f"shop{each}.example.com", since=since), hour, transition, flaps=flaps))
        told.append(alert_of(*changes))
    return told


unlost = st.sampled_from(
    [Scripted("ok"), Scripted("ok"), Scripted(429), Scripted(500), Scripted("reset"), Scripted(word="internal_error")]
)
lossy = st.one_of(unlost, st.just(Scripted("reset", accept=True)), st.just(Scripted(500, accept=True)))


def run(told: list[Alert], script: list[Scripted], *, requeue: bool) -> tuple[Logged, Noting]:
    clock = [NOW]
    chat = Logged(clock=lambda: clock[0])
    chat.script(*script)
    server = LoopbackServer(chat, name="chat")
    ledger = Noting()
    try:
        world = World(chat, server.url + API_PATH, clock, ledger)
        queue = list(told)
        while queue:
            alert = queue.pop(0)
            try:
                world.tell(alert)
            except NotDeliveredError:
                queue.insert(len(queue) if requeue else 0, alert)
    finally:
        server.close()
    return chat, ledger


def expected(told: list[Alert]) -> dict[str, list[int]]:
    versions: dict[str, list[int]] = {}
    for alert in told:
        for entry in alert.entries:
            versions.setdefault(entry.finding_id, []).append(entry.version)
    return versions


quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(lives(), st.lists(unlost, max_size=12))
def test_without_lost_answers_each_transition_is_told_exactly_once_and_in_order(
    told: list[Alert], script: list[Scripted]
) -> None:
    chat, ledger = run(told, script, requeue=False)
    assert ledger.noted == expected(told)
    for number in range(4):
        subject = f"shop{number}.example.com"
        changes = [alert for alert in told if subject in alert.subjects]
        assert sum(subject in posted for posted in chat.posted) == len(changes)


@quick
@given(lives(), st.lists(lossy, max_size=12))
def test_with_lost_answers_each_transition_is_told_at_least_once_and_in_order(
    told: list[Alert], script: list[Scripted]
) -> None:
    chat, ledger = run(told, script, requeue=False)
    assert ledger.noted == expected(told)
    for number in range(4):
        subject = f"shop{number}.example.com"
        changes = [alert for alert in told if subject in alert.subjects]
        assert sum(subject in posted for posted in chat.posted) >= len(changes)


@quick
@given(lives(), st.lists(lossy, max_size=12))
def test_in_whatever_order_they_come_nothing_older_is_told_after_newer_and_every_message_ends_true(
    told: list[Alert], script: list[Scripted]
) -> None:
    _, ledger = run(told, script, requeue=True)
    newest = {name: versions[-1] for name, versions in expected(told).items()}
    for name, noted in ledger.noted.items():
        assert noted == sorted(noted)
        assert noted[-1] == newest[name]
        last = ledger.last_told[LEDGER_CHANNEL, name]
        assert last.root is not None
        shown = decode(ledger.roots[LEDGER_CHANNEL, last.root].content)
        assert newest[name] in {entry.version for entry in shown.alert.entries if entry.finding_id == name}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(alerts, alerts, st.integers(0, 9))
def test_any_message_can_be_laid_out_anew_and_replied_to_within_slacks_limits(
    first: Alert, news: Alert, elsewhere: int
) -> None:
    shown = merged(merged(Shown(replace(first, entries=first.entries[:1]), elsewhere), first), news)
    for message in (slack_threads.root(shown), slack_threads.reply(news), slack_threads.again(news, ["x" * 900] * 4)):
        slack_takes(message)
        for text in (*texts(message), message.text, message.plain):
            nothing_smuggled(text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(alerts)
def test_what_a_message_shows_is_written_within_an_items_size_and_read_back(alert: Alert) -> None:
    shown = merged(Shown(replace(alert, entries=alert.entries[:1])), alert)
    content = encode(shown)
    assert len(content.encode("utf-8", "replace")) < 390_000
    again = decode(content)
    assert decode(encode(again)) == again
    assert len(again.alert.entries) + again.alert.more == len(shown.alert.entries) + shown.alert.more


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"alert": 1}', '{"alert": {}, "transitions": 3}', "null"])
def test_what_another_version_wrote_is_refused_as_such(content: str) -> None:
    with pytest.raises(document.DocumentError):
        decode(content)


@pytest.mark.parametrize(
    ("number", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (112, "112th")]
)
def test_ordinals_are_written_as_they_are_said(number: int, word: str) -> None:
    assert slack_threads.ordinal(number) == word


def test_an_old_worse_and_a_new_better_are_one_place_in_the_message() -> None:
    opened = merged(Shown(alert_of(SHOPS[0])), alert_of(WARNED))
    worse = alert_of(later(EXHAUSTED, 1, Transition.WORSENED))
    after = merged(opened, worse)
    assert [entry.tag for entry in after.alert.entries] == ["DKIM_FAILED", "QUOTA_EXHAUSTED"]
