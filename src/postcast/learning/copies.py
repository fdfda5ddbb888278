"""Which posts are copies of one another: of the same text or nearly, or of the same image.

Knows the columns of a table of posts and the files of its images; splits nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from postcast.features.assemble import placed
from postcast.features.digests import Digests
from postcast.features.images.same import digests_of, image_prints, same_images
from postcast.grouping import joined
from postcast.schema import IMAGE_PRINT

if TYPE_CHECKING:
    from postcast.schema import IntArray, Posts

SAME_IMAGE = "same_image"
"""The column of a table whose posts are known to share images."""

OF_FILES = (SAME_IMAGE, IMAGE_PRINT)


def with_images_known(posts: Posts, memory: Digests | None = None) -> Posts:
    """Return posts of which it is known what their image files hold, and which hold the same.

    Parameters
    ----------
    posts : Posts
        Returned as they are where that is known.
    memory : Digests, optional
        Of the files; without it each is read anew.
    """
    if posts.images_sha256 is not None:
        return posts
    paths = placed(posts.table["image"].to_list(), posts.source.image_root)
    if paths is None:
        return replace(posts, images_sha256="")
    digests = digests_of(paths, memory or Digests(None))
    table, same = posts.table.drop(*OF_FILES, strict=False), same_images(paths, digests)
    if (same >= 0).any():
        table = table.with_columns(pl.Series(SAME_IMAGE, same))
    if any(digests):
        prints = pl.Series(IMAGE_PRINT, image_prints(digests), dtype=pl.String)
        table = table.with_columns(prints)
    return replace(posts, table=table, images_sha256=_digest(digests) if any(digests) else "")


def without_images(posts: Posts) -> Posts:
    """Return posts of whose images nothing is known, nor to be found out."""
    return replace(posts, table=posts.table.drop(*OF_FILES, strict=False), images_sha256="")


def _digest(digests: Sequence[str | None]) -> str:
    told = "".join(f"{digest or '-'}\n" for digest in digests)
    return hashlib.sha256(told.encode()).hexdigest()


def with_copies_grouped(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose ``group`` tells copies of either kind, where only texts' were told."""
    if SAME_IMAGE not in table.columns:
        return table
    group = joined(table["group"].to_numpy().astype("int64"), table[SAME_IMAGE].to_numpy())
    return table.with_columns(pl.Series("group", group, dtype=pl.UInt32))


def grouped_with_images(group: IntArray, paths: Sequence[str | None], memory: Digests) -> IntArray:
    """Return groups of copies of either kind, of posts whose texts are grouped.

    Parameters
    ----------
    group : ndarray of int, shape (n_posts,)
        Of their texts.
    paths : sequence of str or None, length n_posts
        Of their images, from the working directory.
    memory : Digests
        Of the files.
    """
    if not any(paths):
        return group
    return joined(group, same_images(paths, digests_of(paths, memory)))
