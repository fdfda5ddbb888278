"""The command line in this process: arguments in, exit code and both outputs out."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from postcast.cli.main import exit_code

FAST = ("--encoder", "tfidf", "--classifier", "linear")


@dataclass(frozen=True)
class Answer:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line that bad input gets, and nothing beside it."""
        assert self.code == 2, f"exit {self.code}: {self.out}{self.err}"
        assert self.out == ""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("postcast: ")
        return lines[0].removeprefix("postcast: ")


Command = Callable[..., Answer]


@pytest.fixture(autouse=True)
def own_progress_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--quiet` turns them off for the process: turn them on again."""
    monkeypatch.setenv("TQDM_DISABLE", "")


@pytest.fixture
def postcast(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command in this process."""

    def run(*arguments: object, stdin: bytes | None = None) -> Answer:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = exit_code([str(one) for one in arguments])
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw one tiny picture: drawing all takes four seconds, and has tests of its own."""
    from matplotlib.figure import Figure

    def draw(material):
        figure = Figure(figsize=(1, 1))
        figure.suptitle("tiny")
        yield "tiny", figure

    monkeypatch.setattr("postcast.evaluate.plots.draw_all", draw)


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bootstrap 50 times in place of 1,000: intervals have tests of their own."""
    from postcast.evaluate.resampling import resample

    monkeypatch.setitem(resample.__kwdefaults__, "draws", 50)


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whole run of the sample, for tests that only read it."""
    out = tmp_path_factory.mktemp("sample") / "RUN"
    assert exit_code(["run", *FAST, "--quiet", "--out", str(out)]) == 0
    return out
