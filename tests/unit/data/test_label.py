import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from postcast.data.label import classify, fixed_thresholds, quantile_thresholds
from postcast.errors import LabelError, SettingsError


@pytest.mark.parametrize("seed", range(5))
def test_quantile_classes_are_those_of_qcut(seed):
    rng = np.random.default_rng(seed)
    for counts in (rng.poisson(4, 500).astype(float), rng.lognormal(size=500)):
        expected = pd.qcut(counts, 3, labels=False)
        assert classify(counts, quantile_thresholds(counts)).tolist() == expected.tolist()


def test_whole_counts_begin_classes_at_whole_numbers():
    counts = np.array([0, 0, 1, 2, 2, 5, 9, 9, 9.0])
    assert quantile_thresholds(counts) == (2.0, 7.0)


def test_other_counts_begin_classes_at_counts_that_occur():
    counts = np.array([0.5, 1.5, 2.5])
    first, second = quantile_thresholds(counts)
    assert (first, second) == (1.5, 2.5)


def test_a_class_begins_at_its_threshold():
    assert classify(np.array([-1, 2, 3, 5, 6, 7.0]), (3, 6)).tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([0, 1, 1, 0], r"counts have 2 distinct values \(0, 1\); expected three"),
        ([], "counts have 0 distinct values"),
        ([0] * 8 + [1, 2], "class medium would be empty: .* at most 0, two thirds at most 0"),
        ([0, 1] + [2] * 8, "class medium and high would be empty"),
        ([0, 0, 0, 1, 5, 5, 5, 5], "class high would be empty"),
        ([0, 1, float("nan")], "some counts are missing"),
    ],
)
def test_counts_without_three_classes(counts, message):
    with pytest.raises(LabelError, match=message):
        quantile_thresholds(np.array(counts, dtype=float))


def test_fixed_thresholds_are_checked():
    counts = np.array([0, 3, 9.0])
    assert fixed_thresholds([3, 6], counts) == (3.0, 6.0)
    for values in ([], [3], [6, 3], [3, 3], [3, float("inf")], [1, 2, 3]):
        with pytest.raises(SettingsError, match="two ascending numbers"):
            fixed_thresholds(values, counts)
    with pytest.raises(LabelError, match=r"class high is empty .* the counts are 0 to 9"):
        fixed_thresholds([3, 10], counts)


def test_nothing_heavier_than_numpy_is_imported():
    code = "import postcast.data.label, sys; print({'polars', 'scipy'} & sys.modules.keys())"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert answer.stdout.strip() == b"set()"
