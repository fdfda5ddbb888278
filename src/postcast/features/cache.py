"""Embeddings on disk, found again by the hash of their text.

Knows no model: the caller names the folder after everything that shapes a vector. Segments
are written whole under names of their own, so that two processes never meet.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from postcast.files import replacing

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray

KEY = np.dtype([("first", "<u8"), ("second", "<u8")])
"""128 bits of a text's hash."""


def default_folder() -> Path:
    """Return ``$POSTCAST_CACHE``, else ``postcast`` in the user's cache folder."""
    if named := os.environ.get("POSTCAST_CACHE"):
        return Path(named).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "postcast"


def text_keys(texts: Sequence[str]) -> np.ndarray:
    """Return the 128-bit key of each text, shape (n_texts,), dtype `KEY`."""
    digests = b"".join(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        for text in texts
    )
    return np.frombuffer(digests, dtype=KEY)


class EmbeddingCache:
    """The vectors of one encoder, pooling and precision.

    Parameters
    ----------
    folder : Path
        Made when the first vectors are kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, texts: Sequence[str], width: int) -> tuple[FloatArray, BoolArray]:
        """Return the vectors that are kept and which those are.

        Returns
        -------
        vectors : ndarray of float32, shape (n_texts, width)
            Zeros where not found.
        found : ndarray of bool, shape (n_texts,)
        """
        wanted = text_keys(texts)
        vectors = np.zeros((len(texts), width), dtype=np.float32)
        found = np.zeros(len(texts), dtype=bool)
        for segment in sorted(self.folder.glob("*.safetensors")):
            if found.all():
                break
            self._take(segment, wanted, vectors, found)
        return vectors, found

    def _take(
        self, segment: Path, wanted: np.ndarray, vectors: FloatArray, found: BoolArray
    ) -> None:
        """Fill in what one segment holds; a segment that cannot be read holds nothing."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            arrays = load_file(segment)
            keys, kept = arrays["keys"], arrays["vectors"]
        except (OSError, SafetensorError, KeyError):
            return
        if kept.shape != (len(keys), vectors.shape[1]) or not len(keys):
            return
        order = np.argsort(keys[:, 0], kind="stable")
        places = np.searchsorted(keys[order, 0], wanted["first"])
        rows = order[np.minimum(places, len(keys) - 1)]
        same = (keys[rows, 0] == wanted["first"]) & (keys[rows, 1] == wanted["second"])
        vectors[same] = kept[rows[same]]
        found |= same

    def keep(self, texts: Sequence[str], vectors: FloatArray) -> None:
        """Keep the vectors of distinct texts, shape (n_texts, d)."""
        from safetensors.numpy import save_file

        keys = text_keys(texts).view("<u8").reshape(-1, 2)
        arrays = {"keys": np.ascontiguousarray(keys), "vectors": np.ascontiguousarray(vectors)}
        with replacing(self.folder / f"{secrets.token_hex(12)}.safetensors") as temporary:
            save_file(arrays, temporary)
