"""The tables of docs/quality.md are those of the committed results."""

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


def test_the_page_shows_the_results(tables):
    page = tables.PAGE.read_text("utf-8")
    assert page == tables.filled(page), "run python -m bench.tables"


def test_the_readme_shows_the_results(tables):
    page = (ROOT / "README.md").read_text("utf-8")
    assert page == tables.filled(page), "run python -m bench.tables"


def test_every_result_says_what_it_was_measured_on(tables):
    for path in tables.RESULTS.glob("*.json"):
        result = tables.json.loads(path.read_text("utf-8"))
        assert {"date", "machine", "versions", "seed", "encoder"} <= result.keys(), path.name
