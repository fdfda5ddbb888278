"""How often each class was among the past posts, and among the newest of them.

Knows remembered counts and thresholds; knows no text and no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.data.known import Timeline
from postcast.data.label import beyond_own_mean, classify
from postcast.features.history import LATEST
from postcast.grouping import rows_by
from postcast.schema import CLASSES
from postcast.scorecard import Estimate

if TYPE_CHECKING:
    from postcast.decide import Rule
    from postcast.features.bank import MemoryBank
    from postcast.schema import FloatArray, IntArray

NEWEST = 200
"""Posts that the recent shares are taken from, or all where there are fewer."""

CLEARLY = 0.1
"""The least difference of two shares that is worth a word."""


@dataclass(frozen=True)
class BaseRates:
    """The shares of the classes, which a forecast is compared with.

    Parameters
    ----------
    shares : tuple of float, length 3
        Among the posts of the training.
    recent : tuple of float, length 3, or None
        Among the newest remembered posts; None where nothing orders them.
    n_recent : int
        How many those are.
    """

    shares: tuple[float, ...]
    recent: tuple[float, ...] | None = None
    n_recent: int = 0

    @classmethod
    def of(cls, bank: MemoryBank, rule: Rule, target: str) -> Self:
        """Return the base rates of a forecaster, worked out once for each rule.

        Parameters
        ----------
        bank : MemoryBank
            Posts of the training, and those that an update has taken in.
        rule : Rule
        target : {"class", "count", "relative"}
            With ``relative`` a post is compared with its author's previous ones.
        """
        key = (cls, rule, target)
        if key not in bank.worked_out:
            bank.worked_out[key] = cls._worked_out(bank, rule, target)
        known: Self = bank.worked_out[key]
        return known

    @classmethod
    def _worked_out(cls, bank: MemoryBank, rule: Rule, target: str) -> Self:
        outcomes: FloatArray = bank.engagement.astype(np.float64)
        if bank.order is None or bank.ordering == "none":
            return cls(rule.shares)
        if target == "relative":
            timeline = Timeline(bank.order, bank.author, bank.ordering)
            outcomes = beyond_own_mean(outcomes, timeline)
        usable = np.flatnonzero(bank.has_text & (bank.order < LATEST) & ~np.isnan(outcomes))
        if not len(usable):
            return cls(rule.shares)
        newest = usable[_newest(bank.order[usable], bank.author[usable], bank.ordering)]
        held = np.bincount(classify(outcomes[newest], rule.thresholds), minlength=len(CLASSES))
        return cls(rule.shares, tuple((held / len(newest)).tolist()), len(newest))

    @property
    def moved(self) -> str | None:
        """The class whose recent share differs most from that of the training, if clearly."""
        if self.recent is None:
            return None
        clear = {
            name: abs(recent - share)
            for name, recent, share in zip(CLASSES, self.recent, self.shares, strict=True)
            if abs(recent - share) >= CLEARLY and not self._may_be(recent, share)
        }
        return max(clear, key=lambda name: clear[name]) if clear else None

    def _may_be(self, recent: float, share: float) -> bool:
        """Return whether a share lies within the 95% interval of a recent one."""
        found = Estimate.of_share(round(recent * self.n_recent), self.n_recent)
        return (found.low or 0.0) <= share <= (1.0 if found.high is None else found.high)

    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """Return each class with its share of all past posts, and of the newest."""
        recent = self.recent or [None] * len(CLASSES)
        return tuple(
            (name, f"{share:.0%}", "–" if late is None else f"{late:.0%}")
            for name, share, late in zip(CLASSES, self.shares, recent, strict=True)
        )

    def sentences(self) -> tuple[str, ...]:
        """Say what the newest posts were, and whether that differs from all; may be empty."""
        if self.recent is None:
            return ()
        told = ", ".join(
            f"{name} {share:.0%}" for name, share in zip(CLASSES, self.recent, strict=True)
        )
        newest = f"The newest {self.n_recent:,} past posts: {told}."
        if self.moved is None:
            return (newest,)
        code = CLASSES.index(self.moved)
        return (
            newest,
            f"The newest clearly differ from all past posts: {self.moved} {self.recent[code]:.0%} "
            f"against {self.shares[code]:.0%}.",
        )


def _newest(order: IntArray, author: IntArray, ordering: str) -> IntArray:
    """Return the positions of the newest posts: of all by time, of each author by id.

    Ids order the posts of one author only: of each its newest, in proportion to its posts.
    """
    age: FloatArray = -order.astype(np.float64)
    if ordering == "id":
        age = np.empty(len(order))
        for own in rows_by(author).values():
            place = np.empty(len(own))
            place[np.argsort(-order[own], kind="stable")] = np.arange(len(own))
            age[own] = (place + 0.5) / len(own)
    newest_first: IntArray = np.argsort(age, kind="stable")
    return newest_first[:NEWEST]
