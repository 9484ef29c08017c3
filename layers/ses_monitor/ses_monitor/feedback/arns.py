"""ARNs, as far as they tell whose and where something is. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ses_monitor.feedback.parsed import clean

LONGEST = 1024
"""Characters; the longest of SES names an address of 320."""


class Arn(NamedTuple):
    """The parts of an ARN, empty where it is none. `resource` has its type: `identity/example.com`."""

    region: str = ""
    account_id: str = ""
    resource: str = ""

    @property
    def name(self) -> str:
        """The resource without its type."""
        return self.resource.partition("/")[2]


NO_ARN = Arn()


def arn_of(text: object) -> Arn:
    """Take an ARN apart. What is no region or no account id is left empty: both become part of keys."""
    return _arn_of(text) if isinstance(text, str) and len(text) <= LONGEST else NO_ARN


# The same topic and the same few identities come again and again.
@lru_cache(maxsize=1024)
def _arn_of(text: str) -> Arn:
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return NO_ARN
    region, account_id = parts[3], parts[4]
    return Arn(
        region if is_region(region) else "",
        account_id if is_account_id(account_id) else "",
        clean(parts[5], LONGEST),
    )


def is_region(text: object) -> bool:
    """Tell whether this may be the name of a region, known to us or not: `eu-west-1`."""
    return (
        isinstance(text, str)
        and len(text) <= 32
        and text.isascii()
        and text.islower()
        and text.replace("-", "").isalnum()
    )


def is_account_id(text: object) -> bool:
    """Tell whether this may be an account's id."""
    return isinstance(text, str) and len(text) == 12 and text.isascii() and text.isdigit()
