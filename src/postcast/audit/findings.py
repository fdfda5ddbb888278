"""Columns and authors that give the answer away, each told with what it is worth.

Knows these rules and their thresholds; what is looked at is known by `data.leaks`, how it is
measured by `worth`, copies by `straddling` and the order of the rows by `row_order`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from postcast.audit.case import Case, Rho
from postcast.audit.worth import Trial, Worth, macro_f1
from postcast.data.leaks import is_known_after
from postcast.errors import LabelError, SplitError
from postcast.evaluate.words import signed

if TYPE_CHECKING:
    from postcast.data.leaks import Candidate
    from postcast.schema import FloatArray
    from postcast.scorecard import Estimate

Kind = Literal["known after", "too good", "copies", "row order", "author", "source"]

ROW_ORDER, COPIES, SAME_IMAGES, AUTHOR = "row order", "copies", "same images", "author"
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


LEAST_WORTH = 0.01
"""Of macro-F1: what adds less gives nothing away that anybody would see."""


def gives_away(worth: Worth) -> bool:
    """Return whether something surely tells of the count: beside the text, or by itself.

    Its whole interval lies above zero, and its value from `LEAST_WORTH` on; or what it tells by
    itself lies, with its whole interval, above `GUESSING`.
    """
    added, alone = worth.difference, worth.alone
    adds = (added.low or 0.0) > 0 and (added.value or 0.0) >= LEAST_WORTH
    return adds or (alone.low or 0.0) > GUESSING


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that gives the answer away, or might.

    Parameters
    ----------
    kind : {"known after", "too good", "copies", "row order", "author", "source"}
    subject : str
        The column's name; "row order", "copies", "same images", or "author" where no column
        names authors.
    says : str
        What it is, in plain words and without a full stop.
    dealt_with : str
        What postcast does about it, likewise.
    sentence : str
        What it is and what it would have been worth.
    worth : Worth
    is_leak : bool
        False for a warning.
    is_allowed : bool
        A leak that the user insists on.
    """

    kind: Kind
    subject: str
    says: str
    dealt_with: str
    sentence: str
    worth: Worth
    is_leak: bool
    is_allowed: bool = False

    @property
    def in_short(self) -> str:
        """What it is, what is done about it, and what it is worth, on one short line."""
        worth = self.worth
        return (
            f"{self.says}; {self.dealt_with} (macro-F1: {worth.what} "
            f"{_figure(worth.score)}, {worth.against} {_figure(worth.score_without)})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "is_leak": self.is_leak,
            "is_allowed": self.is_allowed,
            "says": self.says,
            "dealt_with": self.dealt_with,
            "sentence": self.sentence,
            "worth": self.worth.to_dict(),
        }


def _figure(score: Estimate) -> str:
    return "–" if score.value is None else f"{score.value:.3f}"


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
        says = f"Column {column.name!r} {says}"
        yield Finding(
            kind=kind,
            subject=column.name,
            says=says,
            dealt_with="postcast does not read it",
            sentence=f"{says}. {told(worth, 'the column')}",
            worth=worth,
            is_leak=is_leak,
        )


def _verdict(column: Candidate, worth: Worth, rho: Rho | None) -> tuple[Kind | None, str, bool]:
    """Return the kind of a column's finding, what is said of it, and whether it is a leak."""
    alone, added = worth.alone, worth.difference
    if is_known_after(column.name):
        says = "is known only after publishing"
        goes_along = rho is not None and abs(rho.value) >= GOES_WITH and rho.is_clear
        if goes_along and rho is not None:
            return "known after", f"{says}, and goes with the count ({rho})", True
        if gives_away(worth):
            return "known after", f"{says}, and tells the count", True
        return "known after", f"{says}, but tells nothing of the count here", False
    if (alone.value or 0) >= EXPLAINS:
        source = column.kind == "category"
        says = "alone explains the count" if source else "all but tells the count"
        return "source" if source else "too good", says, gives_away(worth)
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


def of_author(case: Case) -> Iterator[Finding]:
    """Judge what the author alone tells."""
    author, trial = case.author, case.trial
    if author.max(initial=0) == 0:
        return
    worth = case.worth("the author", author, trial.from_median(author))
    alone = worth.alone.value or 0.0
    is_leak = alone >= EXPLAINS and gives_away(worth)
    tells = (worth.alone.low or 0) > GUESSING and alone >= NEARLY * (worth.score.value or 0)
    if not is_leak and not tells:
        return
    tells_what = "explains the count" if is_leak else "tells nearly all that is forecast"
    says = f"The author alone {tells_what}"
    commonest = f"the commonest class reaches {macro_f1(trial.majority())}"
    yield Finding(
        kind="author",
        subject=next(iter(case.posts.source.columns.get("author", ())), AUTHOR),
        says=says,
        dealt_with="the author's median stands in the scorecard as a baseline",
        sentence=f"{says}. {told(worth, 'the author')[:-1]}; {commonest}{_of_strangers(case)}.",
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
