"""How many of the nearest posts an index finds where vectors are word counts.

``python -m bench.scale.words POSTS --out FILE.json``. Of the posts' own texts, in as many
dimensions as the index has and in twice as many.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any
from unittest import mock

from bench.machine import measured_on
from postcast import read_posts
from postcast.features import nearest_index
from postcast.features.text import Choice, load_encoder
from postcast.features.vectors import unit_rows

NEAREST = (5, 40)
"""The fewest and the most that features are made of."""


def measured(path: Path) -> list[dict[str, Any]]:
    """Return which share of the truly nearest is found, by dimensions and by how many."""
    texts = [text for text in read_posts(path).table["text"].to_list() if text]
    encoder = load_encoder(Choice("tfidf"))
    encoder.fit(texts)
    vectors = unit_rows(encoder.encode(texts))
    found = []
    for dimensions in (nearest_index.DIMENSIONS, 2 * nearest_index.DIMENSIONS):
        with mock.patch.object(nearest_index, "DIMENSIONS", dimensions):
            near = nearest_index.Near.of(vectors)
        recall = {str(n): round(near.recall(vectors, n), 3) for n in NEAREST}
        facts = {"posts": path.name, "n_vectors": len(texts), "dimensions": dimensions}
        found.append({**facts, "recall": recall})
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.words", description=__doc__)
    parser.add_argument("posts", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    rows = [row for path in chosen.posts for row in measured(path)]
    for row in rows:
        print(row, flush=True)
    result = {**measured_on(), "measured": rows}
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
