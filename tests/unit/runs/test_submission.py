"""Forecasts in the SMP Challenge's layout, and what it would refuse."""

import copy
import math

import pytest

from postcast.errors import ForecasterError, OutputError
from postcast.runs.submission import check_submission, submission
from postcast.schema import Forecast


def _forecast(number, count):
    return Forecast(
        id=number,
        forecast="low",
        probabilities={"low": 1.0, "medium": 0.0, "high": 0.0},
        set=("low",),
        too_close=False,
        thresholds=(3.0, 6.0),
        expected_count=count,
    )


FORECASTS = [_forecast("11", 0.0), _forecast("12", 7.0), _forecast("13", 1234.5)]


def test_the_layout_is_the_challenges():
    answer = submission(FORECASTS, "a pretrained encoder")
    assert list(answer) == ["version", "result", "external_data"]
    assert answer["result"][1] == {"post_id": "12", "popularity_score": 3.0}
    assert answer["result"][2]["popularity_score"] == pytest.approx(math.log2(1235.5), abs=1e-4)
    assert answer["external_data"] == {"used": "true", "details": "a pretrained encoder"}
    assert submission(FORECASTS)["external_data"] == {"used": "false", "details": ""}


def test_classes_alone_are_no_score():
    with pytest.raises(ForecasterError, match="--target count"):
        submission([_forecast("1", None)])


@pytest.mark.parametrize("ids", [["1", "1"], ["1", None], ["1", ""]])
def test_each_post_needs_an_id_of_its_own(ids):
    with pytest.raises(OutputError):
        submission([_forecast(one, 2.0) for one in ids])


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.pop("version"),
        lambda a: a.update(extra=1),
        lambda a: a.update(result=[]),
        lambda a: a.update(result={}),
        lambda a: a["result"][0].pop("post_id"),
        lambda a: a["result"][0].update(popularity_score="3"),
        lambda a: a["result"][0].update(popularity_score=math.nan),
        lambda a: a["result"][0].update(post_id=11),
        lambda a: a["external_data"].update(used=True),
        lambda a: a["external_data"].update(used="yes"),
        lambda a: a["external_data"].pop("details"),
    ],
)
def test_what_differs_from_the_layout_is_refused(change):
    answer = copy.deepcopy(submission(FORECASTS))
    check_submission(answer)
    change(answer)
    with pytest.raises(OutputError):
        check_submission(answer)
