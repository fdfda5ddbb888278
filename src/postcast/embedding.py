"""Posts to vectors on disk: embeddings.npy, index.parquet, encoder.json.

Knows no class and no classifier.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.embedding_files import told_of, write_embeddings
from postcast.features.text import Choice, load_encoder
from postcast.files import check_writable
from postcast.shards.local import embed_ahead

if TYPE_CHECKING:
    from postcast.schema import FloatArray, Matrix, Posts

ROWS_AT_ONCE = 4096


def embed_posts(posts: Posts, choice: Choice, folder: Path, jobs: int = 1) -> dict[str, Any]:
    """Embed every post of a table, and write the vectors.

    Parameters
    ----------
    posts : Posts
    choice : Choice
        Which encoder, and how it runs.
    folder : Path
        Gets ``embeddings.npy`` (float32, shape (n_posts, d), zeros for a post without text),
        ``index.parquet`` (``id``, ``row``) and ``encoder.json``.
    jobs : int
        Processes that embed.

    Returns
    -------
    dict
        The facts in ``encoder.json``.
    """
    check_writable(folder)
    encoder = load_encoder(choice)
    texts = posts.table["text"].to_list()
    embed_ahead(choice, texts, jobs)
    encoder.fit([text for text in texts if text])
    vectors = encoder.encode(texts)
    ids = posts.table["id"]
    facts = told_of(
        {"encoder": encoder.name, **encoder.describe()},
        ids,
        sum(not text for text in texts),
        vectors.shape[1],
        (posts.source.name, posts.source.sha256),
    )
    write_embeddings(folder, _dense(vectors), ids, facts)
    return facts


def _dense(vectors: Matrix) -> Iterator[FloatArray]:
    """Yield a matrix a few thousand rows at a time."""
    for start in range(0, vectors.shape[0], ROWS_AT_ONCE):
        rows = vectors[start : start + ROWS_AT_ONCE]
        yield rows if isinstance(rows, np.ndarray) else rows.toarray()
