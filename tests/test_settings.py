"""The environment of each function: read once, and a wrong variable is named with what it accepts."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ses_monitor import settings
from ses_monitor.settings import (
    AuditSettings,
    IdentitySettings,
    IngestSettings,
    LogSettings,
    PublishSettings,
    SettingsError,
    SlackSettings,
)

AUDIT = {"TABLE_NAME": "ses-monitor", "AWS_REGION": "eu-west-1"}
IDENTITIES = {
    **AUDIT,
    "IDENTITY_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/ses-monitor-identities",
}
INGEST = {"TABLE_NAME": "ses-monitor", "AWS_REGION": "eu-west-1"}
LOGS = {
    "AWS_REGION": "eu-west-1",
    "FEEDBACK_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/ses-monitor-feedback",
}
PUBLISH = {"TABLE_NAME": "ses-monitor", "ALERT_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:ses-monitor-alerts"}
SLACK = {
    "TABLE_NAME": "ses-monitor",
    "SLACK_WEBHOOK_PARAMETER": "/ses-monitor/slack-webhook",
    "SLACK_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/ses-monitor-slack",
}
BOT = {"SLACK_BOT_TOKEN_PARAMETER": "/ses-monitor/slack-bot-token", "SLACK_CHANNEL": "C0123456789"}
Read = Callable[[Mapping[str, str]], Any]
WEBHOOK = "https://hooks.slack.com/services/T0/B0/verysecret"


def test_audit_accounts_reads_its_settings() -> None:
    assert settings.audit_accounts(AUDIT) == AuditSettings("ses-monitor", "eu-west-1", (), frozenset(), 400)


def test_regions_are_a_list_without_blanks_and_doubles() -> None:
    read = settings.audit_accounts(
        {**AUDIT, "REGIONS": " eu-west-1, us-gov-west-1 ,,eu-west-1", "SENDING_REGIONS": "us-east-1"}
    )
    assert read.regions == ("eu-west-1", "us-gov-west-1")
    assert read.sending_regions == {"us-east-1"}


def test_audit_identities_reads_its_settings() -> None:
    url = IDENTITIES["IDENTITY_QUEUE_URL"]
    read = settings.audit_identities(IDENTITIES)
    assert read == IdentitySettings("ses-monitor", "eu-west-1", (), frozenset(), frozenset(), url, 0.8, 400)
    assert settings.audit_identities({**IDENTITIES, "SES_REQUESTS_PER_SECOND": " 2.5 "}).requests_per_second == 2.5
    trusting = settings.audit_identities({**IDENTITIES, "TRUSTED_ACCOUNTS": "111122223333, 444455556666"})
    assert trusting.trusted_accounts == {"111122223333", "444455556666"}


def test_ingest_feedback_reads_its_settings() -> None:
    assert settings.ingest_feedback(INGEST) == IngestSettings("ses-monitor", "eu-west-1", "", "", 90, 400)
    url = "https://sqs.eu-west-1.amazonaws.com/111122223333/ses-monitor-feedback"
    full = {
        "RECIPIENT_KEY_PARAMETER": " /ses-monitor/recipient-key ",
        "FEEDBACK_QUEUE_URL": url,
        "EVENT_DAYS": "15",
        "HISTORY_DAYS": "30",
    }
    read = settings.ingest_feedback({**INGEST, **full})
    assert read == IngestSettings("ses-monitor", "eu-west-1", "/ses-monitor/recipient-key", url, 15, 30)


def test_ingest_logs_reads_its_settings() -> None:
    assert settings.ingest_logs(LOGS) == LogSettings("eu-west-1", LOGS["FEEDBACK_QUEUE_URL"])


def test_publish_alerts_reads_its_settings() -> None:
    assert settings.publish_alerts(PUBLISH) == PublishSettings("ses-monitor", PUBLISH["ALERT_TOPIC_ARN"], 400)


def test_deliver_slack_reads_its_settings() -> None:
    assert settings.deliver_slack({**SLACK, "HISTORY_DAYS": " 30 "}) == SlackSettings(
        SLACK["TABLE_NAME"], SLACK["SLACK_WEBHOOK_PARAMETER"], SLACK["SLACK_QUEUE_URL"], 30
    )


def test_deliver_slack_reads_a_bots_settings_with_a_webhook_or_without() -> None:
    both = settings.deliver_slack(SLACK | BOT)
    assert (both.slack_bot_token_parameter, both.slack_channel) == ("/ses-monitor/slack-bot-token", "C0123456789")
    assert both.slack_api_url == "https://slack.com/api"
    alone = {name: value for name, value in (SLACK | BOT).items() if name != "SLACK_WEBHOOK_PARAMETER"}
    assert settings.deliver_slack(alone).slack_webhook_parameter == ""
    elsewhere = settings.deliver_slack({**alone, "SLACK_API_URL": " http://127.0.0.1:8080/api "})
    assert elsewhere.slack_api_url == "http://127.0.0.1:8080/api"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_bot_without_a_channel_is_named(value: str | None) -> None:
    others = {name: value for name, value in (SLACK | BOT).items() if name != "SLACK_CHANNEL"}
    with pytest.raises(SettingsError, match=r"^SLACK_CHANNEL is not set; it must be "):
        settings.deliver_slack(others if value is None else {**others, "SLACK_CHANNEL": value})


def test_a_token_put_where_its_parameters_name_belongs_is_not_repeated() -> None:
    with pytest.raises(SettingsError, match="not the token") as caught:
        settings.deliver_slack({**SLACK, **BOT, "SLACK_BOT_TOKEN_PARAMETER": "xoxb-very-secret"})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("read", "environment", "variable"),
    [
        *((settings.audit_accounts, AUDIT, variable) for variable in AUDIT),
        *((settings.audit_identities, IDENTITIES, variable) for variable in IDENTITIES),
        *((settings.ingest_feedback, INGEST, variable) for variable in INGEST),
        *((settings.ingest_logs, LOGS, variable) for variable in LOGS),
        *((settings.publish_alerts, PUBLISH, variable) for variable in PUBLISH),
        *((settings.deliver_slack, SLACK, variable) for variable in SLACK),
    ],
)
@pytest.mark.parametrize("value", [None, "", "  "], ids=["not set", "empty", "blank"])
def test_a_missing_variable_is_named(read: Read, environment: dict[str, str], variable: str, value: str | None) -> None:
    others = {name: value for name, value in environment.items() if name != variable}
    with pytest.raises(SettingsError, match=f"^{variable} is not set; it must be ") as caught:
        read(others if value is None else {**others, variable: value})
    assert caught.value.variable == variable


@pytest.mark.parametrize(
    ("read", "environment", "variable", "value"),
    [
        (settings.audit_accounts, AUDIT, "TABLE_NAME", "no spaces please"),
        (settings.audit_accounts, AUDIT, "AWS_REGION", "Ireland"),
        (settings.audit_accounts, AUDIT, "REGIONS", "eu-west-1,Ireland"),
        (settings.audit_accounts, AUDIT, "REGIONS", "eu-west-1;us-east-1"),
        (settings.audit_accounts, AUDIT, "SENDING_REGIONS", "EU-WEST-1"),
        (settings.audit_accounts, AUDIT, "HISTORY_DAYS", "0"),
        (settings.audit_accounts, AUDIT, "HISTORY_DAYS", "3651"),
        (settings.audit_accounts, AUDIT, "HISTORY_DAYS", "-1"),
        (settings.audit_accounts, AUDIT, "HISTORY_DAYS", "a year"),
        (settings.audit_identities, IDENTITIES, "IDENTITY_QUEUE_URL", "ses-monitor-identities"),
        (settings.audit_identities, IDENTITIES, "TRUSTED_ACCOUNTS", "partner"),
        *(
            (settings.audit_identities, IDENTITIES, "SES_REQUESTS_PER_SECOND", value)
            for value in ("0", "0.05", "20.1", "-1", "1e3", "nan", "fast", "0,8")
        ),
        (settings.ingest_feedback, INGEST, "TABLE_NAME", "no spaces please"),
        (settings.ingest_feedback, INGEST, "AWS_REGION", "Ireland"),
        (settings.ingest_feedback, INGEST, "FEEDBACK_QUEUE_URL", "ses-monitor-feedback"),
        (settings.ingest_feedback, INGEST, "RECIPIENT_KEY_PARAMETER", "recipient-key"),
        (settings.ingest_feedback, INGEST, "RECIPIENT_KEY_PARAMETER", "two words"),
        (settings.ingest_feedback, INGEST, "HISTORY_DAYS", "0"),
        *((settings.ingest_feedback, INGEST, "EVENT_DAYS", value) for value in ("14", "0", "3651", "-20", "a year")),
        (settings.publish_alerts, PUBLISH, "ALERT_TOPIC_ARN", "ses-monitor-alerts"),
        (settings.publish_alerts, PUBLISH, "ALERT_TOPIC_ARN", "arn:aws:sqs:eu-west-1:111122223333:queue"),
        (settings.deliver_slack, SLACK, "SLACK_QUEUE_URL", "ses-monitor-slack"),
        (settings.deliver_slack, SLACK, "SLACK_WEBHOOK_PARAMETER", "two words"),
        (settings.deliver_slack, SLACK, "SLACK_WEBHOOK_PARAMETER", WEBHOOK),
        (settings.deliver_slack, SLACK | BOT, "SLACK_WEBHOOK_PARAMETER", WEBHOOK),
        (settings.deliver_slack, SLACK | BOT, "SLACK_BOT_TOKEN_PARAMETER", "two words"),
        (settings.deliver_slack, SLACK | BOT, "SLACK_CHANNEL", "#mail-alerts"),
        (settings.deliver_slack, SLACK | BOT, "SLACK_CHANNEL", "mail"),
        (settings.deliver_slack, SLACK, "SLACK_CHANNEL", "#mail-alerts"),
        (settings.deliver_slack, SLACK | BOT, "SLACK_API_URL", "http://slack.com/api"),
        (settings.deliver_slack, SLACK | BOT, "SLACK_API_URL", "http://127.0.0.1.evil.example/"),
        (settings.deliver_slack, SLACK | BOT, "SLACK_API_URL", "slack.com"),
    ],
)
def test_a_wrong_variable_is_named(read: Read, environment: dict[str, str], variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable} is .*; it must be "):
        read({**environment, variable: value})


def test_a_wrong_value_is_shown_but_not_at_any_length() -> None:
    with pytest.raises(SettingsError) as caught:
        settings.audit_accounts({**AUDIT, "TABLE_NAME": "x y" * 1000})
    assert "'x yx y" in str(caught.value)
    assert len(str(caught.value)) < 250


def test_a_webhook_put_where_its_parameters_name_belongs_is_not_repeated() -> None:
    with pytest.raises(SettingsError, match="not the URL itself") as caught:
        settings.deliver_slack({**SLACK, "SLACK_WEBHOOK_PARAMETER": WEBHOOK})
    assert "secret" not in str(caught.value)
    assert "hooks" not in str(caught.value)


def test_a_key_put_where_its_parameters_name_belongs_is_not_repeated() -> None:
    with pytest.raises(SettingsError, match="not the key") as caught:
        settings.ingest_feedback({**INGEST, "RECIPIENT_KEY_PARAMETER": "very secret key of recipients"})
    assert "very secret" not in str(caught.value)


def test_a_table_may_be_given_by_its_arn() -> None:
    arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/ses-monitor"
    assert settings.audit_accounts({**AUDIT, "TABLE_NAME": arn}).table_name == arn
