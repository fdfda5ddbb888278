"""Which classifier answers to which name. Knows how each is made, not how it works."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from postcast.errors import ForecasterError, MissingExtraError, SettingsError
from postcast.models.checkpoint import NOWHERE, Checkpoint
from postcast.models.ensemble import EnsembleClassifier
from postcast.models.hypergraph import HypergraphClassifier
from postcast.models.hypergraph_training import HypergraphTraining
from postcast.models.linear import LinearClassifier
from postcast.models.neural import NeuralClassifier, Training
from postcast.models.plain import AuthorMedianClassifier, MajorityClassifier
from postcast.models.strong import StrongClassifier

if TYPE_CHECKING:
    from postcast.models.base import Classifier
    from postcast.models.calibrate import Calibration
    from postcast.schema import FloatArray, Parts


@dataclass(frozen=True)
class Recipe:
    """What a classifier is made with.

    Parameters
    ----------
    name : str
        One of `CLASSIFIERS`.
    class_weights : {"balanced", "none"}
        Of the loss, for those of `WEIGHTED`.
    prior_correction : str
        One of `PRIOR_CORRECTIONS`.
    seed : int
    device : {"auto", "cpu", "cuda"}
    checkpoint : Checkpoint
        Where its fit keeps how far it came.
    """

    name: str
    class_weights: str = "balanced"
    prior_correction: str = "auto"
    seed: int = 42
    device: str = "auto"
    checkpoint: Checkpoint = field(default=NOWHERE, compare=False, repr=False)


def _neural(recipe: Recipe) -> Classifier:
    return NeuralClassifier(
        Training(
            class_weights=recipe.class_weights,
            seed=recipe.seed,
            device=recipe.device,
            checkpoint=recipe.checkpoint,
        )
    )


def _reference(recipe: Recipe) -> Classifier:
    return NeuralClassifier(
        Training(
            patience=None,
            class_weights="none",
            seed=recipe.seed,
            device=recipe.device,
            checkpoint=recipe.checkpoint,
        )
    )


def _hypergraph_training(recipe: Recipe) -> HypergraphTraining:
    return HypergraphTraining(
        class_weights=recipe.class_weights,
        seed=recipe.seed,
        device=recipe.device,
        checkpoint=recipe.checkpoint,
    )


CLASSIFIERS: dict[str, Callable[[Recipe], Classifier]] = {
    "neural": _neural,
    "reference": _reference,
    "strong": lambda recipe: StrongClassifier(recipe.seed),
    "hypergraph": lambda recipe: HypergraphClassifier(_hypergraph_training(recipe)),
    "ensemble": lambda recipe: EnsembleClassifier(_hypergraph_training(recipe)),
    "linear": lambda recipe: LinearClassifier(recipe.class_weights),
    "majority": lambda _: MajorityClassifier(),
    "author-median": lambda _: AuthorMedianClassifier(),
}

SAVED: dict[str, Callable[[Parts], Classifier]] = {
    "neural": NeuralClassifier.from_state,
    "reference": NeuralClassifier.from_state,
    "strong": StrongClassifier.from_state,
    "hypergraph": HypergraphClassifier.from_state,
    "ensemble": EnsembleClassifier.from_state,
    "linear": LinearClassifier.from_state,
    "majority": MajorityClassifier.from_state,
    "author-median": AuthorMedianClassifier.from_state,
}

TEXT_ALONE = ("text",)

_STRONG_READS = (
    "text",
    "words",
    "characters",
    "marks",
    "context",
    "history",
    "kriging",
    "neighbours",
    "nearest",
    "nearest others",
)

READS: dict[str, tuple[str, ...]] = {
    "strong": _STRONG_READS,
    "ensemble": (*_STRONG_READS, "retrieved"),
    "hypergraph": ("text", "context", "history", "retrieved"),
    "majority": (),
    "author-median": (),
}
"""The feature blocks that a classifier reads, where those are not the text's alone."""

PRIOR_CORRECTIONS = {"none": 0.0, "half": 0.5, "full": 1.0}
"""How far a decision is corrected for the classes' shares: ``argmax(p / share ** b)``.

With ``full`` a class is forecast where it is likelier than it usually is.
"""

USUAL_CORRECTION = {"strong": "full", "ensemble": "full"}
"""What ``auto`` stands for. For others the class weights of their loss decide; see
`Calibration.decision_weights`."""

READ_IMAGES = ("strong", "hypergraph", "ensemble", "neural", "linear")
"""Those that read what was seen of posts' images, where there is any; baselines do not."""

NEEDS_TORCH = ("neural", "reference", "hypergraph", "ensemble")
WEIGHTED = ("neural", "linear", "hypergraph")
"""Those whose loss can weigh the classes."""

COUNTING = ("strong", "hypergraph", "ensemble")
"""Those that can tell counts, not classes only; see `postcast.models.base.CountClassifier`."""


def decision_weights(
    recipe: Recipe, calibration: Calibration, shares: FloatArray
) -> tuple[float, ...]:
    """Return the class weights of a classifier's decisions; see `postcast.decide.Rule`.

    Parameters
    ----------
    recipe : Recipe
    calibration : Calibration
    shares : ndarray of float, shape (3,)
        Of the classes among the posts that it is calibrated on.
    """
    chosen = recipe.prior_correction
    if chosen == "auto":
        if recipe.name not in USUAL_CORRECTION:
            return calibration.decision_weights()
        chosen = USUAL_CORRECTION[recipe.name]
    weights = np.clip(shares, 1e-6, None) ** -PRIOR_CORRECTIONS[chosen]
    return tuple(float(weight) for weight in weights)


def make_classifier(recipe: Recipe) -> Classifier:
    """Return a classifier that is still to be fitted.

    Raises
    ------
    SettingsError
        If there is none of that name.
    MissingExtraError
        If it needs torch, which is not installed.
    """
    name = recipe.name
    if name not in CLASSIFIERS:
        raise SettingsError(f"classifier {name!r}", f"one of {', '.join(CLASSIFIERS)}")
    if name in NEEDS_TORCH and importlib.util.find_spec("torch") is None:
        raise MissingExtraError(f"the classifier {name}", "torch", "choose --classifier strong")
    return CLASSIFIERS[name](recipe)


def resolve_target(target: str, name: str, *, scores_counts: bool) -> str:
    """Return what ``auto`` stands for: counts where they are scored and it can tell them."""
    if target != "auto":
        return target
    return "count" if scores_counts and name in COUNTING else "class"


def check_target(name: str, target: str) -> None:
    """Refuse a classifier that cannot tell what is asked for.

    Raises
    ------
    SettingsError
        If the target is ``count`` and it knows classes only.
    """
    if target == "count" and name not in COUNTING:
        raise SettingsError(
            f"the classifier {name} knows classes only, not counts",
            " or ".join(COUNTING),
            f"train with --classifier {COUNTING[0]}, or choose --target class",
        )


def classifier_from_state(name: str, parts: Parts) -> Classifier:
    """Rebuild a saved classifier."""
    if name not in SAVED:
        raise ForecasterError(
            f"a saved classifier {name!r}", f"one of {', '.join(SAVED)}", "update postcast"
        )
    return SAVED[name](parts)
