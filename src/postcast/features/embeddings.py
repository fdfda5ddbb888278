"""Embeddings on disk, found again by the hash of their text. Knows no model.

Segments are written whole under names of their own, so that two processes never meet, and read
through a memory map, so that only the rows that are asked for are read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.files import replacing

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray

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
            keys, kept = self._open(segment)
            places = np.searchsorted(keys["first"], wanted["first"][missing])
            rows = np.minimum(places, len(keys) - 1)
            same = keys[rows] == wanted[missing] if len(keys) else np.zeros(len(missing), bool)
            if same.any():
                vectors[missing[same]] = kept[rows[same]]
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
            parts = [self._open(segment) for segment in segments]
            keys, rows = np.unique(np.concatenate([part[0] for part in parts]), return_index=True)
            self._write(keys, np.concatenate([part[1] for part in parts])[rows])
            for segment in segments:
                with contextlib.suppress(OSError):
                    segment.unlink()

    def count(self) -> int:
        """Return how many vectors are kept, those kept twice counted twice."""
        return sum(len(self._open(segment)[0]) for segment in self.folder.glob(SEGMENTS))

    def _write(self, keys: np.ndarray, vectors: FloatArray) -> None:
        from safetensors.numpy import save_file

        order = np.argsort(keys, order="first", kind="stable")
        arrays = {
            "keys": np.ascontiguousarray(keys[order]).view("<u8").reshape(-1, 2),
            "vectors": np.ascontiguousarray(vectors[order], dtype=np.float32),
        }
        with replacing(self.folder / f"{secrets.token_hex(12)}.safetensors") as temporary:
            save_file(arrays, temporary)

    def _open(self, segment: Path) -> tuple[np.ndarray, FloatArray]:
        """Return a segment's keys, ascending, and vectors; none where it cannot be read."""
        try:
            arrays = _mapped(segment)
            keys = arrays["keys"].view(KEY)[:, 0]
            if arrays["vectors"].shape == (len(keys), self.width):
                return keys, arrays["vectors"]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return np.empty(0, dtype=KEY), np.empty((0, self.width), dtype=np.float32)


_DTYPES = {"U64": "<u8", "F32": "<f4"}


def _mapped(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a safetensors file as maps into it.

    Raises
    ------
    ValueError
        If it is not whole.
    """
    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        if start > path.stat().st_size:
            raise ValueError(f"{path} is cut off")
        header: dict[str, Any] = json.loads(file.read(start - 8))
    header.pop("__metadata__", None)
    if start + max(row["data_offsets"][1] for row in header.values()) != path.stat().st_size:
        raise ValueError(f"{path} is cut off")
    return {
        name: np.memmap(
            path,
            dtype=_DTYPES[row["dtype"]],
            mode="r",
            offset=start + row["data_offsets"][0],
            shape=tuple(row["shape"]),
        )
        for name, row in header.items()
    }
