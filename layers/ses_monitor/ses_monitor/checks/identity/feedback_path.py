"""Bounces and complaints that reach nobody are found out from AWS's review: their way back is checked beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ses_monitor.checks.identity import CAN_SEND, CONSOLE, LONGEST_NAME, console_name, new_topic
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, Undecided, bounded
from ses_monitor.core.identity import ConfigurationSet, Feedback, Identity, IdentityKind
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.observed import Blindness, Known, Missing, Observed

_BOUNCE, _COMPLAINT = "BOUNCE", "COMPLAINT"

_TOPIC = "aws ses set-identity-notification-topic --region {region} --identity {subject} --notification-type "
_FORWARD = Step(
    "Or at least have SES mail them to the sender's mailbox:",
    command="aws sesv2 put-email-identity-feedback-attributes --region {region} --email-identity {subject}"
    " --email-forwarding-enabled",
)
_NAME_IT = "Set a topic of this region, with its name for TOPIC. Its policy must let ses.amazonaws.com publish:"
_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-activity-using-notifications.html"

NO_BOUNCE_FEEDBACK = Diagnosis(
    tag="NO_BOUNCE_FEEDBACK",
    severities=(Severity.ERROR,),
    message="No way back is set up for bounces of mail from {subject} in {region}: no topic, no event destination, no"
    " forwarding.",
    cause="The identity has no topic for bounces, forwarding by mail is off, and {published}. Unless each mail names a"
    " set that does, bounces at best land unannounced at the Return-Path: the same addresses are mailed again, until"
    " AWS reviews the account.",
    steps=(Step(_NAME_IT, command=_TOPIC + "Bounce --sns-topic {topic}"), _FORWARD),
    aspect="bounces",
    references=(_REFERENCE,),
)
NO_COMPLAINT_FEEDBACK = Diagnosis(
    tag="NO_COMPLAINT_FEEDBACK",
    severities=(Severity.ERROR,),
    message="No way back is set up for complaints about mail from {subject} in {region}: no topic, no event"
    " destination, no forwarding.",
    cause="The identity has no topic for complaints, forwarding by mail is off, and {published}. Unless each mail names"
    " a set that does, who complained is mailed again, until AWS reviews the account.",
    steps=(Step(_NAME_IT, command=_TOPIC + "Complaint --sns-topic {topic}"), _FORWARD),
    aspect="complaints",
    references=(_REFERENCE,),
)
FEEDBACK_BY_MAIL_ONLY = Diagnosis(
    tag="FEEDBACK_BY_MAIL_ONLY",
    severities=(Severity.NOTICE,),
    message="{kinds} of mail from {subject} in {region} come back by mail only.",
    cause="There is no topic for them, and {published}: SES mails them to the Return-Path, where no program stops the"
    " next mail to the same address. Who asks for production access is asked about this.",
    steps=(
        Step(_NAME_IT, command=_TOPIC + "Bounce --sns-topic {topic}"),
        Step("The same for complaints:", command=_TOPIC + "Complaint --sns-topic {topic}"),
        Step(
            "Leave forwarding on until the topics have delivered; then switch it off, or both will tell.", url=CONSOLE
        ),
    ),
    aspect="bounces",
    references=(_REFERENCE,),
)
ADDRESS_HIDES_DOMAIN_FEEDBACK = Diagnosis(
    tag="ADDRESS_HIDES_DOMAIN_FEEDBACK",
    severities=(Severity.WARNING,),
    message="{kinds} of mail from {subject} in {region} do not reach the topics of its domain {domain}.",
    cause="The address is an identity of its own, and SES goes by the most specific one: that has no topics, so those"
    " of the domain do not count for it.",
    steps=(
        Step("Give the address the same topics:", command=_TOPIC + "Bounce --sns-topic {bounce_topic}"),
        Step("For complaints as well:", command=_TOPIC + "Complaint --sns-topic {complaint_topic}"),
        Step(
            "Or delete the address identity; the domain covers the address. Look first whether anything names its ARN:",
            command="aws sesv2 delete-email-identity --region {region} --email-identity {subject}",
        ),
    ),
    aspect="hidden",
    references=(_REFERENCE,),
)

_NOBODY = {_BOUNCE: NO_BOUNCE_FEEDBACK, _COMPLAINT: NO_COMPLAINT_FEEDBACK}


def evaluate(identity: Identity, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude whether bounces and complaints are told at all, and to whom. What cannot send gets none of them."""
    if identity.verification_status not in CAN_SEND:
        return
    own = identity.feedback.get()
    without = {kind for kind, topic in _topics(own).items() if not topic}
    if not without:
        return
    published = _published(identity, snapshot)
    yield from _unheard(identity, snapshot, own, published, without)
    if identity.kind is IdentityKind.EMAIL_ADDRESS:
        yield from _hidden(identity, snapshot, own, published, without)


def _unheard(
    identity: Identity, snapshot: Snapshot, own: Feedback, published: Observed[frozenset[str]], without: set[str]
) -> Iterator[Conclusion]:
    possible = {FEEDBACK_BY_MAIL_ONLY.tag} if own.forwarding else {_NOBODY[kind].tag for kind in without}
    if isinstance(published, Missing):
        yield Undecided(frozenset(possible), published)
        return
    unheard = without - published.value
    words, topic = _set_in_words(identity), new_topic(snapshot)
    if not own.forwarding:
        for kind in sorted(unheard):
            yield _NOBODY[kind].on(snapshot, identity.name, published=words, topic=topic)
    elif unheard:
        yield FEEDBACK_BY_MAIL_ONLY.on(
            snapshot,
            identity.name,
            kinds=_kinds(unheard),
            published=words,
            topic=topic,
            page=console_name(identity.name),
        )


def _hidden(
    identity: Identity, snapshot: Snapshot, own: Feedback, published: Observed[frozenset[str]], without: set[str]
) -> Iterator[Conclusion]:
    tag = frozenset({ADDRESS_HIDES_DOMAIN_FEEDBACK.tag})
    domain = _domain_of(identity, snapshot.identities.get())
    if domain is None:
        return
    if isinstance(domain.feedback, Missing):
        yield Undecided(tag, domain.feedback)
        return
    inherited = _topics(domain.feedback.value)
    hidden = {kind for kind in without if inherited[kind]}
    if not hidden:
        return
    if isinstance(published, Missing):
        yield Undecided(tag, published)
    elif hidden := hidden - published.value:
        topics = {kind: _topics(own)[kind] or topic for kind, topic in inherited.items()}
        some = next(topic for topic in topics.values() if topic)
        yield ADDRESS_HIDES_DOMAIN_FEEDBACK.on(
            snapshot,
            identity.name,
            kinds=_kinds(hidden),
            domain=bounded(domain.name, LONGEST_NAME),
            bounce_topic=topics[_BOUNCE] or some,
            complaint_topic=topics[_COMPLAINT] or some,
        )


def _topics(feedback: Feedback) -> Mapping[str, str]:
    return {_BOUNCE: feedback.bounce_topic, _COMPLAINT: feedback.complaint_topic}


def _published(identity: Identity, snapshot: Snapshot) -> Observed[frozenset[str]]:
    """Return what the identity's default configuration set publishes; others may be named in a mail, unseen here."""
    if isinstance(identity.details, Missing):
        return identity.details
    name = identity.details.value.configuration_set
    if not name:
        return Known(frozenset())
    if isinstance(snapshot.configuration_sets, Missing):
        return snapshot.configuration_sets
    for each in snapshot.configuration_sets.value:
        if each.name == name:
            return _published_by(each)
    shown = bounded(name, LONGEST_NAME)
    return Missing(Blindness.NOT_APPLICABLE, f"the configuration set {shown} was not read in this audit")


def _published_by(each: ConfigurationSet) -> Observed[frozenset[str]]:
    if isinstance(each.destinations, Missing):
        return each.destinations
    working = (destination.event_types for destination in each.destinations.value if destination.enabled)
    return Known(frozenset().union(*working))


def _domain_of(identity: Identity, identities: Iterable[Identity]) -> Identity | None:
    """Return the identity whose settings the address would have without being one: the closest verified domain."""
    labels = identity.domain.split(".")
    closest = {".".join(labels[n:]): n for n in range(len(labels))}
    domains = [
        each
        for each in identities
        if each.kind is IdentityKind.DOMAIN and each.verification_status in CAN_SEND and each.domain in closest
    ]
    return min(domains, key=lambda each: closest[each.domain], default=None)


def _set_in_words(identity: Identity) -> str:
    name = identity.details.get().configuration_set
    if not name:
        return "it has no default configuration set that would publish them"
    return f"its default configuration set {bounded(name, LONGEST_NAME)} does not publish them"


def _kinds(kinds: set[str]) -> str:
    if len(kinds) > 1:
        return "Bounces and complaints"
    return "Bounces" if _BOUNCE in kinds else "Complaints"


CHECK = Check(
    id="identity.feedback_path",
    scope=Scope.IDENTITY,
    title="Bounces and complaints reach somebody",
    needs=frozenset(
        {
            "ses:GetIdentityNotificationAttributes",
            "ses:GetEmailIdentity",
            "ses:GetConfigurationSetEventDestinations",
            "ses:ListConfigurationSets",
            "ses:ListEmailIdentities",
        }
    ),
    diagnoses=(NO_BOUNCE_FEEDBACK, NO_COMPLAINT_FEEDBACK, FEEDBACK_BY_MAIL_ONLY, ADDRESS_HIDES_DOMAIN_FEEDBACK),
    evaluate=evaluate,
)
