"""TF-IDF of words or of characters: the encoders that need no weights.

Learns its vocabulary with scikit-learn; transforms by itself, to the same numbers, so that a
saved one needs neither scikit-learn nor, for a few posts, scipy.
"""

from __future__ import annotations

import itertools
import logging
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.schema import Parts

if TYPE_CHECKING:
    from postcast.schema import FloatArray, Matrix

log = logging.getLogger(__name__)

WORD = re.compile(r"(?u)\b\w\w+\b")
LARGEST_VOCABULARY = 20_000
FEW_TEXTS = 64


class TfidfEncoder:
    """Sublinear term frequency, smoothed idf, rows of length one.

    Parameters
    ----------
    terms : {"words", "characters"}
        Words and word pairs, or three and four characters within a word's bounds.

    Attributes
    ----------
    vocabulary : dict of str to int
        Term to column.
    idf : ndarray of float64, shape (d,)
    """

    name = "tfidf"

    def __init__(self, terms: str = "words") -> None:
        self.terms = terms
        self.vocabulary: dict[str, int] = {}
        self.idf: FloatArray = np.zeros(1)

    def fit(self, texts: Sequence[str]) -> None:
        """Learn the vocabulary and its document frequencies.

        Terms of a single text are left out, unless every term is one. Texts without any word
        give a single column of zeros: nothing is learned from them, and nothing breaks.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        for fewest_texts in (2, 1):
            vectorizer = TfidfVectorizer(
                analyzer=TERMS[self.terms],
                min_df=fewest_texts,
                sublinear_tf=True,
                max_features=LARGEST_VOCABULARY,
            )
            try:
                vectorizer.fit(texts)
            except ValueError:  # an empty vocabulary
                continue
            self.vocabulary = {t: int(column) for t, column in vectorizer.vocabulary_.items()}
            self.idf = np.asarray(vectorizer.idf_, dtype=np.float64)
            return
        log.warning("the %d training texts hold no words: tfidf has nothing to learn", len(texts))

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return the TF-IDF rows, shape (n_texts, d): dense for a few texts, else sparse."""
        starts: list[int] = [0]
        columns: list[int] = []
        values: list[float] = []
        for text in texts:
            row = self._row(text)
            columns.extend(row)
            values.extend(row.values())
            starts.append(len(columns))
        shape = (len(texts), len(self.idf))
        if len(texts) <= FEW_TEXTS:
            dense = np.zeros(shape, dtype=np.float32)
            dense[np.repeat(np.arange(len(texts)), np.diff(starts)), columns] = values
            return dense
        import scipy.sparse

        data = np.asarray(values, dtype=np.float32)
        return scipy.sparse.csr_matrix((data, columns, starts), shape=shape)

    def _row(self, text: str) -> dict[int, float]:
        """Return column to weight for one text, columns ascending."""
        terms = TERMS[self.terms](text)
        counts = Counter(self.vocabulary[term] for term in terms if term in self.vocabulary)
        weights = {c: (1 + np.log(counts[c])) * self.idf[c] for c in sorted(counts)}
        length = np.sqrt(sum(weight * weight for weight in weights.values()))
        return {column: float(weight / length) for column, weight in weights.items()}

    def describe(self) -> dict[str, Any]:
        """Return what shapes its vectors."""
        return {"terms": self.terms, "vocabulary": len(self.vocabulary)}

    def columns(self) -> tuple[str, ...]:
        """Return the terms in column order."""
        return tuple(sorted(self.vocabulary, key=self.vocabulary.__getitem__))

    def state(self) -> Parts:
        """Return the vocabulary and idf."""
        return Parts(
            facts={"kind": "tfidf", "of": self.terms, "terms": list(self.columns())},
            arrays={"idf": self.idf},
        )

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted encoder."""
        self = cls(parts.facts["of"])
        self.vocabulary = {term: column for column, term in enumerate(parts.facts["terms"])}
        self.idf = parts.arrays["idf"]
        return self


def _words(text: str) -> list[str]:
    """Return the words of a text and its pairs of neighbouring words."""
    words = WORD.findall(text.lower())
    return words + [f"{first} {second}" for first, second in itertools.pairwise(words)]


def _characters(text: str) -> list[str]:
    """Return the runs of three and four characters of each word, with a space at both ends.

    A word that is no longer than a run counts once, as in scikit-learn's ``char_wb``.
    """
    runs: list[str] = []
    for word in (f" {word} " for word in text.lower().split()):
        for length in (3, 4):
            starts = range(max(len(word) - length + 1, 1))
            runs.extend(word[start : start + length] for start in starts)
            if len(word) <= length:
                break
    return runs


TERMS = {"words": _words, "characters": _characters}
