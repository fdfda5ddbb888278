"""Retrieval-augmented hypergraph transformer: posts beside their neighbours, and what these got.

Trained by torch, answered by `hypergraph_answer`. Reads neighbours; retrieves none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.models.hypergraph_answer import scores
from postcast.models.hypergraph_helpful import learn_help
from postcast.models.hypergraph_inputs import Lens, Options, retrieved_of
from postcast.models.portable import softmax
from postcast.models.torch_training import class_weight, own_randomness, weights_of
from postcast.progress import bar_is_hidden
from postcast.ranks import ranks
from postcast.schema import FeatureSet, HeldOut, Parts, Target

if TYPE_CHECKING:
    import torch

    from postcast.models.hypergraph_inputs import Batch
    from postcast.models.hypergraph_network import HypergraphTransformer, Nodes
    from postcast.schema import FloatArray, IntArray

LEARNING_RATE = 1e-3
BATCH = 64
ANSWERED_AT_ONCE = 256
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


class HypergraphClassifier:
    """Some hypergraph transformers, each trained without one part of the posts.

    The probabilities that `fit` returns are each post's from the member that had not learned
    from it, nor from a copy of its text.

    Parameters
    ----------
    training : HypergraphTraining

    References
    ----------
    RAGTrans (KDD 2024); neighbours' labels and the choice of neighbours: SKAPP (AAAI 2025).
    """

    def __init__(self, training: HypergraphTraining) -> None:
        self.training = training
        self.lens = Lens(training.options, {})
        self.members: list[dict[str, FloatArray]] = []
        self.training_loss: tuple[float, ...] = ()
        self.validation_loss: tuple[float, ...] = ()
        self.best_epoch = 0

    def fit(self, features: FeatureSet, target: Target) -> HeldOut:
        """Learn from the posts; see `postcast.models.base.Classifier`."""
        self.lens = self._lens(features, target)
        left_out: FloatArray = np.full((len(features), 3), np.nan)
        self.members = []
        for number, (kept, left) in enumerate(_folds(target, self.training)):
            self.members.append(self._train(features, target, (kept, left), number))
            left_out[left] = self._answer(self.members[-1:], features, left)
        rows = np.flatnonzero(~np.isnan(left_out[:, 0]))
        return HeldOut(rows, left_out[rows])

    def _lens(self, features: FeatureSet, target: Target) -> Lens:
        lens = Lens.fit(features, self.training.options, self.training.seed)
        if not self.training.options.only_helpful:
            return lens
        helpful = learn_help(retrieved_of(features), ranks(target.counts))
        return Lens(lens.options, {**lens.arrays, "helpful": helpful})

    def _train(
        self, features: FeatureSet, target: Target, parts: tuple[IntArray, IntArray], number: int
    ) -> dict[str, FloatArray]:
        """Run a member's epochs; return the weights of the best of them."""
        import torch

        with own_randomness(self.training.seed + number, self.training.device) as device:
            rows = _Rows(self.lens, features, target, device)
            network = _network(rows.batch(parts[0][:1])).to(device)
            weight = class_weight(target.classes[parts[0]], self.training.class_weights)
            loss_of = torch.nn.CrossEntropyLoss(weight=weight.to(device))
            return self._epochs(network, rows, loss_of, parts)

    def _epochs(
        self,
        network: HypergraphTransformer,
        rows: _Rows,
        loss_of: torch.nn.CrossEntropyLoss,
        parts: tuple[IntArray, IntArray],
    ) -> dict[str, FloatArray]:
        import torch
        from tqdm.auto import trange

        kept, left = parts
        optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
        best, weights, losses = float("inf"), weights_of(network), []
        for epoch in trange(
            1,
            self.training.epochs + 1,
            desc="training",
            unit="epoch",
            disable=bar_is_hidden(),
            leave=False,
        ):
            training_loss = _one_epoch(network, rows.batches(kept), loss_of, optimiser)
            validation_loss = _loss_on(network, rows.batches(left, shuffled=False), loss_of)
            losses.append((training_loss, validation_loss))
            if validation_loss < best or self.training.patience is None or not len(left):
                best, self.best_epoch = validation_loss, epoch
                weights = weights_of(network)
            elif epoch - self.best_epoch >= self.training.patience:
                break
        self.training_loss = tuple(pair[0] for pair in losses)
        self.validation_loss = tuple(pair[1] for pair in losses) if len(left) else ()
        return weights

    def _answer(
        self, members: list[dict[str, FloatArray]], features: FeatureSet, rows: IntArray
    ) -> FloatArray:
        """Return the mean of some members' probabilities, shape (n_rows, 3)."""
        found: FloatArray = np.empty((len(rows), 3))
        for start in range(0, len(rows), ANSWERED_AT_ONCE):
            chunk = slice(start, start + ANSWERED_AT_ONCE)
            batch = self.lens.batch(features, rows[chunk])
            found[chunk] = np.mean([softmax(scores(one, batch)[0]) for one in members], axis=0)
        return found

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the class probabilities, shape (n_posts, 3)."""
        return self._answer(self.members, features, np.arange(len(features)))

    def state(self) -> Parts:
        """Return the members' weights, how inputs are scaled, and the last member's losses."""
        facts: dict[str, Any] = {
            "members": len(self.members),
            "options": asdict(self.lens.options),
            "class_weights": self.training.class_weights,
            "training_loss": list(self.training_loss),
            "validation_loss": list(self.validation_loss),
            "best_epoch": self.best_epoch,
        }
        arrays = {f"lens/{name}": value for name, value in self.lens.arrays.items()}
        for number, member in enumerate(self.members):
            arrays |= {f"{number}/{name}": value for name, value in member.items()}
        return Parts(facts=facts, arrays=arrays)

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted classifier."""
        given = parts.facts["options"]
        options = Options(**{**given, "edges": tuple(given["edges"])})
        self = cls(HypergraphTraining(options=options, class_weights=parts.facts["class_weights"]))
        self.lens = Lens(options, _beneath(parts, "lens/"))
        self.members = [_beneath(parts, f"{number}/") for number in range(parts.facts["members"])]
        self.training_loss = tuple(parts.facts["training_loss"])
        self.validation_loss = tuple(parts.facts["validation_loss"])
        self.best_epoch = parts.facts["best_epoch"]
        return self


class _Rows:
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


def _network(like: Batch) -> HypergraphTransformer:
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


def _folds(target: Target, training: HypergraphTraining) -> list[tuple[IntArray, IntArray]]:
    """Return what each member learns from and what it stops on; all and nothing for too few."""
    from sklearn.model_selection import StratifiedGroupKFold

    everyone = np.arange(len(target.classes))
    n_folds = min(training.members, len(np.unique(target.together)))
    if n_folds < 2 or training.patience is None:
        return [(everyone, everyone[:0])]
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=training.seed)
    return list(folds.split(target.classes, target.classes, target.together))


def _beneath(parts: Parts, start: str) -> dict[str, Any]:
    """Return the arrays whose names begin with `start`, by the rest of their names."""
    return {n[len(start) :]: a for n, a in parts.arrays.items() if n.startswith(start)}
