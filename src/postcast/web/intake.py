"""How much of a request is read, how long it may take, and that it is counted.

Knows no forecaster; holds for chunked bodies, whose length nobody told, too.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from postcast.web.problems import ProblemError, too_many, too_slow

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from postcast.web.limits import Limits
    from postcast.web.metrics import Metrics

DRAINED = 32 * 1024**2
"""Bytes of a body too large that are read and forgotten, so that its sender hears the answer."""

UNKNOWN = "other"


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, answered = time.perf_counter(), _Answered()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.status = message["status"]
            await send(message)

        try:
            async with asyncio.timeout(self.limits.seconds):
                await self._answer(scope, receive, sent, answered)
        except TimeoutError:
            if not answered.status:
                problem = too_slow() if answered.has_body else ProblemError(408)
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
        try:
            most = self.limits.upload if is_upload else self.limits.body
            body = await read_body(headers.get("content-length", ""), receive, most)
            answered.has_body = True
            if body is None:
                detail = f"Expected at most {most:,} bytes."
                problem = ProblemError(413, detail, headers={"Connection": "close"})
                await problem.response()(scope, receive, send)
                return
            await self.app(scope, _replayed(body, receive), send)
        finally:
            self.uploads -= is_upload


async def read_body(told: str, receive: Receive, most: int) -> bytes | None:
    """Return a body; None for one that is larger than it may be, of which nothing is kept.

    Parameters
    ----------
    told : str
        Its length, as its sender says; empty for a chunked one.
    receive : callable
    most : int
        Bytes.
    """
    is_large = told.isascii() and told.isdigit() and int(told[:20]) > most
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunk = message.get("body", b"")
        size += len(chunk)
        is_large = is_large or size > most
        if is_large:
            chunks.clear()
        else:
            chunks.append(chunk)
        if not message.get("more_body") or size > DRAINED:
            break
    return None if is_large else b"".join(chunks)


def _replayed(body: bytes, receive: Receive) -> Receive:
    is_told = False

    async def once() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once
