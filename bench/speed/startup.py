"""The first second: whole processes of the command against importing what others import."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.speed.bar import Bar, interleaved

ROUNDS = 11


def startup(run: Path, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Return the bars of ``--help`` and of one forecast, each in a process of its own."""
    draft = ["predict", str(run), "--text", "Easy weeknight pasta with lemon and basil"]
    sides = {
        "help": _postcast(["--help"]),
        "torch": _python("import torch"),
        "predict": _postcast(draft),
        "both": _python("import torch, transformers"),
    }
    for command in sides.values():
        _seconds(command)  # so that every side's files are in memory and every module compiled
    costs = interleaved(rounds, {name: _timer(command) for name, command in sides.items()})
    return [
        Bar(
            "postcast --help, whole process",
            'python -c "import torch"',
            costs["help"],
            costs["torch"],
            7.0,
        ).to_dict(),
        Bar(
            "postcast predict RUN --text …, whole process (strong, minilm)",
            'python -c "import torch, transformers"',
            costs["predict"],
            costs["both"],
            4.0,
        ).to_dict(),
    ]


def _postcast(arguments: Sequence[str]) -> list[str]:
    return [str(Path(sys.executable).with_name("postcast")), *arguments]


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _timer(command: Sequence[str]) -> Any:
    return lambda: _seconds(command)


def _seconds(command: Sequence[str]) -> float:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start
