"""``postcast gather``: the shards' vectors, put together again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from postcast.cli.embed_shard import ManifestPath
from postcast.cli.options import Json, takes_settings
from postcast.errors import SettingsError


@takes_settings()
def gather(
    *,
    manifest: ManifestPath,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder of embeddings.npy, index.parquet and encoder.json.",
            show_default=False,
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache",
            metavar="DIR",
            help="Folder of kept embeddings, from which train and run take them.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Put the vectors of all shards together, and refuse while any is missing.

    What is there is checked against the manifest, result by result. --out writes what `postcast
    embed` writes; --cache puts the vectors where a training finds them.

    Examples
    --------
      postcast gather --manifest SHARDS/manifest.json --out vectors

      postcast gather --manifest SHARDS/manifest.json --cache CACHE
    """
    from postcast.cli.show import show_facts
    from postcast.shards.gather import gather as put_together
    from postcast.shards.manifest import read_manifest

    if out is None and cache is None:
        raise SettingsError("neither --out nor --cache", "one of them, or both")
    show_facts(put_together(read_manifest(manifest), out, cache), as_json=json)
