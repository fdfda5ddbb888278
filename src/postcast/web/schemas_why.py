"""What is answered to the slower questions, as typed models: why, what if, which draft.

Knows no forecaster; `postcast.explain`, `postcast.whatif` and `postcast.rank` hold the records.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from postcast.web.schemas import ClassName, ForecastOut

Effect = Annotated[
    dict[ClassName, float],
    Field(description="By how much it moves the probability of each class."),
]


Box = Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=4, max_length=4)]


class PartOut(BaseModel):
    """What one part of a draft adds to its forecast."""

    model_config = ConfigDict(title="Part")

    kind: Literal["word", "image", "context", "author", "tags"]
    name: str
    field: Annotated[str | None, Field(description="Where a word stands: text or title.")]
    start: Annotated[int | None, Field(description="Its first character in that field.")]
    end: int | None
    box: Annotated[
        Box | None, Field(description="Left, top, right, bottom of a region, shares of the image.")
    ]
    effect: Effect
    factor: Annotated[float, Field(description="Multiplies 1 + the expected engagement.")]
    low: Annotated[float, Field(description="The factor lies above, at 95%.")]
    high: float
    told_apart: Annotated[bool, Field(description="Whether that is told apart from none.")]


class SimilarOut(BaseModel):
    """A past post that is like a draft; without text and names where those were not kept."""

    model_config = ConfigDict(title="SimilarPost")

    id: str
    author: str | None
    time: str | None
    engagement: float
    popularity_class: ClassName
    similarity: float
    text: str | None


class ExplanationOut(BaseModel):
    """Why a draft is forecast as it is: associations learned from past posts, not causes."""

    model_config = ConfigDict(title="Explanation")

    forecast: ForecastOut
    base: Annotated[dict[ClassName, float], Field(description="Without any of the parts.")]
    base_count: float | None
    expected_count: float | None
    parts: Annotated[list[PartOut], Field(description="The largest first.")]
    similar: list[SimilarOut]
    sentences: list[str]


class ChangeOut(BaseModel):
    """An edit whose effect is larger than its uncertainty."""

    model_config = ConfigDict(title="Change")

    kind: str
    sentence: str
    post: Annotated[dict[str, Any], Field(description="The edited draft.")]
    before: ForecastOut
    after: ForecastOut
    effect: Annotated[float, Field(description="On the expected rank among past posts, 0 to 1.")]
    factor: Annotated[float, Field(description="Multiplies 1 + the expected engagement.")]
    low: Annotated[float, Field(description="The effect lies above, at 95%.")]
    high: float


class AlternativeOut(BaseModel):
    """Where another text stands beside the draft, as /rank has it."""

    model_config = ConfigDict(title="Alternative")

    order: Literal["ahead", "behind", "too close to call"]
    sentence: str
    text: str
    forecast: ForecastOut
    score: float
    draft_score: float
    scale: Literal["expected count", "expected rank"]
    effect: Annotated[float, Field(description="On the expected rank among past posts, 0 to 1.")]
    factor: Annotated[float, Field(description="Multiplies 1 + the expected engagement.")]


class WhatIfOut(BaseModel):
    """What could be changed about a draft; empty where nothing is certain."""

    model_config = ConfigDict(title="WhatIf")

    forecast: ForecastOut
    alternatives: Annotated[list[AlternativeOut], Field(description="One for each that was given.")]
    changes: Annotated[list[ChangeOut], Field(description="The largest first.")]
    tried: Annotated[int, Field(description="Edits that were tried.")]
    sentences: list[str]


class RankedDraftOut(BaseModel):
    """One draft in its place."""

    model_config = ConfigDict(title="RankedDraft")

    position: Annotated[int, Field(description="From 1; drafts of the same score share one.")]
    id: str | None
    author: str | None
    score: float
    score_low: Annotated[float | None, Field(description="It lies from here …")]
    score_high: Annotated[float | None, Field(description="… to here, at the coverage.")]
    too_close_to: Annotated[list[str | None], Field(description="Ids; at most ten are named.")]
    n_too_close: int
    forecast: ForecastOut


class RankingOut(BaseModel):
    """Drafts in order, the most promising first, and how often such an order was right."""

    model_config = ConfigDict(title="Ranking")

    drafts: list[RankedDraftOut]
    scale: Literal["expected count", "expected rank"]
    pairwise: Annotated[
        dict[str, Any] | None, Field(description="Right pairs within an author, held out.")
    ]
    reason: Annotated[str | None, Field(description="Why that is not known.")]
    notes: list[str]
