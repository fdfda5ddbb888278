"""The picture of what a forecaster leans on.

Knows the scorecard only; its title is read off its figures.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.evaluate.drawing import (
    INK,
    OWN_COLOUR,
    blank,
    legend_above,
    plain_number,
    styled,
)
from postcast.evaluate.summary import by_fall
from postcast.evaluate.words import FEATURE_GROUPS, note_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from postcast.scorecard import Estimate, Scorecard

_CLEAR = {"label": "clear"}
_CHANCE = {"label": "may be chance", "markerfacecolor": "white"}
_FEWEST_PLACES = 3  # so that a single group does not float in a void
_LEAST_REACH = 0.05  # of macro-F1, below which nothing is worth a closer look


def importance(scorecard: Scorecard) -> Figure:
    """Draw by how much macro-F1 falls when posts swap each group of features."""
    falls = {group: found.macro_f1_fall for group, found in by_fall(scorecard)}
    with styled():
        figure, (axes,) = blank(_title(falls), note_for(scorecard))
        for looks, clear in ((_CLEAR, True), (_CHANCE, False)):
            places = [p for p, fall in enumerate(falls.values()) if _is_clear(fall) is clear]
            if places:
                _points(axes, places, [list(falls.values())[place] for place in places], looks)
        axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
        names = [textwrap.fill(group, 16) for group in falls]
        axes.set_yticks(range(len(falls)), names)
        middle, reach = (len(falls) - 1) / 2, max(len(falls), _FEWEST_PLACES) / 2
        axes.set_ylim(middle + reach, middle - reach)
        axes.set_xlim(*_reach(axes))
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.xaxis.set_major_formatter(plain_number)
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel("fall of macro-F1 when posts swap it, with 95% interval")
        if not all(map(_is_clear, falls.values())):
            legend_above(axes)
        return figure


def _points(axes: Axes, places: list[int], falls: list[Estimate], looks: dict[str, Any]) -> None:
    values = np.array([fall.value or 0.0 for fall in falls])
    lows = np.array([fall.value if fall.low is None else fall.low for fall in falls])
    highs = np.array([fall.value if fall.high is None else fall.high for fall in falls])
    reach = np.maximum([values - lows, highs - values], 0)
    line: dict[str, Any] = {"ecolor": OWN_COLOUR, "elinewidth": 1.6, "capsize": 3.5}
    axes.errorbar(values, places, xerr=reach, fmt="none", **line)
    axes.plot(values, places, "o", color=OWN_COLOUR, markersize=8, zorder=3, **looks)
    for place, value, high in zip(places, values, highs, strict=True):
        axes.annotate(
            f"{round(value, 3) + 0.0:.3f}",
            (high, place),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )


def _reach(axes: Axes) -> tuple[float, float]:
    """Return limits that hold zero and every interval, with room for the figures at the right."""
    least, most = min(axes.dataLim.x0, 0.0), max(axes.dataLim.x1, _LEAST_REACH)
    return least - 0.06 * (most - least), most + 0.16 * (most - least)


def _is_clear(fall: Estimate) -> bool:
    return fall.low is not None and fall.low > 0


def _title(falls: dict[str, Estimate]) -> str:
    first, fall = next(iter(falls.items()))
    called = FEATURE_GROUPS[first].called if first in FEATURE_GROUPS else first
    if not _is_clear(fall):
        return "Nothing that posts swap clearly lowers macro-F1"
    most = " most," if len(falls) > 1 else ""
    return f"Swapping {called} between posts lowers macro-F1{most} by {fall.value:.2f}"
