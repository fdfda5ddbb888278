"""The picture of a leaderboard: macro-F1 of each classifier, a panel for each split.

Knows the leaderboard only; its title is read off its figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from postcast.evaluate.drawing import INK, OWN_COLOUR, QUIET, panels, plain_number, styled
from postcast.evaluate.leaderboard import TFIDF_LINEAR
from postcast.evaluate.leaderboard_text import called, title_of
from postcast.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from postcast.evaluate.leaderboard import Board, Leaderboard

_ROW, _AROUND = 0.24, 0.62  # inches: of a classifier, and of what stands about a panel's rows


def compare(board: Leaderboard) -> Figure:
    """Draw macro-F1 with its interval by classifier, a panel for each split.

    The classifiers stand in one order in every panel: by their mean over the splits.
    """
    names = _order(board)
    note = "synthetic posts" if board.posts["synthetic"] else ""
    with styled():
        height = _AROUND + _ROW * len(names)
        figure, axes = panels(_title(board), len(board.boards), height)
        for one, panel in zip(board.boards, axes, strict=True):
            _panel(panel, one, names)
        low = min(panel.dataLim.x0 for panel in axes)
        high = max(panel.dataLim.x1 for panel in axes)
        for panel in axes:
            panel.set_xlim(low - 0.05 * (high - low), high + 0.05 * (high - low))
            panel.set_yticks(range(len(names)), names)
            panel.set_ylim(len(names) - 0.4, -0.6)
            panel.xaxis.set_major_formatter(plain_number)
            panel.locator_params(axis="x", nbins=5)
        figure.supxlabel(_caption(board, note), x=0.02, ha="left", fontsize=8.5, color=QUIET)
        return figure


def _panel(axes: Axes, board: Board, names: list[str]) -> None:
    rows = board.classifiers
    best = next(iter(rows))
    for place, name in enumerate(names):
        figure = rows[name].macro_f1
        value = figure.value or 0.0
        low = value if figure.low is None else figure.low
        high = value if figure.high is None else figure.high
        axes.plot([low, high], [place, place], color=OWN_COLOUR, linewidth=1.6)
        fill = OWN_COLOUR if name == best else "white"
        axes.plot(
            value, place, "o", color=OWN_COLOUR, markerfacecolor=fill, markersize=6.5, zorder=3
        )
    if "majority" in rows:
        floor = rows["majority"].macro_f1.value or 0.0
        axes.axvline(floor, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    title = f"{title_of(board)} ({counted(board.n_posts, 'post')})"
    axes.set_title(title, loc="left", fontsize=9.5)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")


def _order(board: Leaderboard) -> list[str]:
    names = list(board.boards[0].classifiers)
    mean = {
        name: np.mean([one.classifiers[name].macro_f1.value or 0.0 for one in board.boards])
        for name in names
    }
    return sorted(names, key=lambda name: -mean[name])


def _caption(board: Leaderboard, note: str) -> str:
    has_floor = any("majority" in one.classifiers for one in board.boards)
    parts = ["macro-F1 with 95% interval", "filled: the best"]
    parts += ["dashed: majority"] * has_floor + [note] * bool(note)
    return "; ".join(parts)


def _title(board: Leaderboard) -> str:
    leaders = [next(iter(one.classifiers)) for one in board.boards]
    often = max(dict.fromkeys(leaders), key=leaders.count)
    n, of = leaders.count(often), len(leaders)
    where = "the split" if of == 1 else f"all {of} splits" if n == of else f"{n} of {of} splits"
    lead = f"{called(often)[:1].upper()}{called(often)[1:]} leads under {where}"
    if often == TFIDF_LINEAR or TFIDF_LINEAR not in board.boards[0].classifiers:
        return lead
    clear = 0
    for one in board.boards:
        low = one.classifiers[often].differences[TFIDF_LINEAR]["macro_f1"].low
        clear += low is not None and low > 0
    ahead = {0: "none", of: "all of them" if of > 1 else "it"}.get(clear, f"{clear}")
    return f"{lead}; clearly ahead of {called(TFIDF_LINEAR)} under {ahead}"
