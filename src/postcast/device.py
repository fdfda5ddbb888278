"""Which device torch computes on: the only place that asks it. Knows no model."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from postcast.errors import SettingsError

COMPUTING = ("cpu", "cuda")
DEVICES = ("auto", *COMPUTING)


def pick_device(asked: str) -> str:
    """Return ``cpu`` or ``cuda``: what was asked for, or what is there.

    Raises
    ------
    SettingsError
        If ``cuda`` is asked for and there is none.
    """
    if asked not in DEVICES:
        raise SettingsError(f"device {asked!r}", f"one of {', '.join(DEVICES)}")
    if asked == "cpu" or (asked == "auto" and not _has_driver()):
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


def _has_driver() -> bool:
    """Return whether there may be a GPU, without importing torch, which takes seconds."""
    drivers = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    return shutil.which("nvidia-smi") is not None or any(Path(d).exists() for d in drivers)
