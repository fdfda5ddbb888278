"""Bytes → text: UTF-8, or UTF-16 with a byte order mark. Knows binary files by their marks."""

from __future__ import annotations

import codecs

from postcast.errors import ReadError

_BINARY_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (Excel workbooks are ZIP archives, too)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"PAR1", "a Parquet file"),
    *((bytes([0x80, protocol]), "a pickle, which is never unpickled") for protocol in range(2, 6)),
)
_ACTION = "save it as CSV, JSON Lines or Parquet"


def decode(data: bytes, name: str) -> str:
    """Return the text of a file, without its byte order mark.

    Parameters
    ----------
    data : bytes
    name : str
        The file's name, for messages.

    Raises
    ------
    ReadError
        If the file is binary, holds nothing but white space, or is in another encoding;
        the last names the position (0-based) and line of the first byte that does not fit.
    """
    for mark, kind in _BINARY_MARKS:
        if data.startswith(mark):
            raise ReadError(f"{name} is {kind}", "a table of posts", _ACTION)
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    if encoding == "utf-8" and b"\0" in data:
        raise ReadError(f"{name} is binary: byte {data.index(0)} is NUL", "text", _ACTION)
    try:
        text = data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ReadError(
            f"{name} is not {encoding.upper()}: byte 0x{data[error.start]:02x} "
            f"at position {error.start} (line {line})",
            "UTF-8, or UTF-16 with a byte order mark",
            "save it as UTF-8",
        ) from None
    if not text.strip():
        raise ReadError(f"{name} is empty", "a header and at least one post")
    return text
