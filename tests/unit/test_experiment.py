"""Classifiers on the same folds: the same rows for all, and nothing that a post cannot know."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from postcast.data.sample import sample_posts
from postcast.errors import SettingsError
from postcast.evaluate.metrics import figures
from postcast.experiment import TFIDF_LINEAR, Contest, Trials, run_trials
from postcast.features.tfidf import TfidfEncoder
from postcast.learning.division import How, arrange, divide
from postcast.learning.learnable import learnable


@pytest.fixture(scope="module")
def posts():
    return sample_posts()


def contest(*classifiers, **changes):
    return Contest(classifiers=classifiers, load=TfidfEncoder, **changes)


def test_all_forecast_the_same_posts(posts):
    found = run_trials(
        posts,
        Trials(protocol="cv", repeats=2),
        contest("majority", "linear", TFIDF_LINEAR, outsiders={"low": _always_low}),
    )
    n_posts = len(learnable(posts).drafts)
    for one in found.values():
        assert len(one.repeats) == 2
        assert len(one.fit_seconds) == 10
        pooled = one.pooled()
        assert len(pooled.actual) == 2 * n_posts
        np.testing.assert_array_equal(pooled.post, found["majority"].pooled().post)
        np.testing.assert_array_equal(pooled.actual, found["majority"].pooled().actual)
    np.testing.assert_array_equal(
        found["linear"].pooled().probabilities, found[TFIDF_LINEAR].pooled().probabilities
    )
    assert (found["low"].pooled().forecast == 0).all()


def _always_low(division):
    n_posts = len(division.test)
    low = np.tile([1.0, 0.0, 0.0], (n_posts, 1))
    from postcast.data.label import classify
    from postcast.schema import Predictions

    actual = classify(division.test_outcomes, division.thresholds)
    return Predictions(actual, np.zeros(n_posts, dtype=int), low, division.test_counts)


def test_processes_change_nothing(posts):
    trials = Trials(protocol="rolling")
    alone, shared = (run_trials(posts, trials, contest("linear", jobs=n)) for n in (1, 2))
    np.testing.assert_array_equal(
        alone["linear"].pooled().probabilities, shared["linear"].pooled().probabilities
    )


def test_repeats_of_a_post_do_not_narrow_its_interval(posts):
    found = run_trials(posts, Trials(protocol="cv", repeats=1), contest("linear"))["linear"]
    once = found.pooled()
    widths = []
    for answer in (once, *(replace(found, repeats=[once] * 5).pooled(),)):
        macro_f1 = figures(answer).macro_f1
        widths.append(macro_f1.high - macro_f1.low)
    assert widths[1] == pytest.approx(widths[0], rel=1e-9)


def test_words_and_vectors_keep_apart_where_a_memory_learns_on(posts):
    found = run_trials(
        posts,
        Trials(protocol="chronological", mode="online", maturity="5"),
        Contest(classifiers=("strong", "linear", TFIDF_LINEAR), load=_TwoNumbers),
    )
    assert len({len(one.pooled().actual) for one in found.values()}) == 1


class _TwoNumbers:
    """An encoder whose vectors are no word weights."""

    name = "two numbers"

    def fit(self, texts, authors=None):
        pass

    def encode(self, texts):
        return np.array([[len(text), text.count(" ") + 1] for text in texts], dtype=np.float32)

    def columns(self):
        return ("length", "words")


def test_what_cannot_be_compared(posts):
    with pytest.raises(SettingsError, match="classifier 'magic'"):
        run_trials(posts, Trials(), contest("magic"))
    with pytest.raises(SettingsError, match="mode online with protocol cv"):
        run_trials(posts, Trials(mode="online"), contest("linear"))


@pytest.mark.parametrize("maturity", ["0", "5"])
def test_online_knows_earlier_test_posts_and_no_later_ones(posts, maturity):
    """Whatever becomes of a test post, no forecast before its count has settled changes."""
    how = How(mode="online", maturity=maturity)
    found = learnable(posts)
    outer = divide(posts, how).split
    author = found.drafts.authors[outer.test[0]]
    own = [row for row in outer.test if found.drafts.authors[row] == author]
    own = sorted(own, key=lambda row: found.drafts.order[row])
    turned = own[len(own) // 2]
    changed = found.counts.copy()
    changed[turned] = 9_999.0

    def answers(counts):
        division = arrange(replace(found, counts=counts), outer, how)
        return _known_counts(division, own, outer)

    before, after = answers(found.counts), answers(changed)
    moved = [place for place in range(len(own)) if before[place] != after[place]]
    first = own.index(turned) + 1 + int(maturity)
    assert moved
    assert moved[0] >= first


def _known_counts(division, own, outer):
    """Return, for each of an author's test posts, the counts that its features may read."""
    position = {row: place for place, row in enumerate(outer.test)}
    order = np.concatenate([division.remembered.order, division.later.order])
    counts = np.concatenate([division.remembered_counts, division.later_counts])
    authors = [*division.remembered.authors, *division.later.authors]
    mine = np.array([name == division.test.authors[position[own[0]]] for name in authors])
    return [
        counts[mine & (order < division.test.known_until[position[row]])].tolist() for row in own
    ]


def test_frozen_knows_no_test_post(posts):
    division = divide(posts, How())
    assert len(division.later) == 0
    assert not set(division.remembered.ids) & set(division.test.ids)


def test_relative_outcomes_use_earlier_posts_alone(posts):
    before = learnable(posts, "relative")
    newest = posts.table["order"].max()
    table = posts.table.with_columns(
        engagement=pl.when(pl.col("order") == newest).then(9_999.0).otherwise(pl.col("engagement"))
    )
    after = learnable(replace(posts, table=table), "relative")
    changed = before.outcomes != after.outcomes
    assert before.drafts.ids == after.drafts.ids
    assert [before.drafts.order[row] for row in np.flatnonzero(changed)] == [newest]
    assert len(before.drafts) < len(learnable(posts).drafts)
