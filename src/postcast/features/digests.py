"""SHA-256 of files, remembered by inode, size and time of change. Knows no format."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from postcast.errors import OutputError
from postcast.files import write_text

TOO_YOUNG = 2.0
"""Seconds within which a file might change again without its time of change showing it."""

MOST_FILES = 200
"""With more, those that are gone are forgotten; weights are few."""


class Digests:
    """Digests of files.

    Parameters
    ----------
    memory : Path or None
        The file in which they are remembered; None computes each anew.
    most : int
        With more, those that are gone are forgotten.
    """

    def __init__(self, memory: Path | None, most: int = MOST_FILES) -> None:
        self.memory = memory
        self.most = most

    def sha256_of(self, path: Path) -> str:
        """Return the SHA-256 of a file, in hexadecimal.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        [digest] = self.sha256_of_each([str(path)], _hashed)
        return str(digest)

    def sha256_of_each(
        self, paths: Sequence[str], read: Callable[[Sequence[str]], Sequence[str | None]]
    ) -> list[str | None]:
        """Return the SHA-256 of many files, in hexadecimal.

        Parameters
        ----------
        paths : sequence of str
        read : callable
            Computes those of files that may have changed; None for what cannot be read.
        """
        known = self._known()
        places = [str(Path(path).absolute()) for path in paths]
        marks = [_mark(path) for path in paths]
        found: list[str | None] = [
            str(known[place][-1]) if mark and known.get(place, [])[:-1] == mark else None
            for place, mark in zip(places, marks, strict=True)
        ]
        missing = [row for row, digest in enumerate(found) if digest is None]
        learned: dict[str, list[Any]] = {}
        for row, digest in zip(missing, read([paths[row] for row in missing]), strict=True):
            found[row], mark = digest, marks[row]
            if digest is not None and mark and mark == _mark(paths[row]) and _is_settled(mark):
                learned[places[row]] = [*mark, digest]
        self._remember(known, learned)
        return found

    def _remember(self, known: dict[str, list[Any]], learned: dict[str, list[Any]]) -> None:
        if self.memory is None or not learned:
            return
        if len(known) >= self.most:
            known = {path: row for path, row in known.items() if Path(path).exists()}
        with contextlib.suppress(OutputError):
            write_text(self.memory, json.dumps({**known, **learned}, indent=1) + "\n")

    def _known(self) -> dict[str, list[Any]]:
        if self.memory is None:
            return {}
        try:
            known = json.loads(self.memory.read_text("utf-8"))
            return {path: list(row) for path, row in known.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}


def _hashed(paths: Sequence[str]) -> list[str | None]:
    return [_sha256(Path(path)) for path in paths]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _mark(path: str) -> list[int]:
    """Return what changes where a file does; nothing for what is none."""
    try:
        stat: os.stat_result = Path(path).stat()
    except (OSError, ValueError):  # a path with a zero byte is a ValueError
        return []
    return [stat.st_ino, stat.st_size, stat.st_mtime_ns]


def _is_settled(mark: list[int]) -> bool:
    return time.time() - mark[-1] / 1e9 > TOO_YOUNG
