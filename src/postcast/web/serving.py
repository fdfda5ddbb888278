"""A server process: where it listens, whom it lets in, how it ends. Knows no route."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from postcast.errors import PostcastError, SettingsError
from postcast.web.guard import Token
from postcast.wording import counted

if TYPE_CHECKING:
    from fastapi import FastAPI

    from postcast.web.limits import Limits

log = logging.getLogger(__name__)

SHORTEST_TOKEN, LONGEST_TOKEN = 16, 4096

GRACE = 15
"""Seconds that a server which is told to stop has for what it took."""


SWITCH = 0.0005
"""Seconds that the thread which forecasts keeps the interpreter when the one that reads and
writes asks for it: at Python's 5 ms, each of its calls would wait so long."""


class ServeError(PostcastError):
    """A server that cannot be started as it was asked to."""


def read_token(path: Path) -> Token:
    """Return the token in a file: its one line.

    Raises
    ------
    ServeError
        If it cannot be read, is too short, or has what no header can carry.
    """
    action = "write one with `python -c 'import secrets; print(secrets.token_urlsafe())'`"
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST_TOKEN + 1).decode("ascii").strip()
    except OSError as error:
        raise ServeError(f"{path} cannot be read: {error.strerror}", "a token", action) from error
    except UnicodeDecodeError as error:
        raise ServeError(f"{path} holds no token", "one line of ASCII", action) from error
    if len(text) < SHORTEST_TOKEN or len(text) > LONGEST_TOKEN:
        expected = f"{SHORTEST_TOKEN} to {LONGEST_TOKEN:,} characters"
        length = counted(len(text), "character")
        raise ServeError(f"{path} holds a token of {length}", expected, action)
    if not all("!" <= one <= "~" for one in text):
        raise ServeError(f"{path} holds blanks or control characters", "one word", action)
    return Token(text)


def is_loopback(host: str) -> bool:
    """Return whether nobody but this machine reaches a host."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int, token: Token | None) -> socket.socket:
    """Return a socket that listens there.

    Raises
    ------
    SettingsError
        If others could reach it and there is no token.
    ServeError
        If it cannot be had.
    """
    if token is None and not is_loopback(host):
        raise SettingsError(
            f"host {host!r} without a token",
            "a loopback address such as 127.0.0.1",
            "give --token-file, or leave --host out",
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        listening = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ServeError(f"no host {host!r}", "a name or address of this machine") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise ServeError(
            f"cannot listen on {host}:{port}: {reason}", action="choose another --port or --host"
        ) from error
    return listening


def address_of(listening: socket.socket) -> str:
    """Return where a socket listens, as a browser takes it."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve_app(
    app: FastAPI,
    listening: Sequence[socket.socket],
    limits: Limits,
    ready: Callable[[], None],
    renew: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal ends it: nothing new is taken, and what was taken is answered.

    Parameters
    ----------
    app : FastAPI
    listening : sequence of socket
    limits : Limits
    ready : callable
        Called when requests are answered.
    renew : callable
        Called on SIGHUP, where the system has it.
    """
    import uvicorn

    from postcast.web.connection import Connection, Places

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                is_main = threading.current_thread() is threading.main_thread()
                if is_main and hasattr(signal, "SIGHUP"):
                    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, renew)
                ready()

    config = uvicorn.Config(
        app,
        http=partial(Connection, places=Places(limits)),  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_keep_alive=limits.idle_seconds,  # type: ignore[arg-type]
        timeout_graceful_shutdown=GRACE,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # no line a hostile request
    sys.setswitchinterval(SWITCH)
    Server(config).run(sockets=list(listening))
