"""Embeddings on disk, found again by the hash of their text. Knows no model.

Segments are written whole under names of their own, so that two processes never meet, and read
through a memory map, so that only the rows that are asked for are read. Each row has a checksum;
a segment with a damaged one is removed, and its vectors are made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
import os
import secrets
import shutil
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from postcast.files import replacing
from postcast.validation import header_size, tensor_layout

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray, IntArray

log = logging.getLogger(__name__)

KEY = np.dtype([("first", "<u8"), ("second", "<u8")])
"""128 bits of a text's hash."""

SEGMENTS = "*.safetensors"

MOST_SEGMENTS = 32
"""With more, they are joined into one."""


def text_keys(texts: Sequence[str]) -> np.ndarray:
    """Return the 128-bit key of each text, shape (n_texts,), dtype `KEY`."""
    digests = b"".join(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        for text in texts
    )
    return np.frombuffer(digests, dtype=KEY)


class Embeddings:
    """The vectors of one encoder, pooling and precision.

    Parameters
    ----------
    folder : Path
        Made when the first vectors are kept.
    width : int
        The number of columns of a vector.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self.folder = folder
        self.width = width

    def find(self, texts: Sequence[str]) -> tuple[FloatArray, BoolArray]:
        """Return the vectors that are kept and which those are.

        Returns
        -------
        vectors : ndarray of float32, shape (n_texts, width)
            Zeros where not found.
        found : ndarray of bool, shape (n_texts,)
        """
        wanted = text_keys(texts)
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        found = np.zeros(len(texts), dtype=bool)
        for segment in sorted(self.folder.glob(SEGMENTS)):
            missing = np.flatnonzero(~found)
            if not len(missing):
                break
            opened = self._open(segment)
            if opened is None:
                continue
            keys, kept, sums = opened
            places = np.searchsorted(keys["first"], wanted["first"][missing])
            rows = np.minimum(places, len(keys) - 1)
            same = keys[rows] == wanted[missing] if len(keys) else np.zeros(len(missing), bool)
            rows = rows[same]
            if not len(rows):
                continue
            read = kept[rows]
            if (_checksums(keys[rows], read) != sums[rows]).any():
                _drop(segment)
                continue
            vectors[missing[same]] = read
            found[missing[same]] = True
            with contextlib.suppress(OSError):
                os.utime(segment)
        return vectors, found

    def keep(self, texts: Sequence[str], vectors: FloatArray) -> None:
        """Keep the vectors of distinct texts, shape (n_texts, width).

        Raises
        ------
        OutputError
            If they cannot be written.
        """
        self._write(text_keys(texts), vectors)
        segments = sorted(self.folder.glob(SEGMENTS))
        if len(segments) > MOST_SEGMENTS:
            parts = [part for segment in segments if (part := self._whole(segment)) is not None]
            if not parts:  # another process joined them a moment ago
                return
            keys, rows = np.unique(np.concatenate([part[0] for part in parts]), return_index=True)
            self._write(keys, np.concatenate([part[1] for part in parts])[rows])
            for segment in segments:
                with contextlib.suppress(OSError):
                    segment.unlink()

    def count(self) -> int:
        """Return how many vectors are kept, those kept twice counted twice."""
        opened = (self._open(segment) for segment in self.folder.glob(SEGMENTS))
        return sum(len(segment[0]) for segment in opened if segment is not None)

    def _write(self, keys: np.ndarray, vectors: FloatArray) -> None:
        from safetensors.numpy import save_file

        order = np.argsort(keys, order="first", kind="stable")
        keys = np.ascontiguousarray(keys[order])
        vectors = np.ascontiguousarray(vectors[order], dtype=np.float32)
        arrays = {
            "keys": keys.view("<u8").reshape(-1, 2),
            "vectors": vectors,
            "sums": _checksums(keys, vectors),
        }
        with replacing(self.folder / f"{secrets.token_hex(12)}.safetensors") as temporary:
            save_file(arrays, temporary)

    def _whole(self, segment: Path) -> tuple[np.ndarray, FloatArray] | None:
        """Return a segment's keys and vectors, all of them checked; None where one is damaged."""
        opened = self._open(segment)
        if opened is None:
            return None
        keys, vectors, sums = opened
        if (_checksums(keys, vectors) != sums).any():
            _drop(segment)
            return None
        return keys, vectors

    def _open(self, segment: Path) -> tuple[np.ndarray, FloatArray, IntArray] | None:
        """Return a segment's keys, ascending, vectors and checksums, which nobody compared yet.

        None where it cannot be read; it is removed then, unless its vectors are of another width.
        """
        try:
            arrays = _mapped(segment)
            keys = arrays["keys"].view(KEY)[:, 0]
            vectors, sums = arrays["vectors"], arrays["sums"]
            if sums.shape != (len(keys),) or vectors.ndim != 2 or len(vectors) != len(keys):
                raise ValueError(f"{segment} has arrays of other lengths")
        except FileNotFoundError:  # another process joined or trimmed it
            return None
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            _drop(segment)
            return None
        return (keys, vectors, sums) if vectors.shape[1] == self.width else None


def _checksums(keys: np.ndarray, vectors: FloatArray) -> IntArray:
    """Return the CRC-32 of each row's key and vector, uint32, shape (n,)."""
    n_bytes = KEY.itemsize + vectors.shape[1] * vectors.itemsize
    rows = np.empty((len(keys), n_bytes), dtype=np.uint8)
    rows[:, : KEY.itemsize] = np.ascontiguousarray(keys).view(np.uint8).reshape(len(keys), -1)
    rows[:, KEY.itemsize :] = np.ascontiguousarray(vectors).view(np.uint8).reshape(len(keys), -1)
    return np.fromiter((zlib.crc32(row) for row in rows), dtype="<u4", count=len(rows))


def _drop(segment: Path) -> None:
    """Remove a damaged segment: its vectors are made again."""
    log.info("Cached vectors in %s are damaged, and are made again.", segment)
    with contextlib.suppress(OSError):
        shutil.rmtree(segment) if segment.is_dir() else segment.unlink()


def _mapped(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors file as maps into it.

    Raises
    ------
    ValueError
        If it is not whole.
    """
    with path.open("rb") as file:
        n_bytes = os.fstat(file.fileno()).st_size
        start = 8 + header_size(file.read(8), n_bytes)
        layout = tensor_layout(file.read(start - 8), n_bytes - start)
        if n_bytes == start:
            return {name: np.empty(shape, dtype) for name, (dtype, shape, _) in layout.items()}
        data = np.memmap(file, dtype=np.uint8, mode="r")
    return {
        name: np.frombuffer(data, dtype, math.prod(shape), start + first).reshape(shape)
        for name, (dtype, shape, first) in layout.items()
    }
