"""`status --watch` looks again and again, and a read that fails costs nothing but news."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from rich.console import Console
from rich.text import Text

from ses_monitor_cli import clock, watching
from ses_monitor_cli.outcome import CannotLookError, ExitStatus
from ses_monitor_cli.watching import Redrawn, Seen, watch
from tests.build import HEALTHY, NOW, with_account
from tests.cli.conftest import Run
from tests.cli.test_findings import audited, deployed

__all__ = ("deployed",)


class Time:
    """A clock that moves when somebody waits, and whose owner presses Ctrl-C after some waits."""

    def __init__(self, waits: int) -> None:
        self.now = NOW
        self.waits: list[float] = []
        self.most = waits
        self.meanwhile: Callable[[int], None] = lambda _: None

    def wait(self, seconds: float) -> None:
        if len(self.waits) == self.most:
            raise KeyboardInterrupt
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)
        self.meanwhile(len(self.waits))


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time(3)
    monkeypatch.setattr(clock, "utc_now", lambda: time.now)
    monkeypatch.setattr(clock, "wait", time.wait)
    return time


class Shown:
    """Keeps what it is shown."""

    def __init__(self, most: int = 99) -> None:
        self.shown: list[tuple[str, str]] = []
        self.most = most

    def show(self, seen: Seen, failure: str) -> bool:
        self.shown.append((seen.text, failure))
        return len(self.shown) < self.most


def seen(text: str, status: ExitStatus = ExitStatus.NOTHING_WRONG, at: datetime = NOW) -> Seen:
    return Seen(text, f"The sentence of {text}.", status, at)


def looks(*each: Seen | Exception) -> Callable[[], Seen]:
    rest: Iterator[Seen | Exception] = iter(each)

    def look() -> Seen:
        found = next(rest)
        if isinstance(found, Exception):
            raise found
        return found

    return look


def test_it_looks_shows_and_waits_until_it_is_interrupted(time: Time) -> None:
    screen = Shown()
    last = seen("d", ExitStatus.FINDINGS)
    assert watch(looks(seen("a"), seen("b"), seen("c"), last), screen, 10) is ExitStatus.FINDINGS
    assert screen.shown == [("a", ""), ("b", ""), ("c", ""), ("d", "")]
    assert time.waits == [10, 10, 10]


@pytest.mark.usefixtures("time")
def test_a_look_that_fails_leaves_the_last_one_standing() -> None:
    screen = Shown()
    failed = CannotLookError("no connection.")
    assert watch(looks(seen("a"), failed, failed, seen("b")), screen, 10) is ExitStatus.NOTHING_WRONG
    assert screen.shown == [("a", ""), ("a", "no connection."), ("a", "no connection."), ("b", "")]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (ExitStatus.NOTHING_WRONG, ExitStatus.COULD_NOT_LOOK),
        (ExitStatus.FINDINGS, ExitStatus.FINDINGS),
        (ExitStatus.COULD_NOT_LOOK, ExitStatus.COULD_NOT_LOOK),
    ],
)
@pytest.mark.usefixtures("time")
def test_what_nobody_could_look_at_last_is_not_known_to_be_right(status: ExitStatus, expected: ExitStatus) -> None:
    failed = CannotLookError("no connection.")
    assert watch(looks(seen("a", status), failed, failed, failed), Shown(), 10) is expected


@pytest.mark.usefixtures("time")
def test_a_first_look_that_fails_is_a_failure() -> None:
    with pytest.raises(CannotLookError):
        watch(looks(CannotLookError("no stack.")), Shown(), 10)


def test_it_ends_when_nobody_reads_any_more(time: Time) -> None:
    watch(looks(seen("a"), seen("b")), Shown(most=2), 10)
    assert len(time.waits) == 1


def test_ctrl_c_while_it_looks_ends_it_too(time: Time) -> None:
    def look() -> Seen:
        if time.waits:
            raise KeyboardInterrupt
        return seen("a", ExitStatus.FINDINGS)

    assert watch(look, Shown(), 10) is ExitStatus.FINDINGS


def drawn(console: Console, what: Seen, failure: str = "") -> list[str]:
    texts: list[Text] = []
    assert Redrawn(texts.append, console, 10).show(what, failure)
    return texts[-1].plain.splitlines()


def terminal(height: int = 24, width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height)


def test_a_terminal_shows_the_answer_first() -> None:
    rows = drawn(terminal(), seen("one\ntwo"))
    assert rows == ["Every 10 s; Ctrl-C ends. The sentence of one two.", "one", "two"]


@pytest.mark.usefixtures("time")
def test_a_terminal_shows_since_when_nothing_new_was_learned() -> None:
    old = seen("one", at=NOW - timedelta(seconds=40))
    rows = drawn(terminal(), old, "no connection\x1b[2J.")
    assert rows[1].startswith("Stale for 40 s, since 12 May 2026, 09:59 UTC: no connection")
    assert "\x1b" not in "".join(rows)


def test_what_a_terminal_has_no_room_for_is_counted() -> None:
    rows = drawn(terminal(height=8), seen("\n".join(f"row {n}" for n in range(40))))
    assert len(rows) <= 8
    assert rows[-1] == "(35 more lines: ses-monitor status)"
    assert drawn(terminal(height=1, width=10), seen("a" * 30))


def test_watching_on_a_terminal_leaves_the_last_status_on_it(time: Time, capsys: pytest.CaptureFixture[str]) -> None:
    console = terminal()
    status = watching.watch_on(console, looks(*(seen(each) for each in "abcd")), 10)
    assert status is ExitStatus.NOTHING_WRONG
    assert len(time.waits) == 3
    assert capsys.readouterr().out == "d\n"
    assert isinstance(console.file, io.StringIO)
    written = console.file.getvalue()
    assert written.count("\x1b[?1049h") == written.count("\x1b[?1049l") == 1, "the screen is given back"


@pytest.mark.usefixtures("deployed")
def test_in_a_pipe_each_status_follows_the_other_without_control_codes(run: Run, time: Time) -> None:
    audited(1, ap_southeast_2=HEALTHY)
    # `run` stops the clock; here it moves.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "utc_now", lambda: time.now)
        result = run("status", "--watch")
    assert result.stdout.count("Amazon SES · stack ses-monitor") == 4
    assert "\x1b" not in result.stdout
    assert time.waits == [10, 10, 10]
    assert "10:00 UTC" in result.stdout


@pytest.mark.usefixtures("deployed")
def test_each_document_is_a_line(run: Run, time: Time) -> None:
    audited(1)
    result = run("status", "--watch", "60", "--json")
    assert result.exit_code == 1
    documents = [json.loads(row) for row in result.stdout.splitlines()]
    assert [each["schema"] for each in documents] == [1, 1, 1, 1]
    assert time.waits == [60, 60, 60]


@pytest.mark.usefixtures("deployed")
def test_a_table_that_cannot_be_read_for_a_while_is_said_beside_it(
    run: Run, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ses_monitor.store.queries import Queries

    audited(1, ap_southeast_2=with_account())
    real = Queries.regions

    def regions(self: Queries) -> object:
        if len(time.waits) in {1, 2}:
            raise CannotLookError("no connection could be made.")
        return real(self)

    monkeypatch.setattr(Queries, "regions", regions)
    result = run("status", "--watch", "5")
    assert result.stdout.count("Amazon SES · ") == 2
    assert result.stderr.count("no connection could be made") == 2
    assert "Stale for" in result.stderr


@pytest.mark.parametrize("arguments", [("10",), ("--watch", "1"), ("--watch", "4000"), ("--watch", "soon")])
def test_how_often_is_a_number_of_seconds_that_goes_with_watch(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("status", *arguments).exit_code == 2
