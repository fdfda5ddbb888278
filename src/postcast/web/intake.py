"""How much of a request is read, how long it may take, and that it is counted.

Knows no forecaster; holds for chunked bodies, whose length nobody told, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from postcast.web.connection import CALLED, GONE
from postcast.web.guard import OPEN
from postcast.web.problems import ProblemError, too_many, too_slow

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from postcast.web.limits import Limits
    from postcast.web.metrics import Metrics

DRAINED = 32 * 1024**2
"""Bytes of a body too large that are read and forgotten, so that its sender hears the answer."""

PIECE = 64 * 1024
"""Bytes of an upload that are taken apart at once: others are answered between two pieces."""

UNKNOWN = "other"

CLIENT_GONE = 499
"""How a request is counted whose client did not wait for the answer; nobody is told."""


class GoneError(Exception):
    """The client went before its request was whole."""


@dataclass
class _Answered:
    """What is known of an answer while it is sent."""

    status: int = 0
    has_body: bool = field(default=False)


class Intake:
    """Reads a bounded body whole, before anything else sees the request.

    Parameters
    ----------
    app : ASGI application
    limits : Limits
    metrics : Metrics
    """

    def __init__(self, app: ASGIApp, limits: Limits, metrics: Metrics) -> None:
        self.app = app
        self.limits = limits
        self.metrics = metrics
        self.uploads = 0
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, unless its time is over or its client gone."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, answered = time.perf_counter(), _Answered()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.status = message["status"]
            await send(message)

        try:
            async with asyncio.timeout(self.limits.seconds) as time_left:
                with _ending_with_its_client(scope, time_left, answered):
                    await self._answer(scope, receive, sent, answered)
        except GoneError:
            answered.status = answered.status or CLIENT_GONE
        except TimeoutError:
            if not answered.status:
                problem = too_slow() if answered.has_body else _too_late()
                await problem.response()(scope, receive, sent)
        finally:
            path = getattr(scope.get("route"), "path", UNKNOWN)
            seconds = time.perf_counter() - start
            self.metrics.count_request(path, answered.status or 500, seconds)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, answered: _Answered
    ) -> None:
        headers = Headers(scope=scope)
        is_upload = headers.get("content-type", "").lower().startswith("multipart/")
        if is_upload and self.uploads >= self.limits.uploads_at_once:
            await too_many().response()(scope, receive, send)
            return
        self.uploads += is_upload
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            if self.held + size > self.limits.held:
                raise ProblemError(429, headers={"Retry-After": "1", "Connection": "close"})
            self.held, held = self.held + size, held + size

        try:
            most = self._most(scope["path"], is_upload=is_upload)
            body = await read_body(headers.get("content-length", ""), receive, most, hold)
            answered.has_body = True
            if body is None:
                detail = f"Expected at most {most:,} bytes."
                raise ProblemError(413, detail, headers={"Connection": "close"})
            await self.app(scope, _replayed(body, receive, PIECE if is_upload else most + 1), send)
        except ProblemError as problem:
            await problem.response()(scope, receive, send)
        finally:
            self.uploads -= is_upload
            self.held -= held

    def _most(self, path: str, *, is_upload: bool) -> int:
        if path in OPEN:
            return self.limits.open_body
        return self.limits.upload if is_upload else self.limits.body


@contextlib.contextmanager
def _ending_with_its_client(
    scope: Scope, time_left: asyncio.Timeout, answered: _Answered
) -> Iterator[None]:
    """End what is done for a client when that is gone, where the server says so."""
    gone: set[Callable[[], object]] | None = scope.get("extensions", {}).get(GONE, {}).get(CALLED)
    if gone is None:
        yield
        return

    def end() -> None:
        answered.status = answered.status or CLIENT_GONE
        time_left.reschedule(asyncio.get_running_loop().time())

    gone.add(end)
    try:
        yield
    finally:
        gone.discard(end)


def _too_late() -> ProblemError:
    return ProblemError(408, headers={"Connection": "close"})


async def read_body(
    told: str, receive: Receive, most: int, hold: Callable[[int], None] = lambda _: None
) -> bytes | None:
    """Return a body; None for one that is larger than it may be, of which nothing is kept.

    Parameters
    ----------
    told : str
        Its length, as its sender says; empty for a chunked one.
    receive : callable
    most : int
        Bytes.
    hold : callable
        Told the size of each piece before it is kept; it may refuse.

    Raises
    ------
    GoneError
        If its sender went before all of it was there.
    """
    is_large = told.isascii() and told.isdigit() and int(told[:20]) > most
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise GoneError
        chunk = message.get("body", b"")
        size += len(chunk)
        is_large = is_large or size > most
        if is_large:
            chunks.clear()
        else:
            hold(len(chunk))
            chunks.append(chunk)
        if not message.get("more_body") or size > DRAINED:
            break
    return None if is_large else b"".join(chunks)


def _replayed(body: bytes, receive: Receive, piece: int) -> Receive:
    """Return what gives a body again, in pieces between which others have their turn."""
    starts = iter(range(0, max(len(body), 1), piece))

    async def next_piece() -> Message:
        start = next(starts, None)
        if start is None:
            return await receive()
        if start:
            await asyncio.sleep(0)
        end = start + piece
        return {"type": "http.request", "body": body[start:end], "more_body": end < len(body)}

    return next_piece
