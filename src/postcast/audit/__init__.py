"""Whether a file of posts gives the answer away, and what that would have been worth.

Knows what is looked at; the rules are known by `findings` and `row_order`.
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postcast.audit.case import Case
from postcast.audit.findings import (
    AUTHOR,
    COPIES,
    ROW_ORDER,
    SAME_IMAGES,
    Finding,
    of_author,
    of_column,
)
from postcast.audit.row_order import of_row_order
from postcast.audit.straddling import of_copies, of_same_images
from postcast.audit.worth import Trial
from postcast.data.leaks import candidates
from postcast.data.read import COLUMNS, are_prepared, read_cells
from postcast.data.sources.origin import bytes_of
from postcast.errors import SettingsError
from postcast.learning.division import How
from postcast.reading import read
from postcast.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from postcast.schema import Posts


@dataclass(frozen=True, kw_only=True)
class Audit:
    """All that was found in a source of posts.

    Parameters
    ----------
    findings : tuple of Finding
        Leaks first, then warnings.
    n_posts : int
        Posts with a text and a count.
    source : str
        Its name.
    split : str
        How the posts were split to measure.
    judged, not_judged : tuple of str
        Columns that postcast takes for nothing: those looked at, and those of free text.
    """

    findings: tuple[Finding, ...]
    n_posts: int
    source: str
    split: str
    judged: tuple[str, ...]
    not_judged: tuple[str, ...]

    def __repr__(self) -> str:
        """Say how many leaks were found, and where."""
        n_others = len(self.findings) - len(self.leaks)
        found = f"{len(self.leaks)} leaks and {n_others} other findings"
        return f"<Audit of {self.source}: {self.n_posts:,} posts, {found}>"

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """The leaks that were not allowed."""
        return tuple(one for one in self.findings if one.is_leak and not one.is_allowed)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "source": self.source,
            "n_posts": self.n_posts,
            "n_leaks": len(self.leaks),
            "split": self.split,
            "judged": list(self.judged),
            "not_judged": list(self.not_judged),
            "findings": [one.to_dict() for one in self.findings],
        }


def audit(source: Any, settings: Settings | None = None) -> Audit:
    """Look for leaks in a source of posts.

    Parameters
    ----------
    source : path, "-", binary file, data frame or records
        As `postcast.read_posts` takes them.
    settings : Settings, optional
        Columns, thresholds, split and seed, and the subjects of findings that are not to count
        as leaks.

    Raises
    ------
    PostcastError
        If the posts cannot be read, labelled or split, or an allowed subject does not exist.
    """
    chosen = settings or Settings()
    posts, cells = read_with_cells(source, chosen)
    return audit_posts(posts, cells, chosen)


def read_with_cells(source: Any, settings: Settings) -> tuple[Posts, pl.DataFrame]:
    """Read posts, and beside them every cell of their source.

    Parameters
    ----------
    source : path, "-", binary file, data frame or records
    settings : Settings

    Returns
    -------
    posts : Posts
    cells : polars.DataFrame
        As `postcast.data.read.read_cells` returns them.

    Raises
    ------
    PostcastError
        If the posts cannot be read.
    """
    kept = _rereadable(source)
    posts = read(kept, settings)
    if isinstance(kept, io.BytesIO):
        kept.seek(0)
    return posts, read_cells(kept, settings.reader)


def audit_posts(posts: Posts, cells: pl.DataFrame, settings: Settings) -> Audit:
    """Look for leaks in posts, and in the cells that they were read from.

    Parameters
    ----------
    posts : Posts
    cells : polars.DataFrame
        What `postcast.data.read.read_cells` returned for the same source.
    settings : Settings

    Raises
    ------
    PostcastError
        As `audit`.
    """
    check_allowed(settings.allow_leaks, cells.columns)
    how = how_of(settings)
    return look(Case.of(posts, how, Trial.of(posts, how)), cells, settings.allow_leaks)


def how_of(settings: Settings) -> How:
    """Return how the settings would have posts divided, by postcast's own protocol.

    A leak tells the count: classes are always of counts here, and thresholds against the
    author's own mean are none of them.
    """
    return How(
        split=settings.split,
        test_size=settings.test_size,
        thresholds=() if settings.target == "relative" else settings.thresholds,
        seed=settings.seed,
    )


def look(
    case: Case, cells: pl.DataFrame, allowed: Sequence[str], more: Iterable[Finding] = ()
) -> Audit:
    """Judge the columns that postcast took for nothing, rows, copies and authors of a case.

    Parameters
    ----------
    case : Case
    cells : polars.DataFrame
        Without columns where only the posts are known.
    allowed : sequence of str
    more : iterable of Finding
        What was found elsewhere.
    """
    source, trial = case.posts.source, case.trial
    taken = {name for names in source.columns.values() for name in names}
    if are_prepared(cells.columns):  # a prepared table, whose other columns are postcast's
        taken |= set(COLUMNS)
    judged, not_judged = candidates(cells, taken)
    found = [
        *more,
        *(one for column in judged for one in of_column(case, column)),
        *of_row_order(case),
        *of_copies(case),
        *of_same_images(case),
        *of_author(case),
    ]
    return Audit(
        findings=tuple(
            replace(one, is_allowed=one.is_leak and one.subject in allowed)
            for one in sorted(found, key=lambda one: not one.is_leak)
        ),
        n_posts=trial.table.height,
        source=source.name,
        split=trial.split,
        judged=tuple(one.name for one in judged),
        not_judged=tuple(not_judged),
    )


def check_allowed(allowed: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse the subjects that no finding could have.

    Raises
    ------
    SettingsError
        It names the nearest.
    """
    subjects = [*columns, ROW_ORDER, COPIES, SAME_IMAGES, AUTHOR]
    for name in allowed:
        if name not in subjects:
            near = difflib.get_close_matches(name, subjects, 1)
            raise SettingsError(
                f"allow-leaks {name!r}",
                f"one of {', '.join(dict.fromkeys(subjects))}",
                f"did you mean {near[0]!r}?" if near else "",
            )


def _rereadable(source: Any) -> Any:
    """Return a source that can be read twice: standard input and open files cannot."""
    if isinstance(source, (str, Path)) and str(source) == "-":
        kept = io.BytesIO(bytes_of(source))
        kept.name = "standard input"
        return kept
    if hasattr(source, "read"):
        kept = io.BytesIO(source.read())
        kept.name = getattr(source, "name", "a file")
        return kept
    return source
