"""Two posts of one author: how often the order is right, and from what difference on."""

import numpy as np
import pytest

from postcast.evaluate.pairwise import ASKED, MOST_PAIRS, Outcome, pairwise

SCALE = "expected rank"


def planted(rng, n=600, authors=6, noise=1.0):
    """Places that tell outcomes up to noise, whose authors differ far more than their posts."""
    author = rng.integers(authors, size=n)
    own = rng.normal(size=n)
    return own + 10 * author, Outcome(own + noise * rng.normal(size=n) - 10 * author, author)


def measured(places, outcome, **others):
    return pairwise(places, outcome, SCALE, others, draws=200)


def test_only_pairs_of_one_author_count(rng):
    places, outcome = planted(rng)
    found = measured(places, outcome)
    assert 0.7 < found.value < 0.8  # between authors the order is wrong throughout
    assert found.low < found.value < found.high
    assert found.n_authors == 6


def test_what_is_perfect_reversed_or_constant(rng):
    places, outcome = planted(rng, noise=0.0)
    assert measured(places, outcome).value == 1
    assert measured(-places, outcome).value == 0
    constant = measured(np.zeros(len(places)), outcome, author_median=places)
    assert (constant.value, constant.gap.value) == (0.5, None)
    assert constant.baselines["author_median"].value == 1


def test_posts_of_equal_outcome_are_no_pairs():
    values, author = np.repeat([1.0, 2.0], 10), np.zeros(20, dtype=int)
    found = measured(np.arange(20.0), Outcome(values, author))
    assert found.n_pairs == 100


def test_too_few_pairs_say_nothing():
    assert measured(np.arange(6.0), Outcome(np.arange(6.0), np.zeros(6, dtype=int))) is None
    apart = Outcome(np.arange(100.0), np.arange(100))
    assert measured(np.arange(100.0), apart) is None


def test_what_is_far_enough_apart_is_right_as_often_as_asked_on_other_posts(rng):
    gap = measured(*planted(rng, n=4_000)).gap
    places, outcome = planted(rng, n=4_000)
    i, j = rng.integers(len(places), size=(2, 200_000))
    same = (outcome.author[i] == outcome.author[j]) & (i != j)
    apart = np.abs(places[i] - places[j])
    right = (places[i] > places[j]) == (outcome.values[i] > outcome.values[j])
    assert right[same & (apart >= gap.value)].mean() > ASKED
    near = same & (apart >= 0.8 * gap.value) & (apart < gap.value)
    assert right[near].mean() < ASKED + 0.03
    assert gap.low <= gap.value <= gap.high


def test_noise_alone_is_never_called(rng):
    author, places = rng.integers(5, size=300), rng.normal(size=300)
    found = measured(places, Outcome(rng.normal(size=300), author))
    assert found.low < 0.5 < found.high
    assert found.gap.value is None or found.told < 0.05


def test_of_many_posts_a_sample_says_the_same_each_time(rng):
    places, outcome = planted(rng, n=20_000, authors=3)
    found = measured(places, outcome)
    assert MOST_PAIRS * 0.99 < found.n_pairs <= MOST_PAIRS
    assert found == measured(places, outcome)
    assert found.value == pytest.approx(measured(*planted(rng, n=1_000)).value, abs=0.04)


def test_many_authors_are_drawn_as_authors(rng):
    assert measured(*planted(rng, authors=40)).drawn == "authors"
    assert measured(*planted(rng, authors=6)).drawn == "posts"


def test_posts_without_an_author_are_compared_with_one_another(rng):
    places, outcome = planted(rng, n=100, authors=1)
    found = measured(places, Outcome(outcome.values, np.full(100, -1)))
    assert (found.n_authors, found.n_pairs) == (0, 4950)
    assert found.value == measured(places, outcome).value
