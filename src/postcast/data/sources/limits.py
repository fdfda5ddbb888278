"""How much a source may unpack to, told before it is unpacked. Knows no format.

A few bytes can stand for gigabytes: a member of an archive, a page of a Parquet file. What comes
from somebody else is bounded, so that reading it cannot take a machine down.
"""

from __future__ import annotations

import os
import re

from postcast.errors import ReadError, SettingsError

VARIABLE = "POSTCAST_MAX_UNPACKED"
"""The environment variable that sets how many bytes a source may unpack to."""

MOST_UNPACKED = 2 << 30
"""Bytes, where the variable is not set."""

LARGEST_RATIO, SMALL = 200, 64 << 20
"""What unpacks to more than `SMALL` bytes is at most so many times as large as when packed."""

MOST_MEMBERS = 200_000
"""Files in an archive."""

MOST_COLUMNS = 10_000
"""Columns of a table, members of JSON records."""

_UNITS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_SIZE = re.compile(r"\s*([0-9]{1,15})\s*(?:([kmgt]?)i?b?)\s*", re.IGNORECASE)
_A_ROW, _A_CELL = 256, 64


def most_unpacked() -> int:
    """Return how many bytes a source may unpack to.

    Raises
    ------
    SettingsError
        If the variable holds no number of bytes.
    """
    told = os.environ.get(VARIABLE, "")
    if not told:
        return MOST_UNPACKED
    match = _SIZE.fullmatch(told)
    if match is None:
        raise SettingsError(f"{VARIABLE} is {told!r}", "a number of bytes, such as 8GiB")
    return int(match[1]) << _UNITS[match[2].lower()]


def check_unpacked(name: str, packed: int, unpacked: int, in_memory: int = 0) -> None:
    """Refuse what unpacks to too many bytes, or to far more than it is.

    Parameters
    ----------
    name : str
        For messages.
    packed, unpacked : int
        Bytes.
    in_memory : int
        What its cells take beside them, which counts where the two are compared.

    Raises
    ------
    ReadError
    """
    most = most_unpacked()
    if unpacked > most:
        raise ReadError(
            f"{name} unpacks to {unpacked:,} bytes",
            f"at most {most:,}",
            f"set {VARIABLE} (such as 8GiB) where you trust it",
        )
    whole = unpacked + in_memory
    if whole > max(SMALL, LARGEST_RATIO * packed) and not os.environ.get(VARIABLE):
        raise ReadError(
            f"{name} takes {whole:,} bytes unpacked, {whole // max(packed, 1):,} times its "
            f"{packed:,}",
            f"at most {LARGEST_RATIO} times",
            f"set {VARIABLE} (such as 8GiB) where you trust it",
        )


def largest_unpacked(packed: int) -> int:
    """Return how many bytes may be unpacked from so many before it is too much."""
    if os.environ.get(VARIABLE):
        return most_unpacked()
    return min(most_unpacked(), max(SMALL, LARGEST_RATIO * packed))


def check_columns(name: str, n_columns: int, kind: str = "columns") -> None:
    """Refuse a table of too many columns.

    Raises
    ------
    ReadError
    """
    if n_columns > MOST_COLUMNS:
        raise ReadError(
            f"{name} has {n_columns:,} {kind}", f"at most {MOST_COLUMNS:,}", "keep those of posts"
        )


def cells_in_memory(data: bytes) -> int:
    """Return about how many bytes the rows and cells of a CSV or JSON text take beside it."""
    return _A_ROW * (data.count(b"\n") + data.count(b"{")) + _A_CELL * data.count(b",")


def table_in_memory(n_rows: int) -> int:
    """Return about how many bytes the rows of a table take beside their cells."""
    return _A_ROW * n_rows
