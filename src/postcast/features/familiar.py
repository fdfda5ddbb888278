"""What the texts of the training posts are like: in which languages, and how near to one another.

Knows no author, no count and no encoder, only its vectors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast import validation as checks
from postcast.features.language import count_languages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postcast.schema import BoolArray, FloatArray, IntArray, Matrix, Parts

MOST_LANDMARKS = 2_000
"""Posts that a draft is compared with where the bank keeps no vectors of all."""

MOST_ASKED = 1_000
"""Training posts whose nearest other post is looked for."""

FEWEST_POSTS = 100
"""With fewer, what is usual among them is not known."""

RARE = 1.0
"""Per cent of the training posts that are farther from the others than the least cosine."""

SHORT = 5.0
"""Per cent of the training posts that have fewer terms than a text must have to be judged."""

ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Familiar:
    """What training posts look like, kept so that a draft which looks otherwise can be told.

    Parameters
    ----------
    languages : mapping of str to int
        Training posts by ISO 639-1 code; those whose language is not clear are not counted.
    encoder : str
        Whose vectors these are; those of another cannot be compared.
    landmarks : mapping of str to ndarray
        Vectors of length one of a sample of the posts: ``dense``, float16 of shape (n, d), or
        ``values``, ``columns`` and ``starts`` of rows that are mostly zero. Empty where the
        bank keeps dense vectors of all.
    least_cosine : float
        99% of the training posts have a post of another group with a higher one, among those
        compared with. 0 where too few posts tell.
    fewest_terms : int
        Sparse vectors: 95% of the training posts have as many columns. With fewer a text is
        too short to reach their cosines, however like them it is.
    """

    languages: Mapping[str, int] = field(default_factory=dict)
    encoder: str = ""
    landmarks: Mapping[str, Any] = field(default_factory=dict)
    least_cosine: float = 0.0
    fewest_terms: int = 0

    @cached_property
    def _rows(self) -> Mapping[str, Any]:
        wide = {"dense": np.float32, "values": np.float32}
        return {k: v.astype(wide.get(k, np.int64)) for k, v in self.landmarks.items()}

    def judges(self, vectors: Matrix) -> BoolArray:
        """Return which of the vectors have enough to them to be compared, shape (n_posts,)."""
        columns = np.asarray((vectors != 0).sum(axis=1)).ravel()
        judged: BoolArray = columns >= max(self.fewest_terms, 1)
        return judged

    def nearest(self, vectors: Matrix, kept: Matrix | None) -> FloatArray:
        """Return the cosine of each draft to the nearest of the posts, shape (n_posts,).

        Parameters
        ----------
        vectors : ndarray or csr_matrix, shape (n_posts, d)
            Rows of length one.
        kept : ndarray or None
            The bank's vectors of all posts, for where there are no landmarks.
        """
        rows = self._rows or {"dense": kept}
        nearest = [_cosines(one, rows).max(axis=1) for one in _chunks(vectors)]
        return np.concatenate(nearest) if nearest else np.empty(0)

    def facts(self) -> dict[str, Any]:
        """Return what is not an array, as plain JSON types."""
        return {
            "languages": dict(self.languages),
            "encoder": self.encoder,
            "least_cosine": self.least_cosine,
            "fewest_terms": self.fewest_terms,
        }

    def arrays(self) -> dict[str, Any]:
        """Return the landmarks by the names under which they are saved."""
        return {f"{PREFIX}{name}": array for name, array in self.landmarks.items()}

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild what `facts` and `arrays` told; nothing is familiar to a bank without them."""
        landmarks = {
            name.removeprefix(PREFIX): array
            for name, array in parts.arrays.items()
            if name.startswith(PREFIX)
        }
        _check_landmarks(parts.arrays, landmarks)
        facts = checks.mapping(parts.facts, "familiar") if "familiar" in parts.facts else {}
        if not facts:
            return cls(landmarks=landmarks)
        languages = checks.mapping(facts, "languages")
        return cls(
            languages={code: checks.whole(languages, code, 0, 2**48) for code in languages},
            encoder=checks.text(facts, "encoder"),
            landmarks=landmarks,
            least_cosine=checks.number(facts, "least_cosine", -1.0, 1.0),
            fewest_terms=checks.whole(facts, "fewest_terms", 0, 2**31),
        )

    def width(self) -> int:
        """Return how wide a vector must at least be to be compared with the landmarks."""
        if "dense" in self.landmarks:
            return int(self.landmarks["dense"].shape[1])
        return int(self.landmarks["columns"].max(initial=-1)) + 1 if self.landmarks else 0


def _check_landmarks(arrays: Mapping[str, Any], landmarks: Mapping[str, Any]) -> None:
    """Refuse saved landmarks that are neither dense rows nor sparse ones, none of them empty.

    Raises
    ------
    ValueError
    """
    if set(landmarks) == {"dense"}:
        checks.floats(arrays, f"{PREFIX}dense", (None, None))
    elif landmarks:
        values = checks.floats(arrays, f"{PREFIX}values", (None,))
        checks.integers(arrays, f"{PREFIX}columns", values.shape, 0)
        starts = checks.integers(arrays, f"{PREFIX}starts", (None,), 0, len(values))
        if not len(starts) or (starts[1:] < starts[:-1]).any():
            raise ValueError(f"tensor '{PREFIX}starts' does not part values into rows")


PREFIX = "landmarks."


def learn_familiar(
    texts: Sequence[str],
    vectors: Matrix,
    group: IntArray,
    encoder: str,
    *,
    seed: int,
    most_landmarks: int | None = MOST_LANDMARKS,
) -> Familiar:
    """Return what training posts are like.

    Parameters
    ----------
    texts : sequence of str, length n_posts
    vectors : ndarray or csr_matrix, shape (n_posts, d)
        Of the texts, each of length one; zeros for a text without any known word.
    group : ndarray of int, shape (n_posts,)
        Posts of the same or nearly the same text share a number.
    encoder : str
        What made the vectors.
    seed : int
        Of the samples.
    most_landmarks : int or None
        None keeps no vectors, for a bank that keeps dense ones of all posts.
    """
    languages = count_languages(texts)
    told = np.flatnonzero(np.asarray(abs(vectors).sum(axis=1)).ravel() > 0)
    if len(told) < FEWEST_POSTS:
        return Familiar(languages, encoder)
    rng = np.random.default_rng(seed)
    asked = np.sort(rng.permutation(told)[:MOST_ASKED])
    marked = np.sort(rng.permutation(told)[:most_landmarks])
    landmarks = _landmarks(vectors[marked])
    known = Familiar(landmarks=landmarks)._rows
    nearest = []
    for rows in _chunks(asked):
        cosines = _cosines(vectors[rows], known)  # (q, n_landmarks)
        own = group[rows, None] == group[None, marked]
        nearest.append(np.where(own, -1.0, cosines).max(axis=1))
    least = math.floor(100 * float(np.percentile(np.concatenate(nearest), RARE))) / 100
    kept = {} if most_landmarks is None else landmarks
    fewest = 0 if "dense" in known else int(np.percentile(np.diff(vectors[told].indptr), SHORT))
    return Familiar(languages, encoder, kept, max(least, 0.0), fewest)


def _landmarks(vectors: Matrix) -> dict[str, Any]:
    """Return the rows as they are kept: in half precision, the dense apart from the sparse."""
    if isinstance(vectors, np.ndarray):
        return {"dense": vectors.astype(np.float16)}
    return {
        "values": vectors.data.astype(np.float16),
        "columns": vectors.indices.astype(np.int32),
        "starts": vectors.indptr[:-1].astype(np.int32),
    }


def _cosines(vectors: Matrix, rows: Mapping[str, Any]) -> FloatArray:
    """Return the cosine of each vector with each row, shape (n_posts, n_rows)."""
    full = vectors if isinstance(vectors, np.ndarray) else vectors.toarray()
    if "dense" in rows:
        return np.asarray(full @ rows["dense"].T)
    products = (rows["values"] * one[rows["columns"]] for one in full)
    return np.stack([np.add.reduceat(one, rows["starts"]) for one in products])


def _chunks(rows: Any) -> list[Any]:
    return [rows[i : i + ROWS_AT_ONCE] for i in range(0, rows.shape[0], ROWS_AT_ONCE)]
