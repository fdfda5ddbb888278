"""Answers as the page shows them: bars, marks in the draft's own words, sentences.

Knows numbers and words; no HTML and no request.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from postcast.evaluate.words import class_ranges, listed
from postcast.evaluate.words import percent as percent_of
from postcast.schema import CLASSES

if TYPE_CHECKING:
    from postcast.explain import Explanation, Part
    from postcast.rank import Ranking
    from postcast.schema import Forecast, Post
    from postcast.web.service import Service
    from postcast.whatif import Change

MOST_PARTS = 8
"""Rows of the table of parts."""

FAINT, STRONG = 1.1, 1.5
"""Factors, or their inverses, from which a mark is of the second and the third strength."""


@dataclass(frozen=True)
class Bar:
    """One class as the page draws it; widths in percent of the whole."""

    name: str
    range: str
    share: str
    width: float
    usual: str
    usual_at: float
    is_chosen: bool
    is_held: bool


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
    direction: str = ""
    strength: int = 0
    said: str = ""


def told_forecast(service: Service, forecast: Forecast) -> dict[str, Any]:
    """Return one forecast as the page shows it."""
    forecaster = service.forecaster
    rule = forecaster.rule
    ranges = class_ranges(forecast.thresholds, forecaster.facts.get("target", "class"))
    bars = [
        Bar(
            name,
            ranges[code] if ranges else "",
            percent(forecast.probabilities[name]),
            round(100 * forecast.probabilities[name], 3),
            percent(rule.shares[code]),
            round(100 * rule.shares[code], 3),
            name == forecast.forecast,
            name in forecast.set,
        )
        for code, name in enumerate(CLASSES)
    ]
    covered = "" if rule.coverage is None else f"{rule.coverage:.0%}"
    return {
        "forecast": forecast,
        "bars": bars,
        "covered": covered,
        "held": listed(forecast.set, "or"),
        "expected": _expected(service, forecast),
        "said": _said(forecast, covered),
    }


def _said(forecast: Forecast, covered: str) -> str:
    """Return the forecast in one line, for those who hear the page."""
    share = percent(forecast.probabilities[forecast.forecast])
    held = f"; at {covered} coverage {listed(forecast.set, 'or')}" if covered else ""
    doubt = ", too close to call" if forecast.too_close else ""
    return f"{forecast.forecast}, {share}{doubt}{held}"


def _expected(service: Service, forecast: Forecast) -> dict[str, str] | None:
    if forecast.expected_count is None:
        return None
    counts, median = service.forecaster.counts, service.median_engagement()
    bounds = ""
    if forecast.low is not None and forecast.high is not None and counts is not None:
        bounds = f"{number(forecast.low)} to {number(forecast.high)} at {counts.coverage:.0%}"
    return {
        "about": number(forecast.expected_count),
        "bounds": bounds,
        "median": "" if median is None else number(median),
    }


def percent(share: float) -> str:
    """Write a share in percent, never as certain."""
    if 0 < share < 0.005:
        return "under 1%"
    return "over 99%" if 0.995 < share < 1 else f"{share:.0%}"


def number(count: float) -> str:
    """Write a count as people read it."""
    return f"{count:,.0f}" if count >= 10 or count == int(count) else f"{count:.2g}"


def told_explanation(post: Post, found: Explanation, reads: Sequence[str]) -> dict[str, Any]:
    """Return why a draft is forecast so, as the page shows it.

    Parameters
    ----------
    post : Post
    found : Explanation
    reads : sequence of str
        Fields that the forecaster reads; the words of others are not shown.
    """
    words = [part for part in found.parts if part.kind == "word" and part.is_told_apart]
    fields = {"title": post.title or "", "text": post.text}
    return {
        "marked": {
            name: segments(text, [part for part in words if part.field == name])
            for name, text in fields.items()
            if text and name in reads
        },
        "parts": [_told_part(part) for part in found.parts[:MOST_PARTS]],
        "n_more": max(len(found.parts) - MOST_PARTS, 0),
        "base": None if found.base_count is None else number(max(found.base_count, 0.0)),
        "similar": found.similar,
        "sentences": found.sentences,
    }


def _told_part(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "kind": part.kind,
        "factor": f"{part.factor:.2f}",
        "interval": f"{part.low:.2f} to {part.high:.2f}",
        "high": f"{100 * part.effect['high']:+.1f}",
        "is_told_apart": part.is_told_apart,
    }


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
    times = max(part.factor, 1 / part.factor) if part.factor > 0 else math.inf
    strength = 1 + (times >= FAINT) + (times >= STRONG)
    direction = "up" if part.factor > 1 else "down"
    verb = "raises" if direction == "up" else "lowers"
    return Segment(text, direction, strength, f"{verb} it, times {part.factor:.2f}")


def told_changes(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """Return what would raise a forecast, and what would lower it."""
    return {
        "raising": [one for one in changes if one.effect > 0],
        "lowering": [one for one in changes if one.effect < 0],
    }


NAMES = ("your draft", "the second draft")
"""What the two drafts of the page go by."""


def told_ranking(found: Ranking) -> list[str]:
    """Say which of two drafts is ahead, and how often such an order was right."""
    ahead, behind = found.drafts
    scores = f"{found.scale} {number(ahead.score)} against {number(behind.score)}"
    name = str(ahead.id)
    if ahead.n_too_close:
        first = f"Too close to call: {scores}."
    else:
        first = f"{name[:1].upper()}{name[1:]} is ahead: {scores}."
    return [first, _trust(found), *(f"Note: {note}." for note in found.notes)]


def _trust(found: Ranking) -> str:
    if found.pairwise is None:
        return f"How often such an order is right is not known: {found.reason}."
    share = percent_of(found.pairwise.share)
    return (
        f"Of {found.pairwise.n_pairs:,} pairs of later posts by one author, such an order was "
        f"right {share} of the time; chance would be 50%. Two are told apart where their order "
        f"is right {found.pairwise.asked:.0%} of the time."
    )
