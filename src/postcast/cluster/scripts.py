"""The batch scripts of a run: templates filled in, so that people can read, change and run them.

Knows what each stage's command line is; submits nothing.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from postcast.cluster.folder import SLURM, ClusterFolder, Submission
from postcast.cluster.resources import Resources
from postcast.errors import ClusterError, SettingsError
from postcast.files import explaining_os_errors, write_text
from postcast.runs.folder import CHECKPOINTS
from postcast.wording import counted

MOST_TASKS = 1000
"""Slurm's own bound of an array is 1001, unless its administrators raised it."""

GIVEN_ELSEWHERE = ("cache",)
"""Settings that the scripts name themselves."""


@dataclass(frozen=True)
class Plan:
    """A run to be computed on a cluster.

    Parameters
    ----------
    posts : str
        A file of posts; prepared where `is_prepared`.
    run : Path
    resources : Resources
    is_prepared : bool
    is_sharded : bool
        Whether texts are embedded in shards, by an array of tasks.
    shards, tasks, at_once : int
        Shards; array tasks that share them; tasks at the same time.
    others : str, optional
        Further posts to evaluate on; else those of the run that it did not learn from.
    settings : mapping
        Of the training, as they were given.
    """

    posts: str
    run: Path
    resources: Resources
    is_prepared: bool
    is_sharded: bool
    shards: int = 8
    tasks: int = 8
    at_once: int = 4
    others: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("shards", "tasks", "at_once"):
            if getattr(self, name) < 1:
                told = name.replace("_", "-")
                raise SettingsError(f"{told} {getattr(self, name)}", "1 or more")
        if self.is_sharded and self.tasks > min(self.shards, MOST_TASKS):
            raise SettingsError(
                f"{counted(self.tasks, 'task')} for {counted(self.shards, 'shard')}",
                f"at most one a shard, and {MOST_TASKS:,}",
                "give fewer --tasks: they share the shards",
            )
        check_folder(self.run.absolute())

    def submission(self) -> Submission:
        """Return what will be submitted, before any job has an id."""
        if not self.is_sharded:
            return Submission(SLURM, 0, 0, 0, (), self.posts, self.others)
        at_once = min(self.at_once, self.tasks)
        return Submission(SLURM, self.shards, self.tasks, at_once, (), self.posts, self.others)


def check_folder(folder: Path) -> None:
    """Refuse a folder whose name Slurm would take for something else.

    Raises
    ------
    SettingsError
    """
    if re.search(r"[%\\]", str(folder)) or not str(folder).isprintable():
        raise SettingsError(
            f"the folder {str(folder)!r}",
            "no line break, % or \\ in its path: Slurm takes them for something else",
            "choose another --out",
        )


def write_scripts(plan: Plan, folder: ClusterFolder) -> list[Path]:
    """Write a run's batch scripts and the settings that they share.

    Returns
    -------
    list of Path
        The scripts, in the order in which they are to be submitted.
    """
    submission = plan.submission()
    with explaining_os_errors(folder.path):
        folder.logs.mkdir(parents=True, exist_ok=True)
    write_text(folder.settings, settings_toml(plan.settings))
    written = []
    for stage in submission.stages:
        write_text(folder.script(stage), script(stage, plan, folder))
        written.append(folder.script(stage))
    return written


def script(stage: str, plan: Plan, folder: ClusterFolder) -> str:
    """Return the batch script of one stage."""
    folder = ClusterFolder(folder.run.absolute())
    submission = plan.submission()
    cache = plan.settings.get("cache")
    return filled(
        stage,
        plan=plan,
        ask=plan.resources,
        submission=submission,
        array=array(range(plan.tasks), submission.at_once),
        name=f"{stage}-{re.sub(r'[^A-Za-z0-9._-]', '_', plan.run.absolute().name)}",
        run=folder.run,
        cluster=folder.path,
        checkpoints=folder.run / CHECKPOINTS,
        cache='"$cluster/cache"' if cache is None else shlex.quote(str(cache)),
        device=plan.settings.get("device"),
    )


def filled(template: str, *, ask: Resources, **values: Any) -> str:
    """Return a template with its values, and those that all scripts share."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - these are no pages
        loader=PackageLoader("postcast.cluster", "sbatch"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = lambda value: shlex.quote(str(value))
    return environment.get_template(f"{template}.sbatch.j2").render(
        ask=ask, here=Path.cwd(), path=None if ask.setup else _folder_of_postcast(), **values
    )


def array(tasks: range | list[int], at_once: int) -> str:
    """Return array tasks as Slurm takes them: ``0-7%4``, ``3,7%4``."""
    if len(tasks) > 1 and list(tasks) == list(range(tasks[0], tasks[-1] + 1)):
        told = f"{tasks[0]}-{tasks[-1]}"
    else:
        told = ",".join(map(str, tasks))
    return f"{told}%{at_once}"


def settings_toml(given: Mapping[str, Any]) -> str:
    """Return the settings that all stages share, as TOML."""
    return toml({k: v for k, v in given.items() if k not in GIVEN_ELSEWHERE})


def toml(values: Mapping[str, Any]) -> str:
    """Return flat settings as TOML, whose strings are JSON's but for one control character."""
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    head = "# What postcast was given, for all of these scripts.\n"
    return head + "".join(line.replace("\x7f", "\\u007f") + "\n" for line in lines)


def _folder_of_postcast() -> Path:
    """Return the folder of the command that is running, for the jobs to find it, too.

    Raises
    ------
    ClusterError
        If there is none.
    """
    beside = Path(sys.executable).parent / "postcast"
    found = str(beside) if beside.is_file() else shutil.which("postcast")
    if found is None:
        raise ClusterError(
            "no command `postcast` beside this Python or on the PATH",
            "one that the jobs can run",
            "give --setup, a line of shell that makes it known",
        )
    return Path(found).absolute().parent
