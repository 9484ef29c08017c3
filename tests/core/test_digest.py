"""What a day comes to: counted once, bounded, and honest about what nobody saw."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ses_monitor.checks.identity import DNS_TIME, Clock
from ses_monitor.core import digest
from ses_monitor.core.digest import Day, digest_of
from ses_monitor.core.identity_run import IdentityRun
from ses_monitor.core.model import Severity
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import Unseen
from ses_monitor.core.stored import Transition
from ses_monitor.core.traffic import Tally
from ses_monitor.core.verdict import Verdict
from tests.alerts.digest_examples import HOUR, QUIET, run, runs, state, stored
from tests.alerts.examples import NOW, dkim, paused, quota, resolved

LONG_AGO = NOW - timedelta(days=5)


def day(**changed: object) -> Day:
    return replace(QUIET, **changed)  # type: ignore[arg-type]


def test_a_quiet_day_saw_everything_and_has_nothing_open() -> None:
    told = digest_of(QUIET)
    assert (told.unseen, told.open.count, told.worst, told.weight) == ((), 0, None, Severity.INFO)
    assert (told.idle, told.audits, told.regions_audited, told.regions_unseen) == (3, 288, 5, 0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"runs": ()}, "No audit of the accounts is on record"),
        ({"runs": [run(2 * HOUR)], "overdue": True}, "No audit of the accounts since 2026-11-20 19:30 UTC"),
        (
            {"runs": [each for each in runs() if not HOUR < NOW - each.started_at < 3 * HOUR]},
            "No audit ran from 2026-11-20 18:30 UTC to 2026-11-20 20:30 UTC.",
        ),
        ({"regions": [state("eu-west-1", account=None)]}, "Could not be seen: eu-west-1. What follows of it is old."),
        (
            {"regions": [state("eu-west-1", Verdict.UNKNOWN)]},
            "Not enough could be read for an answer in eu-west-1.",
        ),
        (
            {
                "runs": [
                    replace(
                        run(timedelta(0)),
                        complete=False,
                        unseen=(Unseen("account.quota", "us-east-1", "account", "throttled", "ThrottlingException"),),
                    )
                ]
            },
            "The last audit could not read the account of us-east-1.",
        ),
        (
            {"identity_runs": [IdentityRun("eu-west-1", "r", NOW - 4 * HOUR)]},
            "For more than 3 hours nobody has looked at the identities of eu-west-1.",
        ),
        ({"not_read": ["the mutes"]}, "The table could not be asked for the mutes: that is missing below."),
    ],
)
def test_where_nobody_could_look_is_said_and_weighs_as_an_error(changed: dict[str, object], said: str) -> None:
    told = digest_of(day(**changed))
    assert any(each.startswith(said) for each in told.unseen), told.unseen
    assert told.weight is Severity.ERROR


def test_an_account_that_the_table_confirms_once_an_hour_was_seen() -> None:
    confirmed = state("eu-west-1", account=replace(state("x").account, seen_at=NOW - timedelta(minutes=65)))  # type: ignore[type-var]
    assert digest_of(day(regions=[confirmed])).unseen == ()


def test_audits_once_an_hour_by_choice_are_no_gaps() -> None:
    hourly = [run(timedelta(minutes=60 * number + number % 2)) for number in range(24)]
    assert digest_of(day(runs=hourly)).unseen == ()


def test_that_the_record_of_audits_could_not_be_read_is_not_that_there_was_none() -> None:
    (said,) = digest_of(day(runs=(), overdue=True, not_read=[digest.AUDITS])).unseen
    assert "the audits" in said


def test_the_worst_is_first_and_then_the_longest_open_and_the_rest_is_counted() -> None:
    failed = [stored(dkim(f"shop{i}.example.com"), opened_at=NOW - timedelta(days=i)) for i in range(1, 30)]
    told = digest_of(day(open=[*failed, stored(paused())])).open
    assert [each.subject for each in told.first][:3] == ["account", "shop29.example.com", "shop28.example.com"]
    assert (len(told.first), told.more) == (digest.MOST_LISTED, 20)


def test_what_a_mute_silences_is_counted_and_not_listed() -> None:
    mute = Mute("m", "ana", "known", NOW + HOUR, check_id="identity.dkim")
    told = digest_of(day(open=[stored(dkim()), stored(paused())], mutes=[mute]))
    assert (told.suppressed, told.open.count, told.worst) == (1, 1, Severity.CRITICAL)


@pytest.mark.parametrize(("ends", "soon"), [(timedelta(days=2), True), (timedelta(days=2, minutes=1), False)])
def test_a_mute_ends_soon_within_two_days(ends: timedelta, soon: bool) -> None:
    (told,) = digest_of(day(mutes=[Mute("m", "ana", "known", NOW + ends)])).mutes
    assert (told.soon, told.what) == (soon, "everything but what is CRITICAL")


def test_a_mute_that_is_over_is_not_in_force() -> None:
    assert digest_of(day(mutes=[Mute("m", "ana", "known", NOW)])).mutes == ()


def test_only_what_opened_within_the_day_and_is_open_still_has_opened() -> None:
    new = paused(at=NOW - HOUR, since=NOW - HOUR)
    old = quota(transition=Transition.WORSENED, at=NOW - HOUR, since=LONG_AGO)
    came_and_went = [dkim(at=NOW - 3 * HOUR, since=NOW - 3 * HOUR), resolved(dkim(at=NOW - 3 * HOUR), HOUR)]
    told = digest_of(day(open=[stored(new), stored(old)], changes=[new, old, *came_and_went]))
    assert [each.tag for each in told.opened.first] == ["SENDING_PAUSED"]
    assert [each.tag for each in told.closed.first] == ["DKIM_FAILED"]


def test_what_reopened_is_not_over_and_what_was_muted_is_not_news() -> None:
    before = resolved(paused(at=NOW - 5 * HOUR, since=NOW - 5 * HOUR), HOUR)
    again = paused(at=NOW - HOUR, since=NOW - HOUR, version=2000)
    muted = replace(resolved(dkim(at=NOW - 2 * HOUR), HOUR), muted_by="m")
    told = digest_of(day(open=[stored(again)], changes=[again, before, muted]))
    assert (told.opened.count, told.closed.count) == (1, 0)


@pytest.mark.parametrize(
    ("tag", "evidence", "ends"),
    [
        (
            "DKIM_REVOCATION_PENDING",
            {"until": Clock(DNS_TIME, NOW - timedelta(hours=60), NOW).in_words()},
            NOW + 12 * HOUR,
        ),
        ("QUOTA_WILL_RUN_OUT", {"at": "2026-11-21 02:00"}, datetime(2026, 11, 21, 2, 0, tzinfo=UTC)),
        ("QUOTA_NEARLY_EXHAUSTED", {"forecast": "it is used up at 23:00 UTC."}, NOW + 1.5 * HOUR),
        ("QUOTA_NEARLY_EXHAUSTED", {"forecast": "it is used up at 02:30 UTC."}, NOW + 5 * HOUR),
        ("MAIL_FROM_PENDING", {"until": "until 2026-11-21 02:30 UTC at the latest (5 h left)"}, NOW + 5 * HOUR),
    ],
)
def test_the_clocks_that_checks_work_out_are_told(tag: str, evidence: dict[str, str], ends: datetime) -> None:
    (told,) = digest_of(day(open=[stored(dkim(), tag=tag, evidence=evidence)])).running
    assert told.ends == ends


@pytest.mark.parametrize(
    "until",
    [
        "for 72 h in all, and since when is not known",
        "only for 24 h, which were over at 2026-11-20 21:00 UTC",
        "until 2026-11-30 21:00 UTC at the latest (239 h left)",
        "until 2026-13-41 29:00 UTC",
        17.0,
    ],
)
def test_a_clock_that_is_unknown_over_or_far_away_is_not(until: object) -> None:
    assert digest_of(day(open=[stored(dkim(), evidence={"until": until})])).running == ()


def test_figures_are_of_regions_that_send_and_never_of_long_ago() -> None:
    old = state("us-east-1", account=replace(state("x").account, seen_at=NOW - 2 * HOUR))  # type: ignore[type-var]
    quiet = state("eu-north-1", Verdict.IDLE)
    counted = {"eu-west-1": {Tally.SENDS: 5, Tally.HARD_BOUNCES: 2, Tally.OTHER_BOUNCES: 1}, "us-east-1": None}
    first, second = digest_of(day(regions=[state("eu-west-1"), old, quiet], counted=counted)).figures
    assert (first.region, first.quota_used, first.sends, first.bounces, first.counted) == (
        "eu-west-1",
        0.82,
        5,
        3,
        True,
    )
    assert (second.region, second.quota_used, second.counted) == ("us-east-1", None, False)


def test_an_answer_that_the_last_audits_could_not_give_is_old() -> None:
    gone = state("us-east-1", account=None)
    told = digest_of(day(regions=[state("eu-west-1"), gone]))
    assert [(each.region, each.old) for each in told.answers] == [("eu-west-1", False), ("us-east-1", True)]


def test_an_idle_region_has_no_figures() -> None:
    assert digest_of(day(regions=[replace(state("eu-west-1"), verdict=Verdict.IDLE)], counted={})).figures == ()
