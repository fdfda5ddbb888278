"""From class probabilities to counts: what to expect, and the same posts in other classes.

Keeps what was answered for training posts that were not learned from. Knows no feature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.data.label import classify, fixed_thresholds
from postcast.decide import Rule
from postcast.errors import ForecasterError, PostcastError
from postcast.models.base import class_shares
from postcast.models.calibrate import conformal_cutoff
from postcast.models.choose import COUNTING, PRIOR_CORRECTIONS, Recipe, decision_weights
from postcast.models.distribution import CountBins, Outlook, depth_reached
from postcast.schema import Parts
from postcast.validation import floats, mapping, number, text, truth

if TYPE_CHECKING:
    from postcast.models.calibrate import Calibration
    from postcast.schema import FloatArray

MOST_ROWS = 2_000
"""Training posts whose answers are kept; beyond them, a drawn sample."""


@dataclass(frozen=True)
class Counts:
    """What a forecaster knows of counts.

    Parameters
    ----------
    bins : CountBins
    rule : Rule
        As it was trained.
    correction : str
        How decisions are corrected for the classes' shares; see `Recipe.prior_correction`.
    coverage : float
        Asked of the bounds of counts.
    depth : float
        Of the bounds; see `postcast.models.distribution.depth_reached`.
    spread : ndarray of float32, shape (n_rows, n_bins)
        Probabilities of the bins for training posts, from models that had not learned from
        them; no rows where the classifier knows classes only, whose bins are then the classes.
    counts : ndarray of float, shape (n_rows,)
        What came of these posts.
    """

    bins: CountBins
    rule: Rule
    correction: str
    coverage: float
    depth: float
    spread: FloatArray
    counts: FloatArray

    @classmethod
    def of_classes(cls, counts: FloatArray, rule: Rule) -> Self:
        """Return what a classifier of classes can tell: the mean of each class's counts.

        Parameters
        ----------
        counts : ndarray of float, shape (n_posts,)
            Of the training posts.
        rule : Rule
        """
        bins = CountBins.of(counts, rule.thresholds, most_bins=1)
        return cls(bins, rule, "auto", 0.0, 0.5, np.empty((0, len(bins)), np.float32), np.empty(0))

    @property
    def beyond_classes(self) -> bool:
        """Whether more than classes is known."""
        return len(self.counts) > 0

    def answer(
        self, probabilities: FloatArray, shares: FloatArray, thresholds: tuple[float, ...]
    ) -> tuple[FloatArray, Outlook]:
        """Return the probabilities of the classes that are asked for, and the counts to expect.

        Parameters
        ----------
        probabilities : ndarray of float, shape (n_posts, 3)
            Calibrated, of the classes that were trained: what is returned of those.
        shares : ndarray of float, shape (n_posts, n_bins)
            What the classifier told of bins; not looked at where it knows classes only.
        thresholds : tuple of float
            Where the classes asked for begin.
        """
        if not self.beyond_classes:
            shares = np.ones((len(probabilities), len(self.bins)))
        spread = self.bins.spread(probabilities, shares)
        outlook = Outlook(
            self.bins.expected(spread) if self.beyond_classes else self.bins.mean(spread),
            low=self.bins.quantile(spread, 0.5 - self.depth),
            high=self.bins.quantile(spread, 0.5 + self.depth),
        )
        if thresholds != self.rule.thresholds:
            probabilities = self.bins.class_probabilities(spread, thresholds)
        return probabilities, outlook

    def moved_rule(self, values: Sequence[float], name: str, calibration: Calibration) -> Rule:
        """Return the decision rule for other thresholds, set on the posts that were kept.

        Parameters
        ----------
        values : sequence of float
            Where ``medium`` and ``high`` are to begin.
        name : str
            Of the classifier.
        calibration : Calibration

        Raises
        ------
        SettingsError
            If they are not two ascending finite numbers.
        LabelError
            If no training post is in one of the classes.
        """
        thresholds = fixed_thresholds(values, self.counts)
        if thresholds == self.rule.thresholds:
            return self.rule
        spread = self.spread.astype(np.float64)
        spread /= spread.sum(axis=1, keepdims=True)
        probabilities = self.bins.class_probabilities(spread, thresholds)
        actual, coverage = classify(self.counts, thresholds), self.rule.coverage
        shares, recipe = class_shares(actual), Recipe(name, prior_correction=self.correction)
        return Rule(
            thresholds=thresholds,
            shares=tuple(float(share) for share in shares),
            weights=decision_weights(recipe, calibration, shares),
            coverage=coverage,
            cutoff=1.0 if coverage is None else conformal_cutoff(probabilities, actual, coverage),
        )

    def state(self) -> Parts:
        """Return all that `from_state` needs."""
        facts = {
            "rule": self.rule.to_dict(),
            "correction": self.correction,
            "coverage": self.coverage,
            "depth": self.depth,
            "are_whole": self.bins.are_whole,
        }
        arrays = {
            "edges": self.bins.edges,
            "logs": self.bins.logs,
            "classes": self.bins.classes,
            "knots": self.bins.knots,
            "ranks": self.bins.ranks,
            "spread": self.spread,
            "counts": self.counts,
        }
        return Parts(facts, arrays)

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild what was saved."""
        facts, arrays = parts.facts, parts.arrays
        bins = CountBins.from_arrays(arrays, are_whole=truth(facts, "are_whole"))
        counts = floats(arrays, "counts", (None,))
        return cls(
            bins,
            Rule.from_dict(mapping(facts, "rule")),
            text(facts, "correction", ["auto", *PRIOR_CORRECTIONS]),
            number(facts, "coverage", 0.0, 1.0),
            number(facts, "depth", 0.0, 0.5),
            floats(arrays, "spread", (len(counts), len(bins))),
            counts,
        )


@dataclass(frozen=True)
class Answered:
    """Training posts answered by models that had not learned from them.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n_rows, 3)
        Calibrated.
    shares : ndarray of float, shape (n_rows, n_bins)
    counts : ndarray of float, shape (n_rows,)
    """

    probabilities: FloatArray
    shares: FloatArray
    counts: FloatArray


def learn_counts(
    bins: CountBins, rule: Rule, answered: Answered, coverage: float, recipe: Recipe
) -> Counts:
    """Set the bounds of counts, and keep what moving the thresholds needs.

    Parameters
    ----------
    bins : CountBins
    rule : Rule
    answered : Answered
    coverage : float
        How often the bounds are to hold what comes.
    recipe : Recipe
        Its seed draws the rows to keep; those of the least and the largest count are among them.
    """
    spread, counts = bins.spread(answered.probabilities, answered.shares), answered.counts
    depth = depth_reached(bins.depths(spread, counts), coverage)
    kept = np.arange(len(counts))
    if len(kept) > MOST_ROWS:
        drawn = np.random.default_rng(recipe.seed).permutation(len(kept))
        ends = np.array([counts.argmin(), counts.argmax()])
        kept = np.sort(np.concatenate([ends, drawn[~np.isin(drawn, ends)]])[:MOST_ROWS])
    kept_spread = spread[kept].astype(np.float32)
    return Counts(bins, rule, recipe.prior_correction, coverage, depth, kept_spread, counts[kept])


def movable(counts: Counts | None, facts: Mapping[str, Any]) -> Counts:
    """Return what a forecaster knows of counts, once its thresholds are known to move.

    Raises
    ------
    PostcastError
        If they cannot: why, and what to do.
    """
    if facts["classifier"] not in COUNTING:
        raise PostcastError(
            f"the classifier {facts['classifier']} knows classes only, and cannot move thresholds",
            " or ".join(COUNTING),
            f"train with --classifier {COUNTING[0]}",
        )
    if facts.get("target") == "relative":
        raise PostcastError(
            "thresholds of --target relative stand against each author's own mean, and stay",
            "a forecaster of counts",
            "train with --target class or count",
        )
    if counts is None or not counts.beyond_classes:
        raise ForecasterError(
            "this forecaster keeps no counts: an older postcast saved it, or few posts trained it",
            "one that does",
            "train again",
        )
    return counts
