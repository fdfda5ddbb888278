"""Many drafts, divided over workers: the options of ``postcast predict`` and what they start.

Knows typer and the engines; not how a worker forecasts.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postcast.errors import SettingsError

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.settings import Settings
    from postcast.shards import Manifest

LOCAL, RAY = "local", "ray"
ENGINES = (LOCAL, RAY)


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
        "What starts the workers: local, processes of this machine; ray, the tasks of a Ray "
        "cluster that runs. \\[default: local]",
    ),
]
Shards = Annotated[
    int | None,
    _option(
        "--shards", "NUMBER", "Divide POSTS into so many parts. \\[default: as many as --jobs]"
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

    def check(self, posts: Path | None, out: Path | None, *, as_csv: bool) -> Files | None:
        """Return the files of a division, None where none was asked for.

        Raises
        ------
        SettingsError
            If there is nothing that could be divided, or not so.
        """
        if (self.engine, self.shards, self.jobs) == (None, None, None):
            return None
        if self.engine not in (None, *ENGINES):
            raise SettingsError(f"engine {self.engine!r}", f"one of {', '.join(ENGINES)}")
        for name, number in (("shards", self.shards), ("jobs", self.jobs)):
            if number is not None and number < 1:
                raise SettingsError(f"--{name} {number}", "1 or more")
        if posts is None or out is None or not as_csv:
            raise SettingsError(
                "--engine, --shards or --jobs",
                "a file of POSTS and --out FILE, without --json and --format smp",
                "leave them out",
            )
        return Files(posts, out)


def predict_in_bulk(
    bulk: Bulk,
    forecaster: Forecaster,
    asked: tuple[Path, tuple[float, ...] | None],
    files: Files,
    given: Settings,
) -> int:
    """Forecast every row of a file by workers; return how many there were.

    Shards stand beside the file to write until it is written, so that the same command goes on
    where it stopped.

    Parameters
    ----------
    bulk : Bulk
    forecaster : Forecaster
    asked : (Path, tuple of float or None)
        The RUN that it was loaded from, and the thresholds to which it was moved.
    files : Files
    given : Settings
    """
    from postcast.files import check_writable
    from postcast.reading import image_root, read_drafts
    from postcast.shards.predict import Question, make_draft_shards

    check_writable(files.out.parent)
    drafts = read_drafts(files.posts, given, forecaster)
    n_shards = bulk.shards or min(bulk.jobs or (SHARDS if bulk.engine == RAY else 1), drafts.height)
    folder = files.out.with_name(files.out.name + ".shards")
    question = Question(*asked, image_root(given, files.posts))
    manifest = make_draft_shards(drafts, n_shards, folder, question, files.posts.name)
    n_forecasts = _done(manifest, bulk, given, files.out)
    shutil.rmtree(folder, ignore_errors=True)
    return n_forecasts


def _done(manifest: Manifest, bulk: Bulk, given: Settings, out: Path) -> int:
    from postcast.shards.local import run_with_bar
    from postcast.shards.predict import gather_forecasts

    more = ["--device", given.device]
    if bulk.engine == RAY:
        from postcast.cluster.ray import RayTasks, run_on_ray

        run_on_ray(manifest, RayTasks(tasks=bulk.jobs), more)
    else:
        run_with_bar(manifest, bulk.jobs or 1, more)
    return gather_forecasts(manifest, out)
