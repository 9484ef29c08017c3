"""Days to sum up: a bad one, a quiet one and one on which nobody could look; and digests made of arbitrary text."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from ses_monitor.core.digest import (
    Answer,
    Day,
    Digest,
    Figures,
    Running,
    Silence,
    Some,
    Told,
    digest_of,
)
from ses_monitor.core.identity_run import IdentityRun
from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, HourlyFacts, RegionState, RunRecord
from ses_monitor.core.stored import Change, Phase, Stored
from ses_monitor.core.traffic import Tally
from ses_monitor.core.verdict import Cause, Verdict
from tests.alerts.examples import ACCOUNT_ID, NOW, anything, dkim, moments, paused, quota, resolved, suppression

HOUR = timedelta(hours=1)
IDLE = ("ap-south-1", "ca-central-1", "sa-east-1")


def stored(change: Change, **changed: object) -> Stored:
    usual = Stored(
        region=change.region,
        check_id=change.check_id,
        subject=change.subject,
        tag=change.tag,
        severity=change.severity,
        phase=Phase.OPEN,
        version=change.version,
        seen=1,
        absent=0,
        first_seen=change.since,
        opened_at=change.since,
        written_at=change.at,
        text=change.text,
        cause=change.cause,
        steps=change.steps,
        evidence=change.evidence,
    )
    return replace(usual, **changed)  # type: ignore[arg-type]


def run(ago: timedelta, regions: tuple[str, ...] = ("eu-west-1", "us-east-1", *IDLE)) -> RunRecord:
    return RunRecord("audit_accounts", NOW - ago, 2100, regions, (), (), 0, 0, complete=True)


def runs(until: timedelta = timedelta(0)) -> list[RunRecord]:
    return [run(until + timedelta(minutes=5 * number)) for number in range(288)]


def state(region: str, verdict: Verdict = Verdict.DELIVERS, **changed: object) -> RegionState:
    sent = 0.0 if verdict is Verdict.IDLE else 41_000.0
    usual = RegionState(
        region=region,
        verdict=verdict,
        verdict_since=NOW - timedelta(days=41, hours=3),
        account=AccountFacts(seen_at=NOW, max_24_hours=50_000.0, sent_last_24_hours=sent),
        hourly=HourlyFacts(NOW - HOUR / 2, bounce_rate=0.0213, complaint_rate=0.00042),
    )
    return replace(usual, **changed)  # type: ignore[arg-type]


MUTE = Mute("60dc1f", "ana", "request is with AWS", NOW + 20 * HOUR, tag="SUPPRESSION_OFF", region="us-east-1")
LATER = Mute("77aa02", "bo", "moved in spring", NOW + timedelta(days=9), subject="old.example.com")

QUIET = Day(
    account_id=ACCOUNT_ID,
    at=NOW,
    regions=[state("eu-west-1"), state("us-east-1"), *(state(region, Verdict.IDLE) for region in IDLE)],
    runs=runs(),
    identity_runs=[IdentityRun("eu-west-1", "r", NOW - HOUR / 2, ended=True)],
    counted={"eu-west-1": {Tally.SENDS: 40_100, Tally.HARD_BOUNCES: 830, Tally.COMPLAINTS: 17}, "us-east-1": {}},
)

_revoked = stored(
    dkim("shop.example.com"),
    tag="DKIM_REVOCATION_PENDING",
    opened_at=NOW - 30 * HOUR,
    evidence={"until": "until 2026-11-22 14:10 UTC at the latest (41 h left)"},
)
_link = stored(
    dkim("ana@example.com"),
    check_id="identity.verification",
    tag="VERIFICATION_PENDING",
    severity=Severity.WARNING,
    opened_at=NOW - 20 * HOUR,
    evidence={"until": "until 2026-11-21 01:30 UTC at the latest (4 h left)"},
)
_fast = stored(
    quota(), opened_at=NOW - 2 * HOUR, evidence={"forecast": "At the present rate it is used up at 23:45 UTC."}
)
_failed = [stored(dkim(f"shop{number}.example.com"), opened_at=NOW - timedelta(days=number)) for number in range(3, 15)]
_began = NOW - 3 * HOUR
BAD = replace(
    QUIET,
    regions=[
        state(
            "eu-west-1",
            Verdict.BLOCKED,
            verdict_since=_began,
            causes=(Cause("SENDING_PAUSED", Severity.CRITICAL, "account", "…"),),
        ),
        state(
            "us-east-1",
            Verdict.AT_RISK,
            verdict_since=NOW - 30 * HOUR,
            causes=(Cause("DKIM_REVOCATION_PENDING", Severity.ERROR, "shop.example.com", "…"),),
        ),
        *(state(region, Verdict.IDLE) for region in IDLE),
    ],
    open=[
        stored(paused(), opened_at=_began),
        _revoked,
        _link,
        _fast,
        *_failed,
        stored(suppression("us-east-1"), opened_at=NOW - timedelta(days=60)),
    ],
    changes=[
        paused(at=_began, since=_began),
        quota(at=NOW - 2 * HOUR, since=NOW - 2 * HOUR),
        resolved(dkim("news.example.com", at=NOW - 9 * HOUR, since=NOW - timedelta(days=2)), HOUR),
        resolved(suppression(at=NOW - 9 * HOUR, since=NOW - 10 * HOUR), HOUR),
    ],
    mutes=[MUTE, LATER],
    counted={
        "eu-west-1": {
            Tally.SENDS: 40_100,
            Tally.HARD_BOUNCES: 2030,
            Tally.OTHER_BOUNCES: 400,
            Tally.COMPLAINTS: 57,
            Tally.REJECTIONS: 1204,
        },
        "us-east-1": None,
    },
)
BLIND = replace(
    QUIET,
    regions=[
        state("eu-west-1"),
        state(
            "us-east-1",
            Verdict.UNKNOWN,
            verdict_since=NOW - 7 * HOUR,
            account=None,
            hourly=None,
            causes=(Cause("", Severity.WARNING, "us-east-1", "AccessDeniedException: not authorized: ses:GetAccount"),),
        ),
        *(state(region, Verdict.IDLE) for region in IDLE),
    ],
    runs=[each for each in runs() if not 5 * HOUR < NOW - each.started_at < 9 * HOUR],
    identity_runs=[IdentityRun("eu-west-1", "r", NOW - 6 * HOUR)],
)
_then = AccountFacts(seen_at=NOW - 4 * HOUR, max_24_hours=50_000.0, sent_last_24_hours=41_000.0)
NOBODY = replace(
    QUIET, regions=[replace(each, account=_then) for each in QUIET.regions], runs=runs(4 * HOUR), overdue=True
)
NEVER = Day(ACCOUNT_ID, NOW, overdue=True)
DAYS = {"bad": BAD, "quiet": QUIET, "blind": BLIND, "nobody-looked": NOBODY, "never-looked": NEVER}
DIGESTS = {name: digest_of(day) for name, day in DAYS.items()}

_counts = st.integers(0, 2**40)
_told = st.builds(
    Told,
    finding_id=anything,
    region=anything,
    subject=anything,
    tag=anything,
    severity=st.sampled_from(Severity),
    since=moments,
    at=moments,
)
_some = st.builds(Some, first=st.lists(_told, max_size=12).map(tuple), more=_counts)
_rate = st.none() | st.floats(-1e9, 1e9)
digests = st.builds(
    Digest,
    account_id=anything,
    at=moments,
    unseen=st.lists(anything, max_size=12).map(tuple),
    answers=st.lists(
        st.builds(
            Answer, region=anything, verdict=anything, since=moments, tag=anything, text=anything, old=st.booleans()
        ),
        max_size=34,
    ).map(tuple),
    idle=_counts,
    audits=_counts,
    regions_audited=_counts,
    regions_unseen=_counts,
    opened=_some,
    closed=_some,
    open=_some,
    by_severity=st.tuples(*[_counts] * 5),
    running=st.lists(
        st.builds(Running, region=anything, subject=anything, ends=moments, what=anything), max_size=10
    ).map(tuple),
    running_more=_counts,
    figures=st.lists(
        st.builds(
            Figures,
            region=anything,
            quota_used=_rate,
            bounce_rate=_rate,
            complaint_rate=_rate,
            counted=st.booleans(),
            sends=_counts,
            bounces=_counts,
            complaints=_counts,
            refused=_counts,
        ),
        max_size=34,
    ).map(tuple),
    mutes=st.lists(
        st.builds(
            Silence,
            mute_id=anything,
            owner=anything,
            reason=anything,
            ends=moments,
            what=anything,
            soon=st.booleans(),
        ),
        max_size=10,
    ).map(tuple),
    mutes_more=_counts,
    suppressed=_counts,
)
