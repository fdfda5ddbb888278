"""How finely a draft is parted and how many coalitions are asked: what a second affords.

Knows how much there is to read; no forecaster and no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_WORDS, FEWEST_WORDS = 24, 4
"""Parts of title and text together; longer texts are parted into runs of words."""

MOST_PAIRS, FEWEST_PAIRS = 32, 8
"""Pairs of coalitions that are drawn, beside one for each part."""

LONG = 6_000
"""Characters up to which an encoder that counts words affords the most of either."""

TOKENS = 2_500
"""Tokens that a pretrained encoder reads for one answer: some two thirds of a second of one core
with six layers of 384, the rest of the second being the classifier's."""

OF_PARTS = 0.55
"""The share of these tokens that goes into having more parts; the rest makes sure of each."""

SIGNS_A_TOKEN, TOKENS_A_WORD = 4, 1.3
"""Of what people write in English."""


@dataclass(frozen=True)
class Effort:
    """What is asked about one draft.

    Parameters
    ----------
    most_words : int
        Parts of title and text together, at most.
    n_pairs : int
        Pairs of coalitions to draw, beside one for each part.
    """

    most_words: int
    n_pairs: int


def effort_for(texts: Sequence[str], n_words: int, longest: int | None) -> Effort:
    """Return how much to ask about some texts.

    A pair of coalitions has each word on one side or the other, so that it is read at the price of
    the whole; an encoder that cuts off what is too long reads no more than that twice.

    Parameters
    ----------
    texts : sequence of str
        Title and text, where they are read.
    n_words : int
        In all of them.
    longest : int or None
        Tokens at which the encoder cuts off; None for one that counts words.
    """
    n_signs = sum(map(len, texts))
    if longest is None:
        share = min(1.0, LONG / max(n_signs, 1))
        return Effort(
            max(FEWEST_WORDS, round(MOST_WORDS * share)),
            max(FEWEST_PAIRS, round(MOST_PAIRS * share)),
        )
    tokens = min(max(n_signs / SIGNS_A_TOKEN, TOKENS_A_WORD * n_words, 1.0), 2.0 * longest)
    pairs = TOKENS / tokens
    most_words = min(max(round(OF_PARTS * pairs), FEWEST_WORDS), MOST_WORDS)
    return Effort(most_words, min(max(round(pairs) - most_words, FEWEST_PAIRS), MOST_PAIRS))
