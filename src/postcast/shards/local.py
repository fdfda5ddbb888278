"""Work divided over several processes of one machine, and gathered at once.

What is done when one of them fails, or the whole is interrupted, is kept. Knows no post.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from postcast.errors import OutputError
from postcast.features.cache import Cache
from postcast.features.text import Choice, resolve_name
from postcast.features.transformer.graph import n_threads
from postcast.files import explaining_os_errors
from postcast.shards.divide import write_shards
from postcast.shards.embed import embedding_of, pretrained
from postcast.shards.gather import check_room, keep
from postcast.shards.manifest import SHARDS, Manifest
from postcast.shards.pool import run_workers
from postcast.shards.results import Results, state_of
from postcast.shards.watch import watched

log = logging.getLogger(__name__)

POSTS_OF_A_SHARD = 1000
"""Some seconds of work: what an interruption costs, and by how much a worker may end later."""

FEWEST = 256
"""Texts below which starting workers takes longer than they save."""


def embed_ahead(choice: Choice, texts: Sequence[str], jobs: int) -> None:
    """Embed texts by several processes into the cache, where an encoder then finds them.

    Parameters
    ----------
    choice : Choice
    texts : sequence of str
    jobs : int
        With 1 nothing is done: the encoder computes what it does not find.

    Raises
    ------
    ShardError
        If a worker fails.
    OutputError
        If the cache may not hold as much.
    """
    if jobs == 1:
        return
    if resolve_name(choice.name) == "tfidf" or choice.cache is None:
        log.info("One process reads the texts: the encoder tfidf has nothing to divide.")
        return
    encoder = pretrained(choice)
    missing = encoder.unknown(texts)
    if len(missing) < FEWEST:
        return
    cache = Cache(choice.cache)
    _ = encoder.graph_folder  # made once, not by each worker
    beside = cache.n_bytes_of_graphs(encoder.facts.key)
    check_room(len(missing), encoder.facts.width, cache, beside)
    table = pl.DataFrame({"id": [str(row) for row in range(len(missing))], "text": missing})
    n_shards = max(jobs, -(-len(missing) // POSTS_OF_A_SHARD))
    try:
        with _own_folder(cache.root) as folder:
            manifest = write_shards(table, n_shards, folder, embedding_of(choice), ("texts", ""))
            more = ["--device", encoder.device, "--cache", str(cache.root)]
            _embed(manifest, encoder.device, jobs, more, cache)
    except OutputError as error:
        log.warning("one process embeds: %s", error)


def _embed(manifest: Manifest, device: str, jobs: int, more: Sequence[str], cache: Cache) -> None:
    try:
        run_with_bar(manifest, jobs, more)
    finally:
        shards = range(len(manifest))
        done = [index for index in shards if state_of(manifest, index, device) == "done"]
        keep(Results(manifest, device), done, cache)


def run_with_bar(manifest: Manifest, jobs: int, more: Sequence[str]) -> None:
    """Do all shards by several processes, with a bar of the posts that are done.

    Parameters
    ----------
    manifest : Manifest
    jobs : int
    more : sequence of str
        Options of each worker.
    """
    with watched(manifest) as look:
        run_workers(manifest, jobs, n_threads(), more, look)


@contextlib.contextmanager
def _own_folder(root: Path) -> Iterator[Path]:
    """Yield a new folder, removed at the end; one that stays behind is removed by the cache."""
    folder = root / SHARDS / f".{secrets.token_hex(8)}.tmp"
    with explaining_os_errors(folder):
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # others are at work
            folder.parent.rmdir()
