"""Several workers at once on one machine, each a process of its own with its share of the cores.

Knows no work: a worker is a command line.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from postcast.errors import ShardError
from postcast.shards.manifest import Manifest
from postcast.shards.worker import PARENT, worker

SECONDS_BETWEEN_LOOKS = 0.1


class WorkerLostError(ShardError):
    """A worker that ended without a word: killed, or out of memory."""


def run_workers(
    manifest: Manifest, n_workers: int, n_cores: int, more: Sequence[str], look: Callable[[], None]
) -> None:
    """Do all shards of a manifest by several processes, and wait for them.

    Parameters
    ----------
    manifest : Manifest
    n_workers : int
    n_cores : int
        All cores that they may use together; each has its share.
    more : sequence of str
        Options of each.
    look : callable
        Called ten times a second meanwhile.

    Raises
    ------
    ShardError
        If a worker fails, in its own words. The others are stopped; what is done stays.
    """
    n_workers = min(n_workers, len(manifest))
    environment = _environment(max(n_cores // n_workers, 1))
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(_running(worker(manifest, index, n_workers, more), environment))
            for index in range(n_workers)
        ]
        while any(process.poll() is None for process, _ in workers):
            for process, told in workers:
                _check(process, told)
            look()
            time.sleep(SECONDS_BETWEEN_LOOKS)
        for process, told in workers:
            _check(process, told)
    look()


def run_worker(arguments: Sequence[str], n_cores: int) -> None:
    """Run one worker, and wait for it.

    Parameters
    ----------
    arguments : sequence of str
        Of `worker`.
    n_cores : int

    Raises
    ------
    ShardError
        If it fails, in its own words.
    WorkerLostError
        If it was ended by a signal.
    """
    with _running(arguments, _environment(n_cores)) as (process, told):
        process.wait()
        _check(process, told)


@contextlib.contextmanager
def _running(
    arguments: Sequence[str], environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Start a worker, and stop it at the end."""
    with tempfile.TemporaryFile() as told:
        # not from the current folder, whose files may be named as libraries are
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", "postcast", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=told,
            env=environment,
        )
        try:
            yield process, told
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()


def _environment(n_threads: int) -> dict[str, str]:
    """Return a worker's environment: its threads, no bars, and where postcast is."""
    root = Path(__file__).parents[2]
    paths = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    if root.name not in ("site-packages", "dist-packages"):  # found there without being told
        paths.append(str(root))
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
    return {
        **os.environ,
        **dict.fromkeys(threads, str(n_threads)),
        "PYTHONPATH": os.pathsep.join(paths),
        "TQDM_DISABLE": "1",
        PARENT: str(os.getpid()),
    }


def _check(process: subprocess.Popen[bytes], told: IO[bytes]) -> None:
    """Raise in a worker's own words what made it fail."""
    code = process.poll()
    if not code:
        return
    told.seek(0)
    lines = told.read().decode("utf-8", "replace").strip().splitlines()
    if code > 0 and lines:
        raise ShardError(lines[-1].removeprefix("postcast: "))
    raise WorkerLostError(
        f"a worker was ended by signal {-code}" if code < 0 else f"a worker ended with {code}",
        action="if memory ran out, give fewer --jobs; what is done is kept",
    )
