"""Posts to vectors on disk: embeddings.npy, index.parquet, encoder.json.

Knows no class and no classifier.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from postcast.features.text import Choice, load_encoder
from postcast.files import check_writable, removing_if_new, replacing, write_text

if TYPE_CHECKING:
    from postcast.schema import Matrix, Posts

ROWS_AT_ONCE = 4096


def embed_posts(posts: Posts, choice: Choice, folder: Path) -> dict[str, Any]:
    """Embed every post of a table, and write the vectors.

    Parameters
    ----------
    posts : Posts
    choice : Choice
        Which encoder, and how it runs.
    folder : Path
        Gets ``embeddings.npy`` (float32, shape (n_posts, d), zeros for a post without text),
        ``index.parquet`` (``id``, ``row``) and ``encoder.json``.

    Returns
    -------
    dict
        The facts in ``encoder.json``.
    """
    check_writable(folder)
    encoder = load_encoder(choice)
    texts = posts.table["text"].to_list()
    encoder.fit([text for text in texts if text])
    vectors = encoder.encode(texts)
    facts = {
        "encoder": encoder.name,
        **encoder.describe(),
        "dtype": "float32",
        "n_posts": len(texts),
        "n_without_text": sum(not text for text in texts),
        "width": vectors.shape[1],
        "posts": posts.source.name,
        "input_sha256": posts.source.sha256,
    }
    with removing_if_new(folder):
        _write_vectors(vectors, folder / "embeddings.npy")
        index = posts.table.select("id", row=pl.int_range(pl.len(), dtype=pl.UInt32))
        with replacing(folder / "index.parquet") as temporary:
            index.write_parquet(temporary)
        write_text(folder / "encoder.json", json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    return facts


def _write_vectors(vectors: Matrix, path: Path) -> None:
    """Write a matrix as one dense float32 array, a few thousand rows at a time.

    Not through a memory map: on a full disk that ends the process.
    """
    header = {"descr": "<f4", "fortran_order": False, "shape": vectors.shape}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, vectors.shape[0], ROWS_AT_ONCE):
            rows = vectors[start : start + ROWS_AT_ONCE]
            dense = rows if isinstance(rows, np.ndarray) else rows.toarray()
            file.write(np.ascontiguousarray(dense, dtype="<f4").data)
