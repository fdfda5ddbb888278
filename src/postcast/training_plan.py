"""What is decided of a training before the long work begins.

Knows settings; learns nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from postcast.device import pick_device
from postcast.features.images.choice import NONE, load_sense
from postcast.features.text import load_encoder, resolve_name
from postcast.learning.division import Division, How, divide
from postcast.models.choose import Recipe, check_target, make_classifier, resolve_target
from postcast.reading import encoder_choice, image_choice

if TYPE_CHECKING:
    from postcast.audit import Audit
    from postcast.features.disguise import Disguise
    from postcast.features.images.sense import ImageSense
    from postcast.features.text import TextEncoder
    from postcast.schema import Posts
    from postcast.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """All that is decided before the long work begins, so that bad input ends here.

    Parameters
    ----------
    posts : Posts
    settings : Settings
        With every ``auto`` resolved.
    division : Division
    encoder : TextEncoder
    warnings : tuple of str
    images : ImageSense, optional
        None where the posts have no image, or the classifier reads none.
    audit : Audit, optional
    disguise : Disguise, optional
        What hides the posts, where they may not be told.
    """

    posts: Posts
    settings: Settings
    division: Division
    encoder: TextEncoder
    warnings: tuple[str, ...]
    images: ImageSense | None = None
    audit: Audit | None = None
    disguise: Disguise | None = None


def plan_of(posts: Posts, settings: Settings) -> Plan:
    """Resolve every choice, split, label and find the encoder.

    Raises
    ------
    PostcastError
        If a choice cannot be met, or the posts cannot be labelled or split.
    """
    resolved = replace(
        settings,
        encoder=resolve_name(settings.encoder),
        target=resolve_target(
            settings.target, settings.classifier, scores_counts=posts.source.scores_counts
        ),
    )
    warnings = []
    if settings.device == "cuda":
        pick_device(settings.device)
    make_classifier(Recipe(settings.classifier))
    check_target(settings.classifier, resolved.target)
    if settings.encoder == "auto":
        log.info("encoder auto: took %s", resolved.encoder)
    if settings.encoder == "auto" and resolved.encoder == "tfidf":
        warnings.append("minilm is not installed: the texts are read as word counts (tfidf)")
    division = divide(
        posts,
        How(
            protocol=resolved.protocol,
            split=resolved.split,
            test_size=resolved.test_size,
            maturity=resolved.maturity,
            mode=resolved.mode,
            target=resolved.target,
            thresholds=resolved.thresholds,
            seed=resolved.seed,
        ),
    )
    log.info("%s", division.split.description)
    encoder = load_encoder(encoder_choice(resolved))
    images = load_sense(image_choice(resolved, division.drafts.image_paths, (resolved.classifier,)))
    return Plan(
        posts=posts,
        settings=replace(resolved, image_encoder=NONE if images is None else images.name),
        division=replace(division, discreet=resolved.no_posts),
        encoder=encoder,
        warnings=(*warnings, *division.warnings),
        images=images,
    )
