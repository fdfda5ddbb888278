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
