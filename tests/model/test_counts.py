"""Counts on the planted sample: expected, bounded, saved, and parted elsewhere after training."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from postcast import Post, load, train
from postcast.data.sample import AUTHORS, sample_posts
from postcast.errors import ForecasterError, LabelError, PostcastError, SettingsError
from postcast.learning.division import How, divide
from postcast.learning.learnable import Outcomes
from postcast.schema import COUNTS
from postcast.scoring import foretell

COUNT = {"encoder": "tfidf", "target": "count"}
OTHER = (7.0, 20.0)
DRAFTS = [Post(text=text, author=a) for text in ("easy soup", "dull notes") for a in AUTHORS]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """One run of the sample, of few pictures and few draws, which have tests of their own."""
    from matplotlib.figure import Figure

    from postcast.evaluate.resampling import resample

    folder = tmp_path_factory.mktemp("counts") / "RUN"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("postcast.evaluate.plots.draw_all", lambda _: [("tiny", Figure((1, 1)))])
        patch.setitem(resample.__kwdefaults__, "draws", 50)
        train(sample_posts(), COUNT, out=folder)
    return folder


@pytest.fixture(scope="module")
def forecaster(out):
    return load(out)


@pytest.fixture(scope="module")
def division():
    return divide(sample_posts(), How(target="count"))


def told(forecaster, division):
    outcomes = Outcomes(division.test_counts, division.test_outcomes)
    return foretell(forecaster, division.test, outcomes)


def test_the_usual_classifier_knows_counts(forecaster):
    assert forecaster.facts["classifier"] == "strong"
    assert forecaster.facts["target"] == "count"


def test_the_scorecard_has_both_figures_beside_the_baselines(out):
    card = json.loads((out / "scorecard.json").read_text())
    assert card["mae_log"]["low"] < card["mae_log"]["value"] < card["mae_log"]["high"]
    assert 0.4 < card["spearman"]["low"] < card["spearman"]["value"]
    for name, baseline in card["baselines"].items():
        assert card["mae_log"]["value"] < baseline["mae_log"]["value"], name
        assert card["differences"][name]["mae_log"]["high"] < 0, name
    assert card["differences"]["author_median"]["spearman"]["low"] > 0
    assert card["coverage"]["counts"]["value"] == pytest.approx(card["coverage"]["asked"], abs=0.08)
    assert "MAE, log counts (-)" in (out / "scorecard.txt").read_text()
    assert "counts within their bounds" in (out / "report.html").read_text()


def test_predictions_hold_the_counts(out, division):
    with (out / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = "id author engagement class forecast p_low p_medium p_high"
    assert list(rows[0]) == [*names.split(), *COUNTS, "set", "split"]
    expected, low, high = (np.array([float(row[name]) for row in rows]) for name in COUNTS)
    assert (low <= expected).all()
    assert (expected <= high).all()
    assert all(row["count_low"].isdigit() and row["count_high"].isdigit() for row in rows)
    assert np.corrcoef(np.log1p(expected), np.log1p(division.test_counts))[0, 1] > 0.5
    held = (low <= division.test_counts) & (division.test_counts <= high)
    card = json.loads((out / "scorecard.json").read_text())
    assert card["coverage"]["counts"]["value"] == pytest.approx(held.mean())


def test_classes_are_those_of_the_class_target(forecaster):
    other = train(sample_posts(), {"encoder": "tfidf", "classifier": "strong"})
    assert other.rule == forecaster.rule
    answers = other.predict(DRAFTS)
    assert answers == forecaster.predict(DRAFTS)
    assert other.scorecard.mae_log.value is None
    assert other.scorecard.macro_f1.value == forecaster.scorecard.macro_f1.value
    assert all(one.count_low <= one.expected_count <= one.count_high for one in answers)


def test_its_own_thresholds_move_nothing(forecaster):
    assert forecaster.moved(forecaster.rule.thresholds) is forecaster
    back = forecaster.moved(OTHER).moved(forecaster.rule.thresholds)
    assert back.predict(DRAFTS) == forecaster.predict(DRAFTS)


def test_moved_thresholds_are_much_like_another_training(forecaster, division):
    settings = {"encoder": "tfidf", "classifier": "strong", "thresholds": list(OTHER)}
    trained, moved = train(sample_posts(), settings), forecaster.moved(OTHER)
    assert moved.rule.thresholds == trained.rule.thresholds == OTHER
    assert moved.rule.shares == pytest.approx(trained.rule.shares, abs=1e-9)
    one, other = told(moved, division), told(trained, division)
    np.testing.assert_array_equal(one.actual, other.actual)
    np.testing.assert_allclose(
        one.probabilities.mean(axis=0), other.probabilities.mean(axis=0), atol=0.04
    )
    assert np.abs(one.probabilities - other.probabilities).mean() < 0.1
    for code in range(3):
        rho = np.corrcoef(one.probabilities[:, code], other.probabilities[:, code])[0, 1]
        assert rho > 0.7, code


def test_a_class_that_begins_later_is_less_likely(forecaster):
    chances = [
        [one.probabilities["high"] for one in forecaster.moved((2, high)).predict(DRAFTS)]
        for high in (4, 8, 13, 25, 50)
    ]
    assert (np.diff(chances, axis=0) < 0).all()


def test_what_moves_is_told_with_its_thresholds_and_without_a_score(forecaster):
    moved = forecaster.moved(OTHER)
    assert (moved.scorecard, moved.baselines) == (None, {})
    answer = moved.predict(DRAFTS[0])
    assert answer.thresholds == OTHER
    assert answer.expected_count == forecaster.predict(DRAFTS[0]).expected_count
    assert sum(answer.probabilities.values()) == pytest.approx(1)


def test_saved_and_loaded_it_answers_the_same(forecaster, tmp_path):
    for name, one in (("trained", forecaster), ("moved", forecaster.moved(OTHER))):
        one.save(tmp_path / name)
        again = load(tmp_path / name)
        assert again.predict(DRAFTS) == one.predict(DRAFTS)
        assert again.moved((3, 9)).rule == one.moved((3, 9)).rule
        manifest = json.loads((tmp_path / name / "manifest.json").read_text())
        assert "counts.safetensors" in {part["path"] for part in manifest["parts"]}


def test_an_older_run_answers_but_moves_nothing(forecaster, tmp_path):
    replace(forecaster, counts=None).save(tmp_path)
    older = load(tmp_path)
    mine, theirs = older.predict(DRAFTS[0]), forecaster.predict(DRAFTS[0])
    assert (mine.probabilities, mine.set) == (theirs.probabilities, theirs.set)
    assert mine.expected_count is None
    with pytest.raises(ForecasterError, match="keeps no counts"):
        older.moved((3, 6))


def test_bad_thresholds_are_refused(forecaster):
    with pytest.raises(SettingsError, match="two ascending numbers"):
        forecaster.moved((6, 3))
    with pytest.raises(LabelError, match=r"class high is empty with thresholds 3 and 1,000,000"):
        forecaster.moved((3, 1e6))


def test_a_classifier_of_classes_refuses_counts_before_the_work(monkeypatch):
    def divide(*arguments):
        raise AssertionError("the work began")

    monkeypatch.setattr("postcast.training_plan.divide", divide)
    with pytest.raises(SettingsError, match=r"linear knows classes only, not counts.*strong"):
        train(sample_posts(), COUNT | {"classifier": "linear"})


def test_a_classifier_of_classes_refuses_to_move(sample_forecaster):
    with pytest.raises(PostcastError, match=r"linear knows classes only.*--classifier strong"):
        sample_forecaster.moved((3, 6))
    assert sample_forecaster.predict(DRAFTS[0]).expected_count is None


def test_the_command_line_moves_thresholds(out, capsys):
    from postcast.cli.main import exit_code

    words = ["predict", str(out), "--text", "easy soup", "--author", next(iter(AUTHORS))]
    assert exit_code([*words, "--thresholds", "7,20"]) == 0
    text = capsys.readouterr().out
    assert "from 7 to below 20" in text
    assert "Expected engagement: about " in text
    assert "at 90% coverage" in text
    assert "measured with its own thresholds" in text
    assert exit_code([*words, "--thresholds", "7,20", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["thresholds"] == list(OTHER)
    assert answer["count_low"] <= answer["expected_count"] <= answer["count_high"]
    assert exit_code([*words, "--thresholds", "20,7"]) == 2
    assert "thresholds 20, 7; expected two ascending numbers" in capsys.readouterr().err


def test_a_file_of_drafts_gets_counts(out, tmp_path, capsys):
    from postcast.cli.main import exit_code

    drafts = tmp_path / "drafts.csv"
    drafts.write_text("id,description,author\nd1,easy soup,studio-fern\nd2,dull notes,nobody\n")
    assert exit_code(["predict", str(out), str(drafts)]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len(rows) == 2
    bounds = [(int(one["count_low"]), int(one["count_high"])) for one in rows]
    assert all(
        low <= float(one["expected_count"]) <= high
        for one, (low, high) in zip(rows, bounds, strict=True)
    )
