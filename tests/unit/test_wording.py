"""Numbers, plurals and text from elsewhere, as people are shown them."""

import json
import re

import pytest

from postcast.wording import (
    about_count,
    counted,
    in_plain_characters,
    json_safe,
    number_in_words,
    one_line,
    rounded_count,
    visible,
)

HOSTILE = "\x1b[31m\x07\x00\x7f\x9b2J\u202e\u2066\u200b\u2028\u2029\ufeff\U000e0041\ud800\t\r"


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12_345, "12,345 rows")]
)
def test_a_noun_agrees_with_its_number(number, told):
    assert counted(number, "row") == told


def test_an_irregular_noun_agrees_too():
    assert [counted(n, "copy", "copies") for n in (1, 2)] == ["1 copy", "2 copies"]


@pytest.mark.parametrize("exponent", range(-9, 19))
@pytest.mark.parametrize("digits", ["1", "1.5", "9.9999999", "4.63027"])
@pytest.mark.parametrize("write", [number_in_words, about_count])
def test_no_number_is_in_scientific_notation(write, digits, exponent):
    value = float(f"{digits}e{exponent}")
    told = write(value)
    assert re.fullmatch(r"(under )?-?\d{1,3}(,\d{3})*(\.\d+)?", told), told
    bare = float(told.removeprefix("under ").replace(",", ""))
    assert bare == pytest.approx(value, rel=0.05) or (told == "under 0.01" and value < 0.01)


@pytest.mark.parametrize(
    ("expected", "told"),
    [(0, "0"), (0.53, "0.53"), (3.04, "3"), (9.96, "10"), (23_535.76, "23,536"), (4_630, "4,630")],
)
def test_an_expected_count_is_about_so_much(expected, told):
    assert about_count(expected) == told


@pytest.mark.parametrize(
    ("count", "kept"),
    [(23_535.760205, 23_535.8), (1_234_567.8, 1_234_568), (12.0, 12), (0.123456789, 0.123457)],
)
def test_machines_are_told_six_digits(count, kept):
    assert rounded_count(count) == kept
    assert isinstance(rounded_count(count), int) == (kept == int(kept))


def test_nothing_hostile_is_left_of_a_text():
    told = one_line(f"a{HOSTILE}\nb")
    assert told.startswith("a\\x1b[31m\\x07")
    assert told.isprintable()
    assert told.encode("utf-8")
    assert visible("two\nlines\x1b") == "two\nlines\\x1b"


def test_what_people_write_stays():
    text = "Crème brûlée für 李雷 👩‍🍳 — 50 % off…"
    assert one_line(text) == text


def test_escaped_json_means_the_same():
    value = {"text": HOSTILE, "plain": "Crème 🍳"}
    told = json_safe(json.dumps(value, ensure_ascii=False))
    assert json.loads(told) == value
    assert told.isprintable()
    assert "Crème 🍳" in told


def test_plain_characters_stand_for_others():
    told = in_plain_characters("█│→×±… é👍")
    assert told == "#|->x+/-... \\xe9\\U0001f44d"
