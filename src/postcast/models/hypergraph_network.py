"""The retrieval-augmented hypergraph transformer, as torch trains it.

Knows batches of nodes and hyperedges; no posts. `hypergraph_answer` is the same in numpy, and
keeps the same names and numbers of equations.

After RAGTrans, "Retrieval-Augmented Hypergraph for Multimodal Social Media Popularity
Prediction" (KDD 2024). Shapes: b posts, v = 1 + k nodes of which the first is the query, e
hyperedges, m streams, h heads, w the width, u columns that tell of the author.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

WIDTH, HEADS = 64, 4
DROPOUT = 0.2
SLOPE = 0.2
"""Of LeakyReLU below zero."""


@dataclass(frozen=True)
class Nodes:
    """A batch; see `postcast.models.hypergraph_inputs.Batch`."""

    streams: Mapping[str, Tensor]  # each (b, v, d)
    label: Tensor  # (b, v, 2)
    member: Tensor  # (b, v, e)
    there: Tensor  # (b, v)
    user: Tensor  # (b, u)


@dataclass(frozen=True)
class Sizes:
    """How wide each input is.

    Parameters
    ----------
    streams : mapping of str to int
    nodes : int
    edges : int
    user : int
    """

    streams: Mapping[str, int]
    nodes: int
    edges: int
    user: int


class HypergraphTransformer(nn.Module):
    """One layer of two-way attention between posts and hyperedges, then user-aware fusion."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.names = tuple(sizes.streams)
        n_streams = len(self.names)
        self.position = nn.Parameter(0.02 * torch.randn(sizes.nodes, WIDTH))  # (v, w)
        self.kind = nn.Parameter(0.02 * torch.randn(sizes.edges, WIDTH))  # (e, w)
        self.project = nn.ModuleDict({n: nn.Linear(d, WIDTH) for n, d in sizes.streams.items()})
        self.worth = nn.ModuleDict({n: nn.Linear(2, WIDTH, bias=False) for n in self.names})
        self.missing = nn.ParameterDict({n: torch.zeros(WIDTH) for n in self.names})
        self.score = nn.ParameterDict({n: torch.randn(WIDTH) / 4 for n in self.names})
        self.mix = nn.ModuleDict({n: nn.Linear(n_streams * WIDTH, WIDTH) for n in self.names})
        self.out = nn.ModuleDict({n: nn.Linear(WIDTH, WIDTH) for n in self.names})
        self.norm = nn.ModuleDict({n: nn.LayerNorm(WIDTH) for n in self.names})
        self.user = nn.Linear(sizes.user, WIDTH)
        self.query = nn.Linear((n_streams + 1) * WIDTH, WIDTH)
        self.node_key = nn.Linear(WIDTH, 2 * WIDTH)
        self.user_key = nn.Linear(WIDTH, 2 * WIDTH)
        self.fused = nn.LayerNorm(WIDTH)
        self.classes = nn.Linear(WIDTH, 3)
        self.count = nn.Linear(WIDTH, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, batch: Nodes) -> tuple[Tensor, Tensor]:
        """Return class scores, (b, 3), and the log count, standardised, (b,)."""
        nodes = {name: self._nodes(name, batch) for name in self.names}
        edges = {name: self._edges(nodes[name], batch.member) for name in self.names}
        told = {name: self._exchange(name, nodes, edges, batch) for name in self.names}
        fused = self._fuse(told, batch)  # (b, w)
        return self.classes(fused), self.count(fused)[:, 0]

    def _nodes(self, name: str, batch: Nodes) -> Tensor:
        """Equation 1: a common width, a term of place, and what the post was worth."""
        x = batch.streams[name]  # (b, v, d)
        is_given = x.abs().sum(dim=2, keepdim=True) > 0  # (b, v, 1)
        h = torch.where(is_given, self.project[name](x), self.missing[name])  # (b, v, w)
        h = h + self.position[: x.shape[1]] + self.worth[name](batch.label)  # (b, v, w)
        dropped: Tensor = self.dropout(h)
        return dropped

    def _edges(self, h: Tensor, member: Tensor) -> Tensor:
        """Equation 2: an edge is the mean of its members, and of its kind."""
        total = torch.einsum("bve,bvw->bew", member, h)  # (b, e, w)
        return total / member.sum(dim=1)[:, :, None] + self.kind  # (b, e, w)

    def _exchange(
        self, name: str, nodes: Mapping[str, Tensor], edges: Mapping[str, Tensor], batch: Nodes
    ) -> Tensor:
        """Equations 3 to 7: attention from edges to nodes and back, for one stream."""
        h = nodes[name]  # (b, v, w)
        scores = [self._score(name, h, edges[other]) for other in self.names]  # m of (b, v, e, h)
        outside = (batch.member == 0)[:, :, None, :, None]  # (b, v, 1, e, 1)
        all_scores = torch.stack(scores, dim=2).masked_fill(outside, -1e9)  # (b, v, m, e, h)
        shape = all_scores.shape
        share = all_scores.flatten(2, 3).softmax(dim=2).view(shape)  # (b, v, m, e, h), equation 4
        share = share * batch.there[:, :, None, None, None]  # (b, v, m, e, h)
        parts = []
        for m, other in enumerate(self.names):
            alpha = share[:, :, m]  # (b, v, e, h)
            gathered = torch.einsum("bveh,bvhc->behc", alpha, _heads(nodes[other]))  # (b, e, h, c)
            gathered = gathered / (alpha.sum(dim=1)[..., None] + 1e-6)  # (b, e, h, c), equation 5
            back = torch.einsum("bveh,behc->bvhc", alpha, gathered)  # (b, v, h, c), equation 6
            parts.append(back.flatten(2))  # (b, v, w)
        mixed = relu(self.mix[name](torch.cat(parts, dim=2)))  # (b, v, w)
        told: Tensor = self.norm[name](h + self.out[name](self.dropout(mixed)))
        return told  # (b, v, w), equation 7

    def _score(self, name: str, h: Tensor, edge: Tensor) -> Tensor:
        """Equation 3: a·LeakyReLU(node ⊙ edge) for every pair.

        LeakyReLU(x) is a sum of x and |x|, and |node ⊙ edge| is |node| ⊙ |edge|: two products of
        matrices, so that no tensor of every pair and every column is ever held.
        """
        h, edge = _heads(h), _heads(edge)  # (b, v, h, c), (b, e, h, c)
        a = _heads(self.score[name])  # (h, c)
        plain = torch.einsum("bvhc,behc->bveh", a * h, edge)  # (b, v, e, h)
        size = torch.einsum("bvhc,behc->bveh", a * h.abs(), edge.abs())  # (b, v, e, h)
        return 0.5 * (1 + SLOPE) * plain + 0.5 * (1 - SLOPE) * size  # (b, v, e, h)

    def _fuse(self, told: Mapping[str, Tensor], batch: Nodes) -> Tensor:
        """Equations 8 to 10: the query asks the nodes of all streams, each joined with the user.

        A linear map of node and user joined is the sum of one of each; the user's is the same
        for all nodes of a post.
        """
        user = relu(self.user(batch.user))  # (b, w)
        first = [told[name][:, 0] for name in self.names]  # m of (b, w)
        q = self.query(torch.cat([*first, user], dim=1))  # (b, w), equation 8
        nodes = torch.cat([told[name] for name in self.names], dim=1)  # (b, m·v, w)
        of_node, of_user = self.node_key(nodes), self.user_key(user)  # (b, m·v, 2w), (b, 2w)
        key, value = (of_node + of_user[:, None]).chunk(2, dim=2)  # (b, m·v, w) twice
        key, value = _heads(key), _heads(value)  # (b, m·v, h, c)
        score = torch.einsum("bhc,bnhc->bnh", _heads(q), key) / (WIDTH / HEADS) ** 0.5
        gone = ~batch.there.repeat(1, len(self.names))[:, :, None]  # (b, m·v, 1)
        share = score.masked_fill(gone, -1e9).softmax(dim=1)  # (b, m·v, h), equation 9
        heard = torch.einsum("bnh,bnhc->bhc", share, value).flatten(1)  # (b, w)
        fused: Tensor = self.dropout(relu(self.fused(q + heard)))
        return fused  # (b, w), equation 10


def _heads(x: Tensor) -> Tensor:
    """Part the width among the heads, (..., w) → (..., h, c)."""
    return x.reshape(*x.shape[:-1], HEADS, WIDTH // HEADS)
