"""Results of `bench.scale`, `bench.shards` and `bench.speed` → the tables of docs/scaling.md.

What is reckoned for more posts than were measured is in proportion, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "results"
SIZES = {"10 million": 10**7, "1 billion": 10**9}
DOLLARS_A_CORE_HOUR = 0.04
"""Of a rented core with 4 GiB; a reader puts in what theirs costs."""

WIDTH, BYTES_A_NUMBER = 384, 4
SHARD_SECONDS = 300
"""Of work that is lost with a shard at most."""


def tables() -> Iterator[tuple[str, str]]:
    """Yield every table whose results are there."""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in RESULTS.glob("*.json")}
    if "shards" in found:
        yield "shards", shards(found["shards"])
    if {"scale", "scale-minilm"} <= found.keys():
        yield "bytes", on_disk(found["scale"]["measured"] + found["scale-minilm"]["measured"])
    if "neighbours" in found:
        yield "neighbours", neighbours(found["neighbours"]["measured"])
    if {"scale", "speed"} <= found.keys():
        yield "embedding", embedding(found["speed"]["rows"])
        yield "one machine", one_machine(found["scale"]["measured"])


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shards(result: dict[str, Any]) -> str:
    """Return what dividing brings and costs."""
    rows = [
        [
            row["what"],
            row["against"],
            f"{row['ratio']:.2f} [{row['spread'][0]:.2f}, {row['spread'][1]:.2f}]",
            f"{row['must_reach']:g}",
            "yes" if row["met"] else "**no**",
        ]
        for row in result["rows"]
    ]
    return _table(["what", "against", "times", "bar", "met"], rows)


def on_disk(measured: list[dict[str, Any]]) -> str:
    """Return what a post takes in each file."""
    rows = [
        [
            f"{row['classifier']}, {row['encoder']}",
            f"{row['n_posts']:,}",
            *(f"{row['bytes_a_post'][name]:,.0f}" for name in row["bytes_a_post"]),
        ]
        for row in measured
    ]
    names = [f"`{name}`" if "." in name else name for name in measured[0]["bytes_a_post"]]
    return _table(["run", "posts", *(f"{name}, bytes a post" for name in names)], rows)


def neighbours(measured: list[dict[str, Any]]) -> str:
    """Return what it takes to find neighbours."""
    rows = [
        [
            f"{row['n_vectors']:,}",
            f"{row['shards']}",
            f"{row['index_seconds']:,.1f}",
            f"{row['milliseconds_a_question']:.2f}",
            f"{row['recall_of_few']:.2f}",
            f"{row['recall']:.2f}",
        ]
        for row in measured
    ]
    head = ["vectors", "indexes", "s to index", "ms a question"]
    return _table([*head, "found of the nearest 30", "of the nearest 100"], rows)


def embedding(rows: list[dict[str, Any]]) -> str:
    """Return what it takes to embed very many posts, in proportion to what was measured."""
    lines = []
    for row in rows:
        rate = row.get("posts_a_second")
        if rate is None or "cold cache" not in row["what"]:
            continue
        model = row["what"].split("cold cache, ")[1].replace("'s real weights, --precision", "")
        model = model.replace("'s shape with random weights, --precision", "")
        line = [model, f"{rate:.0f}", f"{rate * SHARD_SECONDS:,.0f}"]
        for n_posts in SIZES.values():
            hours = n_posts / rate / 3600
            dollars = hours * DOLLARS_A_CORE_HOUR
            shown = f"{dollars:,.0f}" if dollars >= 10 else f"{dollars:.2f}"
            line.append(f"{hours:,.0f} core-hours, ${shown}")
        lines.append(line)
    head = ["encoder", "posts a second and core", "posts of a shard of five minutes", *SIZES]
    return _table(head, lines)


def one_machine(measured: list[dict[str, Any]]) -> str:
    """Return what one core and one memory must do.

    Time is in proportion to the largest size that was measured; memory grows by what it grew by
    between the two largest.
    """
    lines: list[list[str]] = []
    for classifier in dict.fromkeys(row["classifier"] for row in measured):
        before, last = [one for one in measured if one["classifier"] == classifier][-2:]
        for step in ("prepare", "train", "predict"):
            if step == "prepare" and lines:
                continue  # whatever learns afterwards
            line = [
                f"`{step}`" if step == "prepare" else f"`{step}`, {classifier}",
                f"{last['n_posts']:,}: {last[step]['seconds']:,.0f} s, "
                f"{last[step]['peak_gib']:.1f} GiB",
            ]
            for n_posts in SIZES.values():
                hours = last[step]["seconds"] * n_posts / last["n_posts"] / 3600
                line.append(f"{hours:,.1f} h, {_gib(before, last, step, n_posts):,.0f} GiB")
            lines.append(line)
    return _table(["step", "measured", *SIZES], lines)


def _gib(before: dict[str, Any], last: dict[str, Any], step: str, n_posts: int) -> float:
    peak = float(last[step]["peak_gib"])
    a_post = (peak - float(before[step]["peak_gib"])) / float(last["n_posts"] - before["n_posts"])
    return peak + a_post * (n_posts - int(last["n_posts"]))
