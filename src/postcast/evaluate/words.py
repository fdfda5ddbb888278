"""The turns of phrase that pictures, report and terminal share.

Knows names and numbers as people read them; computes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postcast.scorecard import Estimate, Scorecard

BASELINES: Mapping[str, str] = {
    "majority": "majority",
    "author_median": "author median",
    "tfidf_linear": "TF-IDF + linear",
}
"""How each baseline is called."""


@dataclass(frozen=True)
class FeatureGroup:
    """How a group of features is called in a sentence, and what it tells of a post."""

    called: str
    meaning: str


FEATURE_GROUPS: Mapping[str, FeatureGroup] = {
    "text": FeatureGroup("the text", "what the post says"),
    "context": FeatureGroup("the context", "length, signs and hour"),
    "author": FeatureGroup("the author", "who publishes, and how their earlier posts did"),
    "neighbours": FeatureGroup(
        "the neighbours", "how earlier posts of like text did, the author's and others'"
    ),
}
"""The groups of features that postcast makes; any other goes by its own name."""


def listed(parts: Iterable[str], joined_by: str = "and") -> str:
    """Join parts as a sentence lists them."""
    *rest, last = parts
    return f"{', '.join(rest)} {joined_by} {last}" if rest else last


def signed(difference: Estimate) -> str:
    """Write a difference with its sign and interval."""
    if difference.value is None:
        return "–"
    if difference.low is None or difference.high is None:
        return f"{difference.value:+.3f}"
    return f"{difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"


def percent(share: Estimate) -> str:
    """Write a share with its interval in percent."""
    return f"{share.value or 0:.0%} [{share.low or 0:.0%}, {share.high or 0:.0%}]"


def note_for(scorecard: Scorecard) -> str:
    """Return what stands in the corner of a picture of generated posts, else nothing."""
    return "synthetic posts" if scorecard.synthetic else ""


OWN_MEAN = "own mean is that of the author's previous 50 posts, of 1 + count on a log scale"
"""What the classes of the target ``relative`` are told in."""


def class_ranges(thresholds: tuple[float, ...], target: str = "class") -> tuple[str, ...]:
    """Say which engagement makes a post low, medium or high.

    With the target ``relative``, thresholds are differences of logs: they are told as multiples
    of the author's own mean.
    """
    if len(thresholds) != 2:
        return ()
    if target == "relative":
        medium, high = (f"{math.exp(threshold):,.3g}" for threshold in thresholds)
        return (
            f"below {medium} × own mean",
            f"{medium} to below {high} × own mean",
            f"{high} × own mean or more",
        )
    medium, high = (count_in_words(threshold) for threshold in thresholds)
    return f"below {medium}", f"from {medium} to below {high}", f"{high} or more"


def count_in_words(count: float) -> str:
    """Write an engagement: a whole one in full, another with four figures or to its unit."""
    if count == int(count):
        return f"{count:,.0f}"
    decimals = max(3 - math.floor(math.log10(abs(count))), 0)
    return f"{round(count, decimals):,.10g}"
