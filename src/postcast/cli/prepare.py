"""``postcast prepare``: from a file of posts to a clean table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.options import READ, Json, takes_settings


@takes_settings(READ, names=("protocol",))
def prepare(
    posts: Annotated[
        Path,
        typer.Argument(
            metavar="POSTS",
            help="A file, folder or ZIP of posts in any format that is read, or kaggle:OWNER/NAME; "
            "- is standard input.",
        ),
    ],
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="posts.parquet",
            help="The clean table; rejected.csv is written beside it.",
            show_default=False,
        ),
    ],
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Read and clean posts, and write them as one Parquet table.

    Nothing is learned here: classes are made in training, from training rows. Each rejected
    row stands in rejected.csv with its reason. Posts without text are no rows to learn from;
    they stay in the table, as their authors' history.

    Example:

      postcast prepare pins.csv --text-col description --text-col title --out posts.parquet
    """
    from postcast.cli.show import show_posts
    from postcast.data.read import write_prepared, write_rejected
    from postcast.files import removing_if_new
    from postcast.reading import read
    from postcast.settings import Settings

    table = read(posts, Settings.from_mapping(given))
    rejected = out.with_name("rejected.csv")
    with removing_if_new(out, rejected):
        write_prepared(table, out)
        write_rejected(table, rejected)
    show_posts(table, as_json=json)
