"""A leaderboard's records, its sentences, its table, its picture and its page."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from postcast.errors import PostcastError
from postcast.evaluate import metrics
from postcast.evaluate.compare_page import render_leaderboard
from postcast.evaluate.leaderboard import (
    COMPARED,
    Board,
    Leaderboard,
    Trialled,
    ranked,
    standings,
)
from postcast.evaluate.leaderboard_text import leaderboard_text, verdict
from postcast.evaluate.plots_compare import compare as draw
from postcast.scorecard import SCORES, Estimate

HOSTILE = "\"><script>alert('x')</script>|`<b>"
SVG = '<svg viewBox="0 0 9 9" role="img" aria-label="a"><title>a</title></svg>'
ALL = (
    ("cv", "frozen"),
    ("blocks", "frozen"),
    ("chronological", "frozen"),
    ("chronological", "online"),
    ("rolling", "frozen"),
    ("rolling", "online"),
    ("unseen", "frozen"),
)


@pytest.fixture(scope="module")
def entries():
    from tests.unit.evaluate.conftest import invent

    skills = {"strong": 2.0, "tfidf-linear": 0.8, "reference": 0.7, "majority": 0.0}
    found = {
        name: Trialled([replace(invent(skill=skill, seed=i), post=np.arange(60))], [1.0, 3.0])
        for i, (name, skill) in enumerate(skills.items())
    }
    return ranked(standings(found))


def gap_of(standing, gap):
    return replace(
        standing, differences={**standing.differences, "tfidf-linear": {"macro_f1": gap}}
    )


@pytest.fixture
def board(entries):
    """Return a leaderboard with strong's difference to TF-IDF + linear under each split."""

    def make(gaps=None, splits=ALL, names=None, **facts):
        boards = []
        for split, mode in splits:
            rows = {name: one for name, one in entries.items() if names is None or name in names}
            if gaps and (split, mode) in gaps:
                rows["strong"] = gap_of(rows["strong"], gaps[split, mode])
            boards.append(
                Board(
                    split=split,
                    mode=mode,
                    maturity="0",
                    description="How it is split.",
                    n_posts=60,
                    folds=2,
                    classifiers=rows,
                )
            )
        posts = {"name": "pins.csv", "sha256": "ab", "n": 61, "synthetic": False}
        given = {"encoder": "tfidf", "settings": {"seed": 42}, "versions": {"postcast": "0"}}
        return Leaderboard(boards=tuple(boards), **({"posts": posts} | given | facts))

    return make


CLEAR, DOUBTFUL = Estimate(0.05, 0.01, 0.09), Estimate(0.02, -0.03, 0.07)
BEHIND = Estimate(-0.05, -0.09, -0.01)


def test_standings_are_the_figures_and_paired_differences_of_the_scorecard(predict):
    one, other = ([predict(seed=i), predict(seed=i + 5)] for i in (1, 2))
    found = standings({"reference": Trialled(one, [1, 2]), "strong": Trialled(other, [4, 8])})
    mine = found["strong"]
    pooled = Trialled(other).pooled()
    expected = metrics.figures(pooled)
    assert {score: getattr(mine, score) for score in SCORES} == {
        score: getattr(expected, score) for score in SCORES
    }
    assert mine.per_class == expected.per_class
    assert mine.differences["reference"] == metrics.differences(
        pooled, Trialled(one).pooled(), COMPARED
    )
    assert found["reference"].differences == {}
    values = [metrics.figures(repeat, draws=1).macro_f1.value for repeat in other]
    assert [row["macro_f1"] for row in mine.repeats] == values
    assert mine.mean_of_repeats["macro_f1"] == pytest.approx(sum(values) / 2)
    assert mine.fit_seconds == {"median": 6, "most": 8}


def test_standings_on_other_posts_are_refused(predict):
    other = replace(predict(), actual=1 - np.minimum(predict().actual, 1))
    with pytest.raises(PostcastError, match="different posts"):
        standings({"a": Trialled([predict()], [1]), "b": Trialled([other], [1])})


def test_the_verdict_is_about_the_newest_posts_as_counts_come_in(board):
    gaps = {("chronological", "frozen"): DOUBTFUL, ("unseen", "frozen"): BEHIND}
    first, second = verdict(board({**dict.fromkeys(ALL, CLEAR), **gaps}))
    assert re.fullmatch(
        r"Strong leads on the 60 newest posts \(chronological, online\): macro-F1 0\.\d+ \[.*\] "
        r"against TF-IDF \+ linear's 0\.\d+, a difference of \+0\.050 \[\+0\.010, \+0\.090\]\.",
        first,
    )
    held, rest = second.split("; it is not clear under ")
    doubtful, lost = rest.split("; it turns into a loss under ")
    assert "blocks (+0.050" in held
    assert "chronological online (+0.050" in held
    assert doubtful == "chronological frozen (+0.020 [-0.030, +0.070])"
    assert lost == "unseen authors (-0.050 [-0.090, -0.010])."


def test_a_lead_that_chance_could_make_is_told_as_one(board):
    first, second = verdict(board(dict.fromkeys(ALL, DOUBTFUL)))
    assert first.endswith("which chance alone could do.")
    assert second.startswith("Cross-validated, strong leads TF-IDF + linear by +0.020")
    assert second.endswith("which chance alone could do.")


def test_where_nothing_beats_word_counts_that_is_the_verdict(board):
    first, second = verdict(board(names=("tfidf-linear", "majority")))
    assert first.startswith("Nothing beats TF-IDF + linear on the 60 newest posts")
    assert "majority comes next, at a difference of -0." in first
    assert second == "Cross-validated, nothing beats TF-IDF + linear."


def test_without_word_counts_there_is_no_difference_to_tell(board):
    (sentence,) = verdict(board(names=("strong", "majority")))
    assert sentence.endswith("TF-IDF + linear was not compared.")


def test_without_an_order_the_verdict_is_about_what_there_is(board):
    (sentence,) = verdict(board(splits=[("cv", "frozen")]))
    assert "on 60 posts (cross-validation)" in sentence


def test_the_text_fits_a_terminal_and_has_every_class_with_its_support(board):
    text = leaderboard_text(board(skipped={"unseen": "1 author"}))
    assert max(map(len, text.splitlines())) <= 88
    assert text.startswith("Strong leads on")
    assert "Left out: unseen (1 author).\n" in text
    for title in ("CROSS-VALIDATION", "CHRONOLOGICAL, ONLINE", "UNSEEN AUTHORS"):
        assert f"{title}: How it is split." in text
    assert len(re.findall(r"^F1 of +low \(\d+\) +medium \(\d+\) +high \(\d+\)$", text, re.M)) == 7
    assert len(re.findall(r"^strong ", text, re.M)) == 1 + 2 * 7


def test_the_picture_has_a_panel_for_each_split_in_one_order(board, entries):
    figure = draw(board())
    assert len([axes for axes in figure.axes if axes.get_visible()]) == 7
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == list(entries)
    assert figure.get_suptitle().startswith("Strong leads under all 7 splits; clearly ahead of")
    alone = draw(board(splits=[("cv", "frozen")]))
    assert alone.get_suptitle().startswith("Strong leads under the split")


def test_the_page_is_whole_and_asks_for_nothing_from_elsewhere(board):
    from tests.unit.evaluate.test_report import Page

    page = render_leaderboard(board(), SVG)
    assert page == render_leaderboard(board(), SVG)
    assert page.startswith("<!DOCTYPE html>")
    parsed = Page(page.removeprefix("<!DOCTYPE html>"))
    assert parsed.tags.count("h1") == 1
    assert parsed.tags.count("table") == parsed.tags.count("caption") == 1 + 2 * 7 + 2
    ids = [value for _, name, value in parsed.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert SVG in page
    assert not re.search(r"""(src|href|action|srcset|poster)\s*=\s*["']?(?!#|data:)""", page)
    assert not re.search(r"url\((?!#)|@import|<script|<link|<iframe|<object|http", page)
    assert "against TF-IDF + linear</th><th" in page.replace("\n", "")


def test_what_users_give_is_escaped_on_the_page(board):
    from tests.unit.evaluate.test_report import Page

    posts = {"name": HOSTILE, "sha256": "ab", "n": 61, "synthetic": True}
    page = render_leaderboard(
        board(posts=posts, encoder=HOSTILE, settings={"text_col": [HOSTILE]}), SVG
    )
    parsed = Page(page.removeprefix("<!DOCTYPE html>"))
    assert not {"script", "b"} & set(parsed.tags)
    assert page.count("&lt;script&gt;") >= 4
    assert "made up to show how postcast works" in page
