"""Digests recognise what they stand for, keep order and kind, and cannot be read."""

import numpy as np

from postcast.features.disguise import Disguise
from postcast.features.marks import is_category

HERE, ELSEWHERE = Disguise(b"here"), Disguise(b"elsewhere")


def test_the_same_run_hides_alike_and_another_otherwise():
    assert Disguise.of_run("abc", 42) == Disguise.of_run("abc", 42)
    assert Disguise.of_run("abc", 42) != Disguise.of_run("abc", 43)
    assert HERE.name("studio") == HERE.name("studio") != ELSEWHERE.name("studio")
    assert HERE.name("studio") != HERE.term("studio")
    assert len(HERE.name("a\ud800")) == 16


def test_marks_stay_tags_or_categories():
    codes = np.array([7, 8, 7, 2**63 - 2], dtype=np.int64)
    hidden = HERE.marks(codes)
    assert hidden.tolist() == [HERE.mark(code) for code in codes.tolist()]
    assert hidden[0] == hidden[2]
    assert len(set(hidden.tolist())) == 3
    assert (hidden > 0).all()
    np.testing.assert_array_equal(is_category(hidden), is_category(codes))


def test_the_fingerprint_of_nothing_stays_nothing():
    prints = np.array([[1] * 16, [0] * 16, [2] * 16], dtype=np.uint8)
    hidden = HERE.prints(prints)
    assert hidden.any(axis=1).tolist() == [True, False, True]
    assert not (hidden == prints)[[0, 2]].all(axis=1).any()
    assert HERE.prints(prints[:0]).shape == (0, 16)


def test_orders_move_and_keep_who_comes_before_whom(rng):
    orders = rng.integers(1 << 20, 1 << 36, 300)
    orders[10] = orders[11]
    whose = [f"a{row % 7}" for row in range(298)] + ["lone", None]
    whose[10] = whose[11]
    hidden = HERE.orders(orders, whose)
    assert (hidden != orders).mean() > 0.95
    assert (hidden <= orders).all()
    assert hidden[10] == hidden[11]
    for name in set(whose):
        rows = [row for row in range(300) if whose[row] == name]
        np.testing.assert_array_equal(
            np.unique(hidden[rows], return_inverse=True)[1],
            np.unique(orders[rows], return_inverse=True)[1],
        )
    assert 1 - hidden[298] / orders[298] < 1 / 60


def test_later_orders_move_behind_those_that_are_hidden_already(rng):
    orders = np.sort(rng.integers(1 << 20, 1 << 36, 60))
    whose, stays = [row % 3 for row in range(60)], np.arange(60) < 40
    before = HERE.orders(orders[:40], whose[:40])
    after = HERE.orders(np.concatenate([before, orders[40:]]), whose, stays)
    assert after[:40].tolist() == before.tolist()
    assert (after[40:] < orders[40:]).all()
    for author in range(3):
        assert (np.diff(after[author::3]) > 0).all()


def test_ids_next_to_one_another_stay_as_they_are():
    assert HERE.orders(np.arange(5), ["a"] * 5).tolist() == [0, 1, 2, 3, 4]
