"""Work that is divided: a manifest, and shards named after their content.

Knows what a shard is and where its result stands; not what is computed of it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from postcast.errors import ShardError
from postcast.version import __version__
from postcast.wording import counted

FORMAT = 1
"""Grows whenever an older postcast could no longer read what this one writes."""

MANIFEST, SHARDS, RESULTS = "manifest.json", "shards", "results"
EMBED, PREDICT = "embed", "predict"
KINDS = (EMBED, PREDICT)


@dataclass(frozen=True)
class Shard:
    """Some neighbouring posts, in a file that is named after its bytes.

    Parameters
    ----------
    sha256 : str
        Of the file's bytes, in hexadecimal.
    n_posts : int
    """

    sha256: str
    n_posts: int


@dataclass(frozen=True)
class Work:
    """What is to be done with each shard.

    Parameters
    ----------
    kind : {"embed", "predict"}
    asked : mapping of str to JSON value
        All that a worker needs to know: of an encoder ``name``, ``pooling``, ``precision``.
    keys : mapping of str to str
        By the device that computes, ``cpu`` or ``cuda``: what differs wherever results may, but
        for the shard itself.
    """

    kind: str
    asked: Mapping[str, Any]
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Manifest:
    """Divided posts, and what is to be done with them.

    Parameters
    ----------
    folder : Path
        Holds ``manifest.json``, ``shards/`` and ``results/``.
    work : Work
    posts : str
        What was divided, for people.
    posts_sha256 : str
        Of what was divided.
    shards : tuple of Shard
        In the order of the posts.
    """

    folder: Path
    work: Work
    posts: str
    posts_sha256: str
    shards: tuple[Shard, ...]

    def __len__(self) -> int:
        return len(self.shards)

    @property
    def n_posts(self) -> int:
        """How many posts all shards hold."""
        return sum(shard.n_posts for shard in self.shards)

    @property
    def path(self) -> Path:
        """The file that `read_manifest` reads."""
        return self.folder / MANIFEST

    def absolute(self) -> Manifest:
        """Return the same manifest by a path that holds in any folder."""
        return dataclasses.replace(self, folder=self.folder.absolute())

    def shard_path(self, index: int) -> Path:
        """Return the file of a shard."""
        return self.path_of(self.shards[index].sha256)

    def path_of(self, sha256: str) -> Path:
        """Return the file of a shard, or of what stands among them."""
        return self.folder / SHARDS / f"{sha256}.parquet"

    def result_path(self, index: int, device: str) -> Path:
        """Return where the result of a shard stands that was computed on ``cpu`` or ``cuda``."""
        told = f"{self.shards[index].sha256} {self.work.keys[device]}"
        name = hashlib.sha256(told.encode()).hexdigest()
        return self.folder / RESULTS / f"{name}.safetensors"

    def check_kind(self, kind: str) -> None:
        """Refuse a manifest of other work.

        Raises
        ------
        ShardError
        """
        if self.work.kind != kind:
            raise ShardError(
                f"{self.path} divides posts to {self.work.kind}",
                f"posts to {kind}",
                f"use postcast {self.work.kind}-shard",
            )

    def is_written(self) -> bool:
        """Return whether these very shards stand in the folder, and no others.

        Raises
        ------
        ShardError
            If those that stand there cannot be known.
        """
        return self.path.is_file() and read_manifest(self.path) == self

    def stride(self, index: int, of: int | None = None) -> range:
        """Return the shards of one task: one alone, or ``index``, ``index + of``, ….

        Raises
        ------
        ShardError
            If there is no such shard or task.
        """
        last = len(self) - 1 if of is None else of - 1
        if of is not None and of < 1:
            raise ShardError(f"--of {of}", "1 or more tasks")
        if not 0 <= index <= last:
            what = counted(len(self), "shard") if of is None else counted(of, "task")
            raise ShardError(f"--index {index} of {what}", f"0 to {last}")
        return range(index, index + 1) if of is None else range(index, len(self), of)

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in ``manifest.json``."""
        return {
            "format": FORMAT,
            "created_with": f"postcast {__version__}",
            **dataclasses.asdict(self.work),
            "posts": self.posts,
            "posts_sha256": self.posts_sha256,
            "n_posts": self.n_posts,
            "shards": [dataclasses.asdict(shard) for shard in self.shards],
        }


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_manifest(path: str | Path) -> Manifest:
    """Return the manifest in a file.

    Raises
    ------
    ShardError
        If it is missing, broken, or of a newer postcast.
    """
    path = Path(path)
    path = path / MANIFEST if path.is_dir() else path
    try:
        told = dict(json.loads(path.read_text("utf-8")))
        version = int(told["format"])
        if version <= FORMAT:
            return _manifest_from(path.parent, told)
    except OSError as error:
        raise ShardError(
            f"cannot read {path}: {error.strerror}",
            "the manifest.json that `postcast shard` wrote",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ShardError(
            f"{path} is broken", "the manifest that `postcast shard` wrote", "make the shards again"
        ) from error
    raise ShardError(
        f"{path} has format {version}",
        f"at most {FORMAT}",
        "install the newer postcast that wrote it: pip install --upgrade postcast",
    )


def _manifest_from(folder: Path, told: Mapping[str, Any]) -> Manifest:
    """Rebuild a manifest; what does not fit is a ValueError, KeyError or TypeError."""
    work = Work(told["kind"], dict(told["asked"]), dict(told["keys"]))
    shards = tuple(Shard(str(one["sha256"]), int(one["n_posts"])) for one in told["shards"])
    if work.kind not in KINDS or not shards or not work.keys:
        raise ValueError(work.kind)
    if any(not _SHA256.fullmatch(shard.sha256) for shard in shards):
        raise ValueError("a name that is no SHA-256")  # lest it lead out of the folder
    return Manifest(folder, work, str(told["posts"]), str(told["posts_sha256"]), shards)


_SHA256 = re.compile("[0-9a-f]{64}")


def read_shard(manifest: Manifest, index: int) -> pl.DataFrame:
    """Return the posts of a shard.

    Raises
    ------
    ShardError
        If its file is missing, or its bytes are not those of its name.
    """
    return read_table(manifest, manifest.shards[index].sha256, f"shard {index}")


def read_table(manifest: Manifest, sha256: str, what: str) -> pl.DataFrame:
    """Return the table in a file that stands among the shards.

    Parameters
    ----------
    manifest : Manifest
    sha256 : str
    what : str
        It, for people.

    Raises
    ------
    ShardError
        If it is missing, or its bytes are not those of its name.
    """
    path = manifest.path_of(sha256)
    again = f"make the shards of {manifest.posts} again"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ShardError(
            f"{what} cannot be read: {path}: {error.strerror}", action=again
        ) from error
    found = sha256_of(data)
    if found != sha256:
        raise ShardError(
            f"{what} has changed: {path} has sha256 {found[:12]}…", "that of its name", again
        )
    return pl.read_parquet(io.BytesIO(data))
