"""The web application: routes, guards and limits put together. Knows no command line."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from postcast.version import __version__
from postcast.web import api, pages
from postcast.web.direct import Direct
from postcast.web.guard import Guard, Token
from postcast.web.intake import Intake
from postcast.web.openapi import document
from postcast.web.problems import answer_problems

if TYPE_CHECKING:
    from postcast.web.service import Service

LOCAL = ("localhost",)
"""Names that lead to this machine alone."""


def make_app(service: Service, names: Iterable[str] = LOCAL, token: Token | None = None) -> FastAPI:
    """Return the application that answers with a service.

    Parameters
    ----------
    service : Service
        Started and stopped with the application.
    names : iterable of str
        Names under which it may be asked, beside addresses in numbers.
    token : Token or None
        What requests must show; None for loopback.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with warnings.catch_warnings():  # the process's: no thread may silence its own
            warnings.filterwarnings("ignore", module=r"PIL\.")
            service.start()
            try:
                yield
            finally:
                service.stop()

    app = FastAPI(
        title="postcast", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    app.state.service = service
    app.state.token = token
    app.include_router(api.router)
    app.include_router(pages.router)
    answer_problems(app)
    made: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        if not made:
            made.append(document(app, has_token=token is not None))
        return made[0]

    app.openapi = openapi  # type: ignore[method-assign]
    app.add_middleware(Direct, service=service)
    app.add_middleware(Intake, limits=service.limits, metrics=service.metrics)
    app.add_middleware(Guard, names=tuple(names), token=token)
    return app
