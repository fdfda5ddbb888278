"""Does it still hold: an old forecaster on newer posts, by period, beside what changed of them.

Knows the order of the steps; scores, shifts and verdict are known by `postcast.evaluate`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from postcast.drifted import Drift, Period
from postcast.evaluate.holding import Answered, checked, periods, scored, verdict_of
from postcast.evaluate.shift import shift_of, unknown
from postcast.features.history import LATEST
from postcast.grouping import rows_by
from postcast.later.population import compared
from postcast.later.thresholds import threshold_drift
from postcast.learning.unlearned import unlearned
from postcast.scoring import foretell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postcast.drifted import BlockShift
    from postcast.features.assemble import Drafts
    from postcast.forecaster import Forecaster
    from postcast.learning.unlearned import Unlearned
    from postcast.schema import IntArray, Ordering, Posts

MOST_PERIODS = 24
"""With more months than these, posts are told by quarter; with more quarters, by year."""

MOST_PARTS, POSTS_A_PART = 6, 100
"""Into how many parts posts without a time are parted, each of at least so many."""

ALL = "all newer posts"


def drift(forecaster: Forecaster, posts: Posts) -> Drift:
    """Say whether a forecaster still holds on newer posts, and what changed of them.

    Parameters
    ----------
    forecaster : Forecaster
        With its scorecard where newer posts are to be compared with the training's test.
    posts : Posts
        Newer posts with their counts; those whose text stands in the memory are left out.

    Returns
    -------
    Drift

    Raises
    ------
    SplitError
        If none of the posts has a text and a count.

    Notes
    -----
    The verdict is that of the scores alone: macro-F1, log loss and ECE against the training's
    test, and macro-F1 against each baseline on the newer posts. A shift of texts or authors
    says why, not whether.
    """
    told = unlearned(forecaster, posts)
    drafts = told.drafts
    outcome = _judged(told, forecaster, posts.source.ordering)
    checks = checked(outcome.answered, outcome.overall, outcome.parts, forecaster.scorecard)
    return Drift(
        verdict=verdict_of(checks, len(drafts)),
        name=posts.source.name,
        posts=len(drafts),
        n_known=told.n_known,
        overall=outcome.overall,
        periods=outcome.parts,
        checks=checks,
        shifts=tuple(_shifts(forecaster, drafts)) if len(drafts) else (),
        thresholds=threshold_drift(told.outcomes.values, forecaster.rule),
        classifier=str(forecaster.facts["classifier"]),
        encoder=str(forecaster.facts["encoder"]),
        target=str(forecaster.facts.get("target", "class")),
        synthetic=posts.source.synthetic or bool(forecaster.facts.get("synthetic")),
        n_updated=sum(int(one["posts"]) for one in forecaster.bank.updates),
    )


@dataclass(frozen=True)
class _Judged:
    """Forecasts of newer posts, and what they scored."""

    answered: Answered
    overall: Period
    parts: tuple[Period, ...]


def _judged(told: Unlearned, forecaster: Forecaster, ordering: Ordering) -> _Judged:
    drafts, outcomes = told.drafts, told.outcomes
    period, labels = parted(drafts, ordering)
    answered = Answered(
        mine=foretell(told.forecaster, drafts, outcomes),
        others={
            name: foretell(one, drafts, outcomes) for name, one in forecaster.baselines.items()
        },
        period=period,
        labels=labels,
    )
    return _Judged(answered, scored(ALL, answered, np.arange(len(drafts))), periods(answered))


def _shifts(forecaster: Forecaster, drafts: Drafts) -> Iterator[BlockShift]:
    for one in compared(forecaster.senses, replace(drafts, known_until=None)):
        if one.old is None or one.new is None:
            yield unknown(one.block, one.reason)
        else:
            yield shift_of(one.block, one.old, one.new, one.columns)


def parted(drafts: Drafts, ordering: Ordering) -> tuple[IntArray, list[str]]:
    """Part posts by month, or by place among their author's where there is no time.

    Parameters
    ----------
    drafts : Drafts
    ordering : {"time", "id", "none"}

    Returns
    -------
    period : ndarray of int, shape (n_posts,)
        An index into the labels; -1 for a post without a time, or where nothing orders posts.
    labels : list of str
        In order of time.
    """
    nowhere = np.full(len(drafts), -1)
    if ordering == "none" or drafts.order is None:
        return nowhere, []
    if ordering == "time":
        return _by_calendar(drafts.order)
    n_parts = int(np.clip(len(drafts) // POSTS_A_PART, 1, MOST_PARTS))
    names: dict[str | None, int] = {}
    author = np.array([names.setdefault(one, len(names)) for one in drafts.authors])
    place = np.zeros(len(drafts))
    for rows in rows_by(author).values():
        place[rows[np.argsort(drafts.order[rows], kind="stable")]] = np.arange(len(rows)) / len(
            rows
        )
    labels = [f"part {number} of {n_parts}" for number in range(1, n_parts + 1)]
    return (place * n_parts).astype(np.int64), labels


def _by_calendar(order: IntArray) -> tuple[IntArray, list[str]]:
    dated = np.flatnonzero(order < LATEST)
    months = order[dated].astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    for length in (1, 3, 12):
        found, member = np.unique(months // length, return_inverse=True)
        if len(found) <= MOST_PERIODS:
            break
    period = np.full(len(order), -1)
    period[dated] = member
    return period, [_called(int(number), length) for number in found]


def _called(number: int, length: int) -> str:
    year, rest = divmod(number * length, 12)
    if length == 12:
        return f"{1970 + year}"
    if length == 3:
        return f"{1970 + year}, quarter {rest // 3 + 1}"
    return f"{1970 + year}-{rest + 1:02d}"
