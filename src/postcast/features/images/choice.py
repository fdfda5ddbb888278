"""Which images are looked at and by what: by name, or as a saved forecaster has it.

Knows no image; the senses that it returns do the work.
"""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from postcast.errors import MissingExtraError
from postcast.features.cache import Cache, default_folder
from postcast.features.digests import Digests
from postcast.features.images.encoder import ImageEncoder, encoder_again
from postcast.features.images.sense import ImageSense
from postcast.features.images.vision import LITE0, VisionFacts, find_vision, has_lite0
from postcast.features.text import PRECISIONS
from postcast.features.transformer.arithmetic import ARITHMETICS, BFLOAT16, FLOAT32
from postcast.features.transformer.processor import arithmetic_again, arithmetic_here
from postcast.validation import mapping, text

if TYPE_CHECKING:
    from postcast.schema import Parts

log = logging.getLogger(__name__)

NONE, PLAIN = "none", "plain"


@dataclass(frozen=True)
class ImageChoice:
    """What looks at images, and how it runs.

    Parameters
    ----------
    name : str
        ``auto``, ``none``, ``plain``, ``efficientnet-lite0``, a hub name or a folder.
    precision : {"exact", "fast", "fastest"}
    cache : Path or None
        Folder of kept vectors and graphs.
    """

    name: str = "auto"
    precision: str = "exact"
    cache: Path | None = None


def resolve_images(name: str) -> str:
    """Return what ``auto`` stands for here, of posts that have images; other names as they are."""
    if name != "auto":
        return name
    if has_lite0():
        return LITE0
    return PLAIN if importlib.util.find_spec("PIL") else NONE


def load_sense(choice: ImageChoice) -> ImageSense | None:
    """Return what looks at images; None for ``none``.

    Raises
    ------
    MissingExtraError
        If its extra is not installed.
    EncoderError
        If the encoder cannot be found, reached or trusted.
    """
    name = resolve_images(choice.name)
    if name == NONE:
        return None
    cache = None if choice.cache is None else Cache(choice.cache)
    if name == PLAIN:
        if importlib.util.find_spec("PIL") is None:
            raise MissingExtraError("looking at images", "image", "choose --image-encoder none")
        return ImageSense(None, None, choice.precision, cache)
    vision = find_vision(name, Digests(None) if cache is None else cache.digests)
    kept = cache or Cache(default_folder())
    arithmetic = arithmetic_here("exact" if choice.precision == "exact" else "fast")
    encoder = ImageEncoder(vision.facts, arithmetic, kept, vision)
    return ImageSense(vision.facts, encoder, choice.precision, cache)


def sense_from_state(parts: Parts) -> ImageSense:
    """Rebuild what `postcast.features.images.sense.ImageSense.state` told.

    Where Pillow or the encoder's weights are not on this machine, it says so in one line and
    takes every image as not seen.
    """
    precision = text(parts.facts, "precision", PRECISIONS)
    has_encoder = parts.facts.get("encoder") is not None
    facts = VisionFacts.from_dict(mapping(parts.facts, "encoder")) if has_encoder else None
    if importlib.util.find_spec("PIL") is None:
        log.warning(
            "posts are forecast as if they had no image: Pillow is not installed "
            "(pip install 'postcast[image]')"
        )
        return ImageSense(facts, None, precision, is_blind=True)
    if facts is None:
        return ImageSense(None, None, precision)
    encoder = None
    if importlib.util.find_spec("openvino") is not None:
        saved = FLOAT32 if precision == "exact" else BFLOAT16
        if parts.facts.get("arithmetic") is not None:
            saved = text(parts.facts, "arithmetic", tuple(ARITHMETICS))
        encoder = encoder_again(facts, arithmetic_again(saved), Cache(default_folder()))
    if encoder is None:
        where = "pip install 'postcast[image]'" if facts.name == LITE0 else "put it where it was"
        log.warning(
            "posts are forecast as if they had no image: the image encoder %s, sha256 %s…, is "
            "not on this machine (%s)",
            facts.name,
            facts.digest[:12],
            where,
        )
        return ImageSense(facts, None, precision, is_blind=True)
    return ImageSense(facts, encoder, precision)
