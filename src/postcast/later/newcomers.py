"""Which newer posts may enter a memory: those not there yet, settled, by authors it knows.

Knows a memory bank and posts with their counts; changes neither.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from postcast.data.known import Timeline, settled_until
from postcast.data.order import parse_maturity
from postcast.learning.learnable import learnable
from postcast.learning.memory import fingerprints

if TYPE_CHECKING:
    from postcast.features.assemble import Drafts
    from postcast.features.bank import MemoryBank
    from postcast.forecaster import Forecaster
    from postcast.schema import BoolArray, FloatArray, IntArray, Posts

STRANGE = -2
"""The code of an author whom a bank does not know, whose posts are not those of nobody."""


@dataclass(frozen=True)
class Newcomers:
    """Posts with a count, and which of them may enter a memory.

    Parameters
    ----------
    drafts : Drafts
        Those with a text first.
    counts : ndarray of float, shape (n_posts,)
    known : ndarray of bool, shape (n_posts,)
        Remembered already.
    unsettled : ndarray of bool, shape (n_posts,)
        Too young for their count to have settled when the newest given was published.
    strangers : ndarray of bool, shape (n_posts,)
        By authors whom the training did not know.
    older : ndarray of bool, shape (n_posts,)
        Published before the newest that is remembered.
    outcomes : ndarray of float, shape (n_told,)
        What the classes are classes of: of those with a text that are new and settled.
    """

    drafts: Drafts
    counts: FloatArray
    known: BoolArray
    unsettled: BoolArray
    strangers: BoolArray
    older: BoolArray
    outcomes: FloatArray

    @property
    def taken(self) -> BoolArray:
        """Those that enter, shape (n_posts,)."""
        return ~(self.known | self.unsettled | self.strangers)


def newcomers(forecaster: Forecaster, posts: Posts) -> Newcomers:
    """Tell which posts may enter the memory of a forecaster.

    Raises
    ------
    SplitError
        If none has a text and a count.
    """
    bank = forecaster.bank
    found = learnable(posts, forecaster.facts.get("target", "class"))
    drafts = found.drafts.joined(found.silent)
    counts = np.concatenate([found.counts, found.silent_counts])
    known = known_in(bank, drafts, counts)
    given, remembered = _timelines(bank, drafts)
    young = np.zeros(len(drafts), dtype=bool)
    young[~known] = _young(given, np.flatnonzero(~known), remembered, forecaster)
    strange = np.array([n is not None and bank.code_of(n) < 0 for n in drafts.authors], bool)
    n_told = len(found.drafts)
    return Newcomers(
        drafts=drafts,
        counts=counts,
        known=known,
        unsettled=young,
        strangers=strange & ~known & ~young,
        older=_are_older(given, remembered),
        outcomes=found.outcomes[~(known | young)[:n_told]],
    )


def _young(
    given: Timeline, new: IntArray, remembered: Timeline, forecaster: Forecaster
) -> BoolArray:
    """Mark which of the new posts had not settled when the newest of those given was published."""
    mine = given.take(new)
    then = np.full(len(new), int(given.order.max(initial=0)) + 1)
    maturity = parse_maturity(forecaster.facts["maturity"])
    seen_then = Timeline(then, mine.author, mine.ordering)
    return np.asarray(mine.order >= settled_until(seen_then, remembered.joined(mine), maturity))


def known_in(bank: MemoryBank, drafts: Drafts, counts: FloatArray) -> BoolArray:
    """Mark the posts that are remembered: by id where ids were given, or by text and author.

    Posts without a text are known by author, order and count too. Where ids order the posts of a
    bank in disguise, its order is no longer theirs: then no post without a text can be told from
    those that are remembered, and each counts as one of them.

    Parameters
    ----------
    bank : MemoryBank
    drafts : Drafts
    counts : ndarray of float, shape (n_posts,)

    Returns
    -------
    ndarray of bool, shape (n_posts,)
    """
    order = np.zeros(len(bank), np.int64) if bank.order is None else bank.order
    told = list(zip(bank.author.tolist(), bank.fingerprints, bank.has_text, strict=True))
    texts = {(author, print_.tobytes()) for author, print_, has in told if has}
    ids = set(bank.ids) if "id" in bank.columns and bank.disguise is None else set()
    order_is_hidden = bank.disguise is not None and bank.ordering == "id"
    silent = set(zip(bank.author.tolist(), order.tolist(), bank.engagement.tolist(), strict=True))
    prints = bank.prints_known_by(fingerprints(drafts.texts))
    known = np.zeros(len(drafts), dtype=bool)
    codes = {name: bank.code_of(name) for name in drafts.authors if name is not None}
    codes = {name: STRANGE if code < 0 else code for name, code in codes.items()}
    when = np.zeros(len(drafts), np.int64) if drafts.order is None else drafts.order
    for row, (name, text) in enumerate(zip(drafts.authors, drafts.texts, strict=True)):
        author = -1 if name is None else codes[name]
        if str(drafts.ids[row]) in ids:
            known[row] = True
        elif text:
            known[row] = (author, prints[row].tobytes()) in texts
        else:
            told_by = (author, int(when[row]), float(counts[row]))
            known[row] = order_is_hidden or told_by in silent
    return known


def _timelines(bank: MemoryBank, drafts: Drafts) -> tuple[Timeline, Timeline]:
    """Return when posts, and those remembered, were published; authors in one vocabulary."""
    names = sorted({name for name in drafts.authors if name is not None})
    new_code = itertools.count(len(bank.authors))
    codes = {name: bank.code_of(name) for name in names}
    codes = {name: next(new_code) if code < 0 else code for name, code in codes.items()}
    author = np.array([-1 if n is None else codes[n] for n in drafts.authors], np.int64)
    new = np.zeros(len(drafts), np.int64) if drafts.order is None else drafts.order
    old = np.zeros(len(bank), np.int64) if bank.order is None else bank.order
    return Timeline(new, author, bank.ordering), Timeline(old, bank.author, bank.ordering)


def _are_older(posts: Timeline, remembered: Timeline) -> BoolArray:
    """Mark the posts before the newest that is remembered: of all by time, of the author by id."""
    if posts.ordering == "time":
        return np.asarray(posts.order < remembered.order.max(initial=-1))
    newest: dict[int, int] = {}
    for author, order in zip(remembered.author.tolist(), remembered.order.tolist(), strict=True):
        newest[author] = max(order, newest.get(author, order))
    limit = [newest.get(author, -1) for author in posts.author.tolist()]
    return np.asarray(posts.order < np.array(limit, dtype=np.int64))
