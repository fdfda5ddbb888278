from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postcast.data import near_duplicates
from postcast.data.near_duplicates import fingerprint, fold, groups


def brute_force(texts, threshold=Fraction(9, 10)):
    folded = [fold(text) for text in texts]
    sets = [{text[i : i + 5] for i in range(len(text) - 4)} for text in folded]
    label = list(range(len(texts)))
    for a, b in combinations(range(len(texts)), 2):
        union = len(sets[a] | sets[b])
        similar = union and Fraction(len(sets[a] & sets[b]), union) >= threshold
        if folded[a] and (folded[a] == folded[b] or similar):
            label = [label[a] if one == label[b] else one for one in label]
    first = {one: number for number, one in enumerate(dict.fromkeys(label))}
    return [first[one] for one in label]


def edited(seed, n_texts, alphabet):
    """Make texts, most of them small edits of earlier ones."""
    rng = np.random.default_rng(seed)
    texts = ["".join(rng.choice(list(alphabet), rng.integers(0, 120)))]
    while len(texts) < n_texts:
        text = list(texts[rng.integers(len(texts))])
        if rng.random() < 0.2 or not text:
            text = list(rng.choice(list(alphabet), rng.integers(0, 120)))
        for _ in range(rng.integers(0, 3)):
            at = int(rng.integers(len(text) + 1))
            text[at : at + int(rng.integers(0, 2))] = [str(rng.choice(list(alphabet)))]
        texts.append("".join(text))
    return texts


@pytest.mark.parametrize(
    "alphabet", ["ab ", "abcdefgh ", "añ🌿字 xyz", "".join(map(chr, range(65, 9000)))]
)
@pytest.mark.parametrize("seed", range(3))
def test_groups_are_those_of_brute_force(seed, alphabet):
    texts = edited(seed, 120, alphabet)
    assert groups(texts).tolist() == brute_force(texts)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet="ab cd", max_size=40), max_size=12))
def test_any_texts_are_grouped_as_by_brute_force(texts):
    assert groups(texts).tolist() == brute_force(texts)


def test_large_alphabets_and_many_pairs_are_worked_off_in_parts(monkeypatch):
    monkeypatch.setattr(near_duplicates, "_MAX_CODE", 100)
    monkeypatch.setattr(near_duplicates, "_GRAMS_AT_ONCE", 200)
    texts = edited(11, 120, "abcdefgh ")
    assert groups(texts).tolist() == brute_force(texts)


def test_other_thresholds():
    texts = edited(7, 80, "abcdef ")
    for threshold in (Fraction(1, 2), Fraction(3, 4), Fraction(1)):
        assert groups(texts, float(threshold)).tolist() == brute_force(texts, threshold)


def test_exactly_the_threshold_is_near_enough():
    base = "abcdefghijklmnopqrstuvw"  # 19 grams; without the last letter 18
    longer = base[:14]  # 10 grams, without the last letter 9: exactly nine tenths
    assert groups([longer, longer[:-1]]).tolist() == [0, 0]
    assert groups([longer[:-1], longer[:-2]]).tolist() == [0, 1]


def test_case_and_white_space_do_not_matter():
    assert groups(["Straße  am\nMeer", " STRASSE am meer ", "anders"]).tolist() == [0, 0, 1]


def test_short_texts_need_to_be_equal_and_blank_ones_stand_alone():
    assert groups(["abc", "abcd", "ABC", "", " ", ""]).tolist() == [0, 1, 0, 2, 3, 4]


def test_similarity_is_followed_from_text_to_text():
    text = "the quick brown fox jumps over the lazy dog and runs away from here to there"
    chain = [text[i : i + 60] for i in range(0, 12, 2)]
    assert set(groups(chain).tolist()) == {0}
    assert groups([chain[0], chain[-1]]).tolist() == [0, 1]


def test_nothing_at_all():
    assert groups([]).tolist() == []
    assert groups([""]).tolist() == [0]
    assert groups(["\ud800 lone surrogates are text"]).tolist() == [0]


def test_many_texts_from_one_mould_do_not_cost_their_square():
    short = "a wonderful little shop of things for the house, {} left"
    long = short + ", so come and see the many bright colours, the soft fabrics and the old wood, "
    long += "and bring your friends along, who will find something to their taste as well"
    texts = [mould.format(number) for mould in (short, long) for number in range(3000)]
    found = groups(texts)
    assert len(set(found[3000:].tolist())) == 1
    assert len(set(found[:3000].tolist())) > 1000


def test_a_fingerprint_knows_the_same_text_again():
    assert len(fingerprint("a")) == 16
    assert fingerprint("Hello  World ") == fingerprint("hello\nworld")
    assert fingerprint("hello world") != fingerprint("hello worlds")
    assert fingerprint("\ud800") != fingerprint("\ud801")
