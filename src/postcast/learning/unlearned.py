"""Labelled posts that a forecaster has not learned from, and what it may know of earlier ones.

Knows its memory; scores nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from postcast.data.known import settled_until
from postcast.data.order import parse_maturity
from postcast.features.assemble import MADE_FROM_BANK
from postcast.features.images.same import are_seen
from postcast.features.retrieval import RETRIEVED
from postcast.learning.copies import without_images
from postcast.learning.learnable import Outcomes, learnable
from postcast.learning.memory import fingerprints, prints_of, remember_more

if TYPE_CHECKING:
    from postcast.features.assemble import Drafts
    from postcast.forecaster import Forecaster
    from postcast.schema import BoolArray, FloatArray, Posts


@dataclass(frozen=True)
class Unlearned:
    """Labelled posts that a forecaster has not learned from, and what it may know of them.

    Parameters
    ----------
    forecaster : Forecaster
        Which remembers them as they become known, where its mode is online.
    drafts : Drafts
    outcomes : Outcomes
    n_known : int
        Posts left out, since their text or image stands in the memory.
    """

    forecaster: Forecaster
    drafts: Drafts
    outcomes: Outcomes
    n_known: int


def unlearned(forecaster: Forecaster, posts: Posts) -> Unlearned:
    """Return the posts whose text and image do not stand in a forecaster's memory.

    Raises
    ------
    SplitError
        If none of the posts has a text and a count.
    """
    if forecaster.senses.images is None:
        posts = without_images(posts)
    found = learnable(posts, forecaster.facts.get("target", "class"))
    known = _known(forecaster, found.drafts)
    rows = np.flatnonzero(~known)
    drafts = found.drafts.take(rows)
    if len(rows) and forecaster.facts["mode"] == "online" and found.rows.order is not None:
        maturity = parse_maturity(forecaster.facts["maturity"])
        until = settled_until(found.rows.timeline, found.rows.everyone, maturity)
        drafts = replace(drafts, known_until=until[rows])
        everyone = found.drafts.silenced(found.copies_of(rows)).joined(found.silent)
        counts = np.concatenate([found.counts, found.silent_counts])
        forecaster = informed(forecaster, everyone, counts)
    outcomes = Outcomes(found.counts[rows], found.outcomes[rows])
    return Unlearned(forecaster, drafts, outcomes, int(known.sum()))


def _known(forecaster: Forecaster, drafts: Drafts) -> BoolArray:
    """Return which posts are copies of remembered ones, by their text or by their image."""
    bank = forecaster.bank
    known = bank.knows_texts(fingerprints(drafts.texts))
    if drafts.image_prints is None:
        return known
    alike = np.flatnonzero(~known & bank.knows_images(prints_of(drafts.image_prints)))
    known[alike] = are_seen([drafts.image_paths[row] or "" for row in alike.tolist()])
    return known


def informed(forecaster: Forecaster, posts: Drafts, counts: FloatArray) -> Forecaster:
    """Return a forecaster that remembers more posts, to be asked of those that come later.

    Parameters
    ----------
    forecaster : Forecaster
    posts : Drafts
        Each counts from when it was known; see `postcast.features.assemble.Drafts.known_until`.
    counts : ndarray of float, shape (n_posts,)
    """
    senses = forecaster.senses
    if not len(posts) or not {*MADE_FROM_BANK, RETRIEVED} & set(senses.blocks):
        return forecaster
    bank = remember_more(senses.bank, posts, counts, senses.encoders.get("text"), senses.images)
    return replace(forecaster, senses=replace(senses, bank=bank))
