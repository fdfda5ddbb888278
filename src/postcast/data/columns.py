"""Which column of a source plays which role: by the names asked for, else by common ones.

Knows names only, and nothing of what is in the columns.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from postcast.errors import ReadError, SettingsError

COMMON_NAMES: Mapping[str, tuple[str, ...]] = {
    "text": ("description", "text", "caption", "full_text"),
    "title": ("title",),
    "author": ("author", "user", "channel"),
    "time": ("created_at", "time", "timestamp", "date"),
    "count": ("repin_count", "likes", "favorite_count", "score", "engagement", "saves", "views"),
    "id": ("id", "post_id", "pin_id", "id_str"),
    "category": ("category", "subreddit", "board"),
    "image": ("image", "image_path"),
    "tags": ("tags", "hashtags"),
}
"""Role to its most usual names, in order of preference; `postcast.data.synonyms` has all."""

_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Column names by role.

    Parameters
    ----------
    text : tuple of str
        Columns whose contents are joined into a post's text; empty to find one by its name.
    title, author, time, count, id, category, image, tags : str, optional
        One column each; None to find it by its name, an empty name to leave the role out.
    usual : Columns, optional
        Names that are tried before the common ones, such as those that a forecaster learned
        from.
    """

    text: tuple[str, ...] = ()
    title: str | None = None
    author: str | None = None
    time: str | None = None
    count: str | None = None
    id: str | None = None
    category: str | None = None
    image: str | None = None
    tags: str | None = None
    usual: Columns | None = None

    @classmethod
    def of(cls, value: Columns | Mapping[str, str | Sequence[str]]) -> Columns:
        """Return columns from a mapping of role to name, or to several for the text.

        Raises
        ------
        SettingsError
            If a role is unknown.
        """
        if isinstance(value, Columns):
            return value
        for role in value:
            if role not in COMMON_NAMES:
                raise SettingsError(f"no role {role!r}", f"one of {', '.join(COMMON_NAMES)}")
        roles: dict[str, Any] = dict(value)
        text = roles.pop("text", ())
        return cls(text=(text,) if isinstance(text, str) else tuple(text), **roles)

    def as_mapping(self) -> dict[str, tuple[str, ...]]:
        """Return role to column names, without the roles that no column plays."""
        return {role: names for role in COMMON_NAMES if (names := self.names(role))}

    def names(self, role: str) -> tuple[str, ...]:
        """Return the columns that play `role`; empty where none does."""
        value: tuple[str, ...] | str | None = getattr(self, role)
        if isinstance(value, tuple):
            return value
        return (value,) if value else ()

    def or_usual(self, found: Sequence[str]) -> Columns:
        """Return these with the usual names for unsettled roles, where they are `found`."""
        usual = self.usual or Columns()
        taken = {name for role in COMMON_NAMES for name in self.names(role)}
        free = set(found) - taken
        settled = {
            role: getattr(usual, role)
            for role in COMMON_NAMES
            if getattr(self, role) in (None, ()) and free.issuperset(usual.names(role))
        }
        return replace(self, **settled)


def resolve(found: Sequence[str], asked: Columns, *, needs_count: bool) -> Columns:
    """Settle which of the columns `found` plays each role.

    Parameters
    ----------
    found : sequence of str
        The source's column names.
    asked : Columns
        Names that must exist as they are written; the other roles are found by
        `COMMON_NAMES`, ignoring case, spaces, underscores and hyphens.
    needs_count : bool
        Whether a table without engagement is of no use.

    Returns
    -------
    Columns
        Names from `found`; None for the roles that no column plays.

    Raises
    ------
    ReadError
        If an asked column does not exist, or no column holds the text or a needed count.
    SettingsError
        If one column is asked for two roles, other than text and title.
    """
    check_asked(found, asked)
    spoken_for = {name for role in _SINGLE for name in asked.names(role)}
    text = asked.text or _by_common_name(found, "text", spoken_for)
    if not text:
        raise ReadError(
            f"no text column among {_listed(found)}",
            f"one named {_alternatives('text')}",
            "name it with --text-col",
        )
    single: dict[str, Any] = {
        role: _single(found, role, asked, spoken_for | (set(text) if role != "title" else set()))
        for role in _SINGLE
    }
    if needs_count and single["count"] is None:
        raise ReadError(
            f"no count column among {_listed(found)}",
            f"one named {_alternatives('count')}",
            "name it with --count-col",
        )
    return Columns(text=text, **single)


_SINGLE = tuple(role for role in COMMON_NAMES if role != "text")


def check_asked(found: Sequence[str], asked: Columns) -> None:
    """Refuse names that are no column, and columns that are asked for two roles.

    Raises
    ------
    ReadError
        If an asked column does not exist.
    SettingsError
        If one column is asked for two roles, other than text and title.
    """
    roles: dict[str, str] = {}
    for role, names in asked.as_mapping().items():
        for name in names:
            if name not in found:
                near = difflib.get_close_matches(name, found, n=1)
                raise ReadError(
                    f"no column {name!r}",
                    f"one of {_listed(found)}",
                    f"did you mean {near[0]!r}?" if near else "",
                )
            other = roles.setdefault(name, role)
            if {other, role} not in ({role}, {"text", "title"}):
                raise SettingsError(
                    f"column {name!r} is asked for both {other} and {role}",
                    "one role a column",
                    f"choose another --{role}-col",
                )


def _single(found: Sequence[str], role: str, asked: Columns, excluded: set[str]) -> str | None:
    chosen: str | None = getattr(asked, role)
    if chosen is not None:
        return chosen or None
    return next(iter(_by_common_name(found, role, excluded)), None)


def _by_common_name(found: Sequence[str], role: str, excluded: set[str]) -> tuple[str, ...]:
    free = [name for name in found if name not in excluded]
    for common in COMMON_NAMES[role]:
        for name in sorted(free, key=lambda name: name != common):
            if _fold(name) == _fold(common):
                return (name,)
    return ()


def _fold(name: str) -> str:
    return name.casefold().translate({ord(mark): None for mark in " _-"})


def _alternatives(role: str) -> str:
    *names, last = COMMON_NAMES[role]
    return f"{', '.join(names)} or {last}"


def _listed(found: Sequence[str]) -> str:
    shown = ", ".join(found[:_SHOWN])
    return shown if len(found) <= _SHOWN else f"{shown} and {len(found) - _SHOWN} more"
