from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.identities import Identity, dkim_zone
from simulator.server import Simulator
from simulator.strict_yaml import WorldError
from simulator.world import WorldFacts, ses_regions

Connect = Callable[..., Any]
Run = Callable[..., Simulator]
Ask = Callable[..., Any]

V1_BATCHES = {
    "get_identity_verification_attributes": "VerificationAttributes",
    "get_identity_dkim_attributes": "DkimAttributes",
    "get_identity_mail_from_domain_attributes": "MailFromDomainAttributes",
    "get_identity_notification_attributes": "NotificationAttributes",
}


@pytest.fixture
def details(run: Run, connect: Connect) -> Ask:
    """What GetEmailIdentity says of one identity that the world describes."""

    def ask(name: str = "shop.example", region: str = "eu-west-1", **facts: Any) -> Any:
        simulator = run({"regions": {region: {"identities": [{"name": name, **facts}]}}})
        answer = connect(simulator, "sesv2", region).get_email_identity(EmailIdentity=name)
        del answer["ResponseMetadata"]
        return answer

    return ask


@pytest.fixture
def attributes(run: Run, connect: Connect) -> Ask:
    """What one of v1's batch reads says of one identity."""

    def ask(operation: str, name: str = "shop.example", **facts: Any) -> Any:
        simulator = run({"regions": {"eu-west-1": {"identities": [{"name": name, **facts}]}}})
        answer = getattr(connect(simulator, "ses"), operation)(Identities=[name])
        return answer[V1_BATCHES[operation]][name]

    return ask


def test_a_domain_of_which_nothing_is_said_is_healthy(details: Ask, clock: Any) -> None:
    answer = details()
    tokens = answer["DkimAttributes"].pop("Tokens")
    assert len(set(tokens)) == 3
    assert all(len(token) == 32 and token.isalnum() and token == token.lower() for token in tokens)
    looked = clock.date - timedelta(minutes=30)
    assert answer == {
        "IdentityType": "DOMAIN",
        "FeedbackForwardingStatus": True,
        "VerifiedForSendingStatus": True,
        "VerificationStatus": "SUCCESS",
        "VerificationInfo": {
            "LastCheckedTimestamp": looked,
            "LastSuccessTimestamp": looked,
            "SOARecord": {
                "PrimaryNameServer": "ns1.dns.example",
                "AdminEmail": "hostmaster.shop.example",
                "SerialNumber": 1,
            },
        },
        "DkimAttributes": {
            "SigningEnabled": True,
            "Status": "SUCCESS",
            "SigningHostedZone": "dkim.amazonses.com",
            "SigningAttributesOrigin": "AWS_SES",
            "CurrentSigningKeyLength": "RSA_2048_BIT",
            "NextSigningKeyLength": "RSA_2048_BIT",
            "LastKeyGenerationTimestamp": clock.date - timedelta(days=30),
        },
        "MailFromAttributes": {
            "MailFromDomain": "bounce-eu-west-1.shop.example",
            "MailFromDomainStatus": "SUCCESS",
            "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
        },
        "Policies": {},
        "Tags": [],
    }


def test_an_address_has_no_dkim_and_no_mail_from_of_its_own(details: Ask) -> None:
    answer = details("ann@shop.example")
    assert answer["IdentityType"] == "EMAIL_ADDRESS"
    assert answer["DkimAttributes"] == {
        "SigningEnabled": False,
        "Status": "NOT_STARTED",
        "SigningAttributesOrigin": "AWS_SES",
    }
    assert answer["MailFromAttributes"] == {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}
    assert "SOARecord" not in answer["VerificationInfo"]


@pytest.mark.parametrize(
    ("verification", "status", "may_send", "dkim", "error"),
    [
        ("PENDING", "PENDING", False, "PENDING", None),
        ({"status": "FAILED", "error_type": "TYPE_NOT_FOUND"}, "FAILED", False, "FAILED", "TYPE_NOT_FOUND"),
        ("TEMPORARY_FAILURE", "TEMPORARY_FAILURE", True, "TEMPORARY_FAILURE", None),
        ("NOT_STARTED", "NOT_STARTED", False, "NOT_STARTED", None),
    ],
)
def test_what_the_world_leaves_open_is_as_verification_has_it(
    details: Ask, verification: Any, status: str, may_send: bool, dkim: str, error: str | None
) -> None:
    answer = details(verification=verification)
    assert answer["VerificationStatus"] == status
    assert answer["VerifiedForSendingStatus"] is may_send
    assert answer["DkimAttributes"]["Status"] == dkim
    assert answer["VerificationInfo"].get("ErrorType") == error
    assert "LastSuccessTimestamp" not in answer["VerificationInfo"]


def test_a_lost_verification_says_when_it_was_last_seen(details: Ask, clock: Any) -> None:
    verification = {"status": "TEMPORARY_FAILURE", "last_checked_hours_ago": 1, "last_success_hours_ago": 20}
    info = details(verification=verification)["VerificationInfo"]
    assert info["LastSuccessTimestamp"] == clock.date - timedelta(hours=20)
    assert info["LastCheckedTimestamp"] == clock.date - timedelta(hours=1)


@pytest.mark.parametrize(
    ("dkim", "expected"),
    [
        ({"origin": "EXTERNAL"}, {"SigningAttributesOrigin": "EXTERNAL", "Tokens": ["mail2026"], "SigningHostedZone": None, "CurrentSigningKeyLength": None}),
        ({"origin": "EXTERNAL", "tokens": ["mine"]}, {"Tokens": ["mine"]}),
        ({"origin": "AWS_SES_AF_SOUTH_1"}, {"SigningAttributesOrigin": "AWS_SES_AF_SOUTH_1", "SigningHostedZone": "dkim.af-south-1.amazonses.com", "Tokens": list(Identity("shop.example").dkim_tokens("af-south-1"))}),
        ({"hosted_zone": "dkim.us-west-2.amazonses.com"}, {"SigningHostedZone": "dkim.us-west-2.amazonses.com"}),
        ({"hosted_zone": ""}, {"SigningHostedZone": None}),
        ({"key_length": "RSA_1024_BIT"}, {"CurrentSigningKeyLength": "RSA_1024_BIT"}),
        ({"signing_enabled": False}, {"SigningEnabled": False, "Status": "SUCCESS"}),
        ("NOT_STARTED", {"SigningEnabled": False, "Tokens": None}),
        ({"tokens": []}, {"Tokens": None, "Status": "SUCCESS"}),
        ({"tokens": ["a", "b", "c", "d"]}, {"Tokens": ["a", "b", "c", "d"]}),
    ],
)  # fmt: skip
def test_every_kind_of_dkim_can_be_told(details: Ask, dkim: Any, expected: dict[str, Any]) -> None:
    answer = details(dkim=dkim)["DkimAttributes"]
    assert {key: answer.get(key) for key in expected} == expected


def test_keys_lie_in_the_regions_own_zone_where_it_has_one() -> None:
    regional = {region for region in ses_regions() if dkim_zone(region) != "dkim.amazonses.com"}
    assert len(regional) == 10  # and us-gov-east-1, which is another partition
    assert dkim_zone("ap-northeast-3") == "dkim.ap-northeast-3.amazonses.com"
    assert dkim_zone("me-south-1") == "dkim.amazonses.com"


def test_tokens_differ_by_name_and_region_and_stay() -> None:
    one = Identity("shop.example")
    assert one.dkim_tokens("eu-west-1") == Identity("Shop.Example.").dkim_tokens("eu-west-1")
    assert one.dkim_tokens("eu-west-1") != one.dkim_tokens("us-east-1")
    assert one.dkim_tokens("eu-west-1") != Identity("other.example").dkim_tokens("eu-west-1")


def test_everything_else_of_an_identity_comes_through(details: Ask) -> None:
    answer = details(
        mail_from={"domain": "m.shop.example", "status": "FAILED", "on_mx_failure": "REJECT_MESSAGE"},
        feedback={"forwarding": False},
        policies={"open": {"Statement": []}, "broken": "{not json"},
        configuration_set="letters",
        tags={"team": "shop"},
        sending_enabled=False,
    )
    assert answer["MailFromAttributes"] == {
        "MailFromDomain": "m.shop.example",
        "MailFromDomainStatus": "FAILED",
        "BehaviorOnMxFailure": "REJECT_MESSAGE",
    }
    assert answer["FeedbackForwardingStatus"] is False
    assert answer["Policies"] == {"open": '{"Statement": []}', "broken": "{not json"}
    assert answer["ConfigurationSetName"] == "letters"
    assert answer["Tags"] == [{"Key": "team", "Value": "shop"}]
    assert answer["VerifiedForSendingStatus"] is False


def test_an_identity_that_is_not_there_is_not_found(simulator: Simulator, connect: Connect) -> None:
    with pytest.raises(ClientError) as refused:
        connect(simulator, "sesv2").get_email_identity(EmailIdentity="nobody.example")
    response = refused.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (404, "NotFoundException")


def test_domains_are_found_in_any_case_and_addresses_in_their_own(run: Run, connect: Connect) -> None:
    world = {"regions": {"eu-west-1": {"identities": [{"name": "Shop.Example"}, {"name": "Ann@shop.example"}]}}}
    client = connect(run(world), "sesv2")
    assert client.get_email_identity(EmailIdentity="shop.example")["IdentityType"] == "DOMAIN"
    assert client.get_email_identity(EmailIdentity="Ann@shop.example")["IdentityType"] == "EMAIL_ADDRESS"
    with pytest.raises(ClientError, match="does not exist"):
        client.get_email_identity(EmailIdentity="ann@shop.example")


@pytest.mark.parametrize(
    ("operation", "facts", "expected"),
    [
        ("get_identity_verification_attributes", {}, {"VerificationStatus": "Success"}),
        ("get_identity_verification_attributes", {"verification": "TEMPORARY_FAILURE", "txt_token": "Abc+/="}, {"VerificationStatus": "TemporaryFailure", "VerificationToken": "Abc+/="}),
        ("get_identity_dkim_attributes", {"dkim": {"tokens": ["a", "b", "c"]}}, {"DkimEnabled": True, "DkimVerificationStatus": "Success", "DkimTokens": ["a", "b", "c"]}),
        ("get_identity_dkim_attributes", {"dkim": "NOT_STARTED"}, {"DkimEnabled": False, "DkimVerificationStatus": "NotStarted"}),
        ("get_identity_mail_from_domain_attributes", {"mail_from": {"status": "TEMPORARY_FAILURE", "on_mx_failure": "REJECT_MESSAGE"}}, {"MailFromDomain": "bounce-eu-west-1.shop.example", "MailFromDomainStatus": "TemporaryFailure", "BehaviorOnMXFailure": "RejectMessage"}),
        ("get_identity_mail_from_domain_attributes", {"mail_from": None}, {"BehaviorOnMXFailure": "UseDefaultValue"}),
        ("get_identity_mail_from_domain_attributes", {"mail_from": "m.shop.example"}, {"MailFromDomain": "m.shop.example", "MailFromDomainStatus": "Success", "BehaviorOnMXFailure": "UseDefaultValue"}),
    ],
)  # fmt: skip
def test_v1_tells_the_same_in_its_own_words(
    attributes: Ask, operation: str, facts: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert attributes(operation, **facts) == expected


def test_only_v1_tells_the_topics_and_leaves_out_those_that_are_not_set(attributes: Ask) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:ses-feedback"
    answer = attributes("get_identity_notification_attributes")
    assert (answer["BounceTopic"], answer["ComplaintTopic"], answer["ForwardingEnabled"]) == (topic, topic, True)
    assert "DeliveryTopic" not in answer
    other = {"bounce_topic": None, "complaint_topic": "arn:aws:sns:us-east-1:1:t", "forwarding": False, "headers": True}
    answer = attributes("get_identity_notification_attributes", feedback=other)
    assert "BounceTopic" not in answer
    assert answer["ComplaintTopic"] == "arn:aws:sns:us-east-1:1:t"
    assert answer["ForwardingEnabled"] is False
    assert answer["HeadersInBounceNotificationsEnabled"] is True


def test_an_address_shows_the_tokens_of_its_domain(run: Run, connect: Connect) -> None:
    names = ["shop.example", "ann@shop.example", "bob@other.example"]
    simulator = run({"regions": {"eu-west-1": {"identities": [{"name": name} for name in names]}}})
    told = connect(simulator, "ses").get_identity_dkim_attributes(Identities=names)["DkimAttributes"]
    assert told["ann@shop.example"]["DkimTokens"] == told["shop.example"]["DkimTokens"]
    assert "DkimTokens" not in told["bob@other.example"]


@pytest.mark.parametrize("operation", V1_BATCHES)
def test_a_batch_leaves_out_what_is_not_there_and_takes_a_hundred(run: Run, connect: Connect, operation: str) -> None:
    names = [f"shop-{number:03d}.example" for number in range(100)]
    simulator = run({"regions": {"eu-west-1": {"identities": [{"name": name} for name in names]}}})
    batch = getattr(connect(simulator, "ses"), operation)
    assert sorted(batch(Identities=names)[V1_BATCHES[operation]]) == names
    assert batch(Identities=["nobody.example"]).get(V1_BATCHES[operation], {}) == {}
    with pytest.raises(ClientError, match="At most 100"):
        batch(Identities=[*names, "one-more.example"])


def test_configuration_sets_are_listed_over_all_pages(run: Run, connect: Connect) -> None:
    sets = [{"name": f"set-{number:03d}"} for number in range(120)]
    client = connect(run({"regions": {"eu-west-1": {"configuration_sets": sets}}}), "sesv2")
    names: list[str] = []
    params: dict[str, Any] = {}
    for pages in range(1, 10):
        answer = client.list_configuration_sets(**params)
        names += answer["ConfigurationSets"]
        if "NextToken" not in answer:
            assert pages == 3
            break
        params = {"NextToken": answer["NextToken"]}
    assert names == [each["name"] for each in sets]
    found = client.list_configuration_sets(Filter={"CONFIGURATION_SET_NAME_CONTAINS": "-11"})["ConfigurationSets"]
    assert len(found) == 10


@pytest.mark.parametrize("params", [{"NextToken": "bm9uc2Vuc2U="}, {"PageSize": 2000}])
def test_a_wrong_listing_of_configuration_sets_is_refused(
    simulator: Simulator, connect: Connect, params: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="BadRequest"):
        connect(simulator, "sesv2").list_configuration_sets(**params)


def test_a_configuration_set_tells_its_switches(run: Run, connect: Connect) -> None:
    sets = [
        {"name": "plain"},
        {
            "name": "special",
            "sending_enabled": False,
            "reputation_metrics": False,
            "suppressed_reasons": ["BOUNCE"],
            "tls": "REQUIRE",
            "pool": "dedicated",
            "redirect_domain": "click.shop.example",
        },
    ]
    client = connect(run({"regions": {"eu-west-1": {"configuration_sets": sets}}}), "sesv2")
    plain = client.get_configuration_set(ConfigurationSetName="plain")
    assert plain["SendingOptions"] == {"SendingEnabled": True}
    assert plain["ReputationOptions"] == {"ReputationMetricsEnabled": True}
    assert "SuppressionOptions" not in plain
    special = client.get_configuration_set(ConfigurationSetName="special")
    assert special["SendingOptions"] == {"SendingEnabled": False}
    assert special["ReputationOptions"] == {"ReputationMetricsEnabled": False}
    assert special["SuppressionOptions"] == {"SuppressedReasons": ["BOUNCE"]}
    assert special["DeliveryOptions"] == {"TlsPolicy": "REQUIRE", "SendingPoolName": "dedicated"}
    assert special["TrackingOptions"] == {"CustomRedirectDomain": "click.shop.example"}
    for operation in ("get_configuration_set", "get_configuration_set_event_destinations"):
        with pytest.raises(ClientError, match="Configuration set <missing> does not exist"):
            getattr(client, operation)(ConfigurationSetName="missing")


@pytest.mark.parametrize(
    ("kind", "key", "target"),
    [
        ("sns", "SnsDestination", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:ses-events"}),
        ("eventbridge", "EventBridgeDestination", {"EventBusArn": "arn:aws:events:eu-west-1:123456789012:event-bus/default"}),
        ("firehose", "KinesisFirehoseDestination", {"IamRoleArn": "arn:aws:iam::123456789012:role/ses-firehose", "DeliveryStreamArn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/ses-events"}),
        ("pinpoint", "PinpointDestination", {"ApplicationArn": "arn:aws:mobiletargeting:eu-west-1:123456789012:apps/ses-events"}),
        ("cloudwatch", "CloudWatchDestination", {"DimensionConfigurations": [{"DimensionName": "ses:configuration-set", "DimensionValueSource": "MESSAGE_TAG", "DefaultDimensionValue": "none"}]}),
    ],
)  # fmt: skip
def test_every_kind_of_event_destination_can_be_told(
    run: Run, connect: Connect, kind: str, key: str, target: dict[str, Any]
) -> None:
    destination = {"kind": kind, "enabled": False, "events": ["BOUNCE"]}
    sets = [{"name": "letters", "destinations": [destination]}]
    client = connect(run({"regions": {"eu-west-1": {"configuration_sets": sets}}}), "sesv2")
    answer = client.get_configuration_set_event_destinations(ConfigurationSetName="letters")
    assert answer["EventDestinations"] == [
        {"Name": "events", "Enabled": False, "MatchingEventTypes": ["BOUNCE"], key: target}
    ]


def test_faults_and_ses_own_throttle_meet_these_operations_too(run: Run, connect: Connect) -> None:
    simulator = run({"throttle_like_ses": True, "regions": {"eu-west-1": {}}})
    v1 = connect(simulator, "ses")
    v1.get_identity_dkim_attributes(Identities=["example.com"])
    with pytest.raises(ClientError, match="Rate exceeded"):
        v1.get_identity_dkim_attributes(Identities=["example.com"])
    v1.get_identity_mail_from_domain_attributes(Identities=["example.com"])
    simulator.fault("eu-west-1", "GetEmailIdentity", kind="deny")
    with pytest.raises(ClientError, match="ses:GetEmailIdentity"):
        connect(simulator, "sesv2").get_email_identity(EmailIdentity="example.com")


@pytest.mark.parametrize(
    ("region", "place", "problem"),
    [
        ({"identities": [{"name": "a.example", "verification": "MAYBE"}]}, "identities[0].verification.status", "none of PENDING"),
        ({"identities": [{"name": "a.example", "verification": {"error_type": "BORED"}}]}, "identities[0].verification.error_type", "none of SERVICE_ERROR"),
        ({"identities": [{"name": "a.example", "mail_from": True}]}, "identities[0].mail_from.domain", "expected text"),
        ({"identities": [{"name": "a.example"}, {"name": "A.example"}]}, "identities[0]", "there twice"),
        ({"configuration_sets": [{"name": "a"}, {"name": "a"}]}, "configuration_sets[0]", "there twice"),
        ({"configuration_sets": [{"name": "a", "destinations": [{"events": ["BORED"]}]}]}, "configuration_sets[0].destinations[0].events[0]", "none of SEND"),
    ],
)  # fmt: skip
def test_a_wrong_identity_is_refused_with_its_place(region: dict[str, Any], place: str, problem: str) -> None:
    with pytest.raises(WorldError, match=problem) as refused:
        WorldFacts({"regions": {"eu-west-1": region}})
    assert refused.value.place == f"world: regions.eu-west-1.{place}"
