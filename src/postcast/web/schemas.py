"""What may be asked over HTTP and what is answered, as typed models with examples.

Knows no forecaster; `postcast.schema` holds the same records for Python.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from postcast.data.times import moment_of, zone_of
from postcast.web import limits

WITHOUT_NUL = r"^[^\u0000]*$"

EXAMPLE_POST: dict[str, Any] = {
    "title": "Tiny lentil soup",
    "text": "Easy budget lentil soup",
    "author": "studio-fern",
    "time": "2026-05-01T18:00:00Z",
    "tags": ["soup", "budget"],
}

EXAMPLE_FORECAST: dict[str, Any] = {
    "id": None,
    "forecast": "high",
    "probabilities": {"low": 0.007714, "medium": 0.090129, "high": 0.902157},
    "set": ["high"],
    "too_close": False,
    "thresholds": [4.0, 13.0],
    "warnings": [],
    "expected_count": 23.87,
    "count_low": 11,
    "count_high": 51,
}


def _is_time(text: str) -> str:
    if moment_of(text, zone_of("UTC")) is None:
        raise ValueError("expected a time such as 2026-05-01T18:00:00Z, or epoch seconds")
    return text


def _words(most: int) -> Any:
    return StringConstraints(max_length=most, pattern=WITHOUT_NUL)


Name = Annotated[str, _words(limits.NAME)]
Tag = Annotated[str, _words(limits.TAG)]
Time = Annotated[
    str,
    AfterValidator(_is_time),
    Field(
        max_length=64,
        json_schema_extra={"format": "date-time"},
        description="ISO 8601, epoch seconds or milliseconds, or RFC 2822; UTC without a zone.",
    ),
]


class PostIn(BaseModel):
    """One post before it is published. Images are uploaded; a path to one is not taken."""

    model_config = ConfigDict(
        extra="forbid", strict=True, title="Post", json_schema_extra={"examples": [EXAMPLE_POST]}
    )

    text: Annotated[str, _words(limits.TEXT), Field(description="Description or caption.")] = ""
    title: Annotated[str, _words(limits.TITLE)] | None = None
    author: Annotated[Name | None, Field(description="Who publishes it; an account.")] = None
    time: Annotated[Time | None, Field(description="When; now where it is left out.")] = None
    tags: Annotated[list[Tag], Field(max_length=limits.TAGS, description="Hashtags.")] = []
    category: Annotated[Name | None, Field(description="Board, subreddit or topic.")] = None
    id: Annotated[Name | None, Field(description="Given back with the answer.")] = None


class WhatIfIn(PostIn):
    """A post, and other wordings of it that its author has in mind."""

    model_config = ConfigDict(title="WhatIfRequest")

    alternatives: Annotated[
        list[Annotated[str, _words(limits.TEXT)]],
        Field(max_length=10, description="Other texts to try in place of this one."),
    ] = []


class ProbabilitiesOut(BaseModel):
    """Calibrated; they sum to one."""

    model_config = ConfigDict(title="Probabilities")

    low: Annotated[float, Field(ge=0, le=1)]
    medium: Annotated[float, Field(ge=0, le=1)]
    high: Annotated[float, Field(ge=0, le=1)]


ClassName = Literal["low", "medium", "high"]


class ForecastOut(BaseModel):
    """The forecast of one post."""

    model_config = ConfigDict(title="Forecast", json_schema_extra={"examples": [EXAMPLE_FORECAST]})

    id: str | None
    forecast: Annotated[ClassName, Field(description="The class that was decided on.")]
    probabilities: ProbabilitiesOut
    set: Annotated[list[ClassName], Field(description="Holds the truth at the coverage.")]
    too_close: Annotated[bool, Field(description="True where the set holds every class.")]
    thresholds: Annotated[
        list[float], Field(description="The engagement at which medium and high begin.")
    ]
    warnings: Annotated[list[str], Field(description="Why this answer deserves less trust.")]
    expected_count: Annotated[float | None, Field(description="Null from one of classes only.")]
    count_low: Annotated[float | None, Field(description="The count lies from here …")]
    count_high: Annotated[float | None, Field(description="… to here, at the coverage.")]


class ModelOut(BaseModel):
    """What answers here, and how good it was found to be."""

    model_config = ConfigDict(title="Model")

    classifier: str
    encoder: str
    target: str
    thresholds: list[float]
    shares: Annotated[list[float], Field(description="Of the classes among past posts.")]
    recent_shares: Annotated[
        list[float] | None, Field(description="Of the newest; null where nothing orders them.")
    ]
    recent_posts: Annotated[int, Field(description="How many those are, at most 200.")]
    coverage: float | None
    reads: Annotated[list[str], Field(description="Fields of a post that its answer depends on.")]
    past_posts: int
    median_engagement: Annotated[float | None, Field(description="Of the past posts.")]
    synthetic: bool
    verdict: Annotated[str, Field(description="How good it is, against what, how sure that is.")]
    scorecard: Annotated[dict[str, Any] | None, Field(description="As scorecard.json.")]
    versions: dict[str, str]
    notice: Annotated[str | None, Field(description="Whether a newer run is there.")]


class StateOut(BaseModel):
    """Whether the server lives, or takes questions."""

    model_config = ConfigDict(title="State")

    status: Literal["ok", "ready", "stopping"]
    notice: Annotated[str | None, Field(description="Whether a newer run is there.")] = None


class ErrorOut(BaseModel):
    """One thing that is wrong in a body."""

    model_config = ConfigDict(title="Error")

    where: str
    what: str


class ProblemOut(BaseModel):
    """Why there is no answer (RFC 9457)."""

    model_config = ConfigDict(title="Problem")

    type: str
    title: str
    status: int
    detail: str
    errors: list[ErrorOut] | None = None
