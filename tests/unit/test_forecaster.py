"""A forecaster answers posts, tables, frames and records alike, and comes back as it was."""

import json

import numpy as np
import pytest

from postcast import Post, load, read_posts, train
from postcast.errors import ForecasterError
from postcast.features.assemble import drafts_of_table

FAST = {"encoder": "tfidf", "classifier": "linear"}


@pytest.fixture
def posts(posts_file):
    return read_posts(posts_file)


@pytest.fixture(scope="module")
def kept():
    return []


@pytest.fixture
def forecaster(posts, kept):
    """One for all tests here: a forecaster never changes."""
    if not kept:
        kept.append(train(posts, FAST))
    return kept[0]


def test_one_post_and_many(forecaster):
    drafts = [Post(text="easy cake", author="a1"), Post(text="dull", author="new", id="x")]
    one, two = forecaster.predict(drafts)
    assert forecaster.predict(drafts[0]).probabilities == one.probabilities
    assert (two.id, two.warnings) == ("x", ("the author 'new' was not seen in training",))
    assert one.warnings == ()
    assert one.thresholds == forecaster.scorecard.thresholds


def test_a_post_without_text_is_answered_with_a_warning(forecaster):
    answer = forecaster.predict(Post(text="  "))
    assert "there is no text to judge" in answer.warnings
    assert sum(answer.probabilities.values()) == pytest.approx(1)


def test_posts_and_their_table_get_the_same(forecaster, posts):
    answers = forecaster.predict(posts)
    rows = posts.table.select("text", "author", "id").rows()
    again = forecaster.predict([Post(text=t, author=a, id=i) for t, a, i in rows])
    assert [one.id for one in answers] == posts.table["id"].to_list()
    assert answers == again


def test_how_many_are_answered_together_changes_nothing(posts, monkeypatch):
    strong = train(posts, {"encoder": "tfidf"})
    together = strong.predict(posts)
    monkeypatch.setattr("postcast.forecaster.DRAFTS_AT_ONCE", 70)
    apart = strong.predict(posts)
    assert [one.id for one in apart] == [one.id for one in together]
    for one, other in zip(apart, together, strict=True):
        assert one.warnings == other.warnings
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_saved_and_loaded_it_answers_the_same_bytes(forecaster, posts, tmp_path):
    forecaster.save(tmp_path / "forecaster")
    again = load(tmp_path)
    drafts = drafts_of_table(posts.table)
    np.testing.assert_array_equal(again.probabilities(drafts), forecaster.probabilities(drafts))
    assert again.predict(posts) == forecaster.predict(posts)
    assert again.facts == forecaster.facts
    assert set(again.baselines) == {"majority", "author_median", "tfidf_linear"}
    for name, one in again.baselines.items():
        expected = forecaster.baselines[name].probabilities(drafts)
        np.testing.assert_array_equal(one.probabilities(drafts), expected, err_msg=name)
    assert again.scorecard is None


def test_saving_twice_is_the_same_bytes(forecaster, tmp_path):
    for name in ("a", "b"):
        forecaster.save(tmp_path / name)
    for path in (tmp_path / "a").rglob("*.*"):
        other = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == other.read_bytes(), path.name


def test_the_manifest_tells_what_it_is(forecaster, tmp_path):
    forecaster.save(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert isinstance(manifest["format"], int)
    assert (manifest["encoder"], manifest["classifier"]) == ("tfidf", "linear")
    assert manifest["thresholds"] == list(forecaster.rule.thresholds)
    assert manifest["created_with"].startswith("postcast ")
    assert all(set(part) == {"path", "sha256", "kind"} for part in manifest["parts"])
    assert {part["kind"] for part in manifest["parts"]} <= {"safetensors", "json", "file"}


def test_no_folder(tmp_path):
    with pytest.raises(ForecasterError, match="no folder"):
        load(tmp_path / "nowhere")
