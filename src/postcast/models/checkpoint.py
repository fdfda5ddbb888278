"""What a fit needs to go on where a killed one stopped: a place that keeps parts.

Knows no file and no signal; `postcast.checkpoints` is such a place on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from postcast.schema import FeatureSet, HeldOut, Parts, Target

if TYPE_CHECKING:
    from postcast.models.base import Classifier

    Fitted = TypeVar("Fitted", bound=Classifier)

OF_HELD_OUT = "held out/"
"""What the names of arrays begin with that are no classifier's own."""


class Checkpoint(Protocol):
    """A place of one name, which keeps the last parts that it was given."""

    def within(self, name: str) -> Checkpoint:
        """Return the place of a part of this work; names are slash-free."""
        ...

    def load(self) -> Parts | None:
        """Return what is kept here, bit for bit; None where nothing is, or nothing whole."""
        ...

    def offer(self, parts: Callable[[], Parts]) -> None:
        """Keep parts if it is time to; else they are not even made.

        Their fact ``reached`` tells people how far the work came.
        """
        ...

    def finish(self, parts: Parts) -> None:
        """Keep the parts of what is done, in place of all that it was made of."""
        ...


class Nowhere:
    """Keeps nothing: where there is no folder to go on from."""

    def within(self, name: str) -> Checkpoint:  # noqa: ARG002
        """Return itself."""
        return self

    def load(self) -> Parts | None:
        """Return None."""
        return None

    def offer(self, parts: Callable[[], Parts]) -> None:
        """Make nothing."""

    def finish(self, parts: Parts) -> None:
        """Keep nothing."""


NOWHERE = Nowhere()


def fit_or_load(
    classifier: Fitted,
    rebuild: Callable[[Parts], Fitted],
    rows: tuple[FeatureSet, Target],
    checkpoint: Checkpoint,
) -> tuple[Fitted, HeldOut]:
    """Fit a classifier, unless that was done before.

    Parameters
    ----------
    classifier : Classifier
        Still to be fitted.
    rebuild : callable
        Its ``from_state``.
    rows : tuple of FeatureSet and Target
    checkpoint : Checkpoint

    Returns
    -------
    tuple of Classifier and HeldOut
        The fitted one, and what its ``fit`` returned.
    """
    kept = checkpoint.load()
    if kept is not None:
        mine = {n: a for n, a in kept.arrays.items() if not n.startswith(OF_HELD_OUT)}
        return rebuild(Parts(kept.facts, mine)), _held_out_of(kept)
    held_out = classifier.fit(*rows)
    state = classifier.state()
    checkpoint.finish(Parts(state.facts, {**state.arrays, **_arrays_of(held_out)}))
    return classifier, held_out


def _arrays_of(held_out: HeldOut) -> dict[str, np.ndarray]:
    found = {"rows": held_out.rows, "probabilities": held_out.probabilities}
    if held_out.shares is not None:
        found["shares"] = held_out.shares
    return {OF_HELD_OUT + name: value for name, value in found.items()}


def _held_out_of(parts: Parts) -> HeldOut:
    rows, probabilities = (parts.arrays[OF_HELD_OUT + name] for name in ("rows", "probabilities"))
    return HeldOut(rows, probabilities, parts.arrays.get(OF_HELD_OUT + "shares"))
