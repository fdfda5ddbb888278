"""What a picture looks like from outside: size, light, colours, sharpness, lettering.

Knows pixels only; no file and no model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from postcast.features.images.decode import Picture
    from postcast.schema import FloatArray, IntArray

COLUMNS = (
    "width, log",
    "height, log",
    "aspect, log",
    "brightness",
    "contrast",
    "saturation",
    "colourfulness",
    "sharpness, log",
    "share of dark",
    "share of light",
    "first colour, red",
    "first colour, green",
    "first colour, blue",
    "first colour, share",
    "second colour, red",
    "second colour, green",
    "second colour, blue",
    "second colour, share",
    "text area",
)

VERSION = 1
"""Raised when the same picture gives other features than before."""

DARK, LIGHT = 0.2, 0.8
LEVELS = 4
"""Shades of red, of green and of blue among which the two most common colours are looked for."""

CELL = 16
LETTERS_DIFFER, LETTERS_ARE_PLAIN = 96, 0.75
"""A cell holds lettering where its lightest and darkest grey are so far apart (of 255), so large
a share of it is nearly the one or the other, and its rows change between them at least once."""


def visual(picture: Picture) -> FloatArray:
    """Return the plain features of a picture.

    Returns
    -------
    ndarray of float32, shape (19,)
        `COLUMNS`. Brightness is the mean of the grey, contrast its standard deviation, both of
        0 to 1; colourfulness is Hasler and Süsstrunk's (Human Vision and Electronic Imaging,
        2003); sharpness the variance of the Laplacian; the text area is estimated.
    """
    pixels = picture.pixels.astype(np.float32)  # (h, w, 3)
    grey = pixels @ np.array([0.299, 0.587, 0.114], dtype=np.float32)  # (h, w)
    light = grey / 255
    top, bottom = pixels.max(axis=2), pixels.min(axis=2)
    saturation = (top - bottom) / np.maximum(top, 1)
    return np.array(
        [
            np.log(picture.width),
            np.log(picture.height),
            np.log(picture.width / picture.height),
            light.mean(),
            light.std(),
            saturation.mean(),
            _colourfulness(pixels),
            np.log1p(_sharpness(grey)),
            (light < DARK).mean(),
            (light > LIGHT).mean(),
            *_colours(picture.pixels),
            _text_area(grey),
        ],
        dtype=np.float32,
    )


def _colourfulness(pixels: FloatArray) -> float:
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    first, second = red - green, (red + green) / 2 - blue
    spread = np.hypot(first.std(), second.std())
    return float(spread + 0.3 * np.hypot(first.mean(), second.mean())) / 255


def _sharpness(grey: FloatArray) -> float:
    """Return the variance of the Laplacian; 0 for a picture without an inside."""
    if min(grey.shape) < 3:
        return 0.0
    sides = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((sides - 4 * grey[1:-1, 1:-1]).var())


def _colours(pixels: IntArray) -> list[float]:
    """Return the mean red, green, blue and share of the two most common colours."""
    flat = pixels.reshape(-1, 3)
    shade = flat // (256 // LEVELS)
    code = (shade[:, 0].astype(np.int64) * LEVELS + shade[:, 1]) * LEVELS + shade[:, 2]
    counts = np.bincount(code, minlength=LEVELS**3)
    found: list[float] = []
    for one in np.argsort(-counts, kind="stable")[:2]:
        mean = flat[code == one].mean(axis=0) / 255 if counts[one] else np.zeros(3)
        found += [*mean.tolist(), counts[one] / len(flat)]
    return found


def _text_area(grey: FloatArray) -> float:
    """Return the share of square cells that look like lettering."""
    rows, columns = grey.shape[0] // CELL, grey.shape[1] // CELL
    if not rows or not columns:
        return 0.0
    whole = grey[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    cells = whole.transpose(0, 2, 1, 3).reshape(-1, CELL, CELL)  # (n, 16, 16)
    low, high = (f(cells, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    differ = high - low
    near = (cells - low < differ / 4) | (high - cells < differ / 4)
    is_light = cells - low > differ / 2
    changes = (is_light[:, :, 1:] != is_light[:, :, :-1]).sum(axis=(1, 2)) / CELL
    letters = (differ[:, 0, 0] >= LETTERS_DIFFER) & (near.mean(axis=(1, 2)) >= LETTERS_ARE_PLAIN)
    return float((letters & (changes >= 1)).mean())
