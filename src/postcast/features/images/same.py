"""Which posts show the same image: by the bytes of its file. Knows no text and no feature."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from postcast.features.images.decode import ADDRESS, Reason
from postcast.features.images.files import digest_of, picture_of, workers

if TYPE_CHECKING:
    from postcast.features.digests import Digests
    from postcast.schema import IntArray

MOST_COPIES, LARGEST_SHARE = 10, 0.01
"""An image of more posts than both this number and this share of all is a template, such as a
logo or a placeholder, by which no post could be known again."""


def digests_of(paths: Sequence[str | None], memory: Digests) -> list[str | None]:
    """Return the SHA-256 of each post's image file; None where none opens as an image.

    Parameters
    ----------
    paths : sequence of str or None, length n_posts
        Absolute, or from the working directory; an address is never followed. A `Reason` stands
        for an image that may not be read.
    memory : Digests
        Files that stand unchanged in it are not read again.
    """
    read = [None if isinstance(path, Reason) else path for path in paths]
    distinct = [path for path in dict.fromkeys(read) if path and not ADDRESS.match(path)]
    digests = dict(zip(distinct, memory.sha256_of_each(distinct, _hashed), strict=True))
    return [digests.get(path) if path else None for path in read]


def _hashed(paths: Sequence[str]) -> list[str | None]:
    with workers() as work:
        return [None if isinstance(one, Reason) else one for one in work(digest_of, paths)]


def image_prints(digests: Sequence[str | None]) -> list[str | None]:
    """Return by what each post's image is known again: half of its digest; None for a template.

    Parameters
    ----------
    digests : sequence of str or None, length n_posts
        Of the files, as `digests_of` returns them.
    """
    n_posts, most = Counter(digests), _most(len(digests))
    return [one[:32] if one and n_posts[one] <= most else None for one in digests]


def are_seen(paths: Sequence[str]) -> list[bool]:
    """Return which image files can be decoded here."""
    if importlib.util.find_spec("PIL") is None:
        return [False] * len(paths)
    with workers() as work:
        return list(work(_is_seen, paths))


def _most(n_posts: int) -> float:
    return max(MOST_COPIES, LARGEST_SHARE * n_posts)


def same_images(paths: Sequence[str | None], digests: Sequence[str | None]) -> IntArray:
    """Give posts of the same image the same number.

    Parameters
    ----------
    paths : sequence of str or None, length n_posts
    digests : sequence of str or None
        Of their files, as `digests_of` returns them.

    Returns
    -------
    ndarray of int64, shape (n_posts,)
        -1 for a post that shares its image with no other, whose image cannot be seen, or is a
        template (see `MOST_COPIES`).
    """
    most = _most(len(digests))
    n_posts = Counter(digest for digest in digests if digest is not None)
    shared = {
        digest: path
        for digest, path in zip(digests, paths, strict=True)
        if digest is not None and path is not None and 1 < n_posts[digest] <= most
    }
    is_seen = are_seen(list(shared.values()))
    seen = [digest for digest, is_one in zip(shared, is_seen, strict=True) if is_one]
    numbers = {digest: number for number, digest in enumerate(seen)}
    return np.array([numbers.get(digest or "", -1) for digest in digests], dtype=np.int64)


def _is_seen(path: str) -> bool:
    return not isinstance(picture_of(path), Reason)
