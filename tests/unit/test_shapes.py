"""Every command and every endpoint on every shape of a RUN, at its public seams.

Each two properties of a RUN meet in one cell at least; ``python -m bench.shapes`` asks every
classifier with every encoder on every shape.
"""

from __future__ import annotations

import importlib.util
import itertools
import re
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="SKIPPED: the extra [web] is not installed")

from bench.shapes import (
    CLASSIFIER_NAMES,
    REQUESTS,
    SHAPES,
    Shape,
    ask_all,
    ask_posts,
    posts_of,
    run_command,
    train_shape,
    write_posts,
)
from bench.small_models import small_models

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="SKIPPED: the extra [torch] is not installed"
)

PROPERTIES: dict[str, tuple[object, ...]] = {
    "classifier": CLASSIFIER_NAMES,
    "times": ("none", "hours"),
    "authors": (0, 4),
    "no_posts": (True, False),
    "encoder": ("tfidf", "tiny"),
    "titles": (False, True),
    "tags": (False, True),
    "ids": (False, True),
    "counts": (1_000, 3),
    "posts": (60, 80),
}

Cell = dict[str, object]


def pairs_of(cell: Cell) -> set[tuple[object, ...]]:
    return set(itertools.combinations(cell.items(), 2))


def pairwise_cells() -> list[Cell]:
    """Cells in which every two values of two properties meet, found greedily."""
    left = {
        pair
        for one, other in itertools.combinations(PROPERTIES, 2)
        for pair in itertools.product(
            [(one, value) for value in PROPERTIES[one]],
            [(other, value) for value in PROPERTIES[other]],
        )
    }
    cells: list[Cell] = []
    while left:
        cell: Cell = dict(min(left, key=str))
        for name, values in PROPERTIES.items():
            if name not in cell:
                known = list(cell.items())
                gains = [
                    sum(
                        (a, b) in left or (b, a) in left
                        for a, b in itertools.product(known, [(name, value)])
                    )
                    for value in values
                ]
                cell[name] = values[gains.index(max(gains))]
        cell = {name: cell[name] for name in PROPERTIES}
        left -= pairs_of(cell)
        cells.append(cell)
    return cells


CELLS = pairwise_cells()
MORE_CELLS: list[Cell] = [
    {**CELLS[0], "classifier": "strong", "times": "hours", "authors": 1, "no_posts": False},
    {**CELLS[1], "classifier": "hypergraph", "times": "hours", "authors": 1, "no_posts": True},
    {**CELLS[2], "classifier": "ensemble", "times": "none", "authors": 1, "encoder": "tiny"},
    {**CELLS[0], "classifier": "strong", "authors": 0, "encoder": "minilm"},
    {**CELLS[0], "classifier": "strong", "times": "one day", "is_drawn": True},
    {**CELLS[1], "classifier": "hypergraph", "times": "one day", "is_drawn": True},
]
"""One author, one day, and minilm itself, which would double the cells if each met all else."""

NO_MEMORY = ("linear", "majority", "author-median", "neural", "reference")
"""The classifiers that draw on no remembered posts, which newer ones would not change."""


def refusals(cell: Cell) -> dict[str, str]:
    """What a RUN refuses, and why: nothing else may be."""
    if cell["classifier"] in NO_MEMORY:
        return {"update": "draws on no remembered posts"}
    if cell["times"] == "none":
        return {"update": "nothing orders the posts"}
    return {}


def name_of(cell: Cell) -> str:
    return ", ".join(f"{name}={value}" for name, value in cell.items())


@pytest.mark.parametrize("cell", [*CELLS, *MORE_CELLS], ids=name_of)
def test_every_command_and_endpoint_answers(cell, tiny_distilbert, tmp_path):
    given = {k: v for k, v in cell.items() if k not in ("classifier", "encoder")}
    shape, run = Shape(**given), tmp_path / "RUN"
    encoder = str(tiny_distilbert) if cell["encoder"] == "tiny" else str(cell["encoder"])
    posts = write_posts(posts_of(shape, shape.posts), tmp_path / "posts.jsonl")
    with small_models():
        trained = train_shape(shape, str(cell["classifier"]), encoder, posts, run)
        assert trained.status == "answered", trained.detail
        answers = ask_all(run, shape, tmp_path / "asked")
    expected = refusals(cell)
    others = {name: (one.status, one.detail) for name, one in answers.items()}
    assert {name: told for name, told in others.items() if told[0] != "answered"}.keys() == (
        expected.keys()
    ), others
    for name, reason in expected.items():
        assert answers[name].status == "refused"
        assert re.search(reason, answers[name].detail)
    assert len(answers) >= len(REQUESTS) + 11


def test_the_cells_are_few_and_hold_every_pair():
    assert len(CELLS) <= 20
    met = set().union(*map(pairs_of, CELLS))
    for one, other in itertools.combinations(PROPERTIES, 2):
        for first, second in itertools.product(PROPERTIES[one], PROPERTIES[other]):
            assert ((one, first), (other, second)) in met


def test_no_endpoint_is_left_out():
    from postcast.web import api, pages

    routes = {
        (method.lower(), route.path)
        for route in (*api.router.routes, *pages.router.routes)
        for method in route.methods - {"HEAD"}
    }
    assert len(routes) > 15
    asked = {(method, path) for method, path, _ in REQUESTS}
    left = {
        (method, path)
        for method, path in routes
        if not any(
            method == m and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), p) for m, p in asked
        )
    }
    assert left == {("post", "/login")}  # without a token there is none to give


@pytest.mark.parametrize(
    "name", ["full", "without authors", "text and count alone", "three counts"]
)
def test_commands_on_posts_answer(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    with small_models():
        answers = ask_posts(SHAPES[name], tmp_path / "asked")
    assert {n: (a.status, a.detail) for n, a in answers.items() if a.status != "answered"} == {}


def test_posts_of_one_time_are_compared_by_the_splits_that_need_none(tmp_path, monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    with small_models():
        answers = ask_posts(SHAPES["one day"], tmp_path / "asked")
    assert {name: answer.status for name, answer in answers.items()} == {
        "prepare": "answered",
        "audit": "refused",
        "compare": "answered",
    }
    assert "the posts have the same time" in answers["audit"].detail


@pytest.mark.parametrize("classifier", CLASSIFIER_NAMES)
def test_posts_of_one_time_are_refused_in_one_line_that_says_so(classifier, tmp_path):
    shape = SHAPES["one day"]
    posts = write_posts(posts_of(shape, 80), tmp_path / "posts.jsonl")
    answer = train_shape(shape, classifier, "tfidf", posts, tmp_path / "RUN")
    assert answer.status == "refused"
    assert "the posts have the same time" in answer.detail
    assert "--split stratified" in answer.detail


TWO_COUNTS = SHAPES["two counts"]


@pytest.mark.parametrize("classifier", CLASSIFIER_NAMES)
def test_two_distinct_counts_are_refused_in_one_line(classifier, tmp_path):
    posts = write_posts(posts_of(TWO_COUNTS, 80), tmp_path / "posts.jsonl")
    answer = train_shape(TWO_COUNTS, classifier, "tfidf", posts, tmp_path / "RUN")
    assert answer.status == "refused"
    assert "the counts have 2 distinct values" in answer.detail
    assert not (tmp_path / "RUN").exists()


@pytest.mark.parametrize("command", ["audit", "compare"])
def test_two_distinct_counts_are_refused_where_there_is_no_run(command, tmp_path):
    posts = write_posts(posts_of(TWO_COUNTS, 80), tmp_path / "posts.jsonl")
    out: list[str | Path] = ["--out", tmp_path / "OUT"] if command == "compare" else []
    answer = run_command([command, posts, *out])
    assert answer.status == "refused"
    assert "the counts have 2 distinct values" in answer.detail
