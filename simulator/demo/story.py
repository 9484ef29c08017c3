"""What happens in the demo: a morning at a bookshop, told by the monitor that watches its mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulator import feedback
from simulator.demo.stack import HOME_REGION, DeployedMonitor
from simulator.embedded_aws.process import ACCOUNT_ID
from simulator.feedback_traffic import From, traffic

AUDITS_UNTIL_BLINDNESS_IS_TOLD = 3
SECOND_REGION = "us-east-1"
FOLLOWED = ("eu-west-1", "SHUT_DOWN")
"""Region and tag of the finding whose thread is shown at the end."""
CUSTOMER = "ada.reader@example.org"
REFUSED = (
    "botocore.errorfactory.MessageRejected: An error occurred (MessageRejected) when calling the SendEmail operation:"
    " Email address is not verified. The following identities failed the check in region US-WEST-2:"
    " releases@harbour-audio.example"
)
SENDERS = (
    From(HOME_REGION, "harbour-books.example", "transactional"),
    From(HOME_REGION, "news.harbour-books.example", "newsletter"),
    From(SECOND_REGION, "harbour-books.example", "transactional"),
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """One turn of events: what happens to the world, how many audits follow it, and whether reminding does."""

    title: str
    what: str
    happen: Callable[[DeployedMonitor], None]
    audits: int = 1
    identity_audits: int = 0
    reminds: bool = False


def _nothing(_: DeployedMonitor) -> None:
    """Leave the world as it is."""


def _trouble(monitor: DeployedMonitor) -> None:
    monitor.simulator.change("eu-west-1", account={"enforcement": "PROBATION"})
    monitor.simulator.fault("us-west-2", kind="throttle")
    monitor.simulator.fault("sa-east-1", kind="deny")


def _worse(monitor: DeployedMonitor) -> None:
    monitor.simulator.change("eu-west-1", account={"enforcement": "SHUTDOWN"})


def _hours_pass(monitor: DeployedMonitor) -> None:
    monitor.let_pass(timedelta(hours=4))


def _record_vanishes(monitor: DeployedMonitor) -> None:
    monitor.simulator.remove_record("harbour-gifts.example", "giftsb._domainkey", "CNAME")


def _record_returns(monitor: DeployedMonitor) -> None:
    monitor.simulator.add_record("harbour-gifts.example", "giftsb._domainkey", "CNAME", "giftsb.dkim.amazonses.com")


def _over(monitor: DeployedMonitor) -> None:
    monitor.simulator.change("ap-southeast-2", account={"sending_enabled": True})
    monitor.simulator.change("eu-west-1", account={"enforcement": "HEALTHY"})
    monitor.simulator.heal("us-west-2")
    monitor.simulator.heal("sa-east-1")


def _mail_comes_back(monitor: DeployedMonitor) -> None:
    """An ordinary night in two regions, told with a fifth of it twice; then a bought list and a broken template."""
    monitor.deploy_region(SECOND_REGION)
    now = datetime.now(UTC)
    night = traffic(11, 240, senders=SENDERS, start=now - timedelta(hours=6), hours=4, duplicates=0.2)
    for region in (HOME_REGION, SECOND_REGION):
        monitor.publish_feedback(region, [each.body for each in night.stream if each.region == region])
    bought = [_mail(SECOND_REGION, "harbour-audio.example", f"lead{n}@example.net", n) for n in range(90)]
    orders = [_mail(HOME_REGION, "harbour-books.example", f"customer{n}@example.org", n) for n in range(4)]
    monitor.publish_feedback(SECOND_REGION, [feedback.send(mail) for mail in bought])
    monitor.publish_feedback(SECOND_REGION, [feedback.bounce(mail, mail.recipients, now) for mail in bought[:17]])
    monitor.publish_feedback(
        HOME_REGION, [feedback.rendering_failure(mail, "OrderShipped", "tracking_url") for mail in orders]
    )
    for_ada = _mail(HOME_REGION, "harbour-books.example", CUSTOMER, 99, ago=timedelta(hours=1))
    told = [
        feedback.delay(for_ada, for_ada.recipients, now - timedelta(minutes=40), "MailboxFull"),
        feedback.bounce(for_ada, for_ada.recipients, now - timedelta(minutes=2), feedback.MAILBOX_FULL),
    ]
    monitor.publish_feedback(HOME_REGION, told)
    monitor.wait_until_ingested()


def _sends_are_refused(monitor: DeployedMonitor) -> None:
    """Two applications fail to send: one is found in its log, the other reports it itself."""
    monitor.read_log("/ecs/audio-shop", [f"attempt {n}: {REFUSED}" for n in range(1, 13)])
    launch = {
        "rejection": "554 Message rejected: Email address is not verified. The following identities failed the check"
        " in region EU-CENTRAL-1: leser@example.net",
        "region": "eu-central-1",
        "sender": "Hafenbücher <shop@hafenbuecher.example>",
    }
    monitor.publish_feedback(HOME_REGION, [launch])
    monitor.wait_until_ingested()


def _mail(
    region: str, identity: str, recipient: str, n: int, *, ago: timedelta = timedelta(minutes=4)
) -> feedback.Mail:
    sent_at = datetime.now(UTC) - ago
    return feedback.Mail(
        message_id=feedback.make_id(region, sent_at, identity, n),
        region=region,
        identity=identity,
        source=f"Harbour Books <orders@{identity}>",
        recipients=(recipient,),
        sent_at=sent_at,
        configuration_set="transactional",
        account=ACCOUNT_ID,
    )


CHAPTERS = (
    Chapter(
        "The first audit",
        "Nobody knew: one region is in the sandbox, one was paused by hand and forgotten, one is near its quota.",
        _nothing,
    ),
    Chapter(
        "Nothing new",
        "The audit five minutes later finds the same. Nobody is told twice.",
        _nothing,
    ),
    Chapter(
        "Trouble",
        "AWS puts eu-west-1 under review. us-west-2 is throttled by somebody's script, and a service control policy"
        " denies sa-east-1: the monitor cannot see those two. One blind audit is no news; three in a row are.",
        _trouble,
        audits=AUDITS_UNTIL_BLINDNESS_IS_TOLD,
    ),
    Chapter(
        "It gets worse",
        "AWS pauses eu-west-1. The message of the review says so now, and a reply in its thread, which the whole"
        " channel sees.",
        _worse,
    ),
    Chapter(
        "Nobody acts",
        "Four hours later (here they pass at once) two regions still send nothing: what is CRITICAL is told again.",
        _hours_pass,
        audits=0,
        reminds=True,
    ),
    Chapter(
        "It is over",
        "The review ends well, the throttling and the policy go, and somebody switches ap-southeast-2 on again.",
        _over,
    ),
    Chapter(
        "The identities",
        "Every hour each identity of every region is audited, with the DNS behind it. What is wrong there is a summary"
        " at first; DNS is asked twice before anything is said of it.",
        _nothing,
        audits=0,
        identity_audits=2,
    ),
    Chapter(
        "A record vanishes",
        "Somebody tidies up the zone of harbour-gifts.example and takes one of its three DKIM records out. SES goes on"
        " saying SUCCESS, for hours or days.",
        _record_vanishes,
        audits=0,
        identity_audits=2,
    ),
    Chapter(
        "The record is back",
        "It is published again, and SES never noticed.",
        _record_returns,
        audits=0,
        identity_audits=1,
    ),
    Chapter(
        "Mail comes back",
        "SES publishes what becomes of each mail to a topic of its region; us-east-1 gets the small stack that passes"
        " it on. A night's mail is told, a fifth of it twice. Then somebody mails a bought list, and a template in"
        " eu-west-1 lacks an attribute: SES took those mails, and sent none.",
        _mail_comes_back,
        audits=1,
    ),
    Chapter(
        "Mail that SES never took",
        "SES makes no event of a send that it refuses: only the application hears of it. A new service in us-west-2"
        " tries twelve times, and its log is subscribed; the German shop's launch reports its first refusal itself."
        " SES's words are the same both times. The cause is not.",
        _sends_are_refused,
        audits=0,
    ),
)
