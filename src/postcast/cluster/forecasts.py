"""Many drafts, forecast by an array of Slurm tasks. Knows a manifest, and no forecast."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from postcast.cluster.claim import claimed
from postcast.cluster.resources import Resources
from postcast.cluster.scripts import MOST_TASKS, array, check_folder, filled
from postcast.cluster.slurm_commands import sbatch, scancel, squeue
from postcast.errors import ClusterError, PostcastError
from postcast.files import explaining_os_errors, write_text
from postcast.shards.manifest import Manifest
from postcast.shards.results import states
from postcast.wording import counted

AT_ONCE = 4
"""Tasks at the same time, unless sbatch is told otherwise."""

SUBMISSION = "submission.json"


@dataclass(frozen=True)
class Progress:
    """How far forecasts on a cluster are.

    Parameters
    ----------
    done, shards : int
    jobs : tuple of str
        In the queue; none where all is done, and may be put together here.
    is_new : bool
        Whether they were submitted now.
    """

    done: int
    shards: int
    jobs: tuple[str, ...]
    is_new: bool = False


def submit_forecasts(
    manifest: Manifest, gather: Sequence[str], device: str, options: Sequence[str]
) -> Progress:
    """Submit the shards that are not done, unless they are in the queue already.

    Parameters
    ----------
    manifest : Manifest
        Of drafts.
    gather : sequence of str
        The command line of `postcast` that puts all forecasts together.
    device : str
    options : sequence of str
        For sbatch; they win over what the scripts ask for.

    Raises
    ------
    ClusterError
        If there are more shards than an array takes, or Slurm refuses; then no job is left.
    OutputError
        If the jobs cannot be recorded; then none is left.
    """
    folder = manifest.folder
    check_folder(folder.absolute())
    if len(manifest) > MOST_TASKS:
        n_shards = counted(len(manifest), "shard")
        raise ClusterError(n_shards, f"at most {MOST_TASKS:,}: a task for each")
    with claimed(folder, folder):
        queued = queued_forecasts(manifest)
        if queued is not None:
            return queued
        before = _jobs(folder / SUBMISSION)
        alone = before if len(before) == 1 and squeue(before) else []
        found = states(manifest)  # after the queue: what ends meanwhile is not submitted again
        lacking = [index for index, state in enumerate(found) if state != "done"]
        n_done = len(manifest) - len(lacking)
        if not lacking and not alone:
            return Progress(n_done, len(manifest), ())
        scripts = _write_scripts(manifest, gather, device)
        jobs = _submit(scripts, alone, array(lacking, AT_ONCE), options)
        return Progress(n_done, len(manifest), jobs, is_new=True)


def _submit(
    scripts: tuple[Path, Path], jobs: list[str], tasks: str, options: Sequence[str]
) -> tuple[str, ...]:
    """Submit the array and its gathering, or the latter alone, and record each at once."""
    predict, gather = scripts
    record = predict.with_name(SUBMISSION)
    try:
        if not jobs:
            jobs = [sbatch(predict, (), tasks, options)]
            _record(record, jobs)
        jobs = [*jobs, sbatch(gather, jobs, None, options)]
        _record(record, jobs)
    except PostcastError:
        scancel(jobs)
        record.unlink(missing_ok=True)
        raise
    return tuple(jobs)


def _record(record: Path, jobs: list[str]) -> None:
    write_text(record, json.dumps({"jobs": jobs}) + "\n")


def queued_forecasts(manifest: Manifest) -> Progress | None:
    """Return how far forecasts are that the queue sees to; None where something is to be done.

    An array whose gathering was never submitted, since the command was killed, still lacks that.

    Parameters
    ----------
    manifest : Manifest
        It need not be written.

    Raises
    ------
    ClusterError
        If Slurm does not answer.
    """
    jobs = _jobs(manifest.folder / SUBMISSION)
    queued = squeue(jobs)
    if len(jobs) < 2 or not queued or not manifest.is_written():
        return None
    ids = dict.fromkeys(one.job for one in queued)
    return Progress(states(manifest).count("done"), len(manifest), tuple(ids))


def was_submitted(manifest: Manifest) -> bool:
    """Return whether shards were given to a cluster, by whatever command they were done."""
    return (manifest.folder / SUBMISSION).is_file()


def _write_scripts(manifest: Manifest, gather: Sequence[str], device: str) -> tuple[Path, Path]:
    folder = manifest.folder.absolute()
    with explaining_os_errors(folder):
        (folder / "logs").mkdir(exist_ok=True)
    ask = Resources()
    texts = {
        "predict": filled(
            "predict", ask=ask, cluster=folder, last=len(manifest) - 1, device=device
        ),
        "gather": filled("gather", ask=ask, cluster=folder, command=shlex.join(gather)),
    }
    paths = {name: folder / f"{name}.sbatch" for name in texts}
    for name, text in texts.items():
        write_text(paths[name], text)
    return paths["predict"], paths["gather"]


def _jobs(record: Path) -> list[str]:
    """Return the ids of what was submitted before."""
    try:
        return [str(one) for one in json.loads(record.read_text("utf-8"))["jobs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
