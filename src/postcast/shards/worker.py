"""What every worker does with its shards, and the command line that starts one.

Whoever starts it: a pool of processes, Slurm, Ray or a person. Knows no engine and no work.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from postcast.errors import ShardError
from postcast.shards.manifest import Manifest
from postcast.shards.results import Result, state_of, write_result
from postcast.wording import counted

log = logging.getLogger(__name__)

PARENT = "POSTCAST_STOP_WITH"
"""The process without which a worker is to stop; of a worker's environment."""


POSTS_TOGETHER = 256
"""With fewer, batches of texts of one length are so small that they cost up to a fifth more."""


@dataclass(frozen=True)
class Done:
    """What a worker did.

    Parameters
    ----------
    made : int
        Shards that it computed.
    present : int
        Shards whose results were there, and whole.
    posts : int
        Posts in those that it computed.
    """

    made: int = 0
    present: int = 0
    posts: int = 0


def do_each(
    manifest: Manifest,
    indices: Iterable[int],
    device: str,
    compute: Callable[[Sequence[int]], Iterable[Result]],
) -> Done:
    """Compute and write the results of some shards, but for those that are there and whole.

    Parameters
    ----------
    manifest : Manifest
    indices : iterable of int
    device : {"cpu", "cuda"}
    compute : callable
        From the numbers of some shards to their results, in order. Shards of few posts come
        several together.
    """
    done, waiting = Done(), []
    for index in indices:
        _check_parent()
        if state_of(manifest, index, device) == "done":
            log.info("Shard %d is done.", index)
            done = Done(done.made, done.present + 1, done.posts)
            continue
        waiting.append(index)
        if sum(manifest.shards[one].n_posts for one in waiting) >= POSTS_TOGETHER:
            done = _do(manifest, waiting, device, compute, done)
            waiting = []
    return _do(manifest, waiting, device, compute, done) if waiting else done


def _do(
    manifest: Manifest,
    waiting: Sequence[int],
    device: str,
    compute: Callable[[Sequence[int]], Iterable[Result]],
    done: Done,
) -> Done:
    for index, result in zip(waiting, compute(waiting), strict=True):
        shard = manifest.shards[index]
        write_result(manifest.result_path(index, device), shard, result)
        log.info("Shard %d: %s.", index, counted(shard.n_posts, "post"))
        done = Done(done.made + 1, done.present, done.posts + shard.n_posts)
    return done


def _check_parent() -> None:
    """Stop where whoever started this worker is gone, and nobody will gather what it does."""
    parent = os.environ.get(PARENT, "")
    if parent.isdigit() and os.getppid() != int(parent):
        raise ShardError("the process that started this worker has ended")


def worker(manifest: Manifest, index: int, of: int, more: Sequence[str] = ()) -> list[str]:
    """Return the arguments of ``postcast`` by which a worker does its part of a manifest.

    Parameters
    ----------
    manifest : Manifest
    index, of : int
        Shards ``index``, ``index + of``, ….
    more : sequence of str
        Options of its own: ``--device``, ``--cache``.
    """
    part = ["--index", str(index), "--of", str(of)]
    return [f"{manifest.work.kind}-shard", "--manifest", str(manifest.path), *part, *more]
