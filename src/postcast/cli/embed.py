"""``postcast embed``: from prepared posts to vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.options import Json, takes_settings


@takes_settings(names=("encoder", "pooling", "device", "precision", "jobs", "cache"))
def embed(
    posts: Annotated[
        Path, typer.Argument(metavar="POSTS", help="posts.parquet, as `postcast prepare` wrote it.")
    ],
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to write.", show_default=False)
    ],
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Turn the posts' texts into vectors.

    Writes embeddings.npy (float32, one row a post, in the order of the posts; zeros for a
    post without text), index.parquet (id, row) and encoder.json. tfidf learns its words from
    all the posts given; in a training it learns from the training rows alone.

    Example:

      postcast embed posts.parquet --encoder minilm --out vectors
    """
    from postcast.cli.show import show_facts
    from postcast.data.read import read_prepared
    from postcast.embedding import embed_posts
    from postcast.reading import encoder_choice
    from postcast.settings import Settings

    settings = Settings.from_mapping(given)
    facts = embed_posts(read_prepared(posts), encoder_choice(settings), out, settings.jobs)
    show_facts(facts, as_json=json)
