"""Checks of saved data before it is used: JSON, safetensors, their types, shapes and values.

A hash shows that a file is the one that was written, not that whoever wrote it meant well. What
these functions let through is finite, within bounds and as large as its file. They raise
`ValueError` in a few words; whoever read the file says which one it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

MOST_JSON_BYTES = 256 * 2**20
MOST_CONTAINERS = 1_000_000
"""Objects and lists in one JSON text: each takes twenty times its bytes once it is read."""

MOST_HEADER_BYTES = 64 * 2**20
MOST_TENSORS = 100_000
MOST_AXES = 8

DTYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
}
"""The types of safetensors that numpy has."""

Tensors = Mapping[str, np.ndarray[Any, Any]]


def parse_json(data: bytes | bytearray) -> Any:
    """Return what a JSON text in UTF-8 holds, of bounded size and depth, without NaN.

    Raises
    ------
    ValueError
    """
    if len(data) > MOST_JSON_BYTES:
        raise ValueError(f"{len(data)} bytes of JSON, more than {MOST_JSON_BYTES}")
    if data.count(b"{") + data.count(b"[") > MOST_CONTAINERS:
        raise ValueError(f"more than {MOST_CONTAINERS} lists and objects")
    try:
        return json.loads(data.decode(), parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} for a number")


def parse_object(data: bytes | bytearray) -> dict[str, Any]:
    """Return the JSON object in a text; see `parse_json`."""
    value = parse_json(data)
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    return value


def tensor_layout(header: bytes, n_data_bytes: int) -> dict[str, tuple[str, tuple[int, ...], int]]:
    """Return each tensor's numpy dtype, shape and first byte, checked against the data's size.

    Parameters
    ----------
    header : bytes
        The JSON that follows the first eight bytes of a safetensors file.
    n_data_bytes : int
        What follows the header.

    Raises
    ------
    ValueError
        If a type is unknown, or the tensors are not the data: neither more nor less.
    """
    rows = parse_object(header)
    rows.pop("__metadata__", None)
    if len(rows) > MOST_TENSORS:
        raise ValueError(f"{len(rows)} tensors, more than {MOST_TENSORS}")
    layout, spans = {}, []
    for name, row in rows.items():
        if not isinstance(row, dict) or row.get("dtype") not in DTYPES:
            raise ValueError(f"tensor {name!r} has no known type")
        shape = _whole_numbers(row.get("shape"), f"shape of tensor {name!r}", MOST_AXES)
        offsets = _whole_numbers(row.get("data_offsets"), f"offsets of tensor {name!r}", 2)
        dtype = DTYPES[row["dtype"]]
        n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
        if len(offsets) != 2 or offsets[1] - offsets[0] != n_bytes:
            raise ValueError(f"tensor {name!r} has not the bytes that its shape takes")
        layout[name] = dtype, shape, offsets[0]
        spans.append(offsets)
    end = 0
    for first, last in sorted(spans):
        if first != end:
            raise ValueError("its tensors overlap or leave gaps")
        end = last
    if end != n_data_bytes:
        raise ValueError(f"{n_data_bytes} bytes of tensors instead of {end}")
    return layout


def header_size(first: bytes, n_bytes: int) -> int:
    """Return how long a safetensors file's header is, by its first eight bytes and its size."""
    size = int.from_bytes(first, "little")
    if len(first) < 8 or size > min(n_bytes - 8, MOST_HEADER_BYTES):
        raise ValueError("its header is longer than the file or than any header")
    return size


def parse_tensors(data: bytearray) -> dict[str, np.ndarray[Any, Any]]:
    """Return the tensors of a whole safetensors file, as views of its bytes.

    Raises
    ------
    ValueError
    """
    start = 8 + header_size(bytes(data[:8]), len(data))
    layout = tensor_layout(bytes(data[8:start]), len(data) - start)
    return {
        name: np.frombuffer(data, dtype, math.prod(shape), start + first).reshape(shape)
        for name, (dtype, shape, first) in layout.items()
    }


def _whole_numbers(values: Any, what: str, most: int) -> tuple[int, ...]:
    if not isinstance(values, list) or len(values) > most:
        raise ValueError(f"{what}: no list of at most {most} numbers")
    for value in values:
        if type(value) is not int or not 0 <= value < 2**48:
            raise ValueError(f"{what}: no number from 0 to 2**48")
    return tuple(values)


def text(facts: Mapping[str, Any], key: str, among: Sequence[str] | None = None) -> str:
    """Return the string under a key, one of `among` where those are given."""
    value = _under(facts, key)
    if not isinstance(value, str) or (among is not None and value not in among):
        raise ValueError(f"{key!r} is no {'known ' if among is not None else ''}text")
    return value


def number(
    facts: Mapping[str, Any], key: str, low: float = -math.inf, high: float = math.inf
) -> float:
    """Return the finite number under a key, from `low` to `high`."""
    value = _under(facts, key)
    if not _is_number(value) or not low <= value <= high:
        raise ValueError(f"{key!r} is no number{_within(low, high)}")
    return value  # type: ignore[no-any-return]


def whole(facts: Mapping[str, Any], key: str, low: int, high: int) -> int:
    """Return the whole number under a key, from `low` to `high`."""
    value = _under(facts, key)
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{key!r} is no whole number{_within(low, high)}")
    return value


def truth(facts: Mapping[str, Any], key: str) -> bool:
    """Return the true or false under a key."""
    value = _under(facts, key)
    if not isinstance(value, bool):
        raise ValueError(f"{key!r} is neither true nor false")
    return value


def texts(facts: Mapping[str, Any], key: str) -> list[str]:
    """Return the list of strings under a key."""
    values = _under(facts, key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{key!r} is no list of texts")
    return values


def numbers(
    facts: Mapping[str, Any],
    key: str,
    length: int | None = None,
    low: float = -math.inf,
    high: float = math.inf,
) -> tuple[float, ...]:
    """Return the finite numbers under a key, each from `low` to `high`, `length` of them."""
    values = _under(facts, key)
    if not isinstance(values, list) or (length is not None and len(values) != length):
        raise ValueError(f"{key!r} is no list of {'' if length is None else f'{length} '}numbers")
    if not all(_is_number(value) and low <= value <= high for value in values):
        raise ValueError(f"{key!r} holds what is no number{_within(low, high)}")
    return tuple(values)


def mapping(facts: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the JSON object under a key."""
    value = _under(facts, key)
    if not isinstance(value, dict):
        raise ValueError(f"{key!r} is no JSON object")
    return value


def salt(facts: Mapping[str, Any], key: str) -> bytes | None:
    """Return the bytes under a key, written in hexadecimal; None for null or nothing."""
    if facts.get(key) is None:
        return None
    found = bytes.fromhex(text(facts, key))
    if not 0 < len(found) <= 64:
        raise ValueError(f"{key!r} has {len(found)} bytes")
    return found


def floats(
    tensors: Tensors, key: str, shape: tuple[int | None, ...], *, infinite: bool = False
) -> np.ndarray[Any, Any]:
    """Return the real numbers under a key, of a shape; None stands for any length.

    Finite, unless `infinite` lets infinities through; never NaN.
    """
    values = _tensor(tensors, key, "f", shape)
    is_good = not np.isnan(values).any() if infinite else bool(np.isfinite(values).all())
    if not is_good:
        raise ValueError(f"tensor {key!r} holds what is no finite number")
    return values


def integers(
    tensors: Tensors,
    key: str,
    shape: tuple[int | None, ...],
    low: int | None = None,
    high: int | None = None,
) -> np.ndarray[Any, Any]:
    """Return the whole numbers under a key, of a shape, each from `low` to `high` - 1."""
    values = _tensor(tensors, key, "iu", shape)
    if values.size and (
        (low is not None and int(values.min()) < low)
        or (high is not None and int(values.max()) >= high)
    ):
        raise ValueError(f"tensor {key!r} holds a number out of bounds")
    return values


def check_finite(tensors: Tensors, unless: str = "threshold") -> None:
    """Refuse real numbers that are none; infinite ones too, but for names that end as given."""
    for key, values in tensors.items():
        if values.dtype.kind == "f":
            floats(tensors, key, (None,) * values.ndim, infinite=key.endswith(unless))


def starts(tensors: Tensors, key: str, n_rows: int, n_values: int) -> np.ndarray[Any, Any]:
    """Return where each row's values begin and the last one's end, shape (n_rows + 1,)."""
    values = integers(tensors, key, (n_rows + 1,), 0, n_values + 1)
    if values[0] != 0 or values[-1] != n_values or (values[1:] < values[:-1]).any():
        raise ValueError(f"tensor {key!r} does not part {n_values} values into rows")
    return values


def digests(tensors: Tensors, key: str, n_rows: int) -> np.ndarray[Any, Any]:
    """Return the bytes under a key, 16 a row, uint8, shape (n_rows, 16)."""
    values = _tensor(tensors, key, "u", (n_rows, 16))
    if values.dtype != np.uint8:
        raise ValueError(f"tensor {key!r} is of {values.dtype}, not of bytes")
    return values


def _tensor(
    tensors: Tensors, key: str, kinds: str, shape: tuple[int | None, ...]
) -> np.ndarray[Any, Any]:
    if key not in tensors:
        raise ValueError(f"no tensor {key!r}")
    values = tensors[key]
    if values.dtype.kind not in kinds:
        raise ValueError(f"tensor {key!r} is of {values.dtype}")
    if values.ndim != len(shape) or any(
        expected not in (None, length) for expected, length in zip(shape, values.shape, strict=True)
    ):
        told = ", ".join("any" if one is None else str(one) for one in shape)
        raise ValueError(f"tensor {key!r} has the shape {values.shape}, not ({told})")
    return values


def _under(facts: Mapping[str, Any], key: str) -> Any:
    if key not in facts:
        raise ValueError(f"no {key!r}")
    return facts[key]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**63 if isinstance(value, int) else math.isfinite(value)


def _within(low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return ""
    return f" from {low} to {high}"
