"""An update in a terminal: what was taken in, what was not, and where classes would begin now."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from postcast.cli.show import WIDTH
from postcast.evaluate.words import listed, percent
from postcast.schema import CLASSES

if TYPE_CHECKING:
    from postcast.drifted import ThresholdDrift
    from postcast.scorecard import Estimate
    from postcast.update import Update


def update_text(done: Update) -> str:
    """Return an update as paragraphs."""
    parts = [_taken(done)]
    left = [
        f"{number:,} {why}"
        for number, why in (
            (done.known, "stood in the memory already"),
            (done.unsettled, "are too young for their counts to have settled"),
            (done.strangers, "are by authors whom the training did not know"),
        )
        if number
    ]
    if left:
        parts.append(f"Left out: {listed(left)}.")
    if done.changed and done.older:
        parts.append(f"{done.older:,} are older than the newest that was remembered.")
    if done.thresholds.posts:
        parts.append(thresholds_sentence(done.thresholds))
    parts.append(
        "The scorecard is still that of the training: `postcast drift` says whether it holds."
    )
    return "\n\n".join(
        textwrap.fill(part, WIDTH, break_on_hyphens=False, break_long_words=False) for part in parts
    )


def thresholds_sentence(drift: ThresholdDrift) -> str:
    """Say where classes would begin on newer posts, and how many of these are in each now."""
    shares = listed(
        f"{percent(drift.shares[name])} {name} (trained: {drift.shares_trained[name]:.0%})"
        for name in CLASSES
    )
    told = f"Of {drift.posts:,} newer posts {shares}"
    if any(one.value is None for one in drift.now):
        return f"{told}; their counts cannot be parted into thirds."
    begin = listed(
        f"{name} at {_begins(one)}" for name, one in zip(CLASSES[1:], drift.now, strict=True)
    )
    trained = listed(f"{one:,.10g}" for one in drift.trained)
    return f"{told}. Parted into thirds, they would have {begin}; the thresholds stay {trained}."


def _begins(found: Estimate) -> str:
    return f"{found.value:,.6g} [{found.low:,.6g}, {found.high:,.6g}]"


def _taken(done: Update) -> str:
    posts = f"{done.posts:,} post{'s' * (done.posts != 1)} with a count"
    if not done.changed:
        return f"Nothing changed: none of {posts} entered the memory of {done.out}."
    return (
        f"{done.taken:,} of {posts} entered the memory of {done.out}, "
        f"which holds {done.remembered:,} now."
    )
