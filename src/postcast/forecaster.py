"""The whole path of one post: drafts, features, probabilities, decision.

Owns the memory bank, and saves all of it; `saved` loads it. Knows nothing of training or testing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from postcast.base_rates import BaseRates
from postcast.counts import Counts, movable
from postcast.data.columns import Columns
from postcast.decide import Rule, decide
from postcast.doubts import find_doubts, with_unseen_images
from postcast.errors import ForecasterError
from postcast.features.assemble import (
    Drafts,
    Senses,
    assemble,
    drafts_of_posts,
    drafts_of_table,
)
from postcast.features.marks import is_category
from postcast.features.retrieval import RETRIEVED
from postcast.models.base import answer_of
from postcast.models.calibrate import Calibration
from postcast.models.choose import READS, TEXT_ALONE
from postcast.schema import FeatureSet, Forecast, Parts, Post, Posts
from postcast.storage import save_parts
from postcast.version import __version__

if TYPE_CHECKING:
    from postcast.data.read import PostsLike
    from postcast.features.bank import MemoryBank
    from postcast.models.base import Classifier
    from postcast.models.distribution import Outlook
    from postcast.schema import FloatArray
    from postcast.scorecard import Scorecard


DRAFTS_AT_ONCE = 50_000
"""Drafts whose features are held in memory together."""

ENCODER_PIECES = {
    "text": "encoder",
    "words": "words",
    "characters": "characters",
    "marks": "marks",
}
"""Where the encoder of each block is saved."""

OF_ALL = ("bank", "wordings")
"""The pieces that a forecaster's baselines share with it."""


@dataclass(frozen=True)
class Forecaster:
    """What is trained, saved, served and asked.

    Parameters
    ----------
    senses : Senses
        Encoders and memory bank: what turns posts into features.
    classifier : Classifier
    calibration : Calibration
    rule : Rule
        The decision rule, with the thresholds.
    facts : mapping
        How it came to be: ``classifier``, ``encoder``, ``protocol``, ``seed``, ``n_train``,
        ``split``, ``mode``, ``maturity``, ``synthetic``.
    counts : Counts or None
        What it knows of counts; None for one of classes only.
    baselines : mapping of str to Forecaster
        Trained on the same rows.
    scorecard : Scorecard or None
        Its evaluation, where it was evaluated.
    """

    senses: Senses
    classifier: Classifier
    calibration: Calibration
    rule: Rule
    facts: Mapping[str, Any]
    counts: Counts | None = None
    baselines: Mapping[str, Forecaster] = field(default_factory=dict)
    scorecard: Scorecard | None = None

    def __repr__(self) -> str:
        """Say what it is and how good it was found to be, and nothing of a post."""
        facts = self.facts
        begin = " and ".join(f"{threshold:.6g}" for threshold in self.rule.thresholds)
        lines = [
            f"<Forecaster: {facts['classifier']} on {facts['encoder']}; "
            f"medium and high begin at {begin}; {len(self.bank):,} posts remembered"
        ]
        if self.scorecard is not None:
            lines.append(f"{self.scorecard.in_short}")
        return "\n ".join(lines) + ">"

    @overload
    def predict(self, posts: Post, *, independent: bool = False) -> Forecast: ...
    @overload
    def predict(self, posts: PostsLike | Posts, *, independent: bool = False) -> list[Forecast]: ...
    def predict(
        self, posts: Post | PostsLike | Posts, *, independent: bool = False
    ) -> Forecast | list[Forecast]:
        """Forecast one post, or many.

        A post has one forecast, alone and among others, with one exception: posts of an author
        that have times know when the others are published, which is a feature.

        Parameters
        ----------
        posts : Post, Posts, sequence of Post or of records, data frame, or path
            What is not a post is read as `postcast.data.read.read_drafts` does, by the
            columns of the training where they are found; each row gets a forecast.
        independent : bool
            Whether to forecast each post as if it came alone, without that exception.

        Returns
        -------
        Forecast, or a list of them in the order of the posts
        """
        if isinstance(posts, Post):
            return self.forecast(drafts_of_posts([posts], self.bank))[0]
        drafts = self._drafts(posts)
        return self.forecast(drafts.independent() if independent else drafts)

    def _drafts(self, posts: PostsLike | Posts) -> Drafts:
        if isinstance(posts, Posts):
            return drafts_of_table(posts.table, posts.source.image_root)
        if isinstance(posts, Sequence) and all(isinstance(one, Post) for one in posts):
            return drafts_of_posts([one for one in posts if isinstance(one, Post)], self.bank)
        from postcast.data.read import read_drafts
        from postcast.data.sources.origin import image_root_of

        columns = Columns(usual=self.usual_columns())
        table = read_drafts(posts, columns, ordering=self.bank.ordering)
        return drafts_of_table(table, image_root_of(posts))

    def reads(self) -> tuple[str, ...]:
        """Return the fields of a `Post` that its answer depends on."""
        blocks, classifier = self.senses.blocks, self.facts["classifier"]
        reads = []
        if "text" in READS.get(classifier, TEXT_ALONE):
            reads += [name for name in ("text", "title") if name in self.bank.text_from]
        if self.bank.authors and ("history" in blocks or classifier == "author-median"):
            reads.append("author")
        if "context" in blocks and self.bank.ordering == "time":
            reads.append("time")
        if self.senses.images is not None:
            reads.append("image")
        return (*reads, *self._marks_read())

    def _marks_read(self) -> tuple[str, ...]:
        """Return ``tags`` and ``category``, as far as its answer depends on them."""
        codes = np.empty(0, np.int64) if self.bank.marks is None else self.bank.marks.codes
        if RETRIEVED in self.senses.blocks:  # any mark tells how rare the others are
            return ("tags", "category") if len(codes) else ()
        if "marks" not in self.senses.encoders:
            return ()
        categories = is_category(codes)
        return ("tags",) * bool((~categories).any()) + ("category",) * bool(categories.any())

    def usual_columns(self) -> Columns:
        """Return the columns that it learned from, by role."""
        names = self.bank.columns
        single: dict[str, Any] = {role: names[role][0] for role in names if role != "text"}
        return Columns(text=tuple(names.get("text", ())), **single)

    def forecast(self, drafts: Drafts) -> list[Forecast]:
        """Forecast posts that are already columns, some tens of thousands together."""
        if len(drafts) <= DRAFTS_AT_ONCE:
            return self._forecast(drafts)
        everyone = drafts.with_published()
        parts = np.array_split(np.arange(len(drafts)), -(-len(drafts) // DRAFTS_AT_ONCE))
        return [answer for rows in parts for answer in self._forecast(everyone.take(rows))]

    def _forecast(self, drafts: Drafts) -> list[Forecast]:
        features = self.features(drafts)
        reads_text = "text" in READS.get(self.facts["classifier"], TEXT_ALONE)
        encoder = self.facts["encoder"] if reads_text else None
        doubts = find_doubts(drafts, features, self.bank, encoder)
        if self.senses.images is not None:  # served from what it has just seen
            seen = self.senses.images.look(drafts.image_paths)
            doubts = with_unseen_images(doubts, seen.reasons)
        probabilities, outlook = self.judged(features)
        return decide(drafts.ids, probabilities, self.rule, doubts, outlook)

    def moved(self, thresholds: Sequence[float]) -> Forecaster:
        """Return the forecaster with classes that begin elsewhere, without training again.

        Scorecard and baselines are of other classes, and stay behind.

        Parameters
        ----------
        thresholds : sequence of float
            The engagement at which ``medium`` and ``high`` are to begin.

        Raises
        ------
        PostcastError
            If its classifier knows classes only, or keeps no counts; if the thresholds are not
            two ascending numbers, or leave a class without any training post.
        """
        known = movable(self.counts, self.facts)
        rule = known.moved_rule(thresholds, self.facts["classifier"], self.calibration)
        if rule == self.rule:
            return self
        return replace(self, rule=rule, baselines={}, scorecard=None)

    def features(self, drafts: Drafts) -> FeatureSet:
        """Return what the classifier sees of some posts."""
        return assemble(drafts.as_strangers(), self.senses)

    def base_rates(self) -> BaseRates:
        """Return how often each class was among past posts, and among the newest of them."""
        return BaseRates.of(self.bank, self.rule, self.facts.get("target", "class"))

    @property
    def bank(self) -> MemoryBank:
        """The memory bank."""
        return self.senses.bank

    def probabilities(self, drafts: Drafts) -> FloatArray:
        """Return calibrated class probabilities, shape (n_posts, 3)."""
        return self.calibrated(self.features(drafts))

    def calibrated(self, features: FeatureSet) -> FloatArray:
        """Return calibrated class probabilities from features, shape (n_posts, 3)."""
        return self.judged(features)[0]

    def judged(self, features: FeatureSet) -> tuple[FloatArray, Outlook | None]:
        """Return calibrated class probabilities, (n_posts, 3), and the counts that it expects."""
        answer, shares = answer_of(self.classifier, features)
        probabilities = self.calibration.apply(answer)
        if not (np.isfinite(probabilities).all() and np.isfinite(shares).all()):
            raise ForecasterError(
                f"the classifier {self.facts['classifier']} answers with what is no finite number",
                "probabilities",
                "its part of the forecaster is damaged: copy the folder again, or train again",
            )
        if self.counts is None:
            return probabilities, None
        return self.counts.answer(probabilities, shares, self.rule.thresholds)

    def save(self, folder: str | Path) -> None:
        """Write the forecaster as a folder that `load` reads, on any machine.

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """
        pieces = self._pieces()
        for name, baseline in self.baselines.items():
            prefix = f"baselines/{name}"
            pieces |= {f"{prefix}/{k}": v for k, v in baseline._pieces().items() if k not in OF_ALL}
        facts = {
            "encoder": self.facts["encoder"],
            "classifier": self.facts["classifier"],
            "thresholds": list(self.rule.thresholds),
            "baselines": list(self.baselines),
            "created_with": f"postcast {__version__}",
        }
        save_parts(Path(folder), pieces, facts)

    def _pieces(self) -> dict[str, Parts]:
        pieces = {
            "decision": Parts(
                facts={
                    "rule": self.rule.to_dict(),
                    "slope": self.calibration.slope,
                    "bias": list(self.calibration.bias),
                    "facts": dict(self.facts),
                    "blocks": list(self.senses.blocks),
                }
            ),
            "classifier": self.classifier.state(),
            "bank": self.bank.state(),
            **({} if self.counts is None else {"counts": self.counts.state()}),
        }
        if self.senses.images is not None:
            pieces["images"] = self.senses.images.state()
        if self.bank.wordings is not None:
            pieces["wordings"] = self.bank.wordings.state
        encoders = self.senses.encoders.items()
        return pieces | {ENCODER_PIECES[block]: one.state() for block, one in encoders}
