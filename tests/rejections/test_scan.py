"""A log is scanned as if line by line, whatever the size of the blocks, its ends of lines and its bytes."""

import io
import os
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses_monitor.core.rejection import Rejection
from ses_monitor.rejections import scan as scanning
from ses_monitor.rejections.catalogue import ENTRIES, Entry
from ses_monitor.rejections.reading import find
from ses_monitor.rejections.scan import LONGEST_LINE, SUCCESSES, TRIGGERS, lines_with_triggers, readable, scan

REFUSED = (
    b"554 Message rejected: Email address is not verified. The following identities failed the check in region"
    b" EU-WEST-1: orders@shop.example"
)
EVERY_TEXT = [
    "An error occurred (MessageRejected) when calling the SendEmail operation: Email address is not verified. The"
    " following identities failed the check in region US-EAST-1: a@example.com, b@example.com",
    "MessageRejected: Sending paused for this account. For more information, please check the inbox of the email"
    " address associated with your AWS account.",
    "An error occurred (AccountSendingPausedException) when calling the SendEmail operation: Sending is paused",
    "An error occurred (SendingPausedException) when calling the SendEmail operation: Sending is paused for configuration"
    " set letters",
    "An error occurred (AccountSuspendedException) when calling the SendEmail operation: The account is suspended",
    "An error occurred (ConfigurationSetDoesNotExist) when calling the SendEmail operation: Configuration set <letters>"
    " does not exist.",
    "An error occurred (MailFromDomainNotVerifiedException) when calling the SendEmail operation: Mail FROM domain is not"
    " verified",
    "An error occurred (Throttling) when calling the SendEmail operation: Maximum sending rate exceeded.",
    "An error occurred (TooManyRequestsException) when calling the SendEmail operation: Too many requests",
    "An error occurred (TemplateDoesNotExist) when calling the SendTemplatedEmail operation: Template welcome does not"
    " exist",
    "421 Too many concurrent SMTP connections",
    "451 Temporary service failure",
    "451 Timeout waiting for data from client",
    "454 Throttling failure: Daily message quota exceeded",
    "454 Throttling failure: Maximum SigV2 SMTP sending rate exceeded",
    "454 Temporary authentication failure",
    "530 Authentication required",
    "535 Authentication Credentials Invalid",
    "535 Account not subscribed to SES",
    "552 Message is too long.",
    "553 <ada@example.org> Invalid email address",
    "553 <ada@example.org> address unknown",
    "554 Access denied: User arn:aws:iam::111122223333:user/mailer is not authorized to perform ses:SendRawEmail on"
    " resource arn:aws:ses:eu-west-1:111122223333:identity/shop.example",
]


def by_line(log: bytes) -> list[tuple[int, bytes]]:
    lines = [line[:LONGEST_LINE] for line in log.split(b"\n")]
    return [(number, line) for number, line in enumerate(lines, 1) if TRIGGERS.search(line)]


def numbers(log: bytes, block: int = scanning.BLOCK) -> list[int]:
    return [found.line for found in scan(io.BytesIO(log), block=block)]


@pytest.mark.parametrize("text", EVERY_TEXT)
def test_every_text_of_ses_is_found_in_a_log(text: str) -> None:
    log = f"nothing here\nmail: {text}\nnor here\n".encode()
    assert by_line(log) == [(2, f"mail: {text}".encode())], "no trigger is in it"


@pytest.mark.parametrize("text", EVERY_TEXT)
def test_a_text_is_read_from_a_log_as_it_is_read_alone(text: str) -> None:
    found = [(each.line, each.text, each.rejection) for each in scan(io.BytesIO(f"GET /\n{text}\n".encode()))]
    alone = find(text)
    assert found == ([] if alone is None else [(2, text, alone)])


@pytest.mark.parametrize("entry", [each for each in ENTRIES if each.tag not in SUCCESSES], ids=lambda each: each.tag)
def test_everything_in_the_catalogue_has_a_word_that_is_searched_for(entry: Entry) -> None:
    for saying in entry.says:
        assert not saying.text or TRIGGERS.search(saying.text.encode()), saying.text
        assert not saying.code or TRIGGERS.search(f"{saying.code}: an older text".encode()), saying.code


piece = st.sampled_from(
    [b"x", b"\n", b"\r\n", b"not verified", b"exceeded", b"Message rejected", b"\xff\x00", b" ", b"\x1b[31m", REFUSED]
)


@given(st.lists(piece | st.binary(max_size=5), max_size=60).map(b"".join), st.integers(1, 300))
@settings(max_examples=300, deadline=None)
def test_blocks_of_any_size_give_what_line_by_line_gives(log: bytes, block: int) -> None:
    assert list(lines_with_triggers(io.BytesIO(log), block=block)) == by_line(log)


@given(
    st.lists(st.sampled_from([b"a", b"\n", REFUSED, REFUSED + b"\r"]), max_size=30).map(b"\n".join), st.integers(1, 99)
)
@settings(max_examples=50, deadline=None)
def test_what_is_found_does_not_depend_on_the_blocks(log: bytes, block: int) -> None:
    expected = [number for number, line in enumerate(log.split(b"\n"), 1) if line.startswith(b"554")]
    assert numbers(log, block) == numbers(log) == expected


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_each_end_of_a_line_is_known_and_the_last_may_have_none(end: bytes) -> None:
    [found] = scan(io.BytesIO(b"first\r\n" + REFUSED + end))
    assert (found.line, found.text) == (2, REFUSED.decode())


def test_colours_are_no_part_of_the_text() -> None:
    [found] = scan(io.BytesIO(b"\x1b[1;31m" + REFUSED + b"\x1b[0m\x1b[K\n"))
    assert found.text == REFUSED.decode()


def test_a_binary_file_is_no_trouble() -> None:
    assert numbers(bytes(range(256)) * 5000) == []
    assert numbers(b"\xff\xfe\x00\n" + REFUSED + b"\n\x00\x80") == [2]


@pytest.mark.parametrize("block", [4096, LONGEST_LINE, 1 << 20])
def test_of_a_line_without_end_only_the_beginning_is_read_and_the_next_ones_number_is_right(block: int) -> None:
    endless = b"a" * (3 << 20) + REFUSED
    log = REFUSED + b" " + endless + b"\n" + endless + b"\n" + REFUSED
    found = list(scan(io.BytesIO(log), block=block))
    assert [each.line for each in found] == [1, 3]
    assert all(len(each.text) <= LONGEST_LINE for each in found)


@pytest.mark.parametrize("before", [-1, 0, 1])
def test_words_that_the_cut_goes_through_are_not_read(before: int) -> None:
    word = b"exceeded"[1:]
    log = b"a" * (LONGEST_LINE - len(word) + before) + word + b"\nend"
    for block in (1000, 1 << 20):
        assert list(lines_with_triggers(io.BytesIO(log), block=block)) == by_line(log)
    assert len(by_line(log)) == (before <= 0)


def test_little_is_kept_of_a_large_log() -> None:
    class Endless(io.RawIOBase):
        """Lets nobody read more than it is asked for, and counts."""

        blocks = 0

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= 1 << 20
            self.blocks += 1
            return b"a" * size if self.blocks < 200 else b""

    assert list(scan(Endless())) == []  # type: ignore[arg-type] # as far as it is one


def test_a_log_that_grows_is_told_of_as_it_grows() -> None:
    out, into = os.pipe()
    with os.fdopen(out, "rb") as log:
        found: Iterator[scanning.Found] = scan(log)
        os.write(into, b"first\n" + REFUSED + b"\n")
        watchdog = threading.Timer(30, os.close, [into])
        watchdog.start()
        first = next(found).line
        still_open = watchdog.is_alive()
        watchdog.cancel()
        assert (first, still_open) == (2, True)
        os.write(into, REFUSED + b"\n")
        os.close(into)
        assert [each.line for each in found] == [3]


def test_successes_are_not_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    for tag, count in (("DELIVERED", 0), ("AUTHENTICATED", 0), ("SENDER_UNVERIFIED", 1), ("UNRECOGNISED", 1)):
        monkeypatch.setattr(scanning, "find", lambda text, tag=tag: Rejection(tag, text))
        assert len(list(scan(io.BytesIO(REFUSED)))) == count


def test_of_a_relay_to_ses_the_mail_that_was_taken_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = (
        b"postfix/smtp[7]: 4A: relay=email-smtp.eu-west-1.amazonaws.com[192.0.2.7]:587, status=sent (250 Ok 0102-1)\n"
    )
    read: list[str] = []
    monkeypatch.setattr(scanning, "find", read.append)
    assert list(scan(io.BytesIO(taken * 3 + REFUSED))) == []
    assert read == [REFUSED.decode()]


def test_a_stream_that_fails_is_not_taken_for_its_end() -> None:
    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read1(size)

    found = scan(Broken(REFUSED + b"\n" + b"a" * 100), block=len(REFUSED) + 1)
    assert next(found).line == 1
    with pytest.raises(OSError, match="Input/output error"):
        next(found)


def test_readable_text_is_bounded() -> None:
    assert len(readable(b"\xff" * (LONGEST_LINE + 10))) == LONGEST_LINE
