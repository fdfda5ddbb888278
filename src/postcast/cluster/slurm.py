"""A run on a Slurm cluster: submitted, taken up again where something is missing, cancelled.

Knows which stage waits for which; what is done is told by `postcast.cluster.status`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from postcast.cluster.claim import claimed, owner_of
from postcast.cluster.folder import EMBED, SLURM, ClusterFolder, Job, Submission
from postcast.cluster.scripts import Plan, array, write_scripts
from postcast.cluster.slurm_commands import NEVER, Queued, sbatch, scancel, squeue
from postcast.cluster.status import DONE, FAILED, MISSING, Status, status
from postcast.errors import ClusterError, PostcastError
from postcast.shards.results import is_whole


def prepare_submission(plan: Plan) -> list[Path]:
    """Write a run's batch scripts and submit nothing.

    Returns
    -------
    list of Path
        The scripts, in the order in which they are to be submitted.

    Raises
    ------
    ClusterError
        If the run was submitted already.
    OutputError
        If anything else stands in its folder, or that cannot be written.
    """
    folder = ClusterFolder(plan.run)
    folder.check_free()
    with claimed(folder.path, folder.run):
        _check_not_submitted(folder)
        return write_scripts(plan, folder)


def submit(plan: Plan) -> Submission:
    """Write a run's batch scripts, and submit each to start when the one before has ended well.

    Raises
    ------
    ClusterError
        If the run was submitted already, or Slurm refuses a script: then no job is left.
    OutputError
        If anything else stands in its folder, or that cannot be written.
    """
    folder, submission = ClusterFolder(plan.run), plan.submission()
    folder.check_free()
    with claimed(folder.path, folder.run):
        _check_not_submitted(folder)
        write_scripts(plan, folder)
        try:
            return _submit_stages(
                folder, submission, _Lost(dict.fromkeys(submission.stages, ()), {})
            )
        except PostcastError:
            scancel(folder.read().ids() if folder.submission.is_file() else ())
            folder.submission.unlink(missing_ok=True)
            raise


def _check_not_submitted(folder: ClusterFolder) -> None:
    if folder.submission.exists():
        submission = folder.read()
        if submission.engine != SLURM:
            raise ClusterError(
                f"{folder.run} was submitted with --engine {submission.engine}",
                action=f"give --engine {submission.engine}, or choose another --out",
            )
        ids = ", ".join(submission.ids()) or "none"
        raise ClusterError(
            f"{folder.run} was submitted already (jobs {ids})",
            action="see `postcast status`; `postcast resume` submits what is missing; choose "
            "another --out for another run",
        )


def _submit_stages(folder: ClusterFolder, submission: Submission, lost: _Lost) -> Submission:
    """Submit stages in their order, each after the one before, and record each at once."""
    before: list[str] = []
    for stage in submission.stages:
        here = list(lost.alive.get(stage, ()))
        if stage in lost.stages:
            tasks = list(lost.stages[stage])
            told = array(tasks, submission.at_once) if tasks else None
            job = Job(stage, sbatch(folder.script(stage), before, told))
            submission = replace(submission, jobs=(*submission.jobs, job))
            _record(folder, submission, job)
            here.append(job.id)
        before = here
    return submission


def _record(folder: ClusterFolder, submission: Submission, job: Job) -> None:
    """Write down what was submitted; a job of which nothing can be written is ended."""
    try:
        folder.write(submission)
    except PostcastError:
        scancel((job.id,))
        raise


def resume(run: Path) -> tuple[Status, Submission]:
    """Submit again what has failed or is missing, and what waits for it.

    Parameters
    ----------
    run : Path

    Returns
    -------
    tuple of Status and Submission
        How far it was, and what is submitted now; the same jobs where nothing is missing.

    Raises
    ------
    ClusterError
        If nothing was submitted, or not to Slurm, or that does not answer.
    """
    folder = ClusterFolder(run)
    _check_is_of_slurm(folder, folder.read())
    with claimed(folder.path, folder.run):
        found = status(folder, is_whole)  # what gathering would refuse is made anew
        lost = _lost(found)
        scancel(lost.stale)
        return found, _submit_stages(folder, found.submission, lost)


@dataclass(frozen=True)
class _Lost:
    """What is to be submitted again, and how it hangs together with what is still there.

    Parameters
    ----------
    stages : mapping of str to list of int
        With the array tasks that are missing; none means as the script has it.
    alive : mapping of str to list of str
        Jobs and array tasks of each stage that are left to end by themselves.
    stale : tuple of str
        Those that wait for what will not come.
    """

    stages: Mapping[str, Sequence[int]]
    alive: Mapping[str, Sequence[str]]
    stale: tuple[str, ...] = ()


def _lost(found: Status) -> _Lost:
    """Return what is lost; whatever waits behind it is lost with it."""
    stages: dict[str, list[int]] = {}
    alive: dict[str, list[str]] = {}
    stale: list[Queued] = []
    for stage in found.stages:
        mine = [one for one in found.queue if one.job in stage.jobs]
        hopeless = [o for o in mine if not o.is_running and (stages or o.reason == NEVER)]
        stale += hopeless
        alive[stage.name] = [one.id for one in mine if one not in hopeless]
        if stage.name == EMBED:
            tasks = _lost_tasks(found, {one.task for one in hopeless})
            if tasks:
                stages[stage.name] = tasks
        elif stage.state != DONE and not alive[stage.name]:
            stages[stage.name] = []
    return _Lost(stages, alive, tuple(one.id for one in stale))


def _lost_tasks(found: Status, hopeless: set[int | None]) -> list[int]:
    """Return the array tasks that must run again."""
    n = found.submission.tasks
    return sorted(
        {
            index % n
            for index, state in enumerate(found.shards)
            if state in (FAILED, MISSING) or (state != DONE and index % n in hopeless)
        }
    )


def cancel(run: Path) -> tuple[str, ...]:
    """End what of a run waits or is running, and return the ids of those jobs.

    Raises
    ------
    ClusterError
        If nothing was submitted, or not to Slurm, or that does not answer.
    """
    folder = ClusterFolder(run)
    submission = folder.read()
    _check_is_of_slurm(folder, submission)
    queue = squeue(submission.ids())
    ids = tuple(dict.fromkeys(one.job for one in queue))
    scancel(ids)
    return ids


def _check_is_of_slurm(folder: ClusterFolder, submission: Submission) -> None:
    """Refuse a run without jobs: one that waits is gone on with, and ended, where it was begun."""
    if submission.engine == SLURM:
        return
    owner = owner_of(folder.path)
    raise ClusterError(
        f"{folder.run} was submitted with --engine {submission.engine}, which leaves no jobs",
        action="nobody is at it; the same `postcast submit` goes on with what is missing"
        if owner is None
        else f"{owner} is at it: Ctrl-C there ends it, and the same `postcast submit` goes on",
    )
