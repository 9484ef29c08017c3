"""`dns` proves one domain without any AWS: by its own name servers, and by the resolver."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import Result

from ses_monitor.collect.dns import DnsSettings
from simulator.server import Simulator
from simulator.world import WORLDS
from tests.build import NOW
from tests.cli.conftest import Run, is_to_paste

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
Ask = Callable[..., Result]
Find = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    """A domain for each thing that can be wrong in the DNS."""
    with Simulator(WORLDS / "identities.yaml", clock=lambda: NOW) as simulator:
        yield simulator


@pytest.fixture
def ask(run: Run, world: Simulator, monkeypatch: pytest.MonkeyPatch, nowhere: str) -> Ask:
    """Ask the simulated DNS, without credentials and with an AWS that nobody could reach."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere)
    return lambda *arguments, **more: run("dns", *arguments, *servers(world), **more)


@pytest.fixture
def find(ask: Ask) -> Find:
    """Return the document."""

    def find(*arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(ask(*arguments, "--json").stdout)
        return found

    return find


def servers(simulator: Simulator) -> tuple[str, ...]:
    return (
        "--resolver",
        f"{simulator.dns.resolver}:{simulator.dns.port}",
        "--dns-port",
        str(simulator.dns.port),
    )


def easy_dkim(prefix: str) -> tuple[str, ...]:
    return tuple(word for letter in "abc" for word in ("--dkim-token", prefix + letter))


def tags(found: dict[str, Any]) -> list[str]:
    return [each["tag"] for each in found["findings"]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("chain.example", *easy_dkim("chain")), []),
        (("CHAIN.Example.", *easy_dkim("chain"), "--dkim-zone", "dkim.amazonses.com", "--region", "eu-west-1"), []),
        (("dkim-missing.example", *easy_dkim("missing")), ["DKIM_RECORD_MISSING"]),
        (("dkim-doubled.example", *easy_dkim("doubled")), ["DKIM_NAME_DOUBLED"]),
        (("dkim-underscore.example", *easy_dkim("underscore")), ["DKIM_UNDERSCORE_LOST"]),
        (("dkim-type.example", *easy_dkim("type")), ["DKIM_WRONG_TYPE"]),
        (("dkim-proxied.example", *easy_dkim("proxied")), ["DKIM_WRONG_TYPE"]),
        (("dkim-target.example", *easy_dkim("target")), ["DKIM_WRONG_TARGET"]),
        (("dkim-broken.example", *easy_dkim("broken")), ["DKIM_TARGET_BROKEN"]),
        (("dkim-late.example", *easy_dkim("late")), ["NOT_YET_VISIBLE"]),
        (("txt-missing.example", "--txt-token", "token-of-txt-missing"), ["TXT_TOKEN_MISSING"]),
        (("txt-doubled.example", "--txt-token", "token-of-txt-doubled"), ["TXT_NAME_DOUBLED"]),
        (("txt-altered.example", "--txt-token", "token-of-txt-altered"), ["TXT_TOKEN_ALTERED"]),
        (("txt-lower.example", "--txt-token", "Token/Of+TXT-Lower="), ["TXT_TOKEN_LOWERCASED"]),
        (("txt-several.example", "--txt-token", "amazonses:token-of-txt-several"), []),
        (("mx-missing.example", "--mail-from", "bounce.mx-missing.example"), ["MAIL_FROM_MX_MISSING"]),
        (("mx-extra.example", "--mail-from", "bounce.mx-extra.example"), ["MAIL_FROM_MX_EXTRA"]),
        (("mx-wrong.example", "--mail-from", "Bounce.MX-wrong.example."), ["MAIL_FROM_MX_WRONG"]),
        (("spf-missing.example", "--mail-from", "bounce.spf-missing.example"), ["MAIL_FROM_SPF_MISSING"]),
        (("spf-lacks.example", "--mail-from", "bounce.spf-lacks.example"), ["MAIL_FROM_SPF_LACKS_SES"]),
        (("dmarc-missing.example",), ["DMARC_MISSING"]),
        (("dmarc-none.example",), ["DMARC_NONE"]),
        (("gone.example", *easy_dkim("x")), ["DOMAIN_NOT_FOUND"]),
        (("undelegated.example", *easy_dkim("x")), ["NOT_DELEGATED"]),
        (("disagree.example",), ["NAME_SERVERS_DISAGREE"]),
        (("bogus.example",), ["DNSSEC_BOGUS"]),
        (("bücher.example",), []),
        (("healthy.example",), []),
    ],
)
def test_each_trouble_of_a_domain_is_found_by_its_name(
    find: Find, arguments: tuple[str, ...], expected: list[str]
) -> None:
    assert tags(find(*arguments)) == expected


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("chain.example", *easy_dkim("chain")), 0),
        (("dkim-missing.example", *easy_dkim("missing")), 1),
        (("dmarc-missing.example",), 0),
        (("dmarc-missing.example", "--fail-on", "warning"), 1),
        (("gone.example",), 1),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_the_exit_status_says_whether_something_is_bad_enough(
    ask: Ask, arguments: tuple[str, ...], form: tuple[str, ...], status: int
) -> None:
    result = ask(*arguments, *form)
    assert result.exit_code == status
    assert result.stderr == ""


def test_the_document_has_exactly_the_fields_that_were_promised(find: Find) -> None:
    found = find("undelegated.example", *easy_dkim("x"), "--region", "eu-south-1")
    assert list(found) == ["schema", "findings", "unknown"]
    assert found["schema"] == 1
    finding = ("check", "tag", "severity", "region", "subject", "text", "cause", "remediation", "evidence")
    assert {tuple(each) for each in found["findings"]} == {finding}
    assert {each["region"] for each in found["findings"]} == {"eu-south-1"}
    assert {tuple(each) for each in found["unknown"]} == {("check", "region", "subject", "reason")}
    assert {each["region"] for each in find("dmarc-missing.example")["findings"]} == {""}


def test_a_finding_carries_the_record_the_servers_and_their_answers(find: Find) -> None:
    found = find("dkim-missing.example", *easy_dkim("missing"), "--region", "af-south-1")["findings"]
    told = json.dumps(next(each for each in found if each["tag"] == "DKIM_RECORD_MISSING"))
    assert "missingb._domainkey.dkim-missing.example. CNAME missingb.dkim.af-south-1.amazonses.com." in told
    assert "ns1.dns.example (127.0.1." in told
    assert "no such name" in told


def test_the_zone_can_be_given_where_the_region_has_another(find: Find) -> None:
    given = find("dkim-missing.example", *easy_dkim("missing"), "--dkim-zone", "DKIM.eu-west-1.amazonses.com")
    assert "missingb.dkim.eu-west-1.amazonses.com." in json.dumps(given)


def test_no_text_speaks_of_a_region_that_was_not_named(find: Find) -> None:
    (finding,) = find("txt-missing.example", "--txt-token", "token-of-txt-missing")["findings"]
    told = " ".join([finding["text"], finding["cause"], *finding["remediation"]])
    assert "in REGION" in told
    assert "--region REGION" in told
    assert "--region ''" not in told


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("dns_doubled.txt", ("dkim-doubled.example", *easy_dkim("doubled"), "--region", "eu-west-1")),
        ("dns_disagree.txt", ("disagree.example",)),
        ("dns_healthy.txt", ("chain.example", *easy_dkim("chain"), "--mail-from", "bounce-eu-west-1.chain.example")),
        ("dns_gone.txt", ("gone.example", *easy_dkim("x"))),
    ],
)
def test_an_answer_looks_like_this(
    ask: Ask, golden: Callable[[str, str], None], name: str, arguments: tuple[str, ...]
) -> None:
    golden(name, ask(*arguments).stdout)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_prose_is_never_wider_than_the_terminal(ask: Ask, columns: int) -> None:
    shown = ask("dmarc-none.example", columns=columns).stdout
    prose, _, _ = shown.partition("ASKED")
    assert "DMARC_NONE" in prose
    for row in prose.splitlines():
        assert is_to_paste(row) or len(row) <= columns


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("example",), ("'example'", "single label", "example.com")),
        (("https://shop.example.com/",), ("web address",)),
        (("ada@shop.example.com",), ("mail address", "@")),
        (("192.0.2.1",), ("IP address",)),
        (("",), ("is empty",)),
        (("a..example.com",), ("empty label",)),
        (("a.-b.example.com",), ("'-b'", "letters")),
        (("a b.example.com",), ("'a b'",)),
        (("a\u202eb.example.com",), ("no domain may have",)),
        (("x" * 64 + ".example.com",), ("64 characters", "63")),
        (("x." * 127 + "example.com",), ("265 characters", "253")),
        (("shop.example.com", "--dkim-token", "no token"), ("--dkim-token", "'no token'")),
        (("shop.example.com", "--dkim-token", "www.example.org"), ("--dkim-token", "token alone")),
        (("shop.example.com", "--dkim-zone", "zone"), ("--dkim-zone", "single label")),
        (("shop.example.com", "--mail-from", "bounce"), ("--mail-from", "single label")),
        (("shop.example.com", "--txt-token", "a b"), ("--txt-token", "verification token")),
        (("shop.example.com", "--region", "mars"), ("--region", "eu-west-1")),
        (("shop.example.com", "--dns-port", "70000"), ("--dns-port", "65535")),
        (("shop.example.com", "--resolver", "127.0.0.1:x"), ("--resolver", "127.0.0.1:x")),
        (("shop.example.com", "--fail-on", "fatal"), ("critical",)),
        ((), ("DOMAIN",)),
    ],
)
def test_bad_usage_is_named_with_what_is_accepted(run: Run, arguments: tuple[str, ...], says: tuple[str, ...]) -> None:
    result = run("dns", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    told = " ".join(result.stderr.replace("│", " ").split())
    for words in says:
        assert words in told


@pytest.mark.parametrize(
    "token", ["abc", "abc._domainkey.shop.example.com", "abc.dkim.eu-west-1.amazonses.com.", "abc._domainkey"]
)
def test_a_token_may_come_as_the_record_it_belongs_to(find: Find, token: str) -> None:
    (finding,) = find("gone.example", "--dkim-token", token)["findings"]
    assert finding["tag"] == "DOMAIN_NOT_FOUND"


@pytest.fixture
def deaf() -> Iterator[str]:
    """A resolver that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_where_nothing_could_be_asked_nothing_is_claimed(
    run: Run, deaf: str, form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # People wait for half a minute; how long is waited for what never comes is no matter of this test.
    impatient = replace(DnsSettings.from_environment({"SES_MONITOR_RESOLVERS": deaf}), resolver_timeout_s=0.2)
    monkeypatch.setattr("ses_monitor_cli.verbs.dns.dns_settings", lambda *_: impatient)
    result = run("dns", "shop.example.com", *easy_dkim("x"), "--resolver", deaf, *form)
    assert result.exit_code == 3
    assert "nothing could be asked" in result.stderr
    assert result.stderr.count("\n") == 1
    if form:
        found = json.loads(result.stdout)
        assert found["findings"] == []
        assert "dns.dkim_records" in {each["check"] for each in found["unknown"]}
    else:
        assert "COULD NOT SEE" in result.stdout


def test_each_record_to_publish_stands_on_a_line_of_its_own(ask: Ask) -> None:
    rows = [row.strip() for row in ask("dkim-doubled.example", *easy_dkim("doubled"), columns=50).stdout.splitlines()]
    for letter in "abc":
        record = f"doubled{letter}._domainkey.dkim-doubled.example. CNAME doubled{letter}.dkim.amazonses.com."
        assert rows.count(record) == 1


def test_servers_that_fail_never_mean_that_a_record_is_missing(find: Find) -> None:
    found = find("all-silent.example", *easy_dkim("x"))
    assert tags(found) == ["NOT_DELEGATED"]
    assert {"dns.dkim_records", "dns.dmarc"} <= {each["check"] for each in found["unknown"]}


def test_hostile_records_do_nothing_to_the_terminal(run: Run) -> None:
    hostile = "v=DMARC1; [bold red]X[/] \x1b]0;owned\x07\x1b[2J :boom: \u202eevil\r\nFAKE  LINE " + "A" * 2000
    with Simulator({"dns": {"zones": {"shop.example": {"records": {"_dmarc": {"TXT": hostile}}}}}}) as simulator:
        for form in ((), ("--json",)):
            result = run("dns", "shop.example", *servers(simulator), *form)
            assert "DMARC_INVALID" in result.stdout
            assert not CONTROL.search(result.stdout)
            assert not re.search(r"^\s*FAKE  LINE", result.stdout, re.MULTILINE)
            assert "A" * 1000 not in result.stdout.replace("\n", "").replace(" ", "")


def test_what_was_not_given_is_said_to_be_unchecked(ask: Ask) -> None:
    assert "Not checked, because not given: DKIM (--dkim-token), MAIL FROM (--mail-from)." in " ".join(
        ask("healthy.example").stdout.split()
    )
