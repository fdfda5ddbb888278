"""Shards done by the machines of a Ray cluster: each task runs a worker's command line.

Knows Ray and the command line; not what a worker computes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postcast.errors import MissingExtraError, SettingsError, ShardError
from postcast.shards.embed import check_cache, make_shards
from postcast.shards.gather import gather
from postcast.shards.manifest import Manifest
from postcast.shards.pool import WorkerLostError, run_worker
from postcast.shards.results import states
from postcast.shards.watch import watched
from postcast.shards.worker import worker
from postcast.wording import counted, number_in_words

if TYPE_CHECKING:
    from postcast.features.text import Choice
    from postcast.schema import Posts

log = logging.getLogger(__name__)

TRIES = 4
"""How often a part is begun whose worker was lost with its machine, or killed."""

SECONDS_BETWEEN_LOOKS = 1.0

SECONDS_TO_ANSWER = 10.0
"""How long a cluster may take to accept a connection."""


@dataclass(frozen=True)
class RayTasks:
    """What is asked of a Ray cluster.

    Parameters
    ----------
    tasks : int or None
        Into how many parts the shards are put, each a worker that loads its model once; None for
        as many as the cluster can run at once.
    cpus : int
        Cores of each.
    gpus : float
        GPUs of each, or a share of one.
    address : str or None
        Of the cluster; None for ``$RAY_ADDRESS``, else the one that runs on this machine.
    instead : str
        What people can do where there is no Ray.
    """

    tasks: int | None = None
    cpus: int = 1
    gpus: float = 0.0
    address: str | None = None
    instead: str = "choose --engine local"


def embed_on_ray(
    posts: Posts, n_shards: int, folder: Path, choice: Choice, asked: RayTasks
) -> Manifest:
    """Embed posts on a Ray cluster into the cache, where a training finds the vectors.

    Where every shard is done already, no cluster is asked for anything.

    Parameters
    ----------
    posts : Posts
    n_shards : int
    folder : Path
        Gets shards and results; every machine sees it under the same path.
    choice : Choice
        Its cache gets the vectors.
    asked : RayTasks

    Raises
    ------
    PostcastError
        As `postcast.shards.embed.make_shards`, `run_on_ray` and `postcast.shards.gather.gather`.
    """
    if choice.cache is not None:
        check_cache(len(posts), choice, choice.cache)
    manifest = make_shards(posts, n_shards, folder, choice)
    where = [] if choice.cache is None else ["--cache", str(choice.cache.absolute())]
    if set(states(manifest)) != {"done"}:
        run_on_ray(manifest, asked, ["--device", choice.device, *where])
    gather(manifest, cache=choice.cache)
    return manifest


@contextlib.contextmanager
def ray_cluster(asked: RayTasks) -> Iterator[None]:
    """Stay connected to a cluster that has what is asked for: found out before long work.

    Raises
    ------
    MissingExtraError
        If Ray is not installed.
    SettingsError
        If no cluster runs, or none of its machines has what a task needs.
    """
    with _connected(asked) as ray:
        _most_at_once(ray, asked)
        yield


def run_on_ray(manifest: Manifest, asked: RayTasks, more: Sequence[str] = ()) -> None:
    """Do all shards of a manifest on a Ray cluster, and wait for them.

    A part whose machine dies is begun again elsewhere, where it passes over what is done.

    Parameters
    ----------
    manifest : Manifest
        In a folder that every machine sees under the same path.
    asked : RayTasks
    more : sequence of str
        Options of each worker.

    Raises
    ------
    MissingExtraError
        If Ray is not installed.
    SettingsError
        If no cluster runs, or none of its machines has what a task needs.
    ShardError
        If a worker fails, in its own words, or is lost again and again.
    """
    with _connected(asked) as ray:
        most = _most_at_once(ray, asked)
        n_tasks = min(asked.tasks or most, len(manifest))
        log.info("Ray: %s, %s at once.", counted(len(manifest), "shard"), f"{n_tasks:,}")
        # Ray's own retries stay off: it would tell of a lost machine only after the last of them
        task = ray.remote(num_cpus=asked.cpus, num_gpus=asked.gpus, max_retries=0)(_work)
        parts = {
            index: worker(manifest.absolute(), index, n_tasks, more) for index in range(n_tasks)
        }
        with watched(manifest) as look:
            _run(ray, lambda index: task.remote(parts[index], asked.cpus), list(parts), look)


def _run(ray: Any, begin: Callable[[int], Any], parts: list[int], look: Callable[[], None]) -> None:
    """Run all parts, and again those that were lost."""
    lost = ray.exceptions.RayError
    tries = dict.fromkeys(parts, 1)
    running = {begin(index): index for index in parts}
    while running:
        ready, _ = ray.wait(list(running), timeout=SECONDS_BETWEEN_LOOKS)
        look()
        for one in ready:
            index = running.pop(one)
            try:
                told = ray.get(one)
            except lost as error:
                told = _Lost(f"{type(error).__name__}")
            if isinstance(told, _Lost):
                if tries[index] == TRIES:
                    raise ShardError(
                        f"task {index} was lost {TRIES} times: {told.why}",
                        action="look at memory and at Ray's logs; what is done is kept",
                    )
                log.warning("Ray: task %d was lost (%s), and begins again", index, told.why)
                tries[index] += 1
                running[begin(index)] = index
            elif told:
                raise ShardError(told)


@dataclass(frozen=True)
class _Lost:
    """Why a part came to no end."""

    why: str


def _work(arguments: list[str], n_cores: int) -> str | _Lost:
    """Run a worker's command line on whatever machine this is; return what it complained of."""
    try:
        run_worker(arguments, n_cores)
    except WorkerLostError as error:
        return _Lost(str(error))
    except ShardError as error:
        return str(error)
    return ""


@contextlib.contextmanager
def _connected(asked: RayTasks) -> Iterator[Any]:
    """Yield Ray, connected to a cluster that runs already."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no network that nobody asked to use
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("--engine ray", "ray", asked.instead) from error
    if ray.is_initialized():
        yield ray
        return
    address = asked.address or os.environ.get("RAY_ADDRESS") or "auto"
    try:
        _knock(address)
        with _same_end_by_signal():
            ray.init(address, namespace="postcast", log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        where = "" if address == "auto" else f" at {address}"
        raise SettingsError(
            f"no Ray cluster answers{where}: {str(error).strip().splitlines()[0]}",
            "one that runs",
            f"start it with `ray start --head`, or {asked.instead}",
        ) from error
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what Ray tells of its machines is no result
            yield ray
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Refuse at once where nobody listens: Ray itself tries for minutes, and is not silent.

    Raises
    ------
    OSError
    """
    found = re.fullmatch(r"(?:ray://)?\[?([^/]+?)\]?:(\d+)", address)
    if found:
        socket.create_connection((found[1], int(found[2])), SECONDS_TO_ANSWER).close()


@contextlib.contextmanager
def _same_end_by_signal() -> Iterator[None]:
    """Put back what SIGTERM does: Ray has it leave as if all had gone well."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _most_at_once(ray: Any, asked: RayTasks) -> int:
    """Return how many tasks the cluster can run at once."""
    found = 0
    for node in ray.nodes():
        if node["Alive"]:
            has = node["Resources"]
            slots = int(has.get("CPU", 0) // asked.cpus)
            found += min(slots, int(has.get("GPU", 0) // asked.gpus)) if asked.gpus else slots
    if not found:
        raise SettingsError(
            f"tasks of {counted(asked.cpus, 'core')} and {number_in_words(asked.gpus)} GPUs",
            "what a machine of the Ray cluster has",
            "ask for less",
        )
    return found
