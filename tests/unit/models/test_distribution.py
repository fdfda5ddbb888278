"""Bins of counts: each within a class, sums that agree, counts that come to lie between bounds."""

import numpy as np
import pytest

from postcast.models.distribution import (
    CountBins,
    Outlook,
    answer_shares,
    depth_reached,
    fit_shares,
)

THRESHOLDS = (5.0, 20.0)


@pytest.fixture
def counts(rng):
    return np.round(np.exp(rng.normal(2, 1.2, 2000)))


@pytest.fixture
def bins(counts):
    return CountBins.of(counts, THRESHOLDS)


def spreads(bins, rng, n=50):
    probabilities = rng.dirichlet([1, 1, 1], n)
    return probabilities, bins.spread(probabilities, rng.dirichlet(np.ones(len(bins)), n))


def test_every_bin_lies_within_one_class(bins, counts):
    assert set(THRESHOLDS) <= set(bins.edges)
    assert 10 < len(bins) <= 26
    assert (np.diff(bins.edges) > 0).all()
    expected = np.searchsorted(THRESHOLDS, counts, side="right")
    np.testing.assert_array_equal(bins.classes[bins.find(counts)], expected)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("largest", [2.0**53, 1e17, 1e300, np.finfo(np.float64).max])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("most_bins", [1, 24])
def test_a_count_of_any_size_has_a_bin(counts, largest, whole, most_bins):
    for some in (counts + (not whole) / 2, np.full(50, largest), -counts):
        bins = CountBins.of(np.append(some, largest), THRESHOLDS, most_bins)
        assert (np.diff(bins.edges) > 0).all()
        assert np.isfinite([*bins.edges, *bins.logs, *bins.knots]).all()
        assert bins.find(np.array([largest])) == len(bins) - 1
        spread = bins.spread(np.full((1, 3), 1 / 3), np.ones((1, len(bins))))
        for found in (bins.expected(spread), bins.mean(spread), bins.quantile(spread, 0.999)):
            assert np.isfinite(found).all()
        assert 0 <= bins.depths(spread, np.array([largest])) <= 0.5


def test_few_posts_get_few_bins(counts):
    assert len(CountBins.of(counts[:60], THRESHOLDS)) <= 5
    assert len(CountBins.of(counts, THRESHOLDS, most_bins=1)) == 3


def test_a_bin_tells_the_mean_log_of_its_posts(bins, counts):
    of_bin = counts[bins.find(counts) == 3]
    assert bins.logs[3] == pytest.approx(np.log1p(of_bin).mean())


def test_bins_sum_to_their_class(bins, rng):
    probabilities, spread = spreads(bins, rng)
    np.testing.assert_allclose(spread.sum(axis=1), 1)
    sums = np.stack([spread[:, bins.classes == code].sum(axis=1) for code in range(3)], axis=1)
    np.testing.assert_allclose(sums, probabilities)
    np.testing.assert_allclose(bins.class_probabilities(spread, THRESHOLDS), probabilities)


def test_shares_of_nothing_still_sum_to_their_class(bins, rng):
    probabilities = rng.dirichlet([1, 1, 1], 4)
    spread = bins.spread(probabilities, np.zeros((4, len(bins))))
    np.testing.assert_allclose(bins.class_probabilities(spread, THRESHOLDS), probabilities)


def test_less_than_more_is_likelier(bins, rng):
    _, spread = spreads(bins, rng)
    below = np.stack([bins.below(spread, count) for count in np.arange(-2, 400, 0.5)])
    assert (np.diff(below, axis=0) >= -1e-12).all()
    assert (below[0] == 0).all()
    np.testing.assert_allclose(below[-1], 1)


def test_a_threshold_cuts_a_bin_on_the_log_scale():
    edges = np.array([0, 9.0, 99.0])
    bins = CountBins(edges, np.zeros(2), np.arange(2), edges, np.array([0, 0.3, 1]), False)
    spread = np.array([[0.4, 0.6]])
    assert bins.below(spread, np.expm1(np.log(10) * 1.5)) == pytest.approx([0.4 + 0.3])
    assert bins.quantile(spread, 0.7) == pytest.approx([np.expm1(np.log(10) * 1.5)])


def test_a_bin_is_cut_as_its_posts_lie(counts):
    bins = CountBins.of(counts, THRESHOLDS, most_bins=1)
    shares = np.bincount(bins.find(counts), minlength=3) / len(counts)
    spread = bins.spread(shares[None], np.ones((1, 3)))
    for count in (2, 10, 30, 60, 100):
        assert bins.below(spread, count) == pytest.approx((counts < count).mean(), abs=0.003)
    for level in (0.1, 0.5, 0.9, 0.99):
        expected = np.quantile(counts, level)
        assert bins.quantile(spread, level) == pytest.approx(expected, rel=0.05, abs=1)


def test_half_a_count_is_the_next_whole_one(bins, rng):
    _, spread = spreads(bins, rng)
    np.testing.assert_array_equal(bins.below(spread, 6.5), bins.below(spread, 7.0))
    assert (bins.below(spread, 6.5) < bins.below(spread, 7.5)).all()
    assert (bins.quantile(spread, 0.37) % 1 == 0).all()


def test_counts_of_minus_one_stand_for_none(rng):
    counts = np.concatenate([np.full(50, -1.0), rng.integers(0, 30, 200)])
    bins = CountBins.of(counts, THRESHOLDS)
    spread = spreads(bins, rng)[1]
    assert np.isfinite(bins.logs).all()
    assert (bins.expected(spread) >= 0).all()
    assert (bins.quantile(spread, 0.0) >= -1).all()


@pytest.mark.parametrize("whole", [True, False])
def test_planted_counts_are_recovered(whole):
    rng = np.random.default_rng(1)
    level, noise = rng.uniform(0, 1, 6000), 0.6
    counts = np.exp(3 + 4 * level + noise * rng.normal(size=6000))
    counts = np.round(counts) if whole else counts
    bins = CountBins.of(counts[:3000], np.quantile(counts[:3000], [1 / 3, 2 / 3], method="lower"))
    inputs = np.stack([level, level**2], axis=1)
    weight, bias = fit_shares(inputs[:3000], bins.find(counts[:3000]), len(bins))
    shares = answer_shares(inputs, weight, bias)
    truth = np.stack([shares[:, bins.classes == code].sum(axis=1) for code in range(3)], axis=1)
    spread = bins.spread(truth, shares)

    expected = bins.expected(spread[3000:])
    assert np.corrcoef(np.log1p(expected), level[3000:])[0, 1] > 0.98
    errors = np.abs(np.log1p(expected) - np.log1p(counts[3000:]))
    assert errors.mean() == pytest.approx(noise * np.sqrt(2 / np.pi), rel=0.1)
    for coverage in (0.5, 0.8, 0.95):
        depth = depth_reached(bins.depths(spread[:3000], counts[:3000]), coverage)
        low, high = (bins.quantile(spread[3000:], 0.5 + side * depth) for side in (-1, 1))
        held = Outlook(expected, low, high).holds(counts[3000:]).mean()
        assert held == pytest.approx(coverage, abs=0.03)


def test_equal_forecasts_stay_tied(bins, rng):
    _, spread = spreads(bins, rng, 1)
    again = np.repeat(spread, 20, axis=0) * (1 + 1e-13 * rng.normal(size=(20, 1)))
    assert len(np.unique(bins.expected(again))) == 1


@pytest.mark.parametrize("found", [[2], [0, 3], [0, 1, 3]])
def test_a_bin_without_posts_is_all_but_impossible(found, rng):
    codes = np.array(found)[rng.integers(len(found), size=300)]
    inputs = codes[:, None] + 0.1 * rng.normal(size=(300, 1))
    shares = answer_shares(inputs, *fit_shares(inputs, codes, 4))
    assert shares[:, np.setdiff1d(range(4), found)].max() < 1e-6
    assert (shares.argmax(axis=1) == codes).mean() > 0.95


def test_depth_reaches_as_far_as_the_coverage_asks():
    depths = np.arange(1, 100) / 200
    assert depth_reached(depths, 0.9) == pytest.approx(0.45)
    assert depth_reached(depths[:5], 0.9) == 0.5
