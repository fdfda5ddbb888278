"""A post and its neighbours as the arrays that the hypergraph transformer reads.

Knows a FeatureSet; not what is learned from it. Neighbours are gathered a batch at a time, so
that memory follows the batch and not the bank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.exact_sums import product
from postcast.models.hypergraph_helpful import pair_features
from postcast.retrieved import Recalled, Retrieved
from postcast.validation import texts, truth, whole

if TYPE_CHECKING:
    from postcast.schema import BoolArray, FeatureSet, FloatArray, IntArray, Matrix

EMBEDDED = ("text", "image")
"""The blocks that posts of the bank have vectors of: a stream each."""

STANDING = "standing"
"""The stream of how a post stands to the query: likeness, age, and what the two share."""

USER = ("context", "history")
"""The blocks of which the author's form is read."""

MOST_COLUMNS = 512
"""Wider vectors, those of words, are projected to `PROJECTED` columns (latent semantics)."""

PROJECTED = 128
CLIP = 4.0


@dataclass(frozen=True)
class Options:
    """What the network is shown.

    Parameters
    ----------
    labels : bool
        Whether neighbours' ranks are features of theirs (SKAPP).
    only_helpful : bool
        Whether neighbours that are not expected to help are left out (SKAPP).
    user : bool
        Whether the author's form is joined with what the streams tell.
    edges : tuple of str
        Aspects that make hyperedges, beside the one of all neighbours.
    most : int
        Neighbours, at most.
    """

    labels: bool = True
    only_helpful: bool = False
    user: bool = True
    edges: tuple[str, ...] = ("author", "category", "tags", "text", "image")
    most: int = 16

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Self:
        """Rebuild saved options.

        Raises
        ------
        ValueError
            If one is missing, or none that there is.
        """
        return cls(
            labels=truth(facts, "labels"),
            only_helpful=truth(facts, "only_helpful"),
            user=truth(facts, "user"),
            edges=tuple(texts(facts, "edges")),
            most=whole(facts, "most", 0, 1024),
        )


@dataclass(frozen=True)
class Batch:
    """Some posts, each with its k neighbours behind it: v = 1 + k nodes.

    Parameters
    ----------
    streams : mapping of str to ndarray of float32, shape (b, v, d)
        Rows of zeros where a post has no such vector.
    label : ndarray of float32, shape (b, v, 2)
        A neighbour's rank less one half, and one; zeros for the query.
    member : ndarray of float32, shape (b, v, e)
        The incidence matrix: which node belongs to which hyperedge.
    there : ndarray of bool, shape (b, v)
        False where there are fewer neighbours than k.
    user : ndarray of float32, shape (b, u)
        Of the author, standardised.
    """

    streams: Mapping[str, FloatArray]
    label: FloatArray
    member: FloatArray
    there: BoolArray
    user: FloatArray


@dataclass(frozen=True)
class Lens:
    """How features become batches, as fitted on training posts.

    Parameters
    ----------
    options : Options
    arrays : mapping of str to ndarray
        ``centre`` and ``scale`` of the author's columns, shape (u,); of wide vectors the
        ``project.text``, shape (d, 128); with `only_helpful` the ``helpful`` weights.
    """

    options: Options
    arrays: Mapping[str, FloatArray]

    @classmethod
    def fit(cls, features: FeatureSet, options: Options, seed: int) -> Self:
        """Learn scales, and the projection of wide vectors."""
        user = _user(features)
        scale = user.std(axis=0)
        arrays = {"centre": user.mean(axis=0), "scale": np.where(scale > 1e-6, scale, 1.0)}
        for name in streams_of(features)[:-1]:
            matrix = features.blocks[name].matrix
            if matrix.shape[1] > MOST_COLUMNS:
                arrays[f"project.{name}"] = _projection(matrix, seed)
        return cls(options, arrays)

    def batch(self, features: FeatureSet, rows: IntArray) -> Batch:
        """Return some posts with their neighbours."""
        found = retrieved_of(features).take(rows)
        there = (found.neighbours >= 0) & (np.arange(found.neighbours.shape[1]) < self.options.most)
        if self.options.only_helpful and "helpful" in self.arrays:
            help_expected = product(pair_features(found), self.arrays["helpful"][:, None])
            there = there & (help_expected[..., 0] > 0)
        streams = {
            name: self._vectors(name, features.blocks[name].matrix[rows], found.bank, found, there)
            for name in streams_of(features)[:-1]
        }
        streams[STANDING] = _standing(found, there)
        user = (_user(features, rows) - self.arrays["centre"]) / self.arrays["scale"]
        return Batch(
            streams=streams,
            label=self._labels(found, there),
            member=self._incidence(found, there),
            there=_with_query(there, fill=True).astype(bool),
            user=np.clip(user, -CLIP, CLIP).astype(np.float32) * self.options.user,
        )

    def _vectors(
        self, name: str, own: Matrix, bank: Recalled, found: Retrieved, there: BoolArray
    ) -> FloatArray:
        """Return the vectors of queries and neighbours, shape (b, v, d), of mean square one."""
        query = _unit(self._narrow(name, own))  # (b, d)
        nodes = np.zeros((len(query), 1 + there.shape[1], query.shape[1]), dtype=np.float32)
        nodes[:, 0] = query
        if there.any():
            others = bank.vectors[name][found.neighbours[there]]
            nodes[:, 1:][there] = _unit(self._narrow(name, others))
        return nodes * np.float32(np.sqrt(query.shape[1]))

    def _narrow(self, name: str, rows: Matrix) -> FloatArray:
        """Return rows written out, those of wide vectors projected."""
        projection = self.arrays.get(f"project.{name}")
        if isinstance(rows, np.ndarray):
            return rows if projection is None else product(rows, projection)
        if hasattr(rows, "toarray"):
            return np.asarray(rows.toarray() if projection is None else product(rows, projection))
        spread: FloatArray = rows.spread(projection)
        return spread

    def _labels(self, found: Retrieved, there: BoolArray) -> FloatArray:
        rank = found.bank.rank[found.neighbours] if there.any() else np.zeros(there.shape)
        label = np.stack([(rank - 0.5) * there, there], axis=2)  # (b, k, 2)
        return _with_query(label.astype(np.float32) * self.options.labels, fill=0.0)

    def _incidence(self, found: Retrieved, there: BoolArray) -> FloatArray:
        """Return which nodes the edges join; each joins the query, the first all neighbours."""
        kept = [i for i, aspect in enumerate(found.aspects) if aspect in self.options.edges]
        joined = np.concatenate([there[:, :, None], found.shared[:, :, kept]], axis=2)
        return _with_query((joined & there[:, :, None]).astype(np.float32), fill=1.0)


def streams_of(features: FeatureSet) -> tuple[str, ...]:
    """Return the streams that there are, that of how posts stand to the query last."""
    bank = retrieved_of(features).bank
    there = (name for name in EMBEDDED if name in features.blocks)
    return (*(name for name in there if bank.vectors.get(name) is not None), STANDING)


def retrieved_of(features: FeatureSet) -> Retrieved:
    """Return the neighbours; none of any post where nothing was retrieved."""
    if features.retrieved is not None:
        return features.retrieved
    n_posts, nothing = len(features), np.empty(0)
    vectors = {n: features.blocks[n].matrix[:0] for n in EMBEDDED if n in features.blocks}
    return Retrieved(
        neighbours=np.empty((n_posts, 0), dtype=np.int64),
        similarity=np.empty((n_posts, 0), dtype=np.float32),
        age=np.empty((n_posts, 0), dtype=np.float32),
        shared=np.empty((n_posts, 0, 0), dtype=bool),
        aspects=(),
        bank=Recalled(vectors, nothing, nothing.astype(np.int64)),
    )


def _user(features: FeatureSet, rows: IntArray | None = None) -> FloatArray:
    """Return the blocks of `USER` beside one another, and whether the author is known, (n, u)."""
    rows = np.arange(len(features)) if rows is None else rows
    dense = [features.blocks[name].matrix[rows] for name in USER if name in features.blocks]
    known = (features.author[rows] >= 0)[:, None]
    return np.hstack([*dense, known]).astype(np.float64)


def _standing(found: Retrieved, there: BoolArray) -> FloatArray:
    """Return likeness, age, and what is shared, shape (b, v, 3 + n_aspects).

    With images 4 + n_aspects: their likeness stands beside that of the texts.
    """
    pairs = [found.similarity[:, :, None], found.age[:, :, None] / 3, found.shared]
    if found.image_similarity is not None:
        pairs.append(found.image_similarity[:, :, None])
    standing = np.concatenate([*pairs, there[:, :, None]], axis=2) * there[:, :, None]
    nodes = _with_query(standing.astype(np.float32), fill=0.0)
    nodes[:, 0, :-1] = 1.0
    return nodes


def _with_query(nodes: FloatArray | BoolArray, *, fill: float) -> FloatArray:
    """Return nodes with one before them that is filled, (b, k, ...) → (b, v, ...)."""
    first = np.full((nodes.shape[0], 1, *nodes.shape[2:]), fill, dtype=nodes.dtype)
    return np.concatenate([first, nodes], axis=1)


def _unit(rows: FloatArray) -> FloatArray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1.0)).astype(np.float32)


def _projection(matrix: Matrix, seed: int) -> FloatArray:
    """Return the directions in which wide vectors differ most, shape (d, 128)."""
    from sklearn.decomposition import TruncatedSVD

    width = min(PROJECTED, matrix.shape[0] - 1, matrix.shape[1] - 1)
    model = TruncatedSVD(width, random_state=seed).fit(matrix)
    return np.ascontiguousarray(model.components_.T, dtype=np.float32)
