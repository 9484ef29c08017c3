"""Whom to ask, as the environment says it."""

from collections.abc import Mapping

import pytest

from ses_monitor.collect.dns import DnsSettings, DnsSettingsError

GOOD = (
    ("192.0.2.53", [("192.0.2.53", 53)]),
    ("192.0.2.53:5353", [("192.0.2.53", 5353)]),
    (" 192.0.2.53 , 127.0.0.1:5353 ,", [("192.0.2.53", 53), ("127.0.0.1", 5353)]),
    ("2001:db8::53", [("2001:db8::53", 53)]),
    ("[2001:db8::53]", [("2001:db8::53", 53)]),
    ("[2001:db8::53]:5353", [("2001:db8::53", 5353)]),
    ("192.0.2.53,192.0.2.53", [("192.0.2.53", 53)]),
    ("localhost:5353", [("127.0.0.1", 5353)]),
)


@pytest.mark.parametrize(("text", "resolvers"), GOOD)
def test_resolvers_are_read(text: str, resolvers: list[tuple[str, int]]) -> None:
    found = DnsSettings.from_environment({"SES_MONITOR_RESOLVERS": text}).resolvers
    assert [
        (host.replace("::1", "127.0.0.1"), port) if "localhost" in text else (host, port) for host, port in found
    ] == resolvers


@pytest.mark.parametrize(
    "environment",
    [
        {"SES_MONITOR_RESOLVERS": ","},
        {"SES_MONITOR_RESOLVERS": "192.0.2.53:"},
        {"SES_MONITOR_RESOLVERS": "192.0.2.53:0"},
        {"SES_MONITOR_RESOLVERS": "192.0.2.53:65536"},
        {"SES_MONITOR_RESOLVERS": "192.0.2.53:99999"},
        {"SES_MONITOR_RESOLVERS": "[192.0.2.53"},
        {"SES_MONITOR_RESOLVERS": "1:2:3"},
        {"SES_MONITOR_RESOLVERS": "no host at all"},
        {"SES_MONITOR_DNS_PORT": "0"},
        {"SES_MONITOR_DNS_PORT": "-1"},
        {"SES_MONITOR_DNS_PORT": "65536"},
        {"SES_MONITOR_DNS_PORT": "dns"},
        {"SES_MONITOR_DNS_PORT": "5" * 5000},
        {"SES_MONITOR_DNS_PORT": "\u0665\u0663"},
    ],
)
def test_a_wrong_variable_is_named_with_what_it_accepts(
    environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    (variable,) = environment

    with pytest.raises(DnsSettingsError, match=f"^{variable} is .*it must be ") as caught:
        DnsSettings.from_environment(environment)

    assert caught.value.variable == variable
    assert len(str(caught.value)) < 500


def test_zones_are_asked_at_port_53_and_at_public_addresses_unless_the_port_is_set() -> None:
    usual = DnsSettings.from_environment({"SES_MONITOR_RESOLVERS": "192.0.2.53"})
    assert (usual.port, usual.private_servers) == (53, False)

    own = DnsSettings.from_environment({"SES_MONITOR_RESOLVERS": "192.0.2.53", "SES_MONITOR_DNS_PORT": "5353"})
    assert (own.port, own.private_servers) == (5353, True)


def test_without_a_variable_the_systems_resolvers_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Configured:
        nameservers = ("192.0.2.1", "2001:db8::1")

    monkeypatch.setattr("dns.resolver.Resolver", Configured)
    assert DnsSettings.from_environment({}).resolvers == (("192.0.2.1", 53), ("2001:db8::1", 53))


def test_a_machine_without_resolvers_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    import dns.resolver

    def none() -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr("dns.resolver.Resolver", none)
    assert DnsSettings.from_environment({}).resolvers == ()
