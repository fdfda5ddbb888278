"""The whole job on real posts against the reference's three stages, both on one core.

``python -m bench.speed.job POSTS --out FILE.json``. The reference embeds as many texts a second
in the first hundred as in all; only those are embedded, and the rest is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.speed.bar import Bar, interleaved
from bench.speed.embedding import FEW, texts_of
from bench.speed.machine import NEEDS, pin_to_one_core
from bench.speed.reference import ReferenceEncoder, ReferenceNetwork, random_distilbert
from postcast.features.digests import Digests
from postcast.features.transformer.pretrained import find_folder

MUST_REACH = 12.0


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("posts", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    pin_to_one_core()
    with tempfile.TemporaryDirectory() as work:
        bars = whole_job(chosen.posts, chosen.rounds, Path(work))
    chosen.out.write_text(json.dumps(bars, indent=1) + "\n", "utf-8")


def whole_job(posts: Path, rounds: int, work: Path) -> list[dict[str, Any]]:
    """Return the bars of the job with two encoders."""
    import torch

    torch.set_num_threads(1)
    texts = texts_of(posts)
    folder = random_distilbert(work / "distilbert", find_folder("minilm", Digests(None)))
    encoder = ReferenceEncoder(folder)
    rng = np.random.default_rng(0)
    vectors, classes = rng.normal(size=(len(texts), 768)), rng.integers(0, 3, len(texts))

    def reference() -> float:
        start = time.perf_counter()
        encoder.encode(texts[:FEW])
        embedded = (time.perf_counter() - start) / FEW * len(texts)
        start = time.perf_counter()
        ReferenceNetwork().fit(vectors[: int(0.8 * len(texts))], classes[: int(0.8 * len(texts))])
        return embedded + time.perf_counter() - start

    minilm = ["--encoder", "minilm"]
    fast = [*minilm, "--precision", "fast"]
    alike = ["--encoder", str(folder), "--precision", "fastest"]
    sides: dict[str, Callable[[], float]] = {
        "theirs": reference,
        "minilm": lambda: _run(posts, work, minilm),
        "fast": lambda: _run(posts, work, fast),
        "alike": lambda: _run(posts, work, alike),
    }
    for side in ("minilm", "fast", "alike"):
        sides[side]()
    costs = interleaved(rounds, sides)
    told = "postcast run, neural, whole process, no embedding kept"
    against = "the reference's embedding and 200 epochs"
    return [
        Bar(
            f"{told}, minilm, exact", against, costs["minilm"], costs["theirs"], MUST_REACH
        ).to_dict(),
        Bar(
            f"{told}, minilm, --precision fast",
            against,
            costs["fast"],
            costs["theirs"],
            MUST_REACH,
            NEEDS["fast"],
        ).to_dict(),
        Bar(
            f"{told}, DistilBERT's shape, --precision fastest",
            against,
            costs["alike"],
            costs["theirs"],
            MUST_REACH,
            NEEDS["fastest"],
        ).to_dict(),
    ]


def _run(posts: Path, work: Path, options: Sequence[str]) -> float:
    """Run the command with the encoder's graph at hand, and no text's vector."""
    import shutil

    shutil.rmtree(work / "cache" / "embeddings", ignore_errors=True)
    command = [sys.executable, "-m", "postcast", "run", str(posts), "--classifier", "neural"]
    environment = {**os.environ, "POSTCAST_CACHE": str(work / "cache")}
    start = time.perf_counter()
    subprocess.run(
        [*command, "--quiet", "--overwrite", "--out", str(work / "run"), *options],
        check=True,
        stdout=subprocess.DEVNULL,
        env=environment,
    )
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
