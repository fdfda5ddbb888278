"""``postcast shard``: from posts to shards that many machines embed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.options import READ, Json, takes_settings


@takes_settings(READ, names=("protocol", "encoder", "pooling", "precision", "cache"))
def shard(
    posts: Annotated[
        Path,
        typer.Argument(
            metavar="POSTS",
            help="posts.parquet, as `postcast prepare` wrote it, or posts in any format that is "
            "read.",
        ),
    ],
    *,
    shards: Annotated[
        int,
        typer.Option("--shards", metavar="NUMBER", help="How many.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Folder to write.", show_default=False),
    ],
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Divide posts into shards, whose texts any number of machines then turn into vectors.

    Writes manifest.json and shards/, Parquet files named after their bytes. What the workers
    need to know of the encoder stands in the manifest. A --cache that may not hold all vectors is
    refused before any machine computes them.

    Example:

      postcast shard posts.parquet --shards 100 --encoder minilm --out SHARDS
    """
    from postcast.cli.show import show_facts
    from postcast.reading import encoder_choice, read_any
    from postcast.settings import Settings
    from postcast.shards.embed import check_cache, make_shards

    settings = Settings.from_mapping(given)
    choice, found = encoder_choice(settings), read_any(posts, settings)
    if "cache" in given and choice.cache is not None:
        check_cache(len(found), choice, choice.cache)
    manifest = make_shards(found, shards, out, choice)
    facts = {
        "manifest": str(manifest.path),
        "shards": len(manifest),
        "posts": manifest.n_posts,
        **manifest.work.asked,
    }
    show_facts(facts, as_json=json)
