"""From posts and settings to a forecaster with its scorecard, and to a run folder.

Knows the order of the steps; how each is done is known by the module that it calls.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.decide import Rule
from postcast.device import pick_device
from postcast.division import Division, How, divide
from postcast.features.assemble import Senses, assemble
from postcast.features.bank import MemoryBank, unit_rows
from postcast.features.familiar import MOST_LANDMARKS, learn_familiar
from postcast.features.text import load_encoder, resolve_name
from postcast.features.tfidf import TfidfEncoder
from postcast.forecaster import Forecaster, load
from postcast.models.base import class_shares
from postcast.models.calibrate import FEWEST_ROWS, Calibration, conformal_cutoff, fit_calibration
from postcast.models.choose import (
    READS,
    TEXT_ALONE,
    WEIGHTED,
    Recipe,
    decision_weights,
    make_classifier,
    resolve_classifier,
)
from postcast.reading import encoder_choice, read
from postcast.results import Story
from postcast.run_folder import RunFolder
from postcast.schema import Post, Posts, Target
from postcast.scoring import score
from postcast.settings import Settings
from postcast.stages import Stages

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

    from postcast.features.text import TextEncoder

log = logging.getLogger(__name__)

ENCODED = ("text", "words", "characters")
"""The blocks that an encoder makes."""


def train(
    posts: Posts | str | Path | IntoDataFrame | Sequence[Mapping[str, Any]] | Sequence[Post],
    settings: Settings | Mapping[str, Any] | None = None,
    *,
    out: str | Path | None = None,
    overwrite: bool = False,
) -> Forecaster:
    """Learn from past posts, test on later ones, and return the forecaster.

    Parameters
    ----------
    posts : Posts, path, frame or records
        Anything but `Posts` is read as `read_posts` does, by the settings' columns.
    settings : Settings or mapping, optional
        A mapping has the keys of the command line, with underscores.
    out : str or Path, optional
        The RUN folder to write; one of the same settings and input is continued.
    overwrite : bool
        Replace another run that stands there.

    Returns
    -------
    Forecaster
        With its `scorecard` and baselines.

    Raises
    ------
    PostcastError
        If the posts cannot be read, labelled or split, or the folder cannot be written.
    """
    chosen = settings if isinstance(settings, Settings) else Settings.from_mapping(settings or {})
    stages = Stages()
    with stages.measure("read"):
        table = posts if isinstance(posts, Posts) else read(posts, chosen)
    plan = _plan(table, chosen)
    if out is None:
        return _learn(plan, stages)
    folder = RunFolder(Path(out), chosen.to_dict(), table.source)
    if folder.is_finished() and not overwrite:
        log.info("%s is finished, with these settings and this input: nothing to do", out)
        return load(out)
    with folder.writing(overwrite=overwrite):
        return _learn(plan, stages, folder)


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
    """

    posts: Posts
    settings: Settings
    division: Division
    encoder: TextEncoder
    warnings: tuple[str, ...]


def _plan(posts: Posts, settings: Settings) -> Plan:
    """Resolve every choice, split, label and find the encoder."""
    resolved = replace(
        settings,
        encoder=resolve_name(settings.encoder),
        classifier=resolve_classifier(settings.classifier),
    )
    warnings = []
    if settings.device == "cuda":
        pick_device(settings.device)
    for kind in ("encoder", "classifier"):
        if getattr(settings, kind) == "auto":
            log.info("%s auto: took %s", kind, getattr(resolved, kind))
    if settings.encoder == "auto" and resolved.encoder == "tfidf":
        warnings.append("minilm is not installed: the texts are read as word counts (tfidf)")
    division = divide(
        posts,
        How(
            protocol=resolved.protocol,
            split=resolved.split,
            test_size=resolved.test_size,
            maturity=resolved.maturity,
            thresholds=resolved.thresholds,
            seed=resolved.seed,
        ),
    )
    log.info("%s", division.split.description)
    encoder = load_encoder(encoder_choice(resolved))
    return Plan(
        posts=posts,
        settings=resolved,
        division=division,
        encoder=encoder,
        warnings=(*warnings, *division.warnings),
    )


def _learn(plan: Plan, stages: Stages, folder: RunFolder | None = None) -> Forecaster:
    """Fit, test and, where there is a folder, write."""
    division, settings = plan.division, plan.settings
    with stages.measure("embed", len(division.drafts)):
        plan.encoder.fit(division.train.texts)
        plan.encoder.encode(division.drafts.texts)
        bank = _bank(plan)
    recipe = Recipe(settings.classifier, seed=settings.seed, device=settings.device)
    with stages.measure("train", len(division.train)):
        forecaster = _fit(plan, recipe, plan.encoder, bank)
    with stages.measure("baselines", len(division.train)):
        forecaster = replace(forecaster, baselines=_baselines(plan, bank))
        unweighted = None
        if recipe.name in WEIGHTED:
            unweighted = _fit(plan, replace(recipe, class_weights="none"), plan.encoder, bank)
    with stages.measure("evaluate", len(division.test)):
        facts = {**forecaster.facts, "n_rejected": plan.posts.rejected.height}
        tested = score(forecaster, division.test, division.test_counts, facts, unweighted)
    forecaster = replace(forecaster, scorecard=tested.scorecard)
    warnings = (*plan.warnings, *_uncalibrated(forecaster))
    for warning in warnings:
        log.warning("%s", warning)
    if folder is not None:
        story = Story(
            posts=plan.posts,
            settings=settings.to_dict(),
            split_sentence=division.split.description,
            warnings=warnings,
        )
        folder.write(forecaster, tested, story, stages)
    return forecaster


def _uncalibrated(forecaster: Forecaster) -> tuple[str, ...]:
    """Return what to warn of where too few posts were held out, or none by design."""
    if forecaster.rule.coverage is not None:
        return ()
    return (
        "the probabilities are not calibrated, and a set is the forecast alone: "
        f"fewer than {FEWEST_ROWS} training posts were held out",
    )


def _bank(plan: Plan) -> MemoryBank:
    """Return what was known when the training ended, as a memory bank."""
    from postcast.data.near_duplicates import fingerprint

    posts, source = plan.division.remembered, plan.posts.source
    authors = sorted({name for name in posts.authors if name is not None})
    codes = {name: code for code, name in enumerate(authors)}
    title = source.columns.get("title", ())
    names = source.columns.get("text", ())
    prints = [list(fingerprint(text)) if text else [0] * 16 for text in posts.texts]
    vectors = None
    of_texts = unit_rows(plan.encoder.encode(posts.texts))
    if "nearest" in READS.get(plan.settings.classifier, ()):
        vectors = of_texts
    return MemoryBank(
        ids=[str(one) for one in posts.ids],
        authors=authors,
        author=np.array([-1 if a is None else codes[a] for a in posts.authors], dtype=np.int64),
        engagement=plan.division.remembered_counts,
        order=posts.order,
        group=posts.group,
        ordering=source.ordering,
        fingerprints=np.array(prints, dtype=np.uint8).reshape(-1, 16),
        text_from=["title" if len(names) > 1 and n in title else "text" for n in names] or ["text"],
        columns={role: list(columns) for role, columns in source.columns.items()},
        vectors=vectors,
        familiar=learn_familiar(
            posts.texts,
            of_texts,
            posts.group,
            plan.encoder.name,
            seed=plan.settings.seed,
            most_landmarks=None if isinstance(vectors, np.ndarray) else MOST_LANDMARKS,
        ),
    )


def _senses(plan: Plan, name: str, bank: MemoryBank, encoder: TextEncoder | None) -> Senses:
    """Return what a classifier needs to see posts."""
    reads = READS.get(name, TEXT_ALONE)
    encoders: dict[str, TextEncoder] = {}
    if encoder is not None:
        encoders["text"] = encoder
    for block in ("words", "characters"):
        if block in reads:
            encoders[block] = TfidfEncoder(block)
            encoders[block].fit(plan.division.train.texts)
    return Senses(encoders, bank, tuple(one for one in reads if one not in ENCODED))


def _fit(plan: Plan, recipe: Recipe, encoder: TextEncoder | None, bank: MemoryBank) -> Forecaster:
    """Fit one classifier on the training rows, and its calibration on those held out."""
    division, settings = plan.division, plan.settings
    senses = _senses(plan, recipe.name, bank, encoder)
    features = assemble(division.train, senses)
    target = Target(division.train_classes, division.train_counts, division.held_out)
    classifier = make_classifier(recipe)
    held_out = classifier.fit(features, target)
    calibration, cutoff, shares = Calibration(), None, class_shares(target.classes)
    if len(held_out.rows) >= FEWEST_ROWS:
        actual = target.classes[held_out.rows]
        calibration = fit_calibration(held_out.probabilities, actual)
        calibrated = calibration.apply(held_out.probabilities)
        shares = class_shares(actual)
        cutoff = conformal_cutoff(calibrated, actual, settings.coverage)
    rule = Rule(
        thresholds=division.thresholds,
        shares=tuple(float(share) for share in shares),
        weights=decision_weights(recipe.name, calibration, shares),
        coverage=None if cutoff is None else settings.coverage,
        cutoff=1.0 if cutoff is None else cutoff,
    )
    facts = {
        "classifier": recipe.name,
        "encoder": "none" if encoder is None else encoder.name,
        "protocol": settings.protocol,
        "split": division.split.name,
        "mode": settings.mode,
        "maturity": settings.maturity,
        "seed": settings.seed,
        "n_train": len(division.train),
        "synthetic": plan.posts.source.synthetic,
    }
    return Forecaster(senses, classifier, calibration, rule, facts)


def _baselines(plan: Plan, bank: MemoryBank) -> dict[str, Forecaster]:
    """Fit the three baselines on the same rows."""
    seed = plan.settings.seed
    words = TfidfEncoder()
    words.fit(plan.division.train.texts)
    return {
        "majority": _fit(plan, Recipe("majority", seed=seed), None, bank),
        "author_median": _fit(plan, Recipe("author-median", seed=seed), None, bank),
        "tfidf_linear": _fit(plan, Recipe("linear", seed=seed), words, bank),
    }
