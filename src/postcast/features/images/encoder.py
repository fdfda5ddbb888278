"""Image to vector by a pretrained encoder that this machine has. Knows no file and no post."""

from __future__ import annotations

import logging
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from postcast.errors import EncoderError, OutputError
from postcast.features.cache import GRAPHS, Cache
from postcast.features.images.vision import Vision, VisionFacts, check_vision, find_again

if TYPE_CHECKING:
    from postcast.features.images.graph import ImageGraph

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImageEncoder:
    """A pretrained image encoder, computed on the CPU.

    Its graph is made by torch once and kept in the cache; with it, torch is not needed again.

    Parameters
    ----------
    facts : VisionFacts
    arithmetic : {"float32", "bfloat16"}
    cache : Cache
    vision : Vision or None
        Its weights, where they were found.
    """

    facts: VisionFacts
    arithmetic: str
    cache: Cache
    vision: Vision | None

    @property
    def key(self) -> str:
        """Of everything that shapes a vector, but for its image."""
        return f"{self.facts.key}-image-{self.arithmetic}"

    @cached_property
    def graph(self) -> ImageGraph:
        """The encoder, ready to answer."""
        from postcast.features.images.graph import ImageGraph

        try:
            folder = self._graph_in(self.cache)
        except OutputError as error:
            log.warning("the image encoder's graph is not kept for the next run: %s", error)
            home = tempfile.mkdtemp(prefix="postcast-")
            weakref.finalize(self, shutil.rmtree, home, ignore_errors=True)
            folder = self._graph_in(Cache(Path(home)))
        return ImageGraph(folder, self.arithmetic)

    def _graph_in(self, cache: Cache) -> Path:
        def make(folder: Path) -> None:
            from postcast.features.images.convert import make_image_graph

            vision = self.vision or find_again(self.facts, self.cache.digests)
            if vision is None:
                raise EncoderError(f"the weights of {self.facts.name} are not here")
            log.info("Preparing the image encoder %s, once …", self.facts.name)
            check_vision(vision, self.cache.digests)
            make_image_graph(vision, folder)

        return cache.made(GRAPHS, graph_key(self.facts), {"encoder": self.facts.name}, make)


def graph_key(facts: VisionFacts) -> str:
    """Return under which name an image encoder's graph is kept."""
    return f"{facts.key}-image"


def encoder_again(facts: VisionFacts, arithmetic: str, cache: Cache) -> ImageEncoder | None:
    """Return the image encoder that a saved forecaster names, where this machine has it.

    Its weights, or the graph that was made of them. No network is asked.
    """
    if cache.holds(GRAPHS, graph_key(facts)):
        return ImageEncoder(facts, arithmetic, cache, None)
    vision = find_again(facts, cache.digests)
    return None if vision is None else ImageEncoder(facts, arithmetic, cache, vision)
