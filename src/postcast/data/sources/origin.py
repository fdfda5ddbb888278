"""A path, or ``-`` for standard input → bytes. Knows no format."""

from __future__ import annotations

import sys
from pathlib import Path

from postcast.errors import ReadError


def bytes_of(source: str | Path) -> bytes:
    """Return the whole of a file, or of standard input.

    Raises
    ------
    ReadError
        If it is missing, a folder, closed, or cannot be read.
    """
    if str(source) == "-":
        if sys.stdin is None or sys.stdin.closed:
            raise ReadError("standard input is closed", "posts on it", "give a file")
        return sys.stdin.buffer.read()
    path = Path(source)
    if path.is_dir():
        raise ReadError(f"{path} is a folder", "a file of posts")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ReadError(f"no file {path}", "a file of posts", "check the path") from None
    except OSError as error:
        raise ReadError(f"{path} cannot be read ({error.strerror})", "a file of posts") from None


def folder_of(source: object) -> Path | None:
    """Return the folder of a file; None for what is none, which starts at the working one."""
    if isinstance(source, (str, Path)) and str(source) != "-":
        return Path(source).parent
    return None
