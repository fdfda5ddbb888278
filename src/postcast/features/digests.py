"""SHA-256 of files. Knows no format.

A remembered digest, by inode, size and time of change, tells which file is meant and so under
what name things made of it are kept. It does not show that the file is whole: damage leaves all
three as they are. What is about to be used is hashed, by `digest_now`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
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

BYTES_AT_ONCE = 16 * 2**20
"""Hashed without a pause, so that a thread that hashes seldom waits for the interpreter."""

_computed: dict[str, tuple[list[int], str]] = {}
"""What `digest_now` computed in this process, by path: the file's mark and its digest."""


def digest_now(path: Path) -> str:
    """Return the SHA-256 of a file as it is now, in hexadecimal, whatever is remembered of it.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    mark, digest = _mark(str(path)), _sha256(path)
    if mark and mark == _mark(str(path)):
        _computed[str(path.absolute())] = mark, digest
    return digest


def digest_of_this_process(path: Path) -> str:
    """Return the SHA-256 of a file, which `digest_now` may have computed a moment ago.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    mark, digest = _computed.get(str(path.absolute()), ([], ""))
    return digest if mark and mark == _mark(str(path)) else digest_now(path)


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

    def forget(self, paths: Sequence[Path]) -> None:
        """Forget some digests, which turned out not to be those of their files."""
        known = self._known()
        for path in paths:
            known.pop(str(path.absolute()), None)
        self._write(known)

    def _remember(self, known: dict[str, list[Any]], learned: dict[str, list[Any]]) -> None:
        if self.memory is None or not learned:
            return
        if len(known) >= self.most:
            known = {path: row for path, row in known.items() if Path(path).exists()}
        self._write({**known, **learned})

    def _write(self, known: dict[str, list[Any]]) -> None:
        if self.memory is None:
            return
        with contextlib.suppress(OutputError):
            if self.memory.is_dir():
                shutil.rmtree(self.memory, ignore_errors=True)
            told = {"sha256": _sha256_of_rows(known), "files": known}
            write_text(self.memory, json.dumps(told, indent=1) + "\n")

    def _known(self) -> dict[str, list[Any]]:
        """Return what is remembered, by path; nothing where the memory is damaged."""
        if self.memory is None:
            return {}
        try:
            told = json.loads(self.memory.read_text("utf-8"))
            known = {path: list(row) for path, row in told["files"].items()}
            return known if told["sha256"] == _sha256_of_rows(known) else {}
        except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return {}


def _sha256_of_rows(known: dict[str, list[Any]]) -> str:
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()


def _hashed(paths: Sequence[str]) -> list[str | None]:
    return [_sha256(Path(path)) for path in paths]


def _sha256(path: Path) -> str:
    digest, buffer = (
        hashlib.sha256(),
        memoryview(bytearray(min(path.stat().st_size + 1, BYTES_AT_ONCE))),
    )
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            digest.update(buffer[:size])
    return digest.hexdigest()


def _mark(path: str) -> list[int]:
    """Return what changes where a file does; nothing for what is none."""
    try:
        stat: os.stat_result = Path(path).stat()
    except (OSError, ValueError):  # a path with a zero byte is a ValueError
        return []
    return [stat.st_ino, stat.st_size, stat.st_mtime_ns]


def _is_settled(mark: list[int]) -> bool:
    return time.time() - mark[-1] / 1e9 > TOO_YOUNG
