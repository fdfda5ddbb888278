"""A leaderboard as a page for people, from its records and the finished picture.

Knows plain values and a template; computes no score and draws nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from postcast.evaluate.leaderboard import OPPONENTS
from postcast.evaluate.leaderboard_text import (
    about,
    against,
    called,
    headline,
    macro_f1_of,
    skipped_sentences,
    title_of,
    verdict,
)
from postcast.evaluate.report import environment
from postcast.evaluate.words import signed

if TYPE_CHECKING:
    from postcast.evaluate.leaderboard import Board, Leaderboard


def render_leaderboard(board: Leaderboard, picture: str) -> str:
    """Return the leaderboard as one HTML page that asks for nothing from elsewhere.

    Parameters
    ----------
    board : Leaderboard
        Escaped here, all of it.
    picture : str
        An ``<svg>`` element from `postcast.evaluate.drawing.svg_text`; taken as it stands.
    """
    from markupsafe import Markup

    return (
        environment()
        .get_template("compare.html.j2")
        .render(
            board=board,
            verdict=verdict(board),
            skipped=skipped_sentences(board),
            overview=_overview(board),
            splits=[_split(one) for one in board.boards],
            # svg_text wrote it from our own drawing and escaped what users gave
            picture=Markup(picture),  # noqa: S704
        )
    )


def _overview(board: Leaderboard) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "cells": [
                {"value": macro_f1_of(one)[name], "best": name == next(iter(one.classifiers))}
                for one in board.boards
            ],
        }
        for name in headline(board).classifiers
    ]


def _split(board: Board) -> Mapping[str, Any]:
    opponents = [name for name in OPPONENTS if name in board.classifiers]
    first = next(iter(board.classifiers.values()))
    return {
        "title": title_of(board),
        "about": about(board),
        "opponents": [called(name) for name in opponents],
        "rows": [
            {
                "name": name,
                "own": one,
                "gaps": [signed(against(one, other)) for other in opponents],
            }
            for name, one in board.classifiers.items()
        ],
        "support": {name: found.support for name, found in first.per_class.items()},
        "what": "forecasts" if first.n_rows > board.n_posts else "posts",
    }
