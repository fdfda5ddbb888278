"""Every speed bar, one after another: ``python -m bench.speed [POSTS] --out FILE.json``.

Each is measured in a process pinned to one core. ``--parts`` measures some of them alone. Every row
names the instruction sets on which it was measured; one that needs bfloat16 or VNNI where there is
none says that it is not applicable.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.machine import measured_on, usual_posts
from bench.speed.machine import pin_to_one_core
from bench.speed.startup import startup

PARTS = ("startup", "forecast", "minilm", "distilbert", "job", "quality")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__)
    parser.add_argument("posts", type=Path, nargs="?", default=usual_posts())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, help="Embed the first so many posts alone.")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    pin_to_one_core()
    bars: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        for measured in _all_parts(chosen, Path(name)):
            bars += measured
            result = {**measured_on(), "pinned_to_cores": 1, "rows": bars}
            chosen.out.parent.mkdir(parents=True, exist_ok=True)
            chosen.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    for bar in bars:
        state = {True: "met", False: "NOT MET", None: "not applicable"}[bar["met"]]
        ratio = "–" if bar["ratio"] is None else f"{bar['ratio']:.2f}"
        print(f"{state:<15} {ratio:>7} of {bar['must_reach']:g}: {bar['what']}")


def _all_parts(chosen: argparse.Namespace, work: Path) -> Iterator[list[dict[str, Any]]]:
    """Measure one part after another, each written down as soon as it is there."""
    posts, run, parts = str(chosen.posts), work / "run", chosen.parts
    rounds = ["--rounds", str(chosen.rounds)]
    most = [] if chosen.most is None else ["--most", str(chosen.most)]
    if {"startup", "forecast"} & set(parts):
        _python(
            ["-m", "postcast", "run", posts, "--encoder", "minilm", "--quiet", "--out", str(run)]
        )
    if "startup" in parts:
        yield startup(run)
    if "forecast" in parts:
        yield _measured("forecast", [str(run), *rounds], work)
    for encoder in ("minilm", "distilbert"):
        if encoder in parts:
            yield _measured("embedding", [posts, "--encoder", encoder, *rounds, *most], work)
    if "job" in parts:
        yield _measured("job", [posts, *rounds], work)
    if "quality" in parts:
        yield _measured("quality", [posts], work)


def _measured(module: str, arguments: list[str], work: Path) -> list[dict[str, Any]]:
    out = work / "bars.json"
    _python(["-m", f"bench.speed.{module}", *arguments, "--out", str(out)])
    rows: list[dict[str, Any]] = json.loads(out.read_text("utf-8"))
    return rows


def _python(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
