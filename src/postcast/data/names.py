"""Column names in any spelling → the words that they consist of. Knows no role."""

from __future__ import annotations

import re
import unicodedata

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BRACKETED = re.compile(r"\([^()]*\)|（[^（）]*）")
_NO_LETTER = re.compile(r"[\W_]+")

_AROUND = frozenset(
    (
        *("num", "number", "nr", "nb", "count", "counts", "total", "vid", "video", "status"),
        *("post", "posts", "tweet", "note", "origin", "author", "weibo", "lifetime", "own"),
    )
)
"""Words that scrapers and exports put before or after the word that matters."""


def fold(name: str) -> str:
    """Return a name's words in lower case, separated by spaces.

    Compatibility forms, accents, soft hyphens, zero-width characters and what stands in brackets
    are left out, and ``camelCase`` is parted: ``vid_nLikes (sum)`` becomes ``vid n likes``.
    """
    text = unicodedata.normalize("NFKC", name)
    text = "".join(mark for mark in text if unicodedata.category(mark) != "Cf")
    text = _BRACKETED.sub(" ", text) if _BRACKETED.sub("", text).strip() else text
    parts = unicodedata.normalize("NFD", _CAMEL.sub(" ", text))
    bare = "".join(mark for mark in parts if unicodedata.category(mark) != "Mn")
    return _NO_LETTER.sub(" ", bare).strip().casefold()


def compact(name: str) -> str:
    """Return a name's letters and digits alone, without a plural's ending."""
    joined = fold(name).replace(" ", "")
    return joined.removesuffix("s") if len(joined) > 3 else joined


def spellings(name: str) -> tuple[str, ...]:
    """Return the compact forms under which a name may be known, the whole name first."""
    words = fold(name).split()
    inner = [word for word in words if word not in _AROUND]
    forms = [compact(name)]
    if inner and len(inner) < len(words):
        forms.append(compact(" ".join(inner)))
    last = (inner or words)[-1] if words else ""
    if len(inner) == 1 and last.startswith("n") and len(last) > 3:
        forms.append(compact(last[1:]))
    return tuple(dict.fromkeys(form for form in forms if form))
