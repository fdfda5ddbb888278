"""An image file → RGB pixels of bounded size, or the reason why not. Trusts no file.

Knows no post, no feature and no model.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

    from postcast.schema import IntArray

MOST_BYTES = 64 * 1024**2
MOST_PIXELS = 64_000_000
"""A file with more than either is not decoded; Pillow's own limit is higher."""

SHORT_SIDE, LONG_SIDE = 384, 1152
"""Pixels to which a larger image is reduced; no encoder and no feature looks closer."""

FORMATS = {"JPEG": "Jpeg", "PNG": "Png", "GIF": "Gif", "WEBP": "WebP", "BMP": "Bmp", "AVIF": "Avif"}
"""What is decoded, and the part of Pillow that does it: no format for which it would start another
program."""

ADDRESS = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*://|data:|//|\\\\)", re.IGNORECASE)
"""How a path begins that some system would look for in a network, or that is none."""

ORIENTATION = 0x0112


class Reason(StrEnum):
    """Why there are no pixels."""

    NONE = "no image"
    ADDRESS = "an address, not a file"
    MISSING = "missing"
    FORBIDDEN = "not readable"
    IRREGULAR = "not a regular file"
    EMPTY = "empty"
    LARGE = "too many bytes"
    ENORMOUS = "too many pixels"
    UNKNOWN = "not an image"
    BROKEN = "broken"
    UNSEEN = "no encoder here"


@dataclass(frozen=True)
class Picture:
    """An image as it is shown: rotated as its EXIF data say, on white, its first frame.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        Reduced to `SHORT_SIDE` and `LONG_SIDE`.
    width, height : int
        Before it was reduced.
    """

    pixels: IntArray
    width: int
    height: int


def read_bytes(path: str | None) -> bytes | Reason:
    """Return what is in an image file, and open nothing but a regular file of bounded size.

    Parameters
    ----------
    path : str or None
        An address (``https://…``, ``data:…``, a network share) is never followed.
    """
    if path is None or not path.strip():
        return Reason.NONE
    if ADDRESS.match(path):
        return Reason.ADDRESS
    try:
        data = _content(Path(path))
    except PermissionError:
        return Reason.FORBIDDEN
    except (OSError, ValueError):  # a path with a zero byte is a ValueError
        return Reason.MISSING
    if data is None:
        return Reason.IRREGULAR
    return Reason.LARGE if len(data) > MOST_BYTES else data or Reason.EMPTY


def _content(path: Path) -> bytes | None:
    """Return at most a byte more than is allowed; None for what is no regular file."""
    if not path.is_file():
        path.stat()  # an error where there is nothing at all
        return None
    # not blocking, for what became a FIFO a moment ago
    descriptor = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return file.read(MOST_BYTES + 1)


def decode(data: bytes) -> Picture | Reason:
    """Return an image's pixels.

    Warnings of Pillow are its caller's to silence, for they are the process's and not a thread's.
    """
    import PIL.Image

    for plugin in FORMATS.values():
        with contextlib.suppress(ImportError):  # an older Pillow lacks the newest
            importlib.import_module(f"PIL.{plugin}ImagePlugin")
    known = [name for name in FORMATS if name in PIL.Image.OPEN]
    try:
        with PIL.Image.open(io.BytesIO(data), formats=known) as image:
            if image.width * image.height > MOST_PIXELS:
                return Reason.ENORMOUS
            return _picture(image)
    except (PIL.Image.DecompressionBombError, MemoryError):
        return Reason.ENORMOUS
    except PIL.UnidentifiedImageError:
        return Reason.UNKNOWN
    except Exception:  # whatever a decoder raises at bytes made to break it
        return Reason.BROKEN


def _picture(image: Image) -> Picture:
    width, height = image.size
    scale = min(1.0, SHORT_SIDE / min(width, height), LONG_SIDE / max(width, height))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    image.draft("RGB", (2 * size[0], 2 * size[1]))  # a JPEG is decoded no larger than it need be
    turn = _turn_of(image)
    small = _on_white(image)
    if small.size != size:
        small = small.resize(size)
    if turn is not None:
        small = small.transpose(turn)
        if turn in _SIDEWAYS:
            width, height = height, width
    return Picture(np.array(small, dtype=np.uint8), width, height)


def _on_white(image: Image) -> Image:
    """Return an image in RGB, its transparent parts white, 16 bits brought to 8."""
    import PIL.Image

    image.load()
    if image.mode[0] in "IF":
        grey = np.nan_to_num(np.asarray(image, dtype=np.float64))
        top = 65535.0 if grey.max(initial=0.0) > 255 else 255.0
        return PIL.Image.fromarray((np.clip(grey / top, 0, 1) * 255).astype(np.uint8)).convert(
            "RGB"
        )
    if "A" in image.getbands() or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = PIL.Image.new("RGBA", clear.size, "white")
        return PIL.Image.alpha_composite(white, clear).convert("RGB")
    return image.convert("RGB")


def _turn_of(image: Image) -> Any:
    """Return how an image is to be turned, as its EXIF data say; None where they say nothing."""
    try:
        told = image.getexif().get(ORIENTATION)
    except Exception:  # EXIF data are as hostile as pixels, and the pixels may be sound
        return None
    return _TURNS.get(told) if isinstance(told, int) else None


# PIL.Image.Transpose by number, so that Pillow is imported where an image is decoded
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
_SIDEWAYS = (5, 4, 6, 2)
