"""What Hypothesis makes of our types: every value the core may come up with, and some it should not."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from ses_monitor.core.check import Step
from ses_monitor.core.model import Memory, Severity
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, HourlyFacts, RegionState, RunRecord, Unseen
from ses_monitor.core.stored import Change, Phase, Stored, Transition
from ses_monitor.core.verdict import Cause, Verdict

instants = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - a bound, made aware by `timezones`
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - a bound, made aware by `timezones`
    timezones=st.just(UTC),
)
lines = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
names = st.text("abcdefghijklmnopqrstuvwxyz-_0123456789", min_size=1, max_size=20)
counts = st.integers(0, 10**6)
severities = st.sampled_from(Severity)
figures = st.floats(0, 1e9, allow_subnormal=False).filter(lambda value: value == 0 or value > 1e-100)
steps = st.lists(st.builds(Step, lines, lines, lines), max_size=5).map(tuple)
evidence = st.dictionaries(names, lines | counts | figures | st.booleans(), max_size=6)

stored_findings = st.builds(
    Stored,
    region=names,
    check_id=st.builds("{}.{}".format, names, names),
    subject=lines,
    tag=names,
    severity=severities,
    phase=st.sampled_from(Phase),
    version=st.integers(0, 2**52),
    seen=counts,
    absent=counts,
    first_seen=instants,
    opened_at=st.none() | instants,
    written_at=instants,
    text=lines,
    cause=lines,
    steps=steps,
    evidence=evidence,
    flaps=counts,
    told_at=st.none() | instants,
    unheard=st.booleans(),
    heard_before=st.booleans(),
)
changes = st.builds(
    Change,
    account_id=names,
    region=names,
    check_id=st.builds("{}.{}".format, names, names),
    subject=lines,
    tag=names,
    severity=severities,
    transition=st.sampled_from(Transition),
    version=st.integers(0, 2**52),
    at=instants,
    since=instants,
    text=lines,
    cause=lines,
    steps=steps,
    evidence=evidence,
    was_tag=st.just("") | names,
    was_severity=st.none() | severities,
    baseline=st.booleans(),
    muted_by=lines,
    flaps=counts,
)
accounts = st.builds(
    AccountFacts,
    seen_at=instants,
    production_access=st.none() | st.booleans(),
    sending_enabled=st.none() | st.booleans(),
    enforcement=st.none() | names,
    review_status=st.none() | names,
    max_24_hours=st.none() | figures | st.just(-1.0),
    max_per_second=st.none() | figures,
    sent_last_24_hours=st.none() | figures,
    suppressed_reasons=st.none() | st.lists(names, max_size=3).map(tuple),
)
region_states = st.builds(
    RegionState,
    region=names,
    verdict=st.sampled_from(Verdict),
    verdict_since=instants,
    causes=st.lists(st.builds(Cause, st.just("") | names, severities, lines, lines), max_size=4).map(tuple),
    account=st.none() | accounts,
    memory=st.builds(Memory, st.none() | instants, st.none() | instants),
    hourly=st.none()
    | st.builds(
        HourlyFacts,
        read_at=instants,
        sent_recently=st.none() | st.booleans(),
        has_verified_identity=st.none() | st.booleans(),
        bounce_rate=st.none() | figures,
        complaint_rate=st.none() | figures,
        busiest_minute=st.none() | figures,
        reputation_read=st.booleans(),
    ),
    identity_causes=st.lists(st.builds(Cause, names, severities, lines, lines), max_size=4).map(tuple),
    baselined=st.frozensets(names, max_size=3),
    revision=st.integers(0, 10**9),
)
mutes = st.builds(
    Mute,
    mute_id=lines,
    owner=lines,
    reason=lines,
    expires_at=instants,
    tag=lines,
    check_id=lines,
    region=lines,
    subject=lines,
    created_at=st.none() | instants,
)
runs = st.builds(
    RunRecord,
    function=names,
    started_at=instants,
    duration_ms=counts,
    regions=st.lists(names, max_size=4).map(tuple),
    skipped=st.lists(names, max_size=4).map(tuple),
    unseen=st.lists(st.builds(Unseen, names, names, lines, names, lines), max_size=4).map(tuple),
    changes=counts,
    conflicts=counts,
    complete=st.booleans(),
)
