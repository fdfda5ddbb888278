"""The parts of a draft that can be taken away: words, regions of its image, context, author, tags.

Knows what a forecaster reads; asks it nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from postcast.features.context import OF_TIME
from postcast.why.effort import Effort, effort_for
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.schema import BoolArray, Post

Kind = Literal["word", "image", "context", "author", "tags"]

MOST_TAGS = 6
"""Tags that are parts of their own; the rest is one."""

SIDE = 3
"""Regions of an image, each way."""

_WRITTEN_TOGETHER = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0eff"
WORD = re.compile(rf"[{_WRITTEN_TOGETHER}]{{1,2}}|[^\s{_WRITTEN_TOGETHER}]{{1,60}}")
"""What is taken for a word; scripts without spaces are parted by their signs."""

FORMS = {
    "length": (
        "characters",
        "words",
        "mean word length",
        "lines",
        "share of distinct words",
    ),
    "capitals and signs": (
        "share of digits",
        "share of capitals",
        "share of other scripts",
        "emoji",
        "question marks",
        "exclamation marks",
    ),
    "hashtags, mentions and links": ("hashtags", "mentions", "links"),
}
"""What a text looks like from outside, by what people call it: columns of the block ``context``."""

TIMES = {"hour": OF_TIME[:2], "weekday": OF_TIME[2:]}


@dataclass(frozen=True)
class Piece:
    """One part of a draft.

    Parameters
    ----------
    kind : str
    name : str
        As people read it.
    field : {"text", "title"} or None
    start, end : int or None
        Characters of that field.
    box : tuple of float or None
        Left, top, right and bottom, as shares of the image's width and height.
    columns : tuple of str
        Of the block ``context``.
    tag : str or None
        Of `Post.tags`; None with the kind ``tags`` for the category.
    """

    kind: Kind
    name: str
    field: Literal["text", "title"] | None = None
    start: int | None = None
    end: int | None = None
    box: tuple[float, float, float, float] | None = None
    columns: tuple[str, ...] = ()
    tag: str | None = None


def pieces_of(
    post: Post, forecaster: Forecaster, *, has_usual_form: bool, has_image: bool
) -> list[Piece]:
    """Return the parts of a draft that a forecaster reads.

    Parameters
    ----------
    post : Post
    forecaster : Forecaster
    has_usual_form : bool
        Whether it is known what past texts look like from outside; otherwise form goes with words.
    has_image : bool
        Whether the image is seen.
    """
    senses, bank = forecaster.senses, forecaster.bank
    found = [*_words(post, forecaster)] if senses.encoders else []
    if has_image:
        found += _regions()
    if "context" in senses.blocks:
        if has_usual_form:
            found += [Piece("context", name, columns=columns) for name, columns in FORMS.items()]
        if bank.ordering == "time" and post.time is not None:
            told = {"hour": f"{post.time:%H:%M}", "weekday": f"{post.time:%A}"}
            found += [
                Piece("context", f"{name} ({told[name]})", columns=columns)
                for name, columns in TIMES.items()
            ]
    knows_author = post.author is not None and bank.code_of(post.author) >= 0
    if "author" in forecaster.reads() and knows_author:
        found.append(Piece("author", f"author {post.author}"))
    found += _tags(post, forecaster.reads())
    return found


def effort_of(post: Post, forecaster: Forecaster) -> Effort:
    """Return how finely a draft is parted, and how many coalitions are worth their time."""
    texts = list(_texts(post, forecaster).values())
    told = [one.describe().get("longest_tokens") for one in forecaster.senses.encoders.values()]
    longest = max((one for one in told if one is not None), default=None)
    return effort_for(texts, sum(len(WORD.findall(text)) for text in texts), longest)


def _texts(post: Post, forecaster: Forecaster) -> dict[str, str]:
    """Return the fields of a draft that are read, in the order of reading."""
    fields = [name for name in ("title", "text") if name in forecaster.bank.text_from]
    return {name: getattr(post, name) or "" for name in fields}


def _words(post: Post, forecaster: Forecaster) -> Iterator[Piece]:
    """Yield words, or runs of words where there are many, in the order of reading."""
    texts = _texts(post, forecaster)
    spans = {name: [m.span() for m in WORD.finditer(text)] for name, text in texts.items()}
    n_words = sum(map(len, spans.values()))
    most = effort_of(post, forecaster).most_words
    for name in texts:
        words = spans[name]
        if not words:
            continue
        n_parts = len(words) if n_words <= most else max(1, round(most * len(words) / n_words))
        for run in np.array_split(np.arange(len(words)), min(n_parts, len(words))):
            start, end = words[run[0]][0], words[run[-1]][1]
            yield Piece("word", texts[name][start:end], field=_field(name), start=start, end=end)


def _field(name: str) -> Literal["text", "title"]:
    return "title" if name == "title" else "text"


def _regions() -> list[Piece]:
    rows, columns = ("top", "middle", "bottom"), ("left", "centre", "right")
    return [
        Piece(
            "image",
            f"image, {rows[y]} {columns[x]}",
            box=(x / SIDE, y / SIDE, (x + 1) / SIDE, (y + 1) / SIDE),
        )
        for y in range(SIDE)
        for x in range(SIDE)
    ]


def _tags(post: Post, reads: Sequence[str]) -> list[Piece]:
    own = list(dict.fromkeys(post.tags)) if "tags" in reads else []
    found = [Piece("tags", f"#{tag}", tag=tag) for tag in own[:MOST_TAGS]]
    if own[MOST_TAGS:]:
        found.append(Piece("tags", counted(len(own) - MOST_TAGS, "more tag"), tag=""))
    if post.category and "category" in reads:
        found.append(Piece("tags", f"category {post.category}"))
    return found


def kept_post(post: Post, pieces: Sequence[Piece], kept: BoolArray) -> Post:
    """Return a draft with some of its parts alone; context and image are not the post's to lose.

    Parameters
    ----------
    post : Post
    pieces : sequence of Piece
    kept : ndarray of bool, shape (n_pieces,)
    """
    stays = [piece for piece, stay in zip(pieces, kept, strict=True) if stay]
    gone = [piece for piece, stay in zip(pieces, kept, strict=True) if not stay]
    changes: dict[str, object] = {}
    for name in ("title", "text"):
        words = [piece for piece in pieces if piece.field == name]
        if words:
            changes[name] = _without(getattr(post, name), words, stays)
    if any(piece.kind == "author" for piece in gone):
        changes["author"] = None
    of_tags = [piece for piece in gone if piece.kind == "tags"]
    if of_tags:
        lost = {piece.tag for piece in of_tags}
        named = {piece.tag for piece in pieces if piece.kind == "tags" and piece.tag}
        rest = "" in lost
        changes["tags"] = tuple(
            tag for tag in post.tags if (tag not in lost if tag in named else not rest)
        )
        if None in lost:
            changes["category"] = None
    return replace(post, **changes)  # type: ignore[arg-type]


def _without(text: str, words: Sequence[Piece], stays: Sequence[Piece]) -> str:
    """Return a text with the words that stay, each with what stands between it and the next."""
    cuts = [0, *(piece.start or 0 for piece in words[1:]), len(text)]
    kept = {piece.start for piece in stays if piece.field == words[0].field}
    return "".join(
        text[cuts[place] : cuts[place + 1]]
        for place, piece in enumerate(words)
        if piece.start in kept
    )
