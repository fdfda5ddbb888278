"""Shards' vectors put together again, once none is missing. Knows no encoder and no engine."""

from __future__ import annotations

import contextlib
import time
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from postcast.embedding_files import told_of, write_embeddings
from postcast.errors import OutputError
from postcast.features.cache import ABANDONED, Cache
from postcast.features.embeddings import KEY
from postcast.files import check_writable
from postcast.shards.manifest import EMBED, RESULTS, Manifest, read_shard
from postcast.shards.results import Result, Results, all_results

if TYPE_CHECKING:
    from collections.abc import Iterable

    from postcast.schema import FloatArray

KEPT_AT_ONCE = 50_000
"""Vectors that enter the cache together: many small segments would be joined again and again."""


def gather(
    manifest: Manifest, out: Path | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """Put all results together, as files or in the cache of embeddings.

    Parameters
    ----------
    manifest : Manifest
    out : Path, optional
        Gets ``embeddings.npy``, ``index.parquet`` and ``encoder.json``, the bytes that
        `postcast.embedding.embed_posts` writes of the same posts.
    cache : Path, optional
        A folder of kept embeddings, from which a training takes them.

    Returns
    -------
    dict
        What stands in ``encoder.json``.

    Raises
    ------
    ShardError
        If a result is missing or broken; those are named.
    OutputError
        If it cannot be written, or the cache may not hold as much.
    """
    manifest.check_kind(EMBED)
    if out is not None:
        check_writable(out)
    results = all_results(manifest)
    first = results.read(0)
    ids, n_without_text = _ids_of(manifest)
    posts = (manifest.posts, manifest.posts_sha256)
    facts = told_of(first.told["encoder"], ids, n_without_text, first.array.shape[1], posts)
    if cache is not None:
        kept, of = Cache(cache), manifest.work.keys[results.device].partition("-")[0]
        check_room(manifest.n_posts, first.array.shape[1], kept, kept.n_bytes_of_graphs(of))
        keep(results, range(len(manifest)), kept)
    if out is not None:
        write_embeddings(out, (result.array for result in results), ids, facts)
    _remove_abandoned(manifest.folder / RESULTS)
    return facts


def _ids_of(manifest: Manifest) -> tuple[pl.Series, int]:
    """Return the ids of all posts, and how many have no text."""
    ids, n_without_text = [], 0
    for index in range(len(manifest)):
        shard = read_shard(manifest, index)
        ids.append(shard["id"])
        n_without_text += int((shard["text"] == "").sum())
    return pl.concat(ids).alias("id"), n_without_text


def check_room(n_posts: int, width: int, cache: Cache, beside: int = 0) -> None:
    """Refuse a cache that would at once forget again what it is to keep.

    Parameters
    ----------
    n_posts, width : int
        Of the vectors.
    cache : Cache
    beside : int
        Bytes of what must stay in it with them: the encoder's graph.

    Raises
    ------
    OutputError
    """
    n_bytes = n_posts * (width * np.dtype(np.float32).itemsize + KEY.itemsize) + beside
    if n_bytes > cache.limit:
        raise OutputError(
            f"the vectors and their encoder take {n_bytes / 1e9:,.1f} GB, and {cache.root} may "
            f"hold {cache.limit / 1e9:,.1f} GB",
            action=f"postcast cache --cache {cache.root} --limit {ceil(n_bytes * 1.3 / 1e9)}GB",
        )


def keep(results: Results, indices: Iterable[int], cache: Cache) -> None:
    """Put the vectors of some shards' texts into the cache, of each text once."""
    texts: dict[str, FloatArray] = {}
    result = Result(np.zeros((0, 0), dtype=np.float32))
    for index in indices:
        if len(texts) >= KEPT_AT_ONCE:
            _keep(texts, results, result, cache)
            texts = {}
        result, shard = results.read(index), read_shard(results.manifest, index)
        rows = zip(shard["text"].to_list(), result.array, strict=True)
        texts |= {text: row for text, row in rows if text.strip()}
    if texts:
        _keep(texts, results, result, cache)
    cache.trim()


def _keep(texts: dict[str, FloatArray], results: Results, result: Result, cache: Cache) -> None:
    key = results.manifest.work.keys[results.device]
    kept = cache.embeddings(key, result.told["kept_as"])
    kept.keep(list(texts), np.stack(list(texts.values())))


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed workers left half written."""
    for half in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - half.stat().st_mtime > ABANDONED:
                half.unlink()
