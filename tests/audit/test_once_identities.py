"""The identities of one look: all in breadth, the unhealthy and some others in depth, and each blindness its own."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ses_monitor.audit import once_identities
from ses_monitor.audit.once import Look, Readers, look
from ses_monitor.audit.once_identities import Coverage, Read, beside_each_other, due_in_dns, read_region
from ses_monitor.collect.identities import BATCH, Breadth, Listed
from ses_monitor.collect.regions import Regions
from ses_monitor.core.dns import DomainProof, Question
from ses_monitor.core.identity import NOT_DUE, Details, Identity, IdentityKind
from ses_monitor.core.observed import Blindness, Known, Missing, Observed
from tests.audit.test_once import Reader
from tests.build import (
    BLIND,
    HEALTHY,
    HEALTHY_DETAILS,
    HEALTHY_DKIM,
    HEALTHY_DOMAIN,
    HEALTHY_FEEDBACK,
    HEALTHY_SET,
    NOW,
    with_account,
)

DENIED = Missing(Blindness.DENIED, "ses:ListEmailIdentities in eu-west-1 is denied", "ses:ListEmailIdentities")
GONE = Missing(Blindness.NOT_APPLICABLE, "deleted meanwhile")
NO_IDENTITIES: Observed[tuple[Listed, ...]] = Known(())
NO_SETS: Observed[tuple[str, ...]] = Known(())
BREADTH = Breadth(Known(""), Known(HEALTHY_DKIM), Known(None), Known(HEALTHY_FEEDBACK))


def listed(*names: str, status: str = "SUCCESS") -> tuple[Listed, ...]:
    return tuple(
        Listed(name, IdentityKind.EMAIL_ADDRESS if "@" in name else IdentityKind.DOMAIN, status) for name in names
    )


def domains(number: int, prefix: str = "d") -> list[str]:
    return [f"{prefix}{n:05}.example" for n in range(number)]


@dataclass
class Identities:
    """Answers like an identity reader, and notes what it was asked."""

    listing: Observed[tuple[Listed, ...]] = NO_IDENTITIES
    in_breadth: Mapping[str, Breadth] = field(default_factory=dict)
    in_depth: Mapping[str, Observed[Details]] = field(default_factory=dict)
    sets: Observed[tuple[str, ...]] = NO_SETS
    batches: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def list_identities(self, region: str) -> Observed[tuple[Listed, ...]]:
        del region
        return self.listing

    def breadth(self, region: str, names: Sequence[str]) -> Mapping[str, Breadth]:
        del region
        self.batches.append(len(names))
        return {name: self.in_breadth.get(name, BREADTH) for name in names}

    def details(self, region: str, name: str) -> Observed[Details]:
        del region
        self.asked.append(name)
        return self.in_depth.get(name, Known(HEALTHY_DETAILS))

    def list_configuration_sets(self, region: str) -> Observed[tuple[str, ...]]:
        del region
        return self.sets

    def configuration_set(self, region: str, name: str, default_of: tuple[str, ...] = ()) -> Any:
        del region
        return GONE if name == "gone" else Known(replace(HEALTHY_SET, name=name, default_of=default_of))


def identities_of(read: Read) -> dict[str, Identity]:
    return {each.name: each for each in read.snapshot.identities.get()}


def test_all_are_read_in_batches_and_some_healthy_ones_in_depth() -> None:
    reader = Identities(Known(listed(*domains(250))))
    read = read_region(reader, HEALTHY, healthy_in_depth=12)
    assert reader.batches == [BATCH, BATCH, 50]
    assert reader.asked == domains(12)
    assert read.coverage == Coverage("eu-west-1", identities=250, in_depth=12)
    assert isinstance(identities_of(read)["d00011.example"].details, Known)
    assert identities_of(read)["d00012.example"].details == NOT_DUE


def test_what_is_not_healthy_is_always_read_in_depth_and_what_is_left_out_is_unknown() -> None:
    pending = listed(*domains(70, "p"), status="PENDING")
    reader = Identities(Known((*listed(*domains(3)), *pending)))
    read = read_region(reader, HEALTHY, healthy_in_depth=0)
    assert sorted(reader.asked) == domains(60, "p")
    left_out = identities_of(read)["p00060.example"].details
    assert isinstance(left_out, Missing)
    assert left_out.why is Blindness.NO_DATA, "it is listed as unknown"
    assert "70 identities" in left_out.reason
    assert "60 of them" in left_out.reason


@pytest.mark.parametrize(
    ("breadth", "healthy"),
    [
        (BREADTH, True),
        (replace(BREADTH, dkim=Known(replace(HEALTHY_DKIM, status="PENDING"))), False),
        (replace(BREADTH, dkim=Known(replace(HEALTHY_DKIM, status="NOT_STARTED"))), True),
        (replace(BREADTH, dkim=DENIED), True),
    ],
)
def test_dkim_that_is_not_settled_asks_for_depth(breadth: Breadth, healthy: bool) -> None:
    reader = Identities(Known(listed("a.example")), in_breadth={"a.example": breadth})
    read_region(reader, HEALTHY, healthy_in_depth=0)
    assert bool(reader.asked) is not healthy


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        ({"forwarding": True, "bounce_topic": "", "complaint_topic": ""}, False),
        ({"forwarding": False, "bounce_topic": "arn:aws:sns:b", "complaint_topic": "arn:aws:sns:c"}, False),
        ({"forwarding": False, "bounce_topic": "arn:aws:sns:b", "complaint_topic": ""}, True),
    ],
)
def test_feedback_without_a_way_out_asks_for_depth(facts: dict[str, Any], asked: bool) -> None:
    breadth = replace(BREADTH, feedback=Known(replace(HEALTHY_FEEDBACK, **facts)))
    reader = Identities(Known(listed("a.example")), in_breadth={"a.example": breadth})
    read_region(reader, HEALTHY, healthy_in_depth=0)
    assert bool(reader.asked) is asked


def test_of_healthy_ones_domains_are_read_in_depth_first() -> None:
    reader = Identities(Known(listed("ada@a.example", "b.example", "c.example")))
    read_region(reader, HEALTHY, healthy_in_depth=2)
    assert reader.asked == ["b.example", "c.example"]


def test_an_identity_that_was_deleted_meanwhile_is_left_out() -> None:
    reader = Identities(Known(listed("a.example", "b.example")), in_depth={"a.example": GONE})
    assert list(identities_of(read_region(reader, HEALTHY, 12))) == ["b.example"]


def test_no_call_is_wasted_once_depth_is_denied() -> None:
    reader = Identities(Known(listed(*domains(9))), in_depth=dict.fromkeys(domains(9), DENIED))
    read = read_region(reader, HEALTHY, 12)
    assert len(reader.asked) == 1
    assert all(isinstance(each.details, Missing) for each in identities_of(read).values())


def test_a_listing_that_failed_blinds_the_identities_and_not_the_sets() -> None:
    read = read_region(Identities(DENIED, sets=Known(("news",))), HEALTHY, 12)
    assert read.snapshot.identities == DENIED
    assert [each.name for each in read.snapshot.configuration_sets.get()] == ["news"]


def test_sets_know_the_identities_that_use_them_and_only_so_many_are_read() -> None:
    names = ("gone", *(f"set{n:02}" for n in range(30)))
    reader = Identities(
        Known(listed("a.example")),
        in_depth={"a.example": Known(replace(HEALTHY_DETAILS, configuration_set="set01"))},
        sets=Known(names),
    )
    read = read_region(reader, HEALTHY, 12)
    sets = {each.name: each.default_of for each in read.snapshot.configuration_sets.get()}
    assert sets["set01"] == ("a.example",)
    assert sets["set02"] == ()
    assert (read.coverage.configuration_sets, read.coverage.sets_read) == (31, 19)


def seen(region: str, *identities: Identity, **facts: Any) -> Read:
    snapshot = replace(with_account(**facts), region=region, identities=Known(identities))
    return Read(snapshot, Coverage(region))


def test_each_region_is_told_what_the_others_have() -> None:
    pending = replace(HEALTHY_DOMAIN, name="Shop.Example", verification_status="PENDING")
    here, there = beside_each_other(
        [
            seen("us-east-1", replace(HEALTHY_DOMAIN, name="shop.example"), production_access=False),
            seen("eu-west-1", pending),
        ]
    )
    (elsewhere,) = here.snapshot.identities.get()[0].elsewhere.get()
    assert (elsewhere.region, elsewhere.verification_status) == ("us-east-1", "SUCCESS")
    assert elsewhere.production_access is False
    assert elsewhere.in_use is True
    assert here.snapshot.production_elsewhere == Known(())
    assert there.snapshot.production_elsewhere == Known(("eu-west-1",))


def test_of_a_single_region_nothing_is_said_about_others() -> None:
    (alone,) = beside_each_other([seen("eu-west-1", HEALTHY_DOMAIN)])
    assert isinstance(alone.snapshot.production_elsewhere, Missing)


def test_the_local_part_of_an_address_keeps_its_case_across_regions() -> None:
    one, _ = beside_each_other(
        [
            seen("eu-west-1", replace(HEALTHY_DOMAIN, name="Ada@shop.example")),
            seen("us-east-1", replace(HEALTHY_DOMAIN, name="ada@shop.example")),
        ]
    )
    assert one.snapshot.identities.get()[0].elsewhere == Known(())


def test_the_dns_is_asked_about_what_is_not_healthy_and_about_so_many_domains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once_identities, "MOST_DOMAINS", 2)
    healthy = [replace(HEALTHY_DOMAIN, name=name) for name in domains(4)]
    address = Identity("ada@shop.example", IdentityKind.EMAIL_ADDRESS, "SUCCESS")
    pending = replace(address, name="bob@shop.example", verification_status="PENDING")
    here = seen("eu-west-1", *healthy, address, pending).snapshot
    there = seen("us-east-1", healthy[1]).snapshot
    assert due_in_dns([here, there, BLIND]) == {
        ("eu-west-1", "bob@shop.example"),
        ("eu-west-1", "d00000.example"),
        ("eu-west-1", "d00001.example"),
        ("us-east-1", "d00001.example"),
    }


class Silent:
    """Nobody watches."""

    def expect(self, doing: str, names: Iterable[str]) -> None:
        """Say nothing."""

    def done(self, name: str) -> None:
        """Say nothing."""


def looked(reader: Any, accounts: Any = None, prover: Any = None, *regions: str) -> Any:
    crashes: list[str] = []
    asked = Look(Regions(regions or ("eu-west-1",), (), Known(frozenset())), "eu-west-1", frozenset(), NOW)
    readers = Readers(accounts or Reader(), reader, prover)
    found = look(readers, asked, Silent(), lambda region, _: crashes.append(region))
    return found, crashes


def tags(found: Any) -> set[str]:
    return {each.finding.tag for report in found.reports for each in report.findings}


def unknown(found: Any) -> set[str]:
    return {each.check_id for report in found.reports for each in report.unseen}


def test_findings_of_identities_are_in_the_report_and_in_the_verdict() -> None:
    failed = replace(BREADTH, dkim=Known(replace(HEALTHY_DKIM, status="FAILED")))
    found, _ = looked(Identities(Known(listed("a.example")), in_breadth={"a.example": failed}))
    assert "DKIM_FAILED" in tags(found)
    (report,) = found.reports
    assert report.verdict.verdict.value == "AT_RISK"


def test_a_region_whose_identities_cannot_be_listed_is_unknown_and_still_judged() -> None:
    found, _ = looked(Identities(DENIED))
    (report,) = found.reports
    assert report.verdict.verdict.value == "DELIVERS"
    assert "identity.verification" in unknown(found)
    assert {each.reason for each in report.unseen} == {DENIED.reason}


def test_identities_are_not_asked_for_where_the_account_cannot_be_read() -> None:
    reader = Identities(Known(listed("a.example")))
    found, _ = looked(reader, Reader(account=BLIND.account))
    assert reader.batches == []
    assert "identity.dkim" in unknown(found)


def test_a_reader_that_breaks_costs_its_own_region_only() -> None:
    class Broken(Identities):
        def list_identities(self, region: str) -> Observed[tuple[Listed, ...]]:
            if region == "us-east-1":
                raise ZeroDivisionError
            return Known(listed("a.example"))

    found, crashes = looked(Broken(), None, None, "eu-west-1", "us-east-1")
    assert crashes == ["us-east-1"]
    assert [report.coverage.identities for report in found.reports] == [1, 0]
    assert {each.region for report in found.reports for each in report.unseen if "identity" in each.check_id} == {
        "us-east-1"
    }


def test_a_region_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once_identities, "REGION_SECONDS", 0.2)
    over = threading.Event()

    class Slow(Identities):
        def list_identities(self, region: str) -> Observed[tuple[Listed, ...]]:
            if region == "us-east-1":
                over.wait()
            return Known(())

    found, _ = looked(Slow(), None, None, "eu-west-1", "us-east-1")
    over.set()
    late = next(report for report in found.reports if report.region == "us-east-1")
    assert "not read within" in late.unseen[0].reason
    assert [report.verdict.verdict.value for report in found.reports] == ["DELIVERS", "DELIVERS"]


def test_without_a_prover_no_check_of_the_dns_runs() -> None:
    found, _ = looked(Identities(Known(listed("a.example"))))
    assert not [check for check in unknown(found) if check.startswith("dns.")]


def test_a_bug_in_asking_the_dns_costs_the_dns_alone() -> None:
    def broken(asking: Mapping[str, Sequence[Question]], known: Mapping[str, DomainProof]) -> Mapping[str, DomainProof]:
        raise ZeroDivisionError((asking, known))

    failed = replace(BREADTH, dkim=Known(replace(HEALTHY_DKIM, status="FAILED")))
    reader = Identities(Known(listed("a.example")), in_breadth={"a.example": failed})
    found, crashes = looked(reader, None, broken)
    assert crashes == ["the DNS"]
    assert "DKIM_FAILED" in tags(found)
    assert "dns.dkim_records" in unknown(found)
