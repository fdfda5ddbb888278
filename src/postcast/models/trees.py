"""Many trees as one table of nodes, answered with numpy. Knows not how they were grown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.exact_sums import on_grid
from postcast.validation import floats, integers

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

VALUE_BITS = 40
"""Of what a leaf adds: thousands of trees are summed exactly, in whatever order."""
MOST_LEVELS = 1000
"""Deeper trees are none that postcast grows."""

CELLS_AT_ONCE = 1_000_000
"""Pairs of a row and a tree that are followed together."""


@dataclass(frozen=True)
class Trees:
    """Binary trees that ask one column at a time, and sum what their leaves hold.

    Parameters
    ----------
    roots : ndarray of int32, shape (n_trees,)
    feature : ndarray of int32, shape (n_nodes,)
        The column that a node asks; -1 at a leaf.
    threshold : ndarray of float32, shape (n_nodes,)
        Up to it a row goes left.
    children : ndarray of int32, shape (n_nodes, 2)
        Left and right; a leaf is its own children.
    values : ndarray of float, shape (n_nodes, k)
        What a leaf adds to the answer.
    """

    roots: IntArray
    feature: IntArray
    threshold: FloatArray
    children: IntArray
    values: FloatArray

    @classmethod
    def of(
        cls,
        feature: Sequence[IntArray],
        threshold: Sequence[FloatArray],
        children: Sequence[IntArray],
        values: Sequence[FloatArray],
    ) -> Self:
        """Join trees, each with its root first, into one table.

        Parameters
        ----------
        feature : sequence of ndarray of int, shape (n_nodes,)
            Negative at a leaf.
        threshold : sequence of ndarray of float64, shape (n_nodes,)
        children : sequence of ndarray of int, shape (n_nodes, 2)
            Within the tree; what stands at a leaf is not read.
        values : sequence of ndarray of float, shape (n_nodes, k)
        """
        sizes = np.array([len(one) for one in feature])
        roots = np.cumsum(sizes) - sizes
        asked = np.maximum(np.concatenate(list(feature)), -1)
        moved = np.concatenate([one + root for one, root in zip(children, roots, strict=True)])
        itself = np.arange(len(asked))[:, None]
        return cls(
            roots=roots.astype(np.int32),
            feature=asked.astype(np.int32),
            threshold=_rounded_down(np.concatenate(list(threshold))),
            children=np.where((asked < 0)[:, None], itself, moved).astype(np.int32),
            values=on_grid(np.concatenate(list(values)), VALUE_BITS),
        )

    @cached_property
    def _width(self) -> int:
        """The fewest columns of a matrix that these trees can be asked about."""
        return int(self.feature.max(initial=-1)) + 1

    @cached_property
    def _depth(self) -> int:
        """The most questions between a root and a leaf; it does not look beyond `MOST_LEVELS`."""
        depth, nodes = 0, self.roots
        while (nodes := nodes[self.feature[nodes] >= 0]).size and depth <= MOST_LEVELS:
            nodes = self.children[nodes].ravel()
            depth += 1
        return depth

    def answer(self, matrix: FloatArray) -> FloatArray:
        """Return the sum of the leaves that each row comes to, float64, shape (n_posts, k).

        Parameters
        ----------
        matrix : ndarray of float, shape (n_posts, d)
            Read in float32.
        """
        rows = np.ascontiguousarray(matrix, dtype=np.float32)
        if rows.shape[1] < self._width:
            raise ValueError(f"trees of {self._width} columns are given {rows.shape[1]}")
        step = max(CELLS_AT_ONCE // max(len(self.roots), 1), 1)
        answer = np.zeros((len(rows), self.values.shape[1]))
        for start in range(0, len(rows), step):
            answer[start : start + step] = self._answer(rows[start : start + step])
        return answer

    def _answer(self, rows: FloatArray) -> FloatArray:
        asked = np.maximum(self.feature, 0)
        cells, links = rows.ravel(), self.children.ravel()
        place = (np.arange(len(rows)) * rows.shape[1])[:, None]
        node = np.tile(self.roots, (len(rows), 1))  # (n, n_trees)
        for _ in range(self._depth):
            is_right = cells[place + asked[node]] > self.threshold[node]
            node = links[2 * node + is_right]
        columns = [column[node].sum(axis=1, dtype=np.float64) for column in self.values.T]
        return np.stack(columns, axis=1)

    def arrays(self, start: str) -> dict[str, np.ndarray]:
        """Return the table for `storage`, its names beginning with `start`."""
        return {start + name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], start: str, width: int) -> Self:
        """Rebuild trees from `arrays`, whose leaves hold `width` values.

        Raises
        ------
        ValueError
            If a number is out of bounds, or a node's children do not come after it: every way
            down then ends at a leaf.
        """
        values = floats(arrays, f"{start}values", (None, width))
        n_nodes = len(values)
        trees = cls(
            roots=integers(arrays, f"{start}roots", (None,), 0, n_nodes),
            feature=integers(arrays, f"{start}feature", (n_nodes,), -1),
            threshold=floats(arrays, f"{start}threshold", (n_nodes,), infinite=True),
            children=integers(arrays, f"{start}children", (n_nodes, 2), 0, n_nodes),
            values=values,
        )
        later = trees.children > np.arange(n_nodes)[:, None]
        if not (later | (trees.feature < 0)[:, None]).all():
            raise ValueError(f"tensor '{start}children': a node above its parent")
        _check_size(trees, start)
        return trees


def _check_size(trees: Trees, start: str) -> None:
    """Refuse trees that share nodes: to walk them would take longer than their size tells.

    Raises
    ------
    ValueError
    """
    inner = trees.feature >= 0
    entered = np.concatenate([trees.roots, trees.children[inner].ravel()])
    if np.bincount(entered, minlength=1).max() > 1:
        raise ValueError(f"tensor '{start}children': a node below two others")
    if trees._depth > MOST_LEVELS:
        raise ValueError(f"tensor '{start}children': more than {MOST_LEVELS} levels")


_ARRAYS = ("roots", "feature", "threshold", "children", "values")


def _rounded_down(thresholds: FloatArray) -> FloatArray:
    """Return the largest float32 that is no more than each threshold.

    A float32 row is then no more than the one just where it is no more than the other.
    """
    rounded = thresholds.astype(np.float32)
    down: FloatArray = np.where(
        rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded
    )
    return down
