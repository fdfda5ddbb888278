"""Time the main job on real posts, and repeat the reference's protocol.

``python -m bench.main_job DATA --out FILE.json``, DATA being the folder that holds
pinterest.csv and reddit.csv. Every run starts with an empty cache.
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
from pathlib import Path
from typing import Any

from bench.machine import measured_on

LIMIT_SECONDS = 120.0
REFERENCE_RANGE = (0.41, 0.47)
SEEDS = (42, 1, 2, 3, 4)
REFERENCE = ["--protocol", "reference", "--classifier", "reference", "--encoder", "minilm"]


def timed(data: Path, name: str, repeats: int) -> dict[str, Any]:
    """Run the main job on one file with an empty cache, several times."""
    seconds, card = [], {}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as work:
            start = time.perf_counter()
            run(data / name, Path(work) / "run", Path(work) / "cache", [])
            seconds.append(time.perf_counter() - start)
            card = json.loads((Path(work) / "run" / "scorecard.json").read_text())
    median = statistics.median(seconds)
    return {
        "what": f"postcast run {name}, empty cache, whole process",
        "median_seconds": round(median, 1),
        "spread_seconds": [round(min(seconds), 1), round(max(seconds), 1)],
        "must_reach": f"under {LIMIT_SECONDS:.0f} s",
        "met": median < LIMIT_SECONDS,
        "classifier": card["classifier"],
        "encoder": card["encoder"],
        "split": card["split"],
        "macro_f1": card["macro_f1"],
        "baselines": {key: one["macro_f1"] for key, one in card["baselines"].items()},
        "difference_to_tfidf_linear": card["differences"]["tfidf_linear"]["macro_f1"],
    }


def reference(data: Path) -> dict[str, Any]:
    """Repeat the reference's protocol with several training seeds; the first one counts."""
    scores = {}
    with tempfile.TemporaryDirectory() as work:
        for seed in SEEDS:
            out = Path(work) / str(seed)
            options = [*REFERENCE, "--seed", str(seed)]
            run(data / "pinterest.csv", out, Path(work) / "cache", options)
            card = json.loads((out / "scorecard.json").read_text())
            scores[seed] = {key: card[key] for key in ("macro_f1", "accuracy", "weighted_f1")}
            scores[seed]["n_test"] = card["n_test"]
            scores[seed]["f1"] = {name: row["f1"] for name, row in card["per_class"].items()}
    low, high = REFERENCE_RANGE
    value = scores[SEEDS[0]]["macro_f1"]["value"]
    return {
        "what": "postcast run pinterest.csv " + " ".join(REFERENCE),
        "macro_f1": value,
        "must_reach": f"{low} to {high}",
        "met": low <= value <= high,
        "published": {"macro_f1": 0.4405, "accuracy": 0.467, "weighted_f1": 0.4576},
        "by_seed": scores,
    }


def run(posts: Path, out: Path, cache: Path, options: list[str]) -> None:
    """Run ``postcast run`` in a process of its own."""
    command = [sys.executable, "-m", "postcast", "run", str(posts), "--out", str(out), "--quiet"]
    environment = {**os.environ, "POSTCAST_CACHE": str(cache)}
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, env=environment)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    rows = [timed(chosen.data, name, chosen.repeats) for name in ("pinterest.csv", "reddit.csv")]
    rows.append(reference(chosen.data))
    result = {**measured_on(), "rows": rows}
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    for row in rows:
        print("met   " if row["met"] else "NOT MET", row["what"], row["must_reach"])


if __name__ == "__main__":
    main()
