"""Pictures of single posts: text length against engagement, and calibration.

Knows predictions and text lengths as arrays, and the scorecard for its figures.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from postcast.evaluate.drawing import (
    BASELINE_COLOURS,
    CLASS_COLOURS,
    CLASS_MARKERS,
    INK,
    OWN_COLOUR,
    QUIET,
    blank,
    legend_above,
    plain_number,
    styled,
)
from postcast.evaluate.metrics import Reliability, rank_correlation, reliability
from postcast.evaluate.words import note_for
from postcast.schema import CLASSES
from postcast.wording import number_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from postcast.schema import FloatArray, IntArray, Predictions
    from postcast.scorecard import Scorecard

_MANY = 400
"""Above so many points an SVG holds them as one bitmap."""

_CROWDED = 1600
"""Above so many points they are smaller and fainter."""


def text_length_engagement(
    predictions: Predictions, text_lengths: IntArray, scorecard: Scorecard
) -> Figure:
    """Draw engagement against text length; sized by engagement, marked by forecast class.

    The actual class is read off the thresholds' lines, where it is one of counts. Engagement
    is on a logarithmic scale above one.

    Parameters
    ----------
    predictions : Predictions
    text_lengths : ndarray of int, shape (n_posts,)
        In characters.
    scorecard : Scorecard
    """
    engagement = np.maximum(predictions.engagement, 0)
    with styled():
        figure, (axes,) = blank(_length_title(text_lengths, engagement), note_for(scorecard))
        _scatter(axes, text_lengths, engagement, predictions.forecast)
        _engagement_axis(axes, float(engagement.max()))
        _length_axis(axes, text_lengths)
        if scorecard.target != "relative":
            _threshold_lines(axes, scorecard.thresholds)
        for marker in filter(None, legend_above(axes).legend_handles):
            marker.set(alpha=1, sizes=[32], edgecolor=INK, linewidth=0.5)
        return figure


def _scatter(
    axes: Axes, text_lengths: IntArray, engagement: FloatArray, forecast: IntArray
) -> None:
    """Draw the points of each class; in turns where they crowd, so that none hides the rest."""
    crowded = len(forecast) > _CROWDED
    sizes = 8 + 50 * np.log1p(engagement) / np.log1p(max(1.0, float(engagement.max())))
    for turn, code in product(range(16 if crowded else 1), range(len(CLASSES))):
        rows = forecast == code
        if crowded:
            rows &= np.arange(len(forecast)) % 16 == turn
        axes.scatter(
            text_lengths[rows],
            engagement[rows],
            s=sizes[rows] / (4 if crowded else 1),
            color=CLASS_COLOURS[code],
            marker=CLASS_MARKERS[code],
            edgecolors=INK,
            linewidths=0 if crowded else 0.35,
            alpha=0.5 if crowded else 0.7,
            label="" if turn else f"forecast {CLASSES[code]}",
            rasterized=len(forecast) > _MANY,
        )


def calibration(predictions: Predictions, scorecard: Scorecard) -> Figure:
    """Draw how often the top label is right against how probable it was said to be.

    Fifteen bins of equal width, with the posts in each below (Guo et al., 2017).
    """
    bins = reliability(predictions)
    stated, right = (
        float(values @ bins.posts / bins.posts.sum())
        for values in (bins.confidence, bins.share_right)
    )
    title = (
        f"The likeliest class is given {stated:.0%} on average and right {right:.0%} of the "
        f"time; ECE {scorecard.ece}"
    )
    with styled():
        figure, (axes, below) = blank(title, note_for(scorecard), heights=(3, 1))
        axes.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1, label="perfect")
        axes.plot(
            bins.confidence,
            bins.share_right,
            color=OWN_COLOUR,
            marker="o",
            markersize=5,
            linewidth=1.2,
            label="this forecaster",
            clip_on=False,
            zorder=3,
        )
        axes.set_ylim(0, 1)
        axes.set_xlim(0.3, 1)
        axes.set_ylabel("share right")
        legend_above(axes)
        _posts_by_bin(below, bins)
        figure.align_ylabels()
        return figure


def _posts_by_bin(axes: Axes, bins: Reliability) -> None:
    grey = BASELINE_COLOURS[1]
    axes.bar(bins.confidence, bins.posts, 0.03, color=grey, edgecolor=INK, linewidth=0.6)
    axes.set_ylabel("posts")
    axes.locator_params(axis="y", nbins=3, integer=True)
    axes.yaxis.set_major_formatter(plain_number)
    axes.set_xlabel("stated probability of the likeliest class")


def _length_title(text_lengths: IntArray | FloatArray, engagement: FloatArray) -> str:
    rho = rank_correlation(text_lengths, engagement)
    if rho is None:
        return "Text length and engagement: too little variety to compare"
    if abs(rho) < max(0.1, 1.96 / np.sqrt(len(engagement) - 1)):
        return (
            f"No clear link between text length and engagement (Spearman {round(rho, 2) + 0:+.2f})"
        )
    more = "more" if rho > 0 else "less"
    return f"Longer texts go with {more} engagement (Spearman {round(rho, 2) + 0:+.2f})"


def _engagement_axis(axes: Axes, most: float) -> None:
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(-0.25, max(2.0, most) * 1.6)
    axes.yaxis.set_major_formatter(plain_number)
    axes.set_ylabel("engagement (log scale above 1)")


def _length_axis(axes: Axes, text_lengths: IntArray) -> None:
    longest, middle = float(text_lengths.max()), float(np.median(text_lengths))
    if longest > 8 * max(middle, 1.0):
        axes.set_xscale("symlog", linthresh=10)
    axes.set_xlim(left=0, right=max(1.0, longest) * 1.06)
    axes.xaxis.set_major_formatter(plain_number)
    axes.set_xlabel("text length (characters)")


def _threshold_lines(axes: Axes, thresholds: tuple[float, ...]) -> None:
    for name, threshold in zip(CLASSES[1:], thresholds, strict=False):
        axes.axhline(threshold, color=INK, linewidth=0.8, linestyle=":")
        axes.annotate(
            f"{name} from {number_in_words(threshold)}",
            (1, threshold),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 2),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
        )
