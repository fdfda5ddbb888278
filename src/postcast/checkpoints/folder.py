"""Checkpoints on disk: one file for each fit, whole or not at all, of one training alone.

Knows when it is time to write one, and not what is in it. `postcast.models.checkpoint` tells what
a fit may ask of it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postcast.checkpoints.file import UNREADABLE, owner_of, packed, unpacked
from postcast.errors import PostcastError
from postcast.files import write_bytes

if TYPE_CHECKING:
    from postcast.checkpoints.request import SaveRequest
    from postcast.schema import Parts

log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds that lie between two checkpoints, unless one is asked for."""

SHARE = 0.01
"""Of the time, at most, that writing them may take."""

WORTH_KEEPING = 1.0
"""Seconds that a fit must have taken for its result to be kept."""

END = ".safetensors"


class Checkpoints:
    """A folder of checkpoints, all of one training.

    Parameters
    ----------
    folder : Path
        Made with the first checkpoint. What another training left there is removed.
    shaping : mapping
        JSON values of all that shapes the training.
    request : SaveRequest
        Asks for a checkpoint before it is time for one.
    """

    def __init__(self, folder: Path, shaping: Mapping[str, Any], request: SaveRequest) -> None:
        self.folder = folder
        self.owner = hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()
        self._request = request
        self._last = time.perf_counter()
        self._cost = 0.0
        self._has_warned = False
        self._clear()

    @property
    def root(self) -> Place:
        """The place of the whole training, within which its fits have theirs."""
        return Place(self, self.folder, time.perf_counter())

    def is_due(self) -> bool:
        """Return whether a checkpoint is asked for, or enough time has passed for another."""
        waited = time.perf_counter() - self._last
        return self._request.is_open or waited >= max(EVERY, self._cost / SHARE)

    def save(self, path: Path, parts: Callable[[], Parts]) -> bool:
        """Write a checkpoint; where that is impossible, warn once, and try again when it is time.

        Parameters
        ----------
        path : Path
        parts : callable
            Makes what is to be kept.

        Returns
        -------
        bool
            Whether it was written.
        """
        start, was_asked = time.perf_counter(), self._request.is_open
        self._request.is_open = False
        made = parts()
        try:
            write_bytes(path, packed(made, self.owner))
        except PostcastError as error:
            if was_asked or not self._has_warned:
                log.warning("a checkpoint is missing, and the training goes on: %s", error)
            self._has_warned = True
            return False
        finally:
            self._last = time.perf_counter()
            self._cost = self._last - start
        if was_asked:
            log.info("asked to save: wrote %s (%s); the training goes on", path, _reached(made))
        return True

    def load(self, path: Path) -> Parts | None:
        """Read a checkpoint; None where there is none of this training, or a broken one."""
        if not path.is_file():
            return None
        try:
            owner, parts = unpacked(path)
        except UNREADABLE as error:
            log.warning("%s is broken (%s): that fit starts anew", path, error)
            return None
        if owner != self.owner:
            return None
        log.info("going on from %s: %s", path, _reached(parts))
        return parts

    def _clear(self) -> None:
        """Remove halves, and what is of other settings, posts or versions."""
        for half in self.folder.rglob("*.tmp"):
            half.unlink(missing_ok=True)
        if any(owner_of(one) not in {None, self.owner} for one in self.folder.rglob(f"*{END}")):
            log.info("%s is of other settings, posts or versions: removed", self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True)
class Place:
    """Where one fit is kept; see `postcast.models.checkpoint.Checkpoint`.

    Parameters
    ----------
    checkpoints : Checkpoints
    path : Path
        Without its ending; a folder of this name holds the parts of the fit.
    since : float
        When the fit began, by ``time.perf_counter``.
    """

    checkpoints: Checkpoints
    path: Path
    since: float

    @property
    def file(self) -> Path:
        """Where it is written."""
        return self.path.with_name(self.path.name + END)

    def within(self, name: str) -> Place:
        """Return the place of a part of this fit."""
        return Place(self.checkpoints, self.path / name, time.perf_counter())

    def load(self) -> Parts | None:
        """Return what is kept here, if anything."""
        return self.checkpoints.load(self.file)

    def offer(self, parts: Callable[[], Parts]) -> None:
        """Keep parts if a checkpoint is due."""
        if self.checkpoints.is_due():
            self.checkpoints.save(self.file, parts)

    def finish(self, parts: Parts) -> None:
        """Keep what is done, if it took long enough to be worth it, in place of its parts."""
        took = time.perf_counter() - self.since
        is_worth_it = took >= WORTH_KEEPING or self.checkpoints.is_due()
        if is_worth_it and self.checkpoints.save(self.file, lambda: parts):
            shutil.rmtree(self.path, ignore_errors=True)


def _reached(parts: Parts) -> str:
    """Return how far a fit came, in words."""
    return str(parts.facts.get("reached", "finished"))
