"""The audit that goes before every training: what it would learn from is refused if it leaks.

Knows which columns a training learns from, and what is refused; the rest of an audit only warns.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from postcast.audit import Audit, check_allowed, how_of, look
from postcast.audit.case import Case
from postcast.audit.findings import Finding, of_column
from postcast.audit.worth import Trial, compare
from postcast.data.leaks import candidates, is_known_after
from postcast.errors import LeakError
from postcast.evaluate.words import signed

if TYPE_CHECKING:
    from postcast.learning.division import Division
    from postcast.schema import Posts
    from postcast.settings import Settings

LEARNED_FROM = ("text", "title", "tags", "category", "author", "image")
"""Roles whose columns a forecaster may read."""

Used = Mapping[str, str]
"""Column to the role for which it was taken."""


def audit_training(
    posts: Posts, cells: pl.DataFrame | None, division: Division, settings: Settings
) -> Audit:
    """Look for leaks before a training, and refuse those that it would learn from.

    Parameters
    ----------
    posts : Posts
    cells : polars.DataFrame or None
        What `postcast.data.read.read_cells` returned for the same source; None where the posts
        are all there is.
    division : Division
        As the training divides the posts.
    settings : Settings

    Raises
    ------
    LeakError
        If a column that is learned from is known only after publishing, by its name, or all
        but tells the count, and the settings do not allow it.
    SettingsError
        If an allowed subject does not exist.
    """
    allowed, used = settings.allow_leaks, _used(posts)
    if cells is not None:
        check_allowed(allowed, cells.columns)
    for name, role in used.items():
        if is_known_after(name) and name not in allowed:
            raise _refusal(name, role, "is known only after publishing")
    how = how_of(settings)
    relative = division.target == "relative"
    trial = Trial.of(posts, how) if relative else Trial.of_division(posts, division)
    case = Case.of(posts, how, trial)
    known = _cells_of(posts) if cells is None else cells
    found = tuple(_of_used(case, known, used))
    for one in found:
        if one.is_leak and one.subject not in allowed:
            raise _refusal(one.subject, used[one.subject], _told(one))
    return look(case, pl.DataFrame() if cells is None else cells, allowed, found)


def warnings_of(audit: Audit) -> tuple[str, ...]:
    """Return a short line for each leak, allowed or not read; a training goes on with these."""
    return tuple(one.in_short for one in audit.findings if one.is_leak)


def _used(posts: Posts) -> Used:
    columns = posts.source.columns
    return {name: role for role in reversed(LEARNED_FROM) for name in columns.get(role, ())}


def _refusal(name: str, role: str, says: str) -> LeakError:
    return LeakError(
        f"column {name!r}, taken as {role}, {says}",
        "one that is known before publishing and does not tell the count",
        f"choose another column, or insist with --allow-leaks {shlex.quote(name)}",
    )


def _told(finding: Finding) -> str:
    says = finding.says.removeprefix(f"Column {finding.subject!r} ")
    return f"{says} (macro-F1 {finding.worth.alone} by itself)"


def _of_used(case: Case, cells: pl.DataFrame, used: Used) -> Iterator[Finding]:
    """Judge the columns that are learned from; authors are judged elsewhere, as authors."""
    for name, role in used.items():
        is_late = is_known_after(name)
        if name not in cells.columns or (role == "author" and not is_late):
            continue
        judged, _ = candidates(cells.select(name), ())
        found = [one for column in judged for one in of_column(case, column)]
        if is_late and not found:
            found = [_of_words(case, name, cells[name])]
        for one in found:
            reads = f"read as {role} all the same, as --allow-leaks says"
            is_leak = one.is_leak or is_late
            yield replace(one, is_leak=is_leak, dealt_with=reads if is_leak else f"read as {role}")


def _of_words(case: Case, name: str, cells: pl.Series) -> Finding:
    """Say what the words of a column that is known only after publishing are worth."""
    rows = case.trial.table["row"].to_numpy() - 1
    words = case.trial.from_words(cells.fill_null("")[rows].to_list())
    worth = compare("its words", words, "the commonest class", case.trial.majority())
    says = f"Column {name!r} is known only after publishing"
    return Finding(
        kind="known after",
        subject=name,
        says=says,
        dealt_with="",
        sentence=f"{says}. Its words alone reach macro-F1 {worth.score}; the commonest class "
        f"reaches {worth.score_without}, a difference of {signed(worth.difference)}.",
        worth=replace(worth, alone=worth.score),
        is_leak=True,
    )


def _cells_of(posts: Posts) -> pl.DataFrame:
    """Return the columns that can be told from posts alone, a row for each row of their source."""
    columns: Mapping[str, Sequence[str]] = posts.source.columns
    named = {names[0]: role for role in LEARNED_FROM if len(names := columns.get(role, ())) == 1}
    last = max(posts.source.rows_read, posts.table.select(pl.col("row").max()).item() or 0)
    rows = pl.DataFrame({"row": pl.int_range(1, last + 1, dtype=pl.UInt32, eager=True)})
    known = rows.join(posts.table, on="row", how="left", maintain_order="left")
    return known.select(pl.col(role).cast(pl.String).alias(name) for name, role in named.items())
