"""How numbers are told to people."""

import pytest

from postcast.evaluate.words import class_ranges
from postcast.wording import number_in_words


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0"),
        (3.0, "3"),
        (140023, "140,023"),
        (33.7755156, "33.78"),
        (117.6032719, "117.6"),
        (12345.678, "12,346"),
        (0.0123456, "0.01235"),
        (-2.5, "-2.5"),
    ],
)
def test_counts_keep_four_figures(count, told):
    assert number_in_words(count) == told


def test_ranges_name_both_ends():
    assert class_ranges((3.0, 33.7755156)) == ("below 3", "from 3 to below 33.78", "33.78 or more")
