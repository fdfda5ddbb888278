"""Vectors of posts as files: embeddings.npy, index.parquet, encoder.json. Knows no encoder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from postcast.files import removing_if_new, replacing, write_text

if TYPE_CHECKING:
    from postcast.schema import FloatArray

ENCODER = "encoder.json"


def write_embeddings(
    folder: Path, pieces: Iterable[FloatArray], ids: pl.Series, facts: Mapping[str, Any]
) -> None:
    """Write vectors with their posts' ids and what made them.

    Parameters
    ----------
    folder : Path
    pieces : iterable of ndarray of float32, shape (n, width)
        Together one row a post; not held in memory at once.
    ids : polars.Series of String, length n_posts
    facts : mapping of str to JSON value
        ``width`` among them.
    """
    with removing_if_new(folder):
        _write_rows(pieces, (len(ids), int(facts["width"])), folder / "embeddings.npy")
        index = pl.DataFrame({"id": ids}).rechunk()
        with replacing(folder / "index.parquet") as temporary:
            index.with_columns(row=pl.int_range(pl.len(), dtype=pl.UInt32)).write_parquet(temporary)
        text = json.dumps(dict(facts), indent=2, ensure_ascii=False)
        write_text(folder / ENCODER, text + "\n")


def _write_rows(pieces: Iterable[FloatArray], shape: tuple[int, int], path: Path) -> None:
    """Write a matrix as one dense float32 array.

    Not through a memory map: on a full disk that ends the process.
    """
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for rows in pieces:
            file.write(np.ascontiguousarray(rows, dtype="<f4").data)


def told_of(
    encoder: Mapping[str, Any],
    ids: pl.Series,
    n_without_text: int,
    width: int,
    posts: tuple[str, str],
) -> dict[str, Any]:
    """Return what stands in ``encoder.json``.

    Parameters
    ----------
    encoder : mapping of str to JSON value
        ``encoder``, its name, and what shapes its vectors.
    ids : polars.Series
    n_without_text, width : int
    posts : (str, str)
        Name and SHA-256 of what was embedded.
    """
    return {
        **encoder,
        "dtype": "float32",
        "n_posts": len(ids),
        "n_without_text": n_without_text,
        "width": width,
        "posts": posts[0],
        "input_sha256": posts[1],
    }
