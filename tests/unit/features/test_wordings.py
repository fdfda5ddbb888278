"""Texts kept for people to read: any text, in order, read only when asked for."""

import numpy as np
import pytest

from postcast.features.wordings import Wordings
from postcast.schema import Parts

TEXTS = ["soup", "", "naïve 🍲 \ud800", "a\x00b\nc"]


def test_texts_come_back_as_they_were():
    kept = Wordings.of(TEXTS)
    assert len(kept) == 4
    assert kept.at(np.array([2, 0, 1, 3])) == [TEXTS[2], "soup", "", TEXTS[3]]
    assert kept.joined(["more"]).at(np.arange(5)) == [*TEXTS, "more"]


@pytest.mark.parametrize("texts", [[], [""]])
def test_nothing_is_a_text_too(texts):
    assert Wordings.of(texts).at(np.arange(len(texts))) == texts


def test_nothing_is_read_before_it_is_asked_for():
    asked = []

    def read() -> Parts:
        asked.append(1)
        return Wordings.of(TEXTS).state

    kept = Wordings(read)
    assert not asked
    assert kept.at(np.array([0, 3])) == ["soup", TEXTS[3]]
    assert asked == [1]
