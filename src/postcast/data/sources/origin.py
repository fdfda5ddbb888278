"""A path, ``-`` for standard input, or a Kaggle handle → files. Knows no format."""

from __future__ import annotations

import sys
from pathlib import Path

from postcast.data.sources.files import Files, printable
from postcast.data.sources.kaggle import PREFIX, downloaded
from postcast.errors import ReadError


def files_of(source: str | Path) -> Files:
    """Return the files that a source names: one, or those of a folder or archive.

    Raises
    ------
    ReadError
        If it is missing or cannot be read.
    MissingExtraError
        If a Kaggle handle needs a package that is not installed.
    """
    if str(source).startswith(PREFIX):
        return Files.of_folder(downloaded(str(source)), str(source))
    path = Path(source)
    if str(source) != "-" and path.is_dir():
        return Files.of_folder(path)
    name = "standard input" if str(source) == "-" else printable(path.name)
    return Files.of_bytes(bytes_of(source), name, None if str(source) == "-" else path.parent)


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
        raise ReadError(f"{printable(str(path))} is a folder", "a file of posts")
    try:
        return path.read_bytes()
    except (FileNotFoundError, ValueError):  # a name with a zero byte is a ValueError
        name = printable(str(path))
        raise ReadError(f"no file {name}", "a file of posts", "check the path") from None
    except OSError as error:
        raise ReadError(
            f"{printable(str(path))} cannot be read ({error.strerror})", "a file of posts"
        ) from None


def image_root_of(source: object) -> Path | None:
    """Return the folder from which images are read; None for what Python hands over, and any.

    The paths in a frame or a list are the program's own; those in a file are its author's.
    """
    if hasattr(source, "read"):
        return Path()
    return (folder_of(source) or Path()) if isinstance(source, (str, Path)) else None


def folder_of(source: object) -> Path | None:
    """Return the folder of a file, a folder itself; None for what starts at the working one."""
    if not isinstance(source, (str, Path)) or str(source) == "-":
        return None
    if str(source).startswith(PREFIX):
        return downloaded(str(source))
    path = Path(source)
    return path if path.is_dir() else path.parent
