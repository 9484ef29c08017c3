"""The DNS that a world's identities have by themselves, and the world that has one for every tag."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simulator.identities import Identity
from simulator.server import Simulator
from simulator.world import WORLDS, WorldFacts
from tests.simulator.dns_asking import response, told

Run = Callable[..., Simulator]

# What docs/checks.md lists for identities, configuration sets and the DNS.
TAGS = {
    *("VERIFICATION_PENDING", "VERIFICATION_LINK_EXPIRED", "VERIFICATION_FAILED"),
    *("VERIFICATION_REVOCATION_PENDING", "VERIFICATION_NOT_STARTED"),
    *("VERIFIED_ONLY_ELSEWHERE", "SANDBOX_WHILE_PRODUCTION_ELSEWHERE"),
    *("DKIM_PENDING", "DKIM_FAILED", "DKIM_REVOCATION_PENDING"),
    *("DKIM_NOT_CONFIGURED", "DKIM_SIGNING_OFF", "DKIM_KEY_SHORT"),
    *("MAIL_FROM_PENDING", "MAIL_FROM_FALLBACK", "MAIL_FROM_REJECTING"),
    *("NO_BOUNCE_FEEDBACK", "NO_COMPLAINT_FEEDBACK", "FEEDBACK_BY_MAIL_ONLY", "ADDRESS_HIDES_DOMAIN_FEEDBACK"),
    *("POLICY_OPEN", "POLICY_FOREIGN_ACCOUNT"),
    *("NO_EVENT_DESTINATION", "EVENT_DESTINATION_OFF", "BOUNCES_NOT_PUBLISHED", "COMPLAINTS_NOT_PUBLISHED"),
    *("CONFIGURATION_SET_PAUSED", "REPUTATION_METRICS_OFF"),
    *("DOMAIN_NOT_FOUND", "NOT_DELEGATED", "NAME_SERVERS_DISAGREE", "DNSSEC_BOGUS"),
    *("DKIM_RECORD_MISSING", "DKIM_NAME_DOUBLED", "DKIM_UNDERSCORE_LOST", "DKIM_WRONG_TYPE", "DKIM_WRONG_TARGET"),
    *("DKIM_TARGET_BROKEN", "DKIM_KEY_CHANGED"),
    *("TXT_TOKEN_MISSING", "TXT_NAME_DOUBLED", "TXT_TOKEN_ALTERED", "TXT_TOKEN_LOWERCASED"),
    *("MAIL_FROM_MX_MISSING", "MAIL_FROM_MX_EXTRA", "MAIL_FROM_MX_WRONG"),
    *("MAIL_FROM_SPF_MISSING", "MAIL_FROM_SPF_MULTIPLE", "MAIL_FROM_SPF_LACKS_SES"),
    *("DMARC_MISSING", "DMARC_MULTIPLE", "DMARC_INVALID", "DMARC_NONE", "DMARC_CANNOT_ALIGN"),
    *("NOT_YET_VISIBLE", "MAILBOX_CANNOT_RECEIVE", "ADDRESS_LOOKS_MISSPELT"),
}


@pytest.fixture(scope="module")
def world() -> Iterator[Simulator]:
    with Simulator(WORLDS / "identities.yaml") as running:
        yield running


def test_the_world_of_identities_has_every_tag() -> None:
    facts = WorldFacts.load(WORLDS / "identities.yaml")
    regions = facts.world.regions.values()
    expected = [identity.expect for region in regions for identity in region.identities]
    expected += [each.expect for region in regions for each in region.configuration_sets]
    assert None not in expected
    assert {tag for tags in expected for tag in tags or ()} == TAGS
    assert () in expected


def test_a_healthy_domain_has_all_its_records(run: Run) -> None:
    simulator = run({"regions": {"eu-west-1": {"identities": [{"name": "shop.example"}]}}})
    dns, identity = simulator.dns, Identity("shop.example")
    for token in identity.dkim_tokens("eu-west-1"):
        name = f"{token}._domainkey.shop.example"
        assert told(dns, name, "CNAME") == [f"{token}.dkim.amazonses.com."]
        (key,) = told(dns, name, "TXT")
        assert key.startswith("p=MII")
        assert len(key) > 255  # more than one string, as in life
    mail_from = "bounce-eu-west-1.shop.example"
    assert told(dns, mail_from, "MX") == ["10 feedback-smtp.eu-west-1.amazonses.com."]
    assert told(dns, mail_from, "TXT") == ["v=spf1 include:amazonses.com ~all"]
    assert told(dns, "feedback-smtp.eu-west-1.amazonses.com", "A") != "NXDOMAIN"
    (policy,) = told(dns, "_dmarc.shop.example", "TXT")
    assert policy.startswith("v=DMARC1; p=quarantine")
    assert told(dns, "shop.example", "MX") == ["10 mx.shop.example."]
    assert told(dns, "_amazonses.shop.example", "TXT") == "NXDOMAIN"


def test_no_key_is_served_for_a_token_that_ses_never_made(run: Run) -> None:
    simulator = run({"regions": {"eu-west-1": {}}})
    assert told(simulator.dns, "nonsense.dkim.amazonses.com", "TXT") == "NXDOMAIN"


@pytest.mark.parametrize(
    ("identity", "name", "kind", "values"),
    [
        ({"txt_token": "Ab+/="}, "_amazonses.shop.example", "TXT", ["Ab+/="]),
        ({"mail_from": "m.shop.example"}, "m.shop.example", "MX", ["10 feedback-smtp.eu-west-1.amazonses.com."]),
        ({"mail_from": None}, "bounce-eu-west-1.shop.example", "MX", "NXDOMAIN"),
        ({"dkim": {"tokens": ["a"], "hosted_zone": "dkim.x.amazonses.com"}}, "a._domainkey.shop.example", "CNAME", ["a.dkim.x.amazonses.com."]),
        ({"dkim": {"tokens": ["a"], "hosted_zone": ""}}, "a._domainkey.shop.example", "CNAME", ["a.dkim.amazonses.com."]),
        ({"dkim": {"tokens": ["a"], "origin": "AWS_SES_AF_SOUTH_1"}}, "a._domainkey.shop.example", "CNAME", ["a.dkim.af-south-1.amazonses.com."]),
        ({"dkim": {"tokens": ["a"]}, "verification": "FAILED"}, "a._domainkey.shop.example", "CNAME", ["a.dkim.amazonses.com."]),
    ],
)  # fmt: skip
def test_records_follow_the_identity(run: Run, identity: Any, name: str, kind: str, values: Any) -> None:
    simulator = run({"regions": {"eu-west-1": {"identities": [{"name": "shop.example", **identity}]}}})
    assert told(simulator.dns, name, kind) == values


def test_ones_own_key_is_a_txt_record(run: Run) -> None:
    simulator = run(
        {"regions": {"eu-west-1": {"identities": [{"name": "shop.example", "dkim": {"origin": "EXTERNAL"}}]}}}
    )
    (key,) = told(simulator.dns, "mail2026._domainkey.shop.example", "TXT", "ns1.dns.example")
    assert key.startswith("p=MII")


def test_an_identity_in_several_regions_has_the_records_of_all(run: Run) -> None:
    simulator = run({"regions": {"eu-west-1": {}, "us-east-1": {}}})
    for region in ("eu-west-1", "us-east-1"):
        for token in Identity("example.com").dkim_tokens(region):
            assert told(simulator.dns, f"{token}._domainkey.example.com", "TXT") != "NXDOMAIN"
        mx = told(simulator.dns, f"bounce-{region}.example.com", "MX")
        assert mx == [f"10 feedback-smtp.{region}.amazonses.com."]


def test_a_shared_mail_from_domain_has_one_mx(run: Run) -> None:
    identities = [{"name": "shop.example", "mail_from": "m.shop.example"}]
    simulator = run({"regions": {"eu-west-1": {"identities": identities}, "us-east-1": {"identities": identities}}})
    assert told(simulator.dns, "m.shop.example", "MX") == ["10 feedback-smtp.eu-west-1.amazonses.com."]


def test_a_subdomain_lies_in_its_parents_zone_and_a_listed_zone_cuts(run: Run) -> None:
    identities = [{"name": "shop.example"}, {"name": "news.shop.example"}, {"name": "own.shop.example"}]
    dns = {"zones": {"own.shop.example": {"servers": ["ns1.own.example"]}}}
    simulator = run({"regions": {"eu-west-1": {"identities": identities}}, "dns": dns})
    zones = {name: response(simulator.dns, name, "SOA") for name in ("news.shop.example", "own.shop.example")}
    assert not zones["news.shop.example"].answer
    assert str(zones["news.shop.example"].authority[0].name) == "shop.example."
    assert zones["own.shop.example"].answer
    for name in ("news.shop.example", "own.shop.example"):
        assert told(simulator.dns, f"_dmarc.{name}", "TXT") != "NXDOMAIN"


def test_an_address_has_a_domain_that_takes_mail_but_no_dkim(run: Run) -> None:
    simulator = run({"regions": {"eu-west-1": {"identities": [{"name": "ann@shop.example"}]}}})
    assert told(simulator.dns, "shop.example", "MX") == ["10 mx.shop.example."]
    assert told(simulator.dns, "_domainkey.shop.example", "TXT") == "NXDOMAIN"


LAID_OVER = [
    ({"records": {"a._domainkey": {"CNAME": []}}}, "a._domainkey.shop.example", "CNAME", "NXDOMAIN"),
    ({"records": {"a._domainkey": {"TXT": "p=mine"}}}, "a._domainkey.shop.example", "TXT", ["p=mine"]),
    ({"records": {"a._domainkey": {"TXT": "p=mine"}}}, "a._domainkey.shop.example", "CNAME", "NODATA"),
    ({"records": {"m": {"TXT": []}}}, "m.shop.example", "MX", ["10 feedback-smtp.eu-west-1.amazonses.com."]),
    ({"records": {"m": {"TXT": []}}}, "m.shop.example", "TXT", "NODATA"),
    ({"records": {"@": {"MX": "0 ."}}}, "shop.example", "MX", ["0 ."]),
    ({"records": {"_dmarc": {"CNAME": "policy.shop.example"}}}, "_dmarc.shop.example", "CNAME", ["policy.shop.example."]),
    ({"automatic": False}, "_dmarc.shop.example", "TXT", "NXDOMAIN"),
    ({"automatic": False}, "shop.example", "NS", ["ns1.dns.example.", "ns2.dns.example."]),
    ({"registered": False}, "shop.example", "A", "NXDOMAIN"),
    ({"registered": False}, "_dmarc.shop.example", "TXT", "NXDOMAIN"),
    ({"servers": []}, "shop.example", "A", "SERVFAIL"),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "name", "kind", "values"), LAID_OVER)
def test_a_listed_zone_is_laid_over_what_is_there_by_itself(
    run: Run, zone: dict[str, Any], name: str, kind: str, values: Any
) -> None:
    identity = {"name": "shop.example", "dkim": {"tokens": ["a"]}, "mail_from": "m.shop.example"}
    simulator = run({"regions": {"eu-west-1": {"identities": [identity]}}, "dns": {"zones": {"shop.example": zone}}})
    assert told(simulator.dns, name, kind) == values


@pytest.mark.parametrize(
    "name",
    ["xn--bcher-kva.example", "bücher.example", "under_score.example", "UPPER.example.", f"{'a' * 63}.example"],
)
def test_names_that_are_hard_to_handle_have_records_too(run: Run, name: str) -> None:
    simulator = run({"regions": {"eu-west-1": {"identities": [{"name": name}]}}})
    assert told(simulator.dns, f"_dmarc.{name}", "TXT") not in ("NXDOMAIN", "SERVFAIL")


@pytest.mark.parametrize("name", [".".join(["b" * 61] * 4) + ".example", f"{'c' * 70}.example", "a..example", "ann@"])
def test_names_that_no_dns_can_hold_hurt_nothing(run: Run, name: str) -> None:
    simulator = run({"regions": {"eu-west-1": {"identities": [{"name": name}, {"name": "shop.example"}]}}})
    assert told(simulator.dns, "shop.example", "A") == ["192.0.2.10"]


def test_a_record_that_vanishes_while_it_runs_leaves_ses_as_it_was(run: Run, connect: Callable[..., Any]) -> None:
    simulator = run({"regions": {"eu-west-1": {"identities": [{"name": "shop.example"}]}}})
    token = Identity("shop.example").dkim_tokens("eu-west-1")[1]
    name = f"{token}._domainkey.shop.example"
    simulator.remove_record("shop.example", f"{token}._domainkey", "CNAME")
    assert told(simulator.dns, name, "TXT") == "NXDOMAIN"
    assert told(simulator.dns, name, "CNAME", "ns1.dns.example") == "NXDOMAIN"
    identity = connect(simulator, "sesv2").get_email_identity(EmailIdentity="shop.example")
    assert identity["DkimAttributes"]["Status"] == "SUCCESS"
    simulator.add_record("shop.example", f"{token}._domainkey", "CNAME", f"{token}.dkim.amazonses.com")
    assert told(simulator.dns, name, "TXT") != "NXDOMAIN"


def test_an_identity_that_comes_while_it_runs_brings_its_records(run: Run) -> None:
    simulator = run({"regions": {"eu-west-1": {}}})
    assert told(simulator.dns, "new.example", "A") == "NXDOMAIN"
    simulator.change("eu-west-1", identities=[{"name": "new.example"}])
    assert told(simulator.dns, "new.example", "A") == ["192.0.2.10"]


@pytest.mark.parametrize("file", sorted(WORLDS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_record_of_every_world_can_be_sent(file: Any) -> None:
    with Simulator(file) as simulator:
        for zone in simulator.dns.zones():
            for name, node in simulator.dns.records(zone).items():
                for kind in node:
                    response(simulator.dns, name, kind, tcp=True, timeout=5)


def test_the_worlds_dns_is_as_its_notes_say(world: Simulator) -> None:
    dns = world.dns
    assert told(dns, "gone.example", "A") == "NXDOMAIN"
    assert told(dns, "undelegated.example", "SOA") == "SERVFAIL"
    assert told(dns, "bogus.example", "A") == "SERVFAIL"
    assert told(dns, "disagree.example", "SOA", "ns1.dns.example") != "SERVFAIL"
    one, two = (told(dns, "_dmarc.disagree.example", "TXT", f"ns{number}.dns.example") for number in (1, 2))
    assert one != two
    assert told(dns, "latea._domainkey.dkim-late.example", "CNAME") == "NXDOMAIN"
    assert told(dns, "latea._domainkey.dkim-late.example", "CNAME", "ns1.dns.example") != "NXDOMAIN"
    assert told(dns, "brokenc._domainkey.dkim-broken.example", "CNAME") == ["brokenc.dkim.amazonses.com."]
    assert told(dns, "brokenc._domainkey.dkim-broken.example", "TXT") == "SERVFAIL"
    assert told(dns, "zonecuta._domainkey.zone-cut.example", "CNAME", "ns1.quiet.example") != "REFUSED"
    assert told(dns, "one-silent.example", "A") == ["192.0.2.10"]
    assert told(dns, "all-silent.example", "A") == "SERVFAIL"
