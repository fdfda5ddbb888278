"""What dividing costs and brings: ``python -m bench.shards [POSTS] --out FILE.json``.

Two workers of one core each against one; and one worker over 100 shards against one over all posts,
with dividing and gathering. Each command is a process, as a person or a scheduler starts it; rounds
alternate.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.machine import measured_on, usual_posts

LEAST_GAIN = 1.8
MOST_OVERHEAD, SECONDS_MORE = 1.05, 1.0
MANY = 100
SHARDS_OF_PAIR = 24


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.shards", description=__doc__)
    parser.add_argument("posts", type=Path, nargs="?", default=usual_posts())
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--copies", type=int, default=4, help="How often each post is taken.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), chosen.encoder)
        n_posts = bench.prepare(chosen.posts, chosen.copies)
        seconds = bench.rounds(chosen.rounds)
    rows = bars(seconds)
    result = {
        **measured_on(),
        "posts": n_posts,
        "encoder": chosen.encoder,
        "rows": rows,
        "seconds": seconds,
    }
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    for row in rows:
        print("met    " if row["met"] else "NOT MET", row["ratio"], row["must_reach"], row["what"])


class Bench:
    """Commands over the same posts, each timed.

    Parameters
    ----------
    work : Path
        An empty folder.
    encoder : str
    """

    def __init__(self, work: Path, encoder: str) -> None:
        self.work = work
        self.encoder = encoder

    def prepare(self, source: Path, copies: int) -> int:
        """Write the posts, each several times with a word of its own; return how many."""
        import polars as pl

        first = self.work / "first.parquet"
        _postcast("prepare", str(source), "--out", str(first))
        table = pl.read_parquet(first).filter(pl.col("text") != "")
        texts = [f"{text} {copy}" for copy in range(copies) for text in table["text"]]
        ids = [f"p{row}" for row in range(len(texts))]
        pl.DataFrame({"id": ids, "text": texts, "saves": 1}).write_csv(self.work / "posts.csv")
        _postcast(
            "prepare", str(self.work / "posts.csv"), "--out", str(self.work / "posts.parquet")
        )
        self.shard("warm", 1)
        self.worker("warm", 0, 1)  # the encoder's graph is made, and compiled
        return len(texts)

    def rounds(self, n_rounds: int) -> dict[str, list[float]]:
        """Return the seconds of each measure in each round."""
        measures: dict[str, Callable[[str], None]] = {
            "one worker": lambda name: self.workers(name, 1),
            "two workers": lambda name: self.workers(name, 2),
            "one shard": lambda name: self.whole(name, 1),
            f"{MANY} shards": lambda name: self.whole(name, MANY),
        }
        seconds: dict[str, list[float]] = {name: [] for name in measures}
        for number in range(n_rounds):
            for name, measure in measures.items():
                folder = f"{number}-{name.replace(' ', '-')}"
                if name.endswith(("worker", "workers")):
                    self.shard(folder, SHARDS_OF_PAIR)
                start = time.perf_counter()
                measure(folder)
                seconds[name].append(round(time.perf_counter() - start, 2))
                print(f"{name:<12} {seconds[name][-1]:>8.1f} s", flush=True)
        return seconds

    def shard(self, name: str, n_shards: int) -> None:
        """Divide the posts."""
        posts, out = str(self.work / "posts.parquet"), str(self.work / name)
        _postcast(
            "shard", posts, "--shards", str(n_shards), "--encoder", self.encoder, "--out", out
        )

    def worker(self, name: str, index: int, of: int) -> None:
        """Run one worker on one core."""
        _finish([self._started(name, index, of)])

    def workers(self, name: str, n_workers: int) -> None:
        """Run several workers at once, each on a core of its own."""
        _finish([self._started(name, index, n_workers) for index in range(n_workers)])

    def whole(self, name: str, n_shards: int) -> None:
        """Divide, embed by one worker on one core, and gather."""
        self.shard(name, n_shards)
        self.worker(name, 0, 1)
        manifest = str(self.work / name / "manifest.json")
        _postcast("gather", "--manifest", manifest, "--out", str(self.work / f"{name}-vectors"))

    def _started(self, name: str, index: int, of: int) -> subprocess.Popen[bytes]:
        manifest = str(self.work / name / "manifest.json")
        part = ["--index", str(index), "--of", str(of), "--device", "cpu"]
        return _start(["embed-shard", "--manifest", manifest, *part], _core(index))


def _core(index: int) -> int:
    cores = sorted(os.sched_getaffinity(0))
    if index >= len(cores):
        raise SystemExit(f"{index + 1} workers need as many cores; this machine gives {len(cores)}")
    return cores[index]


def _start(arguments: list[str], core: int) -> subprocess.Popen[bytes]:
    """Start a command that has one core; it inherits what this process is bound to."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "postcast", *arguments, "--quiet"], stdout=subprocess.DEVNULL
        )
    finally:
        os.sched_setaffinity(0, cores)


def _finish(processes: list[subprocess.Popen[bytes]]) -> None:
    if any(process.wait() for process in processes):
        raise SystemExit("a command of postcast failed")


def _postcast(*arguments: str) -> None:
    _finish([_start(list(arguments), _core(0))])


def bars(seconds: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Return what was measured as bars."""
    gains = [
        one / two for one, two in zip(seconds["one worker"], seconds["two workers"], strict=True)
    ]
    costs = [
        (many - SECONDS_MORE) / one
        for one, many in zip(seconds["one shard"], seconds[f"{MANY} shards"], strict=True)
    ]
    gain, cost = statistics.median(gains), statistics.median(costs)
    return [
        {
            "what": "embedding by two workers of one core each, how many times as fast",
            "against": "one worker of one core",
            "ratio": round(gain, 3),
            "spread": [round(min(gains), 3), round(max(gains), 3)],
            "must_reach": LEAST_GAIN,
            "met": gain >= LEAST_GAIN,
        },
        {
            "what": f"{MANY} shards, less {SECONDS_MORE:g} s: dividing, embedding, gathering",
            "against": "one shard",
            "ratio": round(cost, 3),
            "spread": [round(min(costs), 3), round(max(costs), 3)],
            "must_reach": MOST_OVERHEAD,
            "met": cost <= MOST_OVERHEAD,
        },
    ]


if __name__ == "__main__":
    main()
