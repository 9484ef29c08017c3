"""Every check against its own table of cases, and against the rules all of them obey."""

from importlib import import_module
from typing import Any

import pytest

from ses_monitor import checks
from ses_monitor.core.check import Check
from ses_monitor.core.model import Severity
from tests.build import Case
from tests.checks import rules

CHECKS = checks.registered()

# The contract: no tag is dropped or renamed, and none changes its weight, without whoever reads alerts being told.
INFO, NOTICE, WARNING, ERROR, CRITICAL = Severity
BINDING: dict[str, dict[str, set[Severity]]] = {
    "account.production_access": {
        "SANDBOX": {ERROR},
        "REVIEW_PENDING": {INFO, WARNING},
        "REVIEW_DENIED": {ERROR},
        "REVIEW_FAILED": {ERROR},
        "PRODUCTION_ACCESS_LOST": {CRITICAL},
    },
    "account.enforcement": {
        "UNDER_REVIEW": {ERROR},
        "SHUT_DOWN": {CRITICAL},
        "ENFORCEMENT_UNRECOGNISED": {WARNING},
    },
    "account.sending_enabled": {"SENDING_PAUSED": {CRITICAL}},
    "account.quota": {
        "QUOTA_EXHAUSTED": {CRITICAL},
        "QUOTA_NEARLY_EXHAUSTED": {ERROR, WARNING},
        "QUOTA_WILL_RUN_OUT": {WARNING},
    },
    "account.send_rate": {"SEND_RATE_NEAR_LIMIT": {WARNING}},
    "account.reputation": {
        "BOUNCE_RATE_ELEVATED": {NOTICE},
        "BOUNCE_RATE_REVIEW": {ERROR},
        "BOUNCE_RATE_PAUSE": {CRITICAL},
        "COMPLAINT_RATE_REVIEW": {ERROR},
        "COMPLAINT_RATE_PAUSE": {CRITICAL},
    },
    "account.suppression": {"SUPPRESSION_OFF": {NOTICE}},
    "region.coverage": {"REGION_NOT_READABLE": {WARNING}},
    "identity.verification": {
        "VERIFICATION_PENDING": {NOTICE, WARNING},
        "VERIFICATION_LINK_EXPIRED": {ERROR},
        "VERIFICATION_FAILED": {ERROR},
        "VERIFICATION_REVOCATION_PENDING": {ERROR},
        "VERIFICATION_NOT_STARTED": {WARNING},
    },
    "identity.region_parity": {
        "VERIFIED_ONLY_ELSEWHERE": {ERROR, NOTICE},
        "SANDBOX_WHILE_PRODUCTION_ELSEWHERE": {ERROR},
    },
    "identity.dkim": {
        "DKIM_PENDING": {NOTICE, WARNING},
        "DKIM_FAILED": {ERROR},
        "DKIM_REVOCATION_PENDING": {ERROR},
        "DKIM_NOT_CONFIGURED": {NOTICE},
        "DKIM_SIGNING_OFF": {WARNING},
        "DKIM_KEY_SHORT": {NOTICE},
    },
    "identity.mail_from": {
        "MAIL_FROM_PENDING": {NOTICE},
        "MAIL_FROM_FALLBACK": {WARNING},
        "MAIL_FROM_REJECTING": {CRITICAL},
    },
    "identity.feedback_path": {
        "NO_BOUNCE_FEEDBACK": {ERROR},
        "NO_COMPLAINT_FEEDBACK": {ERROR},
        "FEEDBACK_BY_MAIL_ONLY": {NOTICE},
        "ADDRESS_HIDES_DOMAIN_FEEDBACK": {WARNING},
    },
    "identity.policy": {"POLICY_OPEN": {ERROR}, "POLICY_FOREIGN_ACCOUNT": {NOTICE}},
    "configuration_set.event_destinations": {
        "NO_EVENT_DESTINATION": {NOTICE},
        "EVENT_DESTINATION_OFF": {WARNING},
        "BOUNCES_NOT_PUBLISHED": {WARNING},
        "COMPLAINTS_NOT_PUBLISHED": {WARNING},
    },
    "configuration_set.sending": {"CONFIGURATION_SET_PAUSED": {CRITICAL, WARNING}},
    "configuration_set.reputation_metrics": {"REPUTATION_METRICS_OFF": {NOTICE}},
    "dns.name_servers": {
        "DOMAIN_NOT_FOUND": {ERROR},
        "NOT_DELEGATED": {ERROR},
        "NAME_SERVERS_DISAGREE": {WARNING},
        "DNSSEC_BOGUS": {ERROR},
    },
    "dns.dkim_records": {
        "DKIM_RECORD_MISSING": {ERROR, WARNING},
        "DKIM_NAME_DOUBLED": {ERROR, WARNING},
        "DKIM_UNDERSCORE_LOST": {ERROR, WARNING},
        "DKIM_WRONG_TYPE": {ERROR, WARNING},
        "DKIM_WRONG_TARGET": {ERROR, WARNING},
        "DKIM_TARGET_BROKEN": {ERROR, WARNING},
        "DKIM_KEY_CHANGED": {ERROR, WARNING},
    },
    "dns.verification_txt": {
        "TXT_TOKEN_MISSING": {ERROR},
        "TXT_NAME_DOUBLED": {ERROR},
        "TXT_TOKEN_ALTERED": {ERROR},
        "TXT_TOKEN_LOWERCASED": {ERROR},
    },
    "dns.mail_from_records": {
        "MAIL_FROM_MX_MISSING": {WARNING, ERROR},
        "MAIL_FROM_MX_EXTRA": {WARNING, ERROR},
        "MAIL_FROM_MX_WRONG": {WARNING, ERROR},
        "MAIL_FROM_SPF_MISSING": {WARNING},
        "MAIL_FROM_SPF_MULTIPLE": {WARNING},
        "MAIL_FROM_SPF_LACKS_SES": {WARNING},
    },
    "dns.dmarc": {
        "DMARC_MISSING": {WARNING},
        "DMARC_MULTIPLE": {WARNING},
        "DMARC_INVALID": {WARNING},
        "DMARC_NONE": {NOTICE},
        "DMARC_CANNOT_ALIGN": {NOTICE, WARNING, ERROR},
    },
    "dns.propagation": {"NOT_YET_VISIBLE": {INFO}},
    "dns.mailbox": {"MAILBOX_CANNOT_RECEIVE": {WARNING}, "ADDRESS_LOOKS_MISSPELT": {NOTICE}},
    "feedback.bounces": {"BOUNCE_SPIKE": {WARNING, ERROR}, "ADDRESS_SUPPRESSED_GLOBALLY": {NOTICE}},
    "feedback.complaints": {"COMPLAINT_RECEIVED": {NOTICE}, "COMPLAINT_SPIKE": {WARNING, ERROR}},
    "feedback.rejects": {"MESSAGE_REJECTED_VIRUS": {ERROR}},
    "feedback.rendering": {"RENDERING_FAILURE": {ERROR}},
    "feedback.delays": {
        "DELIVERY_DELAYED_SPAM": {WARNING},
        "DELIVERY_DELAYED_IP": {WARNING},
        "DELIVERY_DELAYED": {NOTICE},
    },
    "feedback.aws_notices": {
        "ADVISOR_RECOMMENDATION": {NOTICE, WARNING},
        "TENANT_SENDING_DISABLED": {ERROR},
        "AWS_HEALTH_NOTICE": {NOTICE, WARNING},
    },
    "feedback.arrival": {"FEEDBACK_STOPPED": {WARNING}},
    "rejection.identities": {
        "RECIPIENT_UNVERIFIED_SANDBOX": {ERROR},
        "SENDER_UNVERIFIED": {ERROR},
        "SENDER_VERIFIED_IN_OTHER_REGION": {ERROR},
        "SENDER_PENDING": {ERROR},
        "RETURN_PATH_UNVERIFIED": {ERROR},
        "IDENTITY_UNVERIFIED": {ERROR},
    },
    "rejection.paused": {
        "ACCOUNT_PAUSED_BY_AWS": {ERROR},
        "ACCOUNT_PAUSED_BY_OWNER": {ERROR},
        "ACCOUNT_SUSPENDED": {ERROR},
    },
    "rejection.resources": {
        "CONFIGURATION_SET_PAUSED": {ERROR},
        "CONFIGURATION_SET_MISSING": {ERROR},
        "MAIL_FROM_UNVERIFIED": {ERROR},
        "TEMPLATE_MISSING": {ERROR},
    },
    "rejection.limits": {
        "DAILY_QUOTA_EXCEEDED": {ERROR},
        "SEND_RATE_EXCEEDED": {WARNING},
        "API_RATE_EXCEEDED": {WARNING},
        "TOO_MANY_CONNECTIONS": {WARNING},
    },
    "rejection.service": {
        "SES_TEMPORARY_FAILURE": {WARNING},
        "CLIENT_TIMEOUT": {NOTICE},
        "AUTHENTICATION_TEMPORARY_FAILURE": {WARNING},
    },
    "rejection.access": {
        "SMTP_AUTHENTICATION_REQUIRED": {ERROR},
        "SMTP_CREDENTIALS_INVALID": {ERROR},
        "SMTP_CREDENTIALS_OLD": {ERROR},
        "NOT_SUBSCRIBED": {ERROR},
        "ACCESS_DENIED": {ERROR},
    },
    "rejection.messages": {
        "MESSAGE_TOO_LONG": {NOTICE},
        "ADDRESS_INVALID": {NOTICE},
        "ADDRESS_UNKNOWN": {NOTICE},
        "NO_RECIPIENTS": {NOTICE},
        "INVALID_PARAMETER": {NOTICE},
    },
    "rejection.unrecognised": {"UNRECOGNISED": {NOTICE}},
}


def cases_of(check: Check[Any]) -> list[Case]:
    found: list[Case] = import_module(f"tests.checks.{check.id}").CASES
    return found


def of_each_check(check: Check[Any]) -> str:
    return check.id


each_check = pytest.mark.parametrize("check", CHECKS, ids=of_each_check)


@pytest.mark.parametrize(
    ("check", "case"),
    [pytest.param(check, case, id=f"{check.id}: {case.name}") for check in CHECKS for case in cases_of(check)],
)
def test_a_case_gives_exactly_its_tags(check: Check[Any], case: Case) -> None:
    rules.agrees(check, case)


@each_check
def test_every_tag_and_each_of_its_severities_is_raised_by_some_case(check: Check[Any]) -> None:
    rules.has_cases_for_every_tag_and_severity(check, cases_of(check))


@each_check
def test_there_is_a_healthy_case_and_a_blind_case(check: Check[Any]) -> None:
    rules.has_a_healthy_and_a_blind_case(check, cases_of(check))


@each_check
def test_blindness_never_passes_for_health_nor_invents_a_fault(check: Check[Any]) -> None:
    rules.never_takes_blindness_for_health(check, cases_of(check))


@each_check
def test_a_check_declares_its_scope_its_actions_and_its_tags(check: Check[Any]) -> None:
    rules.is_declared_whole(check)


@pytest.mark.parametrize(
    "diagnosis",
    [pytest.param(each, id=f"{check.id}: {each.tag}") for check in CHECKS for each in check.diagnoses],
)
def test_a_diagnosis_gives_its_cause_and_steps_within_bounds(diagnosis: Any) -> None:
    rules.can_be_acted_on(diagnosis)


@each_check
def test_what_is_rendered_is_whole_safe_and_bounded(check: Check[Any]) -> None:
    for case in cases_of(check):
        for finding in rules.evaluated(check, case.snapshot, case.subject).findings:
            rules.reads_well(finding, case.snapshot)
            rules.keeps_bounded_evidence(finding)


def test_no_tag_has_two_meanings_in_its_family() -> None:
    tags = [(checks.family(check), diagnosis.tag) for check in CHECKS for diagnosis in check.diagnoses]
    assert sorted(set(tags)) == sorted(tags)


@pytest.mark.parametrize("check_id", BINDING)
def test_the_binding_tags_are_there_with_their_severities(check_id: str) -> None:
    [check] = [each for each in CHECKS if each.id == check_id]
    declared = {diagnosis.tag: set(diagnosis.severities) for diagnosis in check.diagnoses}
    assert {tag: declared.get(tag) for tag in BINDING[check_id]} == BINDING[check_id]
