"""Whether the rows of a file are stored by their counts, told with what that is worth.

Knows this rule and its thresholds alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from postcast.audit.case import Case, Rho
from postcast.audit.findings import ROW_ORDER, Finding, gives_away, told
from postcast.data.leaks import neighbour_correlation
from postcast.evaluate.metrics import rank_correlation

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

SORTED = 0.8
"""The rank correlation between the counts of neighbouring rows from which rows are stored by
their counts, be it in several runs."""

RANKED = 0.5
"""The rank correlation of row number and count from which rows are stored by their counts."""

BY_TIME = 0.9
"""The rank correlation of row number and time from which it is time that orders the rows, and
what they tell was known before publishing."""

NOTED = 0.2
"""The rank correlation of row number and count that is worth a warning."""

FEWEST_OF_AUTHOR = 10
"""Posts of an author whose row order is looked at."""


def of_row_order(case: Case) -> Iterator[Finding]:
    """Judge the order in which the rows are stored."""
    counts, row = case.counts, np.arange(len(case.counts))
    whole, within = Rho.of(row, counts), _within_authors(case, counts)
    strongest = max(
        (one for one in (whole, within) if one is not None and one.is_clear),
        key=lambda one: abs(one.value),
        default=Rho(0.0, 0),
    )
    neighbours = neighbour_correlation(counts, case.author)
    is_sorted = abs(strongest.value) >= RANKED or neighbours >= SORTED
    if not is_sorted and abs(strongest.value) < NOTED:
        return
    inside = " within authors" if strongest is within else ""
    says = f"row number and count{inside}: {strongest}; neighbouring rows: {neighbours:+.2f}"
    codes = case.trial.codes(row.astype(np.float64), binned=True)
    worth = case.worth("the row number", codes, case.trial.from_values(codes))
    is_by_time, tells = _is_by_time(case), gives_away(worth)
    is_leak = is_sorted and tells and not is_by_time
    if is_leak:
        says = f"The rows are stored by {_direction(counts)}count ({says})"
    elif is_sorted and not is_by_time:
        says = f"The rows are stored by {_direction(counts)}count ({says}), but tell nothing of it"
        says += " in this split"
    else:
        why = "time orders the rows" if is_by_time else "too little to be a sorted file"
        says = f"Row number and count go together ({says}), but {why}"
    yield Finding(
        kind="row order",
        subject=ROW_ORDER,
        says=says,
        dealt_with="postcast does not read the number of a row",
        sentence=f"{says}. {told(worth, 'the row number')}",
        worth=worth,
        is_leak=is_leak,
    )


def _direction(counts: FloatArray) -> str:
    """Say which way most steps between neighbouring rows go."""
    steps = np.diff(counts)
    down, up = int((steps < 0).sum()), int((steps > 0).sum())
    return "descending " if down > 1.2 * up else "ascending " if up > 1.2 * down else ""


def _within_authors(case: Case, values: FloatArray | IntArray) -> Rho | None:
    """Return the mean rank correlation of row number and values within authors, by posts."""
    author, found, posts = case.author, [], 0
    if author.max(initial=0) == 0:
        return None
    for one in range(author.max() + 1):
        own = np.flatnonzero(author == one)
        rho = rank_correlation(own, values[own]) if len(own) >= FEWEST_OF_AUTHOR else None
        if rho is not None:
            found.append(rho * len(own))
            posts += len(own)
    return Rho(sum(found) / posts, posts) if posts else None


def _is_by_time(case: Case) -> bool:
    """Tell whether the rows, or those of each author, are stored by time, either way."""
    ordering = case.posts.source.ordering
    if ordering == "none":
        return False
    order = case.trial.table["order"].fill_null(-1).to_numpy()
    whole = Rho.of(np.arange(len(order)), order) if ordering == "time" else None
    found = (whole, _within_authors(case, order))
    return any(one is not None and abs(one.value) >= BY_TIME for one in found)
