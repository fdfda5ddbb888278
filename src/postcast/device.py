"""Which device torch computes on: the only place that asks it. Knows no model."""

from __future__ import annotations

import importlib.util

from postcast.errors import SettingsError

DEVICES = ("auto", "cpu", "cuda")


def pick_device(asked: str) -> str:
    """Return ``cpu`` or ``cuda``: what was asked for, or what is there.

    Raises
    ------
    SettingsError
        If ``cuda`` is asked for and there is none.
    """
    if asked not in DEVICES:
        raise SettingsError(f"device {asked!r}", f"one of {', '.join(DEVICES)}")
    if asked == "cpu":
        return "cpu"
    if importlib.util.find_spec("torch") is not None:
        import torch

        if torch.cuda.is_available():
            return "cuda"
    if asked == "cuda":
        raise SettingsError(
            "device cuda, but torch finds no GPU",
            "a GPU and a CUDA build of torch",
            "choose --device cpu",
        )
    return "cpu"
