"""A forecaster on newer posts with planted changes: of labels, of texts, of authors, of nothing."""

import numpy as np
import pytest
from tests.conftest import records

from postcast import read_posts, train
from postcast.drift import drift
from postcast.drifted import CANNOT_TELL, FAILS, HOLDS

FAST = {"encoder": "tfidf", "classifier": "linear"}
START = np.datetime64("2024-02-01T00:00:00")


def newer(n=360, seed=11, **values):
    """Posts like those of the training, later, of other texts, over three months."""
    made = []
    for i, row in enumerate(records(n, seed=seed)):
        when = START + np.timedelta64(i * 6, "h")
        made.append({**row, "id": f"n{i}", "created_at": f"{when}Z", **values})
    return made


@pytest.fixture(scope="module")
def forecaster():
    return train(records(400), FAST)


@pytest.fixture(scope="module")
def strong():
    return train(records(400), {"encoder": "tfidf"})


def levels(found):
    return {one.block: one.level for one in found.shifts}


def test_posts_of_the_same_kind_hold_month_by_month(forecaster):
    found = drift(forecaster, read_posts(newer()))
    assert found.verdict == HOLDS
    assert found.still_holds
    assert set(levels(found).values()) <= {"none seen", "slight"}
    assert [one.label for one in found.periods] == ["2024-02", "2024-03", "2024-04"]
    assert sum(one.posts for one in found.periods) == found.posts == 360
    scored = found.periods[0]
    assert scored.scores["log_loss"].low < scored.scores["log_loss"].high
    assert scored.baselines.keys() == {"majority", "author_median", "tfidf_linear"}


def test_counts_that_no_longer_follow_the_text_end_it(forecaster, rng):
    rows = newer()
    counts = rng.permutation([row["saves"] for row in rows])
    shuffled = [{**row, "saves": int(count)} for row, count in zip(rows, counts, strict=True)]
    found = drift(forecaster, read_posts(shuffled))
    assert found.verdict == FAILS
    assert levels(found) == levels(drift(forecaster, read_posts(rows)))  # the posts are as before


def test_counts_that_grow_throughout_are_told_by_the_thresholds(forecaster):
    grown = [{**row, "saves": row["saves"] + 40} for row in newer()]
    found = drift(forecaster, read_posts(grown))
    assert found.verdict == FAILS
    assert found.thresholds.shares["high"].value == 1
    assert found.thresholds.now[0].low > found.thresholds.trained[0]


def test_other_texts_alone_are_told_as_a_shift_of_text(strong):
    same, other = newer(200), newer(200)
    for i, row in enumerate(other):
        words = row["text"].split()
        row["text"] = " ".join([words[0], *(f"word{j % 10}" for j in range(i, i + 8)), f"b{i}"])
    before, after = (drift(strong, read_posts(rows)) for rows in (same, other))
    assert levels(before)["text"] in ("none seen", "slight")
    assert levels(after)["text"] == "strong"
    assert levels(after)["author"] == levels(before)["author"]


def test_other_authors_are_told_as_a_shift_of_authors(strong):
    found = drift(strong, read_posts(newer(200, author="newcomer")))
    shift = next(one for one in found.shifts if one.block == "author")
    assert shift.level == "strong"
    assert shift.differ[0] == "share of authors whom the training did not know up"


def test_posts_that_are_remembered_are_left_out_and_few_say_nothing(forecaster):
    found = drift(forecaster, read_posts(records(400)[:100]))
    assert (found.verdict, found.posts, found.n_known) == (CANNOT_TELL, 0, 100)
    found = drift(forecaster, read_posts(newer(30)))
    assert (found.verdict, found.posts) == (CANNOT_TELL, 30)
    assert found.still_holds


def test_without_an_order_there_are_no_periods(forecaster):
    rows = [{k: v for k, v in row.items() if k != "created_at"} for row in newer(120)]
    found = drift(forecaster, read_posts(rows))
    assert found.periods == ()
    assert found.overall.posts == 120


def test_a_forecaster_that_kept_no_texts_compares_what_it_can(strong):
    from dataclasses import replace

    bank = replace(strong.bank, wordings=None)
    bare = replace(strong, senses=replace(strong.senses, bank=bank))
    found = {one.block: one for one in drift(bare, read_posts(newer(200))).shifts}
    assert found["text"].told_apart.value is not None
    assert "not kept" in found["context"].reason


def test_judging_twice_gives_the_same(forecaster):
    posts = read_posts(newer(150))
    assert drift(forecaster, posts) == drift(forecaster, posts)
