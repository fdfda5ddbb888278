"""Several tables of one folder or archive → one: months joined, the posts told from the rest.

Knows which names of columns posts have; knows no platform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from postcast.data.names import spellings
from postcast.data.sources.format import Table
from postcast.data.sources.limits import check_columns
from postcast.data.synonyms import SYNONYMS

MOST_FILES = 1_000
"""Files of a folder that are looked at."""

_ALIKE = 0.6
"""The share of the columns of the narrower of two tables that the other has, where they are parts
of one."""

_DISTINCT = 0.5
"""Below this share of different texts a row is a day of a post, as in YouTube's charts."""

_TEXTS, _COUNTS = (
    frozenset(form for role in roles for name in SYNONYMS[role] for form in spellings(name))
    for roles in (("text", "title"), ("count",))
)


@dataclass(frozen=True)
class Part:
    """A file's name within the source, and its table."""

    name: str
    table: Table


def joined(parts: Sequence[Part]) -> Table | None:
    """Return one table of those that hold posts: their rows, and the union of their columns.

    Parameters
    ----------
    parts : sequence of Part

    Returns
    -------
    Table or None
        None where no part has texts and counts, or some that have them are unlike the others.
    """
    posts = [part for part in parts if _holds_posts(part.table.cells)]
    if not posts:
        return None
    widest = max(posts, key=lambda part: part.table.cells.width)
    if not all(_are_alike(part.table, widest.table) for part in posts):
        return None
    whole = pl.concat([part.table.cells for part in posts], how="diagonal")
    check_columns("the joined table", whole.width)
    problems: dict[int, tuple[str, str]] = {}
    before = 0
    for part in posts:
        problems |= {before + row: problem for row, problem in part.table.problems.items()}
        before += part.table.cells.height
    told = f"{posts[0].name!r} is read" if len(posts) == 1 else f"{len(posts)} are joined"
    notes = dict.fromkeys(note for part in posts for note in part.table.notes)
    return replace(
        widest.table,
        cells=whole,
        problems=problems,
        notes=(f"of {len(parts)} files {told}", *notes),
    )


def _holds_posts(cells: pl.DataFrame) -> bool:
    """Tell whether a table has a count, and texts that are mostly those of one row each."""
    known = {name: set(spellings(name.rpartition(".")[2])) for name in cells.columns}
    texts = [name for name, forms in known.items() if not forms.isdisjoint(_TEXTS)]
    if not texts or _COUNTS.isdisjoint(set().union(*known.values())):
        return False
    longest = max(texts, key=lambda name: cells[name].str.len_chars().sum())
    filled = cells[longest].drop_nulls()
    return len(filled) == 0 or filled.n_unique() >= _DISTINCT * len(filled)


def _are_alike(one: Table, other: Table) -> bool:
    mine, its = set(one.cells.columns), set(other.cells.columns)
    return len(mine & its) >= _ALIKE * min(len(mine), len(its))
