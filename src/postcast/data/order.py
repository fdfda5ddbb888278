"""What came before what: a clock for all posts, or ids that grow within each account.

Knows time, ids and maturity; knows no text and no count.

A Pinterest id is a 64-bit integer of four fields: two unused bits, 16 bits of shard (46 to
61), 10 bits of type (36 to 45; 1 is a pin) and 36 bits of local id (0 to 35). The shard
serves as an account key, and the local id grows with time within it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from postcast.errors import SettingsError

if TYPE_CHECKING:
    import polars as pl

    from postcast.schema import IntArray, Ordering

SHARD_BIT = 46
TYPE_BIT = 36
TYPE_MASK = 0x3FF

PIN = 1

MICROSECOND = timedelta(microseconds=1)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def order_posts(
    table: pl.DataFrame, ordering: Ordering | None = None
) -> tuple[pl.DataFrame, Ordering]:
    """Give each post its place in time, and Pinterest posts without an author their account.

    Parameters
    ----------
    table : polars.DataFrame
        With ``id``, ``author`` and ``time``.
    ordering : {"time", "id", "none"}, optional
        What ``order`` shall mean, such as in the posts that a forecaster learned from; by
        default time where there is any, else ids where they look like Pinterest's.

    Returns
    -------
    table : polars.DataFrame
        With ``order`` (Int64): microseconds since 1970, or an id's local part, null where a
        post has none; and with ``author`` filled from the shard where no post had one.
    ordering : {"time", "id", "none"}
        What ``order`` means.
    """
    import polars as pl

    pins = _pins(table["id"])
    of_pinterest = _look_like_pins(pins, table["id"].count())
    if of_pinterest and table["author"].null_count() == table.height:
        table = table.with_columns((pins // (1 << SHARD_BIT)).cast(pl.String).alias("author"))
    if ordering is None:
        timed = table["time"].null_count() < table.height
        ordering = "time" if timed else "id" if of_pinterest else "none"
    if ordering == "time":
        order = table["time"].dt.timestamp("us")
    elif ordering == "id":
        order = pins % (1 << TYPE_BIT)
    else:
        order = pl.repeat(None, table.height, dtype=pl.Int64, eager=True)
    return table.with_columns(order.alias("order")), ordering


def _pins(ids: pl.Series) -> pl.Series:
    """Return ids of Pinterest's range as Int64, null for others and where there is none."""
    import polars as pl

    digits = pl.when(pl.col("id").str.contains(r"^[0-9]{14,19}$")).then("id")
    number = digits.cast(pl.Int64, strict=False)
    in_range = pl.when(number > 1 << SHARD_BIT).then(number)
    return ids.alias("id").to_frame().select(in_range.alias("id")).to_series()


def _look_like_pins(pins: pl.Series, n_ids: int) -> bool:
    numbers = pins.drop_nulls().to_numpy()
    types = (numbers >> TYPE_BIT) & TYPE_MASK
    return len(numbers) > 0 and len(numbers) >= 0.99 * n_ids and bool((types == PIN).all())


@dataclass(frozen=True)
class Maturity:
    """How long after publishing a post's count is taken as settled; nothing: at once.

    Parameters
    ----------
    posts : int
        By how many of its author's later posts.
    duration : timedelta
        By how much time.
    """

    posts: int = 0
    duration: timedelta = timedelta(0)


def parse_maturity(text: str) -> Maturity:
    """Read a maturity such as ``0``, ``20`` (posts), ``12h``, ``7d`` or ``2w``.

    Raises
    ------
    SettingsError
        If it is none of these.
    """
    match = re.fullmatch(r"([0-9]{1,6})([hdw]?)", text.strip().lower())
    if match is None:
        raise SettingsError(
            f"maturity {text!r} makes no sense",
            "a number of posts such as 20, or a duration such as 12h, 7d or 2w",
            "choose --maturity",
        )
    number, unit = int(match[1]), match[2]
    return Maturity(duration=number * _UNITS[unit]) if unit else Maturity(posts=number)


def is_forward(
    order: IntArray, author: IntArray, train: IntArray, test: IntArray, ordering: Ordering
) -> bool:
    """Tell whether every test post is newer than all training posts that it compares with.

    Parameters
    ----------
    order, author : ndarray of int, shape (n_posts,)
    train, test : ndarray of int
        Positions.
    ordering : {"time", "id", "none"}
        By time all posts compare, by id those of one author, else none (and it is False).
    """
    if ordering == "none":
        return False
    clock = author if ordering == "id" else np.zeros_like(author)
    return all(
        order[train][clock[train] == one].max() < order[test][clock[test] == one].min()
        for one in np.intersect1d(clock[train], clock[test])
    )
