"""Pictures of the scores of each class, alone and beside the baselines'.

Knows the scorecard only; every title is read off its figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.evaluate.drawing import (
    BASELINE_COLOURS,
    BASELINE_HATCHES,
    INK,
    OWN_COLOUR,
    blank,
    class_axes,
    legend_above,
    styled,
)
from postcast.evaluate.words import BASELINES, listed, note_for
from postcast.schema import CLASSES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from postcast.schema import FloatArray
    from postcast.scorecard import ClassFigures, Scorecard


_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": BASELINE_COLOURS[0], "edgecolor": INK, "linewidth": 0.6},
    {"color": BASELINE_COLOURS[2], "edgecolor": INK, "linewidth": 0.6},
    {"color": OWN_COLOUR, "edgecolor": INK, "linewidth": 0.6},
)


def classification_report_bar(scorecard: Scorecard) -> Figure:
    """Draw precision, recall and F1 of each class with their macro and weighted means."""
    rows = scorecard.per_class
    best = max(CLASSES, key=lambda name: rows[name].f1)
    worst = min(CLASSES, key=lambda name: rows[name].f1)
    title = (
        f"{best.capitalize()} has the best F1 ({rows[best].f1:.2f}), "
        f"{worst} the worst ({rows[worst].f1:.2f})"
    )
    measures: Mapping[str, FloatArray] = {
        "precision": np.array([rows[name].precision for name in CLASSES]),
        "recall": np.array([rows[name].recall for name in CLASSES]),
        "F1": np.array([rows[name].f1 for name in CLASSES]),
    }
    support = np.array([rows[name].support for name in CLASSES])
    with styled():
        figure, (axes,) = blank(title, note_for(scorecard))
        for place, (label, values) in enumerate(measures.items()):
            heights = [*values, values.mean(), values @ support / support.sum()]
            bars = axes.bar(
                np.arange(5) + (place - 1) * 0.28, heights, 0.28, label=label, **_LOOKS[place]
            )
            axes.bar_label(bars, [f"{height:.2f}" for height in heights], fontsize=7, padding=2)
        class_axes(axes, "popularity class, and means over classes", "score (0 to 1)")
        axes.set_xticks(range(5), [*CLASSES, "macro", "weighted"])
        axes.set_ylim(0, 1.1)
        axes.set_yticks(np.linspace(0, 1, 6))
        legend_above(axes)
        return figure


def class_metrics_bar(scorecard: Scorecard) -> Figure:
    """Draw each class's F1 with its 95% interval beside the baselines'."""
    everyone: dict[str, Mapping[str, ClassFigures]] = {"this forecaster": scorecard.per_class}
    for name, figures in scorecard.baselines.items():
        everyone[BASELINES.get(name, name)] = figures.per_class
    width = 0.84 / len(everyone)
    with styled():
        figure, (axes,) = blank(_class_metrics_title(scorecard), note_for(scorecard))
        for place, (label, rows) in enumerate(everyone.items()):
            f1 = np.array([rows[name].f1 for name in CLASSES])
            bounds = np.array([[rows[name].f1_low, rows[name].f1_high] for name in CLASSES]).T
            axes.bar(
                np.arange(3) + (place - (len(everyone) - 1) / 2) * width,
                f1,
                width,
                yerr=np.maximum(np.abs(bounds - f1), 0),
                color=OWN_COLOUR if place == 0 else BASELINE_COLOURS[(place - 1) % 3],
                hatch="" if place == 0 else BASELINE_HATCHES[(place - 1) % 3],
                edgecolor=INK,
                linewidth=0.6,
                error_kw={"elinewidth": 1, "capsize": 2.5, "ecolor": INK},
                label=label,
            )
        class_axes(axes, "popularity class", "F1 (0 to 1), with 95% interval")
        axes.set_ylim(0, 1.1)
        axes.set_yticks(np.linspace(0, 1, 6))
        legend_above(axes)
        return figure


def _class_metrics_title(scorecard: Scorecard) -> str:
    if not scorecard.baselines:
        return "F1 of each class"
    ahead = [
        name
        for name in CLASSES
        if all(
            scorecard.per_class[name].f1 > figures.per_class[name].f1
            for figures in scorecard.baselines.values()
        )
    ]
    behind = [name for name in CLASSES if name not in ahead]
    if not ahead:
        return "For no class is F1 above every baseline's"
    if not behind:
        return "F1 is above every baseline's for all three classes"
    return f"F1 is above every baseline's for {listed(ahead)}, not for {listed(behind)}"
