"""The short way of the question that is asked most: JSON to ``/forecast``, past the router.

Knows which requests those are; what they are answered is in `api`, which describes it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from postcast.errors import PostcastError
from postcast.web.api import FORECAST, answer_json
from postcast.web.asking import JSON, kind_of
from postcast.web.problems import ProblemError, problem_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from postcast.web.service import Service


class Direct:
    """Answers JSON that asks for forecasts itself, and hands on everything else.

    A router, its dependencies and what it keeps for tracing cost more than a forecast does when
    many are made together.

    Parameters
    ----------
    app : ASGI application
    service : Service
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whose body was read whole by `Intake`."""
        if not _is_mine(scope):
            await self.app(scope, receive, send)
            return
        scope["route"] = FORECAST
        try:
            answer = await answer_json(self.service.now(), (await receive()).get("body", b""))
        except (ProblemError, HTTPException, PostcastError) as error:
            answer = problem_of(error).response()
        await answer(scope, receive, send)


def _is_mine(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["path"] != FORECAST.path or scope["method"] != "POST":
        return False
    told = [value for name, value in scope["headers"] if name == b"content-type"]
    return bool(told) and kind_of(told[0].decode("latin-1")) == JSON
