"""Bars obey ``--quiet`` on a terminal, and every bar asks."""

import ast
import io
from pathlib import Path

import pytest
from tqdm import tqdm

import postcast
from postcast.progress import bar_is_hidden

SOURCE = Path(postcast.__file__).parent


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("forbidden", "shown"), [("", True), ("1", False)])
def test_a_bar_on_a_terminal_is_shown_unless_it_is_forbidden(monkeypatch, forbidden, shown):
    monkeypatch.setenv("TQDM_DISABLE", forbidden)
    terminal = Terminal()
    list(tqdm(range(3), file=terminal, disable=bar_is_hidden(), nrows=9, ncols=80))
    assert bool(terminal.getvalue()) is shown


def test_a_bar_that_is_no_terminal_s_is_never_shown(monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    elsewhere = io.StringIO()
    list(tqdm(range(3), file=elsewhere, disable=bar_is_hidden()))
    assert elsewhere.getvalue() == ""


def test_every_bar_asks():
    calls = [
        ast.unparse(node)
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"tqdm", "trange"}
    ]
    assert len(calls) >= 3
    assert all("disable=bar_is_hidden()" in call for call in calls), calls
