"""How an encoder wants its pixels: resized, cropped, scaled. Knows no model and no file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.errors import EncoderError
from postcast.validation import number, numbers, whole

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

BICUBIC, BILINEAR = 3, 2
MOST_ELONGATED = 4

LARGEST_SIDE = 4096
"""Of what a saved encoder may ask for, in pixels."""

KNOWN_STEPS = ("do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb")


@dataclass(frozen=True)
class Preparation:
    """What is done to an image before an encoder reads it.

    Parameters
    ----------
    height, width : int
        Of what the encoder reads.
    short_side : int or None
        To which the image is resized before its middle is cut out; None resizes it to height
        and width whatever its shape.
    scale : float
        By which values of 0 to 255 are multiplied, before `mean` and `std`.
    mean, std : tuple of float
        Subtracted from, and divided into, red, green and blue.
    resample : int
        Pillow's number of the way to resize.
    """

    height: int
    width: int
    short_side: int | None
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resample: int = BICUBIC

    def prepare(self, pixels: IntArray) -> FloatArray:
        """Return what the encoder reads of an image.

        Parameters
        ----------
        pixels : ndarray of uint8, shape (height, width, 3)

        Returns
        -------
        ndarray of float32, shape (1, 3, height, width)
        """
        import PIL.Image

        image = PIL.Image.fromarray(pixels)
        resample = PIL.Image.Resampling(self.resample)
        if self.short_side is None:
            image = image.resize((self.width, self.height), resample)
        else:
            longest = MOST_ELONGATED * min(image.size)  # beyond it no crop looks, at great cost
            image = _middle(image, min(image.width, longest), min(image.height, longest))
            by = self.short_side / min(image.size)
            image = image.resize((int(image.width * by), int(image.height * by)), resample)
            image = _middle(image, self.width, self.height)
        values = np.asarray(image, dtype=np.float32) * np.float32(self.scale)
        mean, std = (np.array(one, dtype=np.float32) for one in (self.mean, self.std))
        values = (values - mean) / std
        return np.ascontiguousarray(values.transpose(2, 0, 1)[None], dtype=np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(self).items()}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """Rebuild what `to_dict` told."""
        has_short_side = told.get("short_side") is not None
        std = numbers(told, "std", 3)
        if not all(std):
            raise ValueError("'std' holds zero")
        return cls(
            height=whole(told, "height", 1, LARGEST_SIDE),
            width=whole(told, "width", 1, LARGEST_SIDE),
            short_side=whole(told, "short_side", 1, LARGEST_SIDE) if has_short_side else None,
            scale=number(told, "scale"),
            mean=numbers(told, "mean", 3),
            std=std,
            resample=whole(told, "resample", 0, 5),
        )


def _middle(image: Any, width: int, height: int) -> Any:
    """Cut out the middle of an image, black beyond its edges."""
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def published_preparation(config: Mapping[str, Any], where: str) -> Preparation:
    """Return the preparation that a Hugging Face ``preprocessor_config.json`` asks for.

    Parameters
    ----------
    config : mapping
    where : str
        Shown to people.

    Raises
    ------
    EncoderError
        If it asks for steps that are not known here.
    """
    unknown = [k for k, v in config.items() if k.startswith("do_") and v and k not in KNOWN_STEPS]
    if unknown or not config.get("do_resize", True):
        raise EncoderError(
            f"{where} asks for {', '.join(unknown) or 'images as large as they are'}",
            f"no steps but {', '.join(KNOWN_STEPS)}, resizing among them",
            "choose another --image-encoder",
        )
    size, crop = _sides(config.get("size", 224)), _sides(config.get("crop_size", 224))
    short_side = size.get("shortest_edge")
    if "crop_pct" in config and short_side is not None:  # as ConvNeXT's are published
        crop = {"height": short_side, "width": short_side}
        short_side = int(short_side / config["crop_pct"]) if short_side < 384 else None
    elif not config.get("do_center_crop", False):
        crop = {"height": size.get("height", short_side), "width": size.get("width", short_side)}
        short_side = None  # an encoder needs one shape for all
    elif short_side is None:
        short_side = min(size["height"], size["width"])
    scaled, normalised = config.get("do_rescale", True), config.get("do_normalize", True)
    return Preparation(
        height=int(crop["height"]),
        width=int(crop["width"]),
        short_side=short_side,
        scale=float(config.get("rescale_factor", 1 / 255)) if scaled else 1.0,
        mean=_three(config.get("image_mean", 0.5)) if normalised else (0.0,) * 3,
        std=_three(config.get("image_std", 0.5)) if normalised else (1.0,) * 3,
        resample=int(config.get("resample") or BILINEAR),
    )


def timm_preparation(config: Mapping[str, Any]) -> Preparation:
    """Return the preparation that the ``pretrained_cfg`` of a timm model asks for."""
    _, height, width = config.get("input_size", (3, 224, 224))
    ways = {"bilinear": BILINEAR, "bicubic": BICUBIC}
    return Preparation(
        height=int(height),
        width=int(width),
        short_side=math.floor(min(height, width) / config.get("crop_pct", 0.875)),
        scale=1 / 255,
        mean=_three(config.get("mean", (0.485, 0.456, 0.406))),
        std=_three(config.get("std", (0.229, 0.224, 0.225))),
        resample=ways.get(config.get("interpolation", "bicubic"), BICUBIC),
    )


def _sides(size: Any) -> dict[str, Any]:
    return dict(size) if isinstance(size, Mapping) else {"height": size, "width": size}


def _three(values: float | Sequence[float]) -> tuple[float, ...]:
    return tuple(values) if isinstance(values, Sequence) else (float(values),) * 3
