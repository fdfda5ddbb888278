"""Outputs are compared to the letter, but for figures that another processor moves."""

from __future__ import annotations

import pytest
from tests.docs.tolerance import disagreement

SCORES = """\
Macro-F1 0.638 [0.545, 0.714] on 117 later posts it had never seen; the best baseline,
TF-IDF + linear, reaches 0.534 (difference +0.104 [+0.008, +0.204]).

                           this forecaster       majority
log loss (-)          0.661 [0.544, 0.794]          1.095
neighbours          -0.019 [-0.048, 0.010]              –
"""

FORECAST = """\
Forecast: high

  low      1%                          below 4             past posts: 34%
  medium   7% ██                       from 4 to below 13  past posts: 32%
  high    92% ██████████████████████   13 or more          past posts: 33%

  At 90% coverage: high.

  Expected engagement: about 25; 13 to 52 at 90% coverage.
"""

CLASSES = """\
actual, down    forecast low    medium      high
low                       42         8         2
high                       0         6        21
"""

CONTENTS = """\
id,author,forecast,p_low,expected_count,low,high,set
sample-0481,studio-fern,high,0.005173,25.188787,13,53,high
"""

WHATIF = """\
  hour                  │██████████ medium (32% high) → high (53% high)
    Posts like this one that went out around 21:00 UTC were forecast about 1.5 times the
    engagement (expected rank +0.11, from +0.04 to +0.18), an association.

34 edits tried, 1 of them surely better or worse than the draft.
"""

EXPLAINED = """\
What moved it, from 44% high, 11.1 expected, with none of it to 68%, 16 expected:

  easy                                   │████████ ×1.43 [1.36, 1.52]     -6.6%   +21.8%
  hour (20:00)                           │████     ×1.21 [1.12, 1.30]     -4.1%   +10.1%
  dress                               ███│         ×0.88 [0.84, 0.92]     +1.5%    -7.2%
  9 more parts: not told apart from no effect.
"""

FACTS = """\
postcast 1.2.0, seed 42, 2024-08-01 19:30, minilm-L6, sha256 12ab
471 training posts, 2,246 pairs, thresholds [4.0, 13.0]
  "n_test": 117,
"""


@pytest.mark.parametrize(
    ("text", "shown", "printed"),
    [
        (SCORES, "0.638 [0.545, 0.714]", "0.647 [0.555, 0.723]"),
        (SCORES, "+0.104 [+0.008, +0.204]", "+0.113 [+0.012, +0.210]"),
        (SCORES, "+0.104 [+0.008, +0.204]", "+0.063 [-0.035, +0.160]"),
        (SCORES, "0.534", "0.541"),
        (
            SCORES,
            "  neighbours          -0.019 [-0.048, 0.010]"[2:],
            "neighbours         -0.033 [-0.065, -0.003]",
        ),
        (FORECAST, "low      1%", "low      7%"),
        (FORECAST, "92% ██████████████████████ ", "89% █████████████████████  "),
        (FORECAST, "medium   7% ██ ", "medium  11% ███"),
        (FORECAST, "about 25; 13 to 52", "about 24; 12 to 50"),
        (FORECAST, "about 25; 13 to 52", "about 24.6; 12 to 50"),
        (CLASSES, "0         6        21", "0         5        22"),
        (CONTENTS, "0.005173,25.188787,13,53", "0.006002,24.902311,12,52"),
        (WHATIF, "21:00 UTC", "20:00 UTC"),
        (WHATIF, "32% high", "33% high"),
        (WHATIF, "+0.11, from +0.04 to +0.18", "+0.10, from +0.04 to +0.17"),
        (EXPLAINED, "16 expected", "15.9 expected"),
        (EXPLAINED, "11.1 expected", "10.9 expected"),
        (EXPLAINED, "+10.1%", "+10.0%"),
        (
            EXPLAINED,
            "      ███│         ×0.88 [0.84, 0.92]",
            "       ██│         ×0.90 [0.86, 0.94]",
        ),
    ],
)
def test_a_figure_may_move_a_little(text, shown, printed):
    assert shown in text
    assert disagreement(text, text) is None
    assert disagreement(text, text.replace(shown, printed)) is None


@pytest.mark.parametrize(
    ("text", "shown", "printed"),
    [
        (SCORES, "never seen", "ever seen"),
        (SCORES, "TF-IDF + linear", "majority"),
        (SCORES, "posts it", "posts  it"),
        (SCORES, "117 later", "118 later"),
        (FORECAST, "Forecast: high", "Forecast: medium"),
        (FORECAST, "At 90% coverage: high.", "At 90% coverage: medium or high."),
        (FORECAST, "At 90% coverage", "At 89% coverage"),
        (FORECAST, "52 at 90% coverage", "52 at 91% coverage"),
        (FORECAST, "below 4 ", "below 5 "),
        (FORECAST, "from 4 to below 13", "from 4 to below 12"),
        (FORECAST, "past posts: 34%", "past posts: 35%"),
        (WHATIF, "34 edits", "35 edits"),
        (WHATIF, "1 of them", "2 of them"),
        (WHATIF, "→", "->"),
        (EXPLAINED, "easy", "hard"),
        (EXPLAINED, "9 more", "8 more"),
        (EXPLAINED, "hour (20:00)", "hour (21:00)"),
        (FACTS, "1.2.0", "1.2.1"),
        (FACTS, "seed 42", "seed 43"),
        (FACTS, "2024-08-01", "2024-08-02"),
        (FACTS, "19:30", "19:31"),
        (FACTS, "L6", "L7"),
        (FACTS, "12ab", "13ab"),
        (FACTS, "471", "472"),
        (FACTS, "2,246", "2,247"),
        (FACTS, "[4.0, 13.0]", "[4.0, 12.0]"),
        (FACTS, "[4.0, 13.0]", "[4.5, 13.0]"),
        (FACTS, '"n_test": 117', '"n_test": 116'),
        (CONTENTS, "sample-0481", "sample-0482"),
    ],
)
def test_a_word_or_a_fact_may_not(text, shown, printed):
    assert shown in text
    assert disagreement(text, text.replace(shown, printed)) is not None


@pytest.mark.parametrize(
    ("text", "shown", "printed"),
    [
        (SCORES, "0.638 [0.545, 0.714]", "0.720 [0.640, 0.780]"),  # beyond the shown interval
        (SCORES, "0.638 [0.545, 0.714]", "0.640 [0.639, 0.641]"),  # which does not hold the shown
        (SCORES, "0.638 [0.545, 0.714]", "0.638 [0.450, 0.714]"),  # a bound too far
        (SCORES, "0.638 [0.545, 0.714]", "0.638 [0.545, 0.810]"),
        (SCORES, "+0.104 [+0.008, +0.204]", "-0.020 [-0.120, +0.140]"),
        (SCORES, "0.534", "0.620"),
        (SCORES, "1.095", "1.295"),
        (FORECAST, "high    92%", "high    83%"),
        (FORECAST, "low      1%", "low     10%"),
        (FORECAST, "██████████████████████ ", "██████████████████     "),
        (FORECAST, "about 25; 13 to 52", "about 55; 30 to 70"),
        (CLASSES, "6        21", "9        18"),
        (CLASSES, "6        21", "6        22"),  # of other posts
        (CONTENTS, "25.188787", "29.188787"),
        (CONTENTS, "13,53", "13,43"),
        (WHATIF, "21:00 UTC", "09:00 UTC"),
        (EXPLAINED, "+21.8%", "+31.8%"),
        (EXPLAINED, "×1.43 [1.36, 1.52]", "×1.61 [1.55, 1.70]"),
        (EXPLAINED, "███│   ", "   │███"),
    ],
)
def test_a_figure_may_not_move_far(text, shown, printed):
    assert shown in text
    assert disagreement(text, text.replace(shown, printed)) is not None


@pytest.mark.parametrize(
    ("text", "shown", "printed"),
    [
        (SCORES, "baseline,\nTF-IDF", "baseline, TF-IDF"),
        (SCORES, "0.661 [", " 0.661 ["),
        (SCORES, "          1.095", "         1.095"),
        (SCORES, "0.638 [0.545", "0.63812 [0.545"),
        (SCORES, "+0.104", "0.104"),
        (SCORES, "0.534", "+0.534"),
        (FORECAST, "below 4             past", "below 4          past"),
        (FORECAST, "\n\n  low", "\n  low"),
        (FORECAST, "  medium   7%", "  medium    7%"),
        (EXPLAINED, "+21.8%", "+21.81%"),
    ],
)
def test_neither_may_the_layout(text, shown, printed):
    assert shown in text
    assert disagreement(text, text.replace(shown, printed)) is not None


def test_lines_that_come_or_go_are_seen():
    assert disagreement("a 0.5\n", "a 0.5\nb\n") is not None
    assert disagreement("a 0.5\nb\n", "a 0.5\n") is not None
    assert disagreement("", "a\n") is not None


class TestAnEllipsis:
    """It stands for what a page leaves out; what is left is compared like any output."""

    def test_stands_for_lines(self):
        assert disagreement("...\nscore 0.50\n...\nend\n", "a\nscore 0.51\nb\nc\nend\n") is None
        assert disagreement("a\n...\n", "a\nb\n") is None

    @pytest.mark.parametrize(
        "printed", ["a\nscore 0.71\nend\n", "a\nend\n", "score 0.5\nmore\n", ""]
    )
    def test_hides_nothing_else(self, printed):
        assert disagreement("...\nscore 0.50\n...\nend\n", printed) is not None

    def test_keeps_the_order(self):
        assert disagreement("...\na\n...\nb\n...\n", "b\na\n") is not None

    def test_within_a_line_stands_for_the_rest(self):
        assert disagreement("hash ...\nscore 0.50\n", "hash 12ab\nscore 0.51\n") is None
        assert disagreement("hash ...\nscore 0.50\n", "sum 12ab\nscore 0.51\n") is not None
