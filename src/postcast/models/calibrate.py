"""Making probabilities mean what they say, from rows that the classifier did not learn from.

Knows arrays only. Fitting needs scipy; applying needs numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.models.portable import softmax

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

FEWEST_ROWS = 30
"""Below this many held-out rows nothing is fitted: three numbers would follow the noise."""


@dataclass(frozen=True)
class Calibration:
    """Temperature and class bias: ``softmax(slope · log p + bias)``.

    The matrix-free form of Dirichlet calibration (Kull et al., NeurIPS 2019): the slope cures
    over-confidence as temperature scaling does, the bias cures class weights.

    Parameters
    ----------
    slope : float
    bias : tuple of float, length 3
    """

    slope: float = 1.0
    bias: tuple[float, ...] = (0.0, 0.0, 0.0)

    def apply(self, probabilities: FloatArray) -> FloatArray:
        """Return calibrated probabilities, shape (n_posts, 3)."""
        if self == Calibration():
            return np.asarray(probabilities, dtype=np.float64)
        return softmax(self.slope * _logs(probabilities) + np.asarray(self.bias))

    def decision_weights(self) -> tuple[float, ...]:
        """Return class weights under which the classifier's own choice stays its choice.

        The bias moves probabilities to the classes' real shares; what a class-weighted
        classifier decides on is the class that it found before that.
        """
        return tuple(float(weight) for weight in np.exp(-np.asarray(self.bias)))


def fit_calibration(probabilities: FloatArray, classes: IntArray) -> Calibration:
    """Fit a `Calibration` by log loss with a weak pull towards doing nothing.

    Parameters
    ----------
    probabilities : ndarray, shape (n_rows, 3)
        From a model that did not learn from these rows.
    classes : ndarray of int, shape (n_rows,)
    """
    if len(classes) < FEWEST_ROWS:
        return Calibration()
    from scipy.optimize import minimize

    logs = _logs(probabilities)  # (n, 3)
    truth = np.eye(3)[classes]  # (n, 3)

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        answer = softmax(parameters[0] * logs + np.append(parameters[1:], 0.0))  # (n, 3)
        chosen = np.clip((answer * truth).sum(axis=1), 1e-15, None)
        error = answer - truth  # (n, 3)
        pull = np.array([parameters[0] - 1.0, parameters[1], parameters[2]])
        gradient = np.array([(error * logs).sum(), error[:, 0].sum(), error[:, 1].sum()])
        return float(-np.log(chosen).sum() + 0.5 * pull @ pull), gradient + pull

    bounds = [(0.0, 10.0), (-5.0, 5.0), (-5.0, 5.0)]
    best = minimize(loss, np.array([1.0, 0.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    slope, first, second = (float(value) for value in best.x)
    return Calibration(slope, (first, second, 0.0))


def conformal_cutoff(probabilities: FloatArray, classes: IntArray, coverage: float) -> float:
    """Return the probability from which a class belongs to the set.

    Split conformal prediction with the score 1 - p(true class) (Sadinle, Lei and Wasserman,
    JASA 2019): over exchangeable posts the sets hold the truth at least `coverage` of the time.

    Parameters
    ----------
    probabilities : ndarray, shape (n_rows, 3)
        Calibrated, for rows that were not learned from.
    classes : ndarray of int, shape (n_rows,)
    coverage : float between 0 and 1
    """
    scores = np.sort(probabilities[np.arange(len(classes)), classes])
    rank = int(np.floor((1 - coverage) * (len(scores) + 1)))
    return float(scores[rank - 1]) if rank >= 1 else 0.0


def _logs(probabilities: FloatArray) -> FloatArray:
    return np.log(np.clip(np.asarray(probabilities, dtype=np.float64), 1e-12, None))
