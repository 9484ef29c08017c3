"""The settings of reminders and of the ceiling on messages: read once, and a wrong one is named."""

import pytest

from ses_monitor import settings
from ses_monitor.settings import SettingsError

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
PUBLISH = {"TABLE_NAME": "ses-monitor", "ALERT_TOPIC_ARN": TOPIC}
DIGEST = {"TABLE_NAME": "ses-monitor", "AWS_REGION": "eu-west-1"}


@pytest.mark.parametrize(
    ("value", "hours"),
    [
        (None, {"CRITICAL": 4, "ERROR": 24, "WARNING": 168}),
        ("", {"CRITICAL": 4, "ERROR": 24, "WARNING": 168}),
        ("CRITICAL=1", {"CRITICAL": 1}),
        (" critical = 2 , Notice=8760 ", {"CRITICAL": 2, "NOTICE": 8760}),
        ("never", {}),
    ],
)
def test_reminders_are_hours_by_severity(value: str | None, hours: dict[str, int]) -> None:
    given = DIGEST if value is None else {**DIGEST, "REMINDER_HOURS": value}
    assert settings.digest(given).reminder_hours == hours


@pytest.mark.parametrize(
    "value",
    [
        "4",
        "CRITICAL",
        "CRITICAL=",
        "CRITICAL=0",
        "CRITICAL=8761",
        "CRITICAL=1.5",
        "CRITICAL=-1",
        "CRITICAL=1=2",
        "LOUD=4",
        "=4",
        "CRITICAL=4,",
        "CRITICAL=4,CRITICAL=5",
        "CRITICAL=\u0664",
        "never,CRITICAL=4",
    ],
)
def test_anything_else_is_refused_by_name_with_what_is_accepted(value: str) -> None:
    with pytest.raises(SettingsError, match=r"REMINDER_HOURS is .*CRITICAL=4,ERROR=24.*NOTICE, INFO"):
        settings.digest({**DIGEST, "REMINDER_HOURS": value})


def test_publishing_has_a_ceiling_and_perhaps_a_second_topic() -> None:
    usual, own = settings.publish_alerts(PUBLISH), {"AMAZON_Q_TOPIC_ARN": TOPIC, "ALERTS_PER_MINUTE": "2"}
    assert (usual.alerts_per_minute, usual.amazon_q_topic_arn) == (6, "")
    chosen = settings.publish_alerts({**PUBLISH, **own})
    assert (chosen.alerts_per_minute, chosen.amazon_q_topic_arn) == (2, TOPIC)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALERTS_PER_MINUTE", "1"),
        ("ALERTS_PER_MINUTE", "61"),
        ("ALERTS_PER_MINUTE", "many"),
        ("AMAZON_Q_TOPIC_ARN", "alerts"),
        ("AMAZON_Q_TOPIC_ARN", f"{TOPIC} x"),
    ],
)
def test_a_wrong_one_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        settings.publish_alerts({**PUBLISH, variable: value})
