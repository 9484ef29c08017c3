"""Whom to ask, and within which bounds."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import dns.exception
import dns.resolver

RESOLVERS = "SES_MONITOR_RESOLVERS"
PORT = "SES_MONITOR_DNS_PORT"
DNS_PORT = 53

Address = tuple[str, int]
"""An IP address and a port."""

_ACCEPTED = (
    "empty (the system's resolvers), or hosts separated by commas, each with a port if it is not 53, "
    "such as 192.0.2.53,127.0.0.1:5353,[2001:db8::53]:5353"
)
_HOST_AND_PORT = re.compile(r"^(?:\[(?P<bracketed>[^\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>\d{1,5}))?$")
_MOST_RESOLVERS = 8


class DnsSettingsError(ValueError):
    """A variable of the environment is wrong. The message names it and what it accepts."""

    def __init__(self, variable: str, value: str, accepted: str) -> None:
        """Say which variable, what it is now, and what it may be."""
        super().__init__(f"{variable} is {value[:100]!r}; it must be {accepted}")
        self.variable = variable


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """Whom to ask, and within which bounds.

    `resolvers` are asked in this order, the next one when one fails; none means that nothing can be found out.
    `port` is where the authoritative servers of every zone listen. A server that answers nothing within
    `timeout_s` seconds is silent. `lifetime_s` bounds one call of `prove`: what was not asked by then counts as
    timed out. Of a zone's servers at most `most_servers` are asked. Unless `private_servers`, no query goes to a
    name server at an address that is not public: whoever owns a domain chooses where its delegation points.
    """

    resolvers: tuple[Address, ...] = ()
    port: int = DNS_PORT
    private_servers: bool = False
    concurrency: int = 64
    timeout_s: float = 2.0
    resolver_timeout_s: float = 5.0
    lifetime_s: float = 120.0
    most_servers: int = 8

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> DnsSettings:
        """Read `SES_MONITOR_RESOLVERS` (default: the system's) and `SES_MONITOR_DNS_PORT` (default: 53).

        Whoever sets the port serves the zones himself: then private addresses are asked too.

        Raises:
            DnsSettingsError: one of the variables is wrong.
        """
        text = environment.get(RESOLVERS, "").strip()
        port = environment.get(PORT, "").strip()
        return cls(
            resolvers=_resolvers(text) if text else _system_resolvers(),
            port=_port(port, PORT, "a port from 1 to 65535") if port else DNS_PORT,
            private_servers=bool(port),
        )


def _resolvers(text: str) -> tuple[Address, ...]:
    addresses = tuple(dict.fromkeys(_address(each.strip()) for each in text.split(",") if each.strip()))
    if not addresses:
        raise DnsSettingsError(RESOLVERS, text, _ACCEPTED)
    return addresses[:_MOST_RESOLVERS]


def _address(text: str) -> Address:
    if _is_address(text):  # an IPv6 address without brackets has colons of its own
        return text, DNS_PORT
    matched = _HOST_AND_PORT.match(text)
    if matched is None:
        raise DnsSettingsError(RESOLVERS, text, _ACCEPTED)
    host = matched["bracketed"] or matched["host"]
    port = _port(matched["port"], RESOLVERS, _ACCEPTED) if matched["port"] else DNS_PORT
    if _is_address(host):
        return host, port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):  # UnicodeError: no host name at all
        raise DnsSettingsError(RESOLVERS, text, f"{_ACCEPTED}; this host was not found") from None
    return str(found[0][4][0]), port


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _port(text: str, variable: str, accepted: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:6]) <= 65535:
        raise DnsSettingsError(variable, text, accepted)
    return int(text)


def _system_resolvers() -> tuple[Address, ...]:
    try:
        configured = dns.resolver.Resolver().nameservers
    except (dns.exception.DNSException, OSError):
        return ()  # a machine without resolvers: every question will say so
    return tuple((each, DNS_PORT) for each in configured if isinstance(each, str))[:_MOST_RESOLVERS]
