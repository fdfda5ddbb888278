"""Many drafts, divided over workers: the options of ``postcast predict`` and what they start.

Knows typer and the engines; not how a worker forecasts.
"""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postcast.errors import SettingsError
from postcast.files import is_stream

if TYPE_CHECKING:
    from postcast.cluster.forecasts import Progress
    from postcast.forecaster import Forecaster
    from postcast.settings import Settings
    from postcast.shards.manifest import Manifest
    from postcast.shards.predict import Question

LOCAL, SLURM, RAY = "local", "slurm", "ray"
ENGINES = (LOCAL, SLURM, RAY)

SHARDS = 8
"""On a cluster, where no number is given."""


def _option(name: str, metavar: str, text: str) -> Any:
    return typer.Option(
        name, metavar=metavar, help=text, rich_help_panel="Many drafts", show_default=False
    )


Engine = Annotated[
    str | None,
    _option(
        "--engine",
        "|".join(ENGINES),
        "What starts the workers: local, processes of this machine; slurm, the tasks of an array; "
        "ray, those of a Ray cluster that runs. \\[default: local]",
    ),
]
Shards = Annotated[
    int | None,
    _option(
        "--shards",
        "NUMBER",
        "Divide POSTS into so many parts. \\[default: as many as --jobs, on a cluster 8]",
    ),
]
Jobs = Annotated[
    int | None,
    _option(
        "--jobs",
        "NUMBER",
        "Workers: processes, each with its share of the cores \\[default: 1], or tasks of Ray "
        "\\[default: as many as it can run at once].",
    ),
]


Sbatch = Annotated[
    str | None,
    _option(
        "--sbatch",
        "OPTIONS",
        "For Slurm's sbatch, as in '--partition=gpu --mem=32G --time=1:00:00'.",
    ),
]


@dataclass(frozen=True)
class Files:
    """What is read, and what is written."""

    posts: Path
    out: Path


@dataclass(frozen=True)
class Bulk:
    """What stands on the command line about many drafts."""

    engine: str | None
    shards: int | None
    jobs: int | None
    sbatch: str | None = None

    def check(self, posts: Path | None, out: Path | None, *, as_csv: bool) -> Files | None:
        """Return the files of a division, None where none was asked for.

        Raises
        ------
        SettingsError
            If there is nothing that could be divided, or not so.
        """
        if self == Bulk(None, None, None):
            return None
        if self.engine not in (None, *ENGINES):
            raise SettingsError(f"engine {self.engine!r}", f"one of {', '.join(ENGINES)}")
        for name, number in (("shards", self.shards), ("jobs", self.jobs)):
            if number is not None and number < 1:
                raise SettingsError(f"--{name} {number}", "1 or more")
        if self.sbatch is not None and self.engine != SLURM:
            raise SettingsError("--sbatch without Slurm", "--engine slurm", "leave it out")
        if self.engine == SLURM and (self.jobs is not None or str(posts) == "-"):
            raise SettingsError(
                "--jobs or standard input with --engine slurm", "--shards, and a file of POSTS"
            )
        if posts is None or out is None or not as_csv:
            raise SettingsError(
                "--engine, --shards or --jobs",
                "a file of POSTS and --out FILE, without --json and --format smp",
                "leave them out",
            )
        if is_stream(out):
            raise SettingsError(
                f"--engine, --shards or --jobs with --out {out}, a device or pipe",
                "a file: shards stand beside it until it is written",
                "leave them out, or choose another --out",
            )
        return Files(posts, out)


def predict_in_bulk(
    bulk: Bulk,
    forecaster: Forecaster,
    asked: tuple[Path, tuple[float, ...] | None, bool],
    files: Files,
    given: Settings,
) -> int | Progress:
    """Forecast every row of a file by workers; return how many there were.

    Shards stand beside the file to write until it is written, so that the same command goes on
    where it stopped. On a cluster, what is returned is how far that is until all is done, and a
    record stays afterwards, so that the same command does not begin anew.

    Parameters
    ----------
    bulk : Bulk
    forecaster : Forecaster
    asked : (Path, tuple of float or None, bool)
        The RUN that it was loaded from, the thresholds to which it was moved, and whether
        drafts are independent.
    files : Files
    given : Settings
    """
    from postcast.files import check_writable
    from postcast.reading import image_root, read_drafts
    from postcast.shards.predict import (
        Question,
        draft_manifest,
        gather_forecasts,
        make_draft_shards,
    )

    check_writable(files.out.parent)
    drafts = read_drafts(files.posts, given, forecaster)
    default = bulk.jobs or 1 if bulk.engine in (None, LOCAL) else bulk.jobs or SHARDS
    n_shards = bulk.shards or min(default, drafts.height)
    folder = files.out.with_name(files.out.name + ".shards")
    run, thresholds, independent = asked
    question = Question(run, thresholds, image_root(given, files.posts), independent)
    what = (drafts, n_shards, folder, question, files.posts.name)
    if folder.exists():
        before = _before(draft_manifest(*what), bulk, files.out, given)
        if before is not None:
            return before
    manifest = make_draft_shards(*what)
    if bulk.engine == SLURM:
        found = _submit(manifest, bulk, question, files, given)
        if found.jobs:
            return found
    else:
        _compute(manifest, bulk, given)
    n_forecasts = gather_forecasts(manifest, files.out, raw_csv=given.raw_csv)
    _leave(manifest, bulk, (files.out, n_forecasts), given)
    return n_forecasts


def _before(manifest: Manifest, bulk: Bulk, out: Path, given: Settings) -> int | Progress | None:
    """Return what came of the same command before: the file, or jobs that are in the queue."""
    from postcast.cluster.forecasts import queued_forecasts
    from postcast.shards.predict import place_of
    from postcast.shards.written import forget, written_before

    # in this order: a job that ends between the two has written its record
    queued = queued_forecasts(manifest) if bulk.engine == SLURM else None
    n_forecasts = written_before(manifest, place_of(given.device), out, raw_csv=given.raw_csv)
    if n_forecasts is not None:
        return n_forecasts
    if queued is None:
        forget(manifest.folder)
    return queued


def _leave(manifest: Manifest, bulk: Bulk, written: tuple[Path, int], given: Settings) -> None:
    """Remove the shards; of what a cluster was given, a record stays."""
    from postcast.cluster.forecasts import was_submitted
    from postcast.shards.predict import place_of
    from postcast.shards.written import record_written

    if bulk.engine == SLURM or was_submitted(manifest):
        record_written(manifest, place_of(given.device), *written, raw_csv=given.raw_csv)
    else:
        shutil.rmtree(manifest.folder, ignore_errors=True)


def _compute(manifest: Manifest, bulk: Bulk, given: Settings) -> None:
    from postcast.shards.local import run_with_bar

    more = ["--device", given.device]
    if bulk.engine == RAY:
        from postcast.cluster.ray import RayTasks, run_on_ray
        from postcast.shards.predict import place_of

        # Ray hides every GPU from a task that asks for none
        gpus = 1.0 if place_of(given.device) == "cuda" else 0.0
        run_on_ray(manifest, RayTasks(tasks=bulk.jobs, gpus=gpus), more)
    else:
        run_with_bar(manifest, bulk.jobs or 1, more)


def _submit(
    manifest: Manifest, bulk: Bulk, question: Question, files: Files, given: Settings
) -> Progress:
    """Give what is missing to a cluster, with the command that puts it together afterwards."""
    from postcast.cluster.forecasts import submit_forecasts
    from postcast.cluster.scripts import toml
    from postcast.files import write_text
    from postcast.settings import Settings

    usual = Settings().to_dict()
    settings = {k: v for k, v in given.to_dict().items() if v != usual[k]}
    config = manifest.folder.absolute() / "settings.toml"
    write_text(config, toml(settings))
    paths = (question.run, files.posts, files.out)
    run, posts, out = (str(path.absolute()) for path in paths)
    gather = ["predict", run, posts, "--out", out, "--config", str(config)]
    gather += ["--engine", LOCAL, "--shards", str(len(manifest))]
    if question.thresholds is not None:
        gather += ["--thresholds", ",".join(map(str, question.thresholds))]
    try:
        options = shlex.split(bulk.sbatch or "")
    except ValueError as error:
        raise SettingsError(f"--sbatch {bulk.sbatch!r}", "options as a shell takes them") from error
    return submit_forecasts(manifest, gather, given.device, options)
