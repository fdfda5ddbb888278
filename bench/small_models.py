"""Trainings that take a second in place of a minute: few trees, few epochs, few resamplings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from unittest import mock

SMALL = {
    "models.forest.TREES": 10,
    "models.boosting.ROUNDS": 15,
}
"""What takes longest in training, and its value here."""


@contextlib.contextmanager
def small_models(*, draws_figures: bool = False) -> Iterator[None]:
    """Train small models, resample 50 times, and draw one tiny figure for all unless told to.

    For checks of what a command does, where it does not matter how well it forecasts.
    """
    from postcast.evaluate.resampling import resample
    from postcast.models.choose import CLASSIFIERS, Recipe
    from postcast.models.ensemble import EnsembleClassifier
    from postcast.models.hypergraph import HypergraphClassifier
    from postcast.models.hypergraph_training import HypergraphTraining
    from postcast.models.neural import NeuralClassifier, Training

    def hypergraph(recipe: Recipe) -> HypergraphTraining:
        return HypergraphTraining(members=2, epochs=2, seed=recipe.seed, device=recipe.device)

    quick = {
        "neural": lambda recipe: NeuralClassifier(
            Training(epochs=2, seed=recipe.seed, device=recipe.device)
        ),
        "reference": lambda recipe: NeuralClassifier(
            Training(epochs=2, patience=None, seed=recipe.seed, device=recipe.device)
        ),
        "hypergraph": lambda recipe: HypergraphClassifier(hypergraph(recipe)),
        "ensemble": lambda recipe: EnsembleClassifier(hypergraph(recipe)),
    }
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(CLASSIFIERS, quick))
        stack.enter_context(mock.patch.dict(resample.__kwdefaults__, {"draws": 50}))
        for name, value in SMALL.items():
            stack.enter_context(mock.patch(f"postcast.{name}", value))
        if not draws_figures:
            stack.enter_context(mock.patch("postcast.evaluate.plots.draw_all", one_figure))
        yield


def one_figure(*_: object) -> Iterator[tuple[str, Any]]:
    """Draw a tiny figure in place of all of a run's, which take seconds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    figure.suptitle("tiny")
    yield "confusion_matrix", figure
