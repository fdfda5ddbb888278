"""What a text and its hour look like from outside: lengths, signs, share of capitals, time.

Knows no vector and no other post.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from postcast.schema import Block

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
HASHTAG = re.compile(r"(?<!\w)#\w")
MENTION = re.compile(r"(?<!\w)@\w")
FIRST_EMOJI = 0x2600
LATIN_ENDS = 0x250

OF_TEXT = (
    "characters",
    "words",
    "mean word length",
    "hashtags",
    "mentions",
    "links",
    "share of digits",
    "share of capitals",
    "emoji",
    "question marks",
    "exclamation marks",
    "lines",
    "share of other scripts",
    "share of distinct words",
)
OF_TIME = ("hour, sine", "hour, cosine", "weekday, sine", "weekday, cosine")

MICROSECONDS_A_DAY = 86_400_000_000
THURSDAY = 3
"""The weekday of 1 January 1970, counted from Monday."""


def context(texts: Sequence[str], time: IntArray | None) -> Block:
    """Return the context of some posts.

    Parameters
    ----------
    texts : sequence of str, length n_posts
    time : ndarray of int64, shape (n_posts,), or None
        Microseconds since 1970, UTC; negative where not known. None leaves time out.

    Returns
    -------
    Block
        float32, shape (n_posts, 14), or (n_posts, 18) with time.
    """
    rows = np.array([_of_text(text) for text in texts], dtype=np.float32)
    rows = rows.reshape(len(texts), len(OF_TEXT))
    if time is None:
        return Block(rows, OF_TEXT)
    return Block(np.hstack([rows, _of_time(time)]), OF_TEXT + OF_TIME)


def _of_text(text: str) -> list[float]:
    words = text.split()
    letters = max(sum(map(str.isalpha, text)), 1)
    return [
        len(text),
        len(words),
        sum(map(len, words)) / max(len(words), 1),
        len(HASHTAG.findall(text)),
        len(MENTION.findall(text)),
        len(LINK.findall(text)),
        sum(map(str.isdigit, text)) / max(len(text), 1),
        sum(map(str.isupper, text)) / letters,
        sum(ord(sign) >= FIRST_EMOJI and not sign.isalpha() for sign in text),
        text.count("?"),
        text.count("!"),
        text.count("\n") + 1,
        sum(ord(sign) >= LATIN_ENDS and sign.isalpha() for sign in text) / letters,
        len({word.casefold() for word in words}) / max(len(words), 1),
    ]


def _of_time(time: IntArray) -> FloatArray:
    """Return hour and weekday on their circles, shape (n_posts, 4); zeros where not known."""
    days = time / MICROSECONDS_A_DAY
    hour = 2 * np.pi * (days % 1)
    weekday = 2 * np.pi * ((np.floor(days) + THURSDAY) % 7) / 7
    circles = np.stack([np.sin(hour), np.cos(hour), np.sin(weekday), np.cos(weekday)], axis=1)
    return np.where((time >= 0)[:, None], circles, 0.0).astype(np.float32)
