"""What ``fastest`` costs in macro-F1, in cross-validation: the default classifier, both precisions.

``python -m bench.speed.quality POSTS --out FILE.json``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.speed.machine import NEEDS, instruction_sets, missing

MOST_LOST = 0.005


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("posts", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    lacking = missing(NEEDS["fastest"])
    if lacking is not None:  # fastest would be exact, or near it
        row = {**not_measured(chosen.repeats), "met": None, "not_applicable": lacking}
        chosen.out.write_text(json.dumps([row], indent=1) + "\n", "utf-8")
        return
    asked = ["--classifiers", "strong", "--encoder", "minilm", "--protocol", "cv"]
    asked += ["--repeats", str(chosen.repeats), "--jobs", str(chosen.jobs)]
    found = {}
    with tempfile.TemporaryDirectory() as work:
        for precision in ("exact", "fastest"):
            out = Path(work) / f"{precision}.json"
            command = [sys.executable, "-m", "bench.quality", str(chosen.posts), *asked]
            more = ["--precision", precision, "--out", str(out)]
            subprocess.run([*command, *more], check=True, stdout=subprocess.DEVNULL)
            found[precision] = json.loads(out.read_text("utf-8"))["classifiers"]["strong"]
    chosen.out.write_text(json.dumps([lost(found, chosen.repeats)], indent=1) + "\n", "utf-8")


def not_measured(repeats: int) -> dict[str, Any]:
    """Return the bar where there is nothing to measure."""
    return {
        "what": f"macro-F1 of strong, minilm, --precision fastest, {repeats} × 5 folds",
        "against": "--precision exact",
        "ratio": None,
        "spread": None,
        "must_reach": -MOST_LOST,
        "needs": list(NEEDS["fastest"]),
        "instruction_sets": instruction_sets(),
        "is_difference": True,
    }


def lost(found: dict[str, dict[str, Any]], repeats: int) -> dict[str, Any]:
    """Return the bar: macro-F1 of fastest less that of exact, and of each repeat."""
    exact, fastest = found["exact"], found["fastest"]
    each = [
        round(b["macro_f1"] - a["macro_f1"], 4)
        for a, b in zip(exact["repeats"], fastest["repeats"], strict=True)
    ]
    difference = fastest["macro_f1"]["value"] - exact["macro_f1"]["value"]
    return {
        "what": f"macro-F1 of strong, minilm, --precision fastest, {repeats} × 5 folds",
        "against": "--precision exact",
        "ratio": round(difference, 4),
        "spread": [min(each), max(each)],
        "must_reach": -MOST_LOST,
        "met": difference >= -MOST_LOST,
        "needs": list(NEEDS["fastest"]),
        "instruction_sets": instruction_sets(),
        "exact": exact["macro_f1"],
        "fastest": fastest["macro_f1"],
        "is_difference": True,
    }


if __name__ == "__main__":
    main()
