"""Lines for a terminal, coloured where it shows colours. Text of others is shown as text.

Knows no forecast.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

RAISES, LOWERS, FAINT = "green", "red", "dim"

UNSHOWN = "\N{REPLACEMENT CHARACTER}"


def open_console() -> Console:
    """Return standard output: in colour on a terminal, unless NO_COLOR says otherwise."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)


def plain(text: str) -> str:
    """Return a text as one line of signs that only stand there: none moves, colours or hides."""
    spaced = " ".join(text.split())
    return "".join(sign if sign.isprintable() else UNSHOWN for sign in spaced)


def fitted(text: str, width: int) -> str:
    """Return a text on so many columns, cut or filled with spaces."""
    from rich.cells import cell_len, set_cell_size

    text = plain(text)
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, width)


def effect_bar(value: float, greatest: float, half: int) -> Text:
    """Return a bar that grows from the middle, to the right for what raises.

    Parameters
    ----------
    value : float
    greatest : float
        The value of a full half.
    half : int
        Columns of a half.
    """
    from rich.text import Text

    length = min(half, round(half * abs(value) / greatest)) if greatest > 0 else 0
    if value < 0:
        return Text.assemble(" " * (half - length), ("█" * length, LOWERS), "│", " " * half)
    return Text.assemble(" " * half, "│", ("█" * length, RAISES), " " * (half - length))
