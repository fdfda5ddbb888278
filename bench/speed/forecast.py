"""One forecast in a warm process: the median and the slowest of a hundred.

``python -m bench.speed.forecast RUN --out FILE.json``, pinned to one core.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.speed.bar import Bar
from bench.speed.machine import pin_to_one_core
from bench.speed.reference import ReferenceEncoder, ReferenceNetwork, random_distilbert
from postcast import Post, load
from postcast.data.read import read_prepared
from postcast.features.digests import Digests
from postcast.features.transformer.pretrained import find_folder

N_POSTS = 200
MUST_REACH = 4.0


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    pin_to_one_core()
    bars = forecasts(chosen.run, chosen.rounds)
    chosen.out.write_text(json.dumps(bars, indent=1) + "\n", "utf-8")


def forecasts(run: Path, rounds: int) -> list[dict[str, Any]]:
    """Return the bars of a forecast's median and 99th percentile."""
    import torch

    torch.set_num_threads(1)
    table = read_prepared(run / "posts.parquet").table
    table = table.filter(table["text"] != "").tail(N_POSTS)
    drafts = [
        Post(text=text, author=author)
        for text, author in table.select("text", "author").iter_rows()
    ]
    forecaster = load(run)
    for author in {draft.author for draft in drafts}:
        forecaster.predict(Post(text="a first text", author=author))
    with tempfile.TemporaryDirectory() as work:
        folder = random_distilbert(Path(work), find_folder("minilm", Digests(None)))
        encoder = ReferenceEncoder(folder)
    network = ReferenceNetwork()
    rng = np.random.default_rng(0)
    network.fit(rng.normal(size=(64, 768)), rng.integers(0, 3, 64), epochs=1)

    def ours(post: Post) -> None:
        forecaster.predict(post)

    def theirs(post: Post) -> None:
        vector = torch.from_numpy(encoder.encode([post.text]))
        with torch.no_grad():
            torch.softmax(network.network(vector), dim=1).numpy()

    took: dict[str, list[list[float]]] = {"ours": [], "theirs": []}
    for _ in range(rounds):
        for name, answer in (("ours", ours), ("theirs", theirs)):
            times = []
            for post in drafts:
                start = time.perf_counter()
                answer(post)
                times.append(time.perf_counter() - start)
            took[name].append(times)
    return [
        Bar(
            f"one forecast in a warm process (strong, minilm), {words}",
            "the reference's model on one text",
            [float(np.percentile(times, percent)) for times in took["ours"]],
            [float(np.percentile(times, percent)) for times in took["theirs"]],
            MUST_REACH,
            details={"n_posts": len(drafts), "authors_asked_before": True},
        ).to_dict()
        for words, percent in (("median", 50), ("99th percentile", 99))
    ]


if __name__ == "__main__":
    main()
