"""What people see, kept as golden files: `UPDATE_GOLDEN=1` writes them anew, to be looked at."""

from collections.abc import Callable

import pytest

from simulator.server import Simulator
from tests.cli.conftest import Run, is_to_paste

Golden = Callable[[str, str], None]


def test_an_audit_of_a_troubled_account_looks_like_this(run: Run, demo: Simulator, golden: Golden) -> None:
    demo.fault("sa-east-1", kind="deny")
    demo.fault("us-west-2", "GetMetricData", kind="error")
    golden("audit.txt", run("audit").stdout)


def test_a_wide_terminal_shows_more(run: Run, demo: Simulator, golden: Golden) -> None:
    demo.change("eu-west-1", account={"enforcement": "PROBATION"})
    demo.change("us-west-2", account={"quota": {"max_24_hour": -1}})
    golden("audit_wide.txt", run("audit", columns=120).stdout)


@pytest.mark.usefixtures("healthy")
def test_an_account_without_trouble_is_told_of_in_a_few_lines(run: Run, golden: Golden) -> None:
    golden("audit_healthy.txt", run("audit").stdout)


def test_like_findings_are_told_together(run: Run, healthy: Simulator, golden: Golden) -> None:
    for region in ("eu-west-1", "eu-west-2", "us-east-1"):
        healthy.change(
            region, account={"production_access": True, "suppressed_reasons": []}, identities=[{"name": "e.example"}]
        )
    golden("audit_alike.txt", run("audit").stdout)


def test_many_regions_that_cannot_be_seen_do_not_flood(run: Run, healthy: Simulator, golden: Golden) -> None:
    healthy.fault("*", kind="deny")
    healthy.heal("eu-west-1")
    golden("audit_blind.txt", run("audit").stdout)


@pytest.mark.parametrize("columns", [40, 60, 80, 110, 200])
@pytest.mark.usefixtures("demo")
def test_no_line_of_prose_is_wider_than_the_terminal(run: Run, columns: int) -> None:
    for row in run("audit", columns=columns).stdout.splitlines():
        assert is_to_paste(row) or len(row) <= columns


def test_many_like_findings_are_told_by_a_few_and_the_others_named(run: Run, healthy: Simulator) -> None:
    names = [f"d{n:02}.example" for n in range(40)]
    healthy.change("eu-west-1", identities=[{"name": name, "verification": "FAILED"} for name in names])
    shown = run("audit", "--no-dns", "--region", "eu-west-1").stdout
    told = " ".join(shown.split())
    assert "And 32 more: d08.example eu-west-1" in told
    assert "d27.example eu-west-1, …" in told
    assert "(--json has the steps of all of them.)" in told
    assert shown.count("--email-identity d07.example") > 0
    assert shown.count("--email-identity d08.example") == 0


def test_what_was_not_looked_at_is_said(run: Run, healthy: Simulator) -> None:
    names = [f"d{n:02}.example" for n in range(40)]
    healthy.change(
        "eu-west-1", identities=[{"name": name} for name in names], configuration_sets=[{"name": "a"}, {"name": "b"}]
    )
    shown = run("audit", "--region", "eu-west-1", "--in-depth", "3").stdout
    assert "Identities: 40 in 1 region, 3 read in depth; all asked about in the DNS." in shown
    assert "Configuration sets: 2, all read." in shown
    unasked = run("audit", "--region", "eu-west-1", "--no-dns").stdout
    assert "Identities: 40 in 1 region, 12 read in depth; the DNS was not asked." in unasked
