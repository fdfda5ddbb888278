"""Image files, many at once: their digests and their pixels. Knows no feature and no post."""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from postcast.features.images.decode import Picture, Reason, decode, read_bytes, reason_of
from postcast.features.transformer.graph import n_threads


def digest_of(path: str) -> str | Reason:
    """Return the SHA-256 of an image file in hexadecimal, or why there is none.

    What does not open as an image has none, so that no other file can be known again by it.

    Parameters
    ----------
    path : str
        Absolute, or from the working directory.
    """
    data = read_bytes(path)
    if isinstance(data, Reason):
        return data
    return reason_of(data) or hashlib.sha256(data).hexdigest()


def picture_of(path: str) -> Picture | Reason:
    """Return what an image file shows, or why nothing is seen of it."""
    data = read_bytes(path)
    return data if isinstance(data, Reason) else decode(data)


@contextlib.contextmanager
def workers() -> Iterator[Callable[[Callable[[str], Any], Sequence[str]], Iterator[Any]]]:
    """Yield what does a thing to many paths, some at once, in their order.

    Pillow and hashlib let go of the interpreter while they work. Pillow's warnings are of what is
    told anyway.
    """
    from concurrent.futures import ThreadPoolExecutor

    with warnings.catch_warnings(action="ignore"), ThreadPoolExecutor(n_threads()) as pool:
        yield pool.map
