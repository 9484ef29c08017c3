"""Changes to tell of, each as a check would write it, and alerts made of arbitrary text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from ses_monitor.alerts.alert import Alert, Entry
from ses_monitor.alerts.group import group
from ses_monitor.checks.rejection import identities
from ses_monitor.core.check import Finding, Step
from ses_monitor.core.model import ACCOUNT, Severity
from ses_monitor.core.stored import Change, Transition
from ses_monitor.core.traffic import RefusedSender
from ses_monitor.store.deliveries import Claim, Root, RootId, Told
from tests import build
from tests.build import refusals, with_refusals

NOW = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
ACCOUNT_ID = "111122223333"


def paused(region: str = "eu-west-1", **changed: Any) -> Change:
    return _change(
        region,
        "account.sending_enabled",
        "SENDING_PAUSED",
        Severity.CRITICAL,
        text=f"Sending is switched off for SES in {region}: every send is refused.",
        cause="Somebody, or an automatic rule, in your own account paused it. It is not AWS's pause.",
        steps=(
            Step(
                "See who switched it off, and why:",
                f"aws cloudtrail lookup-events --region {region} --lookup-attributes"
                " AttributeKey=EventName,AttributeValue=PutAccountSendingAttributes",
            ),
            Step(
                "When the reason is gone, switch it on:",
                f"aws sesv2 put-account-sending-attributes --region {region} --sending-enabled",
            ),
        ),
        changed=changed,
    )


def reviewed(region: str = "eu-west-1", **changed: Any) -> Change:
    console = f"https://{region}.console.aws.amazon.com/ses/home?region={region}#/reputation"
    return _change(
        region,
        "account.enforcement",
        "UNDER_REVIEW",
        Severity.ERROR,
        text=f"AWS has put SES in {region} under review (PROBATION). Mail still leaves; if the cause stays, AWS pauses it.",
        cause="Usually a bounce rate of 5 % or more or a complaint rate of 0.1 % or more.",
        steps=(
            Step("See which metric is marked, and its history:", url=console),
            Step(f"Stop the senders that cause it in {region}."),
        ),
        changed=changed,
    )


def quota(
    severity: Severity = Severity.WARNING, percent: int = 82, region: str = "eu-west-1", **changed: Any
) -> Change:
    tag = "QUOTA_EXHAUSTED" if severity is Severity.CRITICAL else "QUOTA_NEARLY_EXHAUSTED"
    return _change(
        region,
        "account.quota",
        tag,
        severity,
        text=f"{percent} % of the daily quota of SES in {region} is used: {percent * 500} of 50000 recipients in 24 h.",
        cause="The window rolls: room returns as yesterday's sends fall out of it.",
        steps=(Step("Hold back what can wait, and queue refused mail for a retry."),),
        evidence={"percent": percent, "limit": 50000.0},
        changed=changed,
    )


def suppression(region: str = "eu-west-1", **changed: Any) -> Change:
    return _change(
        region,
        "account.suppression",
        "SUPPRESSION_OFF",
        Severity.NOTICE,
        text=f"The account's suppression list in {region} is off for BOUNCE: SES keeps sending to such addresses.",
        cause="Accounts from before 25 Nov 2019 start without it.",
        steps=(
            Step(
                "Switch it on:",
                f"aws sesv2 put-account-suppression-attributes --region {region} --suppressed-reasons BOUNCE COMPLAINT",
            ),
        ),
        changed=changed,
    )


def pending(region: str = "eu-west-1", **changed: Any) -> Change:
    return _change(
        region,
        "account.production_access",
        "REVIEW_PENDING",
        Severity.INFO,
        text=f"AWS is looking at the request for production access in {region}.",
        cause="A request is answered within 24 hours as a rule.",
        steps=(Step("Wait; a second request meanwhile is refused."),),
        changed=changed,
    )


def dkim(subject: str = "example.com", region: str = "eu-west-1", **changed: Any) -> Change:
    return _change(
        region,
        "identity.dkim",
        "DKIM_FAILED",
        Severity.ERROR,
        subject=subject,
        text=f"SES did not find the DKIM records of {subject}.",
        cause="The three CNAMEs were removed, or not published within 72 hours.",
        steps=(
            Step(
                "See the records that SES expects:",
                f"aws sesv2 get-email-identity --region {region} --email-identity {subject}",
            ),
        ),
        changed=changed,
    )


def refused(**changed: Any) -> Change:
    """As its check writes it: the words are the catalogue's."""
    told = refusals(
        "SENDER_VERIFIED_IN_OTHER_REGION",
        {0: 3, 5: 14},
        text="Email address is not verified. The following identities failed the check in region EU-WEST-1:"
        " orders@shop.example.com",
        code="MessageRejected",
        identity="orders@shop.example.com",
        elsewhere="us-east-1",
        known="In us-east-1 shop.example.com is verified, in eu-west-1 it does not exist.",
    )
    [finding] = identities.evaluate(RefusedSender("shop.example.com", (told,)), with_refusals(told))
    assert isinstance(finding, Finding)
    return _change(
        "eu-west-1",
        identities.CHECK.id,
        finding.tag,
        finding.severity,
        subject=finding.subject,
        text=finding.text,
        cause=finding.cause,
        steps=finding.steps,
        evidence=finding.evidence,
        changed={"at": build.NOW, "since": build.NOW, **changed},
    )


def resolved(change: Change, after: timedelta = timedelta(hours=2, minutes=10), **changed: Any) -> Change:
    return replace(
        change,
        **{"transition": Transition.RESOLVED, "at": change.at + after, "version": change.version + 100, **changed},
    )


def alert_of(*changes: Change) -> Alert:
    (alert,) = group(changes)
    return alert


def _change(
    region: str, check_id: str, tag: str, severity: Severity, *, changed: dict[str, Any], **usual: Any
) -> Change:
    given: dict[str, Any] = {
        "account_id": ACCOUNT_ID,
        "subject": ACCOUNT,
        "transition": Transition.OPENED,
        "version": 1000,
        "at": NOW,
        "since": NOW,
        "evidence": {},
    }
    return Change(region=region, check_id=check_id, tag=tag, severity=severity, **(given | usual | changed))


@dataclass
class FakeLedger:
    """`store.deliveries.Deliveries` in memory; `failing` names methods that raise."""

    states: dict[tuple[str, str], str] = field(default_factory=dict)
    last_told: dict[tuple[str, str], Told] = field(default_factory=dict)
    roots: dict[tuple[str, RootId], Root] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)

    def claim(self, alert_id: str, channel: str, now: datetime, lease_seconds: int) -> Claim:  # noqa: ARG002 - as the real one
        self._may("claim")
        state = self.states.get((alert_id, channel))
        if state == "delivered":
            return Claim.ALREADY_DELIVERED
        if state == "claimed":
            return Claim.IN_PROGRESS
        self.states[alert_id, channel] = "claimed"
        return Claim.CLAIMED

    def delivered(
        self, alert_id: str, channel: str, versions: Mapping[str, int], now: datetime, *, title: str = ""
    ) -> None:
        self._may("delivered")
        self.note(channel, versions, now, title=title)
        self.states[alert_id, channel] = "delivered"

    def note(
        self, channel: str, versions: Mapping[str, int], now: datetime, *, title: str = "", root: RootId | None = None
    ) -> None:
        self._may("note")
        for finding_id, version in versions.items():
            before = self.last_told.get((channel, finding_id))
            if before is None or before.version <= version:
                self.last_told[channel, finding_id] = Told(version, now, title, root)

    def root(self, channel: str, root_id: RootId) -> Root | None:
        self._may("root")
        return self.roots.get((channel, root_id))

    def save_root(self, channel: str, root: Root) -> Root | None:
        self._may("save_root")
        known = self.roots.get((channel, root.id))
        if root.revision != (known.revision if known else 0):
            return None
        self.roots[channel, root.id] = replace(root, revision=root.revision + 1)
        return self.roots[channel, root.id]

    def release(self, alert_id: str, channel: str) -> None:
        self._may("release")
        if self.states.get((alert_id, channel)) == "claimed":
            del self.states[alert_id, channel]

    def told(self, channel: str, finding_ids: Iterable[str]) -> dict[str, Told]:
        self._may("told")
        return {each: self.last_told[channel, each] for each in finding_ids if (channel, each) in self.last_told}

    def told_versions(self, channel: str, finding_ids: Iterable[str]) -> dict[str, int]:
        self._may("told_versions")
        return {each: self.versions[channel, each] for each in finding_ids if (channel, each) in self.versions}

    @property
    def versions(self) -> dict[tuple[str, str], int]:
        return {key: told.version for key, told in self.last_told.items()}

    def lease_runs_out(self) -> None:
        self.states = {key: state for key, state in self.states.items() if state != "claimed"}

    def _may(self, method: str) -> None:
        if method in self.failing:
            raise ConnectionError(method)


@dataclass
class FakeSlots:
    """`store.slots.Slots` in memory; `failing` names methods that raise."""

    taken: dict[tuple[str, str], datetime] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)

    def take(self, channel: str, wanted: Sequence[str], now: datetime, most: Callable[[str], int]) -> frozenset[str]:
        if "take" in self.failing:
            raise ConnectionError
        self.taken = {key: at for key, at in self.taken.items() if now - at < timedelta(minutes=1)}
        for each in wanted:
            if (channel, each) not in self.taken and sum(key[0] == channel for key in self.taken) < most(each):
                self.taken[channel, each] = now
        return frozenset(each for each in wanted if (channel, each) in self.taken)

    def give_back(self, channel: str, alert_ids: Collection[str], now: datetime) -> None:  # noqa: ARG002 - as the real one
        if "give_back" in self.failing:
            raise ConnectionError
        for each in alert_ids:
            self.taken.pop((channel, each), None)


HOSTILE = (
    "<!channel> <!here|x> <@U012AB3CD> <#C012AB3CD> <!subteam^S1> <!date^1^{date}|x>",
    "<https://evil.example|SES console> https://evil.example",
    "``` *bold* _it_ ~gone~ `code` ```\n```rm -rf```",
    "Subject: x\r\nBcc: victim@example.com\r\n\r\nbody",
    "&lt;!channel&gt; &amp;amp; & < >",
    "\u202egnp.exe \u0000\u001b[31m\u200b\ud800 :rotating_light:",
    "a" * 5000,
    "&" * 5000,
    "\U0001f6a8" * 3000,
    "",
    " ",
    "*" * 300 + "`" * 300,
)

anything = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="<>&*_~`!@#|:/ \n\\\"'", max_size=300),
    st.sampled_from(HOSTILE),
)
moments = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(2090, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    timezones=st.just(UTC),
)
steps = st.lists(
    st.builds(Step, anything, anything, st.one_of(anything, anything.map("https://".__add__))), max_size=10
)
entries = st.builds(
    Entry,
    finding_id=anything,
    region=st.one_of(anything, st.sampled_from(["eu-west-1", "us-east-1", "ap-south-1"])),
    check_id=anything,
    subject=st.one_of(anything, st.just(ACCOUNT)),
    tag=st.one_of(anything, st.just("SANDBOX")),
    severity=st.sampled_from(Severity),
    version=st.integers(0, 2**53),
    text=anything,
    cause=anything,
    steps=steps.map(tuple),
    since=moments,
    at=moments,
    evidence=st.dictionaries(anything, st.one_of(anything, st.floats(), st.booleans(), st.integers(-9, 9)), max_size=4),
    was_tag=anything,
    was_severity=st.one_of(st.none(), st.sampled_from(Severity)),
    supersedes=st.lists(anything, max_size=3).map(tuple),
    flaps=st.integers(0, 3),
    transition=st.none() | st.sampled_from(Transition),
)
alerts = st.builds(
    Alert,
    alert_id=anything,
    account_id=anything,
    transition=st.sampled_from(Transition),
    entries=st.lists(entries, min_size=1, max_size=40).map(tuple),
    baseline=st.booleans(),
    more=st.integers(0, 1000),
    rollup=st.booleans(),
)
