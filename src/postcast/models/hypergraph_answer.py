"""The hypergraph transformer's answer from saved weights, with numpy alone.

The same as `hypergraph_network`, equation by equation, without dropout. Shapes as there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from postcast.models.portable import affine

if TYPE_CHECKING:
    from postcast.models.hypergraph_inputs import Batch
    from postcast.schema import FloatArray

    Weights = Mapping[str, FloatArray]
    Streams = Mapping[str, FloatArray]

HEADS = 4
SLOPE = 0.2


def scores(weights: Weights, batch: Batch) -> tuple[FloatArray, FloatArray]:
    """Return class scores, shape (b, 3), and the log count, standardised, shape (b,).

    In float64: the last bits of float32 follow how many posts are answered together.

    Parameters
    ----------
    weights : mapping of str to ndarray of float32
        The network's, by torch's names.
    batch : Batch
    """
    weights = {name: value.astype(np.float64) for name, value in weights.items()}
    names = tuple(batch.streams)
    nodes = {name: _nodes(weights, name, batch) for name in names}
    edges = {name: _edges(weights, nodes[name], batch.member) for name in names}
    told = {name: _exchange(weights, name, (nodes, edges), batch) for name in names}
    fused = _fuse(weights, told, batch)  # (b, w)
    return _linear(weights, "classes", fused), _linear(weights, "count", fused)[:, 0]


def _nodes(weights: Weights, name: str, batch: Batch) -> FloatArray:
    """Equation 1."""
    x = batch.streams[name]  # (b, v, d)
    is_given = np.abs(x).sum(axis=2, keepdims=True) > 0  # (b, v, 1)
    h = np.where(is_given, _linear(weights, f"project.{name}", x), weights[f"missing.{name}"])
    worth = batch.label @ weights[f"worth.{name}.weight"].T  # (b, v, w)
    return np.asarray(h + weights["position"][: x.shape[1]] + worth)  # (b, v, w)


def _edges(weights: Weights, h: FloatArray, member: FloatArray) -> FloatArray:
    """Equation 2."""
    total = member.transpose(0, 2, 1) @ h  # (b, e, w)
    return np.asarray(total / member.sum(axis=1)[:, :, None] + weights["kind"])  # (b, e, w)


def _exchange(
    weights: Weights, name: str, graph: tuple[Streams, Streams], batch: Batch
) -> FloatArray:
    """Equations 3 to 7."""
    nodes, edges = graph
    h = nodes[name]  # (b, v, w)
    a = weights[f"score.{name}"]  # (w,)
    parts = [_score(a, h, edges[other]) for other in nodes]  # m of (b, v, e, h)
    outside = (batch.member == 0)[:, :, None, :, None]  # (b, v, 1, e, 1)
    stacked = np.where(outside, -1e9, np.stack(parts, axis=2))  # (b, v, m, e, h)
    share = _softmax(stacked, (2, 3)) * batch.there[:, :, None, None, None]  # equation 4
    backs = []
    for m, other in enumerate(nodes):
        alpha = share[:, :, m].transpose(0, 3, 1, 2)  # (b, h, v, e)
        values = _heads(nodes[other]).transpose(0, 2, 1, 3)  # (b, h, v, c)
        gathered = alpha.transpose(0, 1, 3, 2) @ values  # (b, h, e, c)
        gathered = gathered / (alpha.sum(axis=2)[..., None] + 1e-6)  # equation 5
        back = (alpha @ gathered).transpose(0, 2, 1, 3)  # (b, v, h, c), equation 6
        backs.append(back.reshape(h.shape))  # (b, v, w)
    mixed = np.maximum(_linear(weights, f"mix.{name}", np.concatenate(backs, axis=2)), 0)
    return _normed(weights, f"norm.{name}", h + _linear(weights, f"out.{name}", mixed))  # eq. 7


def _score(a: FloatArray, h: FloatArray, edge: FloatArray) -> FloatArray:
    """Equation 3, by two products of matrices."""
    left, right = _heads(h).transpose(0, 2, 1, 3), _heads(edge).transpose(0, 2, 3, 1)
    a = _heads(a)[:, None]  # (h, 1, c)
    plain = (a * left) @ right  # (b, h, v, c) @ (b, h, c, e) -> (b, h, v, e)
    size = (a * np.abs(left)) @ np.abs(right)  # (b, h, v, e)
    score = 0.5 * (1 + SLOPE) * plain + 0.5 * (1 - SLOPE) * size
    return np.asarray(score.transpose(0, 2, 3, 1))  # (b, v, e, h)


def _fuse(weights: Weights, told: Streams, batch: Batch) -> FloatArray:
    """Equations 8 to 10."""
    user = np.maximum(_linear(weights, "user", batch.user), 0)  # (b, w)
    first = [one[:, 0] for one in told.values()]  # m of (b, w)
    q = _linear(weights, "query", np.concatenate([*first, user], axis=1))  # (b, w), equation 8
    nodes = np.concatenate(list(told.values()), axis=1)  # (b, m·v, w)
    joined = _linear(weights, "node_key", nodes) + _linear(weights, "user_key", user)[:, None]
    key, value = (_heads(part) for part in np.split(joined, 2, axis=2))  # (b, m·v, h, c)
    score = (_heads(q)[:, None] * key).sum(axis=3) / np.sqrt(key.shape[3])  # (b, m·v, h)
    gone = ~np.tile(batch.there, (1, len(told)))[:, :, None]  # (b, m·v, 1)
    share = _softmax(np.where(gone, -1e9, score), (1,))  # (b, m·v, h), equation 9
    heard = (share[..., None] * value).sum(axis=1).reshape(q.shape)  # (b, w)
    return np.maximum(_normed(weights, "fused", q + heard), 0)  # (b, w), equation 10


def _linear(weights: Weights, name: str, x: FloatArray) -> FloatArray:
    return affine(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _normed(weights: Weights, name: str, x: FloatArray) -> FloatArray:
    """Return the layer norm over the width."""
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    return np.asarray(centred / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"])


def _softmax(scores: FloatArray, axes: Sequence[int]) -> FloatArray:
    """Return exponents that sum to one over some axes."""
    exponents = np.exp(scores - scores.max(axis=tuple(axes), keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=tuple(axes), keepdims=True))


def _heads(x: FloatArray) -> FloatArray:
    """Part the width among the heads, (..., w) → (..., h, c)."""
    return x.reshape(*x.shape[:-1], HEADS, x.shape[-1] // HEADS)
