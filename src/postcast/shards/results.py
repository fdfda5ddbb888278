"""The result of one shard, in a file that tells whether it is whole. Knows no work.

A file is safetensors: one tensor, and beside it the shard, its posts and a checksum.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from postcast.errors import ShardError
from postcast.files import write_bytes
from postcast.wording import agreeing, counted

if TYPE_CHECKING:
    import numpy.typing as npt

    from postcast.shards.manifest import Manifest, Shard

State = Literal["done", "missing", "broken"]

MOST_HEADER = 1 << 20
"""Bytes; a longer header is none of ours."""

BYTES = "U8"

DTYPES = {"F32": "<f4", BYTES: "u1"}
"""What results are made of: vectors, a row a post, and the bytes of tables."""

NAME = "postcast"

NAMED = 8
"""Shards that are told by their numbers where some are missing."""


@dataclass(frozen=True)
class Result:
    """What a worker computed of one shard.

    Parameters
    ----------
    array : ndarray
        Vectors of float32, shape (n_posts, width), or a table's bytes, uint8.
    told : mapping of str to JSON value
        What is to be known of it.
    """

    array: npt.NDArray[Any]
    told: Mapping[str, Any] = field(default_factory=dict)


def write_result(path: Path, shard: Shard, result: Result) -> None:
    """Write a shard's result, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from safetensors.numpy import save

    array = np.ascontiguousarray(result.array)
    told = {
        "shard": shard.sha256,
        "posts": shard.n_posts,
        "sha256": hashlib.sha256(array.data).hexdigest(),
        "told": dict(result.told),
    }
    # under one name: safetensors writes several in an order that changes from time to time
    write_bytes(path, save({"result": array}, {NAME: json.dumps(told)}))


def read_result(path: Path, shard: Shard) -> Result | None:
    """Return a shard's result; None where the file is not whole, or is of another shard.

    Raises
    ------
    OSError
        If there is no file, or it cannot be read.
    """
    data = path.read_bytes()
    try:
        head = _head(data)
        array = np.frombuffer(data, DTYPES[head.dtype], offset=head.start).reshape(head.shape)
        fits = head.is_of(shard)
        fits = fits and head.told["sha256"] == hashlib.sha256(array.data).hexdigest()
        found = Result(array, dict(head.told["told"]))
    except (ValueError, KeyError, TypeError):
        return None
    return found if fits else None


def is_whole(path: Path, shard: Shard) -> bool:
    """Return whether a file holds a shard's result, its checksum computed.

    Raises
    ------
    OSError
        If there is no file, or it cannot be read.
    """
    return read_result(path, shard) is not None


def looks_whole(path: Path, shard: Shard) -> bool:
    """Return whether a file has the header and the length of a shard's result.

    Raises
    ------
    OSError
        If there is no file, or it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(8)
        n_more = int.from_bytes(start, "little")
        data = start + file.read(n_more if n_more < MOST_HEADER else 0)
        n_bytes = os.fstat(file.fileno()).st_size
    try:
        head = _head(data)
        n_values = math.prod(head.shape)
        return head.is_of(shard) and (
            n_bytes == head.start + n_values * np.dtype(DTYPES[head.dtype]).itemsize
        )
    except (ValueError, KeyError, TypeError):
        return False


@dataclass(frozen=True)
class _Head:
    """What a file says of its tensor, and where that begins."""

    told: Mapping[str, Any]
    dtype: str
    shape: Sequence[int]
    start: int

    def is_of(self, shard: Shard) -> bool:
        is_its = self.told["shard"] == shard.sha256 and self.told["posts"] == shard.n_posts
        return is_its and (self.dtype == BYTES or list(self.shape[:1]) == [shard.n_posts])


def _head(data: bytes) -> _Head:
    """Return the head of a file; what is none is a ValueError, KeyError or TypeError."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start]) if start <= MOST_HEADER else {}
    told, tensor = json.loads(header["__metadata__"][NAME]), header["result"]
    return _Head(told, tensor["dtype"], tensor["shape"], start)


Check = Callable[[Path, "Shard"], bool]


def state_of(manifest: Manifest, index: int, device: str, check: Check = is_whole) -> State:
    """Return whether a shard's result from one device is there, and whole.

    Parameters
    ----------
    manifest : Manifest
    index : int
    device : {"cpu", "cuda"}
    check : callable
        `is_whole`, or `looks_whole` where reading all would take too long.
    """
    try:
        fits = check(manifest.result_path(index, device), manifest.shards[index])
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "broken"
    return "done" if fits else "broken"


def states(manifest: Manifest, check: Check = is_whole) -> list[State]:
    """Return of each shard whether its result is done, missing or broken.

    Of results from CPUs and from GPUs those count of which more are done: they are never mixed.
    """
    return _best(manifest, check)[1]


def _best(manifest: Manifest, check: Check = is_whole) -> tuple[str, list[State]]:
    """Return the device on which most was done, and the states of its results."""
    found = {
        device: [state_of(manifest, index, device, check) for index in range(len(manifest))]
        for device in manifest.work.keys
    }
    best = max(found, key=lambda device: found[device].count("done"))
    return best, found[best]


def done_elsewhere(manifest: Manifest, lacking: Sequence[int]) -> tuple[str, str]:
    """Return which shards another device has done than the one whose results count.

    Parameters
    ----------
    manifest : Manifest
    lacking : sequence of int
        Shards without a result of the device that counts.

    Returns
    -------
    told : str
        Which, in words; empty where there are none.
    device : str
        The one that counts, and on which those are to be done; empty where there are none.
    """
    for device in manifest.work.keys:
        which = [index for index in lacking if state_of(manifest, index, device) == "done"]
        for counts in manifest.work.keys:
            if which and counts != device:
                told = f"{_named(which)} done on {device}, others on {counts}: never mixed"
                return f"{agreeing(len(which), 'shard')} {told}", counts
    return "", ""


@dataclass(frozen=True)
class Results:
    """All results of a manifest, of one device, read one by one.

    Parameters
    ----------
    manifest : Manifest
    device : {"cpu", "cuda"}
    """

    manifest: Manifest
    device: str

    def __iter__(self) -> Iterator[Result]:
        return (self.read(index) for index in range(len(self.manifest)))

    def read(self, index: int) -> Result:
        """Return the result of a shard.

        Raises
        ------
        ShardError
            If it is gone or has changed since all were checked.
        """
        path = self.manifest.result_path(index, self.device)
        try:
            found = read_result(path, self.manifest.shards[index])
        except OSError:
            found = None
        if found is None:
            raise ShardError(f"the result of shard {index} has just changed", action="gather again")
        return found


def all_results(manifest: Manifest) -> Results:
    """Return the results of all shards.

    Raises
    ------
    ShardError
        If any is missing or broken; the first are named.
    """
    device, found = _best(manifest)
    lacking = {
        state: [index for index, one in enumerate(found) if one == state]
        for state in ("missing", "broken")
    }
    if not any(lacking.values()):
        return Results(manifest, device)
    told = ", ".join(f"{len(w):,} {state} ({_named(w)})" for state, w in lacking.items() if w)
    every = sorted(index for which in lacking.values() for index in which)
    mixed, device = done_elsewhere(manifest, every)
    raise ShardError(
        f"{len(every):,} of {counted(len(manifest), 'shard')} "
        f"{agreeing(len(every), 'is', 'are')} not done: {told}",
        f"results of one device ({mixed})" if mixed else "",
        f"postcast {manifest.work.kind}-shard --manifest {manifest.path} --index {every[0]}"
        f"{' --device ' * bool(device)}{device}, and so on",
    )


def _named(which: Sequence[int]) -> str:
    return ", ".join(map(str, which[:NAMED])) + (", …" if len(which) > NAMED else "")
