"""What is known of SES regions beforehand agrees with what botocore knows, and with AWS's table of hosts."""

import botocore.session
import pytest

from ses_monitor.core import regions

BOTOCORE = botocore.session.get_session()


def of_botocore() -> set[str]:
    partitions = BOTOCORE.get_available_partitions()
    return {region for each in partitions for region in BOTOCORE.get_available_regions("sesv2", partition_name=each)}


def test_the_known_regions_are_those_where_botocore_has_ses() -> None:
    assert of_botocore() == regions.KNOWN


def test_the_sets_are_of_known_regions() -> None:
    for some in (regions.OPT_IN, regions.UNDOCUMENTED, regions.OWN_DKIM_ZONE, regions.NO_INBOUND):
        assert some < regions.KNOWN
    assert not regions.OWN_DKIM_ZONE & regions.UNDOCUMENTED
    assert len(regions.KNOWN - regions.UNDOCUMENTED) == 29


@pytest.mark.parametrize(
    ("region", "zone"),
    [
        ("eu-west-1", "dkim.amazonses.com"),
        ("us-east-1", "dkim.amazonses.com"),
        ("me-south-1", "dkim.amazonses.com"),
        ("us-gov-west-1", "dkim.amazonses.com"),
        ("us-gov-east-1", "dkim.us-gov-east-1.amazonses.com"),
        ("af-south-1", "dkim.af-south-1.amazonses.com"),
        ("ap-northeast-3", "dkim.ap-northeast-3.amazonses.com"),
        ("mx-central-1", None),
        ("eusc-de-east-1", None),
        ("mars-north-1", None),
        ("", None),
    ],
)
def test_a_dkim_zone_is_given_where_aws_tells_it(region: str, zone: str | None) -> None:
    assert regions.dkim_zone(region) == zone


@pytest.mark.parametrize(
    ("zone", "is_one"),
    [
        ("dkim.amazonses.com", True),
        ("DKIM.us-west-2.AmazonSES.com.", True),
        ("dkim.mx-central-1.amazonses.com", True),
        ("dkim.mars-north-1.amazonses.com", False),
        ("dkim.amazonses.com.example.com", False),
        ("amazonses.com", False),
        ("", False),
    ],
)
def test_a_dkim_zone_is_known_by_its_form(zone: str, is_one: bool) -> None:
    assert regions.is_dkim_zone(zone) is is_one


def test_each_region_has_a_feedback_host_that_is_known_again() -> None:
    for region in regions.KNOWN - {"eusc-de-east-1"}:
        host = regions.feedback_host(region)
        assert host == f"feedback-smtp.{region}.amazonses.com"
        assert regions.region_of_feedback_host(host.upper() + ".") == region
    assert regions.feedback_host("eusc-de-east-1") is None
    assert regions.feedback_host("") is None


@pytest.mark.parametrize(
    "host",
    [
        "feedback-smtp.eu-west-1.amazonaws.com",
        "feedback-smtp.eu-west-9.amazonses.com",
        "feedback-smtp.amazonses.com",
        "feedback-smtp.eu-west-1.amazonses.com.example.com",
        "inbound-smtp.eu-west-1.amazonaws.com",
        "",
    ],
)
def test_other_hosts_are_no_feedback_hosts(host: str) -> None:
    assert regions.region_of_feedback_host(host) is None


def test_inbound_hosts_are_under_amazonaws_and_in_some_regions_only() -> None:
    assert regions.inbound_host("eu-west-1") == "inbound-smtp.eu-west-1.amazonaws.com"
    assert regions.inbound_host("us-gov-west-1") is None
    assert regions.is_inbound_host("Inbound-SMTP.eu-west-1.amazonaws.com.")
    assert not regions.is_inbound_host("inbound-smtp.eu-west-1.amazonses.com")
    assert len([region for region in regions.KNOWN if regions.inbound_host(region)]) == 22


@pytest.mark.parametrize(
    ("origin", "parent"),
    [
        ("AWS_SES_EU_WEST_1", "eu-west-1"),
        ("AWS_SES_US_GOV_EAST_1", "us-gov-east-1"),
        ("AWS_SES_AP_NORTHEAST_3", "ap-northeast-3"),
        ("AWS_SES", None),
        ("EXTERNAL", None),
        ("", None),
    ],
)
def test_a_replica_names_its_parent(origin: str, parent: str | None) -> None:
    assert regions.parent_region(origin) == parent
