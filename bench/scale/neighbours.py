"""Neighbours of very many vectors, in one index or one a shard.

``python -m bench.scale.neighbours --out FILE.json``. Of each size: seconds to index, milliseconds
a question on one core, and which share of the truly nearest is found. Shards are asked in turn and
what they find is merged, as machines that hold one each would be.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from bench.machine import measured_on
from postcast.features.nearest_index import Near

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

SIZES = (10_000, 100_000, 1_000_000)
SHARDS = 10
WIDTH = 384
"""As wide as minilm's vectors."""

QUESTIONS, NEAREST = 500, 100
POSTS_A_TOPIC, FEW = 50, 30
"""The nearest few are of a question's own topic; beyond fifty, all others are equally far."""


def vectors(n_vectors: int) -> tuple[FloatArray, FloatArray]:
    """Return vectors around topics, and questions around the same, of length one."""
    rng = np.random.default_rng(n_vectors)
    topics = rng.standard_normal((max(n_vectors // POSTS_A_TOPIC, 1), WIDTH), dtype=np.float32)

    def around(n: int) -> FloatArray:
        rows = topics[rng.integers(0, len(topics), n)]
        rows += 0.7 * rng.standard_normal((n, WIDTH), dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    return around(n_vectors), around(QUESTIONS)


def greatest(cosines: FloatArray, most: int) -> IntArray:
    """Return the columns of a row's greatest, shape (n_rows, most)."""
    return np.argpartition(-cosines, most - 1, axis=1)[:, :most]


def exact(rows: FloatArray, asked: FloatArray, most: int) -> IntArray:
    """Return the truly nearest, all being looked at."""
    return greatest(asked @ rows.T, most)


def recall(truth: IntArray, found: list[IntArray]) -> float:
    """Return which share of the truly nearest is found."""
    return round(float(np.mean([np.isin(a, b) for a, b in zip(truth, found, strict=True)])), 4)


def merged(shards: list[Near], starts: list[int], rows: FloatArray, asked: FloatArray) -> IntArray:
    """Ask every shard, and return the nearest of what all of them found."""
    found = [near.search(asked, NEAREST) for near in shards]
    places = [np.where(one < 0, -1, one + start) for one, start in zip(found, starts, strict=True)]
    candidates = np.concatenate(places, axis=1)
    cosines = np.einsum("qd,qcd->qc", asked, rows[candidates])
    cosines[candidates < 0] = -np.inf
    return np.take_along_axis(candidates, greatest(cosines, NEAREST), axis=1)


def measured(n_vectors: int, n_shards: int) -> dict[str, Any]:
    """Index vectors in shards of equal length, and ask."""
    rows, asked = vectors(n_vectors)
    starts = [n_vectors * shard // n_shards for shard in range(n_shards)]
    begin = time.perf_counter()
    shards = [Near.of(part) for part in np.split(rows, starts[1:])]
    indexed = time.perf_counter() - begin
    begin = time.perf_counter()
    found = [merged(shards, starts, rows, one[None, :])[0] for one in asked]
    spent = time.perf_counter() - begin
    return {
        "n_vectors": n_vectors,
        "shards": n_shards,
        "index_seconds": round(indexed, 1),
        "milliseconds_a_question": round(1e3 * spent / QUESTIONS, 2),
        "recall_of_few": recall(exact(rows, asked, FEW), found),
        "recall": recall(exact(rows, asked, NEAREST), found),
        "bytes_a_vector": 4 * WIDTH,
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.neighbours", description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="Leave larger sizes out.")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    asked = [(size, n) for size in SIZES for n in (1, SHARDS) if size <= chosen.most]
    found = []
    with threadpool_limits(1):
        for n_vectors, n_shards in asked:
            found.append(measured(n_vectors, n_shards))
            print(found[-1], flush=True)
    result = {**measured_on(), "few": FEW, "nearest": NEAREST, "measured": found}
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
