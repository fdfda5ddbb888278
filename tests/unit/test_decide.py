"""The one decision rule."""

import numpy as np
import pytest

from postcast.decide import Rule, choose, decide, sets

P = np.array([[0.5, 0.2, 0.3], [0.4, 0.3, 0.3], [0.05, 0.9, 0.05]])


def _rule(**changes):
    facts = {"thresholds": (3.0, 6.0), "shares": (0.5, 0.2, 0.3), "coverage": 0.9, "cutoff": 0.25}
    return Rule(**(facts | changes))


def test_with_equal_weights_the_likeliest_class_wins():
    assert choose(P, _rule()).tolist() == [0, 0, 1]


def test_with_its_weight_a_rare_class_needs_less():
    assert choose(P, _rule(weights=(1.0, 2.0, 1.2))).tolist() == [0, 1, 1]


def test_sets_hold_the_chosen_class_those_above_the_cutoff_and_those_between():
    assert sets(P, _rule()).tolist() == [[True] * 3, [True] * 3, [False, True, False]]
    assert sets(P, _rule(cutoff=0.99)).sum(axis=1).tolist() == [1, 1, 1]
    assert sets(P, _rule(coverage=None, cutoff=0.0)).sum(axis=1).tolist() == [1, 1, 1]


def test_a_set_of_all_classes_is_too_close():
    answers = decide(["a", None, "c"], P, _rule(), [("why",), (), ()])
    assert [one.too_close for one in answers] == [True, True, False]
    assert answers[0].to_dict() == {
        "id": "a",
        "forecast": "low",
        "probabilities": {"low": 0.5, "medium": 0.2, "high": 0.3},
        "set": ["low", "medium", "high"],
        "too_close": True,
        "thresholds": [3.0, 6.0],
        "warnings": ["why"],
        "expected_count": None,
        "count_low": None,
        "count_high": None,
    }


@pytest.mark.parametrize("coverage", [0.9, None])
def test_round_trip(coverage):
    rule = _rule(coverage=coverage)
    assert Rule.from_dict(rule.to_dict()) == rule
