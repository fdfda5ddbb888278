"""One image with some of its regions painted over, seen as any image is.

Knows no post and no forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from postcast.features.images.decode import Picture, Reason
from postcast.features.images.files import picture_of, workers
from postcast.features.images.sense import ImageSense, Seen

if TYPE_CHECKING:
    from postcast.schema import BoolArray

SIDE = 3
"""Regions each way, numbered along the rows."""


@dataclass
class Painted(ImageSense):
    """Sees one image by which of its regions are shown.

    Parameters
    ----------
    picture : Picture or None
    """

    picture: Picture | None = None

    def path_of(self, shown: BoolArray) -> str:
        """Return the name of the image with some regions, bool of shape (9,), for `look`."""
        return "".join("1" if one else "0" for one in shown)

    def look(self, paths: Sequence[str | None]) -> Seen:
        """Return what the image looks like with the regions that each name tells."""
        named = [path or "0" * SIDE**2 for path in paths]
        distinct = list(dict.fromkeys(named))
        return self.see([self._paint(name) for name in distinct]).take(
            [distinct.index(name) for name in named]
        )

    def _paint(self, name: str) -> Picture:
        if self.picture is None:
            raise ValueError("no picture to paint")
        pixels = np.array(self.picture.pixels)
        mean = pixels.reshape(-1, 3).mean(axis=0).round().astype(pixels.dtype)
        edges = [np.linspace(0, size, SIDE + 1).round().astype(int) for size in pixels.shape[:2]]
        for place, shown in enumerate(name):
            if shown == "0":
                (top, bottom), (left, right) = (
                    edge[at : at + 2] for edge, at in zip(edges, divmod(place, SIDE), strict=True)
                )
                pixels[top:bottom, left:right] = mean
        return replace(self.picture, pixels=pixels)


def painted_sense(sense: ImageSense | None, path: str | None) -> Painted | None:
    """Return what sees an image with regions painted over; None where the image is not seen.

    Parameters
    ----------
    sense : ImageSense or None
        Of a forecaster.
    path : str or None
    """
    if sense is None or sense.is_blind or not path:
        return None
    with workers() as work:  # which silences what Pillow warns of
        picture = next(work(picture_of, [path]))
    if isinstance(picture, Reason):
        return None
    return Painted(sense.facts, sense.encoder, sense.precision, picture=picture)
