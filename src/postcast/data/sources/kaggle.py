"""A Kaggle handle, ``kaggle:owner/name`` → the folder into which it was downloaded.

Knows kagglehub, the extra [kaggle]; knows no file in the folder.
"""

from __future__ import annotations

import re
from pathlib import Path

from postcast.errors import MissingExtraError, ReadError

PREFIX = "kaggle:"

_HANDLE = re.compile(r"kaggle:([\w.-]+/[\w.-]+)(/versions/[0-9]+)?", re.ASCII)


def downloaded(handle: str) -> Path:
    """Return the folder of a data set; kagglehub downloads it once, and keeps it.

    Parameters
    ----------
    handle : str
        ``kaggle:owner/name``, or ``kaggle:owner/name/versions/3``.

    Raises
    ------
    ReadError
        If it is no handle, or cannot be downloaded; how to fetch it by hand is said.
    MissingExtraError
        If kagglehub is not installed.
    """
    told = _HANDLE.fullmatch(handle)
    if told is None:
        raise ReadError(f"{handle!r} is no Kaggle handle", "such as kaggle:owner/name")
    address = f"https://www.kaggle.com/datasets/{told[1]}"
    by_hand = f"download {address} in a browser, unzip it, and give the folder in its place"
    try:
        import kagglehub
    except ImportError:
        raise MissingExtraError(f"loading {handle}", "kaggle", by_hand) from None
    try:
        folder = Path(kagglehub.dataset_download(f"{told[1]}{told[2] or ''}"))
    except Exception as error:  # kagglehub lets those of its own and of the network through
        raise ReadError(
            f"{handle} cannot be downloaded ({_reason(error)})", "access to kaggle.com", by_hand
        ) from None
    return folder


def _reason(error: Exception) -> str:
    kind = type(error).__name__
    if "Connection" in kind or "Timeout" in kind:
        return "no connection"
    return (str(error).strip().splitlines() or [kind])[0][:200]
