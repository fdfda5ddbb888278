"""``postcast embed-shard``: the worker that turns the texts of some shards into vectors."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.options import Json, takes_settings

ManifestPath = Annotated[
    Path,
    typer.Option(
        "--manifest", metavar="FILE", help="manifest.json of the shards.", show_default=False
    ),
]
Index = Annotated[
    int,
    typer.Option(
        "--index",
        metavar="NUMBER",
        help="Which shard, from 0; with --of, which task.",
        show_default=False,
    ),
]
Of = Annotated[
    int | None,
    typer.Option(
        "--of",
        metavar="TASKS",
        help="Do shards index, index + TASKS, … with the model loaded once.",
        show_default=False,
    ),
]


@takes_settings(names=("device", "cache"))
def embed_shard(
    *,
    manifest: ManifestPath,
    index: Index,
    of: Of = None,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Turn the texts of one shard, or of every TASKS-th, into vectors.

    A result stands in results/ beside the manifest, named after the shard's bytes, the encoder's
    weights and what shapes its vectors. One that is there and whole is left as it is; several
    workers may do the same shard at once.

    Examples
    --------
      postcast embed-shard --manifest SHARDS/manifest.json --index 3

      postcast embed-shard --manifest SHARDS/manifest.json --index 0 --of 8
    """
    from postcast.cli.show import show_facts
    from postcast.reading import cache_folder
    from postcast.settings import Settings
    from postcast.shards.embed import embed_shards
    from postcast.shards.manifest import read_manifest

    settings, found = Settings.from_mapping(given), read_manifest(manifest)
    done = embed_shards(found, found.stride(index, of), settings.device, cache_folder(settings))
    show_facts(dataclasses.asdict(done), as_json=json)
