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
        "cluster can read it.",
        show_default=False,
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="slurm|ray",
        help="Who computes: slurm, which queues a job a stage; ray, a Ray cluster that runs: the "
        "command waits until the run is there. \\[default: slurm]",
        show_default=False,
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="RUN",
        help="New folder of the run, where the cluster can write it; what is the cluster's goes "
        "into RUN/cluster.",
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
    typer.Option("--dry-run", metavar="", help="Write the scripts, submit nothing (slurm)."),
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
        "Tasks that share the shards; each loads the encoder once. \\[default: one a shard; on "
        "ray as many as it can run at once]",
    ),
]
AtOnce = Annotated[
    int | None,
    _job("--at-once", "NUMBER", "Tasks that may run at the same time (slurm). \\[default: 4]"),
]
Partition = Annotated[
    str | None,
    _job("--partition", "NAME", "Of the cluster (slurm) \\[default: the cluster's own]."),
]
Account = Annotated[
    str | None, _job("--account", "NAME", "To be charged (slurm) \\[default: the user's own].")
]
Gres = Annotated[
    str | None,
    _job("--gres", "KIND:NUMBER", "As in gpu:1, for the stages embed and train; on ray of a task."),
]
Cpus = Annotated[
    int | None,
    _job("--cpus", "NUMBER", "Cores of each job, on ray of each task. \\[default: 4, on ray 1]"),
]
Mem = Annotated[str | None, _job("--mem", "SIZE", "Memory of each job (slurm). \\[default: 16G]")]
Time = Annotated[
    str | None, _job("--time", "H:M:S", "Time limit of each job (slurm). \\[default: 03:00:00]")
]
Setup = Annotated[
    str | None,
    _job(
        "--setup",
        "SHELL",
        "A line of shell that makes postcast known to a job, as in 'conda activate X' "
        "(slurm) \\[default: the postcast that submits].",
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
    at_once: AtOnce = None,
    partition: Partition = None,
    account: Account = None,
    gres: Gres = None,
    cpus: Cpus = None,
    mem: Mem = None,
    time: Time = None,
    setup: Setup = None,
    given: dict[str, Any],
) -> None:
    """Hand a run to a cluster: `postcast run` in stages, with texts embedded in parallel.

    On Slurm it writes RUN/cluster/prepare.sbatch, embed.sbatch (an array), train.sbatch and
    evaluate.sbatch, and submits each to start when the one before has ended well. The scripts can
    be read, changed and submitted by hand. On Ray it waits: the cluster embeds, and this machine
    does the rest.

    Examples
    --------
      postcast submit pins.csv --out RUN --shards 100 --gres gpu:1 --setup 'conda activate X'

      postcast submit pins.csv --out RUN --dry-run

      postcast submit pins.csv --out RUN --shards 100 --engine ray
    """
    from postcast.cluster.folder import ENGINES, RAY

    if engine not in ENGINES:
        raise SettingsError(f"engine {engine!r}", f"one of {', '.join(ENGINES)}")
    posts = _for_all_stages(posts)
    others = None if evaluate_on is None else _for_all_stages(evaluate_on)
    queue = _given(
        partition=partition, account=account, mem=mem, time=time, setup=setup, at_once=at_once
    )
    each = _given(cpus=cpus, gres=gres)
    if engine == RAY:
        from postcast.cli.submit_on_ray import RayPlan, submit_on_ray

        _check_has_no_queue({**queue, **_given(dry_run=dry_run or None)})
        submit_on_ray(RayPlan(posts, out, others, shards, tasks, **each), given, as_json=json)
        return
    from postcast.cli.show_cluster import show_scripts, show_submission
    from postcast.cluster import slurm
    from postcast.cluster.resources import Resources
    from postcast.cluster.scripts import Plan
    from postcast.data.prepared import is_prepared
    from postcast.features.text import resolve_name
    from postcast.settings import Settings

    plan = Plan(
        posts=posts,
        run=out,
        at_once=queue.pop("at_once", 4),
        resources=Resources(**each, **queue),
        is_prepared=is_prepared(posts),
        is_sharded=resolve_name(Settings.from_mapping(given).encoder) != "tfidf",
        shards=shards,
        tasks=shards if tasks is None else tasks,
        others=others,
        settings=given,
    )
    if dry_run:
        show_scripts(slurm.prepare_submission(plan), as_json=json)
    else:
        show_submission(slurm.submit(plan), out, as_json=json)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _check_has_no_queue(options: dict[str, Any]) -> None:
    """Refuse what only a queue of jobs knows."""
    if options:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in options)
        raise SettingsError(
            f"{names} with --engine ray", "--engine slurm", "leave it out: Ray has no queue of jobs"
        )


def _for_all_stages(posts: str) -> str:
    """Return where a stage finds posts, whatever folder it starts in."""
    if posts == "-":
        raise SettingsError("standard input as POSTS", "a file", "several stages read it")
    if posts.startswith("kaggle:"):
        return posts
    path = Path(posts).expanduser()
    if not path.exists():
        raise SettingsError(f"no file {posts}", "a file of posts", "check the path")
    return str(path.absolute())
