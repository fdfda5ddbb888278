"""JSON Lines, or a JSON array of objects → a table of text cells.

Numbers are kept as they are written, so that no id passes through a float.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from postcast.data.sources.cells import record_table
from postcast.data.sources.text import decode
from postcast.errors import ReadError

_EXPECTED = "one JSON object a line, or an array of objects"


def read(data: bytes, name: str) -> pl.DataFrame:
    """Read a whole file of JSON; `name` is for messages.

    Raises
    ------
    ReadError
        If a line is not a JSON object; its number is named.
    """
    text = decode(data, name)
    records = _array(text, name) if text.lstrip().startswith("[") else _lines(text, name)
    return record_table(records)


def _array(text: str, name: str) -> list[dict[str, Any]]:
    records = _parsed(text, name, 0)
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise ReadError(f"{name}: element {number} of the array is not an object", _EXPECTED)
    if not records:
        raise ReadError(f"{name} is an empty array", "at least one post")
    return list(records)


def _lines(text: str, name: str) -> list[dict[str, Any]]:
    records = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        record = _parsed(line, name, number - 1)
        if not isinstance(record, dict):
            raise ReadError(f"{name}, line {number} is not a JSON object", _EXPECTED)
        records.append(record)
    return records


def _parsed(text: str, name: str, lines_before: int) -> Any:
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


def _constant(word: str) -> str | None:
    return None if word == "NaN" else word
