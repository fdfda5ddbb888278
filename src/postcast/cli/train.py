"""``postcast train``: as ``run``, from posts that are prepared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.options import TRAIN, Json, takes_settings
from postcast.cli.run import Out, Overwrite


@takes_settings(TRAIN, names=("image_root",))
def train(
    posts: Annotated[
        Path, typer.Argument(metavar="POSTS", help="posts.parquet, as `postcast prepare` wrote it.")
    ],
    *,
    out: Out,
    overwrite: Overwrite = False,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Do what `run` does, without reading and cleaning: from a posts.parquet.

    Example:

      postcast prepare pins.csv --out posts.parquet

      postcast train posts.parquet --encoder tfidf --classifier linear --out RUN
    """
    from postcast.cli.show import show_run
    from postcast.data.read import read_prepared
    from postcast.training import train as learn

    forecaster = learn(read_prepared(posts), given, out=out, overwrite=overwrite)
    show_run(forecaster, out, as_json=json)
