"""Do the words that an explanation names move the forecast? ``python -m bench.faithfulness POSTS``.

Deletion curves on held-out posts: the words that raise the forecast most by their attribution are
taken out of the text and the post is forecast anew, beside as many words drawn at random.
``--out FILE.json`` takes the result.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.machine import measured_on
from postcast import Post, load, read_posts, train
from postcast.explain import Explanation, explain
from postcast.forecaster import Forecaster
from postcast.schema import Forecast
from postcast.why.draft_parts import Piece, kept_post
from postcast.why.effort import MOST_PAIRS

FEWEST_WORDS = 6
DELETED = (1, 2, 3, 5)
RANDOM_DRAWS = 10
RESAMPLINGS = 2_000
LIMIT_SECONDS = 1.0

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fall:
    """By how much one post's forecast fell without some words.

    Parameters
    ----------
    chosen, drawn : ndarray of float, shape (n_deleted,)
        Without the words of the greatest attribution, and without words drawn at random.
    """

    chosen: Numbers
    drawn: Numbers


def held_out(run: Path, posts: Path, most: int, seed: int) -> list[Post]:
    """Return some of the posts that a run was tested on, with words enough to delete some."""
    with (run / "predictions.csv").open(newline="", encoding="utf-8") as file:
        tested = {row["id"] for row in csv.DictReader(file)}
    rows = read_posts(posts).table.to_dicts()
    found = [
        Post(text=row["text"], title=row["title"], author=row["author"], time=row["time"])
        for row in rows
        if row["id"] in tested and len((row["text"] or "").split()) >= FEWEST_WORDS
    ]
    drawn = np.random.default_rng(seed).permutation(len(found))[:most]
    return [found[place] for place in sorted(drawn)]


def worth(answers: Sequence[Forecast], name: str) -> dict[str, Numbers]:
    """Return what is watched of some forecasts: P(one class), and log(1 + expected count)."""
    counts = [0.0 if one.expected_count is None else one.expected_count for one in answers]
    return {
        "probability": np.array([one.probabilities[name] for one in answers]),
        "log_engagement": np.log1p(np.array(counts)),
    }


def falls(
    forecaster: Forecaster, post: Post, told: Explanation, rng: np.random.Generator
) -> dict[str, Fall]:
    """Delete words of one post, those of greatest attribution and drawn ones."""
    words = [part for part in told.parts if part.kind == "word"]
    words.sort(key=lambda part: (part.field or "", part.start or 0))
    pieces = [Piece("word", p.name, field=p.field, start=p.start, end=p.end) for p in words]
    name = told.forecast.forecast
    attributed = {
        "probability": np.array([part.effect[name] for part in words]),
        "log_engagement": np.log([part.factor for part in words]),
    }
    best = [np.argsort(-values, kind="stable") for values in attributed.values()]
    orders = [*best, *(rng.permutation(len(words)) for _ in range(RANDOM_DRAWS))]
    kept = [np.isin(np.arange(len(words)), order[n:]) for n in DELETED for order in orders]
    answers = [told.forecast, *forecaster.predict([kept_post(post, pieces, row) for row in kept])]
    found = {}
    for place, (measure, seen) in enumerate(worth(answers, name).items()):
        fell = (seen[0] - seen[1:]).reshape(len(DELETED), len(orders))
        found[measure] = Fall(fell[:, place], fell[:, len(best) :].mean(axis=1))
    return found


def curve(every: Sequence[Fall], seed: int) -> list[dict[str, Any]]:
    """Return mean falls with 95% intervals, and the paired differences, by words deleted."""
    chosen, drawn = (np.array([getattr(one, n) for one in every]) for n in ("chosen", "drawn"))
    return [
        {
            "deleted": n_words,
            "chosen": interval(chosen[:, place], seed),
            "random": interval(drawn[:, place], seed),
            "difference": interval(chosen[:, place] - drawn[:, place], seed),
        }
        for place, n_words in enumerate(DELETED)
    ]


def interval(values: Numbers, seed: int) -> dict[str, float]:
    """Return a mean over posts with its 95% bootstrap interval."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(values), (RESAMPLINGS, len(values)))
    low, high = np.quantile(values[rows].mean(axis=1), [0.025, 0.975])
    mean = float(values.mean())
    return {"value": round(mean, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def measured(run: Path, posts: Sequence[Post], seed: int) -> dict[str, Any]:
    """Explain posts with a saved forecaster; return curves and seconds a text."""
    forecaster = load(run)
    forecaster.predict(posts[0])
    explain(forecaster, posts[0])
    rng, seconds, cpu = np.random.default_rng(seed), [], []
    found: dict[str, list[Fall]] = {"probability": [], "log_engagement": []}
    for post in posts:
        since, busy = time.perf_counter(), time.process_time()
        told = explain(forecaster, post, seed=seed)
        seconds.append(time.perf_counter() - since)
        cpu.append(time.process_time() - busy)
        for measure, fall in falls(forecaster, post, told, rng).items():
            found[measure].append(fall)
    words = [len(post.text.split()) for post in posts]
    return {
        "encoder": forecaster.facts["encoder"],
        "classifier": forecaster.facts["classifier"],
        "posts": len(posts),
        "most_pairs_drawn": MOST_PAIRS,
        "words": {"median": statistics.median(words), "most": max(words)},
        "curves": {measure: curve(every, seed) for measure, every in found.items()},
        "seconds_a_text": spread(seconds),
        "processor_seconds_a_text": spread(cpu),
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, 95th percentile and greatest."""
    found = [round(float(one), 3) for one in np.quantile(values, [0.5, 0.95, 1.0])]
    return dict(zip(("median", "p95", "most"), found, strict=True))


def rows_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what must hold, with whether it does."""
    rows: list[dict[str, Any]] = [
        {
            "what": f"{measure}: fall without {row['deleted']} chosen words less random ones",
            "difference": row["difference"],
            "must_reach": "above 0",
            "met": row["difference"]["low"] > 0,
        }
        for measure, curve_of in result["curves"].items()
        for row in curve_of
    ]
    limit = f"under {LIMIT_SECONDS:g}"
    for name, said in (("median", "median"), ("p95", "95th percentile")):
        value = result["processor_seconds_a_text"][name]
        what = f"processor seconds a text, {said}"
        met = value < LIMIT_SECONDS
        rows.append({"what": what, "value": value, "must_reach": limit, "met": met})
    return rows


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("posts", type=Path)
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--most", type=int, default=200, help="held-out posts")
    parser.add_argument("--run", type=Path, help="a run of these posts, to train none")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        run = asked.run or Path(work) / "RUN"
        if asked.run is None:
            train(read_posts(asked.posts), {"encoder": asked.encoder}, out=run)
        posts = held_out(run, asked.posts, asked.most, asked.seed)
        result = measured(run, posts, asked.seed)
    whole = {**measured_on(), "seed": asked.seed, **result, "rows": rows_of(result)}
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
