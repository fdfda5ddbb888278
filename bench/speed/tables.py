"""Results of `bench.speed` and `bench.scale` → the tables of docs/speed.md."""

from __future__ import annotations

from typing import Any

STATES = {True: "yes", False: "**no**", None: "not applicable"}


def bars(result: dict[str, Any]) -> str:
    """Return every speed bar as a Markdown table."""
    rows = []
    for bar in result["rows"]:
        write = _difference if bar.get("is_difference") else _times
        ratio = "–"
        if bar["ratio"] is not None:
            low, high = map(write, bar["spread"])
            ratio = f"{write(bar['ratio'])} [{low}, {high}]"
        share = bar.get("share_of_gemm_limit")
        rows.append(
            [
                bar["what"],
                bar["against"],
                ratio,
                write(bar["must_reach"]),
                STATES[bar["met"]],
                "" if share is None else f"{share:.0%}",
            ]
        )
    head = ["what", "against", "faster, or higher", "must reach", "met", "share of the limit"]
    return _table(head, rows)


def growth(result: dict[str, Any]) -> str:
    """Return seconds and memory by the number of posts as a Markdown table."""
    rows = [
        [
            one["classifier"],
            f"{one['n_posts']:,}",
            *(f"{one[step]['seconds']:,.0f}" for step in ("prepare", "train", "predict")),
            f"{one['n_posts'] / one['seconds']:,.0f}",
            f"{one['peak_gib']:.1f}",
        ]
        for one in result["measured"]
    ]
    head = ["classifier", "posts", "prepare, s", "train, s", "predict, s", "posts a second", "GiB"]
    return _table(head, rows)


def _times(ratio: float) -> str:
    if 0.9 <= ratio < 1:
        return f"{ratio:.2f}×"
    return f"{ratio:.0f}×" if ratio >= 100 else f"{ratio:.1f}×"


def _difference(value: float) -> str:
    return f"{value:+.4f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
