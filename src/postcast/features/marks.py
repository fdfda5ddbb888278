"""What posts are marked with: tags, hashtags and a category, by number and never by name.

Knows no count and no time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.grouping import rows_by
from postcast.validation import integers, starts

if TYPE_CHECKING:
    import polars as pl

    from postcast.schema import IntArray, Post

HASHTAG = re.compile(r"(?<!\w)#(\w+)")
BETWEEN_TAGS = re.compile(r"[\s,;|]+")

_CODES, _STARTS = "marks.codes", "marks.starts"


def marks_of(tags: Iterable[str], category: str | None, text: str) -> tuple[int, ...]:
    """Return the numbers of a post's tags, the hashtags in its text and its category, rising."""
    named = [tag.lstrip("#").casefold() for tag in (*tags, *HASHTAG.findall(text))]
    found = {_number(tag) & ~1 for tag in named if tag}
    if category:
        found.add(_number(category.casefold()) | 1)
    return tuple(sorted(found))


def marks_of_table(table: pl.DataFrame) -> list[tuple[int, ...]]:
    """Return the marks of each post of a table with the columns of `postcast.schema.Posts`."""
    category = table["category"] if "category" in table.columns else [None] * table.height
    columns = zip(table["tags"], category, table["text"], strict=True)
    return [marks_of(BETWEEN_TAGS.split(tags or ""), one, text) for tags, one, text in columns]


def marks_of_post(post: Post, text: str) -> tuple[int, ...]:
    """Return the marks of a post whose title and text are joined."""
    return marks_of(post.tags, getattr(post, "category", None), text)


def as_texts(marks: Sequence[Sequence[int]], n_posts: int) -> list[str]:
    """Return the marks of each post as a text of numbers, which an encoder of marks reads."""
    return [" ".join(map(str, one)) for one in marks] or [""] * n_posts


def is_category(codes: IntArray) -> np.ndarray:
    """Return which marks are categories, of the shape of the codes, bool."""
    return np.asarray((codes & 1) == 1)


def _number(name: str) -> int:
    """Return 63 bits of a digest: what a bank remembers of a tag."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") >> 1


@dataclass(frozen=True)
class Marks:
    """The marks of the posts of a bank.

    Parameters
    ----------
    codes : ndarray of int64, shape (n_marks,)
        Of all posts, one after the other; odd for categories.
    starts : ndarray of int64, shape (n_posts + 1,)
        Where each post's marks begin.
    """

    codes: IntArray
    starts: IntArray

    @classmethod
    def of(cls, marks: Sequence[Sequence[int]]) -> Self:
        """Return the marks of some posts, one sequence a post."""
        codes = np.array([code for one in marks for code in one], dtype=np.int64)
        sizes = np.array([len(one) for one in marks], dtype=np.int64)
        return cls(codes, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))

    def joined(self, other: Marks) -> Marks:
        """Return the marks of these posts and of others."""
        codes = np.concatenate([self.codes, other.codes])
        return Marks(codes, np.concatenate([self.starts, other.starts[1:] + self.starts[-1]]))

    def of_post(self, post: int) -> IntArray:
        """Return one post's marks."""
        return self.codes[self.starts[post] : self.starts[post + 1]]

    def bearers(self, order: IntArray | None) -> dict[int, IntArray]:
        """Return the positions of the posts that bear each mark, oldest first."""
        post = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        in_turn = np.arange(len(post)) if order is None else np.argsort(order[post], kind="stable")
        of_mark = rows_by(self.codes[in_turn])
        return {code: post[in_turn[rows]] for code, rows in of_mark.items()}

    def arrays(self) -> dict[str, Any]:
        """Return the marks by the names under which they are saved; nothing for no mark."""
        return {_CODES: self.codes, _STARTS: self.starts} if len(self.codes) else {}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], n_posts: int) -> Self:
        """Rebuild marks; of banks that were saved without, none."""
        if _CODES not in arrays:
            return cls.of([()] * n_posts)
        codes = integers(arrays, _CODES, (None,), 0)
        return cls(codes, starts(arrays, _STARTS, n_posts, len(codes)))
