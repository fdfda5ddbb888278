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

from postcast.data.label import classify
from postcast.decide import choose, sets
from postcast.errors import SplitError
from postcast.evaluate.claims import Evidence, check_claims
from postcast.evaluate.importance import importance
from postcast.evaluate.metrics import coverage, differences, figures, share
from postcast.evaluate.pairwise import Outcome, pairwise
from postcast.learning.learnable import Outcomes
from postcast.learning.unlearned import unlearned
from postcast.models.choose import READS
from postcast.models.image_view import IMAGE_BLOCKS
from postcast.schema import Predictions
from postcast.scorecard import Estimate, Scorecard
from postcast.standing import Standing
from postcast.wording import counted

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
            f"{counted(len(told.drafts), 'post')} to evaluate on, after leaving out "
            f"{told.n_known:,} whose text or image stood in the training",
            f"at least {FEWEST_POSTS}",
            "give posts that the forecaster has not learned from",
        )
    facts = {
        **forecaster.facts,
        "n_rejected": posts.rejected.height,
        "split": "other posts",
        "synthetic": posts.source.synthetic,
    }
    left_out = counted(told.n_known, "post")
    log.info("%s left out: text or image stood in the training", left_out)
    return score(told.forecaster, told.drafts, told.outcomes, facts)


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


def _count_coverage(outlook: Outlook | None, outcomes: Outcomes) -> dict[str, Estimate]:
    """Return how often the count came to lie between its bounds."""
    if outlook is None:
        return {}
    return {"counts": share(outlook.holds(outcomes.engagement))}


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
