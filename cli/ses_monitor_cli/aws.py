"""The caller's own AWS: session, regions, account number, and each way these can fail as a sentence."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import cast

import boto3
from botocore import exceptions as boto
from botocore.config import Config

from ses_monitor.collect.clients import Clients
from ses_monitor.collect.faults import kind_of
from ses_monitor.core.observed import Blindness
from ses_monitor_cli.outcome import CannotLookError

ASKING = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
"""For the table and the stack, where somebody waits; seconds."""
ASKING_ASIDE = Config(connect_timeout=2, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 1})
"""For the account's number, which only decorates; seconds."""

SIGN_IN = "Sign in (aws sso login, aws configure) or name a profile (AWS_PROFILE=name ses-monitor …)."


def open_session() -> boto3.Session:
    """Return the caller's session.

    Raises:
        CannotLookError: the AWS configuration is wrong.
    """
    try:
        return boto3.Session()
    except boto.BotoCoreError as error:
        raise CannotLookError(sentence(error)) from error


def check_credentials(session: boto3.Session) -> None:
    """Find the caller's credentials, and refresh them if need be: once, here, and not in every thread.

    Raises:
        CannotLookError: there are none, or they cannot be had.
    """
    try:
        credentials = session.get_credentials()
        if credentials is not None:
            credentials.get_frozen_credentials()
    except boto.BotoCoreError as error:
        raise CannotLookError(sentence(error)) from error
    if credentials is None:
        raise CannotLookError(f"no AWS credentials found. {SIGN_IN}")


def make_clients(session: boto3.Session, region: str) -> Clients:
    """Return the clients, after a try at each.

    Raises:
        CannotLookError: an endpoint of the environment is not one.
    """
    clients = Clients(session)
    try:
        for make in (clients.sesv2, clients.ses, clients.cloudwatch, clients.account):
            make(region)
    except (ValueError, boto.BotoCoreError) as error:
        named = ", ".join(sorted(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")))
        raise CannotLookError(f"{error}. Look at {named or 'the endpoints in your AWS configuration'}.") from error
    return clients


def known_regions(session: boto3.Session, service: str) -> tuple[str, ...]:
    """Return every region with `service` that this SDK knows, in all partitions."""
    partitions = session.get_available_partitions()
    return tuple(
        sorted({name for each in partitions for name in session.get_available_regions(service, partition_name=each)})
    )


def home_region(session: boto3.Session, wanted: Iterable[str], known: Iterable[str]) -> str:
    """Return the region to start from: the first wanted, else the configured one, else us-east-1."""
    configured = session.region_name or ""
    chosen = configured if configured in set(known) else "us-east-1"
    return next(iter(wanted), chosen)


class AccountNumber:
    """Asks whose credentials these are while other work is done; nobody waits for the answer."""

    def __init__(self, session: boto3.Session, region: str) -> None:
        self._known = ""
        try:
            # Here and not in the thread: two threads must not make clients from one session at once.
            client = session.client("sts", region_name=region, config=ASKING_ASIDE)
        except (ValueError, boto.BotoCoreError):
            return

        def ask() -> None:
            # Whatever goes wrong here costs the number in a headline, and nothing may be said of it.
            with suppress(Exception):
                self._known = client.get_caller_identity().get("Account", "")

        Thread(target=ask, name="account-number", daemon=True).start()

    @property
    def known(self) -> str:
        """The account's number, or an empty string while, or if, there is none."""
        return self._known


@dataclass(frozen=True, slots=True)
class Stack:
    """What a stack says of itself."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]


def describe_stack(session: boto3.Session, region: str, stack_name: str, say_where: str) -> Stack:
    """Return a stack's outputs and parameters; `say_where` has the options that name another one.

    Raises:
        CannotLookError: there is no such stack, or it cannot be asked.
    """
    try:
        client = session.client("cloudformation", region_name=region, config=ASKING)
        stacks = client.describe_stacks(StackName=stack_name).get("Stacks", [])
    except boto.ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            msg = f"there is no stack {stack_name} in {region}. Say where it is: {say_where}."
            raise CannotLookError(msg) from error
        raise CannotLookError(sentence(error)) from error
    except (boto.BotoCoreError, ValueError) as error:
        raise CannotLookError(sentence(error)) from error
    outputs = {
        each.get("OutputKey", ""): each.get("OutputValue", "") for stack in stacks for each in stack.get("Outputs", [])
    }
    parameters = {
        each.get("ParameterKey", ""): each.get("ParameterValue", "")
        for stack in stacks
        for each in stack.get("Parameters", [])
    }
    return Stack(outputs, parameters)


def sentence(error: Exception) -> str:
    """Say in one sentence why AWS could not be asked, and what to do."""
    for kinds, words in _WORDS:
        if isinstance(error, kinds):
            return words.format(error=str(error).rstrip("."))
    why = kind_of(error)
    if isinstance(error, boto.ClientError):
        said = error.response.get("Error", {})
        told = f"{error.operation_name}: {said.get('Code', '?')}: {said.get('Message', '')}".rstrip(". ")
    else:
        told = str(error).rstrip(".")
    return explained(why, told)


def explained(why: Blindness | str | None, told: str) -> str:
    """Put one kind of blindness into a sentence, with what AWS or the network said, and what to do."""
    words = _BLIND.get(cast("Blindness", why), "AWS could not be asked ({told}).")
    denied = _ACTION.search(told) if why == Blindness.DENIED else None
    return words.format(told=told, action=(denied[1] or denied[2]) if denied else "that action")


_ACTION = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)|^([a-z0-9-]+:[A-Z][A-Za-z0-9]+) in ")
"""The action that was denied: as IAM names it, or as our own sentence begins."""


_WORDS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((boto.NoCredentialsError,), f"no AWS credentials found. {SIGN_IN}"),
    (
        (
            boto.SSOError,
            boto.TokenRetrievalError,
            boto.NoAuthTokenError,
        ),
        "the AWS sign-in has ended ({error}). Sign in again: aws sso login",
    ),
    ((boto.ProfileNotFound,), "{error}. Choose one of: aws configure list-profiles"),
    ((boto.PartialCredentialsError,), f"the AWS credentials are incomplete ({{error}}). {SIGN_IN}"),
    ((boto.CredentialRetrievalError, boto.MetadataRetrievalError), f"{{error}}. {SIGN_IN}"),
    ((boto.ConfigNotFound, boto.ConfigParseError, boto.InvalidConfigError), "{error}. Mend your AWS configuration."),
    ((boto.NoRegionError,), "no region is configured. Name one: --region REGION, or AWS_DEFAULT_REGION."),
)
_BLIND = {
    Blindness.CREDENTIALS: "AWS did not accept these credentials ({told}). Sign in again, or check that the region is"
    " enabled for the account.",
    Blindness.DENIED: "these credentials may not look ({told}). Allow {action} to them; docs/cli.md lists what each"
    " verb needs.",
    Blindness.THROTTLED: "AWS throttled every request ({told}). Wait a minute, or find what else calls it so often.",
    Blindness.TIMED_OUT: "no answer came in time ({told}). Check the network, the proxy and AWS_ENDPOINT_URL.",
    Blindness.UNREACHABLE: "no connection could be made ({told}). Check the network, the proxy and AWS_ENDPOINT_URL.",
    Blindness.SERVICE_ERROR: "every answer was an error ({told}). Try again; look at health.aws.amazon.com.",
    Blindness.UNREADABLE: "the answers could not be read ({told}). Check that AWS_ENDPOINT_URL and the proxy lead to"
    " AWS.",
    Blindness.NOT_IN_ANSWER: "the answers were not those of SES ({told}). Check that AWS_ENDPOINT_URL and the proxy"
    " lead to AWS.",
}
