"""Two sets of posts, alike or not: a classifier tells them apart as well as they differ."""

import numpy as np
import pytest
import scipy.sparse as sp

from postcast.evaluate.shift import roc_area, shift_of


def test_posts_alike_show_no_shift(rng):
    levels = [
        shift_of("context", rng.normal(size=(300, 6)), rng.normal(size=(200, 6))).level
        for _ in range(10)
    ]
    assert levels.count("none seen") >= 9


@pytest.mark.parametrize(("by", "level"), [(0.5, "clear"), (3.0, "strong")])
def test_a_planted_shift_is_told_and_named(rng, by, level):
    old, new = rng.normal(size=(400, 3)), rng.normal([0, by, 0], size=(400, 3))
    found = shift_of("context", old, new, ("a", "b", "c"))
    assert found.level == level
    assert found.differ[0] == "b up"
    assert found.told_apart.low > 0.5


def test_a_change_of_spread_alone_is_told_too(rng):
    found = shift_of("context", rng.normal(size=(400, 2)), 3 * rng.normal(size=(400, 2)))
    assert found.told_apart.value > 0.65


def test_sparse_texts_are_compared_as_dense_ones(rng):
    dense = [rng.random((120, 200)) * (rng.random((120, 200)) < p) for p in (0.05, 0.1)]
    found = shift_of("text", *map(sp.csr_matrix, dense))
    assert found.told_apart.value == pytest.approx(
        shift_of("text", *dense).told_apart.value, abs=0.02
    )


def test_few_posts_say_nothing(rng):
    found = shift_of("text", rng.normal(size=(10, 2)), rng.normal(size=(500, 2)))
    assert (found.level, found.told_apart.value) == ("not known", None)
    assert "10 posts" in found.reason


def test_area_is_that_of_all_pairs_and_its_interval_holds_it(rng):
    scores, is_new = rng.normal(size=60), np.arange(60) >= 35
    scores[is_new] += 0.5
    pairs = scores[is_new][:, None] - scores[~is_new]
    assert roc_area(scores, is_new).value == pytest.approx((pairs > 0).mean())
    held = 0
    for _ in range(200):
        scores = rng.normal(size=160)
        found = roc_area(scores, np.arange(160) >= 80)
        held += found.low <= 0.5 <= found.high
    assert held >= 180
