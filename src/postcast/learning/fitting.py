"""One division and one recipe → a forecaster, calibrated, with its decision rule.

Knows how encoders, memory, classifier and calibration are put together; reads no settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from postcast.counts import Answered, Counts, learn_counts
from postcast.decide import Rule
from postcast.features.assemble import Senses, assemble
from postcast.features.retrieval import RETRIEVED
from postcast.features.tfidf import TfidfEncoder
from postcast.forecaster import Forecaster
from postcast.learning.memory import remember, seen_prints
from postcast.models.base import class_shares
from postcast.models.calibrate import FEWEST_ROWS, Calibration, conformal_cutoff, fit_calibration
from postcast.models.checkpoint import NOWHERE, Checkpoint, fit_or_load
from postcast.models.choose import (
    READ_IMAGES,
    READS,
    TEXT_ALONE,
    Recipe,
    classifier_from_state,
    decision_weights,
    make_classifier,
)
from postcast.models.distribution import CountBins
from postcast.schema import Target

if TYPE_CHECKING:
    from postcast.features.bank import MemoryBank
    from postcast.features.images.sense import ImageSense
    from postcast.features.text import TextEncoder
    from postcast.learning.division import Division
    from postcast.schema import HeldOut, Source

ENCODED = ("text", "words", "characters", "marks")
"""The blocks that an encoder makes."""

MARKED = {"tags", "category"}
"""The roles of columns whose marks are read for their own sake; hashtags alone are words."""

FEWEST_IMAGES = 20
"""Training posts whose image is seen; from fewer there is nothing to learn of images."""


@dataclass(frozen=True)
class Workshop:
    """What forecasters of one division are made from.

    Parameters
    ----------
    division : Division
    encoder : TextEncoder
        Fitted on the training posts.
    bank : MemoryBank
        See `postcast.learning.memory.remember`.
    coverage : float
        Asked of the sets.
    facts : mapping
        Of every forecaster made here; see `postcast.forecaster.Forecaster`.
    images : ImageSense or None
        What looks at images, where enough training posts have one.
    """

    division: Division
    encoder: TextEncoder
    bank: MemoryBank
    coverage: float = 0.9
    facts: Mapping[str, Any] = field(default_factory=dict)
    images: ImageSense | None = None


def open_workshop(
    division: Division,
    source: Source,
    encoder: TextEncoder,
    names: tuple[str, ...],
    coverage: float = 0.9,
    images: ImageSense | None = None,
) -> Workshop:
    """Fit the encoder on a division's training posts, and remember them.

    Parameters
    ----------
    division : Division
    source : Source
        Of the posts.
    encoder : TextEncoder
    names : tuple of str
        The classifiers that are to be made.
    coverage : float
    images : ImageSense or None
        Left out where fewer than `FEWEST_IMAGES` of the training posts have one that is seen.
    """
    encoder.fit(division.train.texts, division.told_by)
    read = {block for name in names for block in READS.get(name, ())}
    images = if_enough(images, division.train.image_paths)
    bank = remember(
        division,
        source,
        encoder if read & {"kriging", "nearest", RETRIEVED} else None,
        images if RETRIEVED in read else None,
        seen_prints(division.remembered, images),
    )
    facts = {
        "split": division.split.name,
        "n_train": len(division.train),
        "target": division.target,
        "synthetic": source.synthetic,
    }
    return Workshop(division, encoder, bank, coverage, facts, images)


def if_enough(images: ImageSense | None, paths: Sequence[str | None]) -> ImageSense | None:
    """Return what looks at images where it sees enough of the training posts' to learn from."""
    if images is None:
        return None
    return images if images.look(paths).reasons.count(None) >= FEWEST_IMAGES else None


def make_forecaster(shop: Workshop, recipe: Recipe, encoder: TextEncoder | None) -> Forecaster:
    """Fit one classifier on the training rows, and its calibration on those held out.

    Parameters
    ----------
    shop : Workshop
    recipe : Recipe
    encoder : TextEncoder or None
        Fitted on the training posts; None for classifiers that read no text.
    """
    division = shop.division
    senses = _senses(shop, recipe.name, encoder)
    features = assemble(division.train, senses)
    target, bins = _target(division)
    classifier, held_out = fit_or_load(
        make_classifier(recipe),
        partial(classifier_from_state, recipe.name),
        (features, target),
        recipe.checkpoint,
    )
    calibration, rule = _calibrated(shop, recipe, held_out)
    facts = {
        **shop.facts,
        "classifier": recipe.name,
        "encoder": "none" if encoder is None else encoder.name,
        "seed": recipe.seed,
    }
    counts = None
    if bins is not None and held_out.shares is not None:
        answered = Answered(
            calibration.apply(held_out.probabilities),
            held_out.shares,
            target.counts[held_out.rows],
        )
        counts = learn_counts(bins, rule, answered, shop.coverage, recipe)
    elif division.target == "count":
        counts = Counts.of_classes(target.counts, rule)
    return Forecaster(senses, classifier, calibration, rule, facts, counts)


def _target(division: Division) -> tuple[Target, CountBins | None]:
    """Return what is to be learned, with the bins of counts where it is counts."""
    outcomes, bins = division.train_outcomes, None
    if division.target != "relative":
        bins = CountBins.of(outcomes, division.thresholds)
    target = Target(
        division.train_classes,
        outcomes,
        division.held_out,
        division.together,
        None if bins is None else bins.find(outcomes),
        0 if bins is None else len(bins),
    )
    return target, bins


def _calibrated(shop: Workshop, recipe: Recipe, held_out: HeldOut) -> tuple[Calibration, Rule]:
    """Fit calibration and decision rule on the rows held out, where they are enough."""
    classes, coverage = shop.division.train_classes, None
    calibration, cutoff, shares = Calibration(), 1.0, class_shares(classes)
    if len(held_out.rows) >= FEWEST_ROWS:
        actual, coverage = classes[held_out.rows], shop.coverage
        calibration = fit_calibration(held_out.probabilities, actual)
        calibrated = calibration.apply(held_out.probabilities)
        shares = class_shares(actual)
        cutoff = conformal_cutoff(calibrated, actual, coverage)
    rule = Rule(
        thresholds=shop.division.thresholds,
        shares=tuple(float(share) for share in shares),
        weights=decision_weights(recipe, calibration, shares),
        coverage=coverage,
        cutoff=cutoff,
    )
    return calibration, rule


def make_baselines(
    shop: Workshop, seed: int, checkpoint: Checkpoint = NOWHERE
) -> dict[str, Forecaster]:
    """Fit the three baselines on the same rows."""
    words, blind = TfidfEncoder(), replace(shop, images=None)
    words.fit(shop.division.train.texts, shop.division.told_by)
    linear = Recipe("linear", seed=seed, checkpoint=checkpoint.within("linear"))
    return {
        "majority": make_forecaster(shop, Recipe("majority", seed=seed), None),
        "author_median": make_forecaster(shop, Recipe("author-median", seed=seed), None),
        "tfidf_linear": make_forecaster(blind, linear, words),
    }


def _senses(shop: Workshop, name: str, encoder: TextEncoder | None) -> Senses:
    """Return what a classifier needs to see posts."""
    reads = READS.get(name, TEXT_ALONE)
    encoders: dict[str, TextEncoder] = {}
    if encoder is not None:
        encoders["text"] = encoder
    for block in ENCODED[1:]:
        if block in reads and (block != "marks" or MARKED & shop.bank.columns.keys()):
            encoders[block] = TfidfEncoder(block)
            encoders[block].fit(shop.division.train.read_by(block), shop.division.told_by)
    blocks = tuple(one for one in reads if one not in ENCODED)
    return Senses(encoders, shop.bank, blocks, shop.images if name in READ_IMAGES else None)
