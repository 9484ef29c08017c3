"""The environment of each function, read once at cold start into typed settings; a bad variable is named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_REGION = re.compile(r"^[a-z]{2,4}(-[a-z]+)+-\d+$")
_ACCOUNT = re.compile(r"^\d{12}$")
_TABLE = re.compile(r"^(arn:[^\s]+|[A-Za-z0-9_.-]{3,255})$")
_TOPIC = re.compile(r"^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$")
_QUEUE = re.compile(r"^https?://\S+$")
_RATE = re.compile(r"^\d{1,2}(\.\d{1,3})?$")
_PARAMETER = re.compile(r"^(/[A-Za-z0-9_.-]+)+$")
_QUEUE_OR_NOTHING = re.compile(r"^(https?://\S+)?$")
_TOPIC_OR_NOTHING = re.compile(rf"{_TOPIC.pattern}|^$")
_CHANNEL = re.compile(r"^[CGD][A-Z0-9]{5,20}$")
_CHANNEL_OR_NOTHING = re.compile(r"^([CGD][A-Z0-9]{5,20})?$")
_API = re.compile(r"^(https://|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/|$))\S*$")
_PARAMETER_OR_NOTHING = re.compile(r"^(/[A-Za-z0-9_.-]+)*$")
_SEVERITIES = ("CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO")

SLACK_API_URL = "https://slack.com/api"


class SettingsError(Exception):
    """A variable of the environment is missing or wrong. The message names it and what it accepts."""

    def __init__(self, variable: str, value: str, accepted: str, *, show: bool = True) -> None:
        """Say which variable, what it is now, and what it may be. Without `show` the value may be a secret."""
        wrong = f"is {value[:100]!r}" if show else "is something else"
        now = wrong if value else "is not set"
        super().__init__(f"{variable} {now}; it must be {accepted}")
        self.variable = variable


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """What `audit_accounts` needs. `regions` empty means: every SES region enabled for the account."""

    table_name: str
    home_region: str
    regions: tuple[str, ...]
    sending_regions: frozenset[str]
    history_days: int


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """What `audit_identities` needs, to plan and to audit. Requests are per second, SES operation and region."""

    table_name: str
    home_region: str
    regions: tuple[str, ...]
    sending_regions: frozenset[str]
    trusted_accounts: frozenset[str]
    queue_url: str
    requests_per_second: float
    history_days: int


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """What `ingest_feedback` needs.

    `recipient_key_parameter` names the secret that recipients are kept by; empty: they are kept as they are.
    `queue_url` empty: the queue's own timeout decides when a message that failed is tried again.
    """

    table_name: str
    home_region: str
    recipient_key_parameter: str
    queue_url: str
    event_days: int
    history_days: int


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What `ingest_logs` needs."""

    home_region: str
    queue_url: str


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """What `publish_alerts` needs. `amazon_q_topic_arn` empty: nobody reads alerts through Amazon Q."""

    table_name: str
    alert_topic_arn: str
    history_days: int
    amazon_q_topic_arn: str = ""
    alerts_per_minute: int = 6


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """What `digest` needs. `reminder_hours` by severity; a severity that is not in it is never told again.

    `alert_topic_arn` empty: it can remind, but has nowhere to publish a digest.
    """

    table_name: str
    home_region: str
    history_days: int
    reminder_hours: Mapping[str, int]
    alert_topic_arn: str = ""


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """What `deliver_slack` needs. Secrets lie in SSM under these names: a webhook, or a bot token, or both.

    With a bot token and a channel the bot posts, also where there is a webhook.
    """

    table_name: str
    slack_webhook_parameter: str
    slack_queue_url: str
    history_days: int
    slack_bot_token_parameter: str = ""
    slack_channel: str = ""
    slack_api_url: str = SLACK_API_URL


def audit_accounts(environment: Mapping[str, str]) -> AuditSettings:
    """Read the settings of `audit_accounts`.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    return AuditSettings(
        table_name=_table(environment),
        home_region=_matching(environment, "AWS_REGION", _REGION, "an AWS region; Lambda sets it itself"),
        regions=_regions(environment, "REGIONS"),
        sending_regions=frozenset(_regions(environment, "SENDING_REGIONS")),
        history_days=_days(environment, "HISTORY_DAYS"),
    )


def audit_identities(environment: Mapping[str, str]) -> IdentitySettings:
    """Read the settings of `audit_identities`.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    return IdentitySettings(
        table_name=_table(environment),
        home_region=_matching(environment, "AWS_REGION", _REGION, "an AWS region; Lambda sets it itself"),
        regions=_regions(environment, "REGIONS"),
        sending_regions=frozenset(_regions(environment, "SENDING_REGIONS")),
        trusted_accounts=_accounts(environment, "TRUSTED_ACCOUNTS"),
        queue_url=_matching(environment, "IDENTITY_QUEUE_URL", _QUEUE, "the URL of the queue of regions"),
        requests_per_second=_rate(environment, "SES_REQUESTS_PER_SECOND"),
        history_days=_days(environment, "HISTORY_DAYS"),
    )


def ingest_feedback(environment: Mapping[str, str]) -> IngestSettings:
    """Read the settings of `ingest_feedback`.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    return IngestSettings(
        table_name=_table(environment),
        home_region=_matching(environment, "AWS_REGION", _REGION, "an AWS region; Lambda sets it itself"),
        recipient_key_parameter=_matching(
            environment,
            "RECIPIENT_KEY_PARAMETER",
            _PARAMETER_OR_NOTHING,
            "empty, or the name of an SSM SecureString parameter, such as /ses-monitor/recipient-key (not the key)",
            show=False,  # whoever errs here has perhaps put the key itself
        ),
        queue_url=_matching(environment, "FEEDBACK_QUEUE_URL", _QUEUE_OR_NOTHING, "empty, or the feedback queue's URL"),
        # A message may come back from the dead letters after 14 days, and must then be recognised.
        event_days=_days(environment, "EVENT_DAYS", least=15, default="90"),
        history_days=_days(environment, "HISTORY_DAYS"),
    )


def ingest_logs(environment: Mapping[str, str]) -> LogSettings:
    """Read the settings of `ingest_logs`.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    return LogSettings(
        home_region=_matching(environment, "AWS_REGION", _REGION, "an AWS region; Lambda sets it itself"),
        queue_url=_matching(environment, "FEEDBACK_QUEUE_URL", _QUEUE, "the URL of the feedback queue"),
    )


def publish_alerts(environment: Mapping[str, str]) -> PublishSettings:
    """Read the settings of `publish_alerts`.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    return PublishSettings(
        table_name=_table(environment),
        alert_topic_arn=_matching(environment, "ALERT_TOPIC_ARN", _TOPIC, "the ARN of the SNS alert topic"),
        history_days=_days(environment, "HISTORY_DAYS"),
        amazon_q_topic_arn=_matching(
            environment, "AMAZON_Q_TOPIC_ARN", _TOPIC_OR_NOTHING, "empty, or the ARN of the topic that Amazon Q reads"
        ),
        alerts_per_minute=_messages(environment, "ALERTS_PER_MINUTE"),
    )


def digest(environment: Mapping[str, str]) -> DigestSettings:
    """Read the settings of `digest`.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    return DigestSettings(
        table_name=_table(environment),
        home_region=_matching(environment, "AWS_REGION", _REGION, "an AWS region; Lambda sets it itself"),
        history_days=_days(environment, "HISTORY_DAYS"),
        reminder_hours=_reminder_hours(environment, "REMINDER_HOURS"),
        alert_topic_arn=_matching(
            environment, "ALERT_TOPIC_ARN", _TOPIC_OR_NOTHING, "the ARN of the SNS alert topic, for the daily digest"
        ),
    )


def deliver_slack(environment: Mapping[str, str]) -> SlackSettings:
    """Read the settings of `deliver_slack`.

    Raises:
        SettingsError: a variable is missing or wrong.
    """
    bot_token = _matching(
        environment,
        "SLACK_BOT_TOKEN_PARAMETER",
        _PARAMETER_OR_NOTHING,
        "empty, or the name of an SSM SecureString parameter, such as /ses-monitor/slack-bot-token (not the token)",
        show=False,  # whoever errs here has often put the token itself
    )
    return SlackSettings(
        table_name=_table(environment),
        slack_webhook_parameter=_matching(
            environment,
            "SLACK_WEBHOOK_PARAMETER",
            _PARAMETER_OR_NOTHING if bot_token else _PARAMETER,
            "the name of an SSM SecureString parameter, such as /ses-monitor/slack-webhook (not the URL itself)",
            show=False,  # whoever errs here has often put the webhook itself, which is a secret
        ),
        slack_queue_url=_matching(environment, "SLACK_QUEUE_URL", _QUEUE, "the URL of the queue before Slack"),
        history_days=_days(environment, "HISTORY_DAYS"),
        slack_bot_token_parameter=bot_token,
        slack_channel=_matching(
            environment,
            "SLACK_CHANNEL",
            _CHANNEL if bot_token else _CHANNEL_OR_NOTHING,
            "the id of a Slack channel, such as C0123456789 (not its name); it is at the end of the channel's details",
        ),
        slack_api_url=_matching(
            {"SLACK_API_URL": SLACK_API_URL, **{k: v for k, v in environment.items() if v.strip()}},
            "SLACK_API_URL",
            _API,
            "empty, or the https address of Slack's API (http on the loopback)",
        ),
    )


def _table(environment: Mapping[str, str]) -> str:
    return _matching(environment, "TABLE_NAME", _TABLE, "the name or ARN of a DynamoDB table")


def _matching(
    environment: Mapping[str, str], variable: str, pattern: re.Pattern[str], accepted: str, *, show: bool = True
) -> str:
    value = environment.get(variable, "").strip()
    if not pattern.match(value):
        raise SettingsError(variable, value, accepted, show=show)
    return value


def _regions(environment: Mapping[str, str], variable: str) -> tuple[str, ...]:
    names = [name.strip() for name in environment.get(variable, "").split(",")]
    for name in names:
        if name and not _REGION.match(name):
            raise SettingsError(
                variable, name, "empty, or AWS regions separated by commas, such as eu-west-1,us-east-1"
            )
    return tuple(dict.fromkeys(name for name in names if name))


def _accounts(environment: Mapping[str, str], variable: str) -> frozenset[str]:
    ids = [each.strip() for each in environment.get(variable, "").split(",") if each.strip()]
    for each in ids:
        if not _ACCOUNT.match(each):
            raise SettingsError(variable, each, "empty, or AWS account ids of 12 digits separated by commas")
    return frozenset(ids)


def _days(environment: Mapping[str, str], variable: str, *, least: int = 1, default: str = "400") -> int:
    value = environment.get(variable, "").strip() or default
    # Python refuses to read a number of thousands of digits, and not with a SettingsError.
    if not value.isdecimal() or len(value) > 9 or not least <= int(value) <= 3650:
        raise SettingsError(variable, value, f"a whole number of days from {least} to 3650")
    return int(value)


def _reminder_hours(environment: Mapping[str, str], variable: str) -> dict[str, int]:
    """Read "CRITICAL=4,ERROR=24". Nobody is reminded more often than the hour in which it is looked for."""
    value = environment.get(variable, "").strip() or "CRITICAL=4,ERROR=24,WARNING=168"
    if value.upper() == "NEVER":
        return {}
    hours: dict[str, int] = {}
    for each in value.split(","):
        severity, number = (part.strip() for part in each.upper().partition("=")[::2])
        whole = int(number) if re.fullmatch(r"[0-9]{1,4}", number) else 0
        if severity not in _SEVERITIES or severity in hours or not 1 <= whole <= 8760:
            raise SettingsError(
                variable,
                value,
                "NEVER, or hours from 1 to 8760 by severity, each once, such as CRITICAL=4,ERROR=24,WARNING=168;"
                f" the severities are {', '.join(_SEVERITIES)}",
            )
        hours[severity] = whole
    return hours


def _messages(environment: Mapping[str, str], variable: str) -> int:
    """Two is the least: the last of a minute is for what is CRITICAL."""
    value = environment.get(variable, "").strip() or "6"
    if not re.fullmatch(r"[0-9]{1,3}", value) or not 2 <= int(value) <= 60:
        raise SettingsError(variable, value, "a whole number of messages from 2 to 60")
    return int(value)


def _rate(environment: Mapping[str, str], variable: str) -> float:
    """SES allows 1 request a second; more is for accounts whose quota AWS raised."""
    value = environment.get(variable, "").strip() or "0.8"
    if not _RATE.match(value) or not 0.1 <= float(value) <= 20:
        raise SettingsError(variable, value, "requests per second from 0.1 to 20, such as 0.8")
    return float(value)
