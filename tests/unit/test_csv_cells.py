"""CSV that a person may open: no cell of somebody else's is computed, and all of it reads back."""

import csv
import io

import polars as pl
import pytest

from postcast.csv_cells import count_cell, csv_text
from postcast.data.sources.delimited import cells_of

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+SUM(A1)",
    "-2+3",
    "@SUM(A1)",
    "@studio",
    "\t=1",
    "\r=1",
    "- a list",
    " =1",
    "＝1+1",
    "'=1",
    "''@a",
]
HARMLESS = ["plain", "a=b", "-5", "+3.5", "-1e5", "-1,234.5", "'quoted'", "'tis", "'", "", "5%"]


def cells(text):
    return [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_guarded(formula):
    table = pl.DataFrame({"author": [formula], "n": [-1]})
    assert cells(csv_text(table)) == [f"'{formula}"]
    assert cells(csv_text(table, raw=True)) == [formula]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_formula_stays(text):
    assert cells(csv_text(pl.DataFrame({"author": [text, "a"]}))) == [text, "a"]


def test_numbers_are_no_text():
    told = csv_text(pl.DataFrame({"a": [-1, 2], "b": [-0.5, 1.25]}))
    assert told == "a,b\n-1,-0.500000\n2,1.250000\n"


def test_all_of_it_reads_back():
    texts = [*FORMULAS, *HARMLESS]
    written = csv_text(pl.DataFrame({"text": texts, "id": list(range(len(texts)))}))
    assert cells_of(written.encode(), "posts.csv")["text"].to_list() == texts


@pytest.mark.parametrize(
    ("count", "told"),
    [(12.0, "12"), (23_535.760205, "23535.8"), (1e-7, "0.0000001"), (2e17, "2" + 17 * "0")],
)
def test_a_count_is_written_in_full(count, told):
    assert count_cell(count) == told
