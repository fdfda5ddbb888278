"""Pictures of forecast against actual classes.

Knows the scorecard's confusion matrix; every title is read off it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from postcast.evaluate.drawing import (
    BASELINE_COLOURS,
    CLASS_COLOURS,
    INK,
    OWN_COLOUR,
    QUIET,
    blank,
    class_axes,
    class_look,
    legend_above,
    short_count,
    styled,
)
from postcast.evaluate.words import listed, note_for
from postcast.schema import CLASSES
from postcast.wording import agreeing, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from postcast.schema import FloatArray, IntArray
    from postcast.scorecard import Scorecard


def confusion_matrix(scorecard: Scorecard) -> Figure:
    """Draw how many posts of each actual class got which forecast."""
    counts = _counts(scorecard)
    wrong = counts - np.diag(np.diag(counts))
    actual, forecast = np.unravel_index(wrong.argmax(), wrong.shape)
    n_right, were = np.trace(counts), agreeing(np.trace(counts), "was", "were")
    title = f"{n_right:,} of {counted(counts.sum(), 'post')} {were} forecast right"
    if wrong.any():
        title += (
            f"; the commonest mistake is {CLASSES[actual]} forecast {CLASSES[forecast]} "
            f"({wrong.max():,})"
        )
    texts = [[f"{count:,}" for count in row] for row in counts]
    return _heatmap(title, counts / max(1, counts.max()), texts, note_for(scorecard))


def confusion_matrix_share(scorecard: Scorecard) -> Figure:
    """Draw which share of each actual class got which forecast."""
    shares = _shares(_counts(scorecard))
    found = {
        name: shares[code, code]
        for code, name in enumerate(CLASSES)
        if scorecard.per_class[name].support
    }
    best, worst = max(found, key=found.__getitem__), min(found, key=found.__getitem__)
    title = f"{best.capitalize()} posts are found most often ({found[best]:.0%})"
    if f"{found[worst]:.0%}" != f"{found[best]:.0%}":
        title += f", {worst} posts least ({found[worst]:.0%})"
    elif len(found) > 1:
        title = f"Every class is found equally often ({found[best]:.0%})"
    texts = [
        [f"{share:.0%}" if scorecard.per_class[name].support else "–" for share in row]
        for name, row in zip(CLASSES, shares, strict=True)
    ]
    return _heatmap(title, shares, texts, note_for(scorecard))


def confusion_matrix_bar(scorecard: Scorecard) -> Figure:
    """Draw, side by side for each actual class, how many posts got which forecast."""
    counts = _counts(scorecard)
    title = _mostly(counts)
    with styled():
        figure, (axes,) = blank(title, note_for(scorecard))
        for code, name in enumerate(CLASSES):
            bars = axes.bar(
                np.arange(3) + (code - 1) * 0.27,
                counts[:, code],
                0.27,
                label=f"forecast {name}",
                **class_look(code),
            )
            axes.bar_label(bars, list(map(short_count, counts[:, code])), fontsize=7.5, padding=2)
        class_axes(axes, "actual popularity class", "posts")
        legend_above(axes)
        return figure


def stacked_histogram(scorecard: Scorecard) -> Figure:
    """Draw how many posts got each forecast, stacked by their actual class."""
    counts = _counts(scorecard)
    asked = counts.sum(0)
    parts = [
        f"{counts[code, code] / asked[code]:.0%} for {name}"
        for code, name in enumerate(CLASSES)
        if asked[code]
    ]
    title = f"How often a forecast is right: {listed(parts)}"
    with styled():
        figure, (axes,) = blank(title, note_for(scorecard))
        _stack(axes, counts, "actually {}", "{:,.0f}")
        class_axes(axes, "forecast popularity class", "posts")
        legend_above(axes)
        return figure


def stacked_bar(scorecard: Scorecard) -> Figure:
    """Draw the shares of the forecasts that each actual class got, stacked to one."""
    counts = _counts(scorecard)
    parts = []
    for code, name in enumerate(CLASSES):
        if counts[code].sum():
            off = 1 - counts[code, code] / counts[code].sum()
            parts.append(f"{off:.0%} of the {name}")
    title = f"Forecast wrong: {listed(parts)} posts"
    with styled():
        figure, (axes,) = blank(title, note_for(scorecard))
        _stack(axes, 100 * _shares(counts).T, "forecast {}", "{:.0f}%")
        class_axes(axes, "actual popularity class", "share of the class's posts (%)")
        for absent in np.flatnonzero(counts.sum(1) == 0):
            axes.text(float(absent), 2, "no posts", ha="center", color=QUIET)
        legend_above(axes)
        return figure


def predicted_distribution(scorecard: Scorecard) -> Figure:
    """Draw the share of each class among the forecasts beside its share among the posts."""
    counts = _counts(scorecard)
    actual, forecast = 100 * counts.sum(1) / counts.sum(), 100 * counts.sum(0) / counts.sum()
    most = int(forecast.argmax())
    title = (
        f"{CLASSES[most].capitalize()} is forecast for {forecast[most]:.0f}% of posts; "
        f"{actual[most]:.0f}% were {CLASSES[most]}"
    )
    series = {"actual": actual, "forecast": forecast}
    with styled():
        figure, (axes,) = blank(title, note_for(scorecard))
        for place, (label, shares) in enumerate(series.items()):
            bars = axes.bar(
                np.arange(3) + (place - 0.5) * 0.36,
                shares,
                0.36,
                color=(BASELINE_COLOURS[0], OWN_COLOUR)[place],
                edgecolor=INK,
                linewidth=0.6,
                label=label,
            )
            axes.bar_label(bars, [f"{share:.0f}%" for share in shares], fontsize=8.5, padding=2)
        class_axes(axes, "popularity class", "share of posts (%)")
        legend_above(axes)
        return figure


def _mostly(counts: IntArray) -> str:
    present = [code for code in range(len(CLASSES)) if counts[code].any()]
    astray = [code for code in present if counts[code].argmax() != code]
    if not astray:
        return "Posts of each class are most often forecast right"
    parts = [f"{CLASSES[code]} as {CLASSES[counts[code].argmax()]}" for code in astray]
    title = f"Most often mistaken: {listed(parts)}"
    right = [CLASSES[code] for code in present if code not in astray]
    return f"{title}; {listed(right)} most often forecast right" if right else title


def _heatmap(title: str, shades: FloatArray, texts: Sequence[Sequence[str]], note: str) -> Figure:
    from matplotlib.colors import LinearSegmentedColormap

    ramp = LinearSegmentedColormap.from_list("postcast", ["#ffffff", *CLASS_COLOURS])
    with styled():
        figure, (axes,) = blank(title, note)
        axes.pcolormesh(shades, cmap=ramp, vmin=0, vmax=1, edgecolors="white", linewidth=2)
        for row in range(3):
            for column in range(3):
                axes.text(
                    column + 0.5,
                    row + 0.5,
                    texts[row][column],
                    ha="center",
                    va="center",
                    fontsize=13,
                    fontweight="bold" if row == column else "normal",
                    color="white" if shades[row, column] > 0.76 else INK,
                )
        axes.set_xticks(np.arange(3) + 0.5, CLASSES)
        axes.set_yticks(np.arange(3) + 0.5, CLASSES)
        axes.set_xlabel("forecast popularity class")
        axes.set_ylabel("actual popularity class")
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        return figure


def _stack(axes: Axes, heights: FloatArray | IntArray, label: str, shown: str) -> None:
    """Stack the rows of `heights` (parts, bars); a part too thin for its number has none."""
    base = np.zeros(3)
    for code, name in enumerate(CLASSES):
        bars = axes.bar(
            range(3), heights[code], 0.62, base, label=label.format(name), **class_look(code)
        )
        thick = heights[code] > 0.06 * heights.sum(0).max()
        axes.bar_label(
            bars,
            [shown.format(h) if big else "" for h, big in zip(heights[code], thick, strict=True)],
            label_type="center",
            fontsize=9,
            color="white" if code == 2 else INK,
            bbox={"facecolor": CLASS_COLOURS[code], "edgecolor": "none", "pad": 1.2},
        )
        base = base + heights[code]


def _counts(scorecard: Scorecard) -> IntArray:
    return np.array(scorecard.confusion.counts)


def _shares(counts: IntArray) -> FloatArray:
    shares: FloatArray = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    return shares
