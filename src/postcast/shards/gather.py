"""Shards' vectors put together again, once none is missing. Knows no encoder and no engine."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from postcast.embedding_files import told_of, write_embeddings
from postcast.errors import OutputError, ShardError
from postcast.features.cache import ABANDONED, Cache
from postcast.files import check_writable
from postcast.shards import RESULTS, Manifest, read_shard
from postcast.shards.embed import State, best_results
from postcast.shards.results import Vectors, read_vectors

if TYPE_CHECKING:
    from postcast.schema import FloatArray

NAMED = 8
"""Shards that are told by their numbers where some are missing."""

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
    if out is not None:
        check_writable(out)
    device, found = best_results(manifest)
    check_complete(manifest, found)
    results = Results(manifest, device)
    first = results.read(0)
    ids, n_without_text = _ids_of(manifest)
    facts = told_of(
        first.encoder,
        ids,
        n_without_text,
        first.rows.shape[1],
        (manifest.posts, manifest.posts_sha256),
    )
    if cache is not None:
        _keep(results, first, Cache(cache))
    if out is not None:
        rows = (results.read(index).rows for index in range(len(manifest)))
        write_embeddings(out, rows, ids, facts)
    _remove_abandoned(manifest.folder / RESULTS)
    return facts


def check_complete(manifest: Manifest, found: Sequence[State]) -> None:
    """Refuse an incomplete set of results.

    Raises
    ------
    ShardError
        Naming the first that are missing or broken.
    """
    lacking = {
        state: [index for index, one in enumerate(found) if one == state]
        for state in ("missing", "broken")
    }
    n_lacking = sum(map(len, lacking.values()))
    if not n_lacking:
        return
    told = ", ".join(
        f"{len(which):,} {state} ({_named(which)})" for state, which in lacking.items() if which
    )
    first = min(index for which in lacking.values() for index in which)
    raise ShardError(
        f"{n_lacking:,} of {len(manifest):,} shards are not done: {told}",
        action=f"postcast {manifest.work.kind}-shard --manifest {manifest.path} --index {first}, "
        "and so on",
    )


def _named(which: Sequence[int]) -> str:
    return ", ".join(map(str, which[:NAMED])) + (", …" if len(which) > NAMED else "")


@dataclass(frozen=True)
class Results:
    """The results of one device, read one by one.

    Parameters
    ----------
    manifest : Manifest
    device : {"cpu", "cuda"}
    """

    manifest: Manifest
    device: str

    def read(self, index: int) -> Vectors:
        """Return the vectors of a shard.

        Raises
        ------
        ShardError
            If they are gone or have changed since all were checked.
        """
        path = self.manifest.result_path(index, self.device)
        with contextlib.suppress(OSError):
            found = read_vectors(path, self.manifest.shards[index])
            if found is not None:
                return found
        raise ShardError(f"the result of shard {index} has just changed", action="gather again")


def _ids_of(manifest: Manifest) -> tuple[pl.Series, int]:
    """Return the ids of all posts, and how many have no text."""
    ids, n_without_text = [], 0
    for index in range(len(manifest)):
        shard = read_shard(manifest, index)
        ids.append(shard["id"])
        n_without_text += int((shard["text"] == "").sum())
    return pl.concat(ids).alias("id"), n_without_text


def _keep(results: Results, first: Vectors, cache: Cache) -> None:
    """Put the vectors of all texts into the cache."""
    manifest = results.manifest
    n_bytes = manifest.n_posts * first.rows.shape[1] * first.rows.itemsize
    if n_bytes > cache.limit:
        raise OutputError(
            f"the vectors take {n_bytes / 1e9:,.1f} GB, and {cache.root} may hold "
            f"{cache.limit / 1e9:,.1f} GB",
            action=f"postcast cache --cache {cache.root} --limit {n_bytes / 1e9 * 1.3:.0f}GB",
        )
    kept = cache.embeddings(manifest.work.keys[results.device], first.kept_as)
    texts: dict[str, FloatArray] = {}
    for index in range(len(manifest)):
        shard, rows = read_shard(manifest, index)["text"].to_list(), results.read(index).rows
        texts |= {text: row for text, row in zip(shard, rows, strict=True) if text.strip()}
        if len(texts) >= KEPT_AT_ONCE or index == len(manifest) - 1:
            if texts:
                kept.keep(list(texts), np.stack(list(texts.values())))
            texts = {}
    cache.trim()


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed workers left half written."""
    for half in folder.glob(".*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - half.stat().st_mtime > ABANDONED:
                half.unlink()
