"""One connection before any route: how long its request may take to come, and how large it may be.

Knows HTTP's framing; no route and no body.
"""

from __future__ import annotations

import ipaddress
from asyncio import TimerHandle
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from postcast.web.guard import RAW_HEADERS
from postcast.web.problems import ProblemError

if TYPE_CHECKING:
    import asyncio

    import uvicorn
    from uvicorn.server import ServerState

    from postcast.web.limits import Limits

GONE, CALLED = "postcast.gone", "called"
"""Among a request's extensions: the set of what is called when its connection is lost."""

MOST_PIPELINED = 8
"""Requests that a client may send before the first of them is answered."""

LINGER = 2.0
"""Seconds that a closing connection has to take what was written to it."""

STREET = 64
"""Bits of an IPv6 address that are given out together: whoever has one has all below it."""


class TooMuchError(Exception):
    """More arrived than is allowed."""


class Places:
    """The connections of a server, by address; full, it gives up those that ask nothing yet.

    A connection waits while its request has not arrived whole. Where there is no place for
    another, the one of the same address, or at the server's own bound of any address, that has
    waited longest goes; first those without a head, then those whose body is still to come.

    Parameters
    ----------
    limits : Limits
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._held: dict[Connection, str] = {}
        self._of_address: Counter[str] = Counter()
        self._without_head: dict[Connection, None] = {}
        self._without_body: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._held)

    def enter(self, connection: Connection, host: str) -> bool:
        """Take a place, if need be another's; return whether there is one."""
        address = _street_of(host)
        if self._of_address[address] >= self.limits.connections_each:
            has_place = self._give_up(address)
        elif len(self._held) >= self.limits.connections:
            has_place = self._give_up(None)
        else:
            has_place = True
        if has_place:
            self._held[connection] = address
            self._of_address[address] += 1
        return has_place

    def leave(self, connection: Connection) -> None:
        """Give a place back; nothing happens where there is none."""
        self.is_answered(connection)
        address = self._held.pop(connection, None)
        if address is not None:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def awaits_head(self, connection: Connection) -> None:
        """Note that a connection asks nothing yet."""
        self.is_answered(connection)
        if connection in self._held:
            self._without_head[connection] = None

    def awaits_body(self, connection: Connection) -> None:
        """Note that the head of a request is there, and its body is not."""
        self.is_answered(connection)
        if connection in self._held:
            self._without_body[connection] = None

    def is_answered(self, connection: Connection) -> None:
        """Note that a whole request is there: the connection is no longer given up."""
        self._without_head.pop(connection, None)
        self._without_body.pop(connection, None)

    def _give_up(self, address: str | None) -> bool:
        for waiting in (self._without_head, self._without_body):
            for connection in waiting:
                if address is None or self._held[connection] == address:
                    self.leave(connection)
                    connection.hang_up()
                    return True
        return False


def _street_of(host: str) -> str:
    """Return what stands for an address: itself, or the network that an IPv6 address is of."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 4:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), STREET), strict=False))


class Connection(HttpToolsProtocol):
    """uvicorn's connection with bounds on what it leaves unbounded.

    A head has to come within some seconds and some bytes, and so has all else that is no body
    (extensions of chunks, trailers); few requests are sent ahead; a client that takes no answer
    loses its connection. What it answers itself has the headers of every other answer.

    Parameters
    ----------
    config, server_state, app_state, _loop
        As uvicorn gives them to its own.
    places : Places
        Of all connections.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        places: Places,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.gone: set[Callable[[], object]] = set()
        self._places = places
        self._head_timer: TimerHandle | None = None
        self._write_timer: TimerHandle | None = None
        self._framing = 0  # bytes of the request that are no body
        self._content = 0
        self._fields = 0  # bytes of its address and headers
        self._status = 400  # of the answer to what cannot be parsed

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place, or say that there is none."""
        super().connection_made(transport)
        if self._places.enter(self, self.client[0] if self.client else ""):
            self._await_head()
        else:
            self._refuse(ProblemError(503, "Too many connections are open."))

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back, and tell whoever works for this client that it is gone."""
        self._stop_timers()
        self._unset_keepalive_if_required()
        self._places.leave(self)
        super().connection_lost(exc)
        for call in tuple(self.gone):
            call()
        self.gone.clear()

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, within bounds."""
        if self.transport.is_closing():
            return
        if self._head_timer is None and self._is_idle():
            self._await_head()  # also where what arrives is the rest of a body nobody wants
        self._framing += len(data)
        super().data_received(data)
        if self._framing > self._places.limits.head + self._content:
            self._refuse(ProblemError(431))

    def on_message_begin(self) -> None:
        """Begin to count a request."""
        super().on_message_begin()
        self._fields = 0
        self.scope["extensions"] = {GONE: {CALLED: self.gone}}

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        if len(self.pipeline) >= MOST_PIPELINED:
            self.transport.abort()
            raise TooMuchError  # so that the rest is not parsed
        self._stop_head_timer()
        self._places.awaits_body(self)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._framing = max(self._framing - len(body), 0)
        self._content += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Know the request whole."""
        self._framing = self._content = 0
        if self._is_idle():  # it was answered before it was whole
            self._places.awaits_head(self)
        else:
            self._places.is_answered(self)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if not self.transport.is_closing() and self._is_idle():
            self._places.awaits_head(self)

    def pause_writing(self) -> None:
        """Give a client that takes nothing some seconds."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(
            self._places.limits.head_seconds, self.transport.abort
        )

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def timeout_keep_alive_handler(self) -> None:
        """End a connection that was idle for too long."""
        self.hang_up()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  as uvicorn calls it
        """Answer what cannot be parsed, or is larger than it may be."""
        self._refuse(ProblemError(self._status))

    def hang_up(self) -> None:
        """End the connection, whether or not its client takes what was written to it."""
        if not self.transport.is_closing():
            self.transport.close()
            self.loop.call_later(LINGER, self.transport.abort)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_head(self) -> None:
        self._places.awaits_head(self)
        seconds = self._places.limits.head_seconds
        self._head_timer = self.loop.call_later(seconds, self._head_is_overdue)

    def _head_is_overdue(self) -> None:
        self._head_timer = None
        if self._framing:
            self._refuse(ProblemError(408))
        else:
            self.hang_up()

    def _count(self, size: int) -> None:
        self._fields += size
        if self._fields > self._places.limits.head:
            self._status = 431
            raise TooMuchError

    def _refuse(self, problem: ProblemError) -> None:
        """Answer with a problem, unless an answer has begun, and end the connection."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            answer = problem.response()
            headers = [
                *self.server_state.default_headers,
                *answer.raw_headers,
                *RAW_HEADERS,
                (b"connection", b"close"),
            ]
            line = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}".encode()
            lines = [line, *(name + b": " + value for name, value in headers)]
            self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self.hang_up()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_timers(self) -> None:
        self._stop_head_timer()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
