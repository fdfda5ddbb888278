"""What trainings by torch share: their own randomness, class weights, weights as arrays.

Knows no network.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from postcast.device import pick_device

if TYPE_CHECKING:
    import torch

    from postcast.schema import FloatArray, IntArray


@contextlib.contextmanager
def own_randomness(seed: int, device: str) -> Iterator[torch.device]:
    """Seed torch without touching others' randomness; give the device, and one thread.

    Batches of a few dozen posts are too small to share, and sharing is slower.

    Parameters
    ----------
    seed : int
    device : {"auto", "cpu", "cuda"}
    """
    import torch

    place = torch.device(pick_device(device))
    cuda = [torch.cuda.current_device()] if place.type == "cuda" else []
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=cuda):
            torch.manual_seed(seed)
            yield place
    finally:
        torch.set_num_threads(before)


def class_weight(classes: IntArray, kind: str) -> torch.Tensor:
    """Return the loss weight of each class: inverse to its share, or all one, shape (3,).

    Parameters
    ----------
    classes : ndarray of int, shape (n_posts,)
    kind : {"balanced", "none"}
    """
    import torch

    if kind == "none":
        return torch.ones(3)
    counts = np.maximum(np.bincount(classes, minlength=3), 1)
    return torch.from_numpy((len(classes) / (3 * counts)).astype(np.float32))


def weights_of(network: torch.nn.Module) -> dict[str, FloatArray]:
    """Return a copy of a network's weights by name."""
    return {name: value.cpu().numpy().copy() for name, value in network.state_dict().items()}
