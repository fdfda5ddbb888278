"""``postcast prepare``: from a file of posts to a clean table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postcast.cli.options import READ, Json, takes_settings

if TYPE_CHECKING:
    from postcast.schema import Posts
    from postcast.settings import Settings


@takes_settings(READ, names=("protocol", "raw_csv"))
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
        Path | None,
        typer.Option(
            "--out",
            metavar="posts.parquet",
            help="The clean table; rejected.csv is written beside it.",
            show_default=False,
        ),
    ] = None,
    explain_columns: Annotated[
        bool,
        typer.Option(
            "--explain-columns",
            help="Print how well each column would do for each role; --out is not needed.",
        ),
    ] = False,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Read and clean posts, and write them as one Parquet table.

    Nothing is learned here: classes are made in training, from training rows. Each rejected
    row stands in rejected.csv with its reason. Posts without text are no rows to learn from;
    they stay in the table, as their authors' history.

    Example:

      postcast prepare pins.csv --text-col description --text-col title --out posts.parquet

      postcast prepare pins.csv --explain-columns
    """
    from postcast.cli.show import show_columns, show_posts
    from postcast.data.read import read_cells
    from postcast.data.roles import candidates
    from postcast.errors import SettingsError
    from postcast.settings import Settings

    settings = Settings.from_mapping(given)
    if explain_columns:
        show_columns(candidates(read_cells(posts, settings.reader)), as_json=json)
    elif out is None:
        raise SettingsError("no --out", "where to write the table", "such as --out posts.parquet")
    else:
        show_posts(prepared(posts, settings, out), as_json=json)


def prepared(posts: Path, settings: Settings, out: Path) -> Posts:
    """Read and clean posts, write them and what was rejected, and return them.

    Beside a device or a pipe no ``rejected.csv`` is written.
    """
    from postcast.data.read import write_prepared, write_rejected
    from postcast.files import is_stream, removing_if_new
    from postcast.reading import read

    table = read(posts, settings, classifiers=())
    if is_stream(out):
        write_prepared(table, out)
        return table
    rejected = out.with_name("rejected.csv")
    with removing_if_new(out, rejected):
        write_prepared(table, out)
        write_rejected(table, rejected, raw_csv=settings.raw_csv)
    return table
