"""One chunk of a region's identities: read, checked, settled by itself. What is cut off after it has lost nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from ses_monitor import checks
from ses_monitor.audit.identities.facts import DepthReader, DnsReader, Elsewheres, domains_above, in_breadth
from ses_monitor.audit.identities.ledger import Ledger
from ses_monitor.audit.identities.notes import Notes
from ses_monitor.audit.identities.sets import SetsRead
from ses_monitor.collect.identities import BATCH, Breadth, IdentityReader, Listed
from ses_monitor.core.engine import Evaluation, run
from ses_monitor.core.identity import Details, Elsewhere, Identity, IdentityKind
from ses_monitor.core.identity_memory import Due, due, recall, remember
from ses_monitor.core.identity_run import place
from ses_monitor.core.model import Scope, Snapshot
from ses_monitor.core.observed import Known, Observed
from ses_monitor.core.stored import Phase, Stored

MOST_EXTRA = 400
"""Identities looked at closely in one run although nothing presses: new ones, and open errors that a look may close."""
PARITY = "identity.region_parity"
FEW_DOMAINS = 100
"""A region with no more domains has all of them proven in the DNS every hour; it costs SES nothing."""
OF_DNS = "dns."
EVERYWHERE = "dns", "identity"
"""Families of checks on identities."""


@dataclass(frozen=True, slots=True)
class Span:
    """A range in the order of a run: from after `after` (None: the first) up to and with `last` (None: the end)."""

    after: str | None
    last: str | None

    def __contains__(self, name: object) -> bool:
        at = place(str(name))
        return (self.after is None or at > place(self.after)) and (self.last is None or at <= place(self.last))


@dataclass(slots=True)
class Chunks:
    """Works the chunks of one region in one leg of a run.

    `base` is the region's snapshot without identities and configuration sets; those are read meanwhile. `sandboxed`:
    the region is in the sandbox while another has production access, so each identity's place elsewhere matters.
    `extra` counts down how many may still be looked at although nothing presses; `deferred` collects those that are
    looked at after all others.
    """

    reader: IdentityReader
    base: Snapshot
    sets: Future[SetsRead]
    listed: Mapping[str, Listed]
    ledger: Ledger
    depth: DepthReader
    dns: DnsReader
    elsewheres: Elsewheres
    turn: int
    first_audit: bool
    sandboxed: bool
    is_over: Callable[[], bool]
    notes: Notes
    extra: int
    deferred: list[str] = field(default_factory=list)
    _breadth: dict[str, Breadth] = field(default_factory=dict)

    @property
    def few_domains(self) -> bool:
        """Whether all domains of the region are proven every hour, and not only once a day."""
        return sum(each.kind is IdentityKind.DOMAIN for each in self.listed.values()) <= FEW_DOMAINS

    def read(self, names: Sequence[str]) -> Mapping[str, Breadth]:
        """Read a chunk in breadth, but for what was read before."""
        return self.reader.breadth(self.base.region, [name for name in names if name not in self._breadth])

    def work(self, names: Sequence[str], breadth: Future[Mapping[str, Breadth]], span: Span) -> str | None:
        """Audit the identities of a chunk, those that can wait excepted, and close what is gone from its `span`.

        Returns the last name that is done; None where time was over before the first.
        """
        self._breadth |= breadth.result()
        identities = [self._identity(name) for name in names]
        looks = {each.name: self._due(each) for each in identities}
        done, details = self._in_depth(identities, {name for name, look in looks.items() if look is Due.FIRST})
        if not done:
            return None
        last = done[-1].name
        if len(done) < len(identities):
            span = Span(span.after, last)
        later = {each.name for each in done if looks[each.name] in {Due.IN_ROTATION, Due.IF_THERE_IS_ROOM}}
        self.deferred += [each.name for each in done if each.name in later]
        now = [replace(each, details=details.get(each.name, each.details)) for each in done if each.name not in later]
        self._settle(now, frozenset(details), span)
        return last

    def look(self, names: Sequence[str]) -> str | None:
        """Look closely at identities that could wait. Returns the last name that is done, as `work` does."""
        self._breadth |= self.read(names)
        identities = [self._identity(name) for name in names]
        # What a leg before this one has looked at already, in its first part, is not looked at again.
        wanted = [each for each in identities if self._look(each) is not Due.FIRST]
        done, details = self._in_depth(wanted, {each.name for each in wanted})
        if len(done) < len(wanted) and not done:
            return None
        now = [replace(each, details=details[each.name]) for each in done]
        self._settle(now, frozenset(details), None)
        return names[-1] if len(done) == len(wanted) else done[-1].name

    def waiting(self, names: Sequence[str]) -> list[str]:
        """Return which of `names` could wait, for a leg that goes on: judged by the listing and the table alone."""
        chosen = ((name, self._due(in_breadth(self.listed[name], None))) for name in names)
        return [name for name, look in chosen if look in {Due.IN_ROTATION, Due.IF_THERE_IS_ROOM}]

    def as_seen(self) -> tuple[Identity, ...]:
        """Return all identities as they were read in breadth by this leg, or else by the one before it."""
        return tuple(self._as_seen(listed) for listed in self.listed.values())

    def close(self, span: Span) -> None:
        """Close what lies in `span` and is not listed."""
        self._settle([], frozenset(), span)

    def _identity(self, name: str) -> Identity:
        identity = in_breadth(self.listed[name], self._breadth.get(name))
        return recall(identity, self.ledger.identities.get(name), self.base.taken_at)

    def _as_seen(self, listed: Listed) -> Identity:
        state = self.ledger.identities.get(listed.name)
        if listed.name in self._breadth or state is None:
            return in_breadth(listed, self._breadth.get(listed.name))
        return replace(state.as_seen(), verification_status=listed.verification_status)

    def _look(self, identity: Identity) -> Due:
        before = self.ledger.identities.get(identity.name)
        return due(identity, before, self.ledger.of(identity.name, *EVERYWHERE), self.turn)

    def _due(self, identity: Identity) -> Due:
        look = self._look(identity)
        if look is Due.IF_THERE_IS_ROOM:
            if not self.extra:
                return Due.NOT_NOW
            self.extra -= 1
        return look

    def _in_depth(
        self, identities: Sequence[Identity], wanted: set[str]
    ) -> tuple[Sequence[Identity], dict[str, Observed[Details]]]:
        """Read the details of those `wanted` until time is over; return those that are done, and their details."""
        details: dict[str, Observed[Details]] = {}
        for number, identity in enumerate(identities):
            if identity.name in wanted:
                if self.is_over():
                    return identities[:number], details
                details[identity.name] = self.depth.details(identity.name)
        return identities, details

    def _settle(self, identities: Sequence[Identity], proving: frozenset[str], span: Span | None) -> None:
        names = {each.name for each in identities}
        subjects = [replace(each, elsewhere=self._elsewhere(each)) for each in identities]
        sets = self.sets.result().sets
        snapshot = replace(self.base, identities=Known((*subjects, *self._context(names))), configuration_sets=sets)
        snapshot, found = self._evaluate(snapshot, names, proving | self._proven_hourly(identities))

        def concerns(each: Stored) -> bool:
            return each.subject in names or self._is_gone(each.subject, span)

        self.ledger.settle(snapshot, found, scope=Scope.IDENTITY, concerns=concerns, first_audit=self.first_audit)
        by_name: dict[str, list[Evaluation]] = {}
        for evaluation in found:
            by_name.setdefault(evaluation.subject, []).append(evaluation)
        for identity in snapshot.identities.get():
            if identity.name in names:
                before = self.ledger.identities.get(identity.name)
                of_it = by_name.get(identity.name, [])
                self.ledger.remember(remember(self.base.region, identity, of_it, before, self.base.taken_at))
        self.ledger.forget([name for name in self.ledger.identities if self._is_gone(name, span)])
        self.notes.add(self.base.region, found)

    def _evaluate(
        self, snapshot: Snapshot, names: Collection[str], proving: frozenset[str]
    ) -> tuple[Snapshot, list[Evaluation]]:
        """Run the checks; return the snapshot with what the DNS said, and what the checks say of `names`.

        Checks of the DNS may rely on the depth of an earlier run: only they, because a policy, say, is not kept.
        """
        as_read = {each.name: each.details for each in snapshot.identities.get()}
        remembering = tuple(self._remembering(each) for each in snapshot.identities.get())
        proven = self.dns.proven(replace(snapshot, identities=Known(remembering)), proving)
        snapshot = replace(
            proven,
            identities=Known(tuple(replace(each, details=as_read[each.name]) for each in proven.identities.get())),
        )
        running = checks.of_scopes(Scope.IDENTITY)
        of_dns = [each for each in running if each.id.startswith(OF_DNS)]
        others = [each for each in running if not each.id.startswith(OF_DNS)]
        found = (*run(others, snapshot), *run(of_dns, proven))
        return snapshot, [each for each in found if each.subject in names]

    def _remembering(self, identity: Identity) -> Identity:
        before = self.ledger.identities.get(identity.name)
        if isinstance(identity.details, Known) or before is None or not before.looked_at:
            return identity
        return replace(identity, details=before.as_read_before())

    def _proven_hourly(self, identities: Sequence[Identity]) -> frozenset[str]:
        """Name the domains that are proven without a closer look: where there are few, all that were once looked at."""
        if not self.few_domains:
            return frozenset()
        return frozenset(
            each.name
            for each in identities
            if each.kind is IdentityKind.DOMAIN
            and (before := self.ledger.identities.get(each.name)) is not None
            and before.looked_at
        )

    def _is_gone(self, name: str, span: Span | None) -> bool:
        return span is not None and name not in self.listed and name in span

    def _context(self, names: Collection[str]) -> list[Identity]:
        """Return the domains that `names` belong to, as far as they are not among them."""
        above = sorted({each for name in names for each in domains_above(name, self.listed)}.difference(names))
        missing = [name for name in above if name not in self._breadth][:BATCH]
        if missing:
            self._breadth |= self.reader.breadth(self.base.region, missing)
        return [self._identity(name) for name in above]

    def _elsewhere(self, identity: Identity) -> Observed[tuple[Elsewhere, ...]]:
        suspected = [each for each in self.ledger.of(identity.name, "identity") if each.check_id == PARITY]
        wanted = self.sandboxed or any(each.phase is not Phase.RESOLVED for each in suspected)
        return self.elsewheres.of(identity, wanted=wanted)
