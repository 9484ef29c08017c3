"""A template that cannot be filled in sends nothing, although the call succeeded: an event is the only sign."""

from __future__ import annotations

from collections.abc import Iterable

from ses_monitor.checks.feedback import LONGEST_NAME, READS, moment
from ses_monitor.core.check import Check, Conclusion, Diagnosis, Step, bounded
from ses_monitor.core.mailbox import without_addresses
from ses_monitor.core.model import Scope, Severity, Snapshot
from ses_monitor.core.traffic import HOUR, FailingTemplate, hour_of

LONGEST_ERROR = 300

RENDERING_FAILURE = Diagnosis(
    tag="RENDERING_FAILURE",
    severities=(Severity.ERROR,),
    message="SES could not fill in the template {subject} in {region}. {attribute} Mails not sent since {since}:"
    " {count:,}.",
    cause="The call had succeeded, so whoever made it does not know. {sent_by} The last error: {error}",
    steps=(
        Step(
            "See what the template asks for:",
            command="aws sesv2 get-email-template --region {region} --template-name {subject}",
        ),
        Step(
            "Try it with the data that the application passes, in a file data.json:",
            command="aws sesv2 test-render-email-template --region {region} --template-name {subject}"
            " --template-data file://data.json",
        ),
        Step("Mend the call or the template, then send again what was lost: SES keeps nothing of it."),
    ),
    measures=True,
    references=("https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-api.html",),
)


def evaluate(template: FailingTemplate, snapshot: Snapshot) -> Iterable[Conclusion]:
    """One failure is enough: the next call with such data fails likewise."""
    start = hour_of(snapshot.taken_at) - 24 * HOUR
    if not (count := template.failures_since(start)):
        return
    yield RENDERING_FAILURE.on(
        snapshot,
        template.name,
        count=count,
        since=moment(start),
        attribute=_attribute(_name(template.attribute)),
        sent_by=_sent_by(_name(template.identity), _name(template.configuration_set)),
        error=bounded(without_addresses(template.error[: 2 * LONGEST_ERROR]), LONGEST_ERROR) or "none was given.",
    )


def _name(word: str) -> str:
    return bounded(word, LONGEST_NAME)


def _attribute(name: str) -> str:
    return f"The data had no {name}." if name else "Which attribute was missing SES did not say."


def _sent_by(identity: str, configuration_set: str) -> str:
    parts = [f"from {identity}"] if identity else []
    parts += [f"with the configuration set {configuration_set}"] if configuration_set else []
    return f"It was sent {' '.join(parts)}." if parts else "From which identity is not known."


CHECK = Check(
    id="feedback.rendering",
    scope=Scope.TEMPLATE,
    title="Templates can be filled in",
    needs=READS,
    diagnoses=(RENDERING_FAILURE,),
    evaluate=evaluate,
)
