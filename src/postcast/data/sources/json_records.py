"""JSON in the shapes in which platforms export it → records, and why some are none.

Knows lists, lines and members; knows no platform.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from postcast.data.columns import Columns
from postcast.data.sources.cells import record_table
from postcast.data.sources.format import BROKEN, Table
from postcast.errors import ReadError

_EXPECTED = "one JSON object a line, or an array of objects"
_SHOWN = 80
_DEEPEST, _DEEPEST_ENVELOPE = 6, 3
ENVELOPES = (
    *("data", "items", "hits", "messages", "orderedItems", "feed", "posts", "results"),
    *("statuses", "records", "ig_reels_media"),
)
"""Members in which platforms hand over lists of posts."""

_NAMING = ("hashtagName", "tag", "name")
"""Members by which the objects of a list are called."""


class Broken(str):
    """The beginning of what is no JSON."""

    __slots__ = ()


def parsed(text: str, name: str, lines_before: int = 0) -> Any:
    """Return one JSON value, its numbers as they are written.

    Raises
    ------
    ReadError
        If it is not JSON; the line is named.
    """
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise ReadError(
            f"{name}, line {lines_before + error.lineno} is not JSON: "
            f"{error.msg} at character {error.colno}",
            _EXPECTED,
        ) from None
    except RecursionError:
        raise ReadError(
            f"{name}, line {lines_before + 1} is nested too deeply", _EXPECTED
        ) from None


def values_of(text: str, name: str) -> list[Any]:
    """Return the elements of an array, the one value of a file, or that of each line.

    Lines that are no JSON are `Broken`, unless all are.

    Raises
    ------
    ReadError
        If an array, or every line, is not JSON.
    """
    if text.lstrip().startswith("["):
        value = parsed(text, name)
        return value if isinstance(value, list) else [value]
    try:
        return [parsed(text, name)]
    except ReadError as error:
        values = [_line(line, name) for line in text.split("\n") if line.strip()]
        if len(values) > 1 and not all(isinstance(value, Broken) for value in values):
            return values
        raise error from None


def table_of(records: Sequence[Any], columns: Columns, name: str) -> Table:
    """Return records as a table; what is no record is a row with that problem.

    Raises
    ------
    ReadError
        If none is a record.
    """
    problems = {}
    rows: list[Mapping[str, object]] = []
    for row, record in enumerate(records, 1):
        if isinstance(record, Mapping):
            rows.append(record)
        else:
            rows.append({})
            shown = record if isinstance(record, Broken) else json.dumps(record)
            problems[row] = (BROKEN, shown[:_SHOWN])
    if len(problems) == len(rows):
        raise ReadError(f"{name} has no posts", "at least one")
    return Table(record_table(rows, name), columns, problems)


def records_among(values: Sequence[Any]) -> list[Any]:
    """Return the records in what a file holds: its values, or those within one envelope.

    An envelope is one object that holds a list of objects under one of `ENVELOPES`, if within
    other objects, or nothing but objects with much the same members, as by their ids.
    """
    if len(values) != 1 or not isinstance(values[0], Mapping):
        return list(values)
    level: list[Mapping[str, Any]] = [values[0]]
    for _ in range(_DEEPEST_ENVELOPE):
        lists: list[list[Any]] = [
            one[name] for one in level for name in ENVELOPES if _are_records(one.get(name))
        ]
        lists += [list(one.values()) for one in level if _are_alike(one)]
        if lists:
            longest: list[Any] = max(lists, key=len)
            return longest
        level = [inner for one in level for inner in one.values() if isinstance(inner, Mapping)]
    return list(values)


def _are_alike(value: Mapping[str, Any]) -> bool:
    """Tell whether an object holds nothing but objects, two or more, that share most members."""
    inner = list(value.values())
    if len(inner) < 2 or not all(isinstance(one, Mapping) and one for one in inner):
        return False
    return 2 * len(set(inner[0]).intersection(*inner[1:])) > max(map(len, inner))


def _are_records(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and isinstance(value[0], Mapping)


def flat(record: Any) -> Any:
    """Return a record whose nested members have dotted names; what is no record as it is.

    Of a list of objects the first is taken, as ``media[0].url``, unless all have a name of
    their own, such as those of hashtags: then the list is that of the names.
    """
    if not isinstance(record, Mapping):
        return record
    found: dict[str, Any] = {}
    _flatten(record, "", found, 0)
    return found


def _flatten(record: Mapping[str, Any], prefix: str, found: dict[str, Any], depth: int) -> None:
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and depth < _DEEPEST:
            _flatten(value, f"{name}.", found, depth + 1)
        elif _are_records(value) and depth < _DEEPEST:
            called = next((one for one in _NAMING if all(_has(item, one) for item in value)), None)
            if called is not None:
                found[name] = [item[called] for item in value]
            else:
                _flatten(value[0], f"{name}[0].", found, depth + 1)
        else:
            found[name] = value


def _has(item: object, name: str) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get(name), str)


def text_in(value: object) -> str | None:
    """Return a value where it is text, which numbers are, too."""
    return value if isinstance(value, str) else None


def inside(value: object, *path: str) -> Any:
    """Return what stands in an object under names within names; None where nothing does."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _line(line: str, name: str) -> Any:
    try:
        return parsed(line, name)
    except ReadError:
        return Broken(line.strip()[:_SHOWN])


def _constant(word: str) -> str | None:
    return None if word == "NaN" else word
