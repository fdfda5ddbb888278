"""The pictures of a drift: scores by period beside the training's, and how far posts shifted.

Knows the records of a drift only; every title is read off its figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from postcast.drifted import CANNOT_TELL, HOLDS
from postcast.evaluate.drawing import (
    BASELINE_COLOURS,
    INK,
    OWN_COLOUR,
    QUIET,
    blank,
    legend_above,
    plain_number,
    styled,
)
from postcast.evaluate.drift_text import best_baseline
from postcast.evaluate.summary import SCORE_NAMES
from postcast.evaluate.words import BASELINES, listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from postcast.drifted import Drift, Period
    from postcast.scorecard import Estimate

MOST_LABELS = 8
"""Periods whose names fit below an axis."""

SHOWN = {"macro_f1": "score_by_period", "log_loss": "loss_by_period", "ece": "ece_by_period"}
"""Score to the name of its picture."""


def draw_drift(drift: Drift) -> Iterator[tuple[str, Figure]]:
    """Yield the name and drawing of each picture that the posts allow."""
    scored = [one for one in drift.periods if one.scores]
    if len(scored) > 1:
        for score, name in SHOWN.items():
            yield name, by_period(drift, scored, score)
    if any(one.told_apart.value is not None for one in drift.shifts):
        yield "shift", shift(drift)


def by_period(drift: Drift, scored: list[Period], score: str) -> Figure:
    """Draw a score of each period with its interval, the best baseline's, and the training's."""
    then = next(
        (c.then for c in drift.checks if c.score == score and c.against == "training"), None
    )
    with styled():
        figure, (axes,) = blank(_title(drift, scored, score), _note(drift))
        places = range(len(scored))
        _band(axes, then)
        best = best_baseline(drift)
        if best is not None:
            values = [_ends(one.baselines[best][score])[1] for one in scored]
            called = BASELINES.get(best, best)
            axes.plot(
                places,
                values,
                "s--",
                color=QUIET,
                markerfacecolor=BASELINE_COLOURS[1],
                linewidth=0.9,
                markersize=5,
                label=called,
            )
        for place, one in zip(places, scored, strict=True):
            low, _, high = _ends(one.scores[score])
            axes.plot([place, place], [low, high], color=OWN_COLOUR, linewidth=1.6)
        own = [_ends(one.scores[score])[1] for one in scored]
        axes.plot(
            places,
            own,
            "o-",
            color=OWN_COLOUR,
            linewidth=1.2,
            markersize=6,
            label="this forecaster",
        )
        step = -(-len(scored) // MOST_LABELS)
        axes.set_xticks(list(places)[::step], [one.label for one in scored][::step])
        if len(scored) > 5:
            axes.tick_params(axis="x", labelrotation=30)
        axes.set_ylabel(SCORE_NAMES[score])
        axes.yaxis.set_major_formatter(plain_number)
        legend_above(axes)
        return figure


def shift(drift: Drift) -> Figure:
    """Draw how well newer posts are told from older ones by each block."""
    found = [one for one in drift.shifts if one.told_apart.value is not None]
    shifted = [one.block for one in found if one.level not in ("none seen", "not known")]
    title = (
        f"Newer posts differ from those of the training in {listed(shifted)}"
        if shifted
        else "No shift of the newer posts is seen"
    )
    with styled():
        figure, (axes,) = blank(title, _note(drift))
        for place, one in enumerate(found):
            low, area, high = _ends(one.told_apart)
            axes.plot([low, high], [place, place], color=OWN_COLOUR, linewidth=1.6)
            axes.plot(area, place, "o", color=OWN_COLOUR, markersize=6.5, zorder=3)
            axes.annotate(
                one.level,
                (1.0, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=QUIET,
                annotation_clip=False,
            )
        axes.axvline(0.5, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        axes.set_xlim(min(0.4, *(_ends(one.told_apart)[0] for one in found)), 1.0)
        axes.set_yticks(range(len(found)), [one.block for one in found])
        axes.set_ylim(len(found) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.set_xlabel("area under the ROC curve; dashed: no better than guessing")
        axes.xaxis.set_major_formatter(plain_number)
        return figure


def _band(axes: Axes, then: Estimate | None) -> None:
    """Draw the training's score as a band."""
    if then is None or then.value is None or then.low is None or then.high is None:
        return
    axes.axhspan(then.low, then.high, color=BASELINE_COLOURS[0], zorder=0, linewidth=0)
    axes.axhline(
        then.value,
        color=INK,
        linewidth=0.9,
        linestyle=(0, (4, 3)),
        zorder=1,
        label="training's test",
    )


def _ends(found: Estimate) -> tuple[float, float, float]:
    """Return lower end, value and upper end of an estimate that has a value."""
    value = found.value or 0.0
    return (
        value if found.low is None else found.low,
        value,
        value if found.high is None else found.high,
    )


def _title(drift: Drift, scored: list[Period], score: str) -> str:
    values = [one.scores[score].value or 0.0 for one in scored]
    span = f"{min(values):.2f} to {max(values):.2f}"
    named = SCORE_NAMES[score]
    named = named if named[:2].isupper() else f"{named[0].upper()}{named[1:]}"
    if drift.verdict == CANNOT_TELL:
        return f"{named} by period: {span}"
    worse = any(c.is_worse and c.score == score for c in drift.checks)
    told = "clearly worse than it was" if worse else "not clearly worse than it was"
    if drift.verdict == HOLDS:
        told = "as good as it was, as far as can be seen"
    return f"{named} by period: {span}, {told}"


def _note(drift: Drift) -> str:
    return "synthetic posts" if drift.synthetic else ""
