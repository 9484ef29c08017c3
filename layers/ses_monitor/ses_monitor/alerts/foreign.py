"""What else arrives on the alert topic: CloudWatch's alarms about ses-monitor itself, and anything else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from ses_monitor.alerts import words
from ses_monitor.alerts.alert import stable_id
from ses_monitor.alerts.slack_blocks import Message, context, header, message, section
from ses_monitor.alerts.slack_text import link, mrkdwn

LONGEST_SHOWN = 1500
"""Characters shown of a message that nobody here knows how to read."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A CloudWatch alarm that changed its state. `state` is CloudWatch's word, also one we do not know."""

    name: str
    state: str
    was: str
    reason: str
    description: str
    account_id: str
    region: str
    changed_at: datetime | None

    @property
    def key(self) -> str:
        """The same for the same alarm in any state."""
        return stable_id(["alarm", self.account_id, self.region, self.name])

    def versions(self) -> dict[str, int]:
        """Let a later state overtake an earlier one; without a time, nothing is overtaken."""
        if self.changed_at is None:
            return {}
        return {self.key: int(self.changed_at.timestamp() * 1000)}

    @property
    def alert_id(self) -> str:
        """The same for the same change of state however often it is delivered."""
        return stable_id(["alarm", self.key, self.state, str(self.changed_at), self.reason])


def read_alarm(document: object) -> Alarm | None:
    """Read CloudWatch's notification; None when it is not one.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-notification-content.html
    """
    if not isinstance(document, dict):
        return None
    name, state = document.get("AlarmName"), document.get("NewStateValue")
    if not isinstance(name, str) or not isinstance(state, str):
        return None

    def text(key: str) -> str:
        value = document.get(key)
        return value if isinstance(value, str) else ""

    arn = text("AlarmArn").split(":")
    region = arn[3] if len(arn) > 3 and re.fullmatch(r"[a-z0-9-]{1,40}", arn[3]) else ""
    return Alarm(
        name=name,
        state=state,
        was=text("OldStateValue"),
        reason=text("NewStateReason"),
        description=text("AlarmDescription"),
        account_id=text("AWSAccountId"),
        region=region,
        changed_at=_time(text("StateChangeTime")),
    )


def render_alarm(alarm: Alarm) -> Message:
    """Lay out an alarm: it is about ses-monitor itself, so a quiet channel may mean that nobody is looking."""
    mark, news = _NEWS.get(alarm.state, ("\u26aa", f"ses-monitor itself, {words.line(alarm.state, 40)}"))
    title = f"{mark} {news}: {words.line(alarm.name, 100)}"
    when = f", since {words.moment(alarm.changed_at)}" if alarm.changed_at else ""
    was = f", was {alarm.was}" if alarm.was else ""
    blocks = [header(title)]
    about = f"It was: {alarm.description}" if alarm.description and alarm.state == "OK" else alarm.description
    if about:
        blocks.append(section(mrkdwn(about)))
    if alarm.reason:
        blocks.append(section(f"*CloudWatch says*\n{mrkdwn(alarm.reason)}"))
    if alarm.state == "ALARM":
        blocks.append(section("Until this is over, silence in this channel does not mean that all is well."))
    where = ", ".join(
        part for part in (alarm.region, f"account {alarm.account_id}" if alarm.account_id else "") if part
    )
    small = f"CloudWatch alarm {words.line(alarm.state, 40)}{was}{when}"
    blocks.append(context([mrkdwn(small, 300), mrkdwn(where, 200), link(_alarm_page(alarm), "Open the alarm")]))
    body = "\n".join(part for part in (title, about, alarm.reason, small, where, _alarm_page(alarm)) if part)
    return message(f"{title}{when}. {about or alarm.reason}", blocks, body)


def render_unknown(text: str, subject: str = "", reason: str = "") -> Message:
    """Show a message that nobody here knows how to read: a person can, and hiding it could hide an alert."""
    title = f"\U0001f4e8 {words.line(subject, 120) or 'A message on the alert topic'}"
    why = reason or "It is neither an alert of ses-monitor nor a CloudWatch alarm, so it is shown as it came."
    shown = words.line(text, LONGEST_SHOWN) or "(empty)"
    blocks = [header(title), section(mrkdwn(shown, LONGEST_SHOWN + 500)), context([mrkdwn(why)])]
    return message(f"{title}: {shown}", blocks, f"{title}\n{shown}\n{why}")


def parse_json(text: str) -> object:
    """Return parsed JSON, or None for what is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None and 1971 < at.year < 9000 else None


def _alarm_page(alarm: Alarm) -> str:
    if not alarm.region:
        return ""
    name = quote(words.line(alarm.name, 255), safe="")
    host = f"https://{alarm.region}.console.aws.amazon.com/cloudwatch/home?region={alarm.region}"
    return f"{host}#alarmsV2:alarm/{name}"


_NEWS = {
    "ALARM": ("\U0001f6a8", "ses-monitor itself needs help"),
    "OK": ("\u2705", "ses-monitor itself is well again"),
    "INSUFFICIENT_DATA": ("\u26aa", "ses-monitor itself, no data"),
}
