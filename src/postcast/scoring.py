"""A forecaster's answers for labelled posts, scored beside its baselines on the same posts.

Knows no file and no training.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.data.known import settled_until
from postcast.data.label import classify
from postcast.data.order import parse_maturity
from postcast.decide import choose, sets
from postcast.errors import SplitError
from postcast.evaluate.claims import Evidence, check_claims
from postcast.evaluate.importance import importance
from postcast.evaluate.metrics import coverage, differences, figures
from postcast.evaluate.pairwise import Outcome, pairwise
from postcast.features.assemble import MADE_FROM_BANK
from postcast.features.images.same import are_seen
from postcast.features.retrieval import RETRIEVED
from postcast.learning.learnable import learnable
from postcast.learning.memory import fingerprints, prints_of, remember_more
from postcast.models.choose import READS
from postcast.models.image_view import IMAGE_BLOCKS
from postcast.schema import Predictions
from postcast.scorecard import Scorecard
from postcast.standing import Standing

if TYPE_CHECKING:
    from postcast.features.assemble import Drafts
    from postcast.forecaster import Forecaster
    from postcast.models.distribution import Outlook
    from postcast.schema import BoolArray, FeatureSet, FloatArray, IntArray, Posts

log = logging.getLogger(__name__)

FEWEST_POSTS = 5

COMPARED = ("macro_f1", "accuracy", "log_loss")
"""The scores whose paired differences to the baselines stand in the scorecard."""

COMPARED_COUNTS = ("spearman", "mae_log")
"""Those of counts, where counts are the target."""


@dataclass(frozen=True)
class Outcomes:
    """What came of posts.

    Parameters
    ----------
    engagement : ndarray of float, shape (n_posts,)
        Raw counts.
    values : ndarray of float, shape (n_posts,)
        What the classes are classes of; see `postcast.learning.learnable.learnable`.
    """

    engagement: FloatArray
    values: FloatArray


@dataclass(frozen=True)
class Tested:
    """Labelled posts with their forecasts and the scorecard made of them.

    Parameters
    ----------
    drafts : Drafts
    predictions : Predictions
    sets : ndarray of bool, shape (n_posts, 3)
        The classes in each post's set.
    scorecard : Scorecard
    outlook : Outlook or None
        The counts that were expected, where counts are the target.
    """

    drafts: Drafts
    predictions: Predictions
    sets: BoolArray
    scorecard: Scorecard
    outlook: Outlook | None = None


def score(
    forecaster: Forecaster,
    drafts: Drafts,
    outcomes: Outcomes,
    facts: Mapping[str, Any],
    unweighted: Forecaster | None = None,
) -> Tested:
    """Forecast labelled posts and score the forecasts.

    Parameters
    ----------
    forecaster : Forecaster
    drafts : Drafts
        None of them a training post.
    outcomes : Outcomes
    facts : mapping
        The scorecard's keys that no score can tell: ``n_train``, ``split``, ``seed``, …
    unweighted : Forecaster, optional
        The same, trained without class weights.
    """
    features = forecaster.features(drafts)
    answered = _answered(forecaster, features, outcomes)
    mine, outlook = answered.predictions, answered.outlook
    by_baseline = {
        name: _answered(one, one.features(drafts), outcomes)
        for name, one in forecaster.baselines.items()
    }
    others = {name: one.predictions for name, one in by_baseline.items()}
    own_figures = figures(mine)
    held = sets(mine.probabilities, forecaster.rule)
    evidence = Evidence(
        predictions=mine,
        baselines=others,
        encoder=str(facts["encoder"]),
        embeddings=features.blocks["text"].matrix if "text" in features.blocks else None,
        unweighted=None if unweighted is None else foretell(unweighted, drafts, outcomes),
        blocks=tuple(features.blocks),
    )
    compared = COMPARED if outlook is None else (*COMPARED, *COMPARED_COUNTS)
    scorecard = Scorecard(
        **{name: getattr(own_figures, name) for name in own_figures.__dataclass_fields__},
        baselines={name: figures(other) for name, other in others.items()},
        differences={name: differences(mine, other, compared) for name, other in others.items()},
        n_test=len(drafts),
        thresholds=forecaster.rule.thresholds,
        coverage={
            "asked": forecaster.rule.coverage,
            **coverage(held, mine.actual),
            **_count_coverage(outlook, outcomes),
        },
        claims=check_claims(evidence),
        importance=importance(
            partial(_answer, forecaster), _read_by(forecaster, features), mine.actual
        ),
        pairwise=pairwise(
            answered.standing.places,
            Outcome(outcomes.values, _author_codes(drafts)),
            answered.standing.scale,
            {name: one.standing.places for name, one in by_baseline.items()},
        ),
        **facts,
    )
    return Tested(drafts, mine, held, scorecard, outlook)


def score_posts(forecaster: Forecaster, posts: Posts) -> Tested:
    """Score a forecaster on other labelled posts.

    Posts whose text or image stood in the training are left out.

    Raises
    ------
    SplitError
        If too few posts are left.
    """
    told = unlearned(forecaster, posts)
    if len(told.drafts) < FEWEST_POSTS:
        raise SplitError(
            f"{len(told.drafts)} posts to evaluate on, after leaving out {told.n_known} whose "
            "text or image stood in the training",
            f"at least {FEWEST_POSTS}",
            "give posts that the forecaster has not learned from",
        )
    facts = {
        **forecaster.facts,
        "n_rejected": posts.rejected.height,
        "split": "other posts",
        "synthetic": posts.source.synthetic,
    }
    log.info("%d posts left out: their text or image stood in the training", told.n_known)
    return score(told.forecaster, told.drafts, told.outcomes, facts)


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


def foretell(forecaster: Forecaster, drafts: Drafts, outcomes: Outcomes) -> Predictions:
    """Return the forecasts of labelled posts beside what came of them."""
    return _answered(forecaster, forecaster.features(drafts), outcomes).predictions


@dataclass(frozen=True)
class _Answered:
    """Forecasts beside what came, the counts expected where they are the target, and the order."""

    predictions: Predictions
    outlook: Outlook | None
    standing: Standing


def _answered(forecaster: Forecaster, features: FeatureSet, outcomes: Outcomes) -> _Answered:
    probabilities, outlook = forecaster.judged(features)
    standing = Standing.of(probabilities, forecaster.rule, outlook)
    if forecaster.facts.get("target") != "count":
        outlook = None
    predictions = Predictions(
        actual=classify(outcomes.values, forecaster.rule.thresholds),
        forecast=choose(probabilities, forecaster.rule),
        probabilities=probabilities,
        engagement=outcomes.engagement,
        expected_count=None if outlook is None else outlook.expected,
        outcome=outcomes.values,
    )
    return _Answered(predictions, outlook, standing)


def _author_codes(drafts: Drafts) -> IntArray:
    """Return a code for the author of each post, shape (n_posts,); -1 for those without."""
    codes: dict[str | None, int] = {None: -1}
    return np.array([codes.setdefault(name, len(codes) - 1) for name in drafts.authors])


def _count_coverage(outlook: Outlook | None, outcomes: Outcomes) -> dict[str, float | None]:
    """Return how often the count came to lie between its bounds."""
    if outlook is None:
        return {}
    return {"counts": float(outlook.holds(outcomes.engagement).mean())}


def _answer(forecaster: Forecaster, features: FeatureSet) -> tuple[FloatArray, IntArray]:
    """Return the probabilities and the class decided on, as people are told them."""
    probabilities = forecaster.calibrated(features)
    return probabilities, choose(probabilities, forecaster.rule)


def _read_by(forecaster: Forecaster, features: FeatureSet) -> FeatureSet:
    """Return the features without the blocks that its classifier never looks at."""
    reads = READS.get(forecaster.facts["classifier"], tuple(features.blocks))
    if forecaster.senses.images is not None:
        reads = (*reads, *IMAGE_BLOCKS)
    blocks = {name: block for name, block in features.blocks.items() if name in reads}
    return replace(features, blocks=blocks)
