"""The turns of phrase that pictures, report and terminal share.

Knows names and numbers as people read them; computes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from postcast.scorecard import Estimate
from postcast.wording import counted, number_in_words

if TYPE_CHECKING:
    from postcast.scorecard import Pairwise, Scorecard

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
    """Join parts as a sentence lists them; nothing for no part."""
    *rest, last = (*parts,) or ("",)
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


def share_told(share: Estimate | float | None) -> str:
    """Write a share in percent, with its interval where it was measured."""
    if isinstance(share, Estimate):
        return "–" if share.value is None else percent(share)
    return "–" if share is None else f"{100 * share:g}%"


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
        medium, high = (number_in_words(math.exp(threshold), 3) for threshold in thresholds)
        return (
            f"below {medium} × own mean",
            f"{medium} to below {high} × own mean",
            f"{high} × own mean or more",
        )
    medium, high = (number_in_words(threshold) for threshold in thresholds)
    return f"below {medium}", f"from {medium} to below {high}", f"{high} or more"


def pairwise_sentence(found: Pairwise) -> str:
    """Say how often two posts of one author are put in the right order, and by what else."""
    others = {name: one for name, one in found.baselines.items() if name != "majority"}
    beside = "; ".join(f"{BASELINES.get(name, name)} {percent(others[name])}" for name in others)
    authors = f" of {counted(found.n_authors, 'author')}"
    return (
        f"Of two posts{' of one author' * bool(found.n_authors)} that it had never seen, it put "
        f"the better one first {percent(found.share)} of the time ({counted(found.n_pairs, 'pair')}"
        f"{authors * bool(found.n_authors)}{'; ' * bool(beside)}{beside})."
    )


def gap_in_words(found: Pairwise) -> str:
    """Say from which difference on one of two posts is called ahead."""
    gap, asked = found.gap, f"{found.asked:.0%}"
    if gap.value is None:
        return f"At no difference was it right {asked} of the time: all are too close to call."
    is_count = found.scale == "expected count"
    bounds = (gap.value, gap.low, gap.high)
    value, low, high = ("any" if one is None else f"{_apart(one, is_count):.2f}" for one in bounds)
    larger = (
        f"{value} times [{low}, {high}] as large" if is_count else f"{value} [{low}, {high}] larger"
    )
    what = "1 + expected count" if is_count else "the expected rank"
    told = "" if found.told is None else f", as {found.told:.0%} of those pairs were"
    return (
        f"It was right {asked} of the time from where {what} is {larger}{told}; "
        "what is nearer is too close to call."
    )


def _apart(gap: float, is_count: bool) -> float:
    """Return a difference as people are told it: of counts, how many times as large."""
    return math.exp(gap) if is_count else gap
