"""Posts against their authors' earlier ones: end to end, in words, and without a look ahead."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from postcast import PopularityClassifier, load, train
from postcast.data import sample
from postcast.data.sample import sample_posts
from postcast.errors import PostcastError
from postcast.learning.division import How, divide
from postcast.scoring import score_posts

RELATIVE = {"encoder": "tfidf", "target": "relative"}
HOW = How(target="relative")


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    from postcast.evaluate.resampling import resample

    folder = tmp_path_factory.mktemp("relative") / "RUN"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(resample.__kwdefaults__, "draws", 50)
        train(sample_posts(), RELATIVE | {"classifier": "strong"}, out=folder)
    return folder


def test_its_classes_are_told_against_the_author(out):
    forecaster = load(out)
    medium, high = (math.exp(value) for value in forecaster.rule.thresholds)
    assert 0.1 < medium < high < 10
    text = (out / "scorecard.txt").read_text()
    line = (
        f"engagement: low below {medium:.3g} × own mean; medium {medium:.3g} to below "
        f"{high:.3g} × own mean; high {high:.3g} × own mean or more"
    )
    assert line in " ".join(text.split())
    assert "author's previous 50 posts" in text
    report, card = (out / "report.html").read_text(), (out / "MODEL_CARD.md").read_text()
    for told in (report, card):
        assert f"below {medium:.3g} × own mean" in told
        assert "Own mean is that of the author" in told
        assert f"below {forecaster.rule.thresholds[0]:.10g}" not in told
    assert "as they compare with their author" in report
    assert "medium from" not in (out / "figures" / "text_length_engagement.svg").read_text()


def test_it_tells_no_counts_and_moves_no_thresholds(out):
    forecaster = load(out)
    answer = forecaster.predict(sample_posts())[0]
    assert (answer.expected_count, answer.count_low, answer.count_high) == (None, None, None)
    assert forecaster.scorecard.mae_log.value is None
    header = (out / "predictions.csv").read_text().splitlines()[0]
    assert "expected_count" not in header
    with pytest.raises(PostcastError, match="author's own mean"):
        forecaster.moved((3, 6))


def test_the_terminal_tells_them_so_too(out, capsys):
    from postcast.cli.show import show_forecast

    forecaster = load(out)
    show_forecast(forecaster, forecaster.predict(sample_posts())[0])
    told = capsys.readouterr().out
    assert f"below {math.exp(forecaster.rule.thresholds[0]):.3g} × own mean" in told
    assert max(map(len, told.splitlines())) <= 90


def test_other_posts_are_scored_against_their_authors_too(out, monkeypatch):
    monkeypatch.setattr(sample, "SEED", sample.SEED + 1)
    tested = score_posts(load(out), sample_posts())
    assert tested.scorecard.target == "relative"
    assert tested.outlook is None
    assert np.median(tested.predictions.outcome) == pytest.approx(0, abs=0.3)
    assert tested.scorecard.spearman.value > 0.1


def test_outcomes_rest_on_earlier_posts_alone():
    posts = sample_posts()
    division = divide(posts, HOW)
    table = posts.table.sort("order")
    order = table["order"].to_numpy()
    logs = table["engagement"].log1p().to_numpy()
    authors = table["author"].to_numpy()
    rows = {name: row for row, name in enumerate(table["id"].to_list())}
    for name, outcome in zip(division.test.ids, division.test_outcomes, strict=True):
        row = rows[name]
        earlier = (authors == authors[row]) & (order < order[row]) & ~np.isnan(logs)
        own = logs[np.flatnonzero(earlier)[-50:]]
        assert len(own) >= 5
        assert outcome == pytest.approx(logs[row] - own.mean())


def test_later_counts_change_no_outcome():
    posts = sample_posts()
    newest = posts.table["order"].sort()[-60]
    raised = (
        pl.when(pl.col("order") >= newest)
        .then(5 * pl.col("engagement") + 9)
        .otherwise("engagement")
    )
    table = posts.table.with_columns(raised.alias("engagement"))
    before, after = divide(posts, HOW), divide(replace(posts, table=table), HOW)
    old = before.test.order < newest
    assert 20 < old.sum() < len(old)
    np.testing.assert_array_equal(before.test_outcomes[old], after.test_outcomes[old])
    np.testing.assert_array_equal(before.train_outcomes, after.train_outcomes)
    assert before.thresholds == after.thresholds


def test_thresholds_are_differences_of_logs():
    with_thresholds = RELATIVE | {"classifier": "linear", "thresholds": [-0.2, 0.3]}
    card = train(sample_posts(), with_thresholds).scorecard
    assert card.thresholds == (-0.2, 0.3)
    assert card.target == "relative"


def test_an_estimator_of_classes_knows_no_counts():
    texts = [f"{word} {i} {i * i}" for i in range(40) for word in ("low", "mid", "top")]
    model = PopularityClassifier(encoder="tfidf", classifier="strong")
    answer = model.fit(texts, [0, 1, 2] * 40).predict_proba(texts[:3])
    np.testing.assert_allclose(answer.sum(axis=1), 1)
