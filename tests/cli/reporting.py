"""What a table might hold, made up without one, for the report."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ses_monitor.audit.accounts import FUNCTION
from ses_monitor.core.check import Step
from ses_monitor.core.identity import IdentityKind, IdentityMemory
from ses_monitor.core.identity_memory import IdentityState
from ses_monitor.core.model import ACCOUNT, Severity
from ses_monitor.core.policy import Mute
from ses_monitor.core.region_state import AccountFacts, RegionState, RunRecord, Unseen
from ses_monitor.core.stored import Phase, Stored
from ses_monitor.core.traffic import HOUR, Sender, Tally
from ses_monitor.core.verdict import Cause, Verdict
from ses_monitor_cli.report.model import Read
from tests.build import NOW

REGIONS = ("ap-southeast-2", "eu-central-1", "eu-west-1", "us-east-1")
EMPTY = Read("", "the stack ses-monitor in eu-west-1", NOW, 14, (), (), (), (), (), {}, {}, {})
TOPIC = "arn:aws:sns:eu-west-1:123456789012:feedback"
FACTS = AccountFacts(NOW - timedelta(minutes=2), True, True, "HEALTHY", None, 50_000, 14, 21_000, ())


def state(region: str, name: str, **more: Any) -> IdentityState:
    healthy = IdentityState(
        region,
        name,
        IdentityKind.DOMAIN,
        "SUCCESS",
        dkim_status="SUCCESS",
        mail_from_domain=f"bounce.{name}",
        mail_from_status="SUCCESS",
        bounce_topic=TOPIC,
        complaint_topic=TOPIC,
        forwarding=False,
    )
    return replace(healthy, **more)


def finding(region: str = "eu-west-1", subject: str = "shop.example.com", **more: Any) -> Stored:
    made = Stored(
        region=region,
        check_id="identity.dkim",
        subject=subject,
        tag="DKIM_FAILED",
        severity=Severity.ERROR,
        phase=Phase.OPEN,
        version=1,
        seen=1,
        absent=0,
        first_seen=NOW - timedelta(hours=30),
        opened_at=NOW - timedelta(hours=30),
        written_at=NOW - timedelta(hours=30),
        text=f"SES does not sign mail of {subject} in {region} with DKIM.",
        cause="The three CNAME records are not in the DNS.",
        steps=(
            Step("Publish the three records."),
            Step(
                "See what SES makes of them:",
                command=f"aws sesv2 get-email-identity --region {region} --email-identity {subject}",
                url=f"https://{region}.console.aws.amazon.com/ses/home?region={region}#/identities",
            ),
        ),
        evidence={},
    )
    return replace(made, **more)


def mute(**more: Any) -> Mute:
    made = Mute(
        "m-1", "Ada", "The DNS moves on Friday.", NOW + timedelta(days=2), tag="DKIM_FAILED", region="eu-west-1"
    )
    return replace(made, **more)


def run(minutes_ago: float = 2, unseen: tuple[Unseen, ...] = ()) -> RunRecord:
    at = NOW - timedelta(minutes=minutes_ago)
    return RunRecord(FUNCTION, at, 1840, REGIONS, ("me-south-1",), unseen, 0, 0, complete=not unseen)


def sender(days: int, bad: int) -> Sender:
    """Mail for some days, of which ever more bounces."""
    hours = {}
    for number in range(days * 24):
        hour = NOW.replace(minute=0) - number * HOUR
        hours[hour] = {
            Tally.SENDS: 100 + number % 24 * 5,
            Tally.DELIVERIES: 90,
            Tally.HARD_BOUNCES: max(bad - number // 30, 0),
            Tally.COMPLAINTS: int(number % 7 == 0),
            Tally.REJECTIONS: 3 if number < 40 else 0,
        }
    return Sender(ACCOUNT, hours)


def table() -> Read:
    """Four regions: one blocked, one in the sandbox, one at risk, one that delivers."""
    since = NOW - timedelta(days=3)
    paused = Cause("SENDING_PAUSED", Severity.CRITICAL, ACCOUNT, "Sending is switched off in ap-southeast-2.")
    sandboxed = Cause("SANDBOX", Severity.ERROR, ACCOUNT, "SES in eu-central-1 is in the sandbox.")
    failing = Cause("DKIM_FAILED", Severity.ERROR, "shop.example.com", "SES does not sign mail of shop.example.com.")
    unseen = Unseen(
        "identity.listing", "us-east-1", ACCOUNT, "denied", "ses:ListEmailIdentities in us-east-1 is denied"
    )
    looks = [
        replace(FACTS, seen_at=NOW - timedelta(days=day), sent_last_24_hours=3000.0 * (14 - day)) for day in range(14)
    ]
    return replace(
        EMPTY,
        account="123456789012",
        states=(
            RegionState("ap-southeast-2", Verdict.BLOCKED, since, (paused,), replace(FACTS, sending_enabled=False)),
            RegionState("eu-central-1", Verdict.SANDBOX, since, (sandboxed,), replace(FACTS, production_access=False, max_24_hours=200, sent_last_24_hours=12)),
            RegionState("eu-west-1", Verdict.AT_RISK, since, (failing,), FACTS),
            RegionState("us-east-1", Verdict.DELIVERS, since, (), FACTS),
        ),
        runs=(run(2, (unseen,)), run(7), run(12)),
        stored=(
            finding(),
            finding("ap-southeast-2", ACCOUNT, check_id="account.sending_enabled", tag="SENDING_PAUSED", severity=Severity.CRITICAL, text="Sending is switched off in ap-southeast-2.", cause="Somebody of your account paused it.", steps=(Step("Switch it on:", command="aws sesv2 put-account-sending-attributes --region ap-southeast-2 --sending-enabled"),)),
            finding("us-east-1", "news.example.com", check_id="dns.dmarc", tag="DMARC_NONE", severity=Severity.NOTICE, text="The DMARC policy for news.example.com is none.", cause="The record says so.", steps=()),
        ),
        mutes=(mute(),),
        identities={
            "eu-west-1": (
                state("eu-west-1", "shop.example.com", dkim_status="FAILED", memory=IdentityMemory(dkim_since=NOW - timedelta(hours=30), unproven_since=NOW - timedelta(hours=31))),
                state("eu-west-1", "news.example.com"),
                state("eu-west-1", "orders@shop.example.com", bounce_topic="", complaint_topic="", forwarding=True),
            ),
            "eu-central-1": (state("eu-central-1", "shop.example.com", verification_status="PENDING", dkim_status="NOT_STARTED", mail_from_status="", bounce_topic=""),),
            "us-east-1": (state("us-east-1", "news.example.com", bounce_topic="", complaint_topic=""),),
        },
        traffic={"eu-west-1": sender(14, 16), "us-east-1": sender(3, 1)},
        accounts={"eu-west-1": looks},
    )  # fmt: skip


def large() -> Read:
    """33 regions, 200 identities in each of them and 10 more in one, 500 findings."""
    regions = [f"eu-region-{number}" for number in range(1, 34)]
    names = [f"shop{number:03}.example.com" for number in range(200)]
    identities = {region: tuple(state(region, name) for name in names) for region in regions}
    identities["eu-region-1"] += tuple(state("eu-region-1", f"z{number}.example.com") for number in range(10))
    return replace(
        EMPTY,
        states=tuple(RegionState(region, Verdict.DELIVERS, NOW - timedelta(days=9), (), FACTS) for region in regions),
        runs=(run(),),
        stored=tuple(finding(regions[number % 33], f"shop{number:03}.example.com") for number in range(500)),
        identities=identities,
        traffic=dict.fromkeys(regions, sender(14, 9)),
    )
