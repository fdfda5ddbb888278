"""Columns, copies and authors that give the answer away, each told with what it is worth.

Knows these rules and their thresholds; what is looked at is known by `data.leaks`, how it is
measured by `worth`, and the order of the rows by `row_order`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from postcast.audit.worth import Trial, Worth, compare, macro_f1
from postcast.data.leaks import is_known_after, straddling
from postcast.errors import LabelError, SplitError
from postcast.evaluate.metrics import rank_correlation
from postcast.evaluate.words import signed

if TYPE_CHECKING:
    from postcast.data.leaks import Candidate
    from postcast.division import How
    from postcast.schema import FloatArray, IntArray, Posts, Predictions

Kind = Literal["known after", "too good", "copies", "row order", "author", "source"]

ROW_ORDER, COPIES, AUTHOR = "row order", "copies", "author"
"""Subjects that are no column of the file."""

GUESSING = 1 / 3
"""The macro-F1 that no guess exceeds on average, whatever the classes' shares."""

GOES_WITH = 0.1
"""The rank correlation from which a column known after publishing tells the count."""

EXPLAINS = 0.8
"""The macro-F1 from which one column alone explains the count."""

NEARLY = 0.9
"""The share of the macro-F1 of text and column together that is worth a warning when the
column reaches it alone."""

TOO_GOOD, TOO_GOOD_LOW = 0.15, 0.1
"""What a column may add to the text before it is warned of, and the least its interval holds."""

STRADDLING, FEWEST_COPIES = 0.01, 3
"""Share and number of a random split's test posts with copies in training, from which copies
are a leak."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that gives the answer away, or might.

    Parameters
    ----------
    kind : {"known after", "too good", "copies", "row order", "author", "source"}
    subject : str
        The column's name; "row order", "copies", or "author" where no column names authors.
    sentence : str
        What it is and what it would have been worth, in plain words.
    worth : Worth
    is_leak : bool
        False for a warning.
    is_allowed : bool
        A leak that the user insists on.
    """

    kind: Kind
    subject: str
    sentence: str
    worth: Worth
    is_leak: bool
    is_allowed: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "is_leak": self.is_leak,
            "is_allowed": self.is_allowed,
            "sentence": self.sentence,
            "worth": self.worth.to_dict(),
        }


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


def of_column(case: Case, column: Candidate) -> Iterator[Finding]:
    """Judge a column that postcast took for nothing."""
    rows = case.trial.table["row"].to_numpy().astype(np.int64) - 1
    values, trial = _since_publishing(case, column, column.values[rows]), case.trial
    codes = trial.codes(values, binned=column.kind != "category")
    by_itself = trial.from_median if column.kind == "category" else trial.from_values
    worth = case.worth(column.name, codes, by_itself(codes))
    known = ~np.isnan(values)
    rho = None if column.kind == "category" else Rho.of(values[known], case.counts[known])
    kind, says, is_leak = _verdict(column, worth, rho)
    if kind is not None:
        sentence = f"Column {column.name!r} {says}. {told(worth, 'the column')}"
        yield Finding(
            kind=kind, subject=column.name, sentence=sentence, worth=worth, is_leak=is_leak
        )


def _verdict(column: Candidate, worth: Worth, rho: Rho | None) -> tuple[Kind | None, str, bool]:
    """Return the kind of a column's finding, what is said of it, and whether it is a leak."""
    alone, added = worth.alone, worth.difference
    if is_known_after(column.name):
        says = "is known only after publishing"
        goes_along = rho is not None and abs(rho.value) >= GOES_WITH and rho.is_clear
        if goes_along and rho is not None:
            return "known after", f"{says}, and goes with the count ({rho})", True
        if (added.low or 0) > 0 or (alone.low or 0) > GUESSING:
            return "known after", f"{says}, and tells the count", True
        return "known after", f"{says}, but tells nothing of the count here", False
    if (alone.value or 0) >= EXPLAINS:
        source = column.kind == "category"
        says = "alone explains the count" if source else "all but tells the count"
        return "source" if source else "too good", says, True
    if (added.value or 0) > TOO_GOOD and (added.low or 0) > TOO_GOOD_LOW:
        return "too good", "tells more than is likely of something known before publishing", False
    return None, "", False


def _since_publishing(case: Case, column: Candidate, values: FloatArray) -> FloatArray:
    """Return moments as seconds since publishing, where that is known: drift is no leak."""
    if column.kind != "time" or case.posts.source.ordering != "time":
        return values
    return values - case.trial.table["time"].dt.timestamp("us").to_numpy() / 1e6


def told(worth: Worth, what: str) -> str:
    """Say what a column or its like is worth, with and without."""
    return (
        f"The text alone reaches macro-F1 {worth.score_without}; with {what} it would reach "
        f"{worth.score}, a difference of {signed(worth.difference)}; {what} alone {worth.alone}."
    )


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


def of_copies(case: Case) -> Iterator[Finding]:
    """Judge the copies that a random split would leave on both sides."""
    trial, n_posts = case.trial, len(case.counts)
    drawn = np.random.default_rng(case.how.seed).permutation(n_posts)
    n_test = max(1, round(n_posts * case.how.test_size))
    test, train = np.sort(drawn[:n_test]), np.sort(drawn[n_test:])
    group = trial.table["group"].to_numpy()
    copied = straddling(group, train, test)
    apart = train[~np.isin(group[train], group[test])]
    if len(copied) < FEWEST_COPIES or len(copied) <= STRADDLING * n_test or not len(apart):
        return
    worth = compare(
        "copies left in training",
        trial.forecast(trial.text, train, test),
        "copies left out",
        trial.forecast(trial.text, apart, test),
    )
    yield Finding(
        kind="copies",
        subject=COPIES,
        sentence=f"A random split would test on {len(copied):,} of {n_test:,} posts "
        f"({len(copied) / n_test:.0%}) whose text, or nearly the same, stands in training. With "
        f"these copies the text reaches macro-F1 {worth.score}; without them "
        f"{worth.score_without}, a difference of {signed(worth.difference)}. postcast's own "
        "splits keep copies together.",
        worth=worth,
        is_leak=True,
    )


def of_author(case: Case) -> Iterator[Finding]:
    """Judge what the author alone tells."""
    author, trial = case.author, case.trial
    if author.max(initial=0) == 0:
        return
    worth = case.worth("the author", author, trial.from_median(author))
    alone = worth.alone.value or 0.0
    is_leak = alone >= EXPLAINS
    tells = (worth.alone.low or 0) > GUESSING and alone >= NEARLY * (worth.score.value or 0)
    if not is_leak and not tells:
        return
    says = "alone explains the count" if is_leak else "alone tells nearly all that is forecast"
    commonest = f"the commonest class reaches {macro_f1(trial.majority())}"
    yield Finding(
        kind="author",
        subject=next(iter(case.posts.source.columns.get("author", ())), AUTHOR),
        sentence=f"The author {says}. {told(worth, 'the author')[:-1]}; {commonest}"
        f"{_of_strangers(case)}.",
        worth=worth,
        is_leak=is_leak,
    )


def _of_strangers(case: Case) -> str:
    """Say what the text reaches on authors that training never saw, where that can be told."""
    try:
        unseen = Trial.of(case.posts, replace(case.how, split="grouped"))
    except (SplitError, LabelError):
        return ""
    reached = macro_f1(unseen.from_text())
    return f"; on authors that training never saw, the text reaches {reached}"
