"""``postcast submit --engine ray``: a run whose texts a Ray cluster embeds while this waits.

The stages are those of the batch scripts for Slurm, one after the other, each from what the one
before has left in files: a submission that was killed goes on with what is missing.
"""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postcast.errors import SettingsError

if TYPE_CHECKING:
    from postcast.cluster.folder import ClusterFolder, Submission
    from postcast.cluster.ray import RayTasks
    from postcast.settings import Settings

log = logging.getLogger(__name__)

INSTEAD = "compute on this machine alone with `postcast run`"


@dataclass(frozen=True)
class RayPlan:
    """A run to be computed with a Ray cluster.

    Parameters
    ----------
    posts : str
    run : Path
    others : str or None
        Further posts to evaluate on; else those of the run that it did not learn from.
    shards : int
    tasks : int or None
        That share the shards; None for as many as the cluster can run at once.
    cpus : int
        Cores of each.
    gres : str or None
        GPUs of each, as in ``gpu:1``.
    """

    posts: str
    run: Path
    others: str | None
    shards: int
    tasks: int | None = None
    cpus: int = 1
    gres: str | None = None

    def __post_init__(self) -> None:
        for name in ("shards", "tasks", "cpus"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise SettingsError(f"{name} {number}", "1 or more")
        if self.gres is not None:
            _gpus(self.gres)

    def submission(self, *, is_sharded: bool) -> Submission:
        """Return what is recorded."""
        from postcast.cluster.folder import RAY, Submission

        shards, tasks = (self.shards, self.tasks or 0) if is_sharded else (0, 0)
        return Submission(RAY, shards, tasks, tasks, (), self.posts, self.others)

    def each_task(self, device: str) -> RayTasks:
        """Return what is asked of Ray, for vectors from a device of the training's kind."""
        from postcast.cluster.ray import RayTasks

        if self.gres is not None and device == "cpu":
            raise SettingsError(
                f"--gres {self.gres} where the training has no GPU",
                "workers and training on the same kind of device: their vectors differ",
                "submit from a machine with a GPU, or leave --gres out",
            )
        gpus = _gpus(self.gres or "gpu:1") if device == "cuda" else 0.0
        return RayTasks(self.tasks, self.cpus, gpus, instead=INSTEAD)


def submit_on_ray(plan: RayPlan, given: Mapping[str, Any], *, as_json: bool) -> None:
    """Compute a run, or what of it is missing, and show its scorecard."""
    from postcast.cli.show import show_run
    from postcast.cluster.ray_run import at_work
    from postcast.cluster.scripts import settings_toml
    from postcast.data.prepared import is_prepared
    from postcast.data.read import read_prepared
    from postcast.features.text import resolve_name
    from postcast.settings import Settings
    from postcast.training import train

    settings = Settings.from_mapping(given)
    is_sharded = resolve_name(settings.encoder) != "tfidf"
    submission = plan.submission(is_sharded=is_sharded)
    with at_work(plan.run, submission, settings_toml(given)) as folder:
        own = replace(settings, cache=settings.cache or str(folder.cache))
        _make_ready(plan, own, folder, submission)
        log.info("Training, on this machine.")
        posts: Any = read_prepared(plan.posts) if is_prepared(plan.posts) else Path(plan.posts)
        forecaster = train(posts, own, out=plan.run)
        _evaluate(plan, own, folder, submission)
    show_run(forecaster, plan.run, as_json=as_json)


def _make_ready(
    plan: RayPlan, settings: Settings, folder: ClusterFolder, submission: Submission
) -> None:
    """Prepare posts and, where an encoder does not learn its words in the training, embed them."""
    from postcast.cluster.folder import TRAIN

    if folder.is_done(TRAIN, submission):
        return
    if not submission.shards:
        log.info("Nothing for Ray to embed: tfidf learns its words in the training.")
        _prepare(plan, settings, folder)
        return
    from postcast.cluster.ray import embed_on_ray, ray_cluster
    from postcast.cluster.status import all_results_are_there
    from postcast.data.read import read_prepared
    from postcast.device import pick_device
    from postcast.reading import encoder_choice

    device = pick_device(settings.device)
    each = plan.each_task(device)
    is_embedded = all_results_are_there(folder, submission)
    with contextlib.nullcontext() if is_embedded else ray_cluster(each):
        _prepare(plan, settings, folder)
        choice = replace(encoder_choice(settings), device=device)
        posts = read_prepared(folder.posts)
        embed_on_ray(posts, submission.shards, folder.manifest.parent, choice, each)


def _prepare(plan: RayPlan, settings: Settings, folder: ClusterFolder) -> None:
    """Write clean posts, unless they are there."""
    from postcast.cli.prepare import prepared
    from postcast.data.prepared import is_prepared
    from postcast.files import replacing

    if folder.posts.is_file():
        return
    if is_prepared(plan.posts):
        with replacing(folder.posts) as temporary:
            shutil.copyfile(plan.posts, temporary)
    else:
        prepared(Path(plan.posts), settings, folder.posts)


def _evaluate(
    plan: RayPlan, settings: Settings, folder: ClusterFolder, submission: Submission
) -> None:
    """Score what was saved on posts that it did not learn from, unless that was done."""
    from postcast.cli.evaluate import evaluated
    from postcast.cluster.folder import EVALUATE

    if not folder.is_done(EVALUATE, submission):
        log.info("Evaluating the saved forecaster.")
        evaluated(plan.run, Path(plan.others or plan.posts), settings, folder.evaluation)


def _gpus(gres: str) -> float:
    """Return how many GPUs ``gpu:2`` means; a task may have a share of one."""
    found = re.fullmatch(r"gpu(?::(\d+(?:\.\d+)?))?", gres, re.ASCII)
    number = float(found[1] or 1) if found else 0.0
    if number <= 0 or (number > 1 and not number.is_integer()):
        raise SettingsError(f"gres {gres!r}", "gpu and a number for Ray, as in gpu:1 or gpu:0.5")
    return number
