"""The identities and configuration sets of one look: all of them in breadth, in depth as many as a person waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures import TimeoutError as OutOfTimeError
from dataclasses import dataclass, replace

from ses_monitor.audit.deadlines import begin
from ses_monitor.audit.identities.facts import DepthReader, in_breadth
from ses_monitor.collect.identities import BATCH, IdentityReader, Listed
from ses_monitor.core.check import bounded
from ses_monitor.core.identity import ConfigurationSet, Elsewhere, Identity, IdentityKind
from ses_monitor.core.identity_memory import is_settled
from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

REGION_SECONDS = 300.0
"""For a region's identities and sets: 10,000 of them take about 215 s, because SES allows one request a second."""
MOST_UNHEALTHY = 60
"""Unhealthy identities read in depth in one region; at 0.8 requests a second that takes 75 s."""
MOST_SETS = 20
"""Configuration sets read in one region."""
MOST_DOMAINS = 300
"""Healthy domains proven in the DNS, over all regions; what is not healthy is always proven."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a region's identities and sets was looked at. `proven`: asked about in the DNS."""

    region: str
    identities: int = 0
    in_depth: int = 0
    proven: int = 0
    configuration_sets: int = 0
    sets_read: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """One region, with its identities and sets as far as they were read."""

    snapshot: Snapshot
    coverage: Coverage


class IdentityLook:
    """Reads the identities of many regions side by side, each begun as soon as its account is read."""

    def __init__(self, reader: IdentityReader, healthy_in_depth: int) -> None:
        """Read in depth what is not healthy, and so many others in each region."""
        self._reader = reader
        self._healthy_in_depth = healthy_in_depth
        self._reading: dict[Future[Read], Snapshot] = {}

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions begun."""
        return tuple(snapshot.region for snapshot in self._reading.values())

    def begin(self, snapshot: Snapshot) -> None:
        """Begin to read a region's identities. Where not even the account could be read, they are not asked for."""
        if isinstance(snapshot.account, Missing):
            done: Future[Read] = Future()
            done.set_result(_unread(snapshot, snapshot.account))
        else:
            done = begin(lambda: read_region(self._reader, snapshot, self._healthy_in_depth))
        self._reading[done] = snapshot

    def results(self, crashed: Callable[[str, BaseException], None]) -> Iterator[Read]:
        """Yield each region as soon as it is read, and in the end those that took too long."""
        waiting = dict(self._reading)
        try:
            for future in as_completed(self._reading, timeout=REGION_SECONDS):
                yield _taken(future, waiting.pop(future), crashed)
        except OutOfTimeError:
            for snapshot in waiting.values():
                reason = f"the identities of {snapshot.region} were not read within {REGION_SECONDS:.0f} s"
                yield _unread(snapshot, Missing(Blindness.TIMED_OUT, reason, "ses:ListEmailIdentities"))


def read_region(reader: IdentityReader, snapshot: Snapshot, healthy_in_depth: int) -> Read:
    """Read one region: the listings first, then the batches of a hundred, then what is worth a request of its own."""
    region = snapshot.region
    sets = begin(lambda: _sets(reader, region))
    listing = reader.list_identities(region)
    if isinstance(listing, Missing):
        found: Observed[tuple[Identity, ...]] = listing
        count = in_depth = 0
    else:
        known = _in_depth(reader, region, _in_breadth(reader, region, listing.value), healthy_in_depth)
        found, count, in_depth = Known(known.identities), len(known.identities), known.asked
    listed, read = sets.result()
    return Read(
        replace(snapshot, identities=found, configuration_sets=_with_defaults(read, found)),
        Coverage(
            region,
            identities=count,
            in_depth=in_depth,
            configuration_sets=listed,
            sets_read=len(read.value) if isinstance(read, Known) else 0,
        ),
    )


def needs_depth(identity: Identity) -> bool:
    """Tell whether only depth says what is wrong: SES is not content, or bounces and complaints have nowhere to go
    unless a default configuration set takes them.
    """
    if not is_settled(identity):
        return True
    feedback = identity.feedback.value if isinstance(identity.feedback, Known) else None
    return feedback is not None and not (feedback.forwarding or (feedback.bounce_topic and feedback.complaint_topic))


def beside_each_other(read: Iterable[Read]) -> list[Read]:
    """Tell each region what the others have: the same identity elsewhere, and production access.

    Where only one region was looked at, nothing is known of others.
    """
    regions = sorted(read, key=lambda each: each.snapshot.region)
    if len(regions) < 2:
        return regions
    elsewhere: dict[str, list[Elsewhere]] = {}
    for each in regions:
        for identity in each.snapshot.identities.value if isinstance(each.snapshot.identities, Known) else ():
            elsewhere.setdefault(_key(identity), []).append(_as_elsewhere(identity, each.snapshot))
    production = [each.snapshot.region for each in regions if _production(each.snapshot)]
    return [Read(_knowing(each.snapshot, elsewhere, production), each.coverage) for each in regions]


def due_in_dns(snapshots: Iterable[Snapshot]) -> frozenset[tuple[str, str]]:
    """Return region and name of the identities to prove: all that are not healthy, and domains up to a limit."""
    due: set[tuple[str, str]] = set()
    healthy: dict[str, list[tuple[str, str]]] = {}
    for snapshot in snapshots:
        for identity in snapshot.identities.value if isinstance(snapshot.identities, Known) else ():
            name = (snapshot.region, identity.name)
            if not is_settled(identity):
                due.add(name)
            elif identity.kind is IdentityKind.DOMAIN:
                healthy.setdefault(identity.domain, []).append(name)
    for domain in sorted(healthy)[:MOST_DOMAINS]:
        due.update(healthy[domain])
    return frozenset(due)


def _taken(future: Future[Read], snapshot: Snapshot, crashed: Callable[[str, BaseException], None]) -> Read:
    error = future.exception()
    if error is None:
        return future.result()
    crashed(snapshot.region, error)
    reason = bounded(f"reading the identities of {snapshot.region} failed: {error!r}")
    return _unread(snapshot, Missing(Blindness.UNREADABLE, reason, "ses:ListEmailIdentities"))


def _unread(snapshot: Snapshot, missing: Missing) -> Read:
    return Read(replace(snapshot, identities=missing, configuration_sets=missing), Coverage(snapshot.region))


def _in_breadth(reader: IdentityReader, region: str, listing: Sequence[Listed]) -> list[Identity]:
    identities: list[Identity] = []
    for start in range(0, len(listing), BATCH):
        chunk = listing[start : start + BATCH]
        breadth = reader.breadth(region, [each.name for each in chunk])
        identities += [in_breadth(each, breadth.get(each.name)) for each in chunk]
    return identities


@dataclass(frozen=True, slots=True)
class _Deep:
    identities: tuple[Identity, ...]
    asked: int


def _in_depth(reader: IdentityReader, region: str, identities: Sequence[Identity], healthy_in_depth: int) -> _Deep:
    """Read in depth what needs it, and some of the others; what was deleted meanwhile is left out."""
    unhealthy = [each for each in identities if needs_depth(each)]
    healthy = sorted(
        (each for each in identities if not needs_depth(each)), key=lambda each: each.kind is IdentityKind.EMAIL_ADDRESS
    )
    asked = {each.name for each in (*unhealthy[:MOST_UNHEALTHY], *healthy[:healthy_in_depth])}
    too_many = Missing(
        Blindness.NO_DATA,
        f"{len(unhealthy)} identities in {region} need a closer look; {MOST_UNHEALTHY} of them were read in depth",
        "ses:GetEmailIdentity",
    )
    left_out = {each.name for each in unhealthy[MOST_UNHEALTHY:]}
    depth = DepthReader(reader, region)
    found: list[Identity] = []
    for identity in identities:
        if identity.name in left_out:
            found.append(replace(identity, details=too_many))
        elif identity.name not in asked:
            found.append(identity)
        else:
            details = depth.details(identity.name)
            if isinstance(details, Known) or details.why is not Blindness.NOT_APPLICABLE:
                found.append(replace(identity, details=details))
    return _Deep(tuple(found), len(asked))


def _sets(reader: IdentityReader, region: str) -> tuple[int, Observed[tuple[ConfigurationSet, ...]]]:
    """Return how many sets there are, and those that were read."""
    names = reader.list_configuration_sets(region)
    if isinstance(names, Missing):
        return 0, names
    sets: list[ConfigurationSet] = []
    for name in names.value[:MOST_SETS]:
        one = reader.configuration_set(region, name)
        if isinstance(one, Known):
            sets.append(one.value)
        elif one.why is not Blindness.NOT_APPLICABLE:
            return len(names.value), one
    return len(names.value), Known(tuple(sets))


def _with_defaults(
    sets: Observed[tuple[ConfigurationSet, ...]], identities: Observed[tuple[Identity, ...]]
) -> Observed[tuple[ConfigurationSet, ...]]:
    if isinstance(sets, Missing) or isinstance(identities, Missing):
        return sets
    default_of: dict[str, list[str]] = {}
    for identity in identities.value:
        if isinstance(identity.details, Known) and identity.details.value.configuration_set:
            default_of.setdefault(identity.details.value.configuration_set, []).append(identity.name)
    return Known(tuple(replace(each, default_of=tuple(default_of.get(each.name, ()))) for each in sets.value))


def _key(identity: Identity) -> str:
    """Name an identity across regions: domains are the same in any case, the local part of an address is not."""
    local, at, _ = identity.name.rpartition("@")
    return f"{local}{at}{identity.domain}"


def _as_elsewhere(identity: Identity, snapshot: Snapshot) -> Elsewhere:
    in_use = snapshot.in_use()
    return Elsewhere(
        region=snapshot.region,
        verification_status=identity.verification_status,
        production_access=_production(snapshot),
        in_use=in_use.value if isinstance(in_use, Known) else None,
    )


def _production(snapshot: Snapshot) -> bool | None:
    account = snapshot.account
    if isinstance(account, Missing) or isinstance(account.value.production_access, Missing):
        return None
    return account.value.production_access.value


def _knowing(snapshot: Snapshot, elsewhere: dict[str, list[Elsewhere]], production: Sequence[str]) -> Snapshot:
    others = Known(tuple(region for region in production if region != snapshot.region))
    if isinstance(snapshot.identities, Missing):
        return replace(snapshot, production_elsewhere=others)
    identities = tuple(
        replace(
            each,
            elsewhere=Known(tuple(one for one in elsewhere[_key(each)] if one.region != snapshot.region)),
        )
        for each in snapshot.identities.value
    )
    return replace(snapshot, identities=Known(identities), production_elsewhere=others)
