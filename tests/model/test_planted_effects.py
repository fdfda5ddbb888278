"""What was planted is found: words raise and lower, authors differ, and noise teaches nothing."""

import numpy as np
import pytest

from postcast import Post, read_posts, train
from postcast.data.sample import AUTHORS, LOWERING, RAISING

PLAIN = "Quiet corner shelf for the living room, with woven baskets."
FAST = {"encoder": "tfidf", "classifier": "linear"}


def p_high(forecaster, text, author="northwindow"):
    return forecaster.predict(Post(text=text, author=author)).probabilities["high"]


@pytest.mark.parametrize("word", RAISING)
def test_a_raising_word_raises(sample_forecaster, word):
    assert p_high(sample_forecaster, f"{word} {PLAIN}") > p_high(sample_forecaster, PLAIN)


@pytest.mark.parametrize("word", LOWERING)
def test_a_lowering_word_lowers(sample_forecaster, word):
    lowered = p_high(sample_forecaster, f"{PLAIN} {word.capitalize()} this week.")
    assert lowered < p_high(sample_forecaster, PLAIN)


def test_the_words_weigh_more_than_words_that_mean_nothing(sample_forecaster):
    before = p_high(sample_forecaster, PLAIN)
    easy = abs(p_high(sample_forecaster, f"easy {PLAIN}") - before)
    assert easy > 3 * abs(p_high(sample_forecaster, f"umbrage {PLAIN}") - before)


def test_the_author_effect_is_found_by_the_author_median(sample_forecaster):
    card = sample_forecaster.scorecard
    median, majority = (card.baselines[name] for name in ("author_median", "majority"))
    assert median.macro_f1.value > majority.macro_f1.value + 0.05
    author_median = sample_forecaster.baselines["author_median"]
    levels = [p_high(author_median, PLAIN, author) for author in AUTHORS]
    assert np.corrcoef(levels, list(AUTHORS.values()))[0, 1] > 0.7


def test_reading_the_text_beats_not_reading_it(sample_forecaster):
    assert sample_forecaster.scorecard.differences["majority"]["macro_f1"].low > 0


def test_a_word_that_decides_is_found(rows):
    card = train(read_posts(rows), FAST).scorecard
    assert card.macro_f1.value > 0.8
    assert card.log_loss.high < np.log(3)


def test_shuffled_counts_teach_nothing(rows, rng):
    counts = rng.permutation([row["saves"] for row in rows])
    shuffled = [row | {"saves": int(count)} for row, count in zip(rows, counts, strict=True)]
    card = train(read_posts(shuffled), FAST).scorecard
    assert card.macro_f1.low < 1 / 3
    assert card.log_loss.value == pytest.approx(np.log(3), abs=0.1)


def test_a_set_holds_the_truth_as_often_as_it_says(sample_forecaster):
    held = sample_forecaster.scorecard.coverage
    assert held["asked"] == 0.9
    assert held["all"].value == pytest.approx(0.9, abs=0.06)
