"""One audit without a table: what a person can learn right now with credentials of their own. No memory, no damping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from ses_monitor import checks
from ses_monitor.audit.collecting import collect_regions, leave_out_disabled
from ses_monitor.audit.deadlines import ACCOUNT_SECONDS, DETAIL_SECONDS
from ses_monitor.audit.dns_once import Found, Prover, prove
from ses_monitor.audit.once_identities import Coverage, IdentityLook, Read, beside_each_other, due_in_dns
from ses_monitor.audit.region import account_checks, facts_of, unseen
from ses_monitor.checks.region import coverage
from ses_monitor.collect.accounts import AccountReader, Asked
from ses_monitor.collect.identities import IdentityReader
from ses_monitor.collect.regions import Regions
from ses_monitor.core.check import Check, bounded
from ses_monitor.core.engine import Evaluation, run
from ses_monitor.core.model import NOT_ASKED, Scope, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing
from ses_monitor.core.region_state import AccountFacts, Unseen
from ses_monitor.core.verdict import RegionVerdict, judge

HEALTHY_IN_DEPTH = 12
"""Healthy identities read in depth in each region unless somebody wants more: at 0.8 requests a second, 15 s."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one look at a region says. `account` is None where it could not be read."""

    region: str
    verdict: RegionVerdict
    account: AccountFacts | None
    findings: tuple[Found, ...]
    unseen: tuple[Unseen, ...]
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Look:
    """What to look at: `home` (one of the regions, as a rule) is where the listing of regions is accounted for.

    `healthy_in_depth` identities of each region get a request of their own besides those that are not healthy.
    """

    regions: Regions
    home: str
    sending_regions: frozenset[str]
    now: datetime
    account_id: str = ""
    healthy_in_depth: int = HEALTHY_IN_DEPTH


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads what. Without a `prover` the DNS is not asked."""

    accounts: AccountReader
    identities: IdentityReader
    prover: Prover | None = None


class Watcher(Protocol):
    """Somebody who is told how far the look has come."""

    def expect(self, doing: str, names: Iterable[str]) -> None:
        """Say what is waited for now."""

    def done(self, name: str) -> None:
        """Say that one of them is there."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The reports by region, and the regions that nobody opted in to."""

    reports: tuple[Report, ...]
    disabled: tuple[str, ...]


def look(readers: Readers, asked: Look, watcher: Watcher, crashed: Callable[[str, BaseException], None]) -> Seen:
    """Look at the accounts, the identities and the DNS, and report.

    The identities of a region are begun as soon as its account is read; the DNS is asked when all of them are there,
    about each domain once.
    """
    watcher.expect("Reading SES", asked.regions.audited)
    reading = IdentityLook(readers.identities, asked.healthy_in_depth)
    disabled: list[str] = []
    for region, snapshot in look_at_accounts(readers.accounts, asked, crashed):
        watcher.done(region)
        if snapshot is None:
            disabled.append(region)
        else:
            reading.begin(snapshot)
    watcher.expect("Reading identities", reading.regions)
    read: list[Read] = []
    for each in reading.results(crashed):
        watcher.done(each.snapshot.region)
        read.append(each)
    read = beside_each_other(read)
    if readers.prover is not None:
        read = _prove(read, readers.prover, watcher, crashed)
    return Seen(
        tuple(report(each.snapshot, each.coverage, with_dns=readers.prover is not None) for each in read),
        tuple(disabled),
    )


def look_at_accounts(
    reader: AccountReader, asked: Look, crashed: Callable[[str, BaseException], None]
) -> Iterator[tuple[str, Snapshot | None]]:
    """Yield each region as soon as its account is read; None for one that nobody opted in to."""
    audited = asked.regions.audited
    noted_on = asked.home if asked.home in audited else next(iter(audited), "")
    each_asked = [
        Asked(
            account_id=asked.account_id,
            region=region,
            now=asked.now,
            listed_as_sending=region in asked.sending_regions,
            enabled_regions=asked.regions.listing if region == noted_on else NOT_ASKED,
        )
        for region in audited
    ]
    longest = ACCOUNT_SECONDS + 2 * DETAIL_SECONDS + 5
    for collected in collect_regions(reader, each_asked, seconds=longest, crashed=crashed):
        snapshot = collected.snapshot
        yield snapshot.region, None if leave_out_disabled(collected, asked.regions) else snapshot


def report(snapshot: Snapshot, covered: Coverage | None = None, *, with_dns: bool = True) -> Report:
    """Check and judge one snapshot by itself.

    Nothing is open from before, so what only holds an open finding is no finding. Blindness that lasts cannot be
    told from one look either: it is listed as unseen, once, where no other check says so already.
    """
    evaluations = tuple(run(_checks(with_dns=with_dns), snapshot))
    blind = unseen(snapshot.region, evaluations)
    told = {each.reason for each in blind}
    blind += tuple(
        Unseen(coverage.CHECK.id, snapshot.region, snapshot.name, missing.why.value, missing.reason)
        for missing in dict.fromkeys(snapshot.blind_spots())
        if missing.reason not in told
    )
    account = snapshot.account
    return Report(
        region=snapshot.region,
        verdict=judge(snapshot, _told_at_once(evaluations)),
        account=facts_of(account.value, snapshot) if isinstance(account, Known) else None,
        findings=tuple(
            Found(evaluation.check_id, finding)
            for evaluation in evaluations
            for finding in evaluation.findings
            if not finding.holds_only
        ),
        unseen=blind,
        coverage=covered or Coverage(snapshot.region),
    )


def _prove(
    read: Sequence[Read], prover: Prover, watcher: Watcher, crashed: Callable[[str, BaseException], None]
) -> list[Read]:
    due = due_in_dns(each.snapshot for each in read)
    watcher.expect(f"Asking the DNS about {len({name.rpartition('@')[2] for _, name in due})} domains", ())
    snapshots = [each.snapshot for each in read]
    try:
        proven = prove(snapshots, lambda snapshot, identity: (snapshot.region, identity.name) in due, prover)
    except Exception as error:  # noqa: BLE001 - a bug in asking the DNS must not cost what SES said; it is reported
        crashed("the DNS", error)
        missing = Missing(Blindness.UNREADABLE, bounded(f"the DNS could not be read: {error!r}"))
        proven = tuple(_unproven(snapshot, due, missing) for snapshot in snapshots)
    counts = Counter(region for region, _ in due)
    return [
        Read(snapshot, replace(each.coverage, proven=counts[snapshot.region]))
        for each, snapshot in zip(read, proven, strict=True)
    ]


def _unproven(snapshot: Snapshot, due: frozenset[tuple[str, str]], missing: Missing) -> Snapshot:
    if isinstance(snapshot.identities, Missing):
        return snapshot
    identities = tuple(
        replace(each, proof=missing) if (snapshot.region, each.name) in due else each
        for each in snapshot.identities.value
    )
    return replace(snapshot, identities=Known(identities))


def _checks(*, with_dns: bool) -> list[Check[Any]]:
    of_identities = checks.of_scopes(Scope.IDENTITY, Scope.CONFIGURATION_SET)
    return [
        check
        for check in (*account_checks(), *of_identities)
        if check.id != coverage.CHECK.id and (with_dns or not check.id.startswith("dns."))
    ]


def _told_at_once(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """Take what must be seen several times in a row before it is told for seen that often: there is only one look."""
    return [
        replace(
            each,
            findings=tuple(
                replace(finding, diagnosis=replace(finding.diagnosis, open_after=1)) for finding in each.findings
            ),
        )
        for each in evaluations
    ]
