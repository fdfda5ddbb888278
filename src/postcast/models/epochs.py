"""The one loop over epochs: early stopping, and going on where a killed training stopped.

Knows a network and how to ask for a loss; not what it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.models.checkpoint import NOWHERE, Checkpoint
from postcast.models.portable import beneath
from postcast.models.torch_training import weights_of
from postcast.progress import bar_is_hidden
from postcast.schema import Parts

if TYPE_CHECKING:
    import torch

    from postcast.schema import FloatArray

LEARNING_RATE = 1e-3
"""Adam's."""


@dataclass(frozen=True)
class Lesson:
    """What a network is to learn.

    Parameters
    ----------
    network : torch.nn.Module
        On its device.
    n_rows, batch : int
        What is learned from, and how many rows at once.
    loss_of : callable
        Positions among the rows, a tensor of int, shape (b,) → their mean loss, with its graph.
    validation_loss : callable or None
        The mean loss on rows that are not learned from; None without any.
    """

    network: torch.nn.Module
    n_rows: int
    batch: int
    loss_of: Callable[[torch.Tensor], torch.Tensor]
    validation_loss: Callable[[], float] | None


@dataclass(frozen=True)
class Limits:
    """How long to learn.

    Parameters
    ----------
    epochs : int
        At most this many passes over the rows.
    patience : int or None
        Stop after so many epochs without a better validation loss; None never stops, and keeps
        the last epoch.
    """

    epochs: int
    patience: int | None


@dataclass(frozen=True)
class Trained:
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


@dataclass
class _Course:
    """How far a training came: whole epochs, and the batches of the one that is under way."""

    weights: dict[str, FloatArray]
    best: float = float("inf")
    best_epoch: int = 0
    training_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    order: torch.Tensor | None = None  # (n_rows,), None between epochs
    done: int = 0
    total: float = 0.0

    def trained(self) -> Trained:
        losses = tuple(self.training_loss), tuple(self.validation_loss)
        return Trained(self.weights, *losses, self.best_epoch)


def train_epochs(lesson: Lesson, limits: Limits, checkpoint: Checkpoint = NOWHERE) -> Trained:
    """Run a network's epochs and keep the best of them.

    What goes on from a checkpoint ends with the bits of what was never interrupted: randomness,
    order of the rows and the optimiser's moments are kept with the weights.

    Parameters
    ----------
    lesson : Lesson
    limits : Limits
    checkpoint : Checkpoint
        Offered the state after every batch.
    """
    kept = checkpoint.load()
    if kept is not None and kept.facts["finished"]:
        return _finished(kept)
    optimiser = _optimiser(lesson.network)
    course = _Course(weights_of(lesson.network))
    if kept is not None:
        course = _restore(kept, lesson.network, optimiser)
    for _ in _bar(len(course.training_loss), limits.epochs):
        _one_epoch(lesson, optimiser, course, checkpoint)
        if _is_over(lesson, limits, course):
            break
    trained = course.trained()
    checkpoint.finish(_parts_of(trained))
    return trained


def _optimiser(network: torch.nn.Module) -> torch.optim.Optimizer:
    import torch

    return torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)


def _bar(n_done: int, n_epochs: int) -> Any:
    from tqdm.auto import tqdm

    return tqdm(
        range(n_done, n_epochs),
        desc="training",
        unit="epoch",
        initial=n_done,
        total=n_epochs,
        disable=bar_is_hidden(),
        leave=False,
    )


def _one_epoch(
    lesson: Lesson, optimiser: torch.optim.Optimizer, course: _Course, checkpoint: Checkpoint
) -> None:
    """Train on every row once, in a random order, from the batch on that comes next."""
    import torch

    lesson.network.train()
    if course.order is None:
        course.order = torch.randperm(lesson.n_rows)
    for chosen in torch.split(course.order, lesson.batch)[course.done :]:
        optimiser.zero_grad()
        loss = lesson.loss_of(chosen)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        course.total += float(loss.detach()) * len(chosen)
        course.done += 1
        checkpoint.offer(lambda: _state(course, lesson.network, optimiser))
    course.training_loss.append(course.total / lesson.n_rows)
    course.order, course.done, course.total = None, 0, 0.0


def _is_over(lesson: Lesson, limits: Limits, course: _Course) -> bool:
    """Take the epoch that ended for the best where it is; return whether to stop."""
    epoch, loss = len(course.training_loss), float("inf")
    if lesson.validation_loss is not None:
        loss = lesson.validation_loss()
        course.validation_loss.append(loss)
    if loss < course.best or limits.patience is None or lesson.validation_loss is None:
        course.best, course.best_epoch = loss, epoch
        course.weights = weights_of(lesson.network)
        return False
    return epoch - course.best_epoch >= limits.patience


def _state(course: _Course, network: torch.nn.Module, optimiser: torch.optim.Optimizer) -> Parts:
    """Return all that the training depends on from here on."""
    import torch

    state = optimiser.state_dict()
    arrays: dict[str, np.ndarray] = {
        "training loss": np.array(course.training_loss),
        "validation loss": np.array(course.validation_loss),
        "so far": np.array([course.total, course.best]),
        "random": torch.get_rng_state().numpy(),
    }
    if course.order is not None:
        arrays["order"] = course.order.numpy()
    if next(network.parameters()).is_cuda:
        arrays["random on the device"] = torch.cuda.get_rng_state().numpy()
    arrays |= {f"network/{name}": value for name, value in weights_of(network).items()}
    arrays |= {f"best/{name}": value for name, value in course.weights.items()}
    for number, moments in state["state"].items():
        for name, value in moments.items():
            arrays[f"optimiser/{number}/{name}"] = value.cpu().numpy()
    facts = {
        "finished": False,
        "reached": f"epoch {len(course.training_loss) + 1}, {course.done} batches in",
        "batches": course.done,
        "best_epoch": course.best_epoch,
        "optimiser": state["param_groups"],
    }
    return Parts(facts, arrays)


def _restore(parts: Parts, network: torch.nn.Module, optimiser: torch.optim.Optimizer) -> _Course:
    """Put network, optimiser and randomness where they were; return how far that was."""
    import torch

    def tensors(start: str) -> dict[str, torch.Tensor]:
        return {n: torch.from_numpy(a.copy()) for n, a in beneath(parts.arrays, start).items()}

    network.load_state_dict(tensors("network/"))
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for path, value in tensors("optimiser/").items():
        number, name = path.split("/")
        moments.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({"state": moments, "param_groups": parts.facts["optimiser"]})
    arrays = parts.arrays
    torch.set_rng_state(torch.from_numpy(arrays["random"].copy()))
    if "random on the device" in arrays:
        torch.cuda.set_rng_state(torch.from_numpy(arrays["random on the device"].copy()))
    order = torch.from_numpy(arrays["order"].copy()) if "order" in arrays else None
    return _Course(
        weights=beneath(arrays, "best/"),
        best=float(arrays["so far"][1]),
        best_epoch=parts.facts["best_epoch"],
        training_loss=arrays["training loss"].tolist(),
        validation_loss=arrays["validation loss"].tolist(),
        order=order,
        done=parts.facts["batches"],
        total=float(arrays["so far"][0]),
    )


def _parts_of(trained: Trained) -> Parts:
    losses = {
        "training loss": np.array(trained.training_loss),
        "validation loss": np.array(trained.validation_loss),
    }
    weights = {f"best/{name}": value for name, value in trained.weights.items()}
    return Parts({"finished": True, "best_epoch": trained.best_epoch}, losses | weights)


def _finished(parts: Parts) -> Trained:
    return Trained(
        weights=beneath(parts.arrays, "best/"),
        training_loss=tuple(parts.arrays["training loss"].tolist()),
        validation_loss=tuple(parts.arrays["validation loss"].tolist()),
        best_epoch=parts.facts["best_epoch"],
    )
