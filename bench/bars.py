"""What the forecasts must reach on the pins, and whether they do: ``python -m bench.bars``.

Reads the results of `bench.suite`, and of one more run on one core:
``taskset -c 0 python -m bench.quality POSTS --protocol chronological --classifiers strong
--out bench/results/quality/pinterest-one-core.json``.
"""

from __future__ import annotations

import json
import statistics
from typing import Any

from bench.tables import RESULTS

OUT = RESULTS.parent / "quality_bars.json"


def main() -> None:
    """Write and print."""
    rows = [
        _row("cv, macro-F1", _of("cv", "macro_f1"), 0.53),
        _row("cv, QWK", _of("cv", "qwk"), 0.44),
        _row("cv, Spearman", _of("cv", "spearman"), 0.56),
        _row("cv, ECE", _of("cv", "ece"), 0.03, lower_is_better=True),
        _row("the reference's own split, macro-F1", _of("reference", "macro_f1"), 0.52),
        _row("the same, upper end of accuracy", _of("reference", "accuracy", "high"), 0.53),
        _row("blocks, macro-F1", _of("blocks", "macro_f1"), 0.485),
        _row("newest fifth, frozen, macro-F1", _of("chronological", "macro_f1"), 0.41),
        _row("four origins, frozen, macro-F1 over all posts", _of("rolling", "macro_f1"), 0.44),
        _row("the same, mean of the four", _mean("rolling"), 0.44),
        _row("online at once, mean of newest fifth and four origins", _both("online"), 0.475),
        _row("the same, origins as a mean of four", _both("online", of_four=True), 0.475),
        _row("online after 20 posts, mean of both (the live claim)", _both("live"), 0.445),
        _row("the same, origins as a mean of four", _both("live", of_four=True), 0.445),
        _row("seconds to fit on one core", _seconds(), 10.0, lower_is_better=True),
    ]
    about = json.loads((RESULTS / "pinterest-cv.json").read_text("utf-8"))
    measured_on = {name: about[name] for name in ("date", "machine", "versions")}
    OUT.write_text(json.dumps({**measured_on, "rows": rows}, indent=1) + "\n", "utf-8")
    for row in rows:
        print("met    " if row["met"] else "NOT MET", row["value"], row["must_reach"], row["what"])


def _row(what: str, value: float, bar: float, *, lower_is_better: bool = False) -> dict[str, Any]:
    met = value <= bar if lower_is_better else value >= bar
    sign = "≤" if lower_is_better else "≥"
    return {"what": what, "value": round(value, 4), "must_reach": f"{sign} {bar}", "met": met}


def _strong(run: str) -> dict[str, Any]:
    path = RESULTS / f"pinterest-{run}.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))["classifiers"]["strong"]
    return found


def _of(run: str, score: str, end: str = "value") -> float:
    return float(_strong(run)[score][end])


def _mean(run: str) -> float:
    return float(_strong(run)["mean_of_repeats"]["macro_f1"])


def _both(mode: str, *, of_four: bool = False) -> float:
    origins = f"rolling-{mode}"
    rolling = _mean(origins) if of_four else _of(origins, "macro_f1")
    return statistics.fmean([_of(f"chronological-{mode}", "macro_f1"), rolling])


def _seconds() -> float:
    return float(_strong("one-core")["fit_seconds"]["median"])


if __name__ == "__main__":
    main()
