"""Every protocol on one file of posts, a result each: ``python -m bench.suite POSTS --out DIR``.

Options that it does not know itself go to `bench.quality`: columns, ``--jobs``,
``--autogluon``, …
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench import quality

RUNS: dict[str, list[str]] = {
    "chronological": ["--protocol", "chronological"],
    "rolling": ["--protocol", "rolling"],
    "chronological-online": ["--protocol", "chronological", "--mode", "online"],
    "rolling-online": ["--protocol", "rolling", "--mode", "online"],
    "chronological-live": ["--protocol", "chronological", "--mode", "online", "--maturity"],
    "rolling-live": ["--protocol", "rolling", "--mode", "online", "--maturity"],
    "reference": ["--protocol", "reference"],
    "unseen": ["--protocol", "unseen"],
    "blocks": ["--protocol", "blocks"],
    "cv": ["--protocol", "cv"],
}
"""The name of each result, and how it is had; the live ones end with the maturity."""


def main() -> None:
    """Measure and write what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("posts", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--maturity", default="20", help="of the live runs")
    parser.add_argument("--runs", default=",".join(RUNS))
    chosen, others = parser.parse_known_args()
    for name in chosen.runs.split(","):
        out = chosen.out / f"{chosen.posts.stem}-{name}.json"
        if out.exists():
            print(f"{out} is there", file=sys.stderr)
            continue
        print(name, file=sys.stderr)
        options = RUNS[name] + ([chosen.maturity] if name.endswith("-live") else [])
        quality.main([str(chosen.posts), *options, "--out", str(out), *others])


if __name__ == "__main__":
    main()
