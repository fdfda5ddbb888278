"""The tables of the pages are those of the committed results."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    from bench import tables

    return tables


@pytest.mark.parametrize(
    "name",
    [
        "docs/quality.md",
        "docs/speed.md",
        "docs/scaling.md",
        "docs/hypergraph.md",
        "docs/images.md",
        "README.md",
    ],
)
def test_the_page_shows_the_results(tables, name):
    assert ROOT / name in tables.PAGES
    page = (ROOT / name).read_text("utf-8")
    assert page == tables.filled(page), "run python -m bench.tables"


def test_every_result_says_what_it_was_measured_on(tables):
    hypergraph = (tables.RESULTS.parent / "hypergraph").glob("*.json")
    for path in (*tables.RESULTS.glob("*.json"), *hypergraph):
        result = tables.json.loads(path.read_text("utf-8"))
        assert {"date", "machine", "versions", "seed", "encoder"} <= result.keys(), path.name


@pytest.mark.parametrize("name", ["speed", "speed-avx2", "scale", "scale-minilm", "shards"])
def test_bars_say_what_they_were_measured_on(tables, name):
    result = tables.json.loads((tables.RESULTS.parent / f"{name}.json").read_text("utf-8"))
    assert {"date", "machine", "versions", "rows"} <= result.keys()
    for row in result["rows"]:
        assert {"what", "against", "ratio", "spread", "must_reach", "met"} <= row.keys()


@pytest.mark.parametrize("name", ["speed", "speed-avx2"])
def test_a_row_of_speed_says_on_which_instruction_sets_it_holds(tables, name):
    result = tables.json.loads((tables.RESULTS.parent / f"{name}.json").read_text("utf-8"))
    for row in result["rows"]:
        assert row["instruction_sets"], row["what"]
        assert (row["met"] is None) == ("not_applicable" in row), row["what"]
        assert row["met"] is None or "bfloat16" not in row["needs"] or name == "speed"
        if "never slower" in row["what"]:
            assert row["met"] is True, row


def test_a_bar_that_needs_what_the_processor_lacks_does_not_apply(tables):
    from bench.speed.bar import Bar
    from bench.speed.machine import NEEDS

    from postcast.features.transformer.processor import capabilities

    for needs in NEEDS.values():
        row = Bar("ours", "theirs", [1.0], [3.0], 2.0, needs).to_dict()
        assert row["met"] is (True if capabilities() >= set(needs) else None)
        assert ("not_applicable" in row) == (row["met"] is None)
        assert row["ratio"] == 3
