"""The image of a draft as the forecaster sees it, and what its regions do, for the page to draw.

Knows pixels and parts; no HTML and no request.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from postcast.web.marks import direction_of, strength_of

if TYPE_CHECKING:
    from postcast.explain import Part

WIDEST, TALLEST = 384, 448
"""Pixels of the page that the picture fills; a smaller one is drawn larger, so that each of its
regions has room for a figure."""

LONG_SIDE = 640
"""Pixels of the picture itself, for screens of double density."""

QUALITY = 82


@dataclass(frozen=True)
class Region:
    """One region of an image, and how it moves the forecast.

    Parameters
    ----------
    name : str
        Where it is, in words.
    direction : {"up", "down", ""}
    strength : int
        1 to 3; 0 where it is not told apart from no effect.
    factor, interval, high : str
        What it multiplies the expected engagement by, between which bounds that lies, and what
        it adds to the probability of high, in points.
    """

    name: str
    direction: str
    strength: int
    factor: str
    interval: str
    high: str


@dataclass(frozen=True)
class Drawn:
    """An image and its regions.

    Parameters
    ----------
    address : str
        The image itself, as a ``data:`` address.
    width, height : int
        Pixels of the page.
    regions : tuple of Region
        Along the rows, from the top.
    """

    address: str
    width: int
    height: int
    regions: tuple[Region, ...]


def drawn_image(path: str | None, parts: Sequence[Part]) -> Drawn | None:
    """Return an image with its regions; None where the forecaster looked at none.

    It is turned, laid on white and reduced as the forecaster gets it: a region's box is of these
    pixels, not of those in the file.

    Parameters
    ----------
    path : str or None
    parts : sequence of Part
        Of the explanation.
    """
    from postcast.features.images.decode import Picture
    from postcast.features.images.files import picture_of

    regions = [(part.box, part) for part in parts if part.box is not None]
    if path is None or not regions:
        return None
    picture = picture_of(path)
    if not isinstance(picture, Picture):
        return None
    height, width = picture.pixels.shape[:2]
    scale = min(WIDEST / width, TALLEST / height)
    size = max(round(scale * width), 1), max(round(scale * height), 1)
    regions.sort(key=lambda one: (one[0][1], one[0][0]))
    address = "data:image/jpeg;base64," + base64.b64encode(_jpeg(picture.pixels)).decode("ascii")
    return Drawn(address, *size, tuple(_region(part) for _, part in regions))


def _jpeg(pixels: Any) -> bytes:
    """Return pixels as a JPEG file of at most `LONG_SIDE`."""
    import PIL.Image

    image = PIL.Image.fromarray(pixels)
    image.thumbnail((LONG_SIDE, LONG_SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _region(part: Part) -> Region:
    return Region(
        name=part.name.removeprefix("image, "),
        direction=direction_of(part),
        strength=strength_of(part),
        factor=f"{part.factor:.2f}",
        interval=f"{part.low:.2f} to {part.high:.2f}",
        high=f"{100 * part.effect['high']:+.1f}",
    )
