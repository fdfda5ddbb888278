"""Who may ask: by the server's name, from its own pages, with its token. Knows no body.

Sees that every answer carries the headers that keep a browser from harm.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse

from postcast.web.problems import ProblemError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "postcast"

OPEN = ("/health", "/login", "/static/style.css", "/static/app.js")
"""What is answered without the token: that the server lives, and how to give the token."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


@dataclass(frozen=True)
class Token:
    """A secret that requests must show.

    Parameters
    ----------
    secret : str
    """

    secret: str

    @property
    def cookie(self) -> str:
        """What a browser keeps in its place, from which it cannot be had."""
        return hmac.new(self.secret.encode(), b"postcast page", hashlib.sha256).hexdigest()

    def is_given(self, given: str) -> bool:
        """Return whether this is it, in the same time whatever is given."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.secret.encode())

    def is_shown(self, asked: HTTPConnection) -> bool:
        """Return whether a request has it, as a bearer's token or a page's cookie."""
        kind, _, given = asked.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self.is_given(given.strip())
        kept = asked.cookies.get(COOKIE, "").encode("utf-8", "replace")
        return hmac.compare_digest(kept, self.cookie.encode())


class Guard:
    """Answers those who may not ask, and lets the others through.

    Parameters
    ----------
    app : ASGI application
    names : iterable of str
        Names that the server goes by, beside numbers: a page that made a name of its own lead
        here must not be answered.
    token : Token or None
    """

    def __init__(self, app: ASGIApp, names: Iterable[str], token: Token | None) -> None:
        self.app = app
        self.names = {name.lower() for name in names}
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                more = [pair for pair in RAW_HEADERS if pair[0] not in given]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        problem = self._problem(scope)
        answer: ASGIApp = self.app if problem is None else problem.response()
        if problem is not None and problem.status == 401 and _is_page(scope):
            answer = RedirectResponse("/login", 303)
        await answer(scope, receive, sent)

    def _problem(self, scope: Scope) -> ProblemError | None:
        headers = Headers(scope=scope)
        if not self._is_mine(headers):
            return ProblemError(421)
        if scope["method"] not in ("GET", "HEAD") and _is_from_elsewhere(headers):
            return ProblemError(403)
        if self.token is None or scope["path"] in OPEN:
            return None
        if self.token.is_shown(HTTPConnection(scope)):
            return None
        return ProblemError(401, headers={"WWW-Authenticate": 'Bearer realm="postcast"'})

    def _is_mine(self, headers: Headers) -> bool:
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            return False
        name = host_of(hosts[0])
        return name in self.names or is_number(name)


def _is_page(scope: Scope) -> bool:
    """Return whether a person's browser asks for a page, and can be shown the door."""
    return scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")


def _is_from_elsewhere(headers: Headers) -> bool:
    """Return whether a browser says that a page of another site asks.

    Older browsers, and all where the server is reached without TLS from afar, name the origin
    alone; from a form of a page that sends no referrer, it is ``null``.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin", "null")
    return origin != "null" and origin.partition("://")[2] != headers.get("host")


def host_of(text: str) -> str:
    """Return the name or number in a Host header, without its port."""
    if text.startswith("["):
        return text[1:].partition("]")[0].lower()
    return text.rpartition(":")[0].lower() if ":" in text else text.lower()


def is_number(name: str) -> bool:
    """Return whether a host is an address in numbers, which no name service gives out."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
