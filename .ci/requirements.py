"""Print what postcast needs of others: ``python .ci/requirements.py [EXTRA …] [--group GROUP]``.

pip can check the hash of neither a folder nor a wheel that was just built, so that dependencies
are installed first, with their hashes, and postcast itself after them with ``--no-deps``.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def requirements(extras: Sequence[str], groups: Sequence[str] = ()) -> list[str]:
    """Return the requirements of the build, of the base, of extras and of groups, each once."""
    told = tomllib.loads(PYPROJECT.read_text("utf-8"))
    project = told["project"]
    found = [*project["dependencies"]]
    for group in ("build", *groups):
        found += told["dependency-groups"][group]
    for extra in extras:
        found += _of_extra(project["name"], project["optional-dependencies"], extra)
    return list(dict.fromkeys(found))


def _of_extra(name: str, known: dict[str, list[str]], extra: str) -> Iterator[str]:
    for requirement in known[extra]:
        if requirement.startswith(f"{name}["):
            for other in requirement.removeprefix(f"{name}[").rstrip("]").split(","):
                yield from _of_extra(name, known, other.strip())
        else:
            yield requirement


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("extras", nargs="*")
    parser.add_argument("--group", action="append", default=[])
    chosen = parser.parse_args()
    print("\n".join(requirements(chosen.extras, chosen.group)))
