"""What a forecaster remembers: the posts of its training, and those that became known later.

Knows a division and its encoder; knows no classifier.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from postcast.data.near_duplicates import fingerprint
from postcast.features.bank import MemoryBank
from postcast.features.common_terms import common_marks
from postcast.features.familiar import MOST_LANDMARKS, learn_familiar
from postcast.features.image_vectors import ImageVectors
from postcast.features.marks import Marks
from postcast.features.vectors import stack_rows, unit_rows
from postcast.features.wordings import Wordings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postcast.features.assemble import Drafts
    from postcast.features.images.sense import ImageSense
    from postcast.features.text import TextEncoder
    from postcast.learning.division import Division
    from postcast.schema import FloatArray, IntArray, Source


def remember(
    division: Division,
    source: Source,
    encoder: TextEncoder | None,
    images: ImageSense | None = None,
    prints: Sequence[str | None] | None = None,
) -> MemoryBank:
    """Return what was known when the training ended, as a memory bank.

    Parameters
    ----------
    division : Division
    source : Source
        Of the posts.
    encoder : TextEncoder or None
        Fitted; None for forecasters that look for no neighbours.
    images : ImageSense or None
        None for forecasters that retrieve no neighbours, or look at no images.
    prints : sequence of str or None, length n_posts, optional
        What images are known again by; see `seen_prints`.
    """
    posts = division.remembered
    marks = common_marks(posts.marks, posts.authors) if division.discreet else posts.marks
    authors = sorted({name for name in posts.authors if name is not None})
    title = source.columns.get("title", ())
    names = source.columns.get("text", ())
    return MemoryBank(
        ids=[str(one) for one in posts.ids],
        authors=authors,
        author=_codes(posts.authors, authors),
        engagement=division.remembered_counts,
        order=posts.order,
        group=posts.group,
        ordering=source.ordering,
        fingerprints=fingerprints(posts.texts),
        text_from=["title" if len(names) > 1 and n in title else "text" for n in names] or ["text"],
        columns={role: list(columns) for role, columns in source.columns.items()},
        vectors=None if encoder is None else unit_rows(encoder.encode(posts.texts)),
        marks=None if encoder is None else Marks.of(marks),
        wordings=Wordings.of(posts.texts),
        image_prints=None if prints is None else prints_of(prints),
        images=None
        if images is None
        else ImageVectors.learned(images.look(posts.image_paths).blocks),
    )


def remember_more(
    bank: MemoryBank,
    posts: Drafts,
    counts: FloatArray,
    encoder: TextEncoder | None,
    images: ImageSense | None = None,
) -> MemoryBank:
    """Return a bank that knows more posts than those of its training.

    Parameters
    ----------
    bank : MemoryBank
    posts : Drafts
        Of any authors; those whom the training did not know stay unknown, and so do their posts.
    counts : ndarray of float, shape (n_posts,)
    encoder : TextEncoder or None
        As in the training.
    images : ImageSense or None
        As in the training.
    """
    if bank.order is None or posts.order is None:
        return bank
    author = np.array(
        [-1 if name is None else bank.code_of(name) for name in posts.authors], dtype=np.int64
    )
    rows = np.flatnonzero((author >= 0) | np.array([name is None for name in posts.authors]))
    more = posts.take(rows)
    vectors = bank.vectors
    if vectors is not None and encoder is not None:
        vectors = stack_rows(vectors, unit_rows(encoder.encode(more.texts)))
    marks = bank.marks
    if marks is not None:
        told = bank.marks_known_by(more.marks)
        if bank.disguise is not None:  # those of few posts have no place in it
            common = set(marks.codes.tolist())
            told = [[code for code in codes if code in common] for codes in told]
        marks = marks.joined(Marks.of(told))
    prints = bank.image_prints
    if prints is not None:
        more_prints = prints_of(seen_prints(more, images) or [None] * len(more))
        prints = np.concatenate([prints, bank.prints_known_by(more_prints)])
    pictures = bank.images
    if pictures is not None and images is not None:
        pictures = pictures.joined(images.look(more.image_paths).blocks)
    ids = [str(one) for one in more.ids]
    orders: IntArray = posts.order[rows]
    if bank.disguise is not None:
        ids, orders = _disguised(bank, orders, author[rows])
    return replace(
        bank,
        ids=[*bank.ids, *ids],
        author=np.concatenate([bank.author, author[rows]]),
        engagement=np.concatenate([bank.engagement, counts[rows]]),
        order=np.concatenate([bank.order, orders]),
        group=np.concatenate([bank.group, more.group]),
        fingerprints=np.concatenate(
            [bank.fingerprints, bank.prints_known_by(fingerprints(more.texts))]
        ),
        vectors=vectors,
        n_learned=len(bank) if bank.n_learned is None else bank.n_learned,
        marks=marks,
        images=pictures,
        image_prints=prints,
        wordings=None if bank.wordings is None else bank.wordings.joined(more.texts),
    )


def _disguised(bank: MemoryBank, orders: IntArray, author: IntArray) -> tuple[list[str], IntArray]:
    """Return what goes for the ids and the order of posts that enter a bank in disguise."""
    ids = [str(len(bank) + number) for number in range(1, len(orders) + 1)]
    if bank.ordering != "id" or bank.disguise is None or bank.order is None:
        return ids, orders
    whose = np.concatenate([bank.author, author]).tolist()
    stays = np.arange(len(whose)) < len(bank)
    moved = bank.disguise.orders(np.concatenate([bank.order, orders]), whose, stays)
    return ids, moved[len(bank) :]


def acquainted(
    bank: MemoryBank, texts: Sequence[str], encoder: TextEncoder, seed: int
) -> MemoryBank:
    """Return a bank that can tell drafts unlike its posts.

    Parameters
    ----------
    bank : MemoryBank
    texts : sequence of str, length n_posts
        Of its posts.
    encoder : TextEncoder
        Fitted.
    seed : int
    """
    familiar = learn_familiar(
        texts,
        unit_rows(encoder.encode(texts)),
        bank.group,
        encoder.name,
        seed=seed,
        most_landmarks=None if isinstance(bank.vectors, np.ndarray) else MOST_LANDMARKS,
    )
    return replace(bank, familiar=familiar)


def fingerprints(texts: Sequence[str]) -> np.ndarray:
    """Return the fingerprints of texts, uint8, shape (n_texts, 16); zeros for empty ones."""
    prints = [list(fingerprint(text)) if text else [0] * 16 for text in texts]
    return np.array(prints, dtype=np.uint8).reshape(-1, 16)


def seen_prints(posts: Drafts, images: ImageSense | None) -> Sequence[str | None] | None:
    """Return what posts' images are known again by, of those that were seen; None without any.

    What cannot be decoded leaves nothing behind: it may be no image.
    """
    if images is None or posts.image_prints is None:
        return None
    reasons = images.look(posts.image_paths).reasons
    return [
        None if reason else one for one, reason in zip(posts.image_prints, reasons, strict=True)
    ]


def prints_of(image_prints: Sequence[str | None]) -> np.ndarray:
    """Return the prints of images, uint8, shape (n_posts, 16); zeros for none."""
    joined = b"".join(bytes.fromhex(one) if one else bytes(16) for one in image_prints)
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, 16).copy()


def _codes(names: Sequence[str | None], authors: Sequence[str]) -> IntArray:
    codes = {name: code for code, name in enumerate(authors)}
    return np.array([-1 if name is None else codes.get(name, -1) for name in names], dtype=np.int64)
