"""Which pictures a run has, one after the other.

Knows what each picture needs; how one is drawn stands in plots_classes,
plots_scores, plots_importance, plots_posts and plots_training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from postcast.evaluate import (
    plots_classes,
    plots_importance,
    plots_posts,
    plots_scores,
    plots_training,
)
from postcast.evaluate.plots_training import LossHistory
from postcast.evaluate.words import note_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from postcast.schema import IntArray, Predictions
    from postcast.scorecard import Scorecard

_OF_TRAINING = (
    plots_training.training_loss_line,
    plots_training.training_loss_scatter,
    plots_training.training_loss_bar,
    plots_training.training_loss_histogram,
    plots_training.training_loss_box,
)

_OF_CLASSES = (
    plots_classes.confusion_matrix,
    plots_classes.confusion_matrix_bar,
    plots_classes.confusion_matrix_share,
    plots_scores.classification_report_bar,
    plots_scores.class_metrics_bar,
    plots_classes.stacked_histogram,
    plots_classes.stacked_bar,
    plots_classes.predicted_distribution,
)


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a run's pictures are drawn from.

    Parameters
    ----------
    predictions : Predictions
        On the test posts.
    scorecard : Scorecard
        Of the same posts.
    text_lengths : ndarray of int, shape (n_posts,)
        In characters.
    history : LossHistory or None
        None for classifiers that do not train by epochs.
    """

    predictions: Predictions
    scorecard: Scorecard
    text_lengths: IntArray
    history: LossHistory | None = None


def draw_all(material: Material) -> Iterator[tuple[str, Figure]]:
    """Yield the name of each picture that applies and the picture, drawn when asked for."""
    scorecard = material.scorecard
    if material.history is not None and material.history.usable():
        for of_training in _OF_TRAINING:
            yield of_training.__name__, of_training(material.history, note_for(scorecard))
    for of_classes in _OF_CLASSES:
        yield of_classes.__name__, of_classes(scorecard)
    if scorecard.importance:
        yield "importance", plots_importance.importance(scorecard)
    yield (
        "text_length_engagement",
        plots_posts.text_length_engagement(material.predictions, material.text_lengths, scorecard),
    )
    yield "calibration", plots_posts.calibration(material.predictions, scorecard)
