"""What is known of posts before they are published, and the features made of it.

Knows no count and no class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.schema import Block, FeatureSet, Post

if TYPE_CHECKING:
    import polars as pl

    from postcast.features.text import TextEncoder
    from postcast.schema import IntArray


@dataclass(frozen=True)
class Drafts:
    """Posts as columns, with nothing in them that is known only after publishing.

    Parameters
    ----------
    ids : sequence of str or None
    texts : sequence of str
        As encoders read them: title and text joined where the training did so.
    authors : sequence of str or None
    group : ndarray of int, shape (n_posts,)
    order : ndarray of int64, shape (n_posts,), or None
    """

    ids: Sequence[str | None]
    texts: Sequence[str]
    authors: Sequence[str | None]
    group: IntArray
    order: IntArray | None

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: IntArray) -> Drafts:
        """Return some of the posts, in the order given."""
        return Drafts(
            ids=[self.ids[row] for row in rows],
            texts=[self.texts[row] for row in rows],
            authors=[self.authors[row] for row in rows],
            group=self.group[rows],
            order=None if self.order is None else self.order[rows],
        )


def drafts_of_table(table: pl.DataFrame) -> Drafts:
    """Return the posts of a table with the columns of `postcast.schema.Posts`."""
    ordered = table.height > 0 and table["order"].null_count() == 0
    return Drafts(
        ids=table["id"].to_list(),
        texts=table["text"].to_list(),
        authors=table["author"].to_list(),
        group=table["group"].to_numpy().astype(np.int64),
        order=table["order"].to_numpy() if ordered else None,
    )


def drafts_of_posts(posts: Sequence[Post], text_from: Sequence[str]) -> Drafts:
    """Return posts as columns, title and text joined as in the training.

    Parameters
    ----------
    posts : sequence of Post
    text_from : sequence of {"text", "title"}
        What the training's text was joined from.
    """
    return Drafts(
        ids=[_id(post, row, len(posts)) for row, post in enumerate(posts, 1)],
        texts=[_joined(post, text_from) for post in posts],
        authors=[post.author for post in posts],
        group=np.arange(len(posts)),
        order=None,
    )


def _id(post: Post, position: int, n_posts: int) -> str | None:
    return post.id if post.id is not None or n_posts == 1 else str(position)


def _joined(post: Post, text_from: Sequence[str]) -> str:
    parts = [(post.title or "") if part == "title" else post.text for part in text_from]
    return "\n".join(stripped for part in parts if (stripped := part.strip()))


def assemble(
    drafts: Drafts, encoder: TextEncoder | None, author_codes: Mapping[str, int]
) -> FeatureSet:
    """Return the features of some posts.

    Parameters
    ----------
    drafts : Drafts
    encoder : TextEncoder or None
        Fitted; None for classifiers that read no text.
    author_codes : mapping of str to int
        The training rows' authors.
    """
    blocks = {}
    if encoder is not None:
        blocks["text"] = Block(encoder.encode(drafts.texts), encoder.columns())
    codes = [-1 if name is None else author_codes.get(name, -1) for name in drafts.authors]
    return FeatureSet(
        blocks=blocks,
        author=np.asarray(codes, dtype=np.int64),
        group=drafts.group,
        order=drafts.order,
    )
