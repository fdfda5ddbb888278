"""The vectors of one shard in a file that tells whether it is whole. Knows no encoder.

A file is safetensors: one tensor ``vectors``, and beside it the shard, the rows and a checksum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.files import write_bytes

if TYPE_CHECKING:
    from postcast.schema import FloatArray
    from postcast.shards import Shard

MOST_HEADER = 1 << 20
"""Bytes; a longer header is none of ours."""


@dataclass(frozen=True)
class Vectors:
    """What a worker computed of one shard.

    Parameters
    ----------
    rows : ndarray of float32, shape (n_posts, width)
        In the order of the shard; zeros for a post without text.
    encoder : mapping of str to JSON value
        ``name``, and what shapes its vectors.
    kept_as : mapping of str to JSON value
        What people are told of such vectors in the cache.
    """

    rows: FloatArray
    encoder: Mapping[str, Any]
    kept_as: Mapping[str, Any]


def write_vectors(path: Path, shard: Shard, vectors: Vectors) -> None:
    """Write a shard's vectors, whole or not at all.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    from safetensors.numpy import save

    rows = np.ascontiguousarray(vectors.rows, dtype="<f4")
    told = {
        "shard": shard.sha256,
        "rows": str(len(rows)),
        "sha256": hashlib.sha256(rows.data).hexdigest(),
        "encoder": json.dumps(dict(vectors.encoder)),
        "kept_as": json.dumps(dict(vectors.kept_as)),
    }
    write_bytes(path, save({"vectors": rows}, told))


def read_vectors(path: Path, shard: Shard) -> Vectors | None:
    """Return a shard's vectors; None where the file is not whole, or is of another shard.

    Raises
    ------
    OSError
        If there is no file, or it cannot be read.
    """
    data = path.read_bytes()
    try:
        start = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:start]) if start <= MOST_HEADER else {}
        told, tensor = header["__metadata__"], header["vectors"]
        rows = np.frombuffer(data, "<f4", offset=start).reshape(tensor["shape"])
        is_whole = (
            told["shard"] == shard.sha256
            and len(rows) == int(told["rows"]) == shard.n_posts
            and told["sha256"] == hashlib.sha256(rows.data).hexdigest()
        )
        found = Vectors(rows, json.loads(told["encoder"]), json.loads(told["kept_as"]))
    except (ValueError, KeyError, TypeError):
        return None
    return found if is_whole else None
