"""Parts of a draft → marks: which way each moves the forecast, how much, and where it stands.

Knows text and numbers; no HTML and no request.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from postcast.explain import Part

FAINT, STRONG = 1.1, 1.5
"""Factors, or their inverses, from which a mark is of the second and the third strength."""

Direction = Literal["up", "down", ""]


@dataclass(frozen=True)
class Segment:
    """A run of the draft's own characters, and how it moves the forecast.

    Parameters
    ----------
    text : str
    direction : {"up", "down", ""}
    strength : int
        1 to 3; 0 where it moves nothing.
    said : str
        The same for those who do not see the mark.
    """

    text: str
    direction: Direction = ""
    strength: int = 0
    said: str = ""


def direction_of(part: Part) -> Direction:
    """Return which way a part moves the forecast; neither where that is not told apart."""
    if not part.is_told_apart:
        return ""
    return "up" if part.factor > 1 else "down"


def strength_of(part: Part) -> int:
    """Return how much a part moves the forecast, 1 to 3; 0 where that is not told apart."""
    if not part.is_told_apart:
        return 0
    times = max(part.factor, 1 / part.factor) if part.factor > 0 else math.inf
    return 1 + (times >= FAINT) + (times >= STRONG)


def segments(text: str, parts: Sequence[Part]) -> list[Segment]:
    """Cut a text where its parts begin and end.

    Parameters
    ----------
    text : str
    parts : sequence of Part
        With places in this text; of those that overlap, the first to begin is marked.
    """
    found: list[Segment] = []
    at = 0
    for start, end, part in _places(text, parts):
        if start < at:
            continue
        if start > at:
            found.append(Segment(text[at:start]))
        found.append(_marked(text[start:end], part))
        at = end
    return [*found, Segment(text[at:])] if at < len(text) else found


def _places(text: str, parts: Iterable[Part]) -> list[tuple[int, int, Part]]:
    placed = [
        (part.start, part.end, part)
        for part in parts
        if part.start is not None and part.end is not None and part.start < part.end <= len(text)
    ]
    return sorted(placed, key=lambda one: one[:2])


def _marked(text: str, part: Part) -> Segment:
    direction = direction_of(part)
    verb = {"up": "raises it", "down": "lowers it", "": "moves it"}[direction]
    return Segment(text, direction, strength_of(part), f"{verb}, times {part.factor:.2f}")
