"""Bytes → text: UTF-8, UTF-16 with a byte order mark, else as `encodings` finds.

Knows binary files by their marks.
"""

from __future__ import annotations

import codecs

from postcast.data.sources.encodings import Decoded, decoded
from postcast.errors import ReadError

_BINARY_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (Excel workbooks are ZIP archives, too)"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"PAR1", "a Parquet file"),
    *((bytes([0x80, protocol]), "a pickle, which is never unpickled") for protocol in range(2, 6)),
)
_ACTION = "save it as CSV, JSON Lines or Parquet"


def decode(data: bytes, name: str) -> Decoded:
    """Return the text of a file, without its byte order mark, and how it was read if not as UTF-8.

    Parameters
    ----------
    data : bytes
    name : str
        The file's name, for messages.

    Raises
    ------
    ReadError
        If the file is binary, holds nothing but white space, or is broken UTF-16.
    """
    for mark, kind in _BINARY_MARKS:
        if data.startswith(mark):
            raise ReadError(f"{name} is {kind}", "a table of posts", _ACTION)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = Decoded(_utf_16(data, name))
    elif b"\0" in data:
        raise ReadError(f"{name} is binary: byte {data.index(0)} is NUL", "text", _ACTION)
    else:
        text = _utf_8(data)
    if not text.text.strip():
        raise ReadError(f"{name} is empty", "a header and at least one post")
    return text


def _utf_8(data: bytes) -> Decoded:
    try:
        return Decoded(data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError:
        return decoded(data.removeprefix(codecs.BOM_UTF8))


def _utf_16(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise ReadError(
            f"{name} is not UTF-16: byte 0x{data[error.start]:02x} at position {error.start}",
            "UTF-8, or UTF-16 with a byte order mark",
            "save it as UTF-8",
        ) from None
