"""From posts and settings to a forecaster with its scorecard, and to a run folder.

Knows the order of the steps; how each is done is known by the module that it calls.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postcast.audit import read_with_cells
from postcast.audit.in_training import audit_training, warnings_of
from postcast.checkpoints.request import SaveRequest
from postcast.features.disguise import Disguise
from postcast.features.images.tally import Tally
from postcast.forecaster import Forecaster
from postcast.learning.fitting import Workshop, make_baselines, make_forecaster, open_workshop
from postcast.learning.learnable import Outcomes
from postcast.learning.memory import acquainted
from postcast.learning.unlearned import informed
from postcast.models.calibrate import FEWEST_ROWS
from postcast.models.choose import WEIGHTED, Recipe
from postcast.no_posts import hidden, hidden_names, hidden_posts, without_ids
from postcast.precision import MOST_POSTS, PrecisionCost, cost_of
from postcast.reading import encoder_choice, with_images_found
from postcast.runs.folder import RunFolder
from postcast.runs.results import Story
from postcast.runs.stages import Stages
from postcast.runs.tracking import NONE as NOT_TRACKED
from postcast.runs.tracking import check_tracker, track_run
from postcast.saved import load
from postcast.schema import Post, Posts
from postcast.scoring import score
from postcast.settings import Settings
from postcast.shards.local import embed_ahead
from postcast.training_checkpoint import checkpoint_of
from postcast.training_plan import Plan, plan_of

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

    from postcast.models.checkpoint import Checkpoint

log = logging.getLogger(__name__)


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
        If the posts cannot be read, labelled or split, a column that would be learned from
        gives the count away (`LeakError`), or the folder cannot be written.
    """
    chosen = settings if isinstance(settings, Settings) else Settings.from_mapping(settings or {})
    check_tracker(chosen.track, out)
    request = SaveRequest()
    target = None if out is None else Path(out)
    with contextlib.nullcontext() if out is None else request.heard():
        return _train(posts, chosen, target, request, overwrite=overwrite)


def _train(
    posts: Any, chosen: Settings, out: Path | None, request: SaveRequest, *, overwrite: bool
) -> Forecaster:
    """Read, plan and learn, unless that was done before."""
    from threadpoolctl import threadpool_limits

    stages = Stages()
    with stages.measure("read"):
        if isinstance(posts, Posts):
            table, cells = with_images_found(posts, chosen), None
        else:
            table, cells = read_with_cells(posts, chosen)
    disguise = Disguise.of_run(table.source.sha256, chosen.seed) if chosen.no_posts else None
    plan = plan_of(table if disguise is None else without_ids(table, disguise), chosen)
    plan = replace(plan, disguise=disguise)
    folder = None
    if out is not None:
        asked, images = chosen.to_dict(), table.images_sha256 or ""
        folder = RunFolder(out, asked, table.source, images)
    if folder is not None and folder.is_finished() and not overwrite:
        log.info("%s is finished, with these settings and this input: nothing to do", out)
        folder.remove_checkpoints()
        _track(folder, chosen)
        return load(folder.path)
    with stages.measure("audit", len(plan.division.drafts)):
        plan = replace(plan, audit=audit_training(table, cells, plan.division, plan.settings))
    with threadpool_limits(1):  # sums of several threads differ in their last bits
        if folder is None:
            return _learn(plan, stages, None, request)
        with folder.writing(overwrite=overwrite):
            forecaster = _learn(plan, stages, folder, request)
    _track(folder, chosen)
    return forecaster


def _track(folder: RunFolder, settings: Settings) -> None:
    """Log a run that stands elsewhere too, where that was asked for."""
    if settings.track != NOT_TRACKED:
        track_run(folder.path)


def _learn(
    plan: Plan, stages: Stages, folder: RunFolder | None, request: SaveRequest
) -> Forecaster:
    """Fit, test and, where there is a folder, write."""
    division, settings = plan.division, plan.settings
    shop, tally = _embedded(plan, stages)
    cost = _precision_cost(plan, stages)
    kept = checkpoint_of(folder, request, settings, plan.encoder)
    forecaster, unweighted = _fitted(plan, shop, kept, stages)
    with stages.measure("evaluate", len(division.test)):
        facts = {**forecaster.facts, "n_rejected": plan.posts.rejected.height}
        live = informed(forecaster, division.later, division.later_counts)
        outcomes = Outcomes(division.test_counts, division.test_outcomes)
        tested = score(live, division.test, outcomes, facts, unweighted)
    forecaster = replace(forecaster, scorecard=tested.scorecard)
    few_images = plan.images is not None and shop.images is None
    warnings = _warned(plan, forecaster, tally if few_images else None)
    posts = plan.posts
    if plan.disguise is not None:
        forecaster, posts = hidden(forecaster, plan.disguise), hidden_posts(posts, plan.disguise)
        tested = replace(tested, drafts=hidden_names(tested.drafts, plan.disguise))
    if folder is not None:
        story = Story(
            posts=posts,
            settings=settings.to_dict(),
            split_sentence=division.split.description,
            warnings=warnings,
            audit=None if plan.audit is None else plan.audit.to_dict()["findings"],
            precision=cost,
            images=tally,
        )
        folder.write(forecaster, tested, story, stages)
    return forecaster


def _embedded(plan: Plan, stages: Stages) -> tuple[Workshop, Tally | None]:
    """Compute every vector, and tell how many images were seen."""
    division, settings = plan.division, plan.settings
    with stages.measure("embed", len(division.drafts)):
        tally = None if plan.images is None else Tally.of(plan.images, division.drafts.image_paths)
        known = (division.drafts, division.remembered)
        texts = [text for drafts in known for text in drafts.texts]
        embed_ahead(encoder_choice(settings), texts, settings.jobs)
        shop = _workshop(plan)
        plan.encoder.encode(division.drafts.texts)
    if tally is not None:
        log.info("%s", tally)
    return shop, tally


def _fitted(
    plan: Plan, shop: Workshop, kept: Checkpoint, stages: Stages
) -> tuple[Forecaster, Forecaster | None]:
    """Return the forecaster with its baselines and, where classes are weighted, one without."""
    settings, n_train = plan.settings, len(plan.division.train)
    recipe = Recipe(
        settings.classifier,
        settings.class_weights,
        settings.prior_correction,
        settings.seed,
        settings.device,
        kept.within("main"),
    )
    with stages.measure("train", n_train):
        forecaster = make_forecaster(shop, recipe, plan.encoder)
    with stages.measure("baselines", n_train):
        forecaster = replace(forecaster, baselines=make_baselines(shop, settings.seed, kept))
        unweighted = None
        if recipe.name in WEIGHTED and recipe.class_weights != "none":
            plainly = replace(recipe, class_weights="none", checkpoint=kept.within("unweighted"))
            unweighted = make_forecaster(shop, plainly, plan.encoder)
    return forecaster, unweighted


def _warned(plan: Plan, forecaster: Forecaster, too_few: Tally | None) -> tuple[str, ...]:
    """Return, and log, what to be warned of in this training."""
    leaks = () if plan.audit is None else warnings_of(plan.audit)
    unseen = () if too_few is None else (f"too few images were seen to learn from them: {too_few}",)
    warnings = (*plan.warnings, *leaks, *unseen, *_uncalibrated(forecaster))
    for warning in warnings:
        log.warning("%s", warning)
    return warnings


def _precision_cost(plan: Plan, stages: Stages) -> PrecisionCost | None:
    """Say what a faster precision cost, where one was asked for."""
    if plan.settings.precision == "exact" or plan.encoder.name == "tfidf":
        return None
    train = plan.division.train
    with stages.measure("compare precision", min(len(train), MOST_POSTS)):
        cost = cost_of(
            encoder_choice(plan.settings),
            plan.encoder,
            train.texts,
            plan.division.train_classes,
            plan.settings.seed,
        )
    if cost is not None:
        log.info("%s", cost)
    return cost


def _workshop(plan: Plan) -> Workshop:
    """Fit the encoder, and remember what was known when the training ended."""
    settings = plan.settings
    shop = open_workshop(
        plan.division,
        plan.posts.source,
        plan.encoder,
        (settings.classifier,),
        settings.coverage,
        plan.images,
    )
    told = ("protocol", "mode", "maturity")
    facts = {**shop.facts, **{name: getattr(settings, name) for name in told}}
    bank = acquainted(shop.bank, plan.division.remembered.texts, plan.encoder, settings.seed)
    return replace(shop, bank=bank, facts=facts)


def _uncalibrated(forecaster: Forecaster) -> tuple[str, ...]:
    """Return what to warn of where too few posts were held out, or none by design."""
    if forecaster.rule.coverage is not None:
        return ()
    return (
        "the probabilities are not calibrated, and a set is the forecast alone: "
        f"fewer than {FEWEST_ROWS} training posts were held out",
    )
