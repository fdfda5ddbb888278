"""Answers as the page shows them: bars, marks in the draft's own words, sentences.

Knows numbers and words; no HTML and no request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from postcast.evaluate.words import class_ranges, listed
from postcast.evaluate.words import percent as percent_of
from postcast.schema import CLASSES
from postcast.web.marks import segments
from postcast.wording import about_count, counted, number_in_words

if TYPE_CHECKING:
    from postcast.explain import Explanation, Part
    from postcast.rank import Ranking
    from postcast.schema import Forecast, Post
    from postcast.web.regions import Drawn
    from postcast.web.service import Answers
    from postcast.whatif import Change

MOST_PARTS = 8
"""Rows of the table of parts."""


@dataclass(frozen=True)
class Bar:
    """One class as the page draws it; widths in percent of the whole."""

    name: str
    range: str
    share: str
    width: float
    usual: str
    usual_at: float
    recent: str
    is_chosen: bool
    is_held: bool


def told_forecast(service: Answers, forecast: Forecast) -> dict[str, Any]:
    """Return one forecast as the page shows it."""
    forecaster = service.forecaster
    rule, rates = forecaster.rule, forecaster.base_rates()
    ranges = class_ranges(forecast.thresholds, forecaster.facts.get("target", "class"))
    bars = [
        Bar(
            name,
            ranges[code] if ranges else "",
            percent(forecast.probabilities[name]),
            round(100 * forecast.probabilities[name], 3),
            percent(rule.shares[code]),
            round(100 * rule.shares[code], 3),
            "" if rates.recent is None else percent(rates.recent[code]),
            name == forecast.forecast,
            name in forecast.set,
        )
        for code, name in enumerate(CLASSES)
    ]
    covered = "" if rule.coverage is None else f"{rule.coverage:.0%}"
    return {
        "forecast": forecast,
        "bars": bars,
        "n_recent": rates.n_recent,
        "moved": rates.sentences()[1:],
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


def _expected(service: Answers, forecast: Forecast) -> dict[str, str] | None:
    if forecast.expected_count is None:
        return None
    counts, median = service.forecaster.counts, service.median_engagement()
    bounds = ""
    low, high = forecast.count_low, forecast.count_high
    if low is not None and high is not None and counts is not None:
        bounds = f"{number_in_words(low)} to {number_in_words(high)} at {counts.coverage:.0%}"
    return {
        "about": about_count(forecast.expected_count),
        "bounds": bounds,
        "median": "" if median is None else number_in_words(median),
    }


def percent(share: float) -> str:
    """Write a share in percent, never as certain."""
    if 0 < share < 0.005:
        return "under 1%"
    return "over 99%" if 0.995 < share < 1 else f"{share:.0%}"


def told_explanation(
    post: Post, found: Explanation, reads: Sequence[str], drawn: Drawn | None = None
) -> dict[str, Any]:
    """Return why a draft is forecast so, as the page shows it.

    Parameters
    ----------
    post : Post
    found : Explanation
    reads : sequence of str
        Fields that the forecaster reads; the words of others are not shown.
    drawn : Drawn or None
        The image with its regions, which then are no rows of the table.
    """
    words = [part for part in found.parts if part.kind == "word" and part.is_told_apart]
    fields = {"title": post.title or "", "text": post.text}
    rows = [part for part in found.parts if drawn is None or part.kind != "image"]
    return {
        "marked": {
            name: segments(text, [part for part in words if part.field == name])
            for name, text in fields.items()
            if text and name in reads
        },
        "has_marks": bool(words),
        "drawn": drawn,
        "parts": [_told_part(part) for part in rows[:MOST_PARTS]],
        "n_more": max(len(rows) - MOST_PARTS, 0),
        "base": None if found.base_count is None else about_count(max(found.base_count, 0.0)),
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
    scores = f"{found.scale} {about_count(ahead.score)} against {about_count(behind.score)}"
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
        f"Of {counted(found.pairwise.n_pairs, 'pair')} of later posts by one author, such an order "
        f"was right {share} of the time; chance would be 50%. Two are told apart where their order "
        f"is right {found.pairwise.asked:.0%} of the time."
    )
