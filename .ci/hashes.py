"""Write the hashes of every pinned file into constraints.txt: ``python .ci/hashes.py``.

Change, add or remove pins (``name==version``) in constraints.txt, then run this. It asks the index
once for each package, and notes the SHA-256 of every file of its version: the source and the wheels
of all platforms and Pythons. ``--wheels FOLDER`` adds wheels that are in no index, such as the CPU
build of torch from download.pytorch.org.

pip refuses what has no hash, so that every package must be pinned that any platform needs, CUDA's
for torch on Linux among them. This lists them, with uv from PyPI (not a dependency of postcast):

    python .ci/requirements.py kaggle large ray torch mlflow minilm web image --group dev > all.txt
    uv pip compile --universal --python-version 3.11 --constraint PINS all.txt
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import urllib.request
from pathlib import Path

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
INDEX = "https://pypi.org/simple"
JSON = "application/vnd.pypi.simple.v1+json"
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", re.MULTILINE)
ELSEWHERE = re.compile(r"^# elsewhere: (\S+) sha256:([0-9a-f]{64})$", re.MULTILINE)


def normalized(name: str) -> str:
    """Return a package's name as indices have it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_of(filename: str, name: str, version: str) -> bool:
    """Return whether a file is a source distribution or a wheel of a version."""
    stem = filename.removesuffix(".tar.gz").removesuffix(".zip")
    if filename.endswith(".whl"):
        project, held = filename.split("-")[:2]
    else:
        project, _, held = stem.rpartition("-")
    return normalized(project) == normalized(name) and held in {version, f"{version}+cpu"}


def files_of(index: str, name: str) -> dict[str, str]:
    """Return the SHA-256 of each file that an index has of a package."""
    request = urllib.request.Request(f"{index}/{normalized(name)}/", headers={"Accept": JSON})
    with urllib.request.urlopen(request, timeout=60) as answer:
        page = json.load(answer)
    return {each["filename"]: each["hashes"]["sha256"] for each in page["files"]}


def main() -> None:
    """Ask, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", default=INDEX)
    parser.add_argument("--wheels", type=Path, action="append", default=[])
    chosen = parser.parse_args()
    before = CONSTRAINTS.read_text("utf-8")
    elsewhere = dict(ELSEWHERE.findall(before))
    for folder in chosen.wheels:
        for path in sorted(folder.glob("*.whl")):
            elsewhere[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    head = [line for line in before.splitlines() if line.startswith("#")]
    head = [line for line in head if not ELSEWHERE.match(line)]
    kept, lines = [], []
    for name, version in sorted(PIN.findall(before), key=lambda pin: normalized(pin[0])):
        files = files_of(chosen.index, name)
        more = {file: digest for file, digest in elsewhere.items() if is_of(file, name, version)}
        kept += [f"# elsewhere: {file} sha256:{digest}" for file, digest in more.items()]
        found = {digest for file, digest in files.items() if is_of(file, name, version)}
        if not found:
            raise SystemExit(f"{chosen.index} has no file of {name}=={version}")
        hashes = sorted(found | set(more.values()))
        lines.append(
            " \\\n    ".join([f"{name}=={version}", *(f"--hash=sha256:{h}" for h in hashes)])
        )
    CONSTRAINTS.write_text("\n".join([*head, *kept, *lines]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
