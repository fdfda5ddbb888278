"""Where one training keeps how far it came, and what makes it that one training.

Knows settings and versions; what is kept, and when, is known by others.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from postcast.checkpoints.folder import Checkpoints
from postcast.device import pick_device
from postcast.models.checkpoint import NOWHERE, Checkpoint
from postcast.models.choose import NEEDS_TORCH
from postcast.runs.results import versions

if TYPE_CHECKING:
    from postcast.checkpoints.request import SaveRequest
    from postcast.features.text import TextEncoder
    from postcast.runs.folder import RunFolder
    from postcast.settings import Settings


def checkpoint_of(
    folder: RunFolder | None, request: SaveRequest, settings: Settings, encoder: TextEncoder
) -> Checkpoint:
    """Return the place of a training, within which its fits have theirs.

    Parameters
    ----------
    folder : RunFolder or None
        Without one, nothing is kept.
    request : SaveRequest
    settings : Settings
        With every ``auto`` resolved.
    encoder : TextEncoder
        Fitted.
    """
    if folder is None:
        return NOWHERE
    shaping = {
        "run": folder.sha256,
        "resolved": [settings.encoder, settings.image_encoder, settings.target],
        "encoder": encoder.describe(),
        "device": pick_device(settings.device) if settings.classifier in NEEDS_TORCH else "",
        "machine": platform.machine(),
        "versions": versions(),
    }
    return Checkpoints(folder.checkpoints, shaping, request).root
