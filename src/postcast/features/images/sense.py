"""Paths of images → feature blocks with a mask, and why an image is not among them.

Knows no post; nothing is decoded or embedded twice, and no image ends the work.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.errors import OutputError
from postcast.features.images import visual
from postcast.features.images.decode import ADDRESS, Picture, Reason
from postcast.features.images.files import digest_of, picture_of, workers
from postcast.progress import progress
from postcast.schema import Block, Parts

if TYPE_CHECKING:
    from postcast.features.cache import Cache
    from postcast.features.images.encoder import ImageEncoder
    from postcast.features.images.vision import VisionFacts
    from postcast.schema import FloatArray

log = logging.getLogger(__name__)

IMAGE, VISUAL, MASK = "image", "visual", "has image"

AT_ONCE = 64
"""Images whose pixels are held in memory together."""

SECONDS_BETWEEN_SEGMENTS = 5.0


@dataclass(frozen=True)
class Seen:
    """What was seen of some posts' images.

    Parameters
    ----------
    blocks : mapping of str to Block
        ``image`` (a vector of the encoder, where there is one), ``visual`` (plain features) and
        ``has image`` (1, or 0 where the rows of the others are zeros that mean nothing).
    reasons : tuple of Reason or None
        Why a post's image is not among them; None where it is.
    """

    blocks: Mapping[str, Block]
    reasons: tuple[Reason | None, ...]

    def take(self, rows: Sequence[int]) -> Seen:
        """Return what was seen of some of the posts, in the order given."""
        blocks = {name: Block(one.matrix[rows], one.columns) for name, one in self.blocks.items()}
        return Seen(blocks, tuple(self.reasons[row] for row in rows))


@dataclass
class ImageSense:
    """What turns paths of images into features.

    Parameters
    ----------
    facts : VisionFacts or None
        Of the encoder; None for plain features alone.
    encoder : ImageEncoder or None
        None where there is to be none, or this machine lacks it: all images then count as
        not seen.
    precision : {"exact", "fast", "fastest"}
    cache : Cache or None
        Keeps vectors and plain features by the hash of an image's bytes.
    is_blind : bool
        True where images cannot be read here as they were in the training.
    """

    facts: VisionFacts | None
    encoder: ImageEncoder | None
    precision: str = "exact"
    cache: Cache | None = None
    is_blind: bool = False
    _known: dict[str, tuple[Any, Reason | int]] = field(default_factory=dict, repr=False)
    _rows: FloatArray = field(default_factory=lambda: np.zeros((0, 0), np.float32), repr=False)

    @property
    def name(self) -> str:
        """What people call it."""
        return "plain" if self.facts is None else self.facts.name

    @property
    def width(self) -> int:
        """The number of columns of an encoder's vector; 0 without one."""
        return 0 if self.facts is None else self.facts.width

    @property
    def _n_columns(self) -> int:
        return self.width + len(visual.COLUMNS)

    def state(self) -> Parts:
        """Return which encoder it is by name and hash: its weights stay where they are."""
        encoder = None if self.facts is None else self.facts.to_dict()
        facts = {"kind": "images", "encoder": encoder, "precision": self.precision}
        if self.encoder is not None:
            facts["arithmetic"] = self.encoder.arithmetic
        return Parts(facts=facts)

    def look(self, paths: Sequence[str | None]) -> Seen:
        """Return what the images of some posts look like.

        Parameters
        ----------
        paths : sequence of str or None, length n_posts
            Absolute, or from the working directory; None for a post without an image, a
            `Reason` for one whose image may not be read.
        """
        if self.is_blind:
            reasons = [_refused(path) or Reason.UNSEEN for path in paths]
            return self._seen(reasons, np.zeros((0, self._n_columns), np.float32))
        marks = {path: _mark(path) for path in dict.fromkeys(paths) if path and not _refused(path)}
        if any(path not in self._known or self._known[path][0] != marks[path] for path in marks):
            found, rows = self._found(list(marks))
            self._known = {path: (marks[path], found[path]) for path in marks}
            self._rows = rows
        places = [_refused(path) or self._known[path or ""][1] for path in paths]
        return self._seen(places, self._rows.reshape(-1, self._n_columns))

    def see(self, pictures: Sequence[Picture]) -> Seen:
        """Return what some pictures look like; nothing of it is kept."""
        rows = [self._features(picture) for picture in pictures]
        matrix = np.array(rows, dtype=np.float32).reshape(-1, self._n_columns)
        return self._seen(range(len(pictures)), matrix)

    def _seen(self, places: Sequence[Reason | int], rows: FloatArray) -> Seen:
        """Return blocks of the rows at some places, zeros where there is a reason instead."""
        has = np.array([not isinstance(place, Reason) for place in places], dtype=bool)
        matrix = np.zeros((len(places), rows.shape[1]), dtype=np.float32)
        matrix[has] = rows[[place for place in places if not isinstance(place, Reason)]]
        blocks = {
            VISUAL: Block(matrix[:, self.width :], visual.COLUMNS),
            MASK: Block(has.astype(np.float32)[:, None], (MASK,)),
        }
        if self.width:
            blocks = {IMAGE: Block(matrix[:, : self.width]), **blocks}
        reasons = tuple(place if isinstance(place, Reason) else None for place in places)
        return Seen(blocks, reasons)

    def _found(self, paths: list[str]) -> tuple[dict[str, Reason | int], FloatArray]:
        """Return each path's row, or why there is none; and the rows, (n_images, d)."""
        with workers() as work:
            digests = dict(zip(paths, work(digest_of, paths), strict=True))
            distinct = {d: path for path, d in digests.items() if not isinstance(d, Reason)}
            names = list(distinct)
            rows, known = self._kept(names)
            broken: dict[str, Reason] = {}
            missing = np.flatnonzero(~known)
            since, unkept = time.monotonic(), []
            with progress(len(missing), "looking at images", "image") as advance:
                for start in range(0, len(missing), AT_ONCE):
                    some = missing[start : start + AT_ONCE]
                    pictures = work(picture_of, [distinct[names[row]] for row in some])
                    for row, picture in zip(some, pictures, strict=True):
                        if isinstance(picture, Reason):
                            broken[names[row]] = picture
                        else:
                            rows[row] = self._features(picture)
                            unkept.append(row)
                    advance(len(some))
                    if time.monotonic() - since > SECONDS_BETWEEN_SEGMENTS:
                        self._keep(names, unkept, rows)
                        since, unkept = time.monotonic(), []
            self._keep(names, unkept, rows)
        row_of: dict[str, Reason | int] = {name: row for row, name in enumerate(names)}
        row_of |= broken
        return {p: d if isinstance(d, Reason) else row_of[d] for p, d in digests.items()}, rows

    def _features(self, picture: Picture) -> FloatArray:
        """Return the encoder's vector and the plain features of one image, shape (d,)."""
        plain = visual.visual(picture)
        if self.encoder is None:
            return plain
        prepared = self.encoder.facts.preparation.prepare(picture.pixels)
        return np.concatenate([self.encoder.graph.answer(prepared), plain])

    def _stores(self) -> list[tuple[Any, slice]]:
        """Return where vectors and plain features are kept, and which columns they are."""
        if self.cache is None:
            return []
        n_plain = len(visual.COLUMNS)
        about = {"encoder": "plain features of images", "width": n_plain}
        plain = self.cache.embeddings(f"visual-{visual.VERSION}", about)
        stores = [(plain, slice(self.width, self.width + n_plain))]
        if self.encoder is not None:
            about = {
                "encoder": self.name,
                "precision": self.encoder.arithmetic,
                "width": self.width,
            }
            stores.append((self.cache.embeddings(self.encoder.key, about), slice(0, self.width)))
        return stores

    def _kept(self, names: list[str]) -> tuple[FloatArray, Any]:
        rows = np.zeros((len(names), self._n_columns), dtype=np.float32)
        known = np.full(len(names), self.cache is not None)
        for store, columns in self._stores():
            rows[:, columns], found = store.find(names)
            known &= found
        return rows, known

    def _keep(self, names: list[str], some: list[int], rows: FloatArray) -> None:
        if self.cache is None or not some:
            return
        try:
            for store, columns in self._stores():
                store.keep([names[row] for row in some], rows[some, columns])
            self.cache.trim()
        except OutputError as error:
            log.warning("features of images are not kept for the next run: %s", error)
            self.cache = None


def _refused(path: str | None) -> Reason | None:
    """Return why there is nothing to look for; None for a path."""
    return path if isinstance(path, Reason) else None if path else Reason.NONE


def _mark(path: str) -> Any:
    """Return what changes where a file does; None for what is none."""
    if ADDRESS.match(path):
        return None
    try:
        stat: os.stat_result = Path(path).stat()
    except (OSError, ValueError):
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
