"""A region's verdict while two audits write it: the account's every few minutes, the identities' every hour."""

from dataclasses import replace

import pytest

from ses_monitor.audit.region import with_identities
from ses_monitor.core.model import Severity
from ses_monitor.core.region_state import RegionState
from ses_monitor.core.verdict import Cause, Verdict
from tests.audit.identity_world import HERE, OPEN_POLICY, REJECTING, IdentityMonitor, domain
from tests.audit.world import Monitor, account
from tests.build import NOW

REJECTED = Cause("MAIL_FROM_REJECTING", Severity.CRITICAL, "a.example.com", "SES refuses every mail.")
PAUSED = account(sending_enabled=False)


@pytest.fixture
def accounts() -> Monitor:
    """Audits the account on the same table."""
    return Monitor()


@pytest.fixture
def identities(accounts: Monitor) -> IdentityMonitor:
    made = IdentityMonitor()
    accounts.store = made.store
    made.world.put(domain("a.example.com", mail_from=REJECTING))
    return made


def causes(state: RegionState) -> list[str]:
    return [cause.tag for cause in state.causes]


def test_the_audit_of_the_account_keeps_what_is_wrong_with_identities(
    accounts: Monitor, identities: IdentityMonitor
) -> None:
    accounts.audit()
    identities.audit()
    for _ in range(3):
        accounts.audit()
        assert (identities.store.verdict(HERE), causes(identities.store.states[HERE])) == (
            Verdict.AT_RISK,
            ["MAIL_FROM_REJECTING"],
        )
    since = identities.store.states[HERE].verdict_since
    identities.audit()
    assert identities.store.states[HERE].verdict_since == since


def test_a_region_that_is_stopped_says_so_first_and_is_at_risk_again_when_it_is_not(
    accounts: Monitor, identities: IdentityMonitor
) -> None:
    identities.audit()
    accounts.world.accounts[HERE] = PAUSED
    accounts.audit()
    assert (identities.store.verdict(HERE), causes(identities.store.states[HERE])) == (
        Verdict.BLOCKED,
        ["SENDING_PAUSED", "MAIL_FROM_REJECTING"],
    )
    del accounts.world.accounts[HERE]
    accounts.audit()
    assert identities.store.verdict(HERE) is Verdict.AT_RISK
    identities.world.put(domain("a.example.com"))
    identities.audit()
    accounts.audit()
    assert (identities.store.verdict(HERE), causes(identities.store.states[HERE])) == (Verdict.DELIVERS, [])


def test_a_first_audit_of_the_account_is_a_first_audit_also_after_one_of_identities(
    accounts: Monitor, identities: IdentityMonitor
) -> None:
    identities.world.put(domain("b.example.com", details=OPEN_POLICY))
    identities.settled()
    accounts.world.accounts[HERE] = account(enforcement="PROBATION")
    [told] = accounts.audit().changes
    assert told.baseline
    assert identities.store.states[HERE].baselined == {"accounts", "identities"}


def test_an_account_that_is_at_risk_by_itself_stays_so_without_identities() -> None:
    own = Cause("QUOTA_NEARLY_EXHAUSTED", Severity.WARNING, "account", "81 % of the quota is used.")
    state = RegionState(HERE, Verdict.AT_RISK, NOW, (REJECTED, own), identity_causes=())
    after = with_identities(state, [REJECTED], NOW)
    assert (after.verdict, after.causes) == (Verdict.AT_RISK, (own,))
    again = with_identities(replace(after, identity_causes=(REJECTED,)), [], NOW)
    assert again.causes == (REJECTED, own)
