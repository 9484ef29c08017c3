"""YAML into frozen dataclasses, strictly: an unknown key, a missing one or a wrong value is refused with its place,
because a world with a typing error in it proves nothing."""

import dataclasses
import functools
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import yaml
from typing_extensions import override

T = TypeVar("T")


class WorldError(ValueError):
    """A world file or a change to it that cannot be meant; the message begins with the place."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place.removesuffix(':')}: {problem}")
        self.place = place


def at(place: str, name: str) -> str:
    """The place of a key: `demo.yaml:` and `regions` give `demo.yaml: regions`, then come dots."""
    return f"{place} {name}" if place.endswith(":") else f"{place}.{name}"


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, refusing a key given twice (it would silently drop the first)."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                place = f"{self.name}: line {key_node.start_mark.line + 1}"
                raise WorldError(place, f"{key!r} is given twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping. Raises WorldError."""
    with path.open(encoding="utf-8") as stream:
        loader = _Loader(stream)
        try:
            content = loader.get_single_data()
        except yaml.YAMLError as error:
            raise WorldError(str(path), f"is not YAML: {error}") from error
        finally:
            loader.dispose()
    if not isinstance(content, dict):
        raise WorldError(str(path), "is not a mapping of keys")
    return content


def parse(kind: type[T], value: object, place: str) -> T:
    """Turn plain YAML or JSON data into `kind`, a dataclass or anything its fields may be. Raises WorldError."""
    return cast("T", _parse(kind, value, place))


def _parse(kind: object, value: object, place: str) -> object:
    if kind is Any:
        return value
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        return _parse_optional(kind, value, place)
    if origin is Literal:
        choices = get_args(kind)
        if value not in choices:
            raise WorldError(place, f"{value!r} is none of {', '.join(map(str, choices))}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise WorldError(place, f"expected a list, not {value!r}")
        return tuple(_parse(get_args(kind)[0], item, f"{place}[{i}]") for i, item in enumerate(value))
    if origin is Mapping or origin is dict:
        of = get_args(kind)[1]
        return {name: _parse(of, item, at(place, name)) for name, item in _mapping(value, place).items()}
    if dataclasses.is_dataclass(kind):
        return _parse_dataclass(cast("type", kind), value, place)
    return _parse_scalar(cast("type", kind), value, place)


def _parse_optional(kind: object, value: object, place: str) -> object:
    if value is None and types.NoneType in get_args(kind):
        return None
    options = [option for option in get_args(kind) if option is not types.NoneType]
    # Text or a list of it: a list is told by its form, anything else is read as the text.
    listed = [option for option in options if get_origin(option) is tuple]
    if len(options) > 1 and listed:
        options = listed if isinstance(value, list | tuple) else [o for o in options if o not in listed]
    (only,) = options
    return _parse(only, value, place)


def _parse_scalar(kind: type, value: object, place: str) -> object:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
        raise WorldError(place, f"expected {names.get(kind, kind.__name__)}, not {value!r}")
    return value


def _mapping(value: object, place: str) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise WorldError(place, f"expected keys with values, not {value!r}")
    for key in value:
        if not isinstance(key, str):
            raise WorldError(place, f"the key {key!r} is not text")
    return value


@functools.cache
def _fields(kind: type) -> tuple[Mapping[str, object], Mapping[str, dataclasses.Field[Any]]]:
    return get_type_hints(kind), {field.name: field for field in dataclasses.fields(kind) if field.init}


def _parse_dataclass(kind: type, value: object, place: str) -> object:
    short = getattr(kind, "SHORT", None)  # the field that a plain value stands for
    if short is not None and isinstance(value, str | int | float):
        value = {short: value}
    given = _mapping(value, place)
    hints, fields = _fields(kind)
    for name in given:
        if name not in fields:
            raise WorldError(at(place, name), f"unknown key; known are {', '.join(fields)}")
    for name, field in fields.items():
        absent = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if absent and name not in given:
            raise WorldError(at(place, name), "is missing")
    parsed = {name: _parse(hints[name], item, at(place, name)) for name, item in given.items()}
    try:
        return kind(**parsed)
    except WorldError:
        raise
    except ValueError as error:
        # A field's `__post_init__` names the field first: "max_rate must be ...".
        raise WorldError(place, str(error)) from error


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `change` laid over it: mappings are merged, anything else (lists too) replaces what was there."""
    result = dict(base)
    for key, value in change.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result
