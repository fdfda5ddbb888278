"""Which classifier answers to which name. Knows how each is made, not how it works."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.errors import ForecasterError, MissingExtraError, SettingsError
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
    seed : int
    device : {"auto", "cpu", "cuda"}
    """

    name: str
    class_weights: str = "balanced"
    seed: int = 42
    device: str = "auto"


def _neural(recipe: Recipe) -> Classifier:
    return NeuralClassifier(
        Training(class_weights=recipe.class_weights, seed=recipe.seed, device=recipe.device)
    )


def _reference(recipe: Recipe) -> Classifier:
    return NeuralClassifier(
        Training(patience=None, class_weights="none", seed=recipe.seed, device=recipe.device)
    )


CLASSIFIERS: dict[str, Callable[[Recipe], Classifier]] = {
    "neural": _neural,
    "reference": _reference,
    "strong": lambda recipe: StrongClassifier(recipe.seed),
    "linear": lambda recipe: LinearClassifier(recipe.class_weights),
    "majority": lambda _: MajorityClassifier(),
    "author-median": lambda _: AuthorMedianClassifier(),
}

SAVED: dict[str, Callable[[Parts], Classifier]] = {
    "neural": NeuralClassifier.from_state,
    "reference": NeuralClassifier.from_state,
    "strong": StrongClassifier.from_state,
    "linear": LinearClassifier.from_state,
    "majority": MajorityClassifier.from_state,
    "author-median": AuthorMedianClassifier.from_state,
}

TEXT_ALONE = ("text",)

READS: dict[str, tuple[str, ...]] = {
    "strong": (
        "text",
        "words",
        "characters",
        "context",
        "history",
        "kriging",
        "neighbours",
        "nearest",
    ),
    "majority": (),
    "author-median": (),
}
"""The feature blocks that a classifier reads, where those are not the text's alone."""

BALANCE = {"strong": 1.0}
"""How far a classifier's decision is corrected for class shares: ``argmax(p / share ** b)``.

For the others the class weights of their loss decide; see `Calibration.decision_weights`.
"""

NEEDS_TORCH = ("neural", "reference")
WEIGHTED = ("neural", "linear")
"""Those whose loss can weigh the classes."""

COUNTING = ("strong",)
"""Those that can tell counts, not classes only; see `postcast.models.base.CountClassifier`."""


def decision_weights(name: str, calibration: Calibration, shares: FloatArray) -> tuple[float, ...]:
    """Return the class weights of a classifier's decisions; see `postcast.decide.Rule`.

    Parameters
    ----------
    name : str
    calibration : Calibration
    shares : ndarray of float, shape (3,)
        Of the classes among the posts that it is calibrated on.
    """
    if name not in BALANCE:
        return calibration.decision_weights()
    weights = np.clip(shares, 1e-6, None) ** -BALANCE[name]
    return tuple(float(weight) for weight in weights)


def resolve_classifier(name: str, target: str = "class") -> str:
    """Return the classifier that ``auto`` stands for here; other names as they are.

    Raises
    ------
    SettingsError
        If the target is ``count`` and a named classifier knows classes only.
    MissingExtraError
        If a named classifier needs torch, which is not installed.
    """
    if target == "count" and name not in COUNTING:
        if name == "auto":
            return COUNTING[0]
        raise SettingsError(
            f"the classifier {name} knows classes only, not counts",
            " or ".join(COUNTING),
            f"train with --classifier {COUNTING[0]}, or choose --target class",
        )
    torch_is_here = importlib.util.find_spec("torch") is not None
    if name == "auto":
        return "neural" if torch_is_here else "linear"
    if name in NEEDS_TORCH and not torch_is_here:
        raise MissingExtraError(f"the classifier {name}", "torch", "choose --classifier linear")
    return name


def make_classifier(recipe: Recipe) -> Classifier:
    """Return a classifier that is still to be fitted."""
    if recipe.name not in CLASSIFIERS:
        raise SettingsError(f"classifier {recipe.name!r}", f"one of {', '.join(CLASSIFIERS)}")
    return CLASSIFIERS[recipe.name](recipe)


def classifier_from_state(name: str, parts: Parts) -> Classifier:
    """Rebuild a saved classifier."""
    if name not in SAVED:
        raise ForecasterError(
            f"a saved classifier {name!r}", f"one of {', '.join(SAVED)}", "update postcast"
        )
    return SAVED[name](parts)
