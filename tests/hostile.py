"""Saved forecasters with one part made hostile and the manifest's hash set right again.

Run as a program it attacks a copy of one RUN: ``python tests/hostile.py RUN SEED N COPY [CASE]``,
and prints a JSON line for each case, and another for one that ends neither in a forecast nor in
an error of one line that says what is wrong.
"""

from __future__ import annotations

import hashlib
import json
import math
import resource
import shutil
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

SECONDS = 20
"""Of work on the processors within which a case must end; whole ones take a tenth of a second."""

MOST_BYTES = 6 * 2**30

VALUES = [
    None,
    True,
    -1,
    0,
    7,
    2**31,
    2**63,
    10**400,
    1e308,
    -1e308,
    0.5,
    "",
    "x",
    "\x1b[31m\n",
    "x" * 100_000,
    [],
    {},
    [[]],
    [None],
    {"x": 1},
    "NAN",
    "DEEP",
]
"""What a JSON value is replaced by; the last two become what no encoder writes."""

NUMBERS = [math.nan, math.inf, -math.inf, 3e38, -3e38, 1e300, -1.0, 0.0, 2.0**31 - 1, 2.0**62]

Part = bytes
Change = Callable[[Part, np.random.Generator], Part]


def any_bytes(part: Part, rng: np.random.Generator) -> Part:
    """Damage bytes as disks and copies do."""
    if not part:
        return b"\0"
    data, kind = bytearray(part), int(rng.integers(6))
    first = int(rng.integers(len(data)))
    last = min(first + int(rng.integers(1, 1 + len(data) // 2 + 1)), len(data))
    if kind == 0:
        return bytes(data[:first])
    if kind == 1:
        data[first:last] = bytes(last - first)
    elif kind == 2:
        data[first:last] = rng.bytes(last - first)
    elif kind == 3:
        for place in rng.integers(0, len(data), int(rng.integers(1, 65))):
            data[place] ^= 1 << int(rng.integers(8))
    elif kind == 4:
        return b""
    else:
        return part + part[first:last]
    return bytes(data)


def any_json(part: Part, rng: np.random.Generator) -> Part:
    """Replace, remove or add one value somewhere in a JSON text."""
    root = json.loads(part)
    holder: Any = {"root": root}
    key: Any = "root"
    while isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.85:
        holder = holder[key]
        names = list(holder) if isinstance(holder, dict) else range(len(holder))
        key = names[int(rng.integers(len(names)))]
    kind = int(rng.integers(8))
    if kind == 0 and holder.__class__ is dict and "root" not in holder:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        del holder[key:]
    elif kind == 2 and isinstance(holder, list):
        holder.extend(holder * int(rng.integers(1, 4)))
    elif kind == 3 and isinstance(holder, dict):
        holder["another"] = VALUES[int(rng.integers(len(VALUES)))]
    else:
        holder[key] = VALUES[int(rng.integers(len(VALUES)))]
    if key == "root":
        root = holder[key]
    told = json.dumps(root).replace('"NAN"', "NaN")
    return told.replace('"DEEP"', "[" * 100_000 + "]" * 100_000).encode()


def any_tensors(part: Part, rng: np.random.Generator) -> Part:
    """Give one tensor other values, another type, shape or name, or none."""
    tensors = {name: np.array(value) for name, value in load_tensors(part).items()}
    name = list(tensors)[int(rng.integers(len(tensors)))]
    value, kind = tensors[name], int(rng.integers(11))
    if kind <= 3:
        number = NUMBERS[int(rng.integers(len(NUMBERS)))]
        if value.dtype.kind in "iu":
            ends = np.iinfo(value.dtype)
            pick = [ends.min, ends.max, 0, -1, 1, 2**31 - 1, value.size, len(value)]
            number = pick[int(rng.integers(len(pick)))]
            number = min(max(number, ends.min), ends.max)
        share = [1e-9, 0.01, 0.25, 1.0][kind]
        if value.size:
            places = rng.integers(0, value.size, max(int(share * value.size), 1))
            with np.errstate(all="ignore"):
                value.reshape(-1)[places] = np.asarray(number).astype(value.dtype)
    elif kind == 4:
        types = [np.float64, np.float32, np.float16, np.int8, np.int64, np.uint8, np.uint64, bool]
        with np.errstate(all="ignore"):
            tensors[name] = value.astype(types[int(rng.integers(len(types)))])
    elif kind == 5:
        tensors[name] = value[: int(rng.integers(0, len(value) + 1))] if value.ndim else value
    elif kind == 6:
        tensors[name] = np.ascontiguousarray(value.T) if value.ndim > 1 else value[:, None]
    elif kind == 7:
        del tensors[name]
    elif kind == 8:
        tensors[f"{name}x"] = tensors.pop(name)
    elif kind == 9:
        tensors[name] = np.concatenate([value, value]) if value.ndim else value
    else:
        rng.shuffle(value)
    return bytes(save_tensors(tensors))


def any_header(part: Part, rng: np.random.Generator) -> Part:
    """Let a safetensors header lie: its length, a type, a shape, offsets."""
    size = int.from_bytes(part[:8], "little")
    kind = int(rng.integers(7))
    if kind == 0:
        lengths = [0, 1, size - 1, size + 8, len(part), 2**31, 2**40, 2**63 - 1, 2**64 - 1]
        return lengths[int(rng.integers(len(lengths)))].to_bytes(8, "little") + part[8:]
    header, data = json.loads(part[8 : 8 + size]), part[8 + size :]
    header.pop("__metadata__", None)
    row = header[list(header)[int(rng.integers(len(header)))]]
    if kind == 1:
        row["dtype"] = ["F64", "F16", "BF16", "I8", "BOOL", "F8_E4M3", "X", 7, None][
            int(rng.integers(9))
        ]
    elif kind == 2:
        shapes: list[Any] = [[2**40, 2**40], [2**62, 0], [-1], [1.5], "x", None, [True], [0] * 99]
        row["shape"] = shapes[int(rng.integers(len(shapes)))]
    elif kind == 3:
        row["shape"] = [*row["shape"], 1]
    elif kind == 4:
        offsets: list[Any] = [[0, 2**60], [-8, 0], [8, 0], [0], None, [0.5, 1], [0, 0]]
        row["data_offsets"] = offsets[int(rng.integers(len(offsets)))]
    elif kind == 5:
        row["shape"] = row["shape"][::-1]
    else:
        told = ["[]", "null", "{" * 50_000, '{"a":' * 50_000, "", "{}", "[" * 50_000]
        text = told[int(rng.integers(len(told)))].encode()
        return len(text).to_bytes(8, "little") + text + data
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


BOMB = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "x" * 100}">' for i in range(12))


def any_graph(part: Part, rng: np.random.Generator) -> Part:
    """Make an OpenVINO graph that is no XML, bombs, nests, or lies of its shapes and weights."""
    text, kind = part.decode(), int(rng.integers(8))
    if kind == 0:
        return text.replace("<net", f"<!DOCTYPE net [{BOMB}]><net", 1).encode()
    if kind == 1:
        return ("<net>" * 100_000).encode()
    if kind == 2:
        return b"not xml"
    if kind == 3:
        return text.replace("<layers>", "", 1).encode()
    if kind == 4:
        return b'<?xml version="1.0"?><net name="x" version="11"><layers/><edges/></net>'
    names = {5: 'offset="', 6: 'size="', 7: "<dim>"}
    mark = names[kind]
    places = [i for i in range(len(text)) if text.startswith(mark, i)]
    first = places[int(rng.integers(len(places)))] + len(mark)
    last = next(i for i in range(first, len(text)) if text[i] in '"<')
    number = ["-1", "0", "7", "99999999", str(2**63), "x"][int(rng.integers(6))]
    return (text[:first] + number + text[last:]).encode()


def changes_for(path: str) -> list[Change]:
    """Return the ways in which a part can be made hostile."""
    if path.endswith(".safetensors"):
        return [any_tensors, any_tensors, any_tensors, any_header, any_bytes]
    if path.endswith(".json"):
        return [any_json, any_json, any_json, any_bytes]
    if path.endswith(".xml"):
        return [any_graph, any_graph, any_bytes]
    return [any_bytes]


def read_parts(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all parts that decide on an answer, the manifest's last."""
    manifest = json.loads((folder / "manifest.json").read_text())
    paths = [row["path"] for row in manifest["parts"]]
    paths = [path for path in paths if not path.endswith((".md", "LICENSE"))]
    return {path: (folder / path).read_bytes() for path in [*paths, "manifest.json"]}


def write_part(folder: Path, path: str, data: bytes) -> None:
    """Write one part, and its hash into the manifest."""
    (folder / path).write_bytes(data)
    if path != "manifest.json":
        manifest = json.loads((folder / "manifest.json").read_text())
        for row in manifest["parts"]:
            if row["path"] == path:
                row["sha256"] = hashlib.sha256(data).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest))


def what_is_wrong(run: Path) -> str | None:
    """Load a RUN and ask it; return what nobody should see, None for an answer or an error."""
    from postcast import Post, load
    from postcast.errors import PostcastError

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        forecaster = load(run)
        for text, author in (("easy word3 word17 word18", "a1"), ("dull word5", "a nobody")):
            answer = forecaster.predict(Post(text=text, author=author)).to_dict()
            json.dumps(answer, allow_nan=False)
            if not abs(sum(answer["probabilities"].values()) - 1) < 1e-5:
                return f"probabilities {answer['probabilities']}"
        if forecaster.bank.wordings is not None:
            forecaster.bank.wordings.at(np.arange(min(len(forecaster.bank), 3)))
    except PostcastError as error:
        message = str(error)
        if str(run) not in message and "encoder" not in message:
            return f"an error that names no part: {message}"
        return None if message.isprintable() else f"an error of several lines: {message!r}"
    except KeyboardInterrupt:
        return f"no end after {SECONDS} seconds"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:300]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return None


def _tell(facts: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def attack(run: Path, seed: int, n_cases: int, only: int | None = None) -> None:
    """Make parts hostile one at a time, in turn, and print each case before and after it.

    With `only` one case of these is tried, and left as it is.
    """
    folder = run / "forecaster"
    whole = read_parts(folder)
    paths = list(whole)
    rng = np.random.default_rng(seed)
    for case in range(n_cases):
        path = paths[(case + seed) % len(paths)]
        kinds = changes_for(path)
        change = kinds[int(rng.integers(len(kinds)))]
        data = change(whole[path], rng)
        if only not in (None, case):
            continue
        _tell({"case": case, "path": path, "change": change.__name__})
        write_part(folder, path, data)
        wrong = what_is_wrong(run)
        if wrong is not None:
            _tell({"case": case, "wrong": wrong})
        if only is not None:
            return
        for restored in (path, "manifest.json"):
            (folder / restored).write_bytes(whole[restored])
    _tell({"done": n_cases})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    source, seed, n_cases, scratch, *only = sys.argv[1:]
    shutil.copytree(source, scratch, ignore=shutil.ignore_patterns("figures"))
    attack(Path(scratch), int(seed), int(n_cases), int(only[0]) if only else None)
