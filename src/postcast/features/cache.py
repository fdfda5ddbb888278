"""The cache folder as a whole: what is kept in it, how much, and since when.

Knows no model: whoever keeps a thing names its folder after everything that shapes it. A model's
folder lists its files with their hashes; one that is damaged is removed and made again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postcast.errors import OutputError
from postcast.features.digests import Digests, digest_now
from postcast.features.embeddings import SEGMENTS, Embeddings
from postcast.files import explaining_os_errors, write_text

log = logging.getLogger(__name__)

EMBEDDINGS, GRAPHS, COMPILED, LANGUAGE = "embeddings", "graphs", "compiled", "language"
MODELS = (GRAPHS, COMPILED, LANGUAGE)
ABOUT, DIGESTS, LIMIT = "about.json", "digests.json", "limit.json"
IMAGE_DIGESTS, MOST_IMAGES = "image-files.json", 200_000

FILES = "files"
"""The key of a model's `ABOUT` under which its files' hashes stand; see `_list_files`."""

USUAL_LIMIT = 10 * 1024**3
"""Bytes that a cache may hold where nobody said otherwise."""

ABANDONED = 24 * 3600.0
"""Seconds after which nobody is at work any more on what is half made."""

ROOM = 0.9
"""The share of the limit to which a cache is cut that has outgrown it."""


def default_folder() -> Path:
    """Return ``$POSTCAST_CACHE``, else ``postcast`` in the user's cache folder."""
    if named := os.environ.get("POSTCAST_CACHE"):
        return Path(named).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "postcast"


@dataclass(frozen=True)
class Kept:
    """One encoder's embeddings, its graph, that compiled, or the model that tells languages.

    Parameters
    ----------
    kind : {"embeddings", "graphs", "compiled", "language"}
    folder : Path
    about : mapping
        What was written down of it.
    n_bytes : int
    used : float
        When it was last asked for, in seconds since 1970.
    n_vectors : int or None
        How many texts' vectors these are; None for what is none.
    """

    kind: str
    folder: Path
    about: Mapping[str, Any]
    n_bytes: int
    used: float
    n_vectors: int | None = None


class Cache:
    """A cache folder.

    Parameters
    ----------
    root : Path
        Made when the first thing is kept.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.digests = Digests(root / DIGESTS)
        self.image_digests = Digests(root / IMAGE_DIGESTS, MOST_IMAGES)

    def embeddings(self, key: str, about: Mapping[str, Any]) -> Embeddings:
        """Return the embeddings kept under a key.

        Parameters
        ----------
        key : str
            Of everything that shapes a vector, but for its text.
        about : mapping
            What people are told of it; ``width`` is the number of columns.
        """
        folder = self.root / EMBEDDINGS / key
        if _about(folder) is None:
            with contextlib.suppress(OutputError):
                _clear_way(self.root / EMBEDDINGS, folder, folder / ABOUT)
                _tell(folder, about)
        return Embeddings(folder, int(about["width"]))

    def made(
        self,
        kind: str,
        key: str,
        about: Mapping[str, Any],
        make: Callable[[Path], None],
        *,
        trust_times: bool = False,
    ) -> Path:
        """Return the folder of a graph or a model, made when it is first asked for or damaged.

        Parameters
        ----------
        kind : str
            Of `MODELS`.
        key : str
            Of everything that shapes it.
        about : mapping
            What people are told of it.
        make : callable
            Fills an empty folder.
        trust_times : bool
            Whether files of the size and time of change that they were made with are taken to
            be whole, unread. For what is large, and decides on no forecast.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        folder = self.root / kind / key
        if _is_whole(folder, trust_times=trust_times):
            with contextlib.suppress(OSError):
                os.utime(folder / ABOUT)
            return folder
        if folder.exists():
            log.info("%s in the cache is damaged, and is made again.", folder)
            self.forget(kind, key)
        _clear_way(self.root / kind)
        temporary = folder.with_name(f".{key}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        with explaining_os_errors(folder):
            try:
                temporary.mkdir(parents=True)
                make(temporary)
                _tell(temporary, {**about, FILES: _list_files(temporary)})
                try:
                    temporary.rename(folder)
                except OSError:  # unless another process was as far a moment ago
                    if not _is_whole(folder, trust_times=trust_times):
                        raise
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        self.trim()
        return folder

    def holds(self, kind: str, key: str) -> bool:
        """Return whether a graph or a model is kept, whole."""
        return _is_whole(self.root / kind / key, trust_times=False)

    def forget(self, kind: str, key: str) -> None:
        """Remove what cannot be used, so that it is made anew."""
        _remove(self.root / kind / key)

    def kept(self) -> list[Kept]:
        """Return what the cache holds, last used first."""
        found = [
            _kept(kind, folder)
            for kind in (EMBEDDINGS, *MODELS)
            for folder in self.root.glob(f"{kind}/[!.]*")
            if folder.is_dir() and (kind != EMBEDDINGS or any(folder.glob(SEGMENTS)))
        ]
        return sorted(found, key=lambda one: -one.used)

    @property
    def n_bytes(self) -> int:
        """How many bytes the cache holds."""
        return sum(_n_bytes(self.root / kind) for kind in (EMBEDDINGS, *MODELS))

    def n_bytes_of_graphs(self, encoder: str) -> int:
        """Return how many bytes an encoder's graphs take; their names begin with its key."""
        return sum(map(_n_bytes, self.root.glob(f"{GRAPHS}/{encoder}-*")))

    @property
    def limit(self) -> int:
        """How many bytes the cache may hold."""
        try:
            n_bytes = int(json.loads((self.root / LIMIT).read_text("utf-8"))["bytes"])
            return n_bytes if n_bytes >= 0 else USUAL_LIMIT
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return USUAL_LIMIT

    def bound(self, n_bytes: int) -> None:
        """Set the limit, now and for later, and remove what exceeds it."""
        _clear_way(self.root / LIMIT)
        write_text(self.root / LIMIT, json.dumps({"bytes": n_bytes}) + "\n")
        self.trim()

    def trim(self) -> None:
        """Remove what killed processes left, and what was used longest ago beyond the limit."""
        for half in (*self.root.glob("*/.*.tmp"), *self.root.glob("*/*/.*.tmp")):
            with contextlib.suppress(OSError):
                if time.time() - half.stat().st_mtime > ABANDONED:
                    _remove(half)
        excess = self.n_bytes - self.limit
        if excess <= 0:
            return
        excess += int((1 - ROOM) * self.limit)
        for path in sorted(self._removable(), key=lambda one: one[1]):
            if excess <= 0:
                return
            excess -= _n_bytes(path[0])
            _remove(path[0])

    def _removable(self) -> list[tuple[Path, float]]:
        """Return segments and models with the time of their last use."""
        segments = list(self.root.glob(f"{EMBEDDINGS}/*/{SEGMENTS}"))
        models = [m for kind in MODELS for m in self.root.glob(f"{kind}/[!.]*")]
        found = []
        for path, clock in [*((s, s) for s in segments), *((m, m / ABOUT) for m in models)]:
            with contextlib.suppress(OSError):
                found.append((path, clock.stat().st_mtime))
        return found

    def clear(self) -> None:
        """Remove everything that is kept, but for the limit.

        Raises
        ------
        OutputError
            If something cannot be removed.
        """
        with explaining_os_errors(self.root):
            for kind in (EMBEDDINGS, *MODELS):
                if (self.root / kind).is_dir():
                    shutil.rmtree(self.root / kind)
            for name in (DIGESTS, IMAGE_DIGESTS):
                _remove(self.root / name)


def _is_whole(folder: Path, *, trust_times: bool) -> bool:
    """Return whether a model's folder holds the files that it lists, and those with their hash."""
    about = _about(folder)
    if about is None:
        return False
    try:
        for name, (n_bytes, changed, digest) in about[FILES].items():
            stat = (folder / name).stat()
            if stat.st_size != n_bytes:
                return False
            if trust_times and stat.st_mtime_ns == changed:
                continue
            if digest_now(folder / name) != digest:
                return False
    except (OSError, KeyError, ValueError, TypeError, AttributeError):
        return False
    return True


def _list_files(folder: Path) -> dict[str, list[Any]]:
    """Return the size, time of change in nanoseconds and SHA-256 of each file in a folder."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            stat = path.stat()
            name = path.relative_to(folder).as_posix()
            files[name] = [stat.st_size, stat.st_mtime_ns, digest_now(path)]
    return files


def _about(folder: Path) -> dict[str, Any] | None:
    """Return what was written down of a folder; None where that cannot be read."""
    try:
        return dict(json.loads((folder / ABOUT).read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _clear_way(*paths: Path) -> None:
    """Remove files where folders belong, and folders where `ABOUT` and `LIMIT` do."""
    for path in paths:
        if path.is_dir() == (path.name in (ABOUT, LIMIT)):
            _remove(path)


def _tell(folder: Path, about: Mapping[str, Any]) -> None:
    write_text(folder / ABOUT, json.dumps(dict(about), indent=1, ensure_ascii=False) + "\n")


def _kept(kind: str, folder: Path) -> Kept:
    about = _about(folder) or {}
    about.pop(FILES, None)
    used = 0.0
    for path in (*folder.glob(SEGMENTS), folder / ABOUT):
        with contextlib.suppress(OSError):
            used = max(used, path.stat().st_mtime)
    n_vectors = None
    if kind == EMBEDDINGS and isinstance(width := about.get("width"), int):
        n_vectors = Embeddings(folder, width).count()
    return Kept(kind, folder, about, _n_bytes(folder), used, n_vectors)


def _n_bytes(path: Path) -> int:
    total = 0
    for one in [path] if path.is_file() else path.rglob("*"):
        with contextlib.suppress(OSError):
            total += one.stat().st_size if one.is_file() else 0
    return total


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
