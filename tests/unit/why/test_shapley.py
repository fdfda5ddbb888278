"""Shapley values are those of the definition, sum to the whole, and tell how sure they are."""

import itertools
import math

import numpy as np
import pytest

from postcast.why.shapley import MOST_EXACT, shapley_values


def by_definition(worth, n):
    """Average what each player adds over every order of the players."""
    values = 0.0
    for order in itertools.permutations(range(n)):
        added = np.zeros((n, worth(np.zeros((1, n), bool)).shape[1]))
        kept = np.zeros((1, n), bool)
        for player in order:
            before = worth(kept)
            kept = kept.copy()
            kept[0, player] = True
            added[player] = (worth(kept) - before)[0]
        values = values + added
    return values / math.factorial(n)


def game(weights, pairs=()):
    """A sum, and what pairs of players add together; twice that as a second output."""

    def worth(kept):
        one = 1.5 + kept @ np.asarray(weights, dtype=float)
        for first, second, more in pairs:
            one = one + more * (kept[:, first] & kept[:, second])
        return np.stack([one, -2 * one], axis=1)

    return worth


def values_of(worth, n, **more):
    none, every = worth(np.zeros((1, n), bool))[0], worth(np.ones((1, n), bool))[0]
    return shapley_values(worth, none, every, n, np.random.default_rng(0), **more)


@pytest.mark.parametrize("n", [1, 2, 3, MOST_EXACT])
def test_few_players_are_solved_exactly(n):
    pairs = [(0, n - 1, 3.0)] if n > 1 else []
    worth = game(np.arange(n) - 1.0, pairs)
    found = values_of(worth, n)
    assert found.values == pytest.approx(by_definition(worth, n))
    assert not found.errors.any()


def test_a_sum_of_many_is_solved_without_error():
    weights = np.linspace(-2, 2, 20)
    found = values_of(game(weights), 20)
    assert found.values[:, 0] == pytest.approx(weights)
    assert found.errors == pytest.approx(0, abs=1e-9)


def test_shares_sum_to_the_whole_whatever_was_sampled():
    worth = game(np.ones(12), [(0, 1, 5.0), (2, 3, -4.0), (5, 9, 2.0)])
    for n_pairs in (1, 5, 40):
        found = values_of(worth, 12, n_pairs=n_pairs)
        assert found.values.sum(axis=0) == pytest.approx([13 + 2, -2 * 15])


def test_errors_cover_the_truth_and_fall_with_more_pairs(rng):
    def worth(kept):  # three players at a time matter: pairs of coalitions do not solve it
        triple = kept[:, 0] & kept[:, 1] & kept[:, 2]
        either = kept[:, 3] | kept[:, 4] | kept[:, 5]
        return (6.0 * triple + 3.0 * either + kept[:, 6])[:, None]

    truth = np.array([2, 2, 2, 1, 1, 1, 1, 0])
    inside, errors = [], {}
    for n_pairs in (20, 200):
        found = [
            shapley_values(
                worth, np.zeros(1), np.full(1, 10.0), 8, np.random.default_rng(seed), n_pairs
            )
            for seed in range(40)
        ]
        errors[n_pairs] = np.mean([one.errors for one in found])
        inside += [np.abs(one.values[:, 0] - truth) <= 2 * one.errors[:, 0] for one in found]
    assert np.mean(inside) > 0.9
    assert errors[200] < errors[20] / 1.7


def test_a_player_that_changes_nothing_gets_nothing():
    found = values_of(game([1, 2, 3, 0, 5, 6, 7, 8]), 8)
    assert found.values[3] == pytest.approx([0, 0], abs=1e-9)
