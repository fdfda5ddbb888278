"""Posts of any number, whose words are as frequent as in a language. Knows no measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

POSTS_OF_AN_AUTHOR = 50
WORDS = 30_000


def synthetic(n_posts: int, path: Path) -> None:
    """Write posts whose count follows their author, one word and chance.

    Words are as frequent as in a language (Zipf), one post in fifty repeats an earlier text,
    and there are fifty posts to an author, at any size.
    """
    rng = np.random.default_rng(n_posts)
    words = np.array([_word(i) for i in range(WORDS)])
    chances = 1 / np.arange(2.7, WORDS + 2.7)
    cumulated = np.cumsum(chances / chances.sum())
    lengths = rng.integers(6, 30, n_posts)
    drawn = np.searchsorted(cumulated, rng.random(int(lengths.sum())))
    ends = np.cumsum(lengths)
    texts = [" ".join(words[drawn[e - n : e]]) for e, n in zip(ends, lengths, strict=True)]
    for copy in rng.integers(1, n_posts, n_posts // 50):
        texts[copy] = texts[rng.integers(0, copy)]
    n_authors = max(n_posts // POSTS_OF_AN_AUTHOR, 2)
    author = rng.integers(0, n_authors, n_posts)
    level = rng.normal(1.5, 0.7, n_authors)[author] + (drawn[ends - 1] % 7 == 0)
    table = pl.DataFrame(
        {
            "id": [f"p{i}" for i in range(n_posts)],
            "text": texts,
            "author": [f"author-{code}" for code in author],
            "created_at": 1_600_000_000 + np.cumsum(rng.integers(1, 240, n_posts)),
            "saves": np.floor(np.exp(level + rng.normal(0, 0.8, n_posts))).astype(np.int64),
        }
    )
    table.write_csv(path)


def _word(number: int) -> str:
    """Return a pronounceable word of its own for each number."""
    parts = []
    number += 100
    while number:
        number, rest = divmod(number, 105)
        parts.append("bcdfghjklmnprstvwxyz"[rest // 5 % 20] + "aeiou"[rest % 5])
    return "".join(parts)
