"""AWS clients, one per service and region, with the timeouts and retries of somebody who watches and waits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_account import AccountClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ses import SESClient
    from mypy_boto3_sesv2 import SESV2Client

READING = Config(
    connect_timeout=2,
    read_timeout=4,
    # SES allows about one control request a second: two more tries span that second, more would be rude.
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra="ses-monitor",
)
"""For reads of SES and CloudWatch; seconds. A region that hangs costs at most three timeouts, and only itself."""

UNRETRIED = Config(
    connect_timeout=2,
    read_timeout=6,
    retries={"mode": "standard", "total_max_attempts": 1},
    user_agent_extra="ses-monitor",
)
"""For paced reads of SES: the pacer retries, because retries that the SDK makes fall out of the pace; seconds."""

WRITING = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 5},
    user_agent_extra="ses-monitor",
)
"""For our own table, topics and queues, where trying longer is better than losing the work done; seconds."""


class Clients:
    """Makes each client once and keeps it, for as long as the process lives.

    Endpoints, credentials and the CA bundle come from boto3's own environment variables. Making a client from a
    session is not thread-safe, using one is: hence the lock.
    """

    def __init__(self, session: boto3.Session | None = None) -> None:
        """Use `session`, or boto3's ordinary credential chain."""
        self.session = session or boto3.Session()
        self._made: dict[tuple[str, str, Config], Any] = {}
        self._lock = threading.Lock()

    def _client(self, service: str, region: str, config: Config = READING) -> Any:  # noqa: ANN401 - the public methods give each its type
        with self._lock:
            key = (service, region, config)
            if key not in self._made:
                self._made[key] = self.session.client(cast("Any", service), region_name=region, config=config)
            return self._made[key]

    def sesv2(self, region: str) -> SESV2Client:
        """Return the client of the current SES API in `region`."""
        return cast("SESV2Client", self._client("sesv2", region))

    def ses(self, region: str) -> SESClient:
        """Return the client of the first SES API, for what the current one does not have."""
        return cast("SESClient", self._client("ses", region))

    def unretried_sesv2(self, region: str) -> SESV2Client:
        """Return the client of the current SES API for use with a `Pacer`."""
        return cast("SESV2Client", self._client("sesv2", region, UNRETRIED))

    def unretried_ses(self, region: str) -> SESClient:
        """Return the client of the first SES API for use with a `Pacer`."""
        return cast("SESClient", self._client("ses", region, UNRETRIED))

    def cloudwatch(self, region: str) -> CloudWatchClient:
        """Return the CloudWatch client in `region`."""
        return cast("CloudWatchClient", self._client("cloudwatch", region))

    def account(self, region: str) -> AccountClient:
        """Return the Account Management client; it serves a whole partition from one region."""
        return cast("AccountClient", self._client("account", region))
