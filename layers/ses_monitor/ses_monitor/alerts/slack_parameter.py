"""Slack's secrets as they lie in SSM: read when needed, kept a few minutes, read again when Slack rejects them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from ses_monitor.alerts.slack import BROKEN_WEBHOOK_WAIT, Outcome, RetryLater, Trouble, Webhook, WebhookError
from ses_monitor.alerts.slack_api import API_URL, ApiOutcome, Bot, TokenError
from ses_monitor.alerts.slack_blocks import Message

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_SECONDS = 300
"""How long a changed parameter may go unnoticed while the old secret still works."""

C = TypeVar("C")
O = TypeVar("O")  # noqa: E741 - an outcome


class _Secret(Generic[C]):
    """What is made of the SecureString parameter `name` as it is now."""

    def __init__(self, client: SSMClient, name: str, make: Callable[[str], C], broken: Trouble) -> None:
        self._provider = SSMProvider(boto3_client=client)
        self._name = name
        self._make = make
        self._broken = broken
        self._made: tuple[str, C] | None = None
        self._doubted = False
        # At DEBUG botocore writes the answers it gets, and the parameter's value is the secret.
        logging.getLogger("botocore").setLevel(logging.INFO)

    def use(self, call: Callable[[C], O]) -> O | RetryLater:
        """Call Slack. A parameter that cannot be read or used is a trouble that waits for a person."""
        try:
            outcome = call(self._current())
        except GetParameterError as error:
            self._doubted = True
            cause = error.__cause__ or error.__context__
            kind = getattr(cause, "response", {}).get("Error", {}).get("Code", type(cause).__name__)
            return self._trouble(f"the SSM parameter {self._name} cannot be read ({kind})")
        except (WebhookError, TokenError) as error:
            self._doubted = True
            return self._trouble(f"the SSM parameter {self._name} is no use: {error}")
        self._doubted = isinstance(outcome, RetryLater) and outcome.trouble.needs_a_person
        return outcome

    def _current(self) -> C:
        secret = self._provider.get(self._name, max_age=KEPT_SECONDS, decrypt=True, force_fetch=self._doubted)
        if not isinstance(secret, str):
            msg = "it is not text"
            raise TokenError(msg)
        if self._made is None or self._made[0] != secret:
            self._made = (secret, self._make(secret))
        return self._made[1]

    def _trouble(self, reason: str) -> RetryLater:
        return RetryLater(BROKEN_WEBHOOK_WAIT, reason, self._broken)


class SlackParameter:
    """Posts through whatever webhook the SecureString parameter `name` holds now."""

    def __init__(self, client: SSMClient, name: str) -> None:
        self._webhook = _Secret(client, name, Webhook, Trouble.WEBHOOK)

    def post(self, message: Message) -> Outcome:
        """Post `message`. A parameter that cannot be read or used is a trouble that waits for a person."""
        return self._webhook.use(lambda webhook: webhook.post(message))


class BotParameter:
    """Posts to one channel with whatever bot token the SecureString parameter `name` holds now."""

    def __init__(self, client: SSMClient, name: str, channel: str, api_url: str = API_URL) -> None:
        def make(token: str) -> Bot:
            return Bot(token, channel, api_url=api_url)

        self._bot = _Secret(client, name, make, Trouble.BOT)

    def post(self, message: Message, *, thread: str = "", broadcast: bool = False) -> ApiOutcome:
        """Post `message`, into the thread of the message `thread` if given."""
        return self._bot.use(lambda bot: bot.post(message, thread=thread, broadcast=broadcast))

    def update(self, channel: str, ts: str, message: Message) -> ApiOutcome:
        """Show `message` in place of what is there."""
        return self._bot.use(lambda bot: bot.update(channel, ts, message))
