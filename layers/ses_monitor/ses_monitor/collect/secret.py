"""The key that recipients are kept by, as it lies in SSM: without it nothing is kept, never the addresses instead."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ses_monitor.core.mailbox import HashedRecipients, PlainRecipients, RecipientNames

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class RecipientKeyError(Exception):
    """The key cannot be read, or is no use. The message names the parameter, and never what it holds."""


def recipient_names(client: SSMClient, parameter: str) -> RecipientNames:
    """Return how recipients are kept: plain where `parameter` is empty, else hashed with the key that lies there.

    A key of another value finds nothing that was kept with the old one, and does not recognise it either: change it
    when the queue is empty.

    Raises:
        RecipientKeyError: the parameter cannot be read, is no SecureString, or is shorter than 16 bytes.
    """
    if not parameter:
        return PlainRecipients()
    # At DEBUG botocore writes the answers it gets, and the parameter's value is the secret.
    logging.getLogger("botocore").setLevel(logging.INFO)
    try:
        found = client.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]
    except (ClientError, BotoCoreError) as error:
        code = error.response.get("Error", {}).get("Code", "?") if isinstance(error, ClientError) else ""
        raise RecipientKeyError(
            f"the SSM parameter {parameter} cannot be read ({code or type(error).__name__})"
        ) from error
    if found.get("Type") != "SecureString":
        raise RecipientKeyError(f"the SSM parameter {parameter} is no SecureString: whoever reads parameters reads it")
    try:
        return HashedRecipients(found.get("Value", "").strip().encode())
    except ValueError as error:
        raise RecipientKeyError(f"the SSM parameter {parameter} holds {error}") from error
