"""A run that one process waits for while Ray computes: begun, or gone on with, by one at a time.

Knows its folder and what of it still holds when the same command comes again; no stage's work.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from postcast.cluster.claim import claimed
from postcast.cluster.folder import RAY, TRAIN, ClusterFolder, Submission
from postcast.errors import ClusterError
from postcast.files import removing_if_new, write_text
from postcast.wording import counted


@contextlib.contextmanager
def at_work(run: Path, submission: Submission, settings: str) -> Iterator[ClusterFolder]:
    """Have a run to oneself, recorded as submitted, for as long as it is worked on.

    What a submission of other posts or settings left is made anew, but for shards: those of the
    same texts go on to hold. An error removes what is new until there is something to go on with.

    Parameters
    ----------
    run : Path
    submission : Submission
    settings : str
        As TOML.

    Raises
    ------
    ClusterError
        If another process is at it, or it was submitted to another engine or in other shards.
    OutputError
        If anything else stands in its folder, or that cannot be written.
    """
    folder = ClusterFolder(run.absolute())
    folder.check_free()
    was_there = run.exists()
    kept = folder.manifest if submission.shards else folder.run / "run.json"
    new = (folder.submission, folder.settings, folder.posts, folder.rejected, folder.cache)
    try:
        with claimed(folder.path, run), removing_if_new(*new, unless=kept):
            _record(folder, submission, settings)
            yield folder
    finally:
        with contextlib.suppress(OSError):  # unless they are empty
            folder.path.rmdir()
            if not was_there:
                folder.run.rmdir()


def _record(folder: ClusterFolder, asked: Submission, settings: str) -> None:
    """Write down what is asked for, and remove what was made of something else."""
    scorecard = folder.evaluation / "scorecard.json"
    is_trained = folder.is_done(TRAIN, asked)  # and refuses what is of something else
    if folder.submission.exists():
        before = folder.read()
        _check_goes_on(folder, before, asked)
        if before.others != asked.others:
            scorecard.unlink(missing_ok=True)
        is_same = before.posts == asked.posts and _text(folder.settings) == settings
        if not is_trained and not (is_same and _is_newer(folder.posts, Path(asked.posts))):
            folder.posts.unlink(missing_ok=True)
    if not is_trained:
        write_text(folder.settings, settings)
    folder.write(asked)


def _check_goes_on(folder: ClusterFolder, before: Submission, asked: Submission) -> None:
    if before.engine != RAY:
        raise ClusterError(
            f"{folder.run} was submitted with --engine {before.engine}",
            action="see `postcast status`; `postcast resume` submits what is missing; choose "
            "another --out for another run",
        )
    if before.shards != asked.shards and folder.manifest.is_file():
        raise ClusterError(
            f"{folder.run} was submitted in {counted(before.shards, 'shard')}, "
            f"not in {asked.shards:,}",
            action="give the same command again, or choose another --out",
        )


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


def _is_newer(prepared: Path, posts: Path) -> bool:
    """Return whether posts were prepared after their file was changed."""
    if not (prepared.is_file() and posts.is_file()):
        return prepared.is_file()
    return prepared.stat().st_mtime >= posts.stat().st_mtime
