"""Which draft: several in order, which of them are too close to call, and how far to trust it.

Knows forecasts and the scorecard; measures nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.data.columns import Columns
from postcast.features.assemble import drafts_of_posts, drafts_of_table
from postcast.schema import Post, Posts
from postcast.standing import Standing
from postcast.wording import rounded_count

if TYPE_CHECKING:
    from postcast.data.read import PostsLike
    from postcast.features.assemble import Drafts
    from postcast.forecaster import Forecaster
    from postcast.schema import FloatArray, Forecast, IntArray
    from postcast.scorecard import Pairwise

MOST_NAMED = 10
"""Drafts too close to one that are named; all of them are counted."""


@dataclass(frozen=True)
class RankedDraft:
    """One draft in its place.

    Parameters
    ----------
    position : int
        From 1, the most promising first; drafts of the same score share one.
    id : str or None
    author : str or None
    forecast : Forecast
    score : float
        What the drafts are put in order by; see `Ranking.scale`.
    score_low, score_high : float or None
        Between which the count, or the rank, comes to lie at the forecaster's coverage.
    too_close_to : tuple of str or None
        The ids of the drafts whose order with this one is too close to call, the nearest
        first; of more than `MOST_NAMED` the nearest.
    n_too_close : int
        How many they are in all.
    """

    position: int
    id: str | None
    author: str | None
    forecast: Forecast
    score: float
    score_low: float | None
    score_high: float | None
    too_close_to: tuple[str | None, ...]
    n_too_close: int

    def to_dict(self) -> dict[str, Any]:
        """Return the draft as plain JSON types."""
        scores = {name: getattr(self, name) for name in ("score", "score_low", "score_high")}
        return {
            "position": self.position,
            "id": self.id,
            "author": self.author,
            **{k: None if one is None else rounded_count(one) for k, one in scores.items()},
            "too_close_to": list(self.too_close_to),
            "n_too_close": self.n_too_close,
            "forecast": self.forecast.to_dict(),
        }


@dataclass(frozen=True)
class Ranking:
    """Drafts in order.

    Parameters
    ----------
    drafts : tuple of RankedDraft
        The most promising first; those of the same score as they were given.
    scale : {"expected count", "expected rank"}
        What a score is; a rank is among past posts, 0 to 1.
    pairwise : Pairwise or None
        How often such an order was right within an author, on held-out posts.
    reason : str or None
        Why that is not known; then every two drafts are too close to call.
    notes : tuple of str
        Why this order deserves less trust, in sentences.
    """

    drafts: tuple[RankedDraft, ...]
    scale: str
    pairwise: Pairwise | None
    reason: str | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Say how many drafts were put in order by what, and nothing of one."""
        return f"<Ranking: {len(self.drafts):,} drafts by {self.scale}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the ranking as plain JSON types."""
        return {
            "drafts": [draft.to_dict() for draft in self.drafts],
            "scale": self.scale,
            "pairwise": None if self.pairwise is None else self.pairwise.to_dict(),
            "reason": self.reason,
            "notes": list(self.notes),
        }


def rank(forecaster: Forecaster, posts: Sequence[Post] | PostsLike | Posts) -> Ranking:
    """Put drafts in order, the most promising first.

    Parameters
    ----------
    forecaster : Forecaster
    posts : sequence of Post or of records, Posts, data frame, or path
        As `postcast.forecaster.Forecaster.predict` takes many.

    Returns
    -------
    Ranking

    Notes
    -----
    Two drafts are too close to call where their scores differ by less than it took for the
    order of two test posts of one author to be right four times in five; see
    `postcast.evaluate.pairwise`. That is no equivalence: a draft may be too close to two
    others, one of which is clearly ahead of the other.
    """
    return rank_drafts(forecaster, _drafts(forecaster, posts))


def rank_drafts(forecaster: Forecaster, drafts: Drafts) -> Ranking:
    """Put drafts that are already columns in order; see `rank`."""
    forecasts = forecaster.forecast(drafts) if len(drafts) else []
    standing = Standing.of_forecasts(forecasts, forecaster.rule)
    pairwise, reason = _measured(forecaster, standing)
    order = np.argsort(-standing.scores, kind="stable")
    scores = standing.scores[order]
    position = 1 + np.searchsorted(-scores, -scores, side="left")
    first, end = _too_close(standing.places[order], pairwise)
    ranked = tuple(
        RankedDraft(
            position=int(position[at]),
            id=forecasts[row].id,
            author=drafts.authors[row],
            forecast=forecasts[row],
            score=float(standing.scores[row]),
            score_low=None if standing.low is None else float(standing.low[row]),
            score_high=None if standing.high is None else float(standing.high[row]),
            too_close_to=tuple(
                forecasts[order[one]].id for one in _nearest(at, int(first[at]), int(end[at]))
            ),
            n_too_close=int(end[at] - first[at] - 1),
        )
        for at, row in enumerate(order)
    )
    return Ranking(ranked, standing.scale, pairwise, reason, _notes(drafts, pairwise))


def _drafts(forecaster: Forecaster, posts: Sequence[Post] | PostsLike | Posts) -> Drafts:
    """Return posts as columns, whatever they come as; ids tell them apart."""
    if isinstance(posts, Posts):
        return drafts_of_table(posts.table, posts.source.image_root)
    if isinstance(posts, Sequence) and all(isinstance(one, Post) for one in posts):
        given = [one for one in posts if isinstance(one, Post)]
        drafts = drafts_of_posts(given, forecaster.bank)
        numbers = enumerate(drafts.ids, 1)
        return replace(drafts, ids=[str(at) if one is None else one for at, one in numbers])
    from postcast.data.read import read_drafts
    from postcast.data.sources.origin import image_root_of

    columns = Columns(usual=forecaster.usual_columns())
    table = read_drafts(posts, columns, ordering=forecaster.bank.ordering)
    return drafts_of_table(table, image_root_of(posts))


def _measured(forecaster: Forecaster, standing: Standing) -> tuple[Pairwise | None, str | None]:
    """Return what was measured of such orders, or why nothing that holds for this one was."""
    card = forecaster.scorecard
    if card is None:
        return None, "there is no scorecard beside the forecaster"
    if card.pairwise is None:
        return None, (
            "the run was tested on too few pairs of posts by one author, or an older postcast "
            "made it"
        )
    if card.pairwise.scale != standing.scale:
        return None, f"it was measured with another scale, the {card.pairwise.scale}"
    return card.pairwise, None


def _too_close(places: FloatArray, pairwise: Pairwise | None) -> tuple[IntArray, IntArray]:
    """Return from where to where, end excluded, others are too close to each draft to call.

    Parameters
    ----------
    places : ndarray of float, shape (n_drafts,)
        Descending.
    pairwise : Pairwise or None
    """
    gap = None if pairwise is None else pairwise.gap.value
    if gap is None:
        return np.zeros(len(places), dtype=np.int64), np.full(len(places), len(places))
    within = max(np.nextafter(gap, 0), 0.0)  # those exactly so far apart are told
    first = np.searchsorted(-places, -places - within, side="left")
    return first, np.searchsorted(-places, -places + within, side="right")


def _nearest(at: int, first: int, end: int) -> list[int]:
    """Return the places nearest to one within a span that holds it, the nearest first."""
    near = range(max(first, at - MOST_NAMED), min(end, at + MOST_NAMED + 1))
    return sorted((one for one in near if one != at), key=lambda one: abs(one - at))[:MOST_NAMED]


def _notes(drafts: Drafts, pairwise: Pairwise | None) -> tuple[str, ...]:
    across = pairwise is not None and not pairwise.n_authors  # measured among posts of none
    if across or len(set(drafts.authors)) < 2:
        return ()
    return (
        "the drafts are of several authors, and how often such an order is right was measured "
        "among posts of one",
    )
