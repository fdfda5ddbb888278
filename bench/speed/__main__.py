"""Every speed bar, one after another: ``python -m bench.speed [POSTS] --out FILE.json``.

Each is measured in a process pinned to one core.
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


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__)
    parser.add_argument("posts", type=Path, nargs="?", default=usual_posts())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    pin_to_one_core()
    bars: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        rounds = ["--rounds", str(chosen.rounds)]
        run = work / "run"
        train = ["-m", "postcast", "run", str(chosen.posts), "--encoder", "minilm"]
        _python([*train, "--quiet", "--out", str(run)])
        bars += startup(run)
        bars += _measured("forecast", [str(run), *rounds], work)
        for encoder in ("minilm", "distilbert"):
            asked = [str(chosen.posts), "--encoder", encoder, *rounds]
            bars += _measured("embedding", asked, work)
        bars += _measured("job", [str(chosen.posts), *rounds], work)
        bars += _measured("quality", [str(chosen.posts)], work)
    result = {**measured_on(), "pinned_to_cores": 1, "rows": bars}
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    for bar in bars:
        state = {True: "met", False: "NOT MET"}.get(bar["met"], bar["met"])
        print(f"{state:<15} {bar['ratio']:>7.2f} of {bar['must_reach']:g}: {bar['what']}")


def _measured(module: str, arguments: list[str], work: Path) -> list[dict[str, Any]]:
    out = work / "bars.json"
    _python(["-m", f"bench.speed.{module}", *arguments, "--out", str(out)])
    rows: list[dict[str, Any]] = json.loads(out.read_text("utf-8"))
    return rows


def _python(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
