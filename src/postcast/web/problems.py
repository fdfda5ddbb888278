"""What a request gets that cannot be answered: ``application/problem+json`` (RFC 9457).

Repeats nothing of the request, no path and no trace. Knows no forecaster.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from postcast.errors import PostcastError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 10

MEANINGS: Mapping[int, str] = {
    400: "The request cannot be read.",
    401: "The token is missing or wrong.",
    403: "A page of another site asked.",
    404: "There is nothing under this address.",
    405: "This address takes another method.",
    408: "The request took too long to arrive.",
    413: "The request is larger than is allowed.",
    415: "The request is of a type that is not read here.",
    421: "The server does not go by the name that was asked.",
    422: "The request makes no sense to the forecaster.",
    429: "Too much is waiting already.",
    431: "The head of the request is larger than is allowed.",
    500: "A fault of the server.",
    503: "The answer took too long.",
}


class ProblemError(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    status : int
        Of HTTP.
    detail : str
        What was expected, in words that hold nothing of the request.
    errors : sequence of mapping
        ``where`` and ``what``, of a body that was read.
    headers : mapping of str to str, optional
    """

    def __init__(
        self,
        status: int,
        detail: str = "",
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail or MEANINGS.get(status, "")
        self.errors = list(errors)[:MOST_ERRORS]
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return it as an answer."""
        told: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            told["errors"] = self.errors
        content = json.dumps(told, ensure_ascii=False).encode()
        return Response(content, self.status, self.headers, MEDIA_TYPE)


def too_many(seconds: int = 1) -> ProblemError:
    """Return the answer to those for whom there is no place to wait."""
    return ProblemError(429, headers={"Retry-After": str(seconds)})


def too_slow() -> ProblemError:
    """Return the answer to those whose time is over."""
    return ProblemError(503, headers={"Retry-After": "5"})


def answer_problems(app: FastAPI) -> None:
    """Answer all that goes wrong with a problem."""

    async def of_problem(_: Request, error: Exception) -> Response:
        return problem_of(error).response()

    for kind in (ProblemError, HTTPException, PostcastError, Exception):
        app.add_exception_handler(kind, of_problem)


def problem_of(error: Exception) -> ProblemError:
    """Return what an error comes to for those who asked."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, HTTPException):
        return ProblemError(error.status_code, headers=error.headers)
    if isinstance(error, PostcastError):  # its words may hold a path or what was asked
        log.warning("a question was refused: %s", type(error).__name__)
        return ProblemError(422, "This forecaster cannot answer that.")
    return ProblemError(500)
