"""How finely drafts are parted: short ones by word, and no more reading than a second affords."""

import pytest

from postcast.why.effort import (
    FEWEST_PAIRS,
    FEWEST_WORDS,
    MOST_PAIRS,
    MOST_WORDS,
    TOKENS,
    effort_for,
)

LONGEST = 256


def effort(n_words, longest=LONGEST):
    return effort_for(["easy" + " soup" * (n_words - 1)], n_words, longest)


def test_a_short_text_gets_the_most_of_both():
    for longest in (None, LONGEST):
        found = effort(20, longest)
        assert (found.most_words, found.n_pairs) == (MOST_WORDS, MOST_PAIRS)


@pytest.mark.parametrize("n_words", [40, 60, 80, 120])
def test_what_is_read_stays_the_same_however_long_the_text(n_words):
    found = effort(n_words)
    read = 1.3 * n_words * (found.most_words + found.n_pairs)
    assert read == pytest.approx(TOKENS, rel=0.15)


def test_effort_never_rises_with_length_and_keeps_its_least():
    for longest in (None, LONGEST):
        found = [effort(n, longest) for n in range(1, 4_000, 7)]
        assert found == sorted(found, key=lambda one: (-one.most_words, -one.n_pairs))
        assert found[-1].most_words >= FEWEST_WORDS
        assert found[-1].n_pairs >= FEWEST_PAIRS


def test_what_an_encoder_cuts_off_costs_nothing():
    assert effort(2_000, 16) == effort(20_000, 16)
    assert effort(2_000, 16).most_words == MOST_WORDS


def test_nothing_to_read_is_no_fault():
    assert effort_for([], 0, LONGEST) == effort_for([""], 0, LONGEST)
