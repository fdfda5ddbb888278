"""How time, memory and files grow with posts: ``python -m bench.scale --out FILE.json``.

Synthetic posts of several sizes go through prepare, train and predict, each in a process of its
own. The exponent of time is the slope between two sizes on logarithmic scales.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.machine import measured_on
from bench.scale.synthetic import synthetic

SIZES = {"linear": (10_000, 100_000, 1_000_000), "strong": (10_000, 100_000)}
MOST_EXPONENT = 1.1
MOST_GIB = 6.0
STEPS = ("prepare", "train", "predict")


def measured(classifier: str, encoder: str, n_posts: int, work: Path) -> dict[str, Any]:
    """Return seconds and peak memory of each step at one size, and what a post takes on disk."""
    posts = work / "posts.csv"
    synthetic(n_posts, posts)
    table, run, out = work / "posts.parquet", work / "run", work / "forecasts.csv"
    chosen = ["--encoder", encoder, "--classifier", classifier, "--overwrite"]
    commands = {
        "prepare": ["prepare", str(posts), "--out", str(table)],
        "train": ["train", str(table), "--out", str(run), *chosen],
        "predict": ["predict", str(run), str(posts), "--out", str(out)],
    }
    row: dict[str, Any] = {"classifier": classifier, "encoder": encoder, "n_posts": n_posts}
    for step in STEPS:
        row[step] = _spent(commands[step])
    row["stages"] = json.loads((run / "run.json").read_text())["stages"]
    sizes = {"posts.csv": [posts], "posts.parquet": [table], "run": _files(run)}
    sizes["bank"] = [one for one in sizes["run"] if one.name.startswith("bank.")]
    row["bytes_a_post"] = {
        name: round(sum(one.stat().st_size for one in files) / n_posts, 1)
        for name, files in sizes.items()
    }
    row["seconds"] = round(sum(row[step]["seconds"] for step in STEPS), 2)
    row["peak_gib"] = max(row[step]["peak_gib"] for step in STEPS)
    return row


def _files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


def _spent(arguments: list[str]) -> dict[str, float]:
    """Run a command of postcast; return its seconds and peak memory."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "postcast", *arguments, "--quiet"], stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"postcast {' '.join(arguments)} failed")
    return {
        "seconds": round(time.perf_counter() - start, 2),
        "peak_gib": round(_gib(used), 2),
    }


def _gib(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / 2**20


def bars(rows: list[dict[str, Any]], encoder: str) -> list[dict[str, Any]]:
    """Return what was measured as bars."""
    found = []
    for classifier in dict.fromkeys(row["classifier"] for row in rows):
        sizes = [row for row in rows if row["classifier"] == classifier]
        if len(sizes) > 1:
            slopes = [
                math.log(b["seconds"] / a["seconds"]) / math.log(b["n_posts"] / a["n_posts"])
                for a, b in itertools.pairwise(sizes)
            ]
            found.append(
                {
                    "what": f"exponent of time, {classifier}, {encoder}, "
                    f"{sizes[0]['n_posts']:,} to {sizes[-1]['n_posts']:,} posts",
                    "against": "itself",
                    "ratio": round(max(slopes), 3),
                    "spread": [round(min(slopes), 3), round(max(slopes), 3)],
                    "must_reach": MOST_EXPONENT,
                    "met": max(slopes) <= MOST_EXPONENT,
                }
            )
        peak = sizes[-1]["peak_gib"]
        found.append(
            {
                "what": f"peak memory in GiB, {classifier}, {encoder}, "
                f"{sizes[-1]['n_posts']:,} posts",
                "against": "itself",
                "ratio": peak,
                "spread": [peak, peak],
                "must_reach": MOST_GIB,
                "met": peak <= MOST_GIB,
            }
        )
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--classifiers", default=",".join(SIZES))
    parser.add_argument("--encoder", default="tfidf")
    parser.add_argument("--most", type=int, default=10**6, help="Leave larger sizes out.")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    rows = []
    for classifier in chosen.classifiers.split(","):
        for n_posts in SIZES[classifier]:
            if n_posts > chosen.most:
                continue
            with tempfile.TemporaryDirectory() as work:
                row = measured(classifier, chosen.encoder, n_posts, Path(work))
            rows.append(row)
            print(
                f"{classifier:<8} {n_posts:>9,} posts {row['seconds']:>8.1f} s "
                f"{row['peak_gib']:.2f} GiB",
                flush=True,
            )
    result = {**measured_on(), "rows": bars(rows, chosen.encoder), "measured": rows}
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    for bar in result["rows"]:
        print(
            "met    " if bar["met"] else "NOT MET",
            bar["ratio"],
            "of",
            bar["must_reach"],
            bar["what"],
        )


if __name__ == "__main__":
    main()
