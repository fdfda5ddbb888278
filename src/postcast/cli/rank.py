"""``postcast rank``: several drafts in order, and which of them are too close to call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.draft import Independent, prepared
from postcast.cli.options import READ, Json, Run, takes_settings


@takes_settings(READ, names=("device", "raw_csv"))
def rank(
    run: Run,
    drafts: Annotated[
        Path,
        typer.Argument(
            metavar="DRAFTS", help="Drafts in a file; - is standard input.", show_default=False
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="CSV", help="File to write.", show_default=False),
    ] = None,
    independent: Independent = False,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Put drafts in order, the most promising first, and say which are too close to call.

    Beneath them stands how often such an order was right on posts that the forecaster had never
    seen. Columns are those of the training unless others are given.

    Example:

      postcast rank RUN drafts.csv
    """
    from postcast.cli.show_rank import ranking_csv, ranking_text
    from postcast.cli.terminal import say, say_json
    from postcast.features.assemble import drafts_of_table
    from postcast.files import write_text
    from postcast.rank import rank_drafts
    from postcast.reading import image_root, read_drafts
    from postcast.saved import load
    from postcast.settings import Settings

    settings = Settings.from_mapping(given)
    forecaster = load(run, device=settings.device)
    table = read_drafts(drafts, settings, forecaster)
    columns = drafts_of_table(table, image_root(settings, drafts))
    ranking = rank_drafts(forecaster, prepared(columns, independent=independent))
    if out is not None:
        write_text(out, ranking_csv(ranking, raw=settings.raw_csv))
    if json:
        say_json(ranking.to_dict())
    else:
        say(ranking_text(ranking))
