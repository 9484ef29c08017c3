"""The table as publishing and delivering know it: now and then it is busy, fails, or its answer is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.month.channels import Clock, Weather

TABLE_FAULTS = ("table throttles", "table 500", "table answer lost", "table leaves keys")
SHARE = 0.25
"""Of the weather's faults: a delivery asks the table ten times for each message."""
_REFUSALS = {"table throttles": "ProvisionedThroughputExceededException", "table 500": "InternalServerError"}
_OF_THE_LEDGER = ("TOLD#", "ALERT#", "THREAD#")


class ShakyTable:
    """A client that fails as boto3 does once its own retries are used up.

    `forgets` is called where a channel was perhaps told something that the ledger does not know, or not for sure.
    """

    def __init__(self, client: Any, clock: Clock, weather: Weather) -> None:
        self._client = client
        self._clock = clock
        self._weather = weather
        self.forgets: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_item(self, **request: Any) -> Any:
        return self._write("PutItem", self._client.put_item, request, request["Item"])

    def delete_item(self, **request: Any) -> Any:
        return self._write("DeleteItem", self._client.delete_item, request, request["Key"])

    def get_item(self, **request: Any) -> Any:
        self._refuse("GetItem", self._fault(*_REFUSALS))
        return self._client.get_item(**request)

    def batch_get_item(self, **request: Any) -> Any:
        fault = self._fault(*_REFUSALS, "table leaves keys")
        self._refuse("BatchGetItem", fault)
        if not fault:
            return self._client.batch_get_item(**request)
        ((name, asked),) = request["RequestItems"].items()
        half = len(asked["Keys"]) // 2
        read, left = ({name: {**asked, "Keys": some}} for some in (asked["Keys"][:half], asked["Keys"][half:]))
        found = self._client.batch_get_item(RequestItems=read)["Responses"] if half else {name: []}
        return {"Responses": found, "UnprocessedKeys": left}

    def _write(self, operation: str, write: Callable[..., Any], request: Mapping[str, Any], key: Any) -> Any:
        fault = self._fault(*_REFUSALS, "table answer lost")
        if fault and key["pk"]["S"].startswith(_OF_THE_LEDGER):
            self.forgets()
        self._refuse(operation, fault)
        answer = write(**request)
        if fault:
            raise ReadTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com/")
        return answer

    def _fault(self, *kinds: str) -> str:
        self._clock.pass_(0.004)
        return self._weather.strikes(*kinds) if self._weather.chance.random() < SHARE else ""

    def _refuse(self, operation: str, fault: str) -> None:
        if fault in _REFUSALS:
            self._clock.pass_(2)
            raise ClientError({"Error": {"Code": _REFUSALS[fault], "Message": "made up"}}, operation)
