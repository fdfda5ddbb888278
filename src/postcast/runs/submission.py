"""Forecasts as the SMP Challenge takes them: one JSON file, a score a post.

Knows that layout, and nothing of where forecasts come from. The layout is that of
https://smp-challenge.com/challenge.html: ``version``, ``result`` with a ``post_id`` and a
``popularity_score`` a post, and ``external_data``, whose ``used`` is "true" or "false".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from postcast.errors import ForecasterError, OutputError
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.schema import Forecast

VERSION = "VERSION 1.2"
DECIMALS = 4

_KEYS = {"version": str, "result": list, "external_data": dict}
_ROW = {"post_id": str, "popularity_score": float}
_EXTERNAL = {"used": str, "details": str}


def submission(forecasts: Sequence[Forecast], pretrained: str = "") -> dict[str, Any]:
    """Return forecasts in the challenge's layout, checked.

    A post's score is log2(1 + count), the challenge's measure of popularity, of the count that is
    expected.

    Parameters
    ----------
    forecasts : sequence of Forecast
    pretrained : str
        What was learned from other data than the challenge's; empty for nothing.

    Raises
    ------
    ForecasterError
        If the forecasts know no counts.
    OutputError
        If a post has no id, or two have the same.
    """
    rows = [{"post_id": one.id, "popularity_score": _score(one)} for one in forecasts]
    answer = {
        "version": VERSION,
        "result": rows,
        "external_data": {"used": str(bool(pretrained)).lower(), "details": pretrained},
    }
    check_submission(answer)
    return answer


def _score(forecast: Forecast) -> float:
    if forecast.expected_count is None:
        raise ForecasterError(
            "the forecasts are classes only, and a submission needs a popularity score a post",
            "a forecaster of counts",
            "train with --target count",
        )
    return round(math.log2(1 + forecast.expected_count), DECIMALS)


def check_submission(answer: Mapping[str, Any]) -> None:
    """Refuse what the challenge would not take.

    Raises
    ------
    OutputError
        With the first thing that differs from the layout.
    """
    _check_keys(answer, _KEYS, "the submission")
    _check_keys(answer["external_data"], _EXTERNAL, "external_data")
    if answer["external_data"]["used"] not in ("true", "false"):
        raise OutputError(
            f"external_data.used is {answer['external_data']['used']!r}", '"true" or "false"'
        )
    if not answer["result"]:
        raise OutputError("the submission has no post", "at least one")
    for number, row in enumerate(answer["result"], 1):
        _check_keys(row, _ROW, f"post {number}")
        if not row["post_id"] or not math.isfinite(row["popularity_score"]):
            raise OutputError(f"post {number} is {dict(row)}", "an id and a finite score")
    [(commonest, n_posts)] = Counter(row["post_id"] for row in answer["result"]).most_common(1)
    if n_posts > 1:
        raise OutputError(
            f"{counted(n_posts, 'post')} have the id {commonest!r}",
            "an id of its own for each",
            "see --id-col",
        )


def _check_keys(found: Any, kinds: Mapping[str, type], where: str) -> None:
    if not isinstance(found, Mapping) or set(found) != set(kinds):
        names = sorted(found) if isinstance(found, Mapping) else type(found).__name__
        raise OutputError(f"{where} has {names}", f"the keys {', '.join(kinds)}")
    for name, kind in kinds.items():
        if not isinstance(found[name], kind):
            raise OutputError(f"{name} of {where} is {found[name]!r}", f"{kind.__name__}")
