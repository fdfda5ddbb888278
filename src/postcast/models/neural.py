"""The feed-forward network of the reference pipeline, as it was and with what it lacked.

Trained by torch, answered by `portable`. Knows nothing of texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.models.checkpoint import NOWHERE, Checkpoint
from postcast.models.epochs import Lesson, Limits, train_epochs
from postcast.models.image_view import ImageView, has_image, rows_to_hide, without_images
from postcast.models.portable import affine, on_top, softmax, stack
from postcast.models.torch_training import class_weight, own_randomness
from postcast.models.without_image import WithoutImage
from postcast.schema import FeatureSet, HeldOut, Parts, Target
from postcast.validation import check_finite, floats, numbers, text, whole

if TYPE_CHECKING:
    import torch

    from postcast.schema import FloatArray, IntArray, Matrix

HIDDEN = 128
DROPOUT = 0.3
BATCH = 32


@dataclass(frozen=True)
class Training:
    """How the network is trained.

    Parameters
    ----------
    epochs : int
        At most this many passes over the rows.
    patience : int or None
        Stop after so many epochs without a better validation loss; None never stops.
    class_weights : {"balanced", "none"}
        Whether rare classes weigh more in the loss.
    seed : int
    device : {"auto", "cpu", "cuda"}
    checkpoint : Checkpoint
        Where a killed training is gone on from.
    """

    epochs: int = 200
    patience: int | None = 20
    class_weights: str = "balanced"
    seed: int = 42
    device: str = "auto"
    checkpoint: Checkpoint = field(default=NOWHERE, compare=False, repr=False)


class NeuralClassifier:
    """d → 128, ReLU, dropout 0.3 → 3; cross-entropy, Adam 1e-3, batches of 32.

    With held-out rows and a patience it keeps the epoch of the least validation loss;
    without them it trains every epoch and keeps the last, as the reference did.

    Parameters
    ----------
    training : Training

    Attributes
    ----------
    training_loss, validation_loss : tuple of float
        Mean loss of each epoch; the second is empty without held-out rows.
    best_epoch : int
        The epoch that was kept, counted from 1.
    """

    loss = "cross-entropy, nats"

    def __init__(self, training: Training) -> None:
        self.training = training
        self.training_loss: tuple[float, ...] = ()
        self.validation_loss: tuple[float, ...] = ()
        self.best_epoch = 0
        self.arrays: dict[str, FloatArray] = {}
        self.images: ImageView | None = None
        self.without_image = WithoutImage()

    def fit(self, features: FeatureSet, target: Target) -> HeldOut:
        """Learn from the posts that are not held out."""
        fit_rows, validation_rows = _parts(target, self.training)
        self.images = ImageView.learned(features.take(fit_rows))
        inputs, classes = self._inputs(features), target.classes
        if self.images is not None:
            hidden = fit_rows[rows_to_hide(features.take(fit_rows), self.training.seed)]
            fit_rows = np.concatenate(
                [fit_rows, np.arange(len(classes), len(classes) + len(hidden))]
            )
            inputs = on_top([inputs, self._inputs(without_images(features.take(hidden)))])
            classes = np.concatenate([classes, classes[hidden]])
        with own_randomness(self.training.seed, self.training.device) as device:
            network = _network(inputs.shape[1]).to(device)
            self._train(network, (inputs, classes), fit_rows, validation_rows)
        found = self._answer(inputs[validation_rows])
        if self.images is None:
            return HeldOut(validation_rows, found)
        held_out, told = features.take(validation_rows), target.classes[validation_rows]
        has, unseen = has_image(held_out), self._answer(self._inputs(without_images(held_out)))
        self.without_image = WithoutImage.learned(found, unseen, has, told, np.flatnonzero(has))
        return HeldOut(validation_rows, self.without_image.apply(found, has))

    def _train(
        self,
        network: torch.nn.Sequential,
        data: tuple[Matrix, IntArray],
        fit_rows: IntArray,
        validation_rows: IntArray,
    ) -> None:
        """Run the epochs and keep the best of them in `arrays`."""
        import torch

        inputs, classes = data
        fit = _Rows(inputs, classes, fit_rows, network)
        validation = _Rows(inputs, classes, validation_rows, network)
        weight = class_weight(classes[fit_rows], self.training.class_weights)
        criterion = torch.nn.CrossEntropyLoss(weight=weight.to(fit.device))

        def loss_of(chosen: torch.Tensor) -> torch.Tensor:
            x, y = fit.batch(chosen)  # (b, d), (b,)
            loss: torch.Tensor = criterion(network(x), y)
            return loss

        def validation_loss() -> float:
            return _loss_on(network, validation, criterion)

        trained = train_epochs(
            Lesson(network, len(fit), BATCH, loss_of, validation_loss if len(validation) else None),
            Limits(self.training.epochs, self.training.patience),
            self.training.checkpoint.within("epochs"),
        )
        self.arrays, self.best_epoch = trained.weights, trained.best_epoch
        self.training_loss = trained.training_loss
        self.validation_loss = trained.validation_loss

    def _inputs(self, features: FeatureSet) -> Matrix:
        """Return all blocks side by side, those of images as they are read."""
        return stack(features if self.images is None else self.images.beside(features))

    def _answer(self, inputs: Matrix) -> FloatArray:
        hidden = np.maximum(affine(inputs, self.arrays["0.weight"], self.arrays["0.bias"]), 0)
        return softmax(affine(hidden, self.arrays["3.weight"], self.arrays["3.bias"]))

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the class probabilities, shape (n_posts, 3)."""
        answer = self._answer(self._inputs(features))
        if self.images is None:
            return answer
        return self.without_image.apply(answer, has_image(features))

    def state(self) -> Parts:
        """Return the weights and the loss of each epoch."""
        facts: dict[str, Any] = {
            "class_weights": self.training.class_weights,
            "training_loss": list(self.training_loss),
            "validation_loss": list(self.validation_loss),
            "best_epoch": self.best_epoch,
        }
        images: dict[str, FloatArray] = {}
        if self.images is not None:
            images = self.images.arrays() | self.without_image.arrays()
        return Parts(facts=facts, arrays=self.arrays | images)

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted classifier."""
        facts, arrays = parts.facts, parts.arrays
        check_finite(arrays)
        self = cls(Training(class_weights=text(facts, "class_weights")))
        hidden = floats(arrays, "0.weight", (None, None))
        floats(arrays, "0.bias", (len(hidden),))
        floats(arrays, "3.weight", (3, len(hidden)))
        floats(arrays, "3.bias", (3,))
        self.arrays = dict(arrays)
        self.images = ImageView.from_arrays(parts.arrays)
        self.without_image = WithoutImage.from_arrays(parts.arrays)
        self.training_loss = numbers(facts, "training_loss")
        self.validation_loss = numbers(facts, "validation_loss")
        self.best_epoch = whole(facts, "best_epoch", 0, 10**9)
        return self


class _Rows:
    """Some rows of the inputs, given to the network a batch at a time."""

    def __init__(
        self, inputs: Matrix, classes: IntArray, rows: IntArray, network: torch.nn.Sequential
    ) -> None:
        import torch

        self.inputs = inputs[rows]
        self.classes = torch.from_numpy(classes[rows].astype(np.int64))
        self.device = next(network.parameters()).device
        self.dense = (
            torch.from_numpy(np.ascontiguousarray(self.inputs, dtype=np.float32))
            if isinstance(self.inputs, np.ndarray)
            else None
        )

    def __len__(self) -> int:
        return len(self.classes)

    def batch(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        if self.dense is not None:
            x = self.dense[rows]  # (b, d)
        else:
            x = torch.from_numpy(self.inputs[rows.numpy()].toarray().astype(np.float32))  # (b, d)
        return x.to(self.device), self.classes[rows].to(self.device)  # (b, d), (b,)


def _network(width: int) -> torch.nn.Sequential:
    from torch import nn

    return nn.Sequential(
        nn.Linear(width, HIDDEN),  # (b, d) -> (b, 128)
        nn.ReLU(),
        nn.Dropout(DROPOUT),
        nn.Linear(HIDDEN, 3),  # (b, 128) -> (b, 3)
    )


def _loss_on(
    network: torch.nn.Sequential, rows: _Rows, loss_of: torch.nn.CrossEntropyLoss
) -> float:
    """Return the mean loss on rows that are not trained on."""
    import torch

    network.eval()
    total = 0.0
    with torch.inference_mode():
        for chosen in torch.split(torch.arange(len(rows)), 1024):
            x, y = rows.batch(chosen)  # (b, d), (b,)
            total += float(loss_of(network(x), y)) * len(chosen)
    return total / len(rows)


def _parts(target: Target, training: Training) -> tuple[IntArray, IntArray]:
    """Return the rows to fit on and those to validate on."""
    if training.patience is None:
        return np.arange(len(target.classes)), np.empty(0, dtype=np.int64)
    return np.flatnonzero(~target.held_out), np.flatnonzero(target.held_out)
