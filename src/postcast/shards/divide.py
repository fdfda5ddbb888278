"""A table of posts divided into shards, and their manifest written. Knows no work."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from postcast.errors import ShardError
from postcast.files import (
    check_writable,
    explaining_os_errors,
    removing_if_new,
    write_bytes,
    write_text,
)
from postcast.shards.manifest import (
    RESULTS,
    SHARDS,
    Manifest,
    Shard,
    Work,
    sha256_of,
)
from postcast.wording import counted


def write_shards(
    table: pl.DataFrame,
    n_shards: int,
    folder: Path,
    work: Work,
    posts: tuple[str, str],
    beside: bytes | None = None,
) -> Manifest:
    """Write a table's rows in order as shards, and then the manifest that makes them known.

    Parameters
    ----------
    table : polars.DataFrame, one row a post
    n_shards : int
        Of equal length, give or take a post.
    folder : Path
        New, empty, or of the same shards.
    work : Work
    posts : (str, str)
        Name and SHA-256 of what is divided.
    beside : bytes, optional
        A file that every shard's worker needs; it stands among the shards, by its SHA-256.

    Raises
    ------
    ShardError
        If other shards or other files stand there, or there are fewer posts than shards.
    OutputError
        If the folder cannot be written.
    """
    check_writable(folder)
    manifest = manifest_of(table, n_shards, folder, work, posts)
    _check_free(manifest)
    files = (data for data, _ in _divided(table, n_shards))
    with removing_if_new(folder):
        for data in itertools.chain(files, [] if beside is None else [beside]):
            path = manifest.path_of(sha256_of(data))
            if not _is_file_of(path, data):
                write_bytes(path, data)
        write_text(manifest.path, json.dumps(manifest.to_dict(), indent=1) + "\n")
    return manifest


def manifest_of(
    table: pl.DataFrame, n_shards: int, folder: Path, work: Work, posts: tuple[str, str]
) -> Manifest:
    """Return the manifest that `write_shards` would write, and write nothing.

    Raises
    ------
    ShardError
        If there are fewer posts than shards.
    """
    if not 1 <= n_shards <= table.height:
        raise ShardError(
            f"{counted(n_shards, 'shard')} of {counted(table.height, 'post')}",
            "at least one, and a post for each",
        )
    shards = tuple(Shard(sha256_of(data), n_posts) for data, n_posts in _divided(table, n_shards))
    return Manifest(folder, work, *posts, shards)


def _divided(table: pl.DataFrame, n_shards: int) -> Iterator[tuple[bytes, int]]:
    """Yield the bytes of each shard and how many posts it holds."""
    ends = [table.height * part // n_shards for part in range(n_shards + 1)]
    for start, end in itertools.pairwise(ends):
        data = io.BytesIO()
        table.slice(start, end - start).write_parquet(data)
        yield data.getvalue(), end - start


def _check_free(manifest: Manifest) -> None:
    """Refuse a folder in which anything else stands."""
    folder = manifest.folder
    if not folder.exists():
        return
    with explaining_os_errors(folder):
        found = {one.name for one in folder.iterdir() if not one.name.endswith(".tmp")}
    if not manifest.path.is_file():
        if found - {SHARDS, RESULTS}:
            raise ShardError(
                f"{folder} holds files that are no shards",
                "a new or empty folder",
                "choose another --out",
            )
    elif not manifest.is_written():
        raise ShardError(
            f"{folder} holds shards of other posts or settings", action="choose another --out"
        )


def _is_file_of(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False
