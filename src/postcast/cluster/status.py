"""How far a submitted run is: what files say, and what the scheduler has not finished.

Knows no accounting database: what has ended and left no result has failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from postcast.cluster.claim import owner_of
from postcast.cluster.folder import EMBED, RAY, TRAIN, ClusterFolder, Submission
from postcast.cluster.slurm_commands import NEVER, Queued, squeue
from postcast.shards.results import Check, done_elsewhere, is_whole, looks_whole, states

DONE, RUNNING, WAITING, FAILED, MISSING = "done", "running", "waiting", "failed", "missing"
STATES = (DONE, RUNNING, WAITING, FAILED, MISSING)
"""``failed`` was begun, ``missing`` was not; neither is in the queue, nor has left its result."""

LAST_LINES = 4096
"""Bytes of a log in which its last words are sought."""


@dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Parameters
    ----------
    name : str
    state : str
        One of `STATES`; of several tasks the worst, but for what is still being worked on.
    jobs : tuple of str
        Ids, as submitted.
    why : str
        What a waiting job waits for, or the last words of one that failed.
    log : str
        The log in which those stand.
    """

    name: str
    state: str
    jobs: tuple[str, ...]
    why: str = ""
    log: str = ""


@dataclass(frozen=True)
class Status:
    """A submitted run, now.

    Parameters
    ----------
    submission : Submission
    stages : tuple of Stage
    shards : tuple of str
        The state of each shard; empty where nothing is embedded in shards.
    queue : tuple of Queued
    """

    submission: Submission
    stages: tuple[Stage, ...]
    shards: tuple[str, ...]
    queue: tuple[Queued, ...]

    @property
    def is_finished(self) -> bool:
        """Whether everything is done."""
        return all(stage.state == DONE for stage in self.stages)

    @property
    def is_stuck(self) -> bool:
        """Whether something has failed or is missing, and nobody is at it."""
        return any(stage.state in (FAILED, MISSING) for stage in self.stages) or any(
            state in (FAILED, MISSING) for state in self.shards
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types; shards by their state."""
        shards = {
            state: [index for index, one in enumerate(self.shards) if one == state]
            for state in STATES
        }
        return {
            "engine": self.submission.engine,
            "finished": self.is_finished,
            "stuck": self.is_stuck,
            "stages": [asdict(stage) for stage in self.stages],
            "shards": shards if self.shards else None,
        }


def status(folder: ClusterFolder, check: Check = looks_whole) -> Status:
    """Look at a run's files, and then at the queue for what they lack.

    On Ray there is none: a run is worked on while somebody holds its lock.

    Parameters
    ----------
    folder : ClusterFolder
    check : callable
        Of results: `looks_whole`, which of many shards spares minutes, or `is_whole`, as gathering
        will.

    Raises
    ------
    ClusterError
        If nothing was submitted, or something is not done and Slurm does not answer.
    """
    submission = folder.read()
    if submission.engine == RAY:
        return _waited_for(folder, submission)
    queue = squeue(submission.ids()) if not _all_done(folder, submission) else []
    # after the queue: what left it has its result
    found = _results(folder, check) if submission.shards else []
    shards = _shards(folder, submission, queue, found)
    stages = tuple(_stage(name, folder, submission, queue, shards) for name in submission.stages)
    return Status(submission, stages, shards, tuple(queue))


def _waited_for(folder: ClusterFolder, submission: Submission) -> Status:
    """Return how far a run is that one process waits for: stage after stage, in order."""
    is_at_work = owner_of(folder.path) is not None
    found = _results(folder, looks_whole)
    is_embedded = _are_all_there(found, submission)
    told, left = {}, RUNNING if is_at_work else MISSING
    for name in submission.stages:
        is_done = is_embedded if name == EMBED else folder.is_done(name, submission)
        told[name] = DONE if is_done else left
        left = WAITING if left == RUNNING and not is_done else left
    shards = tuple(
        DONE if index < len(found) and found[index] == DONE else told[EMBED]
        for index in range(submission.shards)
    )
    stages = tuple(Stage(name, state, ()) for name, state in told.items())
    return Status(submission, stages, shards, ())


def all_results_are_there(folder: ClusterFolder, submission: Submission) -> bool:
    """Return whether every shard is done."""
    return _are_all_there(_results(folder, is_whole), submission)


def _are_all_there(found: Sequence[str], submission: Submission) -> bool:
    return len(found) == submission.shards and set(found) == {DONE}


def _results(folder: ClusterFolder, check: Check) -> Sequence[str]:
    """Return the states of the shards' results; none where nothing is divided yet."""
    from postcast.shards.manifest import read_manifest

    if not folder.manifest.is_file():
        return []
    return states(read_manifest(folder.manifest), check)


def _all_done(folder: ClusterFolder, submission: Submission) -> bool:
    return all(folder.is_done(one, submission) for one in submission.stages if one != EMBED)


def _stage(
    name: str,
    folder: ClusterFolder,
    submission: Submission,
    queue: Sequence[Queued],
    shards: Sequence[str],
) -> Stage:
    """Return how far one stage is."""
    if name == EMBED:
        return _embedding(folder, submission, queue, shards)
    jobs = submission.ids(name)
    log = _log_of(folder, name, jobs)
    state = DONE if folder.is_done(name, submission) else _unfinished(queue, jobs, log)
    if state == FAILED and log is not None:
        return Stage(name, state, jobs, _last_words(log), str(log))
    return Stage(name, state, jobs, _waits(queue, jobs) if state == WAITING else "")


def _embedding(
    folder: ClusterFolder,
    submission: Submission,
    queue: Sequence[Queued],
    shards: Sequence[str],
) -> Stage:
    """Return how far the embedding is, and why shards failed while others are worked on."""
    jobs = submission.ids(EMBED)
    state = next((s for s in (RUNNING, FAILED, MISSING, WAITING) if s in shards), DONE)
    why = _mixed(folder, [index for index, s in enumerate(shards) if s in (FAILED, MISSING)])
    bad = next((index for index, s in enumerate(shards) if s == FAILED), None)
    log = None if bad is None else _log_of(folder, EMBED, jobs, bad % submission.tasks)
    if log is not None:
        return Stage(EMBED, state, jobs, why or _last_words(log), str(log))
    return Stage(EMBED, state, jobs, _waits(queue, jobs) if state == WAITING else why)


def _mixed(folder: ClusterFolder, lacking: Sequence[int]) -> str:
    """Return which shards have results of another device, which no job would do again."""
    from postcast.shards.manifest import read_manifest

    if not (lacking and folder.manifest.is_file()):
        return ""
    told, device = done_elsewhere(read_manifest(folder.manifest), lacking)
    where = f"give --device {device} to embed-shard in {folder.script(EMBED)}"
    return f"{told}; {where} and to the training in {folder.script(TRAIN).name}" if told else ""


def _waits(queue: Sequence[Queued], jobs: Sequence[str]) -> str:
    return next((one.reason for one in queue if one.job in jobs and not one.is_running), "")


def _unfinished(
    queue: Sequence[Queued], jobs: Sequence[str], log: Path | None, task: int | None = None
) -> str:
    """Return the state of what has no result."""
    mine = [one for one in queue if one.job in jobs and task in (None, one.task)]
    if any(one.is_running for one in mine):
        return RUNNING
    if any(one.reason != NEVER for one in mine):
        return WAITING
    return MISSING if log is None else FAILED


def _shards(
    folder: ClusterFolder, submission: Submission, queue: Sequence[Queued], found: Sequence[str]
) -> tuple[str, ...]:
    """Return the state of each shard, by its result and, where it has none, by the queue."""
    jobs, told = submission.ids(EMBED), []
    for index in range(submission.shards):
        task = index % submission.tasks
        if index < len(found) and found[index] == "done":
            told.append(DONE)
        else:
            told.append(_unfinished(queue, jobs, _log_of(folder, EMBED, jobs, task), task))
    return tuple(told)


def _log_of(
    folder: ClusterFolder, stage: str, jobs: Sequence[str], task: int | None = None
) -> Path | None:
    """Return the newest log of a stage's jobs, or of one task; None where none was begun."""
    end = "" if task is None else f"_{task}"
    paths = [folder.logs / f"{stage}-{job}{end}.log" for job in reversed(jobs)]
    return next((path for path in paths if path.is_file()), None)


def _last_words(log: Path) -> str:
    """Return the last line of a log, or the error that it tells."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LAST_LINES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    told = [line.strip() for line in lines if line.strip()]
    errors = [line for line in told if line.startswith("postcast: ")]
    return (errors or told or [""])[-1]
