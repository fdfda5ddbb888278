"""Files that were compressed whole (gzip, xz, bzip2) → what they unpack to. Knows no format."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Any

from postcast.data.sources.limits import check_unpacked, largest_unpacked
from postcast.errors import ReadError

SUFFIXES = (".gz", ".xz", ".bz2")

_OPENERS: dict[bytes, Callable[[io.BytesIO], IO[bytes] | Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
}
_DAMAGE = (OSError, EOFError, lzma.LZMAError, zlib.error)


def is_compressed(data: bytes) -> bool:
    """Tell by its first bytes whether a file was compressed whole."""
    return data.startswith(tuple(_OPENERS))


def unpacked(data: bytes, name: str) -> bytes:
    """Return what a compressed file unpacks to.

    Parameters
    ----------
    data : bytes
    name : str
        For messages.

    Raises
    ------
    ReadError
        If it is damaged, or unpacks to more than is allowed.
    """
    opened = next(one for mark, one in _OPENERS.items() if data.startswith(mark))
    try:
        with opened(io.BytesIO(data)) as file:
            content: bytes = file.read(largest_unpacked(len(data)) + 1)
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise ReadError(f"{name} cannot be unpacked ({reason})", action="unpack it first") from None
    check_unpacked(name, len(data), len(content))
    if is_compressed(content):
        raise ReadError(f"{name} is compressed twice", action="unpack it first")
    return content


def inner_name(name: str) -> str:
    """Return the name of what is in a compressed file."""
    return name.removesuffix(next((one for one in SUFFIXES if name.lower().endswith(one)), ""))
