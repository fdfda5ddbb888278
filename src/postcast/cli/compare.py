"""``postcast compare``: a leaderboard of classifiers under several splits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.options import READ, Json, takes_settings

SHAPING = (
    "encoder", "image_encoder", "pooling", "precision", "target", "thresholds", "class_weights",
    "prior_correction", "maturity", "seed", "device", "cache",
)  # fmt: skip


@takes_settings(READ, names=SHAPING)
def compare(
    posts: Annotated[
        Path,
        typer.Argument(
            metavar="POSTS",
            help="Past posts with their counts; - is standard input.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder to write.", show_default=False)
    ],
    classifiers: Annotated[
        str | None,
        typer.Option(
            "--classifiers",
            metavar="A,B",
            help="Who is compared: strong, hypergraph, neural, linear, tfidf-linear, reference, "
            "author-median, majority. Without it: all of these that are installed.",
            show_default=False,
        ),
    ] = None,
    splits: Annotated[
        str,
        typer.Option(
            "--splits",
            metavar="A,B",
            help="How the posts are split. \\[default: cv,blocks,chronological,rolling,unseen]",
            show_default=False,
        ),
    ] = "cv,blocks,chronological,rolling,unseen",
    repeats: Annotated[
        int,
        typer.Option(
            "--repeats",
            metavar="NUMBER",
            min=1,
            help="How often cv and blocks draw anew. \\[default: 1]",
            show_default=False,
        ),
    ] = 1,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="NUMBER",
            min=1,
            help="Folds worked on at once; changes no result. Without it: one a core.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Compare classifiers on the same posts under several splits.

    Trains and tests each classifier by cross-validation, on blocks of neighbouring posts, on
    the newest posts (frozen, and online as counts come in), from rolling origins and on authors
    never seen; and writes table, JSON, picture and page, with paired differences to the
    reference and to TF-IDF + linear.

    Examples
    --------
      postcast compare posts.csv --out COMPARED

      postcast compare posts.csv --classifiers strong,tfidf-linear --splits chronological --out C
    """
    from postcast.cli.terminal import say, say_json, say_line
    from postcast.compare import Wanted
    from postcast.compare import compare as look
    from postcast.evaluate.leaderboard_text import leaderboard_text
    from postcast.settings import Settings

    wanted = Wanted(
        classifiers=_names(classifiers or ""),
        splits=_names(splits),
        repeats=repeats,
        jobs=jobs or 0,
    )
    board = look(posts, Settings.from_mapping(given), wanted, out)
    if json:
        say_json(board.to_dict())
        return
    say(leaderboard_text(board))
    say_line(f"Page: {out / 'compare.html'}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
