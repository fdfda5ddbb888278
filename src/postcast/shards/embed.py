"""Shards of texts, and their vectors: the posts divided, and the worker of every engine.

The worker needs a manifest and the numbers of some shards. Knows no engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from postcast.device import COMPUTING
from postcast.errors import EncoderError
from postcast.features.cache import Cache
from postcast.features.text import Choice, load_encoder, resolve_name
from postcast.features.transformer.arithmetic import ARITHMETICS
from postcast.features.transformer.pretrained import files_of
from postcast.shards.divide import write_shards
from postcast.shards.gather import check_room
from postcast.shards.manifest import EMBED, Manifest, Work, read_shard
from postcast.shards.results import Result
from postcast.shards.worker import Done, do_each

if TYPE_CHECKING:
    from postcast.features.transformer.encoder import TransformerEncoder
    from postcast.schema import Posts


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
    OutputError
        If the folder cannot be written.
    """
    table = posts.table.select("id", "text")
    told = (posts.source.name, posts.source.sha256)
    return write_shards(table, n_shards, folder, embedding_of(choice), told)


def check_cache(n_posts: int, choice: Choice, cache: Path) -> None:
    """Refuse a cache that may not hold the vectors of posts, before they are computed for it.

    The encoder's graph, where it is not there yet, counts as much as the weights.

    Raises
    ------
    EncoderError
        If the encoder is ``tfidf``, or cannot be found.
    OutputError
        If it may not.
    """
    encoder, found = pretrained(choice), Cache(cache)
    files = {} if encoder.origin is None else files_of(encoder.origin)
    graph = sum(path.stat().st_size for path in files.values())
    graph = max(graph, found.n_bytes_of_graphs(encoder.facts.key))
    check_room(n_posts, encoder.facts.width, found, graph)


def embedding_of(choice: Choice) -> Work:
    """Return what is to be done with shards of texts.

    Raises
    ------
    EncoderError
        If the encoder is ``tfidf``, or cannot be found.
    """
    name = resolve_name(choice.name)
    encoder = pretrained(Choice(name, choice.pooling, "cpu", choice.cache, choice.precision))
    if Path(name).expanduser().is_dir():
        name = str(Path(name).expanduser().absolute())
    asked = {"encoder": name, "pooling": choice.pooling, "precision": choice.precision}
    return Work(EMBED, asked, {device: encoder.key_on(device) for device in COMPUTING})


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
        If the manifest is of other work, or a shard is missing or has changed.
    OutputError
        If a result cannot be written.
    """
    manifest.check_kind(EMBED)
    asked = manifest.work.asked
    choice = Choice(asked["encoder"], asked["pooling"], device, cache, asked["precision"])
    encoder = pretrained(choice)
    wanted = manifest.work.keys[encoder.device]
    if encoder.key_on(encoder.device) != wanted:
        _refuse_arithmetic(encoder, wanted)
        raise EncoderError(
            f"the encoder {encoder.name} here has sha256 {encoder.facts.digest[:12]}…",
            "the weights and the postcast that the shards were made for",
            "install the same on every machine, or make the shards again",
        )
    told = {
        "encoder": {"encoder": encoder.name, **encoder.describe()},
        "kept_as": encoder.about(),
    }

    def embed(some: Sequence[int]) -> Iterator[Result]:
        shards = [read_shard(manifest, index)["text"].to_list() for index in some]
        vectors = encoder.computed([text for texts in shards for text in texts])
        ends = np.cumsum([len(texts) for texts in shards])
        return (Result(rows, told) for rows in np.split(vectors, ends[:-1]))

    return do_each(manifest, indices, encoder.device, embed)


def _refuse_arithmetic(encoder: TransformerEncoder, wanted: str) -> None:
    """Refuse to compute on a processor whose arithmetic is another than the shards' own."""
    for arithmetic in ARITHMETICS:
        if encoder.key_of(arithmetic, encoder.device) == wanted:
            raise EncoderError(
                f"precision {encoder.precision} is computed in {encoder.arithmetic} on this "
                f"processor, and in {arithmetic} where the shards were made",
                "one arithmetic for all shards",
                "use processors of one kind, or make the shards again with --precision exact",
            )
