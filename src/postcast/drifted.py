"""What became of a forecaster on newer posts, as records: periods, checks, shifts, a verdict.

Knows how they are laid out in JSON, not how they are computed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from postcast.scorecard import Estimate

HOLDS, FAILS, CANNOT_TELL = "holds", "no longer holds", "too few posts to say"
"""What a verdict may be."""


@dataclass(frozen=True)
class ThresholdDrift:
    """The thresholds of a training beside what newer posts would have.

    Parameters
    ----------
    posts : int
        The newer posts.
    trained : tuple of float
        Where ``medium`` and ``high`` begin.
    now : tuple of Estimate
        Where they would begin if each third of the newer posts were a class; empty where
        their counts cannot be parted so.
    shares_trained : mapping of str to float
        Class to its share of the posts that the forecaster is calibrated on.
    shares : mapping of str to Estimate
        Class to its share of the newer posts, under the thresholds of the training.
    """

    posts: int
    trained: tuple[float, ...]
    now: tuple[Estimate, ...]
    shares_trained: Mapping[str, float]
    shares: Mapping[str, Estimate]


@dataclass(frozen=True)
class Period:
    """How good the forecasts of some of the newer posts were.

    Parameters
    ----------
    label : str
        A month, quarter or year; or which part of the posts in order.
    posts : int
    scores : mapping of str to Estimate
        ``macro_f1``, ``log_loss`` and ``ece``; empty where the posts are too few.
    baselines : mapping of str to mapping of str to Estimate
        Baseline to the same, on the same posts.
    """

    label: str
    posts: int
    scores: Mapping[str, Estimate]
    baselines: Mapping[str, Mapping[str, Estimate]]


@dataclass(frozen=True)
class Check:
    """One question that the verdict rests on.

    Parameters
    ----------
    score : str
        ``macro_f1``, ``log_loss`` or ``ece``.
    period : str
        Of which posts.
    against : str
        ``training``, ``chance`` or the name of a baseline.
    then : Estimate
        What it is compared with; for ``chance`` the ECE that a calibrated forecaster has.
    now : Estimate
    change : Estimate
        Between the two, with an interval wide enough for all checks together to be wrong at
        most 5% of the time. Of ECE, less what chance adds to each.
    is_worse : bool
        Whether it is clearly worse, and by enough to matter.
    """

    score: str
    period: str
    against: str
    then: Estimate
    now: Estimate
    change: Estimate
    is_worse: bool


@dataclass(frozen=True)
class BlockShift:
    """How well newer posts can be told from those of the training by one kind of features.

    Parameters
    ----------
    block : str
        ``text``, ``context``, ``author``, ``neighbours`` or ``image``.
    told_apart : Estimate
        Area under the ROC curve, out of fold, of a classifier that tells the two apart: 0.5
        where they are alike, 1 where nothing is.
    level : str
        ``none seen``, ``slight``, ``clear`` or ``strong``; ``not known`` where it cannot be told.
    differ : tuple of str
        Of which features the means differ most, where features have names.
    posts : tuple of int
        How many posts of the training, and newer ones, it was measured on.
    reason : str
        Why it is not known.
    """

    block: str
    told_apart: Estimate
    level: str
    differ: tuple[str, ...] = ()
    posts: tuple[int, int] = (0, 0)
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Whether a forecaster still holds on newer posts.

    Parameters
    ----------
    verdict : {"holds", "no longer holds", "too few posts to say"}
    name : str
        The file of newer posts, as shown to people.
    posts : int
        Those that were judged.
    n_known : int
        Those left out, since their text stands in the memory.
    overall : Period
    periods : tuple of Period
        In order of time.
    checks : tuple of Check
    shifts : tuple of BlockShift
    thresholds : ThresholdDrift
    classifier, encoder, target : str
    synthetic : bool
    n_updated : int
        Posts that its memory took in after the training.
    """

    verdict: str
    name: str
    posts: int
    n_known: int
    overall: Period
    periods: tuple[Period, ...]
    checks: tuple[Check, ...]
    shifts: tuple[BlockShift, ...]
    thresholds: ThresholdDrift
    classifier: str
    encoder: str
    target: str = "class"
    synthetic: bool = False
    n_updated: int = 0

    @property
    def still_holds(self) -> bool:
        """False only where it no longer does."""
        return self.verdict != FAILS

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return dataclasses.asdict(self)
