"""Why a draft is forecast as it is: what each of its parts adds, and which past posts are like it.

Knows how answers are told; coalitions of parts are asked in `coalitions`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from postcast.schema import CLASSES
from postcast.why.coalitions import Coalitions, all_of
from postcast.why.draft_parts import Kind, Piece, effort_of
from postcast.why.engagement_scale import expected_logs, is_relative
from postcast.why.shapley import Shares, shapley_values
from postcast.why.similar import SimilarPost, similar_posts
from postcast.wording import rounded_count

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.schema import FloatArray, Forecast, Post

AT_95 = 1.96
"""Standard errors each way that hold a part's effect 95% of the time."""

NEGLIGIBLE = 0.005
"""An effect on the log of engagement that nobody would see: half a hundredth."""

ASSOCIATION = (
    "These are associations that the forecaster learned from past posts, not causes: "
    "a post changed accordingly need not fare accordingly."
)


@dataclass(frozen=True)
class Part:
    """What one part of a draft adds to its forecast.

    Parameters
    ----------
    kind : {"word", "image", "context", "author", "tags"}
    name : str
        As people read it; of a word, the word or run of words.
    field : {"text", "title"} or None
        Where a word stands.
    start, end : int or None
        Its characters in that field.
    box : tuple of float or None
        Left, top, right and bottom of a region, as shares of the image's width and height.
    effect : mapping of str to float
        By how much it moves the calibrated probability of each class; the three sum to zero.
    factor : float
        By what it multiplies 1 + the expected engagement; 1 is no effect.
    low, high : float
        Between which the factor lies, 95%, given that coalitions of parts were sampled.
    """

    kind: Kind
    name: str
    field: Literal["text", "title"] | None
    start: int | None
    end: int | None
    box: tuple[float, float, float, float] | None
    effect: Mapping[str, float]
    factor: float
    low: float
    high: float

    @property
    def is_told_apart(self) -> bool:
        """Whether its effect is told apart from none."""
        return not (self.low <= 1.0 <= self.high) and abs(math.log(self.factor)) > NEGLIGIBLE

    def to_dict(self) -> dict[str, Any]:
        """Return the part as plain JSON types."""
        return {
            "kind": self.kind,
            "name": self.name,
            "field": self.field,
            "start": self.start,
            "end": self.end,
            "box": None if self.box is None else [round(side, 4) for side in self.box],
            "effect": {name: round(value, 6) for name, value in self.effect.items()},
            "factor": round(self.factor, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
            "told_apart": self.is_told_apart,
        }


@dataclass(frozen=True)
class Explanation:
    """Why a draft is forecast as it is.

    Parameters
    ----------
    forecast : Forecast
    base : mapping of str to float
        Class probabilities of the draft with every part taken away. Of each class, the parts'
        effects sum to the forecast's probability less this one.
    base_count, expected_count : float or None
        Engagement expected without the parts and with them: 1 + the one, times all factors, is
        1 + the other. None where classes are relative to an author's own mean.
    parts : tuple of Part
        The largest first.
    similar : tuple of SimilarPost
    sentences : tuple of str
        What it comes to, in words; the last says that it is an association.
    """

    forecast: Forecast
    base: Mapping[str, float]
    base_count: float | None
    expected_count: float | None
    parts: tuple[Part, ...]
    similar: tuple[SimilarPost, ...]
    sentences: tuple[str, ...]

    def __repr__(self) -> str:
        """Say what was forecast and how much explains it, and nothing of a post."""
        counts = f"{len(self.parts)} parts, {len(self.similar)} similar posts"
        return f"<Explanation of {self.forecast!r}: {counts}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain JSON types."""
        return {
            "forecast": self.forecast.to_dict(),
            "base": {name: round(p, 6) for name, p in self.base.items()},
            "base_count": _rounded(self.base_count),
            "expected_count": _rounded(self.expected_count),
            "parts": [part.to_dict() for part in self.parts],
            "similar": [post.to_dict() for post in self.similar],
            "sentences": list(self.sentences),
        }


def _rounded(count: float | None) -> float | None:
    return None if count is None else rounded_count(count)


def explain(
    forecaster: Forecaster, post: Post, *, n_similar: int = 5, seed: int = 0
) -> Explanation:
    """Return what each part of a draft adds to its forecast, and the past posts most like it.

    Effects are Shapley values: what a part adds, averaged over all the orders in which the parts
    could be put together (see `postcast.why.shapley.shapley_values`), on the calibrated
    probabilities and on the expected log(1 + engagement). Together they are the forecast less that
    of nothing.

    Parameters
    ----------
    forecaster : Forecaster
    post : Post
    n_similar : int
        Past posts to show, at most.
    seed : int
        Of the coalitions that are drawn: the same seed gives the same answer.
    """
    forecast = forecaster.predict(post)
    game = Coalitions(forecaster, post)
    pieces = game.pieces
    everything = _whole(forecaster, forecast)
    if not pieces:
        return _explanation(forecaster, forecast, everything, (), ())
    nothing = game.worth(all_of(pieces, kept=False))[0]
    rng = np.random.default_rng(seed)
    n_pairs = effort_of(post, forecaster).n_pairs
    shares = shapley_values(game.worth, nothing, everything, len(pieces), rng, n_pairs)
    similar = similar_posts(forecaster, post, n_similar)
    return _explanation(forecaster, forecast, nothing, _parts(pieces, shares), similar)


def _whole(forecaster: Forecaster, forecast: Forecast) -> FloatArray:
    """Return what is explained, shape (4,): the probabilities, and the log of engagement."""
    probabilities = np.array([forecast.probabilities[name] for name in CLASSES])
    if forecast.expected_count is not None:
        log = float(np.log1p(max(forecast.expected_count, 0.0)))
    else:
        log = float(expected_logs(forecaster, probabilities[None], None)[0])
    return np.append(probabilities, log)


def _parts(pieces: list[Piece], shares: Shares) -> tuple[Part, ...]:
    order = np.argsort(-np.abs(shares.values[:, 3]), kind="stable")
    return tuple(
        _part(pieces[place], shares.values[place], float(shares.errors[place, 3]))
        for place in order.tolist()
    )


def _part(piece: Piece, values: FloatArray, error: float) -> Part:
    log = float(values[3])
    return Part(
        kind=piece.kind,
        name=piece.name,
        field=piece.field,
        start=piece.start,
        end=piece.end,
        box=piece.box,
        effect={name: float(value) for name, value in zip(CLASSES, values[:3], strict=True)},
        factor=math.exp(log),
        low=math.exp(log - AT_95 * error),
        high=math.exp(log + AT_95 * error),
    )


def _explanation(
    forecaster: Forecaster,
    forecast: Forecast,
    nothing: FloatArray,
    parts: tuple[Part, ...],
    similar: tuple[SimilarPost, ...],
) -> Explanation:
    whole = _whole(forecaster, forecast)
    counts: tuple[float | None, float | None] = (None, None)
    if not is_relative(forecaster):
        counts = float(np.expm1(nothing[3])), float(np.expm1(whole[3]))
    return Explanation(
        forecast=forecast,
        base={name: float(p) for name, p in zip(CLASSES, nothing[:3], strict=True)},
        base_count=counts[0],
        expected_count=counts[1],
        parts=parts,
        similar=similar,
        sentences=_sentences(parts),
    )


def _sentences(parts: tuple[Part, ...]) -> tuple[str, ...]:
    told = [part for part in parts if part.is_told_apart]
    raising = next((part for part in told if part.factor > 1), None)
    lowering = next((part for part in told if part.factor < 1), None)
    found = []
    if raising is not None:
        found.append(f"What raises it most: {_named(raising)}, times {raising.factor:.2f}.")
    if lowering is not None:
        found.append(f"What lowers it most: {_named(lowering)}, times {lowering.factor:.2f}.")
    if not told:
        found.append("No part of it is told apart from having no effect.")
    return (*found, ASSOCIATION)


def _named(part: Part) -> str:
    return f"“{part.name}”" if part.kind == "word" else f"the {part.name}"
