"""How submitted runs are worded in a terminal. Computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from postcast.cli.terminal import say, say_json, say_line
from postcast.cluster.folder import EMBED, RAY
from postcast.cluster.status import STATES, WAITING
from postcast.wording import agreeing, counted

if TYPE_CHECKING:
    from postcast.cluster.folder import Submission
    from postcast.cluster.status import Stage, Status

NAMED = 12
"""Shards that are told by their numbers."""


def show_scripts(scripts: Sequence[Path], *, as_json: bool) -> None:
    """Print which scripts were written, and how to submit them by hand."""
    if as_json:
        say_json({"scripts": [str(one) for one in scripts], "jobs": []})
        return
    say("Written, and not submitted:\n")
    for one in scripts:
        say_line(f"  {_shown(one)}")
    say("\nBy hand, in that folder, each when the one before is done:\n")
    for one in scripts:
        say_line(f"  sbatch {one.name}")


def show_submission(submission: Submission, run: Path, *, as_json: bool) -> None:
    """Print the ids of the jobs."""
    if as_json:
        say_json(submission.to_dict())
        return
    for job in submission.jobs:
        say_line(f"{job.stage:<8}  job {job.id}{_parts(submission, job.stage)}")
    say()
    say_line(f"How far it is: postcast status {run}")


def _parts(submission: Submission, stage: str) -> str:
    if stage != EMBED:
        return ""
    return (
        f": {counted(submission.shards, 'shard')} in {counted(submission.tasks, 'task')}, "
        f"{submission.at_once:,} at once"
    )


def show_status(found: Status, run: Path, *, as_json: bool) -> None:
    """Print how far each stage is, and what has failed."""
    if as_json:
        say_json(found.to_dict())
        return
    for stage in found.stages:
        told = _counts(found) if stage.name == EMBED else stage.state
        if stage.state == WAITING and stage.why:
            told += f" ({stage.why})"
        jobs = "" if found.submission.engine == RAY else _jobs(stage)
        say_line(f"{stage.name:<8}  {told:<40}  {jobs}".rstrip())
    for stage in found.stages:
        if stage.why and stage.state != WAITING:
            say()
            say_line(f"{stage.name} failed: {stage.why}")
            if stage.log:
                say_line(f"  {stage.log}")
    if found.is_finished:
        say()
        say_line(f"Done: {run / 'report.html'}")
    elif found.is_stuck and found.submission.engine == RAY:
        say("\nNobody is at it. To go on: the same `postcast submit` again")
    elif found.is_stuck:
        say()
        say_line(f"What has failed or is missing: postcast resume {run}")


def _jobs(stage: Stage) -> str:
    return f"{agreeing(len(stage.jobs), 'job')} {', '.join(stage.jobs)}" if stage.jobs else "no job"


def _counts(found: Status) -> str:
    """Return how many shards are in which state, those that failed or are missing by number."""
    told = []
    for state in STATES:
        which = [index for index, one in enumerate(found.shards) if one == state]
        if which:
            numbers = ", ".join(map(str, which[:NAMED])) + ", …" * (len(which) > NAMED)
            named = f" ({agreeing(len(which), 'shard')} {numbers})"
            told.append(f"{len(which):,} {state}" + named * (state in STATES[-2:]))
    return ", ".join(told)


def show_resumed(found: Status, submission: Submission, run: Path, *, as_json: bool) -> None:
    """Print what was submitted again."""
    new = submission.jobs[len(found.submission.jobs) :]
    if as_json:
        say_json({"jobs": [{"stage": one.stage, "id": one.id} for one in new]})
        return
    for job in new:
        say_line(f"{job.stage:<8}  job {job.id}")
    if not new:
        left = "everything is done" if found.is_finished else "its jobs wait or are running"
        say_line(f"Nothing is missing: {left}")
    else:
        say()
        say_line(f"How far it is: postcast status {run}")


def show_cancelled(ids: Sequence[str], run: Path, *, as_json: bool) -> None:
    """Print which jobs were ended."""
    if as_json:
        say_json({"cancelled": list(ids)})
    elif ids:
        jobs = f"{agreeing(len(ids), 'job')} {', '.join(ids)}"
        say_line(f"Cancelled {jobs}. To go on: postcast resume {run}")
    else:
        say("No job of it waits or is running")


def _shown(path: Path) -> str:
    """Return a path from the working folder on, where it is beneath it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
