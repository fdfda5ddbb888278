"""An update in a terminal: what was taken in, what was not, and where classes would begin now."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from postcast.cli.show import WIDTH
from postcast.evaluate.drift_text import thresholds_sentence
from postcast.evaluate.words import listed
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.update import Update


def update_text(done: Update) -> str:
    """Return an update as paragraphs."""
    parts = [_taken(done)]
    left = [
        f"{number:,} {why}"
        for number, why in (
            (done.known, "that stood in the memory already"),
            (done.unsettled, "too young for their counts to have settled"),
            (done.strangers, "by authors whom the training did not know"),
        )
        if number
    ]
    if left:
        parts.append(f"Left out: {listed(left)}.")
    if done.changed and done.older:
        parts.append(f"Older than the newest that was remembered: {done.older:,} of them.")
    if done.thresholds.posts:
        parts.append(thresholds_sentence(done.thresholds))
    parts.append(
        "The scorecard is still that of the training: `postcast drift` says whether it holds."
    )
    return "\n\n".join(
        textwrap.fill(part, WIDTH, break_on_hyphens=False, break_long_words=False) for part in parts
    )


def _taken(done: Update) -> str:
    posts = f"{counted(done.posts, 'post')} with a count"
    if not done.changed:
        return f"Nothing changed: none of {posts} entered the memory of {done.out}."
    return (
        f"{done.taken:,} of {posts} entered the memory of {done.out}, "
        f"which holds {done.remembered:,} now."
    )
