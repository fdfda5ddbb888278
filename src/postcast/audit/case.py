"""Posts as an audit sees them, and how two of their columns go together.

Knows what is at hand; judges nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from postcast.audit.worth import Trial, Worth, compare, macro_f1
from postcast.evaluate.metrics import rank_correlation

if TYPE_CHECKING:
    from postcast.learning.division import How
    from postcast.schema import FloatArray, IntArray, Posts, Predictions


@dataclass(frozen=True)
class Case:
    """Posts, how they are divided, and what their texts alone tell.

    Parameters
    ----------
    posts : Posts
    how : How
    trial : Trial
    text : Predictions
        From the texts alone.
    """

    posts: Posts
    how: How
    trial: Trial
    text: Predictions

    @classmethod
    def of(cls, posts: Posts, how: How, trial: Trial) -> Case:
        """Return the case of some posts, with the forecasts from their texts."""
        return cls(posts, how, trial, trial.from_text())

    @property
    def counts(self) -> FloatArray:
        """Raw engagement, shape (n_posts,)."""
        return self.trial.table["engagement"].to_numpy()

    @property
    def author(self) -> IntArray:
        """Author codes, shape (n_posts,); posts without an author share one."""
        names = self.trial.table["author"].fill_null("").to_numpy()
        return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)

    def worth(self, name: str, codes: IntArray, alone: Predictions) -> Worth:
        """Return what a column of codes adds to the text, beside what it tells alone."""
        both = self.trial.from_both(codes)
        worth = compare(f"the text and {name}", both, "the text alone", self.text)
        return replace(worth, alone=macro_f1(alone))


@dataclass(frozen=True)
class Rho:
    """Spearman's rank correlation of some posts.

    Parameters
    ----------
    value : float
    n_posts : int
    """

    value: float
    n_posts: int

    @classmethod
    def of(cls, first: FloatArray | IntArray, second: FloatArray | IntArray) -> Rho | None:
        """Correlate two columns; None where either is constant."""
        rho = rank_correlation(first, second)
        return None if rho is None else cls(rho, len(first))

    @property
    def is_clear(self) -> bool:
        """Whether the 99% interval leaves zero out (Fisher's z; Fieller et al., 1957)."""
        if self.n_posts <= 3:
            return False
        z = math.atanh(min(max(self.value, -0.999999), 0.999999))
        return abs(z) > 2.576 * math.sqrt(1.06 / (self.n_posts - 3))

    def __str__(self) -> str:
        return f"rank correlation {self.value:+.2f}"
