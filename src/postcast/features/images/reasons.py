"""Why nothing is seen of a post's image, in the words that people read."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why there are no pixels."""

    NONE = "no image"
    ADDRESS = "an address, not a file"
    OUTSIDE = "outside the images' folder"
    MISSING = "missing"
    FORBIDDEN = "not readable"
    IRREGULAR = "not a regular file"
    EMPTY = "empty"
    LARGE = "too many bytes"
    ENORMOUS = "too many pixels"
    LONG = "too long a side"
    SCANS = "too many scans"
    PARTS = "too many parts"
    MEMORY = "too much memory to decode"
    WORK = "too much work to decode"
    UNKNOWN = "not an image"
    BROKEN = "broken"
    UNSEEN = "no encoder here"
