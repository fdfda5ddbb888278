"""Whether forecasts of newer posts are as good as those of the test posts were.

Knows predictions and the scorecard of the training; knows no post and no model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from postcast.drifted import CANNOT_TELL, FAILS, HOLDS, Check, Period
from postcast.evaluate.resampling import ECE_BINS, SEED, estimate, resample_together, top_labels
from postcast.schema import Predictions
from postcast.scorecard import Estimate

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray
    from postcast.scorecard import Scorecard

SCORES = ("macro_f1", "log_loss", "ece")

FEWEST_SCORED = 20
"""Posts below which a period is counted, not scored."""

FEWEST_JUDGED = 50
"""Newer posts below which there is no verdict."""

ENOUGH_LATELY = 100
"""Posts of the last period from which on it is judged by itself too."""

MATTERS = 0.02
"""What a score must at least be worse by to be called worse, however sure that is."""

MOST_UNSURE = 0.2
"""Where macro-F1 may have fallen by so much unseen, posts are too few to say that it holds."""

CHANCE_DRAWS = 1000
_CHUNK = 4_000_000


@dataclass(frozen=True)
class Answered:
    """Forecasts of the same posts by a forecaster and its baselines, in time.

    Parameters
    ----------
    mine : Predictions
    others : mapping of str to Predictions
    period : ndarray of int, shape (n_posts,)
        Into which period each falls: an index into `labels`, -1 for none.
    labels : sequence of str
        In order of time.
    """

    mine: Predictions
    others: Mapping[str, Predictions]
    period: IntArray
    labels: Sequence[str]


def periods(answered: Answered) -> tuple[Period, ...]:
    """Score the forecasts of each period, beside the baselines'."""
    return tuple(
        scored(label, answered, np.flatnonzero(answered.period == code))
        for code, label in enumerate(answered.labels)
    )


def scored(label: str, answered: Answered, rows: IntArray) -> Period:
    """Score the forecasts of some of the posts, each score with its 95% interval."""
    names = tuple(answered.others)
    if len(rows) < FEWEST_SCORED:
        return Period(label, len(rows), {}, {})
    several = [_some(one, rows) for one in (answered.mine, *answered.others.values())]
    samples = resample_together(several, SCORES)
    found = [
        {score: estimate(samples[score][:, column]) for score in SCORES}
        for column in range(len(several))
    ]
    return Period(label, len(rows), found[0], dict(zip(names, found[1:], strict=True)))


def checked(
    answered: Answered, overall: Period, parts: Sequence[Period], card: Scorecard | None
) -> tuple[Check, ...]:
    """Compare the newer posts' scores with the training's, with chance and with the baselines.

    Parameters
    ----------
    answered : Answered
    overall : Period
        Of all newer posts.
    parts : sequence of Period
    card : Scorecard or None
        Of the training; None where it is not there: then nothing is compared with it.

    Notes
    -----
    The intervals are as wide as Bonferroni's inequality asks for all of them to hold 95% of
    the time. The training's test posts and the newer ones are independent: the errors of the
    difference add as squares. Between forecasters on the same posts they are paired.
    """
    if not overall.scores:
        return ()
    judged = [(overall, np.arange(len(answered.mine.actual)))]
    if len(parts) > 1 and parts[-1].posts >= ENOUGH_LATELY:
        judged.append((parts[-1], np.flatnonzero(answered.period == len(parts) - 1)))
    n_checks = len(judged) * (3 if card is not None else 1) + len(answered.others)
    z = NormalDist().inv_cdf(1 - 0.025 / n_checks)
    found: list[Check] = []
    for period, rows in judged:
        if card is not None:
            found += [_since_training(score, period, card, z) for score in SCORES[:2]]
        found.append(_calibration(_some(answered.mine, rows), period, card, z))
    found += [_against(name, answered, overall, z) for name in answered.others]
    return tuple(found)


def verdict_of(checks: Iterable[Check], n_posts: int) -> str:
    """Return whether a forecaster holds, by the checks made of it."""
    found = list(checks)
    if n_posts < FEWEST_JUDGED or not found:
        return CANNOT_TELL
    if any(check.is_worse for check in found):
        return FAILS
    first = found[0]
    if first.score == "macro_f1" and first.change.low is not None:
        unseen = (first.change.value or 0.0) - first.change.low
        if unseen > MOST_UNSURE:
            return CANNOT_TELL
    return HOLDS


def _since_training(score: str, period: Period, card: Scorecard, z: float) -> Check:
    then, now = getattr(card, score), period.scores[score]
    change = _difference(now, then, z)
    return Check(score, period.label, "training", then, now, change, _is_worse(score, change))


def _calibration(mine: Predictions, period: Period, card: Scorecard | None, z: float) -> Check:
    """Compare ECE with the training's, less what chance adds to it where posts are fewer."""
    now = period.scores["ece"]
    usual, most = chance_ece(mine)
    if card is None or card.ece.value is None:
        against, then = "chance", Estimate(usual, None, most)
        change = _difference(now, Estimate(usual, usual, usual), z)
    else:
        against, then = "training", card.ece
        added = usual * (1 - np.sqrt(period.posts / max(card.n_test, 1)))
        change = _moved(_difference(now, then, z), -max(float(added), 0.0))
    beyond_chance = (now.value or 0.0) > most
    worse = beyond_chance and _is_worse("ece", change)
    return Check("ece", period.label, against, then, now, change, worse)


def _against(name: str, answered: Answered, overall: Period, z: float) -> Check:
    """Compare macro-F1 with a baseline's on the same posts."""
    samples = resample_together([answered.mine, answered.others[name]], ("macro_f1",))["macro_f1"]
    apart = samples[:, 0] - samples[:, 1]
    value, error = float(apart[0]), float(apart[1:].std())
    change = Estimate(value, value - z * error, value + z * error)
    then = overall.baselines[name]["macro_f1"]
    now = overall.scores["macro_f1"]
    worse = _is_worse("macro_f1", change)
    return Check("macro_f1", overall.label, name, then, now, change, worse)


def chance_ece(mine: Predictions, seed: int = SEED) -> tuple[float, float]:
    """Return the ECE that a calibrated forecaster of such probabilities has on so many posts.

    Returns
    -------
    usual, most : float
        Its mean, and what it exceeds 2.5% of the time.
    """
    stated, _, bins = top_labels(mine)
    member = np.zeros((len(stated), ECE_BINS))
    member[np.arange(len(stated)), bins] = 1
    random, found = np.random.default_rng(seed), []
    size = max(1, _CHUNK // len(stated))
    for start in range(0, CHANCE_DRAWS, size):
        n_draws = min(size, CHANCE_DRAWS - start)
        right = random.random((n_draws, len(stated))) < stated
        found.append(np.abs((right - stated) @ member).sum(axis=1) / len(stated))
    drawn = np.concatenate(found)
    return float(drawn.mean()), float(np.percentile(drawn, 97.5))


def _difference(now: Estimate, then: Estimate, z: float) -> Estimate:
    """Return now - then for independent estimates, z standard errors on either side."""
    if now.value is None or then.value is None:
        return Estimate()
    error = float(np.hypot(_error(now), _error(then)))
    value = now.value - then.value
    return Estimate(value, value - z * error, value + z * error)


def _error(found: Estimate) -> float:
    if found.low is None or found.high is None:
        return 0.0
    return (found.high - found.low) / (2 * 1.96)


def _moved(change: Estimate, by: float) -> Estimate:
    if change.value is None or change.low is None or change.high is None:
        return change
    return Estimate(change.value + by, change.low + by, change.high + by)


def _is_worse(score: str, change: Estimate) -> bool:
    if change.value is None or change.low is None or change.high is None:
        return False
    if score == "macro_f1":
        return change.high < 0 and change.value <= -MATTERS
    return change.low > 0 and change.value >= MATTERS


def _some(one: Predictions, rows: IntArray) -> Predictions:
    def taken(values: FloatArray | None) -> FloatArray | None:
        return None if values is None else values[rows]

    return Predictions(
        actual=one.actual[rows],
        forecast=one.forecast[rows],
        probabilities=one.probabilities[rows],
        engagement=one.engagement[rows],
        expected_count=taken(one.expected_count),
        outcome=taken(one.outcome),
    )
