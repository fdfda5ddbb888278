"""How sure an answer may be for a post whose image was not seen. Knows arrays only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.models.calibrate import FEWEST_ROWS, Calibration, fit_calibration
from postcast.validation import floats

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FloatArray, IntArray

SLOPE, BIAS = "without image/slope", "without image/bias"

LEAST_SLOPE = 0.05


@dataclass(frozen=True)
class WithoutImage:
    """What is done to answers for posts without an image, before all answers are calibrated.

    One calibration for all would make them as sure as those of posts with one. This is the
    calibration that they need, less that of the others: applied to them first, one calibration
    fits both.

    Parameters
    ----------
    calibration : Calibration
    """

    calibration: Calibration = field(default_factory=Calibration)

    @classmethod
    def learned(
        cls,
        seen: FloatArray,
        unseen: FloatArray,
        has: BoolArray,
        classes: IntArray,
        hidden: IntArray,
    ) -> Self:
        """Learn it from answers of models that had not learned from the posts.

        Parameters
        ----------
        seen, unseen : ndarray, shape (n_posts, 3)
            With whatever image a post has, and without.
        has : ndarray of bool, shape (n_posts,)
            Which posts have one.
        classes : ndarray of int, shape (n_posts,)
        hidden : ndarray of int
            Posts with an image whose answer without it is in `unseen`: they speak where too few
            posts have none.
        """
        with_image, without = np.flatnonzero(has), np.flatnonzero(~has)
        if len(without) < FEWEST_ROWS:
            without = np.concatenate([without, hidden])
        if min(len(with_image), len(without)) < FEWEST_ROWS:
            return cls()
        theirs = fit_calibration(unseen[without], classes[without])
        usual = fit_calibration(seen[with_image], classes[with_image])
        slope = max(usual.slope, LEAST_SLOPE)
        bias = (np.array(theirs.bias) - np.array(usual.bias)) / slope
        return cls(Calibration(theirs.slope / slope, tuple(float(one) for one in bias)))

    def apply(self, probabilities: FloatArray, has: BoolArray) -> FloatArray:
        """Return the probabilities, (n_posts, 3), changed for the posts without an image."""
        return np.where(has[:, None], probabilities, self.calibration.apply(probabilities))

    def arrays(self) -> dict[str, FloatArray]:
        """Return what `from_arrays` needs."""
        return {
            SLOPE: np.array([self.calibration.slope]),
            BIAS: np.array(self.calibration.bias),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, FloatArray]) -> Self:
        """Rebuild it; nothing is done where nothing was learned."""
        if SLOPE not in arrays:
            return cls()
        bias = tuple(float(one) for one in floats(arrays, BIAS, (3,)))
        return cls(Calibration(float(floats(arrays, SLOPE, (1,))[0]), bias))
