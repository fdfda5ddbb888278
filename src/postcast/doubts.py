"""Why a forecast deserves less trust: what a post has that no training post had.

Knows no classifier's workings and no probability.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from postcast.features.familiar import FEWEST_POSTS
from postcast.features.images.decode import Reason
from postcast.features.language import NAMES, language_of
from postcast.features.vectors import unit_rows
from postcast.wording import agreeing

if TYPE_CHECKING:
    from postcast.features.assemble import Drafts
    from postcast.features.bank import MemoryBank
    from postcast.schema import FeatureSet

FEWEST_OF_LANGUAGE = 3
LEAST_SHARE_OF_LANGUAGE = 0.002
"""A language of fewer training posts than both of these was hardly learned from."""


def find_doubts(
    drafts: Drafts, features: FeatureSet, bank: MemoryBank, encoder: str | None
) -> list[tuple[str, ...]]:
    """Return why each post's answer deserves less trust, in sentences without semicolons.

    Parameters
    ----------
    drafts : Drafts
    features : FeatureSet
        Of the drafts.
    bank : MemoryBank
    encoder : str or None
        What made the block ``text``; None where the classifier reads no text.
    """
    told = np.ones(len(drafts), dtype=bool)
    if "text" in features.blocks:
        told = np.asarray(abs(features.blocks["text"].matrix).sum(axis=1)).ravel() > 0
    found = [_of_words(text, told[row]) for row, text in enumerate(drafts.texts)]
    if encoder is not None:
        languages = _of_languages(drafts.texts, bank)
        far = _of_distance(features, bank, encoder)
        found = [[*a, *b, *c] for a, b, c in zip(found, languages, far, strict=True)]
    for doubts, author in zip(found, drafts.authors, strict=True):
        if bank.authors and author is not None and bank.code_of(author) < 0:
            doubts.append(f"the author {author!r} was not seen in training")
    return [tuple(doubts) for doubts in found]


def with_unseen_images(
    doubts: Sequence[tuple[str, ...]], reasons: Sequence[Reason | None]
) -> list[tuple[str, ...]]:
    """Return doubts with one more for each post whose image could not be seen."""
    told = "its image was not seen ({}), and it is forecast without"
    return [
        found if reason is None or reason == Reason.NONE else (*found, told.format(reason))
        for found, reason in zip(doubts, reasons, strict=True)
    ]


def _of_words(text: str, told: bool) -> list[str]:
    if not text.strip():
        return ["there is no text to judge"]
    return [] if told else ["no word of the text was seen in training"]


def _of_languages(texts: Sequence[str], bank: MemoryBank) -> list[list[str]]:
    """Return a doubt for each text in a language that hardly any training post is in."""
    counts = bank.familiar.languages
    n_posts = sum(counts.values())
    if n_posts < FEWEST_POSTS:
        return [[] for _ in texts]
    fewest = max(FEWEST_OF_LANGUAGE, LEAST_SHARE_OF_LANGUAGE * n_posts)
    found: list[list[str]] = [[] for _ in texts]
    for doubts, code in zip(found, map(language_of, texts), strict=True):
        if code is not None and (n_of_it := counts.get(code, 0)) < fewest:
            doubts.append(
                f"its language looks like {NAMES[code]}, "
                f"in which {n_of_it:,} of {n_posts:,} training posts "
                f"{agreeing(n_of_it, 'is', 'are')}"
            )
    return found


def _of_distance(features: FeatureSet, bank: MemoryBank, encoder: str) -> list[list[str]]:
    """Return a doubt for each text that is farther from all training posts than they are."""
    found: list[list[str]] = [[] for _ in range(len(features))]
    familiar = bank.familiar
    least = familiar.least_cosine
    if familiar.encoder != encoder or least <= 0:
        return found
    vectors = unit_rows(features.blocks["text"].matrix)
    nearest = familiar.nearest(vectors, bank.vectors)
    for row in np.flatnonzero(familiar.judges(vectors) & (nearest < least)):
        cosine = math.floor(100 * nearest[row]) / 100
        found[row].append(
            f"it is unlike the training posts (nearest cosine {cosine:.2f}, "
            f"where 99% of them have one of at least {least:.2f})"
        )
    return found
