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
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.features.images.headers import (
    FILES,
    UPLOADS,
    Header,
    Limits,
    check_size,
    header_of,
    memory_of,
    orientation_of,
)
from postcast.features.images.reasons import Reason

if TYPE_CHECKING:
    from PIL.Image import Image

    from postcast.schema import FloatArray, IntArray

__all__ = ["ADDRESS", "FILES", "UPLOADS", "Limits", "Picture", "Reason", "decode", "read_bytes"]

SHORT_SIDE, LONG_SIDE = 384, 1152
"""Pixels to which a larger image is reduced; no encoder and no feature looks closer."""

FORMATS = {"JPEG": "Jpeg", "PNG": "Png", "GIF": "Gif", "WEBP": "WebP", "BMP": "Bmp", "AVIF": "Avif"}
"""What is decoded, and the part of Pillow that does it: no format for which it would start another
program."""

ADDRESS = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*://|data:|//|\\\\)", re.IGNORECASE)
"""How a path begins that some system would look for in a network, or that is none."""

LARGE_IMAGE = 64_000_000
"""Images that take more bytes than this are decoded one after another, whatever the threads."""

_BAND = 1 << 20
_one_large_image = threading.Lock()


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
        An address (``https://…``, ``data:…``, a network share) is never followed. A `Reason` why
        a path may not be read stands in its place.
    """
    if path is None or isinstance(path, Reason):
        return path or Reason.NONE
    if ADDRESS.match(path) or not path.strip():
        return Reason.ADDRESS if path.strip() else Reason.NONE
    try:
        data = _content(Path(path))
    except PermissionError:
        return Reason.FORBIDDEN
    except (OSError, ValueError):  # a path with a zero byte is a ValueError
        return Reason.MISSING
    if data is None:
        return Reason.IRREGULAR
    return Reason.LARGE if len(data) > FILES.n_bytes else data or Reason.EMPTY


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
        return file.read(FILES.n_bytes + 1)


def decode(data: bytes, limits: Limits = FILES) -> Picture | Reason:
    """Return an image's pixels.

    Warnings of Pillow are its caller's to silence, for they are the process's and not a thread's.

    Parameters
    ----------
    data : bytes
    limits : Limits
        Tighter ones, `UPLOADS`, for what arrives over a network.
    """
    try:
        with _opened(data, limits) as found:
            if isinstance(found, Reason):
                return found
            image, header = found
            size = image.size
            if size[0] * size[1] * header.scans > limits.work:
                return Reason.WORK
            image.draft("RGB", _twice(_reduced(*size)))  # a JPEG is decoded no larger than need be
            n_bytes = memory_of(image.width * image.height, image.format or "", image.mode)
            n_bytes += header.n_kept_bytes
            if n_bytes > limits.memory:
                return Reason.MEMORY
            is_large = n_bytes > LARGE_IMAGE
            with _one_large_image if is_large else contextlib.nullcontext():
                return _picture(image, size, orientation_of(header, image.info))
    except MemoryError:
        return Reason.MEMORY
    except ImportError:
        raise
    except Exception:  # whatever a decoder raises at bytes made to break it
        return Reason.BROKEN


def reason_of(data: bytes) -> Reason | None:
    """Return why bytes do not open as an image, none of whose pixels is decoded; None if they do.

    Without Pillow nothing does.
    """
    try:
        with _opened(data, FILES) as found:
            return found if isinstance(found, Reason) else None
    except ImportError:
        return Reason.UNSEEN
    except Exception:  # as in `decode`
        return Reason.BROKEN


@contextlib.contextmanager
def _opened(data: bytes, limits: Limits) -> Iterator[tuple[Image, Header] | Reason]:
    """Yield an image whose headers are read, or why it is not to be decoded."""
    import PIL.Image

    for plugin in FORMATS.values():
        with contextlib.suppress(ImportError):  # an older Pillow lacks the newest
            importlib.import_module(f"PIL.{plugin}ImagePlugin")
    known = [name for name in FORMATS if name in PIL.Image.OPEN]
    header = Reason.LARGE if len(data) > limits.n_bytes else header_of(data, limits)
    if isinstance(header, Reason):
        yield header
        return
    try:
        image = PIL.Image.open(io.BytesIO(header.data), formats=known)
    except PIL.Image.DecompressionBombError:
        yield Reason.ENORMOUS
        return
    except PIL.UnidentifiedImageError:
        yield Reason.UNKNOWN
        return
    with image:
        reason = check_size(*image.size, limits)
        yield reason or (image, header)


def _reduced(width: int, height: int) -> tuple[int, int]:
    """Return the size to which an image of another is reduced."""
    scale = min(1.0, SHORT_SIDE / min(width, height), LONG_SIDE / max(width, height))
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _twice(size: tuple[int, int]) -> tuple[int, int]:
    return 2 * size[0], 2 * size[1]


def _picture(image: Image, size: tuple[int, int], orientation: int) -> Picture:
    """Return the pixels of an image of a size, which may be decoded at a smaller one."""
    width, height = size
    small, reduced = _on_white(image), _reduced(width, height)
    if small.size != reduced:
        small = small.resize(reduced)
    small = small.convert("RGB")
    turn: Any = _TURNS.get(orientation)
    if turn is not None:
        small = small.transpose(turn)
        if turn in _SIDEWAYS:
            width, height = height, width
    return Picture(np.array(small, dtype=np.uint8), width, height)


def _on_white(image: Image) -> Image:
    """Return an image in RGB or grey, its transparent parts white, 16 bits brought to 8.

    In bands, for no more than one other copy of its pixels to be in memory.
    """
    import PIL.Image

    image.load()
    if image.mode[0] in "IF":
        most = max(float(_finite(band).max(initial=0.0)) for _, band in _bands(image))
        top = 65535.0 if most > 255 else 255.0
        grey = PIL.Image.new("L", image.size)
        for row, band in _bands(image):
            levels = (np.clip(_finite(band) / top, 0, 1) * 255).astype(np.uint8)
            grey.paste(PIL.Image.fromarray(levels), (0, row))
        return grey
    if "A" in image.getbands() or "transparency" in image.info:
        whole = PIL.Image.new("RGB", image.size)
        for row, band in _bands(image):
            clear = band.convert("RGBA")
            white = PIL.Image.new("RGBA", clear.size, "white")
            whole.paste(PIL.Image.alpha_composite(white, clear).convert("RGB"), (0, row))
        return whole
    return image if image.mode in ("RGB", "L") else image.convert("RGB")


def _bands(image: Image) -> Iterator[tuple[int, Image]]:
    """Yield some rows of an image at a time, with the number of the first."""
    width, height = image.size
    n_rows = max(1, _BAND // width)
    for row in range(0, height, n_rows):
        yield row, image.crop((0, row, width, min(row + n_rows, height)))


def _finite(band: Image) -> FloatArray:
    return np.nan_to_num(np.asarray(band, dtype=np.float64))


# PIL.Image.Transpose by number, so that Pillow is imported where an image is decoded
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
_SIDEWAYS = (5, 4, 6, 2)
