"""Posts of several requests → their forecasts, computed together, each as if it had come alone.

Knows what posts tell each other; not who asks, or how.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from postcast.features.assemble import Drafts, drafts_of_posts

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.forecaster import Forecaster
    from postcast.schema import Forecast, Post

STRANGER = -1


def forecast_together(
    forecaster: Forecaster, requests: Sequence[Sequence[Post]]
) -> list[list[Forecast]]:
    """Forecast the posts of several requests.

    Parameters
    ----------
    forecaster : Forecaster
    requests : sequence of sequence of Post

    Returns
    -------
    list of list of Forecast
        What `Forecaster.predict` answers to each request alone.
    """
    answers: list[list[Forecast]] = [[] for _ in requests]
    for rows in companies(requests, forecaster.bank):
        drafts = [drafts_of_posts(requests[row], forecaster.bank) for row in rows]
        found = iter(forecaster.forecast(reduce(Drafts.joined, drafts)))
        for row in rows:
            answers[row] = [next(found) for _ in requests[row]]
    return answers


def companies(requests: Sequence[Sequence[Post]], bank: MemoryBank) -> list[list[int]]:
    """Part requests into groups that may be answered together.

    Posts that are forecast together know when the others of their author are published, and an
    author's pace is a feature. Requests that share an author are therefore kept apart where one
    of them dates a post of that author's.

    Returns
    -------
    list of list of int
        Positions of requests.
    """
    if bank.ordering != "time":
        return [list(range(len(requests)))]
    groups: list[tuple[list[int], set[int], set[int]]] = []
    for row, posts in enumerate(requests):
        codes = [_code(post.author, bank) for post in posts]
        named = set(codes)
        dated = {code for code, post in zip(codes, posts, strict=True) if post.time is not None}
        for rows, others, others_dated in groups:
            if not (dated & others or named & others_dated):
                rows.append(row)
                others.update(named)
                others_dated.update(dated)
                break
        else:
            groups.append(([row], set(named), set(dated)))
    return [rows for rows, _, _ in groups]


def _code(author: str | None, bank: MemoryBank) -> int:
    return STRANGER if author is None else bank.author_codes.get(author, STRANGER)
