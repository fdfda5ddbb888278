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
    open_body : int
        Bytes of a request that needs no token.
    upload : int
        Bytes of a multipart request.
    uploads_at_once : int
        Multipart requests that are read together.
    seconds : float
        From the first byte of a request to its answer.
    waiting : int
        Posts that wait for their forecast; then requests are turned away.
    seconds_together : float
        Of work after which whoever came meanwhile has a turn: so much is forecast together, and
        a request that asks more is answered in parts.
    questions : int
        Slower questions, such as why, that wait; then they are turned away.
    connections, connections_each : int
        Held open together, in all and from one address.
    head : int
        Bytes of a request that are no body: its first line, its headers.
    head_seconds : float
        In which they are to come, and in which a client has to take some of its answer.
    idle_seconds : float
        That a connection stays open without a request.
    held : int
        Bytes of all bodies that are read or answered at the same time.
    """

    body: int = MIB
    open_body: int = 16 * 1024
    upload: int = 10 * MIB
    uploads_at_once: int = 8
    seconds: float = 10.0
    waiting: int = 2_048
    seconds_together: float = 0.1
    questions: int = 32
    connections: int = 512
    connections_each: int = 256
    head: int = 32 * 1024
    head_seconds: float = 10.0
    idle_seconds: float = 15.0
    held: int = 128 * MIB


POSTS = 256
"""Posts of a request."""

TEXT, TITLE, NAME, TAGS, TAG = 10_000, 2_000, 300, 100, 200
"""Characters of a text, a title, and a name (author, category, id); tags, characters of one.
An explanation reads a text many times, and pretrained encoders cut off far below."""
