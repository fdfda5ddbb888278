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


@pytest.mark.parametrize("name", ["speed", "scale", "scale-minilm", "shards"])
def test_bars_say_what_they_were_measured_on(tables, name):
    result = tables.json.loads((tables.RESULTS.parent / f"{name}.json").read_text("utf-8"))
    assert {"date", "machine", "versions", "rows"} <= result.keys()
    for row in result["rows"]:
        assert {"what", "against", "ratio", "spread", "must_reach", "met"} <= row.keys()
