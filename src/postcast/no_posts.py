"""What is kept of posts where none may be told: no text, no name and no id.

Knows tables of posts and forecasters; reads no settings and writes no file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from postcast.features.tfidf import TfidfEncoder
from postcast.schema import IMAGE_PRINT

if TYPE_CHECKING:
    from postcast.features.assemble import Drafts
    from postcast.features.disguise import Disguise
    from postcast.features.text import TextEncoder
    from postcast.forecaster import Forecaster
    from postcast.schema import Posts


def without_ids(posts: Posts, disguise: Disguise) -> Posts:
    """Return posts to learn from that go by their row, with nothing of ids left in their order.

    Parameters
    ----------
    posts : Posts
        Where ids order them, each is moved a little; see `Disguise.orders`.
    disguise : Disguise
    """
    table = posts.table.with_columns(pl.col("row").cast(pl.String).alias("id"))
    if posts.source.ordering == "id":
        known = table.filter(pl.col("order").is_not_null())
        moved = disguise.orders(known["order"].to_numpy(), known["author"].to_list())
        orders = known.select("row", pl.Series("order", moved))
        table = table.update(orders, on="row")
    return replace(posts, table=table)


def hidden_posts(posts: Posts, disguise: Disguise) -> Posts:
    """Return a table of the same posts without what they say and show, and whose they are.

    Parameters
    ----------
    posts : Posts
        Without ids; see `without_ids`.
    disguise : Disguise
        Gives each author a digest for a name.
    """
    nothing = [pl.lit(None, pl.String).alias(name) for name in ("title", "category", "image")]
    authors = [name and disguise.name(name) for name in posts.table["author"]]
    table = posts.table.drop(IMAGE_PRINT, strict=False).with_columns(
        pl.Series("author", authors, dtype=pl.String),
        pl.lit("").alias("text"),
        pl.lit("").alias("tags"),
        *nothing,
    )
    rejected = posts.rejected.with_columns(
        pl.col("row").cast(pl.String).alias("id"), pl.lit("").alias("value")
    )
    return replace(posts, table=table, rejected=rejected)


def hidden_names(drafts: Drafts, disguise: Disguise) -> Drafts:
    """Return posts without ids whose authors go by a digest."""
    authors = [None if name is None else disguise.name(name) for name in drafts.authors]
    return replace(drafts, authors=authors)


def hidden(forecaster: Forecaster, disguise: Disguise) -> Forecaster:
    """Return a forecaster that gives the same answers and tells no post, its baselines too."""
    bank = forecaster.bank.hidden(disguise)
    baselines = {
        name: replace(one, senses=replace(one.senses, encoders=_encoders(one, disguise), bank=bank))
        for name, one in forecaster.baselines.items()
    }
    senses = replace(forecaster.senses, encoders=_encoders(forecaster, disguise), bank=bank)
    return replace(forecaster, senses=senses, baselines=baselines)


def _encoders(forecaster: Forecaster, disguise: Disguise) -> dict[str, TextEncoder]:
    return {
        block: one.hidden(disguise) if isinstance(one, TfidfEncoder) else one
        for block, one in forecaster.senses.encoders.items()
    }
