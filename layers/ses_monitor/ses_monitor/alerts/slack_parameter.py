"""The Slack webhook as it lies in SSM: read when needed, kept a few minutes, read again when Slack rejects it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from ses_monitor.alerts.slack import BROKEN_WEBHOOK_WAIT, Outcome, RetryLater, Trouble, Webhook, WebhookError
from ses_monitor.alerts.slack_blocks import Message

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_SECONDS = 300
"""How long a changed parameter may go unnoticed while the old webhook still works."""


class SlackParameter:
    """Posts through whatever webhook the SecureString parameter `name` holds now."""

    def __init__(self, client: SSMClient, name: str) -> None:
        self._provider = SSMProvider(boto3_client=client)
        self._name = name
        self._webhook: tuple[str, Webhook] | None = None
        self._doubted = False
        # At DEBUG botocore writes the answers it gets, and the parameter's value is the secret.
        logging.getLogger("botocore").setLevel(logging.INFO)

    def post(self, message: Message) -> Outcome:
        """Post `message`. A parameter that cannot be read or used is a trouble that waits for a person."""
        try:
            outcome = self._current().post(message)
        except GetParameterError as error:
            self._doubted = True
            cause = error.__cause__ or error.__context__
            kind = getattr(cause, "response", {}).get("Error", {}).get("Code", type(cause).__name__)
            return self._broken(f"the SSM parameter {self._name} cannot be read ({kind})")
        except WebhookError as error:
            self._doubted = True
            return self._broken(f"the SSM parameter {self._name} is no use: {error}")
        self._doubted = isinstance(outcome, RetryLater) and outcome.trouble is Trouble.WEBHOOK
        return outcome

    def _current(self) -> Webhook:
        url = self._provider.get(self._name, max_age=KEPT_SECONDS, decrypt=True, force_fetch=self._doubted)
        if not isinstance(url, str):
            msg = "it is not text"
            raise WebhookError(msg)
        if self._webhook is None or self._webhook[0] != url:
            self._webhook = (url, Webhook(url))
        return self._webhook[1]

    def _broken(self, reason: str) -> RetryLater:
        return RetryLater(BROKEN_WEBHOOK_WAIT, reason, Trouble.WEBHOOK)
