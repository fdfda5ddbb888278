"""``postcast drift``: whether a forecaster still holds on newer posts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.options import READ, Json, Run, takes_settings

NO_LONGER = 1
"""The exit code where the forecaster no longer holds."""


@takes_settings(READ, names=("device",))
def drift(
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
        typer.Option("--out", metavar="DIR", help="Folder to write.", show_default=False),
    ] = None,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Say whether a forecaster still holds on newer posts, and what changed of them.

    Scores and calibration by month, beside the training's test and the best baseline; how
    far texts, authors and the rest have shifted; where the classes would begin now. Exit code 1
    where it no longer holds. Columns are those of the training unless others are given.

    Example:

      postcast drift RUN newer-posts.csv --out drift
    """
    from postcast.cli.terminal import say, say_json, say_line
    from postcast.drift import drift as judge
    from postcast.evaluate.drift_text import drift_text
    from postcast.reading import read
    from postcast.runs.results import check_evaluation_folder, write_drift
    from postcast.saved import load
    from postcast.settings import Settings

    settings = Settings.from_mapping(given)
    if out is not None:
        check_evaluation_folder(out)
    forecaster = load(run, device=settings.device)
    found = judge(forecaster, read(posts, settings, forecaster))
    if out is not None:
        write_drift(out, found)
    if json:
        say_json(found.to_dict())
    else:
        say(drift_text(found).rstrip())
    if out is not None and not json:
        say()
        say_line(f"Page: {out / 'drift.html'}")
    if not found.still_holds:
        raise typer.Exit(NO_LONGER)
