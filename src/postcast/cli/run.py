"""``postcast run``: from a file of past posts to a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.options import EVERYTHING, Json, takes_settings

Out = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="RUN",
        help="Folder of the run. The same run is continued, another refused.",
        show_default=False,
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", metavar="", help="Replace another run there.")
]


@takes_settings(EVERYTHING)
def run(
    posts: Annotated[
        Path | None,
        typer.Argument(
            metavar="POSTS",
            help="Past posts with their counts: a file, folder or ZIP of any format that postcast "
            "formats lists, or kaggle:OWNER/NAME; - reads standard input. Without it: the "
            "synthetic sample.",
            show_default=False,
        ),
    ] = None,
    *,
    out: Out,
    overwrite: Overwrite = False,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Learn from past posts, test on later ones, and write everything into a run folder.

    Reads and cleans the posts, splits them in time where it can, turns text into vectors,
    trains a classifier with its calibration, scores it beside three baselines on posts that it
    has never seen, and writes forecaster, scorecard, pictures and report.

    Examples
    --------
      postcast run --out RUN                      (the synthetic sample)

      postcast run pins.csv --out RUN             (columns found by their names)

      postcast run posts.csv --text-col caption --count-col likes --out RUN
    """
    from postcast.cli.show import show_run
    from postcast.data.sample import sample_posts
    from postcast.training import train

    source = sample_posts() if posts is None else posts
    show_run(train(source, given, out=out, overwrite=overwrite), out, as_json=json)
