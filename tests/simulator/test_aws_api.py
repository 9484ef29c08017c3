import http.client
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import cbor2
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.session import Session

from simulator.aws_api.app import AwsApi
from simulator.aws_api.operations import OPERATIONS
from simulator.live import LiveWorld
from simulator.loopback import LoopbackServer
from simulator.server import Simulator, SimulatorError
from simulator.world import WorldFacts

Connect = Callable[..., Any]
Run = Callable[..., Simulator]

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260312/{region}/{service}/aws4_request, SignedHeaders=host, Signature=00"
)


def raw(
    simulator: Simulator,
    method: str,
    path: str,
    *,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """One request without the SDK."""
    connection = http.client.HTTPConnection(urlsplit(simulator.api_url).netloc, timeout=5)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def signed(service: str, region: str = "eu-west-1", **headers: str) -> dict[str, str]:
    return {"Authorization": SIGNED.format(region=region, service=service), **headers}


def test_a_healthy_account_reads_as_one(simulator: Simulator, connect: Connect) -> None:
    account = connect(simulator, "sesv2").get_account()
    del account["ResponseMetadata"]
    assert account == {
        "DedicatedIpAutoWarmupEnabled": False,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": True,
        "SendingEnabled": True,
        "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 2880.0},
        "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
    }


def test_everything_an_account_can_say_comes_through(run: Run, connect: Connect) -> None:
    simulator = run(
        {
            "regions": {
                "eu-west-1": {
                    "account": {
                        "production_access": False,
                        "sending_enabled": False,
                        "enforcement": "SOMETHING NEW",
                        "quota": {"max_24_hour": -1},
                        "suppressed_reasons": [],
                        "vdm": {"enabled": True, "optimized_shared_delivery": True},
                        "pricing_plan": "PRO",
                        "details": {
                            "mail_type": "MARKETING",
                            "additional_contacts": ["post@example.com"],
                            "review": {"status": "PENDING", "case_id": "17"},
                        },
                    },
                    "send_statistics": [],
                }
            }
        }
    )
    account = connect(simulator, "sesv2").get_account()
    assert account["EnforcementStatus"] == "SOMETHING NEW"
    assert account["SendQuota"] == {"Max24HourSend": -1.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0}
    assert account["SuppressionAttributes"] == {"SuppressedReasons": []}
    assert account["Details"]["MailType"] == "MARKETING"
    assert account["Details"]["AdditionalContactEmailAddresses"] == ["post@example.com"]
    assert account["Details"]["ReviewDetails"] == {"Status": "PENDING", "CaseId": "17"}
    assert account["VdmAttributes"]["GuardianAttributes"] == {"OptimizedSharedDelivery": "ENABLED"}
    assert account["PricingAttributes"] == {"CurrentPlan": "PRO"}


def test_each_region_answers_for_itself_at_the_same_address(run: Run, connect: Connect) -> None:
    simulator = run({"regions": {"eu-west-1": {"account": {"enforcement": "PROBATION"}}, "us-east-1": {}}})
    assert connect(simulator, "sesv2").get_account()["EnforcementStatus"] == "PROBATION"
    assert connect(simulator, "sesv2", "us-east-1").get_account()["EnforcementStatus"] == "HEALTHY"
    assert connect(simulator, "sesv2", "us-east-2").get_account()["ProductionAccessEnabled"] is False


IDENTITIES = [{"name": f"shop-{number:04d}.example"} for number in range(1203)]


def listed(client: Any, **params: Any) -> tuple[list[str], int]:
    """All names of a listing, and the number of pages."""
    names: list[str] = []
    for pages in range(1, 100):
        answer = client.list_email_identities(**params)
        names += [identity["IdentityName"] for identity in answer["EmailIdentities"]]
        if "NextToken" not in answer:
            return names, pages
        params["NextToken"] = answer["NextToken"]
    raise AssertionError("the listing does not end")


@pytest.mark.parametrize(("size", "pages"), [(1000, 2), (401, 3), (None, 13)])
def test_a_listing_of_identities_is_complete_over_all_its_pages(
    run: Run, connect: Connect, size: int | None, pages: int
) -> None:
    simulator = run({"regions": {"eu-west-1": {"identities": IDENTITIES}}})
    params = {} if size is None else {"PageSize": size}
    assert listed(connect(simulator, "sesv2"), **params) == ([i["name"] for i in IDENTITIES], pages)
    assert simulator.calls.count("ListEmailIdentities", region="eu-west-1") == pages


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"IDENTITY_TYPE": "EMAIL_ADDRESS"}, ["ann@a.example"]),
        ({"IDENTITY_TYPE": "DOMAIN"}, ["a.example", "b.example"]),
        ({"VERIFICATION_STATUS": "FAILED"}, ["b.example"]),
        ({"IDENTITY_NAME_CONTAINS": "a.ex"}, ["a.example", "ann@a.example"]),
        ({"IDENTITY_NAME_CONTAINS": "a.ex", "IDENTITY_TYPE": "DOMAIN"}, ["a.example"]),
        ({"VERIFICATION_STATUS": "PENDING"}, []),
    ],
)
def test_a_listing_can_be_filtered(run: Run, connect: Connect, wanted: dict[str, str], names: list[str]) -> None:
    identities = [{"name": "b.example", "verification": "FAILED"}, {"name": "ann@a.example"}, {"name": "a.example"}]
    simulator = run({"regions": {"eu-west-1": {"identities": identities}}})
    assert listed(connect(simulator, "sesv2"), Filter=wanted, PageSize=1)[0] == names


@pytest.mark.parametrize(
    "params",
    [{"PageSize": 1001}, {"NextToken": "made up"}, {"NextToken": "bm9uZTo1"}, {"Filter": {"COLOUR": "red"}}],
)
def test_a_listing_asked_wrongly_is_refused(simulator: Simulator, connect: Connect, params: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        connect(simulator, "sesv2").list_email_identities(**params)
    assert refused.value.response["Error"]["Code"] == "BadRequestException"


def test_a_token_belongs_to_its_question(run: Run, connect: Connect) -> None:
    client = connect(run({"regions": {"eu-west-1": {"identities": IDENTITIES[:5]}}}), "sesv2")
    token = client.list_email_identities(PageSize=2)["NextToken"]
    with pytest.raises(ClientError, match="NextToken"):
        client.list_email_identities(PageSize=2, NextToken=token, Filter={"IDENTITY_TYPE": "DOMAIN"})


def test_the_listing_of_older_sdks_works_too(run: Run) -> None:
    simulator = run({"regions": {"eu-west-1": {"identities": IDENTITIES[:3]}}})
    status, _, body = raw(simulator, "GET", "/v2/email/identities?PageSize=2", headers=signed("ses"))
    first = json.loads(body)
    assert (status, len(first["EmailIdentities"])) == (200, 2)
    path = f"/v2/email/identities?PageSize=2&NextToken={first['NextToken'].replace('=', '%3D')}"
    _, _, body = raw(simulator, "GET", path, headers=signed("ses"))
    assert [i["IdentityName"] for i in json.loads(body)["EmailIdentities"]] == ["shop-0002.example"]
    assert raw(simulator, "GET", "/v2/email/identities?PageSize=two", headers=signed("ses"))[0] == 400


def test_send_statistics_agree_with_the_quota_and_are_not_sorted(simulator: Simulator, connect: Connect) -> None:
    client = connect(simulator, "ses")
    points = client.get_send_statistics()["SendDataPoints"]
    moments = [point["Timestamp"] for point in points]
    assert moments != sorted(moments)
    assert max(moments) - min(moments) == timedelta(days=14)
    since = datetime(2026, 3, 11, 9, 15, tzinfo=UTC)
    last_day = sum(point["DeliveryAttempts"] for point in points if point["Timestamp"] >= since)
    assert abs(last_day - client.get_send_quota()["SentLast24Hours"]) < 30  # less than a point: the ends are cut
    assert sum(point["Bounces"] for point in points) == 161  # 0.4 % of 40,320


def test_v1_tells_the_account_switch(simulator: Simulator, connect: Connect) -> None:
    client = connect(simulator, "ses")
    assert client.get_account_sending_enabled()["Enabled"] is True
    simulator.change("eu-west-1", account={"sending_enabled": False})
    assert client.get_account_sending_enabled()["Enabled"] is False


def test_the_regions_of_an_account_are_listed_in_pages(run: Run, connect: Connect) -> None:
    client = connect(run({"regions": {"me-south-1": {}}}), "account", "us-east-1")
    regions: dict[str, str] = {}
    params: dict[str, Any] = {}
    pages = 0
    while pages == 0 or "NextToken" in params:
        answer = client.list_regions(**params)
        regions |= {region["RegionName"]: region["RegionOptStatus"] for region in answer["Regions"]}
        params = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}
        pages += 1
    assert pages == 2
    assert regions["eu-west-1"] == "ENABLED_BY_DEFAULT"
    assert regions["me-south-1"] == "ENABLED"
    assert regions["ap-east-1"] == regions["il-central-1"] == "DISABLED"
    wanted = client.list_regions(RegionOptStatusContains=["ENABLED"], MaxResults=50)
    assert wanted["Regions"] == [{"RegionName": "me-south-1", "RegionOptStatus": "ENABLED"}]


@pytest.mark.parametrize("params", [{"MaxResults": 51}, {"NextToken": "made up"}])
def test_regions_asked_wrongly_are_refused(simulator: Simulator, connect: Connect, params: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        connect(simulator, "account").list_regions(**params)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize("protocol", ["smithy-rpc-v2-cbor", "json", "query"])
def test_cloudwatch_speaks_all_its_protocols(simulator: Simulator, clock: Any, protocol: str) -> None:
    model = Session().get_service_model("cloudwatch")
    operation = model.operation_model("GetMetricData")
    assert operation.output_shape is not None
    params = {
        "StartTime": clock.date - timedelta(hours=2),
        "EndTime": clock.date,
        "MetricDataQueries": [
            {
                "Id": "sent",
                "MetricStat": {
                    "Metric": {"Namespace": "AWS/SES", "MetricName": "Send"},
                    "Period": 3600,
                    "Stat": "Sum",
                },
            }
        ],
    }
    model.metadata["protocols"] = [protocol]
    request = create_serializer(protocol).serialize_to_request(params, operation)
    body = request["body"]
    if isinstance(body, dict):
        from urllib.parse import urlencode

        body = urlencode(body).encode()
    status, headers, answer = raw(
        simulator,
        "POST",
        request["url_path"],
        body=body,
        headers={**request["headers"], **signed("monitoring")},
    )
    parsed = create_parser(protocol).parse(
        {"status_code": status, "headers": headers, "body": answer}, operation.output_shape
    )
    (result,) = parsed["MetricDataResults"]
    assert result["Values"] == [120.0, 120.0]
    assert result["Timestamps"][0].astimezone(UTC) == datetime(2026, 3, 12, 8, 7, tzinfo=UTC)


def test_an_error_in_cbor_has_its_code_where_sdks_look(simulator: Simulator) -> None:
    simulator.fault("eu-west-1", kind="throttle")
    status, headers, body = raw(
        simulator,
        "POST",
        "/service/GraniteServiceVersion20100801/operation/GetMetricData",
        body=cbor2.dumps({"StartTime": datetime.now(UTC), "EndTime": datetime.now(UTC), "MetricDataQueries": []}),
        headers=signed("monitoring", **{"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}),
    )
    assert status == 400
    assert headers["smithy-protocol"] == "rpc-v2-cbor"
    assert headers["x-amzn-query-error"] == "Throttling;Sender"
    assert cbor2.loads(body) == {"__type": "Throttling", "message": "Rate exceeded"}


FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
CBOR = {"Content-Type": "application/cbor"}
UNREADABLE = [
    ("POST", "/v2/email/list-identities", b"{", signed("ses", **{"Content-Type": "application/json"}), 400),
    ("POST", "/v2/email/list-identities", b'{"PageSize": "many"}', signed("ses"), 400),
    ("GET", "/v2/email/nothing", b"", signed("ses"), 404),
    ("POST", "/", b"Action=DoNothing&Version=2010-12-01", signed("ses", **FORM), 404),
    ("POST", "/", b"Action=GetIdentityPolicies&Version=2010-12-01&Identity=a", signed("ses", **FORM), 400),
    ("POST", "/service/GraniteServiceVersion20100801/operation/DoNothing", b"", signed("monitoring", **CBOR), 404),
    (
        "POST",
        "/service/GraniteServiceVersion20100801/operation/GetMetricData",
        b"\xff",
        signed("monitoring", **CBOR),
        400,
    ),
    (
        "POST",
        "/service/GraniteServiceVersion20100801/operation/GetMetricData",
        b"\x01",
        signed("monitoring", **CBOR),
        400,
    ),
    ("POST", "/service/GraniteServiceVersion20100801/operation/GetMetricData", b"", signed("monitoring", **CBOR), 400),
    ("POST", "/listRegion", b"{}", signed("account"), 404),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status"), UNREADABLE)
def test_a_request_that_cannot_be_read_is_refused_without_a_crash(
    simulator: Simulator, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert raw(simulator, method, path, body=body, headers=headers)[0] == status
    assert not simulator.failures


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("sesv2", lambda client: client.get_dedicated_ips()),
        ("ses", lambda client: client.list_receipt_filters()),
        ("cloudwatch", lambda client: client.list_dashboards()),
        ("account", lambda client: client.get_contact_information()),
    ],
)
def test_an_operation_that_is_not_simulated_is_named(
    simulator: Simulator, connect: Connect, service: str, call: Callable[[Any], Any]
) -> None:
    client = connect(simulator, service)
    with pytest.raises(ClientError) as refused:
        call(client)
    error = refused.value.response["Error"]
    assert error["Code"] == "UnknownOperationException"
    assert f"{service} {refused.value.operation_name}" in error["Message"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "MissingAuthenticationTokenException"),
        ({"Authorization": "Bearer token"}, "IncompleteSignatureException"),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=A/20260312/eu-west-1/ses"}, "IncompleteSignatureException"),
        (signed("s3"), "InvalidSignatureException"),
        (signed("ses", "moon-1"), "InvalidSignatureException"),
    ],
)
def test_a_request_that_is_not_signed_for_ses_is_refused(
    simulator: Simulator, headers: dict[str, str], code: str
) -> None:
    status, answered, _ = raw(simulator, "GET", "/v2/email/account", headers=headers)
    assert (status, answered["x-amzn-errortype"]) == (403, code)
    assert simulator.calls.count() == 0


def test_calls_are_counted_by_service_operation_and_region(run: Run, connect: Connect) -> None:
    simulator = run({"regions": {"eu-west-1": {}, "us-east-1": {}}})
    connect(simulator, "sesv2").get_account()
    connect(simulator, "sesv2", "us-east-1").get_account()
    connect(simulator, "ses").get_send_quota()
    assert simulator.calls.count("GetAccount") == 2
    assert simulator.calls.count(region="eu-west-1") == 2
    assert simulator.calls.count(service="ses") == 1
    assert "sesv2:GetAccount  us-east-1" in simulator.calls.table()
    simulator.calls.clear()
    assert simulator.calls.count() == 0


def test_an_answer_aws_could_not_give_is_a_500_that_says_why(connect: Connect) -> None:
    wrong = {**OPERATIONS, "sesv2": {"GetAccount": lambda _: {"EnforcementStatus": 7, "Colour": "red"}}}
    api = AwsApi(LiveWorld(WorldFacts({})), operations=wrong)
    server = LoopbackServer(api)
    try:
        client = connect(type("Address", (), {"api_url": server.url}), "sesv2")
        with pytest.raises(ClientError, match=r"EnforcementStatus(.|\n)*Colour|Colour(.|\n)*EnforcementStatus"):
            client.get_account()
    finally:
        server.close()
    assert len(api.failures) == 1


def test_a_simulator_that_was_wrong_fails_the_test_that_used_it(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = Simulator({})
    monkeypatch.setattr(simulator._api, "_operations", {"sesv2": {"GetAccount": lambda _: {"Colour": "red"}}})
    with pytest.raises(SimulatorError, match="Colour"), simulator, pytest.raises(ClientError):
        connect(simulator, "sesv2").get_account()
