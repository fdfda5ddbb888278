"""What goes to standard output: lines for a terminal, coloured where it shows colours.

Everything that is printed passes here. Text of others is shown as text, and what the output's
encoding lacks is written in plain characters. Knows no forecast.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

from postcast.wording import in_plain_characters, json_safe, one_line, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

RAISES, LOWERS, FAINT = "green", "red", "dim"

FALLBACK = "postcast.plain"
"""The name under which Python finds what stands for a character that an encoding lacks."""


def set_up_outputs() -> None:
    """Let both outputs take every character: one that their encoding lacks becomes a plain one."""
    codecs.register_error(FALLBACK, _in_place_of)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):  # closed, or none of ours
            stream.reconfigure(errors=FALLBACK)  # type: ignore[union-attr]


def _in_place_of(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return in_plain_characters(error.object[error.start : error.end]), error.end


def say(text: str = "") -> None:
    """Print text on standard output; its line breaks stay, and nothing else in it is obeyed."""
    _write(f"{visible(text)}\n")


def say_line(text: str) -> None:
    """Print what is one line, whatever is in it."""
    _write(f"{one_line(text)}\n")


def say_error(message: str) -> None:
    """Print what went wrong on standard error, as the one line that an error is."""
    if sys.stderr is not None:
        sys.stderr.write(f"postcast: {plain(message)}\n")
        sys.stderr.flush()


def say_json(value: Any) -> None:
    """Print JSON: in UTF-8, or in ASCII where the output is of another encoding."""
    text = as_json_text(value)
    if codecs.lookup(getattr(sys.stdout, "encoding", None) or "ascii").name != "utf-8":
        text = json.dumps(value, indent=2, allow_nan=False)
    _write(f"{text}\n")


def say_csv(text: str) -> None:
    """Print CSV: as it is for a program, and so that nothing in it is obeyed on a terminal."""
    is_shown = sys.stdout is not None and sys.stdout.isatty()
    _write(visible(text) if is_shown else text)


def _write(text: str) -> None:
    if sys.stdout is not None:
        sys.stdout.write(text)
        sys.stdout.flush()


def as_json_text(value: Any) -> str:
    """Return JSON in which only what shows as itself stands unescaped."""
    return json_safe(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def open_console() -> Console:
    """Return standard output: in colour on a terminal, unless NO_COLOR says otherwise."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)


def plain(text: str) -> str:
    """Return a text as one line of characters that only stand there: none moves or hides."""
    return one_line(" ".join(text.split()))


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
