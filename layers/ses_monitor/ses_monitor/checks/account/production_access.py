"""In the sandbox SES delivers to verified addresses only: the surprise of many a launch day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ses_monitor.core.check import Check, Conclusion, Diagnosis, Impact, Step
from ses_monitor.core.model import Account, Review, Scope, Severity, Snapshot

REVIEW_TAKES = timedelta(hours=48)
"""AWS answers most requests within 24 hours; after twice that, asking is in order."""

_CONSOLE = "https://{region}.console.aws.amazon.com/ses/home?region={region}#/account"
_REQUEST = (
    "aws sesv2 put-account-details --region {region} --production-access-enabled"
    " --mail-type {mail_type} --website-url {website_url} --contact-language EN"
    " --use-case-description 'WHAT we send, TO WHOM and how they asked for it, HOW MANY a day,"
    " and HOW we handle bounces, complaints and unsubscribes'"
)
_REFERENCE = "https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html"

SANDBOX = Diagnosis(
    tag="SANDBOX",
    severities=(Severity.ERROR,),
    message="SES in {region} is in the sandbox: it delivers to verified addresses only, 200 mails a day at most.",
    cause="Production access is not granted in {region} (review of a request: {review_status}). It is granted per"
    " region; access elsewhere does not count here.",
    steps=(
        Step("Verify a domain in {region} and set up where its bounces and complaints go: AWS asks for both."),
        Step(
            "Request production access for this region, with your own words in the description:",
            command=_REQUEST,
        ),
        Step("Or fill in the form on the account dashboard:", url=_CONSOLE),
    ),
    impact=Impact.STRANGERS_REFUSED,
    references=(_REFERENCE,),
)
REVIEW_PENDING = Diagnosis(
    tag="REVIEW_PENDING",
    severities=(Severity.INFO, Severity.WARNING),
    message="Production access for {region} is requested and under review{waited}; until it is granted"
    " only verified addresses get mail.",
    cause="AWS is looking at the request, or waits for an answer in the support case {case_id}.",
    steps=(
        Step("Look in the support case for a question from AWS and answer it there:", url=_CONSOLE),
        Step("Do not send a second request: while a review is open SES refuses it with a 409 ConflictException."),
    ),
    impact=Impact.STRANGERS_REFUSED,
    measures=True,
    references=(_REFERENCE,),
)
REVIEW_DENIED = Diagnosis(
    tag="REVIEW_DENIED",
    severities=(Severity.ERROR,),
    message="AWS denied production access for {region}; SES delivers to verified addresses only.",
    cause="The reasons are in the support case {case_id}; usually the description left open what is sent, to whom,"
    " or how bounces and complaints are handled.",
    steps=(
        Step(
            "Answer in the same support case, with what was missing; a new request by API is refused:",
            url=_CONSOLE,
        ),
    ),
    impact=Impact.STRANGERS_REFUSED,
    references=(_REFERENCE,),
)
REVIEW_FAILED = Diagnosis(
    tag="REVIEW_FAILED",
    severities=(Severity.ERROR,),
    message="The request for production access in {region} could not be processed; SES delivers to verified"
    " addresses only.",
    cause="SES reports the review as FAILED (support case {case_id}): the request itself did not go through.",
    steps=(
        Step("Send the request again:", command=_REQUEST),
        Step("If it fails again, open a service limit case for SES in this region:", url=_CONSOLE),
    ),
    impact=Impact.STRANGERS_REFUSED,
    references=(_REFERENCE,),
)
PRODUCTION_ACCESS_LOST = Diagnosis(
    tag="PRODUCTION_ACCESS_LOST",
    severities=(Severity.CRITICAL,),
    message="{region} had production access and is back in the sandbox: mail to strangers is refused now.",
    cause="AWS took production access away, or somebody set ProductionAccessEnabled to false in the account details."
    " An earlier audit saw it granted.",
    steps=(
        Step("Look for mail from AWS to the account's root address and for open support cases:", url=_CONSOLE),
        Step(
            "See who changed the account details:",
            command="aws cloudtrail lookup-events --region {region}"
            " --lookup-attributes AttributeKey=EventName,AttributeValue=PutAccountDetails",
        ),
        Step("Request production access again:", command=_REQUEST),
    ),
    impact=Impact.STRANGERS_REFUSED,
    references=(_REFERENCE,),
)


def evaluate(_: Snapshot, snapshot: Snapshot) -> Iterable[Conclusion]:
    """Conclude at most one of the five: how far the request has come says what to do next."""
    account = snapshot.account.get()
    if account.production_access.get():
        return
    if snapshot.memory.production_access_seen is not None:
        yield _on(PRODUCTION_ACCESS_LOST, snapshot, account, None)
        return
    review = account.review.get()
    match review.status if review else None:
        case "PENDING":
            yield _pending(snapshot, review)
        case "DENIED":
            yield _on(REVIEW_DENIED, snapshot, account, review)
        case "FAILED":
            yield _on(REVIEW_FAILED, snapshot, account, review)
        case _:
            if snapshot.in_use().get():
                yield _on(SANDBOX, snapshot, account, review)


def _pending(snapshot: Snapshot, review: Review | None) -> Conclusion:
    # SES does not say when the request was made; what counts is when an audit first saw it pending.
    since = snapshot.memory.review_pending_since
    waited = snapshot.taken_at - since if since else timedelta()
    hours = int(waited / timedelta(hours=1))
    return REVIEW_PENDING.on(
        snapshot,
        severity=Severity.WARNING if waited >= REVIEW_TAKES else Severity.INFO,
        waited=f" for at least {hours} h" if hours else "",
        case_id=_case(review),
    )


def _on(diagnosis: Diagnosis, snapshot: Snapshot, account: Account, review: Review | None) -> Conclusion:
    return diagnosis.on(
        snapshot,
        case_id=_case(review),
        review_status=review.status if review else "none",
        mail_type=account.mail_type or "TRANSACTIONAL",
        website_url=account.website_url or "https://www.example.com/",
    )


def _case(review: Review | None) -> str:
    return (review.case_id if review else "") or "(no case number given)"


CHECK = Check(
    id="account.production_access",
    scope=Scope.ACCOUNT,
    title="Production access is granted where SES is used",
    needs=frozenset({"ses:GetAccount", "ses:GetSendStatistics", "ses:ListEmailIdentities"}),
    diagnoses=(SANDBOX, REVIEW_PENDING, REVIEW_DENIED, REVIEW_FAILED, PRODUCTION_ACCESS_LOST),
    evaluate=evaluate,
)
