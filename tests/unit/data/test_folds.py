"""Protocols: nothing of a test row is in training, and what forward means is forward."""

from dataclasses import replace

import numpy as np
import pytest

from postcast.data.folds import BLOCK, ORIGINS, PROTOCOLS, folds
from postcast.data.order import Maturity, is_forward
from postcast.data.rows import Rows
from postcast.errors import SettingsError, SplitError

AT_ONCE = Maturity()


def rows(ordering="id", n_posts=600, n_authors=4, seed=0):
    rng = np.random.default_rng(seed)
    return Rows(
        order=None if ordering == "none" else rng.permutation(n_posts) * 1_000_000,
        author=rng.integers(0, n_authors, n_posts),
        group=rng.integers(0, n_posts * 2, n_posts),
        counts=rng.poisson(5, n_posts).astype(float),
        ordering=ordering,
    )


@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS if name != "reference"])
@pytest.mark.parametrize("ordering", ["id", "time"])
def test_no_copy_stands_on_both_sides(protocol, ordering):
    some = rows(ordering)
    for repeat in folds(some, protocol, repeats=2, maturity=AT_ONCE):
        tested = np.concatenate([one.test for one in repeat])
        assert len(tested) == len(set(tested.tolist()))
        for one in repeat:
            everything = np.concatenate([one.train, one.test, one.dropped])
            assert sorted(everything.tolist()) == list(range(600))
            assert not set(some.group[one.train]) & set(some.group[one.test])


@pytest.mark.parametrize("protocol", ["cv", "blocks", "unseen"])
def test_every_row_is_tested_once_a_repeat(protocol):
    for repeat in folds(rows(), protocol, repeats=2, maturity=AT_ONCE):
        assert sorted(np.concatenate([one.test for one in repeat]).tolist()) == list(range(600))


def test_repeats_differ_and_come_again():
    first, second = folds(rows(), "cv", repeats=2, maturity=AT_ONCE)
    again = folds(rows(), "cv", repeats=1, maturity=AT_ONCE)[0]
    assert first[0].test.tolist() == again[0].test.tolist()
    assert first[0].test.tolist() != second[0].test.tolist()


def test_blocks_are_neighbours_and_stay_together():
    some = rows()
    for one in folds(some, "blocks", maturity=AT_ONCE)[0]:
        block = one.block
        assert not set(block[one.train]) & set(block[one.test])
        for author in range(4):
            own = np.flatnonzero(some.author == author)
            own = own[np.argsort(some.order[own])]
            assert np.bincount(block[own] - block[own].min())[:-1].tolist() == [BLOCK] * (
                len(own) // BLOCK - (len(own) % BLOCK == 0)
            )
            assert (np.diff(block[own]) >= 0).all()


@pytest.mark.parametrize("ordering", ["id", "time"])
def test_each_origin_learns_from_the_older_and_tests_the_next_tenth(ordering):
    some = rows(ordering)
    found = [repeat[0] for repeat in folds(some, "rolling", maturity=AT_ONCE)]
    assert len(found) == len(ORIGINS)
    for start, one in zip(ORIGINS, found, strict=True):
        assert is_forward(some.order, some.author, one.train, one.test, ordering)
        assert len(one.test) == pytest.approx(60, abs=4)
        assert len(one.train) <= start * 600 + 4


def test_origins_drop_what_had_not_settled():
    settled = folds(rows(), "rolling", maturity=Maturity(posts=10))
    for at_once, later in zip(folds(rows(), "rolling", maturity=AT_ONCE), settled, strict=True):
        assert at_once[0].test.tolist() == later[0].test.tolist()
        gone = set(at_once[0].train.tolist()) - set(later[0].train.tolist())
        assert 30 <= len(gone) <= 40  # ten of each of four authors, copies apart


def test_authors_are_left_out_one_by_one_where_they_are_few():
    few, many = rows(n_authors=4), rows(n_authors=40)
    assert len(folds(few, "unseen", maturity=AT_ONCE)[0]) == 4
    for some in (few, many):
        for one in folds(some, "unseen", maturity=AT_ONCE)[0]:
            assert not set(some.author[one.train]) & set(some.author[one.test])
    assert len(folds(many, "unseen", maturity=AT_ONCE)[0]) == 5


def test_what_cannot_be_done_is_said():
    with pytest.raises(SettingsError, match="no protocol 'random'"):
        folds(rows(), "random", maturity=AT_ONCE)
    for protocol in ("blocks", "chronological", "rolling"):
        with pytest.raises(SplitError, match="nothing orders these posts"):
            folds(rows("none"), protocol, maturity=AT_ONCE)
    at_once = replace(rows("time"), order=np.zeros(600, dtype=np.int64))
    with pytest.raises(SplitError, match="too many posts have the same time"):
        folds(at_once, "rolling", maturity=AT_ONCE)
    with pytest.raises(SplitError, match="1 author"):
        folds(rows(n_authors=1), "unseen", maturity=AT_ONCE)
