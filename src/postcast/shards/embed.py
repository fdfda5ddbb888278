"""Shards of texts, and their vectors: divided, embedded, told done from missing.

The worker of every engine: it needs a manifest and the numbers of some shards. Knows no engine.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from postcast.device import DEVICES
from postcast.errors import EncoderError, ShardError
from postcast.features.text import Choice, load_encoder, resolve_name
from postcast.shards import EMBED, Manifest, Work, read_shard, write_shards
from postcast.shards.results import Vectors, read_vectors, write_vectors

if TYPE_CHECKING:
    from postcast.features.transformer.encoder import TransformerEncoder
    from postcast.schema import Posts

log = logging.getLogger(__name__)

State = Literal["done", "missing", "broken"]

COMPUTING = tuple(device for device in DEVICES if device != "auto")


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


def make_shards(posts: Posts, n_shards: int, folder: Path, choice: Choice) -> Manifest:
    """Divide posts into shards whose texts are to be embedded.

    Parameters
    ----------
    posts : Posts
    n_shards : int
    folder : Path
        Gets ``manifest.json`` and ``shards/``; `embed_shards` adds ``results/``.
    choice : Choice
        Its device and cache are this machine's own, and stand in no manifest.

    Raises
    ------
    EncoderError
        If the encoder is ``tfidf``, or cannot be found.
    ShardError
        If there are fewer posts than shards, or others stand there.
    """
    name = resolve_name(choice.name)
    here = Choice(name, choice.pooling, "cpu", choice.cache, choice.precision)
    encoder = pretrained(here)
    if Path(name).expanduser().is_dir():
        name = str(Path(name).expanduser().absolute())
    work = Work(
        EMBED,
        {"encoder": name, "pooling": choice.pooling, "precision": choice.precision},
        {device: encoder.key_on(device) for device in COMPUTING},
    )
    table = posts.table.select("id", "text")
    return write_shards(table, n_shards, folder, work, (posts.source.name, posts.source.sha256))


def pretrained(choice: Choice) -> TransformerEncoder:
    """Return a pretrained encoder; there is nothing to divide of one that learns its words.

    Raises
    ------
    EncoderError
    """
    if resolve_name(choice.name) == "tfidf":
        raise EncoderError(
            "the encoder tfidf in shards",
            "minilm, a hub name or a folder",
            "train in one go: tfidf learns its words from the training posts, and takes seconds",
        )
    encoder: TransformerEncoder = load_encoder(choice)  # type: ignore[assignment]
    return encoder


def embed_shards(
    manifest: Manifest, indices: Iterable[int], device: str = "auto", cache: Path | None = None
) -> Done:
    """Compute the vectors of some shards, but for those that are there and whole.

    Parameters
    ----------
    manifest : Manifest
    indices : iterable of int
    device : {"auto", "cpu", "cuda"}
    cache : Path or None
        Where the encoder's graph is kept.

    Raises
    ------
    EncoderError
        If the encoder cannot be found, or is not the one that the shards were made for.
    ShardError
        If a shard is missing or has changed.
    OutputError
        If a result cannot be written.
    """
    encoder = encoder_of(manifest, device, cache)
    done = Done()
    for index in indices:
        shard, path = manifest.shards[index], manifest.result_path(index, encoder.device)
        if _state(manifest, index, encoder.device) == "done":
            log.info("shard %d is done", index)
            done = Done(done.made, done.present + 1, done.posts)
            continue
        texts = read_shard(manifest, index)["text"].to_list()
        about = {"encoder": encoder.name, **encoder.describe()}
        write_vectors(path, shard, Vectors(encoder.computed(texts), about, encoder.about()))
        log.info("shard %d: %d posts", index, shard.n_posts)
        done = Done(done.made + 1, done.present, done.posts + shard.n_posts)
    return done


def encoder_of(manifest: Manifest, device: str, cache: Path | None) -> TransformerEncoder:
    """Return the encoder that a manifest asks for.

    Raises
    ------
    EncoderError
        If it cannot be found, or its weights are others than those of the manifest.
    ShardError
        If the manifest is of other work.
    """
    if manifest.work.kind != EMBED:
        raise ShardError(f"{manifest.path} divides posts to {manifest.work.kind}", "posts to embed")
    asked = manifest.work.asked
    choice = Choice(asked["encoder"], asked["pooling"], device, cache, asked["precision"])
    encoder = pretrained(choice)
    if encoder.key_on(encoder.device) != manifest.work.keys[encoder.device]:
        raise EncoderError(
            f"the encoder {encoder.name} here has sha256 {encoder.facts.digest[:12]}…",
            "the weights and the postcast that the shards were made for",
            "install the same on every machine, or make the shards again",
        )
    return encoder


def states(manifest: Manifest) -> list[State]:
    """Return of each shard whether its result is done, missing or broken.

    Of results from CPUs and from GPUs those count of which more are done: they are never mixed.
    """
    return best_results(manifest)[1]


def best_results(manifest: Manifest) -> tuple[str, list[State]]:
    """Return the device on which most was done, and the states of its results."""
    found = {
        device: [_state(manifest, index, device) for index in range(len(manifest))]
        for device in manifest.work.keys
    }
    best = max(found, key=lambda device: found[device].count("done"))
    return best, found[best]


def _state(manifest: Manifest, index: int, device: str) -> State:
    try:
        found = read_vectors(manifest.result_path(index, device), manifest.shards[index])
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "broken"
    return "broken" if found is None else "done"
