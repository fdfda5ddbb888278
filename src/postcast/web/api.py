"""The questions that programs ask over HTTP. Knows routes; `service` knows the answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from postcast.web.asking import (
    FORM,
    JSON,
    asked_post,
    checked,
    expect_json,
    media_type,
    post_of,
    read_json,
)
from postcast.web.facts import model_facts
from postcast.web.limits import POSTS
from postcast.web.metrics import MEDIA_TYPE
from postcast.web.openapi import body, problems
from postcast.web.problems import too_slow
from postcast.web.schemas import (
    ForecastOut,
    ModelOut,
    PostIn,
    StateOut,
    WhatIfIn,
)
from postcast.web.schemas_why import ExplanationOut, RankingOut, WhatIfOut

if TYPE_CHECKING:
    from postcast.web.service import Answers, Service

router = APIRouter()

Posts = Annotated[list[PostIn], Field(min_length=1, max_length=POSTS)]


def service_of(request: Request) -> Answers:
    """Return what answers a request: one generation of the forecaster, to be asked for once."""
    service: Service = request.app.state.service
    return service.now()


def as_json(value: Any) -> Response:
    """Return plain types as an answer, as ``--json`` prints them."""
    content = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return Response(content, media_type=JSON)


@router.post(
    "/forecast",
    response_model=None,
    responses={200: {"model": ForecastOut | list[ForecastOut]}, **problems()},
    openapi_extra=body("PostOrPosts", form="PostForm"),
)
async def forecast(request: Request) -> Response:
    """Forecast one post, or up to 256 together.

    An object is answered with an object, a list with a list in its order. A form may hold the
    image of its post. Posts of one list know of each other when they are published, as the rows
    of one file do; those of different requests do not.
    """
    service = service_of(request)
    if media_type(request) == FORM:
        async with asked_post(request, PostIn, service.uploads) as (post, _):
            return as_json((await service.forecast([post]))[0].to_dict())
    expect_json(request)
    return await answer_json(service, await request.body())


FORECAST = next(
    one for one in router.routes if isinstance(one, APIRoute) and one.path == "/forecast"
)


async def answer_json(service: Answers, body: bytes) -> Response:
    """Return the forecasts that a JSON body asks for.

    Raises
    ------
    ProblemError
        Where it is not JSON, is no post and no list of some, or too much waits already.
    """
    if body.lstrip()[:1] == b"[":
        posts = [post_of(one) for one in checked(Posts, body)]
        return as_json([one.to_dict() for one in await service.forecast(posts)])
    [answer] = await service.forecast([post_of(checked(PostIn, body))])
    return as_json(answer.to_dict())


@router.post(
    "/explain",
    response_model=None,
    responses={200: {"model": ExplanationOut}, **problems()},
    openapi_extra=body("Post", form="PostForm"),
)
async def explain(request: Request) -> Response:
    """Say why a draft is forecast as it is, and which past posts are like it."""
    from postcast.explain import explain as why

    service = service_of(request)
    async with asked_post(request, PostIn, service.uploads) as (post, _):
        return as_json((await service.ask(lambda one: why(one, post))).to_dict())


@router.post(
    "/whatif",
    response_model=None,
    responses={200: {"model": WhatIfOut}, **problems()},
    openapi_extra=body("WhatIfRequest", form="WhatIfForm"),
)
async def whatif(request: Request) -> Response:
    """Say which edits of a draft would move its forecast by more than the uncertainty."""
    from postcast.whatif import what_if

    service = service_of(request)
    async with asked_post(request, WhatIfIn, service.uploads) as (post, told):
        others = [replace(post, text=text) for text in told.alternatives]
        found = await service.ask(lambda one: what_if(one, post, alternatives=others))
        return as_json(found.to_dict())


@router.post(
    "/rank",
    response_model=None,
    responses={200: {"model": RankingOut}, **problems()},
    openapi_extra=body("Posts"),
)
async def ranked(request: Request) -> Response:
    """Put up to 256 drafts in order, and say which are too close to call."""
    from postcast.rank import rank

    posts = [post_of(one) for one in await read_json(request, Posts)]
    return as_json((await service_of(request).ask(lambda one: rank(one, posts))).to_dict())


@router.get("/model", response_model=None, responses={200: {"model": ModelOut}, **problems()})
async def model(request: Request) -> Response:
    """Say what answers here, how good it was found to be, and with which versions."""
    return as_json(model_facts(service_of(request)))


@router.get("/health", response_model=None, responses={200: {"model": StateOut}, **problems()})
async def health(request: Request) -> Response:
    """Say that the server lives, and whether a newer run is there; needs no token."""
    notice = service_of(request).notice
    return as_json({"status": "ok"} if notice is None else {"status": "ok", "notice": notice})


@router.get("/ready", response_model=None, responses={200: {"model": StateOut}, **problems()})
async def ready(request: Request) -> Response:
    """Say whether questions are taken."""
    if service_of(request).service.is_stopping:
        raise too_slow()
    return as_json({"status": "ready"})


@router.get(
    "/metrics",
    response_model=None,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Counts"},
        **problems(),
    },
)
async def metrics(request: Request) -> Response:
    """Count requests, their seconds, what waits and what is answered together (Prometheus)."""
    service = service_of(request).service
    return Response(service.metrics.text(service.waiting), media_type=MEDIA_TYPE)
