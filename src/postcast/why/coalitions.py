"""What a forecaster says of a draft with some of its parts alone, of many such together.

Knows how each kind of part is taken away; not what is made of the answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from postcast.features.assemble import Drafts, assemble, drafts_of_posts
from postcast.features.context import MICROSECONDS_A_DAY, OF_TEXT, context
from postcast.features.history import LATEST, Published
from postcast.features.images.painted import Painted, painted_sense
from postcast.schema import Block
from postcast.why.draft_parts import Piece, kept_post, pieces_of
from postcast.why.engagement_scale import expected_logs

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.forecaster import Forecaster
    from postcast.schema import BoolArray, FeatureSet, FloatArray, IntArray, Post

NOBODY = Published((), np.empty(0, dtype=np.int64))
"""Drafts that were never published together."""

MOST_REMEMBERED = 2_000
"""The bank's newest posts, of which some lend their context."""

OTHERS = 8
"""How many of them: trees answer for the mean of two posts as for neither."""


@dataclass(frozen=True)
class Coalitions:
    """A draft as the forecaster sees it with some of its parts.

    A word is left out of its field; a region is painted with the image's mean colour; columns of
    context are those of some remembered posts in turn, and the answers' mean is taken; an author
    is nobody the training knew; a tag or category is not given.

    Parameters
    ----------
    forecaster : Forecaster
    post : Post
    """

    forecaster: Forecaster
    post: Post

    @cached_property
    def pieces(self) -> list[Piece]:
        """The parts, in a fixed order."""
        return pieces_of(
            self.post,
            self.forecaster,
            has_usual_form=self._knows_forms,
            has_image=self._painted is not None,
        )

    def worth(self, kept: BoolArray) -> FloatArray:
        """Return class probabilities and the expected log(1 + count), shape (n, 4).

        Parameters
        ----------
        kept : ndarray of bool, shape (n, n_pieces)
            Which parts each coalition has.
        """
        drafts = self._drafts(kept)
        senses = self.forecaster.senses
        if self._painted is not None:
            senses = replace(senses, images=self._painted)
        features, row = self._with_context(assemble(drafts.as_strangers(), senses), kept)
        probabilities, outlook = self.forecaster.judged(features)
        logs = expected_logs(self.forecaster, probabilities, outlook)
        answers = np.column_stack([probabilities, logs])
        sums = np.stack([np.bincount(row, weights=column) for column in answers.T], axis=1)
        worth: FloatArray = sums / np.bincount(row)[:, None]
        return worth

    def _drafts(self, kept: BoolArray) -> Drafts:
        posts = [kept_post(self.post, self.pieces, row) for row in kept]
        drafts = drafts_of_posts(posts, self.forecaster.bank)
        drafts = replace(drafts, published=NOBODY)
        if self._painted is None:
            return drafts
        regions = [place for place, piece in enumerate(self.pieces) if piece.kind == "image"]
        return replace(drafts, images=[self._painted.path_of(row) for row in kept[:, regions]])

    def _with_context(self, features: FeatureSet, kept: BoolArray) -> tuple[FeatureSet, IntArray]:
        """Return features whose context is the whole draft's, but for the parts taken away.

        A coalition without some of its context stands once for each of the posts whose context
        takes its place; the second answer tells which coalition a row is of.
        """
        pieces = [(at, one) for at, one in enumerate(self.pieces) if one.kind == "context"]
        row = np.arange(len(kept))
        if not pieces:
            return features, row
        others = self._others
        is_whole = np.all(kept[:, [at for at, _ in pieces]], axis=1)
        row = np.repeat(row, np.where(is_whole, 1, len(others)))
        turn = np.concatenate(
            [np.arange(1 if whole else len(others)) for whole in is_whole.tolist()]
        )
        block = features.blocks["context"]
        matrix = np.array(block.matrix[row])
        if self._knows_forms:
            full = self._drafts(np.ones((1, kept.shape[1]), dtype=bool)).texts
            matrix[:, : len(OF_TEXT)] = context(full, None).matrix
        for at, piece in pieces:
            gone = np.flatnonzero(~kept[row, at])
            for column in map(block.columns.index, piece.columns):
                matrix[gone, column] = others[turn[gone], column]
        features = features.take(row)
        whole_context = Block(matrix, block.columns)
        return replace(features, blocks={**features.blocks, "context": whole_context}), row

    @cached_property
    def _painted(self) -> Painted | None:
        """What sees the image with some of its regions; None where no image is seen."""
        return painted_sense(self.forecaster.senses.images, self.post.image)

    @property
    def _knows_forms(self) -> bool:
        """Whether it is known what past texts look like from outside."""
        return self.forecaster.bank.wordings is not None and bool(len(self._others))

    @property
    def _others(self) -> FloatArray:
        """The context of some remembered posts, spread over the hours, (n_others, n_columns)."""
        bank = self.forecaster.bank
        if "others' context" not in bank.worked_out:
            bank.worked_out["others' context"] = _contexts(bank)
        found: FloatArray = bank.worked_out["others' context"]
        return found


def _contexts(bank: MemoryBank) -> FloatArray:
    """Return the context of `OTHERS` posts, shape (at most `OTHERS`, n_columns).

    They are in the middle of as many equal parts of the posts, by hour, or by length where there
    is no hour.
    """
    newest = np.flatnonzero(bank.has_text)[-MOST_REMEMBERED:]
    time = None
    if bank.ordering == "time" and bank.order is not None:
        newest = newest[bank.order[newest] < LATEST]
        time = bank.order[newest]
    texts = [""] * len(newest) if bank.wordings is None else bank.wordings.at(newest)
    in_turn = list(map(len, texts)) if time is None else time % MICROSECONDS_A_DAY
    parts = np.array_split(np.argsort(in_turn, kind="stable"), OTHERS)
    places = [int(part[len(part) // 2]) for part in parts if len(part)]
    chosen = context([texts[place] for place in places], None if time is None else time[places])
    return np.asarray(chosen.matrix)


def all_of(pieces: Sequence[Piece], *, kept: bool) -> BoolArray:
    """Return the coalition of all parts, or of none, shape (1, n_pieces)."""
    return np.full((1, len(pieces)), kept)
