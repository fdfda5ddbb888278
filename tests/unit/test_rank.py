"""Drafts in order: equal ones share a place, near ones are too close, strangers are ranked too."""

import json
from dataclasses import replace

import pytest
from tests.conftest import records

from postcast import Post, train
from postcast.errors import ReadError
from postcast.rank import MOST_NAMED, rank
from postcast.scorecard import Estimate, Scorecard

LINEAR = {"encoder": "tfidf", "classifier": "linear"}


@pytest.fixture(scope="module")
def forecaster():
    return train(records(), LINEAR)


def drafts(*texts, author="a1"):
    return [Post(text=text, author=author) for text in texts]


def test_the_most_promising_stands_first_with_its_bounds(forecaster):
    ranking = rank(forecaster, drafts("dull word3", "easy word3", "plain word3"))
    assert [draft.id for draft in ranking.drafts] == ["2", "3", "1"]
    assert [draft.position for draft in ranking.drafts] == [1, 2, 3]
    assert ranking.scale == "expected rank"
    for draft in ranking.drafts:
        assert 0 <= draft.score_low <= draft.score <= draft.score_high <= 1
    assert ranking.drafts[0].forecast.forecast == "high"


def test_the_order_in_which_drafts_are_given_changes_nothing(forecaster):
    texts = [f"{word} word{n}" for n in range(4) for word in ("dull", "plain", "easy")]
    named = [Post(text=text, author="a1", id=text) for text in texts]
    there, back = rank(forecaster, named), rank(forecaster, named[::-1])
    assert {d.id: d.score for d in there.drafts} == {d.id: d.score for d in back.drafts}
    assert {d.id: d.position for d in there.drafts} == {d.id: d.position for d in back.drafts}


def test_copies_share_score_and_place_and_are_too_close(forecaster):
    ranking = rank(forecaster, drafts("easy cake", "dull cake", "easy cake"))
    first, second, last = ranking.drafts
    assert (first.score, first.position) == (second.score, second.position)
    assert last.position == 3
    assert second.id in first.too_close_to
    assert first.id in second.too_close_to


def test_closeness_is_mutual_and_follows_the_measured_difference(forecaster):
    ranking = rank(
        forecaster, drafts(*(f"{w} word{n}" for n in range(5) for w in ("dull", "easy")))
    )
    gap, by_id = ranking.pairwise.gap.value, {draft.id: draft for draft in ranking.drafts}
    assert gap > 0
    for one in ranking.drafts:
        near = {d.id for d in ranking.drafts if d is not one and abs(d.score - one.score) < gap}
        assert set(one.too_close_to) == near
        assert one.n_too_close == len(near)
        assert all(one.id in by_id[other].too_close_to for other in one.too_close_to)
    assert 0 < sum(draft.n_too_close for draft in ranking.drafts) < 90


def test_many_too_close_are_counted_and_the_nearest_named(forecaster):
    ranking = rank(forecaster, drafts(*["easy cake"] * 30))
    assert {draft.n_too_close for draft in ranking.drafts} == {29}
    assert {len(draft.too_close_to) for draft in ranking.drafts} == {MOST_NAMED}


def test_without_a_measure_nothing_is_called_and_the_reason_stands_there(forecaster):
    texts = drafts("dull word3", "easy word3")
    bare = rank(replace(forecaster, scorecard=None), texts)
    assert bare.pairwise is None
    assert "no scorecard" in bare.reason
    assert [draft.n_too_close for draft in bare.drafts] == [1, 1]
    older = replace(forecaster.scorecard, pairwise=None)
    assert "older postcast" in rank(replace(forecaster, scorecard=older), texts).reason
    never = replace(forecaster.scorecard.pairwise, gap=Estimate(), told=None)
    card = replace(forecaster.scorecard, pairwise=never)
    answer = rank(replace(forecaster, scorecard=card), texts)
    assert [draft.n_too_close for draft in answer.drafts] == [1, 1]


def test_one_draft_none_and_strangers(forecaster):
    (alone,) = rank(forecaster, drafts("easy cake")).drafts
    assert (alone.position, alone.too_close_to) == (1, ())
    assert rank(forecaster, []).drafts == ()
    mixed = rank(forecaster, [Post(text="easy", author="new"), Post(text="dull", author="a1")])
    assert any("'new' was not seen" in w for w in mixed.drafts[0].forecast.warnings)
    assert "several authors" in mixed.notes[0]
    assert rank(forecaster, drafts("easy", "dull")).notes == ()


def test_a_file_without_drafts_is_an_error(forecaster, tmp_path):
    path = tmp_path / "drafts.csv"
    path.write_text("id,text\n")
    with pytest.raises(ReadError, match="no rows"):
        rank(forecaster, path)


def test_counts_order_drafts_where_they_are_known():
    strong = train(records(), {"encoder": "tfidf"})
    ranking = rank(strong, drafts("dull word3", "easy word3"))
    assert ranking.scale == "expected count"
    first = ranking.drafts[0]
    assert first.score == pytest.approx(first.forecast.expected_count, abs=1e-5)
    bounds = (first.forecast.count_low, first.forecast.count_high)
    assert (first.score_low, first.score_high) == bounds


def test_plain_values_survive_json_and_older_scorecards_load(forecaster):
    told = rank(forecaster, drafts("dull", "easy")).to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    card = forecaster.scorecard
    assert Scorecard.from_dict(json.loads(json.dumps(card.to_dict()))) == card
    older = card.to_dict()
    del older["pairwise"]
    assert Scorecard.from_dict(older).pairwise is None
