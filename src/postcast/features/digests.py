"""SHA-256 of large files, remembered by inode, size and time of change. Knows no format."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from postcast.errors import OutputError
from postcast.files import write_text

TOO_YOUNG = 2.0
"""Seconds within which a file might change again without its time of change showing it."""

MOST_FILES = 200
"""With more, those that are gone are forgotten."""


class Digests:
    """Digests of files.

    Parameters
    ----------
    memory : Path or None
        The file in which they are remembered; None computes each anew.
    """

    def __init__(self, memory: Path | None) -> None:
        self.memory = memory

    def sha256_of(self, path: Path) -> str:
        """Return the SHA-256 of a file, in hexadecimal."""
        known = self._known()
        mark = _mark(path)
        found = known.get(str(path.absolute()))
        if found is not None and found[:-1] == mark:
            return str(found[-1])
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if self.memory is not None and time.time() - path.stat().st_mtime > TOO_YOUNG:
            known = known if len(known) < MOST_FILES else _still_there(known)
            known[str(path.absolute())] = [*mark, digest]
            with contextlib.suppress(OutputError):
                write_text(self.memory, json.dumps(known, indent=1) + "\n")
        return digest

    def _known(self) -> dict[str, list[Any]]:
        if self.memory is None:
            return {}
        try:
            known = json.loads(self.memory.read_text("utf-8"))
            return {path: list(row) for path, row in known.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}


def _mark(path: Path) -> list[int]:
    """Return what changes where a file does."""
    stat: os.stat_result = path.stat()
    return [stat.st_ino, stat.st_size, stat.st_mtime_ns]


def _still_there(known: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {path: row for path, row in known.items() if Path(path).exists()}
