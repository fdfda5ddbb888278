"""How much one request may ask, how long it may take, and who waits.

Knows no forecaster and no page.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024**2


@dataclass(frozen=True)
class Limits:
    """The limits of a server.

    Parameters
    ----------
    body : int
        Bytes of a request without files.
    upload : int
        Bytes of a multipart request.
    uploads_at_once : int
        Multipart requests that are read together.
    seconds : float
        From the first byte of a request to its answer.
    waiting : int
        Posts that wait for their forecast; then requests are turned away.
    together : int
        Posts that are forecast together.
    questions : int
        Slower questions, such as why, that wait; then they are turned away.
    connections : int
        Held open together.
    """

    body: int = MIB
    upload: int = 10 * MIB
    uploads_at_once: int = 8
    seconds: float = 10.0
    waiting: int = 2_048
    together: int = 256
    questions: int = 32
    connections: int = 512


POSTS = 256
"""Posts of a request."""

TEXT, TITLE, NAME, TAGS, TAG = 10_000, 2_000, 300, 100, 200
"""Characters of a text, a title, and a name (author, category, id); tags, characters of one.
An explanation reads a text many times, and pretrained encoders cut off far below."""
