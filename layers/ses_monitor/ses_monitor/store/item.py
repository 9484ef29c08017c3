"""Between Python values and DynamoDB items: bounds on the way in, strict and named errors on the way out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from ses_monitor.core.check import bounded
from ses_monitor.store.keys import Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

T = TypeVar("T")
D = TypeVar("D")

_SERIALIZER = TypeSerializer()
_DESERIALIZER = TypeDeserializer()


class UnreadableItemError(Exception):
    """An item of the table is not what this version can read; the message names its key and attribute."""


class UnstorableError(ValueError):
    """Something is too large to be stored whole, and would mean something else cut short."""


def clip(text: str, limit: int) -> str:
    """Cut `text` to `limit` bytes of UTF-8, an ellipsis included; what UTF-8 cannot say becomes "?"."""
    raw = text.encode(errors="replace")
    if len(raw) <= limit:
        return raw.decode()
    return raw[: limit - len("…".encode())].decode(errors="ignore") + "…"


def whole_or_nothing(text: str, limit: int) -> str:
    """Return `text` if it fits in `limit` bytes, else nothing: half a command or address is worse than none."""
    return text if clip(text, limit) == text else ""


def instant(at: datetime) -> str:
    """Return an instant for people: ISO 8601, UTC, no more digits than it has."""
    if at.tzinfo is None:
        msg = f"{at.isoformat()} has no time zone"
        raise ValueError(msg)
    return at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def to_item(key: Key, values: Mapping[str, object]) -> dict[str, AttributeValueTypeDef]:
    """Return the item at `key`; a value of None is left out."""
    whole = {"pk": key.pk, "sk": key.sk, **values}
    return {name: to_attribute(value) for name, value in whole.items() if value is not None}


def to_attribute(value: object) -> AttributeValueTypeDef:
    """Return one attribute value."""
    attribute: AttributeValueTypeDef = _SERIALIZER.serialize(_storable(value))
    return attribute


def _storable(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _storable(each) for key, each in value.items() if each is not None}
    if isinstance(value, (list, tuple)):
        return [_storable(each) for each in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value)
    return value


def _number(value: float) -> object:
    """Return a number DynamoDB takes (38 digits, 1E-130 to 9.9E+125), or its text where it takes none such."""
    if not math.isfinite(value):
        return str(value)
    number = Decimal(int(value)) if value == int(value) else Decimal(repr(value))
    try:
        _SERIALIZER.serialize(number)
    except (DecimalException, TypeError):
        return str(value)
    return number


def plain(item: Mapping[str, Any]) -> dict[str, object]:
    """Return an item's values, whether they come as DynamoDB sends them or as Powertools unwraps them."""
    if isinstance(item.get("pk"), str):
        return dict(item)
    return {name: _DESERIALIZER.deserialize(value) for name, value in item.items()}


class Fields:
    """The values of one item, read by name: each is there and right, or `UnreadableItemError` says which is not.

    Attributes nobody asks for are ignored: a newer version may have written them.
    """

    def __init__(self, values: Mapping[str, object], where: str) -> None:
        self._values = values
        self._where = where

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Fields:
        """Open an item."""
        where = f"{_shown(item.get('pk'))} / {_shown(item.get('sk'))}"
        try:
            return cls(plain(item), where)
        except (TypeError, ValueError, AttributeError, DecimalException) as error:
            msg = f"item {where} is no DynamoDB item"
            raise UnreadableItemError(msg) from error

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def need(self, name: str, parse: Callable[[object], T]) -> T:
        """Return an attribute that must be there."""
        if name not in self:
            msg = f"item {self._where} has no {name}"
            raise UnreadableItemError(msg)
        try:
            return parse(self._values[name])
        except (TypeError, ValueError, ArithmeticError) as error:
            msg = f"item {self._where}: {name} cannot be read"
            raise UnreadableItemError(msg) from error

    def have(self, name: str, parse: Callable[[object], T], default: D) -> T | D:
        """Return an attribute, or `default` where it is not there."""
        return self.need(name, parse) if name in self else default

    def inside(self, name: str) -> Fields | None:
        """Open a map within the item, where there is one."""
        return self.have(name, lambda value: Fields(mapping(value), f"{self._where}: {name}"), None)

    def rows(self, name: str) -> list[Fields]:
        """Open each map of a list."""
        where = f"{self._where}: {name}"
        return self.have(name, lambda value: [Fields(mapping(each), where) for each in sequence(value)], [])


def _shown(key: object) -> str:
    if isinstance(key, Mapping):
        key = next(iter(key.values()), "")
    return bounded(str(key), 200)


def text(value: object) -> str:
    """Read a string."""
    if not isinstance(value, str):
        msg = f"{type(value).__name__} is no text"
        raise TypeError(msg)
    return value


def flag(value: object) -> bool:
    """Read a truth value."""
    if not isinstance(value, bool):
        msg = f"{type(value).__name__} is no truth value"
        raise TypeError(msg)
    return value


def number(value: object) -> int | float:
    """Read a number: an int where it is whole."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        msg = f"{type(value).__name__} is no number"
        raise TypeError(msg)
    return int(value) if value == int(value) else float(value)


def whole(value: object) -> int:
    """Read a whole number."""
    read = number(value)
    if not isinstance(read, int):
        msg = f"{read} is not whole"
        raise TypeError(msg)
    return read


def time(value: object) -> datetime:
    """Read an instant; one without a time zone is refused."""
    read = datetime.fromisoformat(text(value))
    if read.tzinfo is None:
        msg = f"{read.isoformat()} has no time zone"
        raise ValueError(msg)
    return read.astimezone(UTC)


def sequence(value: object) -> list[object]:
    """Read a list."""
    if not isinstance(value, list):
        msg = f"{type(value).__name__} is no list"
        raise TypeError(msg)
    return value


def texts(value: object) -> tuple[str, ...]:
    """Read a list of strings."""
    return tuple(text(each) for each in sequence(value))


def mapping(value: object) -> Mapping[str, object]:
    """Read a map."""
    if not isinstance(value, Mapping):
        msg = f"{type(value).__name__} is no map"
        raise TypeError(msg)
    return value


def scalar(value: object) -> str | int | float | bool:
    """Read one piece of evidence."""
    return value if isinstance(value, (str, bool)) else number(value)
