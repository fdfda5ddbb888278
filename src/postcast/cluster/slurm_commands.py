"""Slurm's own commands: sbatch, squeue, scancel. Knows how they answer, and nothing of a run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from postcast.errors import ClusterError

PATIENCE = 120
"""Seconds for an answer of a busy controller."""

NEVER = "DependencyNeverSatisfied"
"""Why a job waits that will never start."""

_WAITING = {"PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"}


@dataclass(frozen=True)
class Queued:
    """A job, or one task of an array, that the scheduler has not finished.

    Parameters
    ----------
    job : str
        The job's id, which all tasks of an array share.
    task : int or None
        The number within its array.
    is_running : bool
        Else it waits.
    reason : str
        Why it waits, in Slurm's word.
    """

    job: str
    task: int | None
    is_running: bool
    reason: str

    @property
    def id(self) -> str:
        """As Slurm's commands take it."""
        return self.job if self.task is None else f"{self.job}_{self.task}"


def sbatch(
    script: Path,
    after: Sequence[str] = (),
    array: str | None = None,
    more: Sequence[str] = (),
) -> str:
    """Submit a script from its own folder, and return the job's id.

    Parameters
    ----------
    script : Path
    after : sequence of str
        Jobs or array tasks that must have ended well before; where one did not, this job goes.
    array : str, optional
        Tasks to run, in place of those that the script names.
    more : sequence of str
        Further options, which win over those of the script.

    Raises
    ------
    ClusterError
        If Slurm refuses it.
    """
    options = ["--parsable", *more]
    if after:
        options += [f"--dependency=afterok:{':'.join(after)}", "--kill-on-invalid-dep=yes"]
    if array is not None:
        options.append(f"--array={array}")
    answer = _run("sbatch", *options, script.name, folder=script.parent)
    return answer.strip().partition(";")[0]  # the cluster's name follows where there are several


def squeue(jobs: Sequence[str]) -> list[Queued]:
    """Return what of some jobs has not ended, each waiting task of an array by itself.

    Raises
    ------
    ClusterError
        If Slurm does not answer.
    """
    if not jobs:
        return []
    # two ids at least: asked for a single one that it has forgotten, squeue fails
    asked = ",".join([*jobs, jobs[0]] if len(jobs) > 1 else [jobs[0], jobs[0]])
    try:
        answer = _run("squeue", "--noheader", "--array", "--format=%F|%K|%T|%r", f"--jobs={asked}")
    except ClusterError as error:
        if "Invalid job id" in str(error):
            return []
        raise
    return parsed(answer)


def parsed(answer: str) -> list[Queued]:
    """Return what `squeue` printed in lines of ``job|task|state|reason``."""
    found = []
    for line in answer.split("\n"):
        if line.count("|") != 3:
            continue
        job, task, state, reason = (part.strip() for part in line.split("|"))
        number = int(task) if task.isdecimal() else None
        found.append(Queued(job, number, state not in _WAITING, reason))
    return found


def scancel(ids: Sequence[str]) -> None:
    """End jobs and array tasks; those that have ended meanwhile are no error.

    Raises
    ------
    ClusterError
        If Slurm does not answer.
    """
    if ids:
        _run("scancel", *ids)


def _run(program: str, *arguments: str, folder: Path | None = None) -> str:
    """Run one of Slurm's commands and return what it printed."""
    path = shutil.which(program)
    if path is None:
        raise ClusterError(
            f"no command {program} here",
            "Slurm's commands on the PATH",
            "run it where jobs are submitted, or give --dry-run and submit the scripts there",
        )
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are ids, numbers and checked words
            [path, *arguments],
            cwd=folder,
            check=False,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"{program} has not answered for {PATIENCE} s") from error
    if done.returncode:
        told = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise ClusterError(f"{program} refused: {told}")
    return done.stdout
