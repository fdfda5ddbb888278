"""``postcast submit``: a run that a cluster computes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.options import EVERYTHING, Json, takes_settings
from postcast.errors import SettingsError

JOBS = "Jobs"

Posts = Annotated[
    str,
    typer.Argument(
        metavar="POSTS",
        help="Past posts with their counts, or the posts.parquet of `postcast prepare`; where the "
        "jobs can read it.",
        show_default=False,
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine", metavar="slurm", help="Who computes. \\[default: slurm]", show_default=False
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="RUN",
        help="New folder of the run, where the jobs can write it; scripts and logs go into "
        "RUN/cluster.",
        show_default=False,
    ),
]
Others = Annotated[
    str | None,
    typer.Option(
        "--evaluate-on",
        metavar="POSTS",
        help="Further posts for evaluate \\[default: those that the run did not learn from].",
        show_default=False,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", metavar="", help="Write the scripts, submit nothing."),
]


def _job(name: str, metavar: str, text: str) -> Any:
    return typer.Option(name, metavar=metavar, help=text, rich_help_panel=JOBS, show_default=False)


Shards = Annotated[
    int, _job("--shards", "NUMBER", "Parts in which texts are embedded. \\[default: 8]")
]
Tasks = Annotated[
    int | None,
    _job(
        "--tasks",
        "NUMBER",
        "Array tasks that share the shards; each loads the encoder once. \\[default: one a shard]",
    ),
]
AtOnce = Annotated[
    int, _job("--at-once", "NUMBER", "Tasks that may run at the same time. \\[default: 4]")
]
Partition = Annotated[
    str | None, _job("--partition", "NAME", "Of the cluster \\[default: the cluster's own].")
]
Account = Annotated[
    str | None, _job("--account", "NAME", "To be charged \\[default: the user's own].")
]
Gres = Annotated[
    str | None, _job("--gres", "KIND:NUMBER", "As in gpu:1, for the stages embed and train.")
]
Cpus = Annotated[int, _job("--cpus", "NUMBER", "Cores of each job. \\[default: 4]")]
Mem = Annotated[str, _job("--mem", "SIZE", "Memory of each job. \\[default: 16G]")]
Time = Annotated[str, _job("--time", "H:M:S", "Time limit of each job. \\[default: 03:00:00]")]
Setup = Annotated[
    str,
    _job(
        "--setup",
        "SHELL",
        "A line of shell that makes postcast known to a job, as in 'conda activate X' "
        "\\[default: the postcast that submits].",
    ),
]


@takes_settings(EVERYTHING)
def submit(
    posts: Posts,
    *,
    out: Out,
    engine: Engine = "slurm",
    evaluate_on: Others = None,
    dry_run: DryRun = False,
    json: Json = False,
    shards: Shards = 8,
    tasks: Tasks = None,
    at_once: AtOnce = 4,
    partition: Partition = None,
    account: Account = None,
    gres: Gres = None,
    cpus: Cpus = 4,
    mem: Mem = "16G",
    time: Time = "03:00:00",
    setup: Setup = "",
    given: dict[str, Any],
) -> None:
    """Hand a run to a cluster: `postcast run` in stages, with texts embedded in parallel.

    Writes RUN/cluster/prepare.sbatch, embed.sbatch (an array), train.sbatch and evaluate.sbatch,
    and submits each to start when the one before has ended well. The scripts can be read,
    changed and submitted by hand.

    Examples
    --------
      postcast submit pins.csv --out RUN --shards 100 --gres gpu:1 --setup 'conda activate X'

      postcast submit pins.csv --out RUN --dry-run
    """
    from postcast.cli.show_cluster import show_scripts, show_submission
    from postcast.cluster import slurm
    from postcast.cluster.resources import Resources
    from postcast.cluster.scripts import Plan
    from postcast.data.prepared import is_prepared
    from postcast.features.text import resolve_name
    from postcast.settings import Settings

    if engine != "slurm":
        raise SettingsError(f"engine {engine!r}", "slurm")
    settings = Settings.from_mapping(given)
    plan = Plan(
        posts=_for_jobs(posts),
        run=out,
        resources=Resources(partition, account, gres, cpus, mem, time, setup),
        is_prepared=is_prepared(posts),
        is_sharded=resolve_name(settings.encoder) != "tfidf",
        shards=shards,
        tasks=shards if tasks is None else tasks,
        at_once=at_once,
        others=None if evaluate_on is None else _for_jobs(evaluate_on),
        settings=given,
    )
    if dry_run:
        show_scripts(slurm.prepare_submission(plan), as_json=json)
    else:
        show_submission(slurm.submit(plan), out, as_json=json)


def _for_jobs(posts: str) -> str:
    """Return where a job finds posts, whatever folder it starts in."""
    if posts == "-":
        raise SettingsError("standard input as POSTS", "a file", "jobs run later, elsewhere")
    if posts.startswith("kaggle:"):
        return posts
    path = Path(posts).expanduser()
    if not path.exists():
        raise SettingsError(f"no file {posts}", "a file of posts", "check the path")
    return str(path.absolute())
