"""The pages that people see: drafts, scorecard, how to ask over HTTP, and the token's door.

Knows routes and templates; what an answer says is in `told`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from postcast.web.api import service_of
from postcast.web.asking import FIELDS, FORM, asked_form, asked_forms, media_type
from postcast.web.batching import FullError
from postcast.web.facts import model_facts
from postcast.web.guard import COOKIE, Token
from postcast.web.problems import ProblemError, too_many
from postcast.web.regions import drawn_image
from postcast.web.rendering import html
from postcast.web.schemas import PostIn
from postcast.web.scorecard_page import told_scorecard
from postcast.web.told import NAMES, told_changes, told_explanation, told_forecast, told_ranking

if TYPE_CHECKING:
    from postcast.schema import Post
    from postcast.web.service import Answers

router = APIRouter(include_in_schema=False)

STATIC = Path(__file__).parent / "static"
FILES = {
    "style.css": "text/css",
    "app.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}

FIGURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Of a picture that matplotlib drew: it styles itself, and may do nothing else."""


@dataclass(frozen=True)
class Shown:
    """What the page of drafts shows: what was written, and what was answered to it.

    Parameters
    ----------
    draft : mapping
        The fields of the form.
    answers : mapping
        By the template that shows each.
    problem : str
        What is wrong with the draft.
    """

    draft: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


@router.get("/")
async def drafts(request: Request) -> Response:
    """Show an empty draft."""
    return _page(service_of(request), Shown())


@router.post("/")
async def answered(request: Request) -> Response:
    """Answer one draft in full: the page of those whose browsers run no script."""
    service = service_of(request)
    if media_type(request) != FORM:
        raise ProblemError(415, f"Expected {FORM}.")
    try:
        async with asked_form(request, PostIn, service.uploads) as (post, told):
            answers = {
                "forecast": await _forecast(service, post),
                "explain": await _explain(service, post),
                "whatif": await _whatif(service, post),
            }
            return _page(service, Shown(_fields(told), answers))
    except ProblemError as problem:
        if problem.status != 422:
            raise
        shown = Shown(await _written(request), problem=_in_words(problem))
        return _page(service, shown, problem.status)


async def _written(request: Request) -> dict[str, Any]:
    """Return what was written into a form that was taken apart, for its writer to mend."""
    form = await request.form()
    fields = {name: form.get(name) for name in FIELDS}
    return {name: one.replace("\0", "") for name, one in fields.items() if isinstance(one, str)}


@router.post("/parts/compare", name="compare")
async def compared(request: Request) -> Response:
    """Say which of two drafts is ahead, or that they are too close to call."""
    from postcast.rank import rank

    service = service_of(request)
    if media_type(request) != FORM:
        raise ProblemError(415, f"Expected {FORM}.")
    try:
        async with asked_forms(request, ("a.", "b."), service.uploads) as posts:
            both = [replace(post, id=name) for post, name in zip(posts, NAMES, strict=True)]
            found = await service.ask(lambda one: rank(one, both))
            return html("compare.html.j2", sentences=told_ranking(found))
    except ProblemError as problem:
        return html("problem.html.j2", problem.status, problem=_in_words(problem))


ANSWERS = ("forecast", "explain", "whatif")


@router.post("/parts/{name}")
async def part(request: Request, name: str) -> Response:
    """Answer one question about a draft, as a part of the page."""
    service = service_of(request)
    if name not in ANSWERS:
        raise ProblemError(404)
    if media_type(request) != FORM:
        raise ProblemError(415, f"Expected {FORM}.")
    asked = {"forecast": _forecast, "explain": _explain, "whatif": _whatif}[name]
    try:
        async with asked_form(request, PostIn, service.uploads) as (post, _):
            return html("part.html.j2", name=name, told=await asked(service, post))
    except ProblemError as problem:
        return html("problem.html.j2", problem.status, problem=_in_words(problem))


async def _forecast(service: Answers, post: Post) -> dict[str, Any]:
    [found] = await service.forecast([post])
    return told_forecast(service, found)


async def _explain(service: Answers, post: Post) -> dict[str, Any]:
    from postcast.explain import explain

    found = await service.ask(lambda one: explain(one, post))
    drawn = None
    if post.image is not None:
        try:
            drawn = await service.uploads.decoding.run(drawn_image, post.image, found.parts)
        except FullError:
            raise too_many(2) from None
    return told_explanation(post, found, service.forecaster.reads(), drawn)


async def _whatif(service: Answers, post: Post) -> dict[str, Any]:
    from postcast.whatif import what_if

    found = await service.ask(lambda one: what_if(one, post))
    return {"sentences": found.sentences, **told_changes(found.changes)}


def _page(service: Answers, shown: Shown, status: int = 200) -> Response:
    facts = model_facts(service)
    return html("drafts.html.j2", status, facts=facts, here="drafts", shown=shown)


def _fields(told: PostIn) -> dict[str, Any]:
    return {**told.model_dump(), "tags": ", ".join(told.tags)}


def _in_words(problem: ProblemError) -> str:
    """Return a problem as a sentence for people."""
    wrong = "; ".join(f"{one['where']}: {one['what']}" for one in problem.errors)
    return wrong[:1].upper() + wrong[1:] if wrong else problem.detail


@router.get("/scorecard")
async def scorecard(request: Request) -> Response:
    """Show how good the forecaster was found to be, in plain language."""
    service = service_of(request)
    told = told_scorecard(service.forecaster.scorecard, list(service.figures))
    return html("scorecard.html.j2", facts=model_facts(service), here="scorecard", **told)


@router.get("/figures/{name}.svg")
async def figure(request: Request, name: str) -> Response:
    """Send a picture of the scorecard."""
    drawn = service_of(request).figures.get(name)
    if drawn is None:
        raise ProblemError(404)
    headers = {"Content-Security-Policy": FIGURE_POLICY}  # not kept: another run's may follow
    return Response(drawn, media_type="image/svg+xml", headers=headers)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Show the OpenAPI document, without anything from elsewhere."""
    from postcast.web.docs_page import told_document

    told = told_document(request.app.openapi())
    return html("docs.html.j2", facts=model_facts(service_of(request)), here="docs", **told)


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """Send the style sheet or the script."""
    if name not in FILES:
        raise ProblemError(404)
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(STATIC / name, media_type=FILES[name], headers=headers)


@router.get("/login")
async def door(request: Request) -> Response:
    """Ask for the token."""
    if request.app.state.token is None:
        return RedirectResponse("/", 303)
    return html("login.html.j2", problem="")


@router.post("/login")
async def enter(request: Request) -> Response:
    """Take the token, and let the browser keep what stands for it."""
    token: Token | None = request.app.state.token
    if token is None:
        return RedirectResponse("/", 303)
    try:
        form = await request.form(max_files=0, max_fields=4)
        given = form.get("token", "")
    except Exception:  # whatever a form that is none raises
        raise ProblemError(400, "The form cannot be taken apart.") from None
    if not isinstance(given, str) or not token.is_given(given.strip()):
        return html("login.html.j2", 401, problem="That is not the token.")
    response = RedirectResponse("/", 303)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token.cookie, httponly=True, samesite="strict", secure=secure)
    return response
