"""Class labels of posts, without counts → a fitted classifier, calibrated, with its decision rule.

Knows encoders, images and classifiers; knows no scikit-learn estimator, no split and no run.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from postcast.data.near_duplicates import groups
from postcast.decide import Rule
from postcast.features.assemble import Drafts, Senses, assemble
from postcast.features.bank import MemoryBank
from postcast.features.cache import Cache
from postcast.features.images.choice import NONE, ImageChoice, load_sense
from postcast.features.images.tally import Tally
from postcast.features.text import Choice, load_encoder
from postcast.features.tfidf import TfidfEncoder
from postcast.learning.copies import grouped_with_images
from postcast.learning.division import ENOUGH_HELD_OUT, HELD_OUT_SHARE, LARGEST_HELD_OUT_SHARE
from postcast.learning.fitting import if_enough
from postcast.models.base import class_shares
from postcast.models.calibrate import FEWEST_ROWS, Calibration, fit_calibration
from postcast.models.choose import (
    READ_IMAGES,
    READS,
    TEXT_ALONE,
    Recipe,
    decision_weights,
    make_classifier,
)
from postcast.schema import Target

if TYPE_CHECKING:
    from postcast.features.images.sense import ImageSense
    from postcast.features.text import TextEncoder
    from postcast.models.base import Classifier
    from postcast.schema import BoolArray, HeldOut, IntArray

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Means:
    """What posts are to be learned with.

    Parameters
    ----------
    recipe : Recipe
    encoder : str
        ``minilm``, ``tfidf``, a hub name or a folder.
    image_encoder : str
        See `postcast.features.images.choice.ImageChoice`.
    cache : Path
        Folder of kept embeddings.
    """

    recipe: Recipe
    encoder: str
    image_encoder: str
    cache: Path


@dataclass(frozen=True)
class Learned:
    """What was learned of posts, and answers for others.

    Parameters
    ----------
    encoder : TextEncoder or None
        None where the classifier reads no text.
    senses : Senses
    classifier : Classifier
    calibration : Calibration
    rule : Rule
    """

    encoder: TextEncoder | None
    senses: Senses
    classifier: Classifier
    calibration: Calibration
    rule: Rule


def learn(drafts: Drafts, codes: IntArray, means: Means) -> Learned:
    """Learn from posts and their classes.

    Parameters
    ----------
    drafts : Drafts
    codes : ndarray of int, shape (n_posts,)
        Classes in ascending popularity, from 0.
    means : Means

    Raises
    ------
    PostcastError
        If a choice makes no sense, or its extra is not installed.
    """
    recipe = means.recipe
    classifier = make_classifier(recipe)
    images = _images(drafts, means)
    group = groups(drafts.texts)
    if images is not None:
        memory = Cache(means.cache).image_digests
        group = grouped_with_images(group, drafts.image_paths, memory)
    drafts = replace(drafts, group=group)
    encoder = None
    if "text" in READS.get(recipe.name, TEXT_ALONE):
        encoder = load_encoder(Choice(means.encoder, device=recipe.device, cache=means.cache))
        encoder.fit(drafts.texts)
    senses = _senses(recipe.name, drafts, encoder, images)
    kept_out = held_out_rows(codes, drafts.group, recipe.seed)
    target = Target(codes, codes.astype(float), kept_out, drafts.group)
    held_out = classifier.fit(assemble(drafts, senses), target)
    return Learned(encoder, senses, classifier, *_calibrated(recipe, held_out, codes))


def _images(drafts: Drafts, means: Means) -> ImageSense | None:
    """Return what looks at the images, where there are enough and the classifier reads them."""
    reads = means.recipe.name in READ_IMAGES and any(drafts.image_paths)
    name = means.image_encoder if reads else NONE
    sense = load_sense(ImageChoice(name, cache=means.cache))
    enough = if_enough(sense, drafts.image_paths)
    if sense is not None and enough is None:
        tally = Tally.of(sense, drafts.image_paths)
        log.warning("too few images were seen to learn from them: %s", tally)
    return enough


def _senses(
    classifier: str, drafts: Drafts, encoder: TextEncoder | None, images: ImageSense | None
) -> Senses:
    """Return what the classifier needs to see posts: no history, which has no place in X."""
    encoders: dict[str, TextEncoder] = {}
    if encoder is not None:
        encoders["text"] = encoder
    reads = READS.get(classifier, TEXT_ALONE)
    for block in ("words", "characters"):
        if block in reads:
            encoders[block] = TfidfEncoder(block)
            encoders[block].fit(drafts.texts)
    authors = sorted({name for name in drafts.authors if name is not None})
    blocks = ("context",) if "context" in reads else ()
    return Senses(encoders, MemoryBank.of_authors(authors), blocks, images)


def _calibrated(recipe: Recipe, held_out: HeldOut, codes: IntArray) -> tuple[Calibration, Rule]:
    """Fit the calibration on the rows held out, where they are enough, and set the rule."""
    calibration, shares = Calibration(), class_shares(codes)
    if len(held_out.rows) >= FEWEST_ROWS:
        actual = codes[held_out.rows]
        calibration = fit_calibration(held_out.probabilities, actual)
        shares = class_shares(actual)
    rule = Rule(
        thresholds=(),
        shares=tuple(float(share) for share in shares),
        weights=decision_weights(recipe, calibration, shares),
    )
    return calibration, rule


def held_out_rows(codes: IntArray, group: IntArray, seed: int) -> BoolArray:
    """Draw the rows to hold out: the same share of each class, groups kept together.

    Parameters
    ----------
    codes, group : ndarray of int, shape (n_posts,)
    seed : int

    Returns
    -------
    ndarray of bool, shape (n_posts,)
        None marked where a class would not be left to learn from.
    """
    share = min(max(HELD_OUT_SHARE, ENOUGH_HELD_OUT / len(codes)), LARGEST_HELD_OUT_SHARE)
    rng = np.random.default_rng(seed)
    _, first, member = np.unique(group, return_index=True, return_inverse=True)
    sizes, code_of_group = np.bincount(member), codes[first]
    taken = []
    for code in np.unique(codes):
        drawn = rng.permutation(np.flatnonzero(code_of_group == code))
        fits = np.cumsum(sizes[drawn]) <= share * sizes[drawn].sum()
        taken.extend(drawn[fits])
    held_out: BoolArray = np.isin(member, taken)
    if len(np.unique(codes[~held_out])) < len(np.unique(codes)):
        return np.zeros(len(codes), dtype=bool)
    return held_out
