"""Texts → token ids in batches of one length → vectors.

Knows a tokenizer and what computes; nothing of where either comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from postcast.schema import FloatArray, IntArray

LENGTH_STEP = 4
"""Every other length would cost more in kernels compiled for it than this costs in padding."""

TEXTS_AT_ONCE = 16_384
"""Texts that are tokenised and sorted by length together."""


class Engine(Protocol):
    """What computes vectors from token ids."""

    tokens_at_once: int

    def answer(self, ids: IntArray, mask: IntArray) -> FloatArray:
        """Return one float32 vector a row of token ids and their mask, (b, t) -> (b, d).

        A row's vector does not depend on the other rows.
        """
        ...


def batches(
    texts: Sequence[str], tokenizer: Tokenizer, engine: Engine, longest: int
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield positions of texts and their vectors, in batches of one length, longest first.

    Every text is filled up to a multiple of `LENGTH_STEP` tokens and handed over with others of
    that length. The engine sees to it that a vector depends on its text alone, to the last bit.

    Parameters
    ----------
    texts : sequence of str
    tokenizer : Tokenizer
        Without padding; cuts off at `longest` tokens.
    engine : Engine
    longest : int
    """
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        encoded = tokenizer.encode_batch_fast(texts[start : start + TEXTS_AT_ONCE])
        ids = [one.ids for one in encoded]
        steps = np.array([-(-len(one) // LENGTH_STEP) for one in ids])
        lengths = np.minimum(steps * LENGTH_STEP, longest)
        for length in np.unique(lengths)[::-1]:
            alike = np.flatnonzero(lengths == length)
            step = max(engine.tokens_at_once // int(length), 1)
            for first in range(0, len(alike), step):
                chosen = alike[first : first + step]
                filled = _filled([ids[i] for i in chosen], int(length))
                yield start + chosen, engine.answer(*filled)


def _filled(texts: Sequence[Sequence[int]], length: int) -> tuple[IntArray, IntArray]:
    """Return token ids and their mask, shape (b, length) each."""
    ids = np.zeros((len(texts), length), dtype=np.int64)
    mask = np.zeros((len(texts), length), dtype=np.int64)
    for row, one in enumerate(texts):
        ids[row, : len(one)] = one
        mask[row, : len(one)] = 1
    return ids, mask
