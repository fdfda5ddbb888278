"""Pictures of a training by epochs: its loss, five ways.

Knows losses by epoch and nothing of the model that had them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from postcast.evaluate.drawing import CLASS_COLOURS, INK, QUIET, blank, legend_above, styled
from postcast.wording import number_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TRAIN, _VALIDATION = CLASS_COLOURS[2], CLASS_COLOURS[1]


@dataclass(frozen=True, kw_only=True)
class LossHistory:
    """Mean loss per post in each epoch.

    Parameters
    ----------
    train : tuple of float, length n_epochs
        In nats.
    validation : tuple of float, length n_epochs, or empty
        On the training rows kept aside; empty where there were none.
    best_epoch : int
        The epoch whose weights were kept, counted from 1.
    loss : str
        What the loss is.
    """

    train: tuple[float, ...]
    validation: tuple[float, ...] = ()
    best_epoch: int
    loss: str = "cross-entropy, nats"

    def usable(self) -> bool:
        """Return whether there are epochs to draw, the kept one among them, all of finite loss."""
        return (
            1 <= self.best_epoch <= len(self.train)
            and len(self.validation) in (0, len(self.train))
            and all(map(math.isfinite, self.train + self.validation))
        )


def training_loss_line(history: LossHistory, note: str = "") -> Figure:
    """Draw training and validation loss by epoch, with the kept epoch marked."""
    epochs = len(history.train)
    kept = f"Epoch {history.best_epoch} of {epochs} was kept"
    title = f"{kept}; training loss went from {history.train[0]:.2f} to {history.train[-1]:.2f}"
    if history.validation:
        at_best = history.validation[history.best_epoch - 1]
        title = f"{kept}; validation loss was {at_best:.2f} there"
        if history.best_epoch < epochs:
            title += f" and {history.validation[-1]:.2f} at the end"
    with styled():
        figure, (axes,) = blank(title, note)
        for _, losses, colour, marker, label in _series(history):
            axes.plot(
                range(1, epochs + 1),
                losses,
                color=colour,
                linewidth=1.8,
                linestyle="-" if label == "training" else "--",
                marker=marker if epochs <= 25 else "",
                markersize=4,
                label=label,
            )
        axes.axvline(
            history.best_epoch,
            color=INK,
            linewidth=1.2,
            linestyle=":",
            label=f"epoch {history.best_epoch}, kept",
        )
        _label(axes, "epoch", history)
        axes.locator_params(axis="x", integer=True)
        legend_above(axes)
        return figure


def training_loss_scatter(history: LossHistory, note: str = "") -> Figure:
    """Draw each epoch's loss as a point."""
    steps = [abs(b - a) for a, b in zip(history.train, history.train[1:], strict=False)]
    title = f"One epoch: a training loss of {history.train[0]:.2f}"
    if steps:
        middle = number_in_words(sorted(steps)[len(steps) // 2], 2)
        title = f"From one epoch to the next, training loss moved by {middle} at the median"
    with styled():
        figure, (axes,) = blank(title, note)
        for epochs, losses, colour, marker, label in _series(history):
            axes.scatter(
                epochs,
                losses,
                s=22 if len(epochs) <= 60 else 9,
                color=colour,
                marker=marker,
                edgecolors=INK,
                linewidths=0.3,
                label=label,
            )
        _label(axes, "epoch", history)
        axes.locator_params(axis="x", integer=True)
        legend_above(axes)
        return figure


def training_loss_bar(history: LossHistory, note: str = "") -> Figure:
    """Draw mean loss per ten epochs (more where there are many epochs)."""
    spans = _spans(len(history.train), 10)
    judged = history.validation or history.train
    means = [_mean(judged[start:stop]) for start, stop in spans]
    lowest = spans[means.index(min(means))]
    kind = "validation" if history.validation else "training"
    title = f"Mean {kind} loss was lowest in {_span_name(lowest)}: {min(means):.2f}"
    series = list(_series(history))
    width = 0.8 / len(series)
    with styled():
        figure, (axes,) = blank(title, note)
        for place, (_, losses, colour, _, label) in enumerate(series):
            axes.bar(
                [at + (place - (len(series) - 1) / 2) * width for at in range(len(spans))],
                [_mean(losses[start:stop]) for start, stop in spans],
                width,
                color=colour,
                edgecolor=INK,
                linewidth=0.6,
                hatch="" if label == "training" else "///",
                label=label,
            )
        _label(axes, "epochs", history)
        _span_ticks(axes, spans)
        legend_above(axes)
        return figure


def training_loss_histogram(history: LossHistory, note: str = "") -> Figure:
    """Draw how many epochs had which loss."""
    middle = sorted(history.train)[(len(history.train) - 1) // 2]
    title = f"Half of the epochs had a training loss of {middle:.2f} or less"
    every = history.train + history.validation
    low, high = min(every), max(every)
    edges = [low + (max(high - low, 1e-6)) * step / 15 for step in range(16)]
    with styled():
        figure, (axes,) = blank(title, note)
        for _, losses, colour, _, label in _series(history):
            solid = label == "training"
            axes.hist(
                [min(max(loss, edges[0]), edges[-1]) for loss in losses],
                bins=edges,
                color=colour if solid else "none",
                edgecolor="white" if solid else _VALIDATION,
                linewidth=0.5 if solid else 1.8,
                linestyle="-" if solid else "--",
                histtype="bar" if solid else "step",
                label=label,
            )
        axes.set_xlabel(f"loss ({history.loss})")
        axes.set_ylabel("epochs")
        axes.locator_params(axis="y", integer=True)
        legend_above(axes)
        return figure


def training_loss_box(history: LossHistory, note: str = "") -> Figure:
    """Draw the spread of training loss within spans of ten epochs (more where there are many)."""
    spans = _spans(len(history.train), 10)
    groups = [history.train[start:stop] for start, stop in spans]
    first, last = (sorted(group)[(len(group) - 1) // 2] for group in (groups[0], groups[-1]))
    title = f"Median training loss was {first:.2f} in {_span_name(spans[0])}"
    if len(spans) > 1:
        title += f" and {last:.2f} in {_span_name(spans[-1])}"
    with styled():
        figure, (axes,) = blank(title, note)
        axes.boxplot(
            groups,
            positions=range(len(spans)),
            widths=0.55,
            patch_artist=True,
            boxprops={"facecolor": CLASS_COLOURS[0], "edgecolor": INK},
            medianprops={"color": INK, "linewidth": 1.8},
            flierprops={"markersize": 3.5, "markeredgecolor": QUIET},
        )
        _label(axes, "epochs", history)
        _span_ticks(axes, spans)
        return figure


def _series(
    history: LossHistory,
) -> Iterator[tuple[range, tuple[float, ...], str, str, str]]:
    epochs = range(1, len(history.train) + 1)
    yield epochs, history.train, _TRAIN, "o", "training"
    if history.validation:
        yield epochs, history.validation, _VALIDATION, "^", "validation"


def _label(axes: Axes, what: str, history: LossHistory) -> None:
    axes.set_xlabel(what)
    axes.set_ylabel(f"loss ({history.loss})")


def _spans(epochs: int, length: int) -> list[tuple[int, int]]:
    """Return starts and ends of equal spans of epochs, at most ten of them."""
    length *= max(1, math.ceil(epochs / (10 * length)))
    return [(start, min(start + length, epochs)) for start in range(0, epochs, length)]


def _span_name(span: tuple[int, int]) -> str:
    start, stop = span
    return f"epoch {stop}" if stop == start + 1 else f"epochs {start + 1}–{stop}"


def _span_ticks(axes: Axes, spans: list[tuple[int, int]]) -> None:
    labels = [_span_name(span).split(" ")[1] for span in spans]
    axes.set_xticks(range(len(spans)), labels, fontsize=8.5)
    if sum(map(len, labels)) > 50:
        axes.tick_params(axis="x", labelrotation=30)
    axes.set_xlim(-0.6, max(len(spans), 3) - 0.4)


def _mean(losses: tuple[float, ...]) -> float:
    return sum(losses) / len(losses)
