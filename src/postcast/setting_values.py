"""What a setting may hold: its type, the values it allows, the numbers between which it lies.

Knows a field and a value; not which settings there are.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from typing import Any

from postcast.errors import SettingsError

Kind = type | types.GenericAlias
"""A setting's type without its None: str, bool, int, float or a tuple of them."""


def fitted(kind: Kind, value: Any) -> Any:
    """Return a value as a setting of some type has it: lists as tuples, whole numbers as floats."""
    item = typing.get_args(kind)
    if item:
        values = list(value) if isinstance(value, (list, tuple)) else [value]
        return tuple(_number(v) if item[0] is float else v for v in values)
    if kind is str and type(value) is int:
        return str(value)
    return _number(value) if kind is float else value


def _number(value: Any) -> Any:
    return float(value) if type(value) is int else value


def check_type(one: dataclasses.Field[Any], kind: Kind, value: Any) -> None:
    """Refuse a value that is not of a setting's type."""
    item = typing.get_args(kind)
    if value is None and one.default is None:
        return
    fits = (
        isinstance(value, tuple) and all(type(v) is item[0] for v in value)
        if item
        else type(value) is kind
    )
    if not fits:
        raise SettingsError(f"{one.name} = {_plain(value)!r}", _KINDS[kind])


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


_KINDS: dict[Any, str] = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    tuple[str, ...]: "a list of texts",
    tuple[float, ...]: "a list of numbers",
}


def check_allowed(one: dataclasses.Field[Any], value: Any) -> None:
    """Refuse a value that is not among those that a setting allows, if it names some."""
    allowed = one.metadata["allowed"]
    if allowed and value not in allowed:
        near = difflib.get_close_matches(str(value), allowed, 1)
        raise SettingsError(
            f"{one.name} {value!r}",
            f"one of {', '.join(allowed)}",
            f"did you mean {near[0]!r}?" if near else "",
        )


def check_between(name: str, value: float, low: float, high: float) -> None:
    """Refuse a number that is not between two others, neither of them allowed."""
    if not low < value < high:
        raise SettingsError(f"{name} {value}", f"a number between {low:g} and {high:g}")
