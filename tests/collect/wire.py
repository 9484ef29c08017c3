"""AWS clients whose answers are given by the test: a stub held to the service model, or the bare wire."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.stub import Stubber

from ses_monitor.collect.clients import Clients
from ses_monitor.collect.cloudwatch import read_reputation
from ses_monitor.collect.regions import find_regions
from ses_monitor.collect.ses import read_account, read_has_verified_identity, read_statistics
from ses_monitor.core.observed import Observed

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
ONCE = Config(retries={"total_max_attempts": 1})


class Body(io.BytesIO):
    """The part of urllib3's response that botocore reads."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


@cache
def shared_session() -> boto3.Session:
    """One session reads the service models once."""
    return boto3.Session()


def client_of(service: str, session: boto3.Session | None = None) -> Any:
    made: Any = (session or shared_session()).client(service, region_name="eu-west-1", config=ONCE)  # type: ignore[call-overload]  # a name only known here
    return made


def answering(client: Any, status: int, body: bytes) -> Any:
    """Let every request of `client` be answered with these bytes."""

    def answer(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, status, HTTPHeaders(), Body(body))

    client.meta.events.register("before-send", answer)
    return client


def failing(client: Any, error: Exception) -> Any:
    """Let every request of `client` fail on its way."""

    def fail(**_: Any) -> None:
        raise error

    client.meta.events.register("before-send", fail)
    return client


@dataclass
class FakeClients(Clients):
    """Gives out clients made by a test; all else is as in `Clients`."""

    made: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(shared_session())

    def _client(self, service: str, region: str, config: Any = None) -> Any:  # noqa: ARG002 - one for all regions
        return self.made[service]


@dataclass(frozen=True)
class Reader:
    """One of the readers, so that all of them can be put through the same faults."""

    action: str
    service: str
    operation: str
    read: Callable[[Any], Observed[Any]]

    def __str__(self) -> str:
        return self.action


def _listing(client: Any) -> Observed[Any]:
    return find_regions(FakeClients(made={"account": client}), "eu-west-1").listing


READERS = [
    Reader("ses:GetAccount", "sesv2", "get_account", lambda client: read_account(client, "eu-west-1")),
    Reader("ses:GetSendStatistics", "ses", "get_send_statistics", lambda client: read_statistics(client, "eu-west-1")),
    Reader(
        "ses:ListEmailIdentities",
        "sesv2",
        "list_email_identities",
        lambda client: read_has_verified_identity(client, "eu-west-1"),
    ),
    Reader(
        "cloudwatch:GetMetricData",
        "cloudwatch",
        "get_metric_data",
        lambda client: read_reputation(client, "eu-west-1", NOW),
    ),
    Reader("account:ListRegions", "account", "list_regions", _listing),
]


def stubbed(service: str) -> tuple[Any, Stubber]:
    client = client_of(service)
    return client, Stubber(client)
