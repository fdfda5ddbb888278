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
        work = Path(name)
        rounds = ["--rounds", str(chosen.rounds)]
        run, parts = work / "run", chosen.parts
        if {"startup", "forecast"} & set(parts):
            train = ["-m", "postcast", "run", str(chosen.posts), "--encoder", "minilm"]
            _python([*train, "--quiet", "--out", str(run)])
        if "startup" in parts:
            bars += startup(run)
        if "forecast" in parts:
            bars += _measured("forecast", [str(run), *rounds], work)
        most = [] if chosen.most is None else ["--most", str(chosen.most)]
        for encoder in ("minilm", "distilbert"):
            if encoder in parts:
                asked = [str(chosen.posts), "--encoder", encoder, *rounds, *most]
                bars += _measured("embedding", asked, work)
        if "job" in parts:
            bars += _measured("job", [str(chosen.posts), *rounds], work)
        if "quality" in parts:
            bars += _measured("quality", [str(chosen.posts)], work)
    result = {**measured_on(), "pinned_to_cores": 1, "rows": bars}
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    for bar in bars:
        state = {True: "met", False: "NOT MET", None: "not applicable"}[bar["met"]]
        ratio = "–" if bar["ratio"] is None else f"{bar['ratio']:.2f}"
        print(f"{state:<15} {ratio:>7} of {bar['must_reach']:g}: {bar['what']}")


def _measured(module: str, arguments: list[str], work: Path) -> list[dict[str, Any]]:
    out = work / "bars.json"
    _python(["-m", f"bench.speed.{module}", *arguments, "--out", str(out)])
    rows: list[dict[str, Any]] = json.loads(out.read_text("utf-8"))
    return rows


def _python(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
