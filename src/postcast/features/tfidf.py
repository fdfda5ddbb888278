"""TF-IDF of words, of characters or of marks: the encoders that need no weights.

Learns its vocabulary with scikit-learn; transforms by itself, to the same numbers, so that a
saved one needs neither scikit-learn nor, for a few posts, scipy.
"""

from __future__ import annotations

import functools
import itertools
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast import validation as checks
from postcast.features.common_terms import FEWEST, common
from postcast.features.disguise import Disguise
from postcast.schema import Parts
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray, Matrix

log = logging.getLogger(__name__)

WORD = re.compile(r"(?u)\b\w\w+\b")
LARGEST_VOCABULARY = 20_000
FEW_TEXTS = 64
TEXTS_AT_ONCE = 10_000


class TfidfEncoder:
    """Sublinear term frequency, smoothed idf, rows of length one.

    Parameters
    ----------
    terms : {"words", "characters", "marks"}
        Words and word pairs, three and four characters within a word's bounds, or what lies
        between spaces.

    Attributes
    ----------
    vocabulary : dict of str to int
        Term to column, in column order.
    idf : ndarray of float64, shape (d,)
    disguise : Disguise or None
        What the terms of the vocabulary are hidden by; None where they stand as they are.
    """

    name = "tfidf"

    def __init__(self, terms: str = "words") -> None:
        self.terms = terms
        self.vocabulary: dict[str, int] = {}
        self.idf: FloatArray = np.zeros(1)
        self.disguise: Disguise | None = None

    def fit(self, texts: Sequence[str], authors: Sequence[str | None] | None = None) -> None:
        """Learn the vocabulary and its document frequencies.

        Terms of a single text are left out, unless every term is one. Texts without any word
        give a single column of zeros: nothing is learned from them, and nothing breaks.

        Parameters
        ----------
        texts : sequence of str
        authors : sequence of str or None, optional
            Of the texts, where terms may not point at anyone: only those that several authors
            have in common are learned then; see `postcast.features.common_terms`.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        for fewest_texts in (2, 1):
            try:
                kept = None if authors is None else self._common(texts, authors)
                vectorizer = TfidfVectorizer(
                    analyzer=TERMS[self.terms],
                    min_df=fewest_texts,
                    sublinear_tf=True,
                    max_features=LARGEST_VOCABULARY,
                    vocabulary=kept,
                )
                vectorizer.fit(texts)
            except ValueError:  # an empty vocabulary
                continue
            terms = vectorizer.get_feature_names_out().tolist()
            self.vocabulary = {term: column for column, term in enumerate(terms)}
            self.idf = np.asarray(vectorizer.idf_, dtype=np.float64)
            return
        n_texts = counted(len(texts), "training text")
        log.warning("%s without a word: tfidf has nothing to learn", n_texts)

    def _common(self, texts: Sequence[str], authors: Sequence[str | None]) -> list[str]:
        """Return the terms that several authors have in common, the most frequent of them."""
        from sklearn.feature_extraction.text import CountVectorizer

        counter = CountVectorizer(analyzer=TERMS[self.terms], min_df=FEWEST)
        found = counter.fit_transform(texts)
        columns = np.flatnonzero(common(found, authors))
        total = np.asarray(found.sum(axis=0)).ravel()[columns]
        columns = columns[np.argsort(-total, kind="stable")[:LARGEST_VOCABULARY]]
        return sorted(counter.get_feature_names_out()[columns].tolist())

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return the TF-IDF rows, shape (n_texts, d): dense for a few texts, else sparse."""
        shape = (len(texts), len(self.idf))
        if len(texts) <= FEW_TEXTS:
            dense = np.zeros(shape, dtype=np.float32)
            row, column, weight = self._weights(texts)
            dense[row, column] = weight
            return dense
        import scipy.sparse

        starts = range(0, len(texts), TEXTS_AT_ONCE)
        parts = [self._weights(texts[start : start + TEXTS_AT_ONCE]) for start in starts]
        sizes = [
            np.bincount(row, minlength=min(TEXTS_AT_ONCE, len(texts) - start))
            for start, (row, _, _) in zip(starts, parts, strict=True)
        ]
        ends = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
        column, weight = (np.concatenate([part[one] for part in parts]) for one in (1, 2))
        return scipy.sparse.csr_matrix((weight, column.astype(np.int32), ends), shape=shape)

    def _weights(self, texts: Sequence[str]) -> tuple[IntArray, IntArray, FloatArray]:
        """Return row, column and weight of each term of some texts, columns rising in a row."""
        terms_of, column_of = TERMS[self.terms], self._column_of()
        found: list[int] = []
        ends = [0]
        for text in texts:
            found += [c for term in terms_of(text) if (c := column_of(term)) is not None]
            ends.append(len(found))
        row = np.repeat(np.arange(len(texts)), np.diff(ends))
        place = row * len(self.idf) + np.array(found, dtype=np.int64)
        place, counts = np.unique(place, return_counts=True)
        row, column = np.divmod(place, len(self.idf))
        weight = (1 + np.log(counts)) * self.idf[column]
        length = np.sqrt(np.bincount(row, weight * weight, minlength=len(texts)))
        return row, column, (weight / length[row]).astype(np.float32)

    def _column_of(self) -> Callable[[str], int | None]:
        disguise, vocabulary = self.disguise, self.vocabulary
        if disguise is None:
            return vocabulary.get
        return functools.cache(lambda term: vocabulary.get(disguise.term(term)))

    def hidden(self, disguise: Disguise) -> TfidfEncoder:
        """Return an encoder whose vocabulary tells no term, and that gives the same rows."""
        hidden = TfidfEncoder(self.terms)
        hidden.vocabulary = {disguise.term(t): column for t, column in self.vocabulary.items()}
        hidden.idf, hidden.disguise = self.idf, disguise
        return hidden

    def describe(self) -> dict[str, Any]:
        """Return what shapes its vectors."""
        return {"terms": self.terms, "vocabulary": len(self.vocabulary)}

    def columns(self) -> tuple[str, ...]:
        """Return the terms in column order; nothing where they are hidden."""
        return tuple(self.vocabulary) if self.disguise is None else ()

    def state(self) -> Parts:
        """Return the vocabulary and idf."""
        return Parts(
            facts={
                "kind": "tfidf",
                "of": self.terms,
                "terms": list(self.vocabulary),
                "salt": None if self.disguise is None else self.disguise.salt.hex(),
            },
            arrays={"idf": self.idf},
        )

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted encoder."""
        terms, salt = checks.texts(parts.facts, "terms"), checks.salt(parts.facts, "salt")
        self = cls(checks.text(parts.facts, "of", list(TERMS)))
        self.vocabulary = {term: column for column, term in enumerate(terms)}
        self.idf = checks.floats(parts.arrays, "idf", (max(len(terms), 1),))
        if len(self.vocabulary) < len(terms) or (terms and not (self.idf > 0).all()):
            raise ValueError("a term that stands twice, or counts for nothing")
        self.disguise = None if salt is None else Disguise(salt)
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


TERMS: Mapping[str, Callable[[str], list[str]]] = {
    "words": _words,
    "characters": _characters,
    "marks": str.split,
}
