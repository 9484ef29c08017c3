"""Cases of configuration_set.event_destinations."""

from dataclasses import replace
from typing import Any

from ses_monitor.core.identity import EventDestination, Feedback, Identity
from ses_monitor.core.model import Snapshot
from ses_monitor.core.observed import Known
from ses_monitor_cli.enrollment import EACH_MAIL, NEEDED
from tests.build import (
    ADDRESS,
    DOMAIN,
    HEALTHY_ADDRESS,
    HEALTHY_DOMAIN,
    HOSTILE,
    SENDER,
    SETS_UNREADABLE,
    THROTTLED,
    TOPIC,
    Case,
    destination,
    feedback,
    with_set,
)

NONE = ("NO_EVENT_DESTINATION",)
OFF = ("EVENT_DESTINATION_OFF",)
NO_BOUNCES = ("BOUNCES_NOT_PUBLISHED",)
NO_COMPLAINTS = ("COMPLAINTS_NOT_PUBLISHED",)
NEITHER = NO_BOUNCES + NO_COMPLAINTS

SILENT = Known(Feedback("", "", forwarding=True))
SILENT_DOMAIN = replace(HEALTHY_DOMAIN, feedback=SILENT)
SILENT_ADDRESS = replace(HEALTHY_ADDRESS, feedback=SILENT)
BLIND_DOMAIN = replace(HEALTHY_DOMAIN, feedback=THROTTLED)
PENDING_DOMAIN = replace(SILENT_DOMAIN, verification_status="PENDING")


def publishing(*destinations: EventDestination, by: tuple[Identity, ...] = (SILENT_DOMAIN,), **facts: Any) -> Snapshot:
    """The set has these destinations, and the region these identities, which use it by default."""
    users = tuple(each.name for each in by)
    facts = {"destinations": Known(destinations), "default_of": users, **facts}
    return with_set(base=replace(SENDER, identities=Known(by)), **facts)


SENDS = destination("SEND", "DELIVERY", name="counting")

CASES = [
    Case("healthy", SENDER),
    Case("the configuration sets cannot be listed", SETS_UNREADABLE, unknown=True),
    Case("the destinations could not be read", with_set(destinations=THROTTLED), unknown=True),
    Case("two destinations publish one each", publishing(destination("BOUNCE"), destination("COMPLAINT"))),
    Case("all but what tells of each mail", publishing(destination(*sorted(set(NEEDED).difference(EACH_MAIL))))),
    # none at all
    Case(
        "no destination",
        publishing(),
        NONE,
        says=(
            "aws sesv2 create-configuration-set-event-destination --region eu-west-1 --configuration-set-name transactional",
            "'Enabled=true,MatchingEventTypes=BOUNCE,COMPLAINT,SnsDestination={TopicArn=arn:aws:sns:eu-west-1:111122223333:TOPIC}'",
        ),
    ),
    Case("no destination, and identities were not read", replace(publishing(), identities=THROTTLED), NONE),
    # off
    Case(
        "the only destination is off",
        publishing(destination("BOUNCE", "COMPLAINT", "SEND", enabled=False)),
        OFF,
        says=(
            "destinations that are off: feedback.",
            "lost meanwhile: BOUNCE, COMPLAINT, SEND",
            "#/configuration-sets/transactional",
        ),
    ),
    Case(
        "one of two is off, the other has less",
        publishing(destination("BOUNCE", "COMPLAINT"), destination("BOUNCE", "OPEN", name="clicks", enabled=False)),
        OFF,
        says=("destinations that are off: clicks.", "lost meanwhile: OPEN."),
    ),
    Case(
        "one of two is off, the other has the same",
        publishing(destination("BOUNCE", "COMPLAINT"), destination("BOUNCE", name="old", enabled=False)),
        OFF,
        says=("none, others have them too",),
    ),
    Case(
        "what is off would not have published bounces either",
        publishing(destination("SEND", enabled=False)),
        (*OFF, *NEITHER),
    ),
    # not published, by what uses the set by default
    Case(
        "neither, and the identity that uses it has no topics",
        publishing(SENDS),
        NEITHER,
        says=(
            "mail from shop.example.com uses it by default, without a topic for them",
            "MatchingEventTypes=BOUNCE,COMPLAINT,",
        ),
    ),
    Case("no bounces", publishing(destination("COMPLAINT")), NO_BOUNCES, says=("MatchingEventTypes=BOUNCE,Sns",)),
    Case("no complaints", publishing(destination("BOUNCE")), NO_COMPLAINTS, says=("MatchingEventTypes=COMPLAINT,Sns",)),
    Case("neither, but the identity that uses it has topics", publishing(SENDS, by=(HEALTHY_DOMAIN,))),
    Case(
        "neither, and the identity that uses it has a topic for complaints",
        publishing(SENDS, by=(replace(HEALTHY_DOMAIN, feedback=feedback(bounce_topic="")),)),
        NO_BOUNCES,
    ),
    Case(
        "neither, and one of two that use it has no topics",
        publishing(SENDS, by=(HEALTHY_DOMAIN, SILENT_ADDRESS)),
        NEITHER,
        says=(f"mail from {ADDRESS} uses it",),
    ),
    Case("neither, and what uses it cannot send", publishing(SENDS, by=(PENDING_DOMAIN,))),
    Case("neither, and the topics were not read", publishing(SENDS, by=(BLIND_DOMAIN,)), undecided=NEITHER),
    Case("neither, and one is known to have no topics", publishing(SENDS, by=(BLIND_DOMAIN, SILENT_ADDRESS)), NEITHER),
    Case(
        "neither, and what uses it was not listed",
        publishing(SENDS, default_of=("old.example.com",)),
        undecided=NEITHER,
    ),
    Case(
        "neither, and the identities were not read", replace(publishing(SENDS), identities=THROTTLED), undecided=NEITHER
    ),
    # not published, by nobody in particular
    Case(
        "neither, nobody is known to use it, and nobody has topics",
        publishing(SENDS, by=(SILENT_DOMAIN, SILENT_ADDRESS), default_of=()),
        NEITHER,
        says=("no identity of the region has a topic for them",),
    ),
    Case(
        "neither, nobody is known to use it, and somebody has topics",
        publishing(SENDS, by=(HEALTHY_DOMAIN, SILENT_ADDRESS), default_of=()),
    ),
    Case(
        "neither, nobody is known to use it, and nobody could", publishing(SENDS, by=(PENDING_DOMAIN,), default_of=())
    ),
    Case("neither, and there are no identities", publishing(SENDS, by=())),
    Case(
        "neither, nobody is known to use it, and some topics were not read",
        publishing(SENDS, by=(BLIND_DOMAIN, SILENT_ADDRESS), default_of=()),
        undecided=NEITHER,
    ),
    Case(
        "neither, nobody is known to use it, and the topics that were read are enough",
        publishing(SENDS, by=(replace(BLIND_DOMAIN, name="other.example.com"), HEALTHY_DOMAIN), default_of=()),
    ),
    Case(
        "an event type nobody knows",
        publishing(destination("BOUNCE", "COMPLAINT", "TELEPATHY")),
    ),
    Case(
        "hostile names",
        publishing(
            destination(HOSTILE, name=HOSTILE, enabled=False),
            by=(replace(SILENT_DOMAIN, name=HOSTILE),),
            name=HOSTILE,
        ),
        (*OFF, *NEITHER),
    ),
    Case(
        "more users than fit",
        publishing(SENDS, by=tuple(replace(SILENT_DOMAIN, name=f"{n}.{DOMAIN}") for n in range(7))),
        NEITHER,
        says=(f"4.{DOMAIN} and 2 more",),
    ),
    Case(
        "to whom it publishes does not matter",
        publishing(EventDestination("bus", enabled=True, event_types=frozenset({"BOUNCE", "COMPLAINT"}), target="")),
    ),
    Case(
        "a topic of the identity is told by name only",
        publishing(SENDS, by=(replace(HEALTHY_DOMAIN, feedback=Known(Feedback(TOPIC, TOPIC, forwarding=True))),)),
    ),
]
