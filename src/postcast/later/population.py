"""Posts of the training beside newer ones, as features that can be compared between the two.

Knows a memory bank, its encoders and drafts; tells nothing apart itself. Both sides are seen as
of now: each post may draw on all remembered posts but its own copies. Else the newer ones would
differ in that more is known before them, which is no shift of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from postcast.features.assemble import Drafts, Senses, assemble
from postcast.features.history import LATEST
from postcast.features.images.sense import IMAGE
from postcast.features.vectors import SparseRows, unit_rows
from postcast.learning.memory import fingerprints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from postcast.features.bank import MemoryBank
    from postcast.features.history import Published
    from postcast.schema import Block, FeatureSet, FloatArray, IntArray, Matrix

MOST_POSTS = 2_000
"""Posts of either side that are compared; of more, a drawn sample."""

STRANGER = "share of authors whom the training did not know"
PACE = ("time since 1 posts ago", "time since 3 posts ago")
"""Of the block ``history``: what is an author's doing, not what came of earlier posts."""

COMPARED_NEIGHBOURS: Mapping[str, tuple[str, ...]] = {
    "nearest": ("mean of nearest 40", "cosine of nearest"),
    "nearest others": ("mean of nearest 40", "cosine of nearest"),
}


@dataclass(frozen=True)
class Compared:
    """One kind of features of both sides.

    Parameters
    ----------
    block : str
    old, new : ndarray or csr_matrix of float, shape (n_old, d) and (n_new, d), or None
        None where they cannot be compared.
    columns : tuple of str
    reason : str
        Why they cannot.
    """

    block: str
    old: Matrix | None = None
    new: Matrix | None = None
    columns: tuple[str, ...] = ()
    reason: str = ""


def compared(senses: Senses, drafts: Drafts, seed: int = 42) -> Iterator[Compared]:
    """Yield the features of posts of the training beside those of newer ones, block by block.

    Parameters
    ----------
    senses : Senses
    drafts : Drafts
        Newer posts; none of their texts stands in the bank.
    seed : int
        Of the samples.
    """
    bank = senses.bank
    random = np.random.default_rng(seed)
    old = _drawn(np.flatnonzero(bank.is_learned & bank.has_text), bank.fingerprints, random)
    rows = _drawn(np.arange(len(drafts)), fingerprints(drafts.texts), random)
    new = drafts.with_published().take(rows)
    seen = _assembled(senses, replace(new.as_strangers(), known_until=_latest(len(new))))
    kept = _kept(bank, old, new.published)
    before = None if kept is None else _assembled(senses, kept)
    if "text" in senses.encoders:
        yield _texts(bank, old, before, seen)
    if "context" in senses.blocks:
        yield _named("context", before, seen, {"context": ()})
    yield _authors(bank, old, new, before, seen)
    if COMPARED_NEIGHBOURS.keys() & set(senses.blocks):
        yield _named("neighbours", before, seen, COMPARED_NEIGHBOURS)
    if senses.images is not None:
        yield _images(senses, old, new)


def _drawn(rows: IntArray, prints: np.ndarray, random: np.random.Generator) -> IntArray:
    """Return at most `MOST_POSTS` of the rows, each text once."""
    if not len(rows):
        return rows
    first = np.sort(np.unique(prints[rows], axis=0, return_index=True)[1])
    distinct = rows[first]
    if len(distinct) <= MOST_POSTS:
        return distinct
    return np.sort(random.choice(distinct, MOST_POSTS, replace=False))


def _kept(bank: MemoryBank, rows: IntArray, published: Published | None) -> Drafts | None:
    """Return remembered posts as drafts; None where their texts were not kept."""
    if bank.wordings is None:
        return None
    names = [*bank.authors, None]
    return Drafts(
        ids=[bank.ids[row] for row in rows],
        texts=bank.wordings.at(rows),
        authors=[names[bank.author[row]] for row in rows],
        group=bank.group[rows],
        order=None if bank.order is None else bank.order[rows],
        known_until=_latest(len(rows)),
        published=published,
    )


def _assembled(senses: Senses, drafts: Drafts) -> FeatureSet:
    """Return the features that are compared, and no others."""
    blocks = tuple(
        name for name in senses.blocks if name in {"context", "history", *COMPARED_NEIGHBOURS}
    )
    encoders = {name: one for name, one in senses.encoders.items() if name == "text"}
    if not encoders:
        blocks = tuple(name for name in blocks if name not in COMPARED_NEIGHBOURS)
    return assemble(drafts, Senses(encoders, senses.bank, blocks))


def _texts(
    bank: MemoryBank, old: IntArray, before: FeatureSet | None, seen: FeatureSet
) -> Compared:
    new = unit_rows(seen.blocks["text"].matrix)
    columns = seen.blocks["text"].columns
    if before is not None:
        return Compared("text", unit_rows(before.blocks["text"].matrix), new, columns)
    if bank.vectors is not None:
        mine = bank.vectors[old]
        return Compared("text", mine.csr if isinstance(mine, SparseRows) else mine, new, columns)
    return Compared("text", reason="the texts of the training posts were not kept")


def _named(
    block: str,
    before: FeatureSet | None,
    seen: FeatureSet,
    parts: Mapping[str, tuple[str, ...]],
) -> Compared:
    """Compare some columns of blocks whose columns have names; all of them where none is named."""
    if before is None:
        return Compared(block, reason="the texts of the training posts were not kept")
    old, new, columns = [], [], []
    for name, wanted in parts.items():
        if name not in seen.blocks or name not in before.blocks:
            continue
        found: Block = seen.blocks[name]
        at = [i for i, one in enumerate(found.columns) if not wanted or one in wanted]
        old.append(np.asarray(before.blocks[name].matrix)[:, at])
        new.append(np.asarray(found.matrix)[:, at])
        columns += [
            f"{found.columns[i]} ({name})" if len(parts) > 1 else found.columns[i] for i in at
        ]
    if not columns:
        return Compared(block, reason="nothing of it is measured")
    return Compared(block, np.hstack(old), np.hstack(new), tuple(columns))


def _authors(
    bank: MemoryBank, old: IntArray, new: Drafts, before: FeatureSet | None, seen: FeatureSet
) -> Compared:
    """Compare who publishes, and at what pace where an order tells."""
    codes = [len(bank.authors) if one is None else bank.code_of(one) for one in new.authors]
    mine = np.where(bank.author[old] < 0, len(bank.authors), bank.author[old])
    sides = [_one_hot(mine, len(bank.authors)), _one_hot(np.array(codes), len(bank.authors))]
    columns = [*(f"share of {name}" for name in bank.authors), "share of no author", STRANGER]
    if before is not None and "history" in before.blocks and "history" in seen.blocks:
        pace = _named("author", before, seen, {"history": PACE})
        if pace.old is not None and pace.new is not None:
            sides = [np.hstack([sides[0], pace.old]), np.hstack([sides[1], pace.new])]
        columns += pace.columns
    return Compared("author", sides[0], sides[1], tuple(columns))


def _one_hot(codes: IntArray, n_authors: int) -> FloatArray:
    """Return a column for each author, one for posts of none, one for strangers (code -1)."""
    rows = np.zeros((len(codes), n_authors + 2))
    rows[np.arange(len(codes)), np.where(codes < 0, n_authors + 1, codes)] = 1
    return rows


def _images(senses: Senses, old: IntArray, new: Drafts) -> Compared:
    """Compare what images look like, where the memory kept that."""
    remembered = senses.bank.images
    if remembered is None or senses.images is None:
        return Compared(IMAGE, reason="how the training posts' images look was not kept")
    vectors = remembered.of(senses.images.look(new.image_paths).blocks)
    mine = remembered.rows[old]
    return Compared(IMAGE, mine[mine.any(axis=1)], vectors[vectors.any(axis=1)])


def _latest(n_posts: int) -> IntArray:
    return np.full(n_posts, LATEST)
