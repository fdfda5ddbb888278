"""What is known of posts before they are published, and the features made of it.

Knows no class and no classifier; counts only through the memory bank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from postcast.features.bank import MemoryBank
from postcast.features.context import context
from postcast.features.history import LATEST, Moment, Published, history
from postcast.features.images.decode import ADDRESS
from postcast.features.images.inside import Inside
from postcast.features.images.sense import IMAGE, MASK
from postcast.features.kriging import kriging
from postcast.features.marks import as_texts, marks_of_post, marks_of_table
from postcast.features.nearest import NEAREST_BLOCKS, nearest
from postcast.features.neighbours import own_neighbours
from postcast.features.retrieval import RETRIEVED, retrieve
from postcast.features.vectors import unit_rows
from postcast.schema import IMAGE_PRINT, Block, FeatureSet, Post

if TYPE_CHECKING:
    import polars as pl

    from postcast.features.images.sense import ImageSense
    from postcast.features.text import TextEncoder
    from postcast.schema import BoolArray, IntArray


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
        Copies of one another share a number.
    order : ndarray of int64, shape (n_posts,), or None
    known_until : ndarray of int64, shape (n_posts,), or None
        Counts of posts ordered before this were known; None for those before the post itself.
    published : Published or None
        Posts known to exist, whatever became of them; None for these posts themselves.
    images : sequence of str or None, or None
        Paths, absolute or from the working directory, or the `Reason` why one may not be read;
        None where no post has any.
    marks : sequence of tuple of int
        Tags and category of each post; see `postcast.features.marks`.
    image_prints : sequence of str or None, or None
        What their image files hold; see `postcast.schema.Posts`. None where none was read.
    """

    ids: Sequence[str | None]
    texts: Sequence[str]
    authors: Sequence[str | None]
    group: IntArray
    order: IntArray | None
    known_until: IntArray | None = None
    published: Published | None = None
    images: Sequence[str | None] | None = None
    marks: Sequence[tuple[int, ...]] = ()
    image_prints: Sequence[str | None] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return f"<Drafts: {len(self):,} posts>"

    @property
    def image_paths(self) -> Sequence[str | None]:
        """The path of each post's image, None where it has none."""
        return [None] * len(self) if self.images is None else self.images

    def read_by(self, block: str) -> Sequence[str]:
        """Return what the encoder of a block reads of each post."""
        return as_texts(self.marks, len(self)) if block == "marks" else self.texts

    def take(self, rows: IntArray) -> Drafts:
        """Return some of the posts, in the order given."""
        return Drafts(
            ids=[self.ids[row] for row in rows],
            texts=[self.texts[row] for row in rows],
            authors=[self.authors[row] for row in rows],
            group=self.group[rows],
            order=None if self.order is None else self.order[rows],
            known_until=None if self.known_until is None else self.known_until[rows],
            published=self.published,
            images=None if self.images is None else [self.images[row] for row in rows],
            marks=[self.marks[row] for row in rows] if self.marks else (),
            image_prints=self.image_prints and [self.image_prints[row] for row in rows],
        )

    def joined(self, other: Drafts) -> Drafts:
        """Return these posts and others of the same table; up to when counts are known is lost."""
        order = None
        if self.order is not None and other.order is not None:
            order = np.concatenate([self.order, other.order])
        return Drafts(
            ids=[*self.ids, *other.ids],
            texts=[*self.texts, *other.texts],
            authors=[*self.authors, *other.authors],
            group=np.concatenate([self.group, other.group]),
            order=order if len(other) else self.order,
            published=self.published,
            images=[*self.image_paths, *other.image_paths],
            marks=[*self.marks, *other.marks],
            image_prints=_both(self, other),
        )

    def silenced(self, rows: BoolArray) -> Drafts:
        """Return the same posts, those marked without their texts and images."""
        texts = ["" if silent else one for one, silent in zip(self.texts, rows, strict=True)]
        images, prints = (
            None if shown is None else [None if rows[i] else one for i, one in enumerate(shown)]
            for shown in (self.images, self.image_prints)
        )
        return replace(self, texts=texts, images=images, image_prints=prints)

    def with_published(self) -> Drafts:
        """Return the same posts, which some of them taken apart still know to be published."""
        if self.published is not None or self.order is None:
            return self
        return replace(self, published=Published(self.authors, self.order))

    def independent(self) -> Drafts:
        """Return the same posts, each as if it came alone: none knows when others are published."""
        return replace(self, published=Published((), np.empty(0, dtype=np.int64)))

    @property
    def know_each_other(self) -> bool:
        """Whether an author publishes one of these posts at a time that another may know."""
        if self.order is None or self.published is not None:
            return False
        authors = [name for name in self.authors if name is not None]
        dated = {
            name
            for name, order in zip(self.authors, self.order, strict=True)
            if name is not None and order < LATEST
        }
        return any(n_posts > 1 and name in dated for name, n_posts in Counter(authors).items())

    def as_strangers(self) -> Drafts:
        """Return the same posts as members of no group of the training."""
        return replace(self, group=np.full(len(self), -1))


def _both(some: Drafts, others: Drafts) -> Sequence[str | None] | None:
    if some.image_prints is None and others.image_prints is None:
        return None
    return [p for one in (some, others) for p in one.image_prints or [None] * len(one)]


def drafts_of_table(table: pl.DataFrame, image_root: Path | None = None) -> Drafts:
    """Return the posts of a table with the columns of `postcast.schema.Posts`.

    Parameters
    ----------
    table : polars.DataFrame
    image_root : Path or None
        From where relative paths of images start, and outside of which none is read; None for
        the working directory, and any.
    """
    ordered = table["order"].null_count() < table.height
    order = table["order"].fill_null(LATEST).to_numpy() if ordered else None
    authors = table["author"].to_list()
    return Drafts(
        ids=table["id"].to_list(),
        texts=table["text"].to_list(),
        authors=authors,
        group=table["group"].to_numpy().astype(np.int64),
        order=order,
        published=None if order is None else Published(authors, order),
        images=placed(table["image"].to_list(), image_root),
        marks=marks_of_table(table),
        image_prints=table[IMAGE_PRINT].to_list() if IMAGE_PRINT in table.columns else None,
    )


def drafts_of_posts(posts: Sequence[Post], bank: MemoryBank) -> Drafts:
    """Return posts as columns, title and text joined as in the training.

    A post without a time is taken as published now, after all that the bank knows.
    """
    order = None
    if bank.ordering == "time":
        order = np.array([_microseconds(post) for post in posts], dtype=np.int64)
    texts = [_joined(post, bank.text_from) for post in posts]
    return Drafts(
        ids=[_id(post, row, len(posts)) for row, post in enumerate(posts, 1)],
        texts=texts,
        authors=[post.author for post in posts],
        group=np.arange(len(posts)),
        order=order,
        images=placed([post.image for post in posts], None),
        marks=[marks_of_post(post, text) for post, text in zip(posts, texts, strict=True)],
    )


def placed(paths: list[str | None], root: Path | None) -> list[str | None] | None:
    """Return images' paths from the working directory; addresses, which are no paths, as they are.

    Parameters
    ----------
    paths : list of str or None, length n_posts
    root : Path or None
        From where relative ones start, and what all must lie in, links followed; None for the
        working directory, and any.

    Returns
    -------
    list of str or None, or None
        With `Reason.OUTSIDE` in the place of a path that leads out; None where no post has any.
    """
    if not any(paths):
        return None
    if root is None:
        return paths
    inside = Inside(root)
    return [path if not path or ADDRESS.match(path) else inside.place(path) for path in paths]


def _microseconds(post: Post) -> int:
    if post.time is None:
        return int(LATEST)
    time = post.time if post.time.tzinfo else post.time.replace(tzinfo=UTC)
    return round(time.timestamp() * 1e6)


def _id(post: Post, position: int, n_posts: int) -> str | None:
    return post.id if post.id is not None or n_posts == 1 else str(position)


def _joined(post: Post, text_from: Sequence[str]) -> str:
    parts = [(post.title or "") if part == "title" else post.text for part in text_from]
    return "\n".join(stripped for part in parts if (stripped := part.strip()))


@dataclass(frozen=True)
class Senses:
    """What turns posts into features: the encoders, fitted, and the memory bank.

    Parameters
    ----------
    encoders : mapping of str to TextEncoder
        By the block that they make: ``text``, and for some classifiers ``words``,
        ``characters`` and ``marks``, of tags and categories.
    bank : MemoryBank
    blocks : tuple of str
        What else the classifier reads: of `MADE_FROM_BANK` and `NEAREST_BLOCKS`, ``context``, and
        `RETRIEVED`, which is no block but neighbours.
    images : ImageSense or None
        What looks at images; None for forecasters that learned from none.
    """

    encoders: Mapping[str, TextEncoder]
    bank: MemoryBank
    blocks: tuple[str, ...] = ()
    images: ImageSense | None = None

    def __repr__(self) -> str:
        """Say which blocks are made, and of what bank."""
        blocks = ", ".join((*self.encoders, *self.blocks)) or "no blocks"
        images = ", images" if self.images is not None else ""
        return f"<Senses: {blocks}{images}; {self.bank!r}>"


# blocks of the author's own posts, which need their order
MADE_FROM_BANK: Mapping[str, Callable[..., Block]] = {
    "history": lambda moment, _, bank: history(moment, bank),
    "kriging": kriging,
    "neighbours": own_neighbours,
}


def assemble(drafts: Drafts, senses: Senses) -> FeatureSet:
    """Return the features of some posts.

    Blocks that need an order are left out where the training posts had none.
    """
    bank = senses.bank
    author = bank.codes_of(drafts.authors)
    blocks = {
        name: Block(encoder.encode(drafts.read_by(name)), encoder.columns())
        for name, encoder in senses.encoders.items()
    }
    order = np.full(len(drafts), LATEST) if drafts.order is None else drafts.order
    if "context" in senses.blocks:
        time = np.where(order < LATEST, order, -1) if bank.ordering == "time" else None
        blocks["context"] = context(drafts.texts, time)
    known_until = order if drafts.known_until is None else drafts.known_until
    published = drafts.published or Published(drafts.authors, order)
    moment = Moment(author, order, known_until, drafts.group, published.by_author(bank, author))
    from_own = [name for name in senses.blocks if name in MADE_FROM_BANK]
    of_anyone = [name for name in senses.blocks if name in NEAREST_BLOCKS]
    seen = _seen(drafts, senses)
    retrieved = None
    if from_own or of_anyone or RETRIEVED in senses.blocks:
        vectors = unit_rows(blocks["text"].matrix)
        if bank.order is not None:
            blocks |= {name: MADE_FROM_BANK[name](moment, vectors, bank) for name in from_own}
        if of_anyone:
            blocks |= nearest(moment, vectors, bank, of_anyone)
        if RETRIEVED in senses.blocks:
            images = seen[IMAGE].matrix if seen and bank.images is not None else None
            retrieved = retrieve(moment, vectors, bank.marks_known_by(drafts.marks), bank, images)
    return FeatureSet(blocks | seen, author, drafts.group, drafts.order, retrieved)


def _seen(drafts: Drafts, senses: Senses) -> dict[str, Block]:
    """Return what is seen of the posts' images; to retrieve by, as vectors like the bank's."""
    if senses.images is None:
        return {}
    blocks, remembered = senses.images.look(drafts.image_paths).blocks, senses.bank.images
    if RETRIEVED not in senses.blocks or remembered is None:
        return dict(blocks)
    return {IMAGE: Block(remembered.of(blocks)), MASK: blocks[MASK]}
