"""Cases of identity.feedback_path."""

from dataclasses import replace
from typing import Any

from ses_monitor.core.identity import Feedback
from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Known, Observed
from tests.build import (
    ADDRESS,
    DEFAULT_SET,
    HEALTHY_ADDRESS,
    HEALTHY_DOMAIN,
    HOSTILE,
    IDENTITIES_UNREADABLE,
    SENDER,
    THROTTLED,
    TOPIC,
    Case,
    destination,
    details,
    feedback,
    with_address,
    with_identity,
    with_set,
)

NO_BOUNCE = ("NO_BOUNCE_FEEDBACK",)
NO_COMPLAINT = ("NO_COMPLAINT_FEEDBACK",)
NEITHER = NO_BOUNCE + NO_COMPLAINT
BY_MAIL = ("FEEDBACK_BY_MAIL_ONLY",)
HIDES = ("ADDRESS_HIDES_DOMAIN_FEEDBACK",)

NOTHING = Known(Feedback("", "", forwarding=False))
FORWARDED = Known(Feedback("", "", forwarding=True))
WITHOUT_SET = details(configuration_set="")
PUBLISHES_NOTHING = with_set(destinations=Known(()))
PUBLISHES_BOUNCES = with_set(destinations=Known((destination("BOUNCE", "SEND"),)))


def silent(feedback: Observed[Feedback] = NOTHING, **facts: Any) -> Snapshot:
    """Nothing is published by default."""
    return with_identity(**{"feedback": feedback, "details": WITHOUT_SET, **facts})


def address(feedback: Observed[Feedback] = FORWARDED, domain: Any = HEALTHY_DOMAIN, **facts: Any) -> Snapshot:
    """An address that publishes nothing by default, under a domain."""
    facts = {"feedback": feedback, "details": WITHOUT_SET, **facts}
    return with_address(others=(domain,), **facts)


CASES = [
    Case("healthy", SENDER),
    Case("a healthy address", SENDER, subject=ADDRESS),
    Case(
        "topics, whatever else is not known",
        with_identity(details=THROTTLED, base=replace(SENDER, configuration_sets=THROTTLED)),
    ),
    Case("topics and forwarding as well", with_identity(feedback=feedback(forwarding=True))),
    Case("no topics, but the default configuration set publishes both", with_identity(feedback=NOTHING)),
    Case("a topic for bounces; complaints are published", with_identity(feedback=feedback(complaint_topic=""))),
    Case("the identities cannot be listed", IDENTITIES_UNREADABLE, unknown=True),
    Case("feedback could not be read", with_identity(feedback=THROTTLED), unknown=True),
    # nobody is told
    Case(
        "nothing tells",
        silent(),
        NEITHER,
        says=(
            "no default configuration set",
            "aws ses set-identity-notification-topic --region eu-west-1 --identity shop.example.com --notification-type Bounce --sns-topic arn:aws:sns:eu-west-1:111122223333:TOPIC",
            "--notification-type Complaint",
            "--email-forwarding-enabled",
        ),
    ),
    Case("only bounces are told", silent(feedback(complaint_topic="")), NO_COMPLAINT),
    Case("only complaints are told", silent(feedback(bounce_topic="")), NO_BOUNCE),
    Case("records lost, but it still sends", silent(verification_status="TEMPORARY_FAILURE"), NEITHER),
    *(
        Case(f"it cannot send: {status}", silent(verification_status=status))
        for status in ("PENDING", "FAILED", "NOT_STARTED", "HALF")
    ),
    Case(
        "the default configuration set publishes neither",
        with_identity(feedback=NOTHING, base=PUBLISHES_NOTHING),
        NEITHER,
        says=(f"its default configuration set {DEFAULT_SET} does not publish them",),
    ),
    Case(
        "the default configuration set publishes bounces only",
        with_identity(feedback=NOTHING, base=PUBLISHES_BOUNCES),
        NO_COMPLAINT,
    ),
    Case(
        "what would publish them is switched off",
        with_identity(
            feedback=NOTHING, base=with_set(destinations=Known((destination("BOUNCE", "COMPLAINT", enabled=False),)))
        ),
        NEITHER,
    ),
    Case(
        "two destinations publish one each",
        with_identity(
            feedback=NOTHING, base=with_set(destinations=Known((destination("BOUNCE"), destination("COMPLAINT"))))
        ),
    ),
    Case(
        "another configuration set publishes them, which does not count",
        with_identity(feedback=NOTHING, base=with_set(name="another")),
        undecided=NEITHER,
    ),
    Case(
        "no topics, the details could not be read",
        with_identity(feedback=NOTHING, details=THROTTLED),
        undecided=NEITHER,
    ),
    Case(
        "no topics, the configuration sets could not be read",
        with_identity(feedback=NOTHING, base=replace(SENDER, configuration_sets=THROTTLED)),
        undecided=NEITHER,
    ),
    Case(
        "no topics, the event destinations could not be read",
        with_identity(feedback=NOTHING, base=with_set(destinations=THROTTLED)),
        undecided=NEITHER,
    ),
    Case(
        "no topic for bounces, the details could not be read",
        with_identity(feedback=feedback(bounce_topic=""), details=THROTTLED),
        undecided=NO_BOUNCE,
    ),
    Case(
        "in a government region",
        replace(silent(), region="us-gov-west-1"),
        NEITHER,
        says=("arn:aws-us-gov:sns:us-gov-west-1:111122223333:TOPIC",),
    ),
    Case(
        "a hostile name and set",
        silent(
            name=HOSTILE,
            base=with_set(name=HOSTILE, destinations=Known(())),
            details=details(configuration_set=HOSTILE),
        ),
        NEITHER,
    ),
    # by mail only
    Case("forwarded only", silent(FORWARDED), BY_MAIL, says=("Bounces and complaints of mail from",)),
    Case(
        "complaints are forwarded only",
        silent(feedback(complaint_topic="", forwarding=True)),
        BY_MAIL,
        says=("Complaints of mail from",),
    ),
    Case(
        "bounces are forwarded only",
        silent(feedback(bounce_topic="", forwarding=True)),
        BY_MAIL,
        says=("Bounces of mail from",),
    ),
    Case(
        "bounces are published, complaints are forwarded only",
        with_identity(feedback=FORWARDED, base=PUBLISHES_BOUNCES),
        BY_MAIL,
        says=("Complaints of mail from", DEFAULT_SET),
    ),
    Case("forwarded, and published as well", with_identity(feedback=FORWARDED)),
    Case(
        "forwarded, the details could not be read",
        with_identity(feedback=FORWARDED, details=THROTTLED),
        undecided=BY_MAIL,
    ),
    # an address that hides its domain's topics
    Case(
        "an address without topics under a domain that has them",
        address(),
        BY_MAIL + HIDES,
        says=(
            "do not reach the topics of its domain shop.example.com",
            f"--identity orders@shop.example.com --notification-type Bounce --sns-topic {TOPIC}",
            f"--notification-type Complaint --sns-topic {TOPIC}",
            "delete-email-identity --region eu-west-1 --email-identity orders@shop.example.com",
        ),
    ),
    Case("an address without anything under such a domain", address(NOTHING), NEITHER + HIDES),
    Case(
        "an address that lacks only one of the topics",
        address(feedback(complaint_topic="", bounce_topic="arn:aws:sns:eu-west-1:111122223333:own", forwarding=True)),
        BY_MAIL + HIDES,
        says=("Complaints of mail from", "--sns-topic arn:aws:sns:eu-west-1:111122223333:own"),
    ),
    Case(
        "a domain with a topic for complaints only",
        address(domain=replace(HEALTHY_DOMAIN, feedback=feedback(bounce_topic=""))),
        BY_MAIL + HIDES,
        says=("Complaints of mail from", f"--notification-type Bounce --sns-topic {TOPIC}"),
    ),
    Case("an address with topics of its own", address(feedback())),
    Case("an address that publishes both by default", with_address(feedback=FORWARDED, others=(HEALTHY_DOMAIN,))),
    Case("a domain without topics hides nothing", address(domain=replace(HEALTHY_DOMAIN, feedback=FORWARDED)), BY_MAIL),
    Case(
        "a domain that is not verified", address(domain=replace(HEALTHY_DOMAIN, verification_status="PENDING")), BY_MAIL
    ),
    Case("a domain of another name", address(domain=replace(HEALTHY_DOMAIN, name="hop.example.com")), BY_MAIL),
    Case(
        "another address of the domain", address(domain=replace(HEALTHY_ADDRESS, name="info@shop.example.com")), BY_MAIL
    ),
    Case(
        "a domain in other letters", address(domain=replace(HEALTHY_DOMAIN, name="Shop.Example.COM")), BY_MAIL + HIDES
    ),
    Case(
        "a domain above that of the address",
        address(domain=replace(HEALTHY_DOMAIN, name="example.com")),
        BY_MAIL + HIDES,
        says=("its domain example.com",),
    ),
    Case(
        "the closest domain counts, and that has no topics",
        with_address(
            feedback=FORWARDED,
            details=WITHOUT_SET,
            others=(replace(HEALTHY_DOMAIN, name="example.com"), replace(HEALTHY_DOMAIN, feedback=FORWARDED)),
        ),
        BY_MAIL,
    ),
    Case(
        "the domain's feedback could not be read",
        address(domain=replace(HEALTHY_DOMAIN, feedback=THROTTLED)),
        BY_MAIL,
        undecided=HIDES,
    ),
    Case("the address's details could not be read", address(details=THROTTLED), undecided=BY_MAIL + HIDES),
    Case(
        "a hostile address under a hostile domain",
        address(
            name="x@" + HOSTILE, domain=replace(HEALTHY_DOMAIN, name=HOSTILE, feedback=feedback(bounce_topic=HOSTILE))
        ),
        BY_MAIL + HIDES,
    ),
]
