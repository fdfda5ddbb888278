"""The folder of a comparison: its leaderboard, and what a killed one left of it.

Knows no settings and how no split is run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import shutil
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from postcast.evaluate.leaderboard import Board
from postcast.files import explaining_os_errors, write_text
from postcast.wording import visible

if TYPE_CHECKING:
    from pathlib import Path

    from postcast.evaluate.leaderboard import Leaderboard
    from postcast.experiment import Trials

log = logging.getLogger(__name__)

UNFINISHED = "unfinished"
"""The folder of the splits that are done, until all are."""


@dataclass(frozen=True)
class Kept:
    """One split's boards on disk, by which a killed comparison goes on.

    Parameters
    ----------
    path : Path
    key : str
        What they answer; see `question`.
    """

    path: Path
    key: str

    def boards(self) -> list[Board]:
        """Return those of the same question, or none."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self.path.read_text("utf-8"))
            if kept["key"] == self.key:
                log.info("%s was finished before", self.path.stem)
                return [Board.from_dict(one) for one in kept["boards"]]
        return []

    def keep(self, boards: list[Board]) -> list[Board]:
        """Write boards down, and return them."""
        plain = {"key": self.key, "boards": [one.to_dict() for one in boards]}
        write_text(self.path, json.dumps(plain))
        return boards


def question(board: Leaderboard, trials: Trials) -> str:
    """Return a hash of what a split is to answer: settings, posts and versions."""
    settings = {name: v for name, v in board.settings.items() if name not in ("splits", "repeats")}
    asked = (dataclasses.asdict(trials), dict(board.posts), settings, dict(board.versions))
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def write_leaderboard(out: Path, board: Leaderboard) -> None:
    """Write a comparison as JSON, text, picture and page, and drop what its splits had kept."""
    from postcast.evaluate.compare_page import render_leaderboard
    from postcast.evaluate.drawing import save
    from postcast.evaluate.leaderboard_text import leaderboard_text
    from postcast.evaluate.plots_compare import compare as draw

    with explaining_os_errors(out):
        text = json.dumps(board.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        write_text(out / "compare.json", text + "\n")
        write_text(out / "compare.txt", visible(leaderboard_text(board)))
        picture = save(draw(board), "compare", out / "figures")
        write_text(out / "compare.html", render_leaderboard(board, picture))
        shutil.rmtree(out / UNFINISHED, ignore_errors=True)
