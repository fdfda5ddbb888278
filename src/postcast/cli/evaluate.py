"""``postcast evaluate``: a saved forecaster on other labelled posts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postcast.cli.options import READ, Json, Run, takes_settings

if TYPE_CHECKING:
    from postcast.scorecard import Scorecard
    from postcast.settings import Settings


@takes_settings(READ, names=("device", "raw_csv"))
def evaluate(
    run: Run,
    posts: Annotated[
        Path,
        typer.Argument(
            metavar="POSTS",
            help="Posts with their counts; - is standard input.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to write.", show_default=False)
    ],
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Score a forecaster, beside its baselines, on posts that it did not learn from.

    Posts whose text or image stood in the training are left out, and their number is said.
    Columns are those of the training unless others are given. Writes scorecard, pictures,
    predictions and report.

    Example:

      postcast evaluate RUN newer-pins.csv --out newer
    """
    from postcast.cli.show import show_scorecard
    from postcast.settings import Settings

    card = evaluated(run, posts, Settings.from_mapping(given), out)
    show_scorecard(card, out, as_json=json)


def evaluated(run: Path, posts: Path, settings: Settings, out: Path) -> Scorecard:
    """Score a saved forecaster on posts, write all about it, and return its scorecard."""
    from postcast.features.images.tally import Tally
    from postcast.reading import read
    from postcast.runs.results import Story, check_evaluation_folder, write_evaluation
    from postcast.runs.stages import Stages
    from postcast.saved import load
    from postcast.scoring import score_posts

    stages = Stages()
    check_evaluation_folder(out)
    with stages.measure("read"):
        forecaster = load(run, device=settings.device)
        labelled = read(posts, settings, forecaster)
    with stages.measure("evaluate", len(labelled)):
        tested = score_posts(forecaster, labelled)
    seen = forecaster.senses.images
    images = None if seen is None else Tally.of(seen, tested.drafts.image_paths)
    story = Story(labelled, settings.to_dict(), images=images)
    write_evaluation(out, forecaster, tested, story, stages)
    return tested.scorecard
