"""Numbers, plurals and text from elsewhere, as people are shown them.

Knows no post and no forecast. Every message, page and report writes its numbers with these, so
that one number is written in one way: never in scientific notation, and with a noun that agrees.
"""

from __future__ import annotations

import math
import re

FINEST = 0.01
"""Of an amount that is about so much; less is said to be less."""

MOST_DECIMALS = 12


def counted(number: int, noun: str, plural: str = "") -> str:
    """Write a number of things: ``1 row``, ``1,234 rows``.

    Parameters
    ----------
    number : int
    noun : str
        In the singular; of several words the last is counted.
    plural : str, optional
        Where an s at the end does not make it.
    """
    return f"{number:,} {agreeing(number, noun, plural)}"


def agreeing(number: int, noun: str, plural: str = "") -> str:
    """Return a noun, or a verb given as both its forms, as it stands behind a number."""
    return noun if number == 1 else plural or f"{noun}s"


def number_in_words(value: float, digits: int = 4) -> str:
    """Write a number: a whole one in full, another to so many digits or to its unit.

    Examples
    --------
    >>> number_in_words(23_535.760205), number_in_words(12_345_678_901), number_in_words(0.03)
    ('23,536', '12,345,678,901', '0.03')
    """
    if not math.isfinite(value):
        return str(value)
    if value == int(value):
        return f"{value:,.0f}"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    text = f"{value:,.{min(max(decimals, 0), MOST_DECIMALS)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def about_count(expected: float) -> str:
    """Write a count that is expected, as precisely as such a thing is known.

    Examples
    --------
    >>> about_count(4_630.4), about_count(9.51), about_count(0.004)
    ('4,630', '9.5', 'under 0.01')
    """
    if 0 < expected < FINEST:
        return f"under {FINEST}"
    if not math.isfinite(expected) or expected == int(expected) or abs(expected) >= 10:
        return f"{expected:,.0f}"
    return number_in_words(expected, 2)


SIGNIFICANT = 6
"""Digits of an expected count that machines are told; whole counts are told in full."""


def rounded_count(count: float) -> float:
    """Return a count as JSON and CSV hold it: to six digits, a whole number where that is one.

    No expected count is known to more; from 100,000 on it is a whole number.
    """
    if not math.isfinite(count) or count == int(count):
        return int(count) if math.isfinite(count) else count
    decimals = max(SIGNIFICANT - 1 - math.floor(math.log10(abs(count))), 0)
    rounded = round(count, decimals)
    return int(rounded) if rounded == int(rounded) else rounded


_HIDDEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, those of ISO 6429 beyond ASCII too
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of text
    r"\u2028\u2029"  # ends of lines and paragraphs
    r"\u00ad\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # unseen
    r"\ud800-\udfff"  # halves of characters, which are bytes that were no UTF-8
)

_NOT_SHOWN = re.compile(f"[{_HIDDEN}\t]")
_NOT_IN_A_LINE = re.compile(f"[{_HIDDEN}\t\n]")


def visible(text: str) -> str:
    r"""Return text in which nothing moves, colours, hides or turns: that is shown as ``\x1b``.

    Ends of lines stay; in what is to be one line, use `one_line`.
    """
    return _NOT_SHOWN.sub(_escape, text)


def one_line(text: str) -> str:
    r"""Return text of others as one line; what would end it or do more than stand there is escaped.

    Examples
    --------
    >>> one_line("red \x1b[31m\nand a second line")
    'red \\x1b[31m\\nand a second line'
    """
    return _NOT_IN_A_LINE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def json_safe(text: str) -> str:
    r"""Return JSON in which what `visible` would escape is escaped as JSON does, ``\u001b``."""
    return re.sub(f"[{_HIDDEN}]", _escape_json, text)


def _escape_json(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


LOOK_ALIKES = {
    "█": "#", "▉": "#", "▊": "#", "▋": "#", "▌": "#", "▍": "#", "▎": "#", "▏": "#",
    "│": "|", "┃": "|", "─": "-", "━": "-", "╭": "+", "╮": "+", "╰": "+", "╯": "+",
    "▲": "^", "▼": "v", "↑": "^", "↓": "v", "→": "->", "←": "<-",
    "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "…": "...", "·": "*", "•": "*",
    "×": "x", "±": "+/-", "≤": "<=", "≥": ">=", "≈": "~", "°": " degrees", "²": "^2",
    "‘": "'", "’": "'", "“": '"', "”": '"', "\xa0": " ", "\u202f": " ", "\u2009": " ",
}  # fmt: skip
"""Characters that postcast writes, and what stands for each where they cannot be written."""


def in_plain_characters(text: str) -> str:
    r"""Return text in ASCII: a look-alike for what has one, else its number, as ``\xe9``."""
    return "".join(
        sign if sign.isascii() else LOOK_ALIKES.get(sign) or _numbered(sign) for sign in text
    )


def _numbered(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
