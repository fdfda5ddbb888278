"""How a hypergraph transformer is trained by torch, a batch of posts at a time.

Knows a lens on features and what is to be learned; not which posts, nor how networks are joined.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from postcast.models.checkpoint import NOWHERE, Checkpoint
from postcast.models.epochs import Lesson, Limits, Trained, train_epochs
from postcast.models.hypergraph_inputs import Options
from postcast.models.torch_training import class_weight, own_randomness

if TYPE_CHECKING:
    import torch

    from postcast.models.hypergraph_inputs import Batch, Lens
    from postcast.models.hypergraph_network import HypergraphTransformer, Nodes
    from postcast.schema import FeatureSet, IntArray, Target

BATCH = 64
COUNT_WEIGHT = 0.5
"""Of the squared error of the log count beside the cross-entropy of the classes."""

LOSS = "cross-entropy, nats; in training + ½ squared error of the log count"


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
    checkpoint : Checkpoint
        Where a killed training is gone on from.
    """

    members: int = 5
    epochs: int = 60
    patience: int | None = 5
    class_weights: str = "balanced"
    seed: int = 42
    device: str = "auto"
    options: Options = field(default_factory=Options)
    checkpoint: Checkpoint = field(default=NOWHERE, compare=False, repr=False)


def train_member(
    lens: Lens,
    learned: tuple[FeatureSet, Target],
    parts: tuple[IntArray, IntArray],
    training: HypergraphTraining,
    number: int,
) -> Trained:
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
    with own_randomness(training.seed + number, training.device) as device:
        rows = Rows(lens, *learned, device)
        network = network_for(rows.batch(parts[0][:1])).to(device)
        weight = class_weight(learned[1].classes[parts[0]], training.class_weights)
        return train_epochs(
            _lesson(network, rows, parts, weight.to(device)),
            Limits(training.epochs, training.patience),
            training.checkpoint.within(f"member {number + 1}"),
        )


def _lesson(
    network: HypergraphTransformer,
    rows: Rows,
    parts: tuple[IntArray, IntArray],
    weight: torch.Tensor,
) -> Lesson:
    """Return what a network is to learn, with the weight of each class, (3,)."""
    import torch

    kept, left = parts
    criterion = torch.nn.CrossEntropyLoss(weight=weight)

    def loss_of(chosen: torch.Tensor) -> torch.Tensor:
        nodes, classes, log_count = rows.tensors(kept[chosen.numpy()])
        told, count = network(nodes)  # (b, 3), (b,)
        of_count = ((count - log_count) ** 2).mean()
        loss: torch.Tensor = criterion(told, classes) + COUNT_WEIGHT * of_count
        return loss

    def validation_loss() -> float:
        return _loss_on(network, rows, left, criterion)

    return Lesson(network, len(kept), BATCH, loss_of, validation_loss if len(left) else None)


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

    def tensors(self, rows: IntArray) -> tuple[Nodes, torch.Tensor, torch.Tensor]:
        """Return some posts' nodes, classes (b,) and log counts (b,), on the device."""
        import torch

        from postcast.models.hypergraph_network import Nodes

        one = self.batch(rows)
        nodes = Nodes(
            streams={n: torch.from_numpy(x).to(self.device) for n, x in one.streams.items()},
            label=torch.from_numpy(one.label).to(self.device),
            member=torch.from_numpy(one.member).to(self.device),
            there=torch.from_numpy(one.there).to(self.device),
            user=torch.from_numpy(one.user).to(self.device),
        )
        classes = torch.from_numpy(self.classes[rows]).to(self.device)
        return nodes, classes, torch.from_numpy(self.log_count[rows]).to(self.device)


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


def _loss_on(
    network: HypergraphTransformer,
    rows: Rows,
    left: IntArray,
    criterion: torch.nn.CrossEntropyLoss,
) -> float:
    """Return the classes' mean loss on posts that are not trained on."""
    import torch

    network.eval()
    total = 0.0
    with torch.inference_mode():
        for start in range(0, len(left), BATCH):
            nodes, classes, _ = rows.tensors(left[start : start + BATCH])
            total += float(criterion(network(nodes)[0], classes)) * len(classes)
    return total / len(left)
