"""What a forecaster says of a draft with some of its parts alone, of many such together.

Knows how each kind of part is taken away; not what is made of the answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from postcast.draft_parts import Piece, kept_post, pieces_of
from postcast.engagement_scale import expected_logs
from postcast.features.assemble import Drafts, assemble, drafts_of_posts
from postcast.features.context import OF_TEXT, OF_TIME, context
from postcast.features.history import LATEST, Published
from postcast.features.images.painted import Painted, painted_sense
from postcast.schema import Block

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.schema import BoolArray, FeatureSet, FloatArray, Post

NOBODY = Published((), np.empty(0, dtype=np.int64))
"""Drafts that were never published together."""

MOST_REMEMBERED = 2_000
"""Of the bank's newest posts is told what posts usually look like from outside."""


@dataclass(frozen=True)
class Coalitions:
    """A draft as the forecaster sees it with some of its parts.

    A word is left out of its field; a region is painted with the image's mean colour; columns of
    context take their mean over the posts remembered; an author is nobody the training knew; a
    tag or category is not given.

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
            has_usual_form=self._usual is not None,
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
        features = self._with_context(assemble(drafts.as_strangers(), senses), kept)
        probabilities, outlook = self.forecaster.judged(features)
        logs = expected_logs(self.forecaster, probabilities, outlook)
        return np.column_stack([probabilities, logs])

    def _drafts(self, kept: BoolArray) -> Drafts:
        posts = [kept_post(self.post, self.pieces, row) for row in kept]
        drafts = drafts_of_posts(posts, self.forecaster.bank)
        drafts = replace(drafts, published=NOBODY)
        if self._painted is None:
            return drafts
        regions = [place for place, piece in enumerate(self.pieces) if piece.kind == "image"]
        return replace(drafts, images=[self._painted.path_of(row) for row in kept[:, regions]])

    def _with_context(self, features: FeatureSet, kept: BoolArray) -> FeatureSet:
        """Return features whose context is the whole draft's, but for the parts taken away."""
        pieces = [(at, one) for at, one in enumerate(self.pieces) if one.kind == "context"]
        if not pieces:
            return features
        block = features.blocks["context"]
        matrix = np.array(block.matrix)
        if self._usual is not None:
            full = self._drafts(np.ones((1, kept.shape[1]), dtype=bool)).texts
            matrix[:, : len(OF_TEXT)] = context(full, None).matrix
        usual = {**(self._usual or {}), **self._usual_time}
        for at, piece in pieces:
            for name in piece.columns:
                gone = ~kept[:, at]
                matrix[gone, block.columns.index(name)] = usual[name]
        return replace(
            features, blocks={**features.blocks, "context": Block(matrix, block.columns)}
        )

    @cached_property
    def _painted(self) -> Painted | None:
        """What sees the image with some of its regions; None where no image is seen."""
        return painted_sense(self.forecaster.senses.images, self.post.image)

    @property
    def _usual(self) -> dict[str, float] | None:
        """What past texts look like from outside; None where the bank keeps no wordings."""
        bank = self.forecaster.bank
        if bank.wordings is None or "context" not in self.forecaster.senses.blocks:
            return None
        if "usual form" not in bank.worked_out:
            newest = np.flatnonzero(bank.has_text)[-MOST_REMEMBERED:]
            if not len(newest):
                return None
            means = context(bank.wordings.at(newest), None).matrix.mean(axis=0)
            bank.worked_out["usual form"] = dict(zip(OF_TEXT, means.tolist(), strict=True))
        found: dict[str, float] = bank.worked_out["usual form"]
        return found

    @property
    def _usual_time(self) -> dict[str, float]:
        """The mean hour and weekday, on their circles, of the posts remembered."""
        bank = self.forecaster.bank
        if bank.order is None or bank.ordering != "time":
            return {}
        dated = bank.order[bank.order < LATEST]
        if not len(dated):
            return dict.fromkeys(OF_TIME, 0.0)
        means = context([""] * len(dated), dated).matrix[:, len(OF_TEXT) :].mean(axis=0)
        return dict(zip(OF_TIME, means.tolist(), strict=True))


def all_of(pieces: Sequence[Piece], *, kept: bool) -> BoolArray:
    """Return the coalition of all parts, or of none, shape (1, n_pieces)."""
    return np.full((1, len(pieces)), kept)
