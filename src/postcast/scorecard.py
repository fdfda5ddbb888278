"""The evaluation of a forecaster as records: figures with intervals, claims, the scorecard.

Knows how they are laid out in JSON, not how they are computed.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from postcast.schema import CLASSES

Z = 1.959964
"""Standard errors on either side of a 95% interval."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95% interval; None throughout where it does not apply."""

    value: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of_share(cls, part: int, whole: int) -> Self:
        """Return a share with its 95% interval after Wilson; empty where there is no whole."""
        if not whole:
            return cls()
        share, square = part / whole, Z * Z / whole
        middle = share + square / 2
        width = Z * math.sqrt(share * (1 - share) / whole + square / (4 * whole))
        low, high = (middle - width) / (1 + square), (middle + width) / (1 + square)
        return cls(share, max(min(low, share), 0.0), min(max(high, share), 1.0))

    def __str__(self) -> str:
        if self.value is None:
            return "–"
        value, low, high = (
            None if number is None else f"{round(number, 3) + 0.0:.3f}"
            for number in (self.value, self.low, self.high)
        )
        return f"{value}" if low is None or high is None else f"{value} [{low}, {high}]"


@dataclass(frozen=True)
class ClassFigures:
    """How well one class is found, each score between its bounds at 95%.

    Bounds are None where a folder of an older postcast holds none.
    """

    precision: float
    recall: float
    f1: float
    support: int
    f1_low: float
    f1_high: float
    precision_low: float | None = None
    precision_high: float | None = None
    recall_low: float | None = None
    recall_high: float | None = None

    def estimate(self, score: str) -> Estimate:
        """Return ``precision``, ``recall`` or ``f1`` with its bounds."""
        return Estimate(*(getattr(self, score + end) for end in ("", "_low", "_high")))


@dataclass(frozen=True)
class Confusion:
    """Counts of posts by actual class (rows) and forecast class (columns)."""

    counts: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...] = CLASSES
    rows_are: str = "actual"


SCORES = (
    "accuracy",
    "macro_f1",
    "weighted_f1",
    "qwk",
    "spearman",
    "mae_log",
    "log_loss",
    "brier",
    "ece",
)
"""The headline figures of a scorecard, in the order in which they are shown."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The scores of one forecaster on one set of posts.

    `qwk` is Cohen's kappa with quadratic weights; `spearman` correlates the expected class
    (or count) with engagement; `mae_log` is the mean absolute error of log1p counts;
    `brier` sums over classes and averages over posts; `ece` is that of the top label in 15
    bins of equal width.
    """

    accuracy: Estimate
    macro_f1: Estimate
    weighted_f1: Estimate
    qwk: Estimate
    spearman: Estimate
    mae_log: Estimate
    log_loss: Estimate
    brier: Estimate
    ece: Estimate
    per_class: Mapping[str, ClassFigures]
    confusion: Confusion


@dataclass(frozen=True, kw_only=True)
class Importance:
    """How much worse the forecasts get when posts swap what one group of features says.

    Parameters
    ----------
    macro_f1_fall : Estimate
        By how much macro-F1 falls; below 0 where it rises.
    log_loss_rise : Estimate
        By how much log loss rises; below 0 where it falls.
    posts : int
        The test posts that it was measured on.
    """

    macro_f1_fall: Estimate
    log_loss_rise: Estimate
    posts: int


@dataclass(frozen=True, kw_only=True)
class Pairwise:
    """How often two posts of one author are put in the right order.

    Parameters
    ----------
    value : float
        Of pairs with different outcomes; equal forecasts are right half of the time.
    low, high : float or None
        Its 95% interval.
    n_pairs : int
    n_authors : int
        Whose posts the pairs are; 0 where no post has one, and any two are a pair.
    drawn : {"authors", "posts"}
        What the interval is a bootstrap over.
    scale : {"expected count", "expected rank"}
        What posts are put in order by.
    asked : float
        How often the order of two posts is to be right before one of them is called ahead.
    gap : Estimate
        The difference from which on it is, of ranks or of log(1 + count); empty where none is
        large enough, without an upper bound where that cannot be excluded.
    told : float or None
        The share of the pairs that are that far apart.
    baselines : mapping of str to Estimate
        The same share of pairs in the right order, on the same pairs.
    """

    value: float
    low: float | None
    high: float | None
    n_pairs: int
    n_authors: int
    drawn: str
    scale: str
    asked: float
    gap: Estimate
    told: float | None
    baselines: Mapping[str, Estimate]

    @property
    def share(self) -> Estimate:
        """The share of pairs in the right order, with its interval."""
        return Estimate(self.value, self.low, self.high)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Pairwise:
        """Rebuild it from `to_dict`'s answer."""
        baselines = {name: Estimate(**row) for name, row in data["baselines"].items()}
        return cls(**{**data, "gap": Estimate(**data["gap"]), "baselines": baselines})


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One of the field's claims, checked on these posts.

    Parameters
    ----------
    claim : str
        The claim as its authors made it, in short.
    holds : bool or None
        None where these posts cannot tell.
    sentence : str
        What was seen here, with its figure and interval.
    """

    claim: str
    holds: bool | None
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Scorecard(Figures):
    """The evaluation of a forecaster: its figures, its baselines' on the same rows, and how.

    Parameters
    ----------
    baselines : mapping of str to Figures
        ``majority``, ``author_median`` and ``tfidf_linear``, on the same rows.
    differences : mapping of str to mapping of str to Estimate
        Baseline to score to the paired difference, forecaster minus baseline.
    thresholds : tuple of float
        The engagement at which ``medium`` and ``high`` begin.
    claims : tuple of Claim
    coverage : mapping of str to Estimate, float or None
        ``asked`` for, a float or None, and measured on these rows: ``all`` and each class, and
        ``counts`` where they are the target.
    importance : mapping of str to Importance
        Group of features (``text``, ``context``, ``author``, ``neighbours``) to what the
        forecaster loses without it; empty for one that reads nothing of a post.
    pairwise : Pairwise or None
        How often it puts two posts of one author in the right order; None where too few pairs
        tell, or an older postcast wrote it.
    """

    baselines: Mapping[str, Figures]
    differences: Mapping[str, Mapping[str, Estimate]]
    n_train: int
    n_test: int
    n_rejected: int
    thresholds: tuple[float, ...]
    split: str
    mode: str
    maturity: str
    protocol: str
    classifier: str
    encoder: str
    seed: int
    target: str = "class"
    synthetic: bool = False
    coverage: Mapping[str, Estimate | float | None] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    importance: Mapping[str, Importance] = field(default_factory=dict)
    pairwise: Pairwise | None = None

    @property
    def in_short(self) -> str:
        """The headline score, and on how many posts it was measured."""
        return (
            f"macro-F1 {self.macro_f1} on {self.n_test:,} test posts, {self.n_train:,} trained on"
        )

    def __repr__(self) -> str:
        """Say whose it is and its headline score."""
        return f"<Scorecard of {self.classifier} on {self.encoder}: {self.in_short}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the scorecard as plain JSON types, keys as in ``scorecard.json``."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Scorecard:
        """Rebuild a scorecard from `to_dict`'s answer."""
        rest = {key: data[key] for key in _SCORECARD_FACTS if key in data}
        pairs = data.get("pairwise")
        return cls(
            **figures_from(data),
            baselines={n: Figures(**figures_from(f)) for n, f in data["baselines"].items()},
            differences={
                baseline: {score: Estimate(**value) for score, value in scores.items()}
                for baseline, scores in data["differences"].items()
            },
            thresholds=tuple(data["thresholds"]),
            claims=tuple(Claim(**claim) for claim in data.get("claims", ())),
            importance={
                group: _importance_from(row) for group, row in data.get("importance", {}).items()
            },
            pairwise=None if pairs is None else Pairwise.from_dict(pairs),
            coverage={name: _share_from(told) for name, told in data.get("coverage", {}).items()},
            **rest,
        )


_SCORECARD_FACTS: Sequence[str] = (
    "n_train",
    "n_test",
    "n_rejected",
    "split",
    "mode",
    "maturity",
    "protocol",
    "classifier",
    "encoder",
    "seed",
    "target",
    "synthetic",
)


def _share_from(told: Mapping[str, Any] | float | None) -> Estimate | float | None:
    """Return a share as it was measured; a number where it was asked for, or saved long ago."""
    return Estimate(**told) if isinstance(told, Mapping) else told


def _importance_from(data: Mapping[str, Any]) -> Importance:
    return Importance(
        macro_f1_fall=Estimate(**data["macro_f1_fall"]),
        log_loss_rise=Estimate(**data["log_loss_rise"]),
        posts=data["posts"],
    )


def figures_from(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Figures` from its plain JSON types."""
    confusion = data["confusion"]
    return {
        **{score: Estimate(**data[score]) for score in SCORES},
        "per_class": {name: ClassFigures(**row) for name, row in data["per_class"].items()},
        "confusion": Confusion(
            counts=tuple(tuple(row) for row in confusion["counts"]),
            labels=tuple(confusion["labels"]),
            rows_are=confusion["rows_are"],
        ),
    }
