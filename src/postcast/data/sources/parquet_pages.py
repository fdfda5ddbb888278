"""How much a Parquet file unpacks to, by its footer and by the headers of its pages.

Knows the file's layout (Apache Parquet, https://parquet.apache.org/docs/file-format/) and Thrift's
compact protocol, in which both are written; unpacks nothing. The footer alone could lie: a reader
allocates what a page's own header says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from postcast.data.sources.limits import MOST_COLUMNS
from postcast.errors import ReadError

MAGIC = b"PAR1"
MOST_VALUES = 10_000_000
"""Values that a footer and the pages' headers may hold, each a step of the interpreter."""

_DEEPEST = 32
_A_CELL = 16
_SCHEMA_NODES = 3
"""A column of lists stands in the schema as so many nodes."""


@dataclass(frozen=True)
class Unpacked:
    """How large a Parquet file is once it is read.

    Parameters
    ----------
    n_rows, n_columns : int
    n_bytes : int
        Of all pages unpacked, and of each value, one of a dictionary as often as it is named.
    """

    n_rows: int
    n_columns: int
    n_bytes: int


def unpacked(data: bytes, name: str) -> Unpacked:
    """Return how large a Parquet file is once it is read.

    Raises
    ------
    ReadError
        If it is damaged, or has too many columns or parts.
    """
    try:
        return _unpacked(data, name)
    except (IndexError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReadError(
            f"{name} is no Parquet file that can be read (its footer is damaged: {error})",
            action="write it again",
        ) from None


def _unpacked(data: bytes, name: str) -> Unpacked:
    n_footer = int.from_bytes(data[-8:-4], "little")
    if data[-4:] != MAGIC or not 0 < n_footer <= len(data) - 12:
        raise ValueError("no length")
    reader = _Compact(data, len(data) - 8 - n_footer, name)
    footer = reader.struct()
    leaves = [node for node in footer[2] if not node.get(5)]
    groups = footer.get(4, [])
    n_rows = max(footer[3], sum(group[3] for group in groups))
    n_bytes = n_values = 0
    for chunk in (chunk[3] for group in groups for chunk in group[1]):
        starts = [chunk[field] for field in (9, 11) if chunk.get(field)]
        reader.place = min(starts, default=len(data))
        end = min(reader.place + chunk[7], len(data))
        while 0 <= reader.place < end:
            page = reader.struct()
            content: Mapping[int, Any] = page.get(5) or page.get(8) or {}
            n_bytes += max(page[2], 0)
            n_values += max(content.get(1, 0), 0)
            reader.place += max(page[3], 0)
    n_cells = max(n_values, n_rows * len(leaves))
    return Unpacked(n_rows, len(leaves), n_bytes + _A_CELL * n_cells)


class _Compact:
    """Reads Thrift's compact protocol, each struct as a mapping of its fields' numbers."""

    def __init__(self, data: bytes, place: int, name: str) -> None:
        self.data = data
        self.place = place
        self.name = name
        self.n_values = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        found: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._integer()
            kind = head & 15
            found[field] = kind == 1 if kind in (1, 2) else self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        self.n_values += 1
        if self.n_values > MOST_VALUES or depth > _DEEPEST:
            raise ReadError(f"{self.name} has too many parts", action="write it again")
        if kind in (4, 5, 6):
            return self._integer()
        if kind == 8:
            return self._skip(self._varint())
        if kind in (9, 10):
            return self._list(depth + 1)
        if kind == 11:
            return self._map(depth + 1)
        if kind == 12:
            return self.struct(depth + 1)
        return self._skip({1: 1, 2: 1, 3: 1, 7: 8}[kind])

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size = self._varint() if head >> 4 == 15 else head >> 4
        if depth == 1 and size > _SCHEMA_NODES * MOST_COLUMNS and head & 15 == 12:
            self._refuse_columns(size)
        return [self._value(head & 15, depth) for _ in range(size)]

    def _refuse_columns(self, size: int) -> None:
        raise ReadError(
            f"{self.name} has {size:,} columns or row groups",
            f"at most {MOST_COLUMNS:,} columns",
            "keep those of posts",
        )

    def _map(self, depth: int) -> None:
        size = self._varint()
        kinds = self._byte() if size else 0
        for _ in range(size):
            self._value(kinds >> 4, depth)
            self._value(kinds & 15, depth)

    def _skip(self, size: int) -> None:
        if size > len(self.data) - self.place:
            raise ValueError("it ends within a value")
        self.place += size

    def _byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def _integer(self) -> int:
        """Return a number written zigzag, as 0, -1, 1, -2."""
        number = self._varint()
        return number >> 1 ^ -(number & 1)

    def _varint(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
            if shift > 63:
                raise ValueError("a number is too long")
