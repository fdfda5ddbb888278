"""Which paths of images lie in the folder from which they are read. Opens no file."""

from __future__ import annotations

import os
from pathlib import Path

from postcast.features.images.reasons import Reason


class Inside:
    """A folder outside of which no image is read.

    A posts file may come from anybody, and the paths in it are its author's. Whatever an image
    leaves behind, if no more than a hash, must not tell of files elsewhere.

    Parameters
    ----------
    root : Path
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real_root = os.path.realpath(root)
        self._is_inside: dict[str, bool] = {}

    def place(self, path: str) -> str:
        """Return a path from the working directory, or `Reason.OUTSIDE` where it leads out.

        Parameters
        ----------
        path : str
            Absolute, or from the folder.
        """
        placed = str(self._root / path)
        try:
            return placed if self._holds(placed) else Reason.OUTSIDE
        except (OSError, ValueError):  # too long, or with a zero byte: nothing is there
            return placed

    def _holds(self, placed: str) -> bool:
        folder, name = os.path.split(placed)
        if name in ("", os.curdir, os.pardir) or Path(placed).is_symlink():
            return self._contains(os.path.realpath(placed))
        if folder not in self._is_inside:
            self._is_inside[folder] = self._contains(os.path.realpath(folder))
        return self._is_inside[folder]

    def _contains(self, real: str) -> bool:
        return Path(real).is_relative_to(self._real_root)
