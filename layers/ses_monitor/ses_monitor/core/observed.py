"""A fact we tried to learn: its value, or why there is none. "I could not look" is never a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NoReturn, TypeVar

T_co = TypeVar("T_co", covariant=True)


class Blindness(StrEnum):
    """Why a fact is missing."""

    THROTTLED = "throttled"
    DENIED = "denied"
    CREDENTIALS = "credentials"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    SERVICE_ERROR = "service_error"
    UNREADABLE = "unreadable"
    CHECK_CRASHED = "check_crashed"
    NOT_IN_ANSWER = "not_in_answer"
    NO_DATA = "no_data"
    NOT_APPLICABLE = "not_applicable"

    @property
    def is_failure(self) -> bool:
        """Whether somebody has to mend something before this fact can be seen; the last three are answers."""
        return self not in {Blindness.NOT_IN_ANSWER, Blindness.NO_DATA, Blindness.NOT_APPLICABLE}


class NotObservedError(Exception):
    """A check needed a fact that could not be learned; the engine turns it into "unknown"."""

    def __init__(self, missing: Missing) -> None:
        """Carry the `Missing` whole, so that its kind is not lost in a text."""
        super().__init__(missing.reason)
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Known(Generic[T_co]):
    """A fact that was learned."""

    value: T_co

    def get(self) -> T_co:
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that was not learned, with the reason in words and the IAM action that would read it."""

    why: Blindness
    reason: str
    action: str = ""

    def get(self) -> NoReturn:
        """Raise `NotObservedError`: whoever needs the value cannot decide without it."""
        raise NotObservedError(self)


Observed = Known[T_co] | Missing
