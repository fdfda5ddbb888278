"""A checkpoint as bytes: safetensors whose header holds facts as JSON, an owner and a checksum.

One file, so that no kill can part what belongs together. Knows no training.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from postcast.schema import Parts

UNREADABLE = (OSError, ValueError, KeyError, TypeError)
"""What reading a broken file may raise."""


def packed(parts: Parts, owner: str) -> bytes:
    """Return parts as bytes.

    Parameters
    ----------
    parts : Parts
        Without files.
    owner : str
        Digest of the training that they are of.
    """
    from safetensors.numpy import save

    arrays = {name: np.asarray(value, order="C") for name, value in parts.arrays.items()}
    facts = json.dumps(dict(parts.facts))
    told = {"owner": owner, "facts": facts, "sha256": _digest(owner, facts, arrays)}
    return bytes(save(arrays, metadata=told))


def unpacked(path: Path) -> tuple[str, Parts]:
    """Return the owner of a file, and its parts.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError
        If it cannot be read, or is not what was written; see `UNREADABLE`.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            told = dict(file.metadata() or {})
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    owner, facts = told["owner"], told["facts"]
    if _digest(owner, facts, arrays) != told["sha256"]:
        raise ValueError("its checksum differs")
    return owner, Parts(json.loads(facts), arrays)


def owner_of(path: Path) -> str | None:
    """Return the owner of a file, by its header alone; None where it is no checkpoint."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            owner = dict(file.metadata() or {}).get("owner")
    except (SafetensorError, *UNREADABLE):
        return None
    return owner


def _digest(owner: str, facts: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> str:
    digest = hashlib.sha256(json.dumps([owner, facts]).encode())
    for name in sorted(arrays):
        value = arrays[name]
        digest.update(json.dumps([name, value.dtype.str, value.shape]).encode())
        digest.update(value.tobytes())
    return digest.hexdigest()
