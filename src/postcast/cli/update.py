"""``postcast update``: newer posts enter a run's memory; nothing is retrained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.options import READ, Json, Run, takes_settings


@takes_settings(READ)
def update(
    run: Run,
    posts: Annotated[
        Path,
        typer.Argument(
            metavar="POSTS",
            help="Newer posts with their counts; - is standard input.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="NEW_RUN",
            help="New folder for a copy of the run that has learned on; else RUN itself does.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Take newer posts into the memory: history and neighbours draw on them from then on.

    Nothing is retrained, and the scorecard stays that of the training. Posts that stand in the
    memory already are skipped, so that the same file twice changes nothing. Columns are those
    of the training unless others are given.

    Example:

      postcast update RUN newer-posts.csv
    """
    from postcast.cli.show_update import update_text
    from postcast.cli.terminal import say, say_json
    from postcast.reading import read
    from postcast.saved import load
    from postcast.settings import Settings
    from postcast.update import check_free
    from postcast.update import update as take_in

    check_free(out)
    labelled = read(posts, Settings.from_mapping(given), load(run))
    done = take_in(run, labelled, out=out)
    if json:
        say_json(done.to_dict())
    else:
        say(update_text(done))
