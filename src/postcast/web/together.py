"""Posts of several requests → their forecasts, computed together, each as if it had come alone.

Knows what posts tell each other, and how much work they are; not who asks, or how.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import numpy as np

from postcast.features.assemble import Drafts, drafts_of_posts

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.forecaster import Forecaster
    from postcast.schema import Forecast, Post

OF_ANY_POST, MOST_OF_TEXT, OF_IMAGE = 50, 2_000, 4_000
"""The effort of a post, in characters: pretrained encoders cut off what is longer."""

FIRST_EFFORT, LEAST_EFFORT, MOST_EFFORT = 4_000.0, 250.0, 32_000.0
"""What is answered at once before anything was timed, and the bounds of that afterwards."""

MEMORY = 0.8
"""The share of what was known of the pace that a new timing leaves."""


@dataclass(frozen=True, eq=False)
class Asked:
    """The posts of one request, and the forecaster that answers all of them.

    Parameters
    ----------
    forecaster : Forecaster
    posts : sequence of Post
    """

    forecaster: Forecaster
    posts: Sequence[Post]

    @cached_property
    def drafts(self) -> Drafts:
        """The posts as columns, of which each part knows the others to be published."""
        return drafts_of_posts(self.posts, self.forecaster.bank).with_published()


@dataclass(frozen=True, eq=False)
class Part:
    """Some posts of a request that is answered in parts.

    Parameters
    ----------
    asked : Asked
    start, end : int
        Positions of its posts.
    """

    asked: Asked
    start: int
    end: int

    def forecast(self) -> list[Forecast]:
        """Return what `Forecaster.predict` answers to these posts among all of the request."""
        rows = np.arange(self.start, self.end)
        return self.asked.forecaster.forecast(self.asked.drafts.take(rows))


def effort_of(post: Post) -> float:
    """Return how much work a post is, in characters."""
    text = len(post.text) + len(post.title or "")
    return OF_ANY_POST + min(text, MOST_OF_TEXT) + (OF_IMAGE if post.image else 0)


class Pace:
    """How much is forecast in some seconds, learned from how long it took.

    Parameters
    ----------
    seconds : float
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._effort = FIRST_EFFORT

    @property
    def effort(self) -> float:
        """The effort that takes so long."""
        return self._effort

    def note(self, effort: float, start: float) -> None:
        """Learn from what was begun at a moment of `time.perf_counter` and ended now."""
        took = max(time.perf_counter() - start, 1e-6)
        likely = min(max(effort * self._seconds / took, LEAST_EFFORT), MOST_EFFORT)
        if effort >= self._effort / 2 or took > self._seconds:  # little work tells little
            self._effort = MEMORY * self._effort + (1 - MEMORY) * likely

    def parts(self, posts: Sequence[Post], start: int) -> int:
        """Return where a part of some posts ends that begins at `start`: one post at least."""
        effort, end = 0.0, start
        while end < len(posts) and (end == start or effort + effort_of(posts[end]) <= self.effort):
            effort += effort_of(posts[end])
            end += 1
        return end


def answer_together(questions: Sequence[Asked | Part]) -> list[list[Forecast]]:
    """Forecast the posts of several requests, and of parts of some.

    Returns
    -------
    list of list of Forecast
        What `Forecaster.predict` answers to each request alone.
    """
    answers: list[list[Forecast]] = [[] for _ in questions]
    whole: dict[int, list[tuple[int, Asked]]] = {}
    for row, question in enumerate(questions):
        if isinstance(question, Part):
            answers[row] = question.forecast()
        else:
            whole.setdefault(id(question.forecaster), []).append((row, question))
    for asked in whole.values():
        found = forecast_together(asked[0][1].forecaster, [one.posts for _, one in asked])
        for (row, _), answer in zip(asked, found, strict=True):
            answers[row] = answer
    return answers


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
        codes = bank.codes_of([post.author for post in posts]).tolist()
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
