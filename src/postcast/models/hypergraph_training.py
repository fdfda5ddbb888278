"""How a hypergraph transformer is trained by torch, a batch of posts at a time.

Knows a lens on features and what is to be learned; not which posts, nor how networks are joined.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from postcast.models.hypergraph_inputs import Options
from postcast.models.torch_training import class_weight, own_randomness, weights_of
from postcast.progress import bar_is_hidden

if TYPE_CHECKING:
    import torch

    from postcast.models.hypergraph_inputs import Batch, Lens
    from postcast.models.hypergraph_network import HypergraphTransformer, Nodes
    from postcast.schema import FeatureSet, FloatArray, IntArray, Target

LEARNING_RATE = 1e-3
BATCH = 64
COUNT_WEIGHT = 0.5
"""Of the squared error of the log count beside the cross-entropy of the classes."""


@dataclass(frozen=True)
class HypergraphTraining:
    """How the network is trained.

    Parameters
    ----------
    members : int
        Networks whose mean answers; each stops early on a part of the posts of its own.
    epochs : int
        At most this many passes over the posts.
    patience : int or None
        Stop after so many epochs without a better validation loss; None never stops, and keeps
        the last epoch.
    class_weights : {"balanced", "none"}
    seed : int
    device : {"auto", "cpu", "cuda"}
    options : Options
    """

    members: int = 5
    epochs: int = 60
    patience: int | None = 5
    class_weights: str = "balanced"
    seed: int = 42
    device: str = "auto"
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class Member:
    """One trained network.

    Parameters
    ----------
    weights : mapping of str to ndarray of float32
    training_loss, validation_loss : tuple of float
        Of each epoch; the second is empty where there was nothing to stop on.
    best_epoch : int
        The epoch that was kept, counted from 1.
    """

    weights: dict[str, FloatArray]
    training_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    best_epoch: int


def train_member(
    lens: Lens,
    learned: tuple[FeatureSet, Target],
    parts: tuple[IntArray, IntArray],
    training: HypergraphTraining,
    number: int,
) -> Member:
    """Run a network's epochs and keep the best of them.

    Parameters
    ----------
    lens : Lens
    learned : tuple of FeatureSet and Target
    parts : tuple of ndarray of int
        The posts to learn from, and those to stop on.
    training : HypergraphTraining
    number : int
        Moves the seed.
    """
    import torch

    with own_randomness(training.seed + number, training.device) as device:
        rows = Rows(lens, *learned, device)
        network = network_for(rows.batch(parts[0][:1])).to(device)
        weight = class_weight(learned[1].classes[parts[0]], training.class_weights)
        loss_of = torch.nn.CrossEntropyLoss(weight=weight.to(device))
        return _epochs(network, rows, loss_of, parts, training)


def _epochs(
    network: HypergraphTransformer,
    rows: Rows,
    loss_of: torch.nn.CrossEntropyLoss,
    parts: tuple[IntArray, IntArray],
    training: HypergraphTraining,
) -> Member:
    import torch
    from tqdm.auto import trange

    kept, left = parts
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    best, best_epoch, weights, losses = float("inf"), 0, weights_of(network), []
    for epoch in trange(
        1,
        training.epochs + 1,
        desc="training",
        unit="epoch",
        disable=bar_is_hidden(),
        leave=False,
    ):
        training_loss = _one_epoch(network, rows.batches(kept), loss_of, optimiser)
        validation_loss = _loss_on(network, rows.batches(left, shuffled=False), loss_of)
        losses.append((training_loss, validation_loss))
        if validation_loss < best or training.patience is None or not len(left):
            best, best_epoch = validation_loss, epoch
            weights = weights_of(network)
        elif epoch - best_epoch >= training.patience:
            break
    return Member(
        weights,
        tuple(pair[0] for pair in losses),
        tuple(pair[1] for pair in losses) if len(left) else (),
        best_epoch,
    )


class Rows:
    """Posts and what is to be learned of them, given to the network a batch at a time."""

    def __init__(
        self, lens: Lens, features: FeatureSet, target: Target, device: torch.device
    ) -> None:
        self.lens = lens
        self.features = features
        self.classes = target.classes.astype(np.int64)
        logs = np.sign(target.counts) * np.log1p(np.abs(target.counts))
        self.log_count = ((logs - logs.mean()) / (logs.std() + 1e-6)).astype(np.float32)
        self.device = device

    def batch(self, rows: IntArray) -> Batch:
        """Return some posts with their neighbours, as numpy has them."""
        return self.lens.batch(self.features, rows)

    def batches(
        self, rows: IntArray, *, shuffled: bool = True
    ) -> Iterator[tuple[Nodes, torch.Tensor, torch.Tensor]]:
        """Yield nodes, classes (b,) and log counts (b,), in a random order or not."""
        import torch

        from postcast.models.hypergraph_network import Nodes

        in_turn = torch.randperm(len(rows)).numpy() if shuffled else np.arange(len(rows))
        for start in range(0, len(rows), BATCH):
            chosen = rows[in_turn[start : start + BATCH]]
            one = self.batch(chosen)
            nodes = Nodes(
                streams={n: torch.from_numpy(x).to(self.device) for n, x in one.streams.items()},
                label=torch.from_numpy(one.label).to(self.device),
                member=torch.from_numpy(one.member).to(self.device),
                there=torch.from_numpy(one.there).to(self.device),
                user=torch.from_numpy(one.user).to(self.device),
            )
            classes = torch.from_numpy(self.classes[chosen]).to(self.device)
            yield nodes, classes, torch.from_numpy(self.log_count[chosen]).to(self.device)


def network_for(like: Batch) -> HypergraphTransformer:
    """Return a network, not yet trained, whose inputs are as wide as a batch."""
    from postcast.models.hypergraph_network import HypergraphTransformer, Sizes

    return HypergraphTransformer(
        Sizes(
            streams={name: x.shape[2] for name, x in like.streams.items()},
            nodes=like.there.shape[1],
            edges=like.member.shape[2],
            user=like.user.shape[1],
        )
    )


def _one_epoch(
    network: HypergraphTransformer,
    batches: Iterator[tuple[Nodes, torch.Tensor, torch.Tensor]],
    loss_of: torch.nn.CrossEntropyLoss,
    optimiser: torch.optim.Optimizer,
) -> float:
    """Train on every post once; return the mean loss."""
    network.train()
    total, n_posts = 0.0, 0
    for nodes, classes, log_count in batches:
        optimiser.zero_grad()
        told, count = network(nodes)  # (b, 3), (b,)
        loss = loss_of(told, classes) + COUNT_WEIGHT * ((count - log_count) ** 2).mean()
        loss.backward()
        optimiser.step()
        total += float(loss.detach()) * len(classes)
        n_posts += len(classes)
    return total / n_posts


def _loss_on(
    network: HypergraphTransformer,
    batches: Iterator[tuple[Nodes, torch.Tensor, torch.Tensor]],
    loss_of: torch.nn.CrossEntropyLoss,
) -> float:
    """Return the classes' mean loss on posts not trained on; infinite where there are none."""
    import torch

    network.eval()
    total, n_posts = 0.0, 0
    with torch.inference_mode():
        for nodes, classes, _ in batches:
            total += float(loss_of(network(nodes)[0], classes)) * len(classes)
            n_posts += len(classes)
    return total / n_posts if n_posts else float("inf")
