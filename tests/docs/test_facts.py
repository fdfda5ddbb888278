"""What pages say about columns, reasons, files and choices is what the code has."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

import postcast
from postcast.compare import SPLITS, USUAL
from postcast.data.clean import REASONS
from postcast.data.columns import COMMON_NAMES
from postcast.data.read import COLUMNS
from postcast.data.sources import READERS
from postcast.evaluate.leaderboard import Board, Leaderboard, Standing
from postcast.evaluate.report import CAPTIONS
from postcast.features.text import POOLINGS
from postcast.models.choose import CLASSIFIERS
from postcast.schema import Forecast
from postcast.scorecard import SCORES

ROOT = Path(__file__).parents[2]


def quoted(path: str, heading: str = "") -> list[str]:
    """Return what stands in backticks on a page, or below one of its headings."""
    text = re.sub(r"^```.*?^```", "", read(path), flags=re.DOTALL | re.MULTILINE)
    if heading:
        text = re.split(r"^#+ ", text.split(f"\n{heading}\n", 1)[1], flags=re.MULTILINE)[0]
    return re.findall(r"`([^`\n]+)`", text)


def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def test_posts_names_each_role_with_its_columns_in_their_order():
    rows = re.findall(r"^\| (\w+) \| `--(\w+)-col` \| (.*) \|$", read("docs/posts.md"), re.M)
    found = {role: tuple(re.findall(r"`(\w+)`", names)) for role, _, names in rows}
    assert found == dict(COMMON_NAMES)
    assert all(role == option for role, option, _ in rows)


def test_posts_names_each_reason_in_its_order():
    assert tuple(r for r in quoted("docs/posts.md") if r in REASONS) == REASONS


def test_posts_names_each_reader():
    assert set(READERS) <= set(quoted("docs/posts.md", "## Formats"))


def test_formats_names_each_reader():
    assert set(READERS) <= set(quoted("docs/formats.md", "## What is read"))


def test_prepare_names_each_column():
    assert [c for c in quoted("docs/prepare.md", "## Output") if c in COLUMNS][:-2] == list(COLUMNS)


def test_encoders_names_each_pooling():
    assert set(POOLINGS) <= set(quoted("docs/encoders.md", "## Pooling"))


def test_readme_names_each_classifier():
    assert set(CLASSIFIERS) <= set(quoted("README.md", "## Encoders and classifiers"))


@pytest.mark.parametrize("page", ["docs/run.md", "docs/reference.md"])
def test_each_picture_is_named(page):
    assert set(CAPTIONS) <= set(quoted(page))


def test_scorecard_explains_each_score():
    assert set(SCORES) <= set(quoted("docs/scorecard.md"))


def test_python_lists_the_public_names():
    rows = re.findall(r"^\| `(\w+)", read("docs/python.md"), re.MULTILINE)
    assert sorted(rows) == sorted(postcast.__all__)


def test_predict_names_each_key_of_a_forecast():
    forecast = Forecast(
        id="1", forecast="low", probabilities={}, set=(), too_close=False, thresholds=()
    )
    assert set(forecast.to_dict()) <= set(quoted("docs/predict.md", "## Output"))


def test_run_names_each_file_and_column_of_a_run(prepared_folder):
    written = {p.name + "/" * p.is_dir() for p in (prepared_folder / "RUN").iterdir()}
    named = set(quoted("docs/run.md"))
    assert written <= named
    header = (prepared_folder / "RUN" / "predictions.csv").read_text("utf-8").splitlines()[0]
    assert set(header.split(",")) <= named
    assert (
        set(json.loads((prepared_folder / "RUN" / "run.json").read_text())["stages"][0]) - {"name"}
        <= named
    )


def test_compare_names_each_split_file_and_key():
    named = set(quoted("docs/compare.md"))
    assert set(SPLITS) | set(USUAL) <= named
    records = (Board, Standing)
    keys = {one.name for record in records for one in fields(record)} - set(SCORES)
    board = Leaderboard(posts={}, encoder="", settings={}, versions={})
    assert keys | set(board.to_dict()) <= named


def test_explain_quotes_what_was_measured():
    result = json.loads(read("bench/results/faithfulness.json"))
    page = read("docs/explain.md")
    assert {"date", "machine", "versions", "rows"} <= result.keys()
    assert all(row["met"] for row in result["rows"] if "difference" in row)
    for row in result["curves"]["probability"]:
        value = "{value:.3f} [{low:.3f}, {high:.3f}]".format(**row["difference"])
        assert f"| {row['deleted']} |" in page
        assert value in page
    assert f"On {result['posts']} held-out pins" in page
    assert f"{result['processor_seconds_a_text']['median']:.2f} s of one core" in page
