"""Context: what stands in a text and on the clock, counted."""

from datetime import UTC, datetime

import numpy as np
import pytest

from postcast.features.context import context

TEXT = "EASY #cake by @mo: is it 20 min?!\nhttps://x.example 🌿 easy"


def _of(text, **known):
    block = context([text], **({"time": None} | known))
    return dict(zip(block.columns, block.matrix[0], strict=True))


def test_a_text_by_hand():
    found = _of(TEXT)
    assert found["characters"] == len(TEXT)
    assert (found["hashtags"], found["mentions"], found["links"]) == (1, 1, 1)
    assert (found["question marks"], found["exclamation marks"], found["lines"]) == (1, 1, 2)
    assert found["emoji"] == 1
    assert found["share of digits"] == pytest.approx(2 / len(TEXT))
    assert found["share of distinct words"] == pytest.approx(10 / 11)


def test_other_scripts_are_seen():
    assert _of("очень вкусно")["share of other scripts"] == 1
    assert _of("très très bon")["share of other scripts"] == 0


def test_an_empty_text_is_no_obstacle():
    assert np.isfinite(context(["", " "], None).matrix).all()
    assert context([], None).matrix.shape == (0, 14)


def test_the_clock_is_a_circle():
    def at(*when):
        return int(datetime(*when, tzinfo=UTC).timestamp() * 1e6)

    times = np.array([at(2024, 1, 1, 23, 59), at(2024, 1, 2, 0, 1), at(2024, 1, 1, 12), -1])
    hour = context([""] * 4, times).matrix[:, -4:-2]
    assert np.linalg.norm(hour[0] - hour[1]) < 0.02
    assert np.linalg.norm(hour[0] - hour[2]) == pytest.approx(2, abs=0.01)
    np.testing.assert_array_equal(hour[3], 0)


def test_monday_is_the_first_day():
    monday = np.array([int(datetime(2024, 1, 1, 5, tzinfo=UTC).timestamp() * 1e6)])
    np.testing.assert_allclose(context([""], monday).matrix[0, -2:], [0, 1], atol=1e-6)
