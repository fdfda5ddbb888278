"""Classifiers under several splits as records: each one's figures, and what sets it apart.

Knows forecasts as arrays; not how they came about, and no words or pictures.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.errors import PostcastError
from postcast.evaluate.metrics import figures_of
from postcast.evaluate.resampling import estimate, resample
from postcast.schema import Predictions
from postcast.scorecard import Estimate, Figures, figures_from

if TYPE_CHECKING:
    from postcast.schema import FloatArray

COMPARED = ("macro_f1", "accuracy", "qwk", "spearman", "log_loss")
"""The scores of each repeat and of the paired differences."""

TFIDF_LINEAR = "tfidf-linear"
"""TF-IDF with the linear classifier, whatever the encoder of the others is."""

OPPONENTS = ("reference", TFIDF_LINEAR)
"""Whom everybody is measured against."""


@dataclass(frozen=True)
class Trialled:
    """One classifier's forecasts under one protocol.

    Parameters
    ----------
    repeats : sequence of Predictions
        Of all folds of each repeat together; each origin of ``rolling`` is one.
    fit_seconds : sequence of float
        Of each fold, embeddings apart.
    """

    repeats: Sequence[Predictions] = field(default_factory=list)
    fit_seconds: Sequence[float] = field(default_factory=list)

    def pooled(self) -> Predictions:
        """Return the forecasts of all repeats; those of one post share its number."""
        return joined(self.repeats)


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Return the forecasts of several folds or repeats as one."""
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("actual", "forecast", "probabilities", "engagement")
    }
    for name in ("outcome", "post", "expected_count"):
        values = [getattr(part, name) for part in parts]
        columns[name] = None if any(v is None for v in values) else np.concatenate(values)
    return Predictions(**columns)


@dataclass(frozen=True, kw_only=True)
class Standing(Figures):
    """One classifier's figures under one split.

    Parameters
    ----------
    n_rows : int
        Forecasts: posts, times how often each was tested.
    repeats : tuple of mapping of str to float or None
        The `COMPARED` scores of each repeat, or of each origin.
    mean_of_repeats : mapping of str to float
    differences : mapping of str to mapping of str to Estimate
        Opponent to score to the paired difference, this classifier minus the opponent.
    fit_seconds : mapping of str to float
        ``median`` and ``most`` of a fold, embeddings apart.
    """

    n_rows: int
    repeats: tuple[Mapping[str, float | None], ...]
    mean_of_repeats: Mapping[str, float]
    differences: Mapping[str, Mapping[str, Estimate]]
    fit_seconds: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Standing:
        """Rebuild a standing from `to_dict`'s answer."""
        return cls(
            **figures_from(data),
            n_rows=data["n_rows"],
            repeats=tuple(data["repeats"]),
            mean_of_repeats=data["mean_of_repeats"],
            differences={
                other: {score: Estimate(**value) for score, value in scores.items()}
                for other, scores in data["differences"].items()
            },
            fit_seconds=data["fit_seconds"],
        )


def standings(
    found: Mapping[str, Trialled], opponents: Sequence[str] = OPPONENTS
) -> dict[str, Standing]:
    """Score everybody over all rows and in each repeat, and beside the opponents.

    Everybody is scored on the same bootstrap draws, so that the differences are paired.

    Parameters
    ----------
    found : mapping of str to Trialled
        All on the same posts in the same order.
    opponents : sequence of str
        Those among `found` are measured against, but not with themselves.

    Raises
    ------
    PostcastError
        If two were not tested on the same posts.
    """
    pooled = {name: one.pooled() for name, one in found.items()}
    first = next(iter(pooled.values()))
    if not all(np.array_equal(first.actual, one.actual) for one in pooled.values()):
        raise PostcastError(
            "classifiers were scored on different posts",
            expected="the same posts in the same order",
        )
    drawn = {name: resample(one) for name, one in pooled.items()}
    return {
        name: _standing(
            one,
            drawn[name],
            {other: drawn[other] for other in opponents if other in drawn and other != name},
        )
        for name, one in found.items()
    }


def _standing(
    one: Trialled,
    drawn: Mapping[str, FloatArray],
    others: Mapping[str, Mapping[str, FloatArray]],
) -> Standing:
    repeats = tuple(_values(repeat) for repeat in one.repeats)
    own = figures_of(drawn)
    return Standing(
        **{name: getattr(own, name) for name in own.__dataclass_fields__},
        n_rows=sum(len(repeat.actual) for repeat in one.repeats),
        repeats=repeats,
        mean_of_repeats={
            score: statistics.fmean(known)
            for score in COMPARED
            if len(known := [v for row in repeats if (v := row[score]) is not None]) == len(repeats)
        },
        differences={
            other: {score: estimate(drawn[score] - theirs[score]) for score in COMPARED}
            for other, theirs in others.items()
        },
        fit_seconds={
            "median": round(statistics.median(one.fit_seconds), 2),
            "most": round(max(one.fit_seconds), 2),
        },
    )


def _values(repeat: Predictions) -> dict[str, float | None]:
    drawn = resample(repeat, COMPARED, draws=0)
    return {score: estimate(drawn[score]).value for score in COMPARED}


@dataclass(frozen=True, kw_only=True)
class Board:
    """Everybody under one split.

    Parameters
    ----------
    split : str
        One of `postcast.data.folds.PROTOCOLS`.
    mode : {"frozen", "online"}
    maturity : str
    description : str
        What the split is, in words.
    n_posts : int
        Posts that were tested, each once or more.
    folds : int
        Trainings of each classifier.
    classifiers : mapping of str to Standing
        The best macro-F1 first.
    """

    split: str
    mode: str
    maturity: str
    description: str
    n_posts: int
    folds: int
    classifiers: Mapping[str, Standing]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Board:
        """Rebuild a board from `to_dict`'s answer."""
        entries = {name: Standing.from_dict(one) for name, one in data["classifiers"].items()}
        return cls(**{**data, "classifiers": entries})


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    """Everybody under every split that the posts can have.

    Parameters
    ----------
    posts : mapping
        ``name``, ``sha256``, ``n`` and ``synthetic``.
    encoder : str
    settings, versions : mapping
    boards : tuple of Board
    skipped : mapping of str to str
        Split to the sentence that says why the posts cannot have it.
    """

    posts: Mapping[str, Any]
    encoder: str
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    boards: tuple[Board, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types, keys as in ``compare.json``."""
        return {
            "posts": dict(self.posts),
            "encoder": self.encoder,
            "settings": dict(self.settings),
            "versions": dict(self.versions),
            "skipped": [{"split": name, "reason": why} for name, why in self.skipped.items()],
            "splits": [board.to_dict() for board in self.boards],
        }


def ranked(entries: Mapping[str, Standing]) -> dict[str, Standing]:
    """Return the entries, the best macro-F1 first."""
    return dict(sorted(entries.items(), key=lambda one: -(one[1].macro_f1.value or 0.0)))
