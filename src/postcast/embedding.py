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
from postcast.files import replacing, write_text

if TYPE_CHECKING:
    from postcast.schema import Posts

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
    encoder = load_encoder(choice)
    texts = posts.table["text"].to_list()
    encoder.fit([text for text in texts if text])
    vectors = encoder.encode(texts)
    n_posts, width = vectors.shape
    with replacing(folder / "embeddings.npy") as temporary:
        kept = np.lib.format.open_memmap(
            temporary, mode="w+", dtype=np.float32, shape=(n_posts, width)
        )
        for start in range(0, n_posts, ROWS_AT_ONCE):
            rows = vectors[start : start + ROWS_AT_ONCE]
            kept[start : start + ROWS_AT_ONCE] = (
                rows if isinstance(rows, np.ndarray) else rows.toarray()
            )
        kept.flush()
    index = posts.table.select("id", row=pl.int_range(pl.len(), dtype=pl.UInt32))
    with replacing(folder / "index.parquet") as temporary:
        index.write_parquet(temporary)
    facts = {
        "encoder": encoder.name,
        **encoder.describe(),
        "dtype": "float32",
        "n_posts": n_posts,
        "n_without_text": sum(not text for text in texts),
        "width": width,
        "posts": posts.source.name,
        "input_sha256": posts.source.sha256,
    }
    write_text(folder / "encoder.json", json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    return facts
