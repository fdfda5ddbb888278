"""Which column plays which role: by what it is called and by what its cells hold.

A column that a role's synonyms name is a candidate. Its score is the product of how usual the name
is, how many cells are filled, and how well the cells fit the role, each between 0 and 1; the best
score above 0 takes the role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from postcast.data.columns import Columns
from postcast.data.names import compact, fold, spellings
from postcast.data.numbers import counts
from postcast.data.synonyms import SYNONYMS, VIDEO_MARKS, VIDEO_VIEWS, WITHIN_OK
from postcast.data.time_columns import read_times
from postcast.data.times import zone_of
from postcast.errors import ReadError

SAMPLE = 2_000
"""Rows, evenly spread over a file, whose cells are looked at."""

_A_PLACE = 0.985
"""What each place further down the list of synonyms takes from a name's weight."""

_FILLED = 0.9
_HALF = 0.5
_SOME = 0.2
_UNREADABLE = 1e-6
"""The fit of a column that is taken where there is no other, for a message to name it."""

_NEAR = 0.9
"""Two candidates are near each other where the lower score is this share of the higher."""

_TIMES_LOOKED_AT = 60
_WORDS = ("text", "title")
_PINS = frozenset(map(compact, ("repin count", "repins", "saves")))
"""Counts of Pinterest, of whose posts the description alone is read."""

_PROFILES = frozenset(map(compact, ("follower count", "following count", "video count")))
"""Two of these beside a count, and nothing that is counted by post, are what profiles have."""

_PER_POST = frozenset(
    map(compact, ("comments", "comment count", "shares", "share count", "views", "play count"))
)
_A_PROFILE = "stands beside the followers of profiles, and seems to be theirs"
_MISSING = r"(?i)^(-+|–|—|n/?a|null|none|nan|nat|unknown|undefined|)$"
_ADDRESS = r"^[a-z][a-z0-9+.-]*://\S+$"
_WIDE = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
_LABELS = r"[#,|<>\[\];]"


@dataclass(frozen=True)
class Candidate:
    """A column that may play a role.

    Parameters
    ----------
    role, name : str
    score : float
        Between 0 and 1; 0 where the cells rule the column out.
    why : str
        What ruled it out, or what its cells hold.
    """

    role: str
    name: str
    score: float
    why: str


def candidates(cells: pl.DataFrame) -> dict[str, list[Candidate]]:
    """Return the candidates for each role, best first.

    Parameters
    ----------
    cells : polars.DataFrame
        Every column String.
    """
    names = _known_names(cells.columns)
    some = _sample(cells, {name for role in names.values() for name in role})
    judged = {
        role: [_judged(role, name, weight, some) for name, weight in known.items()]
        for role, known in names.items()
    }
    if _is_of_profiles(cells.columns):
        judged["count"] = [replace(one, score=0.0, why=_A_PROFILE) for one in judged["count"]]
    return {role: sorted(those, key=lambda one: -one.score) for role, those in judged.items()}


def _is_of_profiles(columns: Sequence[str]) -> bool:
    """Tell whether counts are those of authors: profiles' totals, and nothing counted by post."""
    forms = {form for name in columns for form in spellings(name)}
    return len(forms & _PROFILES) > 1 and forms.isdisjoint(_PER_POST)


def settle(
    cells: pl.DataFrame, asked: Columns, *, join_title: bool = True, strict_times: bool = False
) -> tuple[Columns, tuple[str, ...], tuple[str, ...]]:
    """Choose columns for the roles that nobody settled.

    Parameters
    ----------
    cells : polars.DataFrame
        Every column String.
    asked : Columns
        What is settled; an empty name leaves a role out.
    join_title : bool
        Whether a title beside a text is read with it.
    strict_times : bool
        Whether a column that is called as times are, and holds none, is taken nevertheless.

    Returns
    -------
    columns : Columns
        `asked` with more roles; a role for which no column is fit is still open, but a time for
        which columns are named and none holds times is left out.
    notes : tuple of str
        Where two candidates were near each other, and what was left out.
    unfit : tuple of str
        Why columns that are called as counts are, are none, where no count was found.
    """
    found = candidates(cells)
    taken = {name for role in SYNONYMS for name in asked.names(role)}
    chosen: dict[str, Any] = {}
    notes: list[str] = []
    for role in ("count", "time", "text", "title", "author", "id", "category", "image", "tags"):
        if getattr(asked, role) not in (None, ()):
            continue
        free = [one for one in found[role] if one.name not in taken and one.score > 0]
        fit = [one for one in free if one.score > _UNREADABLE]
        if not fit and (role in ("count", "text") or (role == "time" and strict_times)):
            fit = free
        if fit:
            chosen[role] = (fit[0].name,) if role == "text" else fit[0].name
            taken.add(fit[0].name)
            if role == "count":
                notes += _others(fit)
        elif free and role == "time":
            chosen["time"] = ""
            notes.append(f"no time is read: column {free[0].name!r} {free[0].why}")
    if not asked.text:
        notes += _with_title(cells, found, chosen, asked, join_title=join_title)
    unfit = tuple(f"column {one.name!r} {one.why}" for one in found["count"] if one.score == 0)
    return replace(asked, **chosen), tuple(notes), unfit


def check_posts(found: Sequence[str], settled: Columns) -> None:
    """Refuse a table that is recognised as one of something else than posts with counts.

    Raises
    ------
    ReadError
        If there are times and counts without texts, or texts in a download that has no counts.
    """
    if not settled.text and settled.time and settled.count:
        raise ReadError(
            "a table of times and counts without texts: of days or profiles, not of posts",
            "one row for each post, with its text",
            "export the posts themselves, or name their text with --text-col",
        )
    if settled.text and settled.count is None:
        forms = set(map(compact, found))
        for mark, whose, instead in _WITHOUT_COUNTS:
            if compact(mark) in forms:
                raise ReadError(
                    f"texts but no counts: {whose} has none",
                    "posts with their likes or views",
                    instead,
                )


_WITHOUT_COUNTS = (
    (
        "media[0].creation_timestamp",
        "Instagram's download",
        "export the posts from Meta Business Suite instead",
    ),
    ("object.atomUri", "Mastodon's archive", "fetch the statuses from the server instead"),
    ("ShareCommentary", "LinkedIn's data archive", "export the page's content analytics instead"),
)
"""A column by which a download without counts is known, its name, and what to give instead."""


def _others(fit: Sequence[Candidate]) -> list[str]:
    """Return a note where another column could be the count."""
    near = [one.name for one in fit[1:] if one.score >= _NEAR * fit[0].score]
    if not near:
        return []
    listed = ", ".join(map(repr, near[:3]))
    return [f"{fit[0].name!r} is forecast; --count-col takes another ({listed})"]


def _with_title(
    cells: pl.DataFrame,
    found: dict[str, list[Candidate]],
    chosen: dict[str, Any],
    asked: Columns,
    *,
    join_title: bool,
) -> list[str]:
    """Make a title the text where there is no other, and read both where there are two."""
    title = chosen.get("title") if asked.title is None else asked.title
    if not title:
        return []
    if "text" not in chosen:
        chosen["text"] = (title,)
        chosen.pop("title", None)
        return [f"the title {title!r} is the text"]
    [text] = chosen["text"]
    if _scores_of(found, text) < _HALF * _scores_of(found, title) and not _is_seldom(cells, text):
        chosen["text"] = (title,)
        chosen.pop("title", None)
        return [f"the title {title!r} is the text; {text!r} holds few words"]
    is_pin = compact(chosen.get("count") or asked.count or "") in _PINS
    if not join_title or is_pin or fold(title).startswith("link"):
        return []
    chosen["text"] = (title, text)
    return [f"{title!r} and {text!r} are read as one text; --text-col names one alone"]


def _scores_of(found: dict[str, list[Candidate]], name: str) -> float:
    """Return how well a column would do as a text or a title."""
    return max((one.score for role in _WORDS for one in found[role] if one.name == name), default=0)


def _is_seldom(cells: pl.DataFrame, name: str) -> bool:
    """Tell whether a column is empty in most rows."""
    return _filled(cells[name]).count() < _HALF * cells.height


def _known_names(columns: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return for each role the columns that its synonyms name, with the names' weights."""
    is_video = not _VIDEO_MARKS.isdisjoint(map(compact, columns))
    known: dict[str, dict[str, float]] = {role: {} for role in SYNONYMS}
    for name in columns:
        inside, _, last = name.rpartition(".")
        for role, places in _PLACES.items():
            weight = _weight(name, places)
            if role == "image" and fold(name) not in SYNONYMS["image"]:
                weight = 0.0  # a list of addresses is no picture that can be read
            if inside and fold(inside) in WITHIN_OK.get(role, ()):
                weight = max(weight, 0.95 * _weight(last, places))
            if role == "count" and is_video and weight and _is_views(last):
                weight = 1.0
            if weight:
                known[role][name] = weight
    return known


def _weight(name: str, places: dict[str, float]) -> float:
    """Return how usual a name is for a role: a name that must be cut counts a little less."""
    whole, *cut = spellings(name) or ("",)
    return max(places.get(whole, 0.0), *(0.97 * places.get(form, 0.0) for form in cut), 0.0)


def _is_views(name: str) -> bool:
    return not _VIDEO_VIEWS.isdisjoint(spellings(name))


def _places(names: Sequence[str]) -> dict[str, float]:
    places: dict[str, float] = {}
    for place, name in enumerate(names):
        places.setdefault(compact(name), _A_PLACE**place)
    return places


_PLACES = {role: _places(names) for role, names in SYNONYMS.items()}
_VIDEO_MARKS = frozenset(map(compact, VIDEO_MARKS))
_VIDEO_VIEWS = frozenset(map(compact, VIDEO_VIEWS))


def _sample(cells: pl.DataFrame, names: set[str]) -> pl.DataFrame:
    wanted = cells.select([name for name in cells.columns if name in names])
    return wanted.gather_every(max(1, cells.height // SAMPLE)).head(SAMPLE)


def _filled(column: pl.Series) -> pl.Series:
    stripped = column.str.strip_chars()
    return stripped.set(stripped.str.contains(_MISSING).fill_null(value=True), None)


def _judged(role: str, name: str, weight: float, some: pl.DataFrame) -> Candidate:
    cells = _filled(some[name])
    n_filled = cells.count()
    if n_filled == 0:
        return Candidate(role, name, weight * _UNREADABLE, "is empty")
    fill = n_filled / len(cells)
    fit, why = _FITS.get(role, _fits_anything)(cells.drop_nulls(), fill)
    if role == "count" and fit and _is_constant_per_author(cells, some):
        fit, why = 0.0, "says the same of all posts of an author"
    return Candidate(role, name, weight * fit, why)


def _fits_text(cells: pl.Series, fill: float) -> tuple[float, str]:
    wide = cells.str.count_matches(_WIDE) / 2
    words = float(np.median((cells.str.split(" ").list.len() + wide).to_numpy()))
    length = min(1.0, max(0.4, words / 6))
    distinct = min(1.0, max(0.2, 2 * cells.n_unique() / len(cells)))
    plain = 1 - 0.95 * _share(cells.str.contains(_ADDRESS) | counts(cells).is_not_null())
    return length * distinct * plain * (0.2 + 0.8 * fill), f"holds {words:.0f} words a cell"


def _fits_time(cells: pl.Series, fill: float) -> tuple[float, str]:
    distinct = cells.unique(maintain_order=True).head(_TIMES_LOOKED_AT)
    read = read_times(distinct, zone_of("UTC")).moments
    share = read.count() / len(distinct)
    if share < _SOME:
        return _UNREADABLE, f"holds no times ({distinct[0]!r})"
    if fill < _HALF:
        return _UNREADABLE, f"is empty in {1 - fill:.0%} of the rows"
    return share * fill, "holds times"


def _fits_count(cells: pl.Series, fill: float) -> tuple[float, str]:
    numbers = counts(cells).drop_nulls()
    share = len(numbers) / len(cells)
    if share < _HALF:
        return _UNREADABLE, f"holds no numbers ({cells[0]!r})"
    if _share(numbers != numbers.round()) > _HALF:
        return 0.0, f"holds no whole numbers ({cells[0]!r})"
    return share * (1.0 if fill >= _FILLED else 0.5 * fill), f"is filled in {fill:.0%} of the rows"


def _fits_id(cells: pl.Series, fill: float) -> tuple[float, str]:
    distinct = cells.n_unique() / len(cells)
    sentences = _share(cells.str.contains(" "))
    return (0.0 if sentences > _HALF else fill), f"is distinct in {distinct:.0%} of the rows"


def _fits_author(cells: pl.Series, fill: float) -> tuple[float, str]:
    share = cells.n_unique() / len(cells)
    return fill * (0.5 if share == 1 and len(cells) > 1 else 1.0), f"holds {cells.n_unique()} names"


def _fits_tags(cells: pl.Series, fill: float) -> tuple[float, str]:
    if _share(counts(cells).is_not_null()) > _HALF:
        return 0.0, "holds numbers"
    phrases = cells.str.contains(" ") & ~cells.str.contains(_LABELS)
    if _share(phrases) > _HALF and cells.n_unique() < _HALF * len(cells):
        return 0.0, "holds labels"
    return 0.2 + 0.8 * fill, "holds tags"


def _fits_anything(cells: pl.Series, fill: float) -> tuple[float, str]:
    return 0.2 + 0.8 * fill, f"holds {cells.n_unique()} values"


_FITS = {
    "text": _fits_text,
    "title": _fits_text,
    "time": _fits_time,
    "count": _fits_count,
    "id": _fits_id,
    "author": _fits_author,
    "tags": _fits_tags,
}


def _share(cells: pl.Series) -> float:
    return float(cells.fill_null(value=False).sum()) / max(len(cells), 1)


def _is_constant_per_author(cells: pl.Series, some: pl.DataFrame) -> bool:
    """Tell whether a count is one of authors: repeated authors, one number each."""
    authors = [name for name in some.columns if _weight(name, _PLACES["author"]) > _HALF]
    for name in authors:
        table = pl.DataFrame({"author": _filled(some[name]), "count": cells}).drop_nulls()
        each = table.group_by("author").agg(pl.len(), pl.col("count").n_unique().alias("values"))
        repeated = each.filter(pl.col("len") > 1)
        if repeated.height >= 3 and repeated["values"].max() == 1 and cells.n_unique() > 2:
            return True
    return False
