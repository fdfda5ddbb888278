"""The house rules that a machine can hold, import direction apart (import-linter has that)."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import postcast

SOURCE = Path(postcast.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
OUTSIDE_CLI = [path for path in FILES if "cli" not in path.relative_to(SOURCE).parts]
MAX_LINES = 600
VAGUE_NAMES = {"utils", "common", "helpers", "misc"}
HEAVY = {"torch", "transformers", "sklearn", "polars", "pandas", "matplotlib", "scipy", "lightgbm"}
PICKLERS = {"pickle", "cPickle", "_pickle", "joblib", "cloudpickle", "dill", "shelve", "marshal"}
UNPICKLING_CALLS = {"torch.load", "torch.save", "pandas.read_pickle", "pd.read_pickle"}


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def prints(tree: ast.AST) -> list[int]:
    """Lines that call `print`."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "builtins.print"}
    ]


def pickles(tree: ast.AST) -> list[int]:
    """Lines that import a pickler, or call what pickles without saying so.

    ``torch.load(…, weights_only=True)`` makes tensors alone, and runs nothing that it reads.
    """
    harmless = {id(node.func) for node in ast.walk(tree) if loads_weights_only(node)}
    return sorted(
        node.lineno
        for node in ast.walk(tree)
        if PICKLERS & set(imported_roots(node))
        or (isinstance(node, ast.ImportFrom) and node.module == "torch" and imports_load(node))
        or (
            isinstance(node, ast.Attribute)
            and id(node) not in harmless
            and ast.unparse(node) in UNPICKLING_CALLS
        )
        or (isinstance(node, ast.keyword) and allows_pickle(node))
    )


def loads_weights_only(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func) == "torch.load"
        and any(
            one.arg == "weights_only" and getattr(one.value, "value", None) is True
            for one in node.keywords
        )
    )


def imported_roots(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        yield (node.module or "").partition(".")[0]


def imports_load(node: ast.ImportFrom) -> bool:
    return any(alias.name in {"load", "save"} for alias in node.names)


def allows_pickle(node: ast.keyword) -> bool:
    return node.arg == "allow_pickle" and getattr(node.value, "value", None) is not False


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_file_is_short(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES, f"{name_of(path)} has {lines} lines: split it by idea"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_file_opens_with_a_docstring(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_no_module_has_a_vague_name():
    parts = {part.removesuffix(".py") for path in FILES for part in path.relative_to(SOURCE).parts}
    assert not parts & VAGUE_NAMES


@pytest.mark.parametrize("path", OUTSIDE_CLI, ids=name_of)
def test_nothing_outside_cli_prints(path):
    assert prints(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_is_pickled(path):
    assert pickles(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_a_print_would_be_found():
    assert prints(ast.parse("x = 1\nif x:\n    print(x)\n")) == [3]
    assert prints(ast.parse("printer(1)\ntable.print()\n")) == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import joblib.externals as j",
        "from cloudpickle import dumps",
        "from torch import load",
        "import torch; torch.load('x')",
        "import torch; fetch = torch.load",
        "np.load('x', allow_pickle=True)",
        "np.load('x', allow_pickle=flag)",
    ],
)
def test_a_pickle_would_be_found(code):
    assert pickles(ast.parse(code)) == [1]


@pytest.mark.parametrize(
    "code", ["import json", "np.load('x', allow_pickle=False)", "from torch import nn"]
)
def test_what_is_no_pickle_is_left_alone(code):
    assert pickles(ast.parse(code)) == []


@pytest.mark.parametrize("module", ["postcast", "postcast.cli.main"])
def test_import_stays_light(module):
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    modules = json.loads(run.stdout)
    assert module in modules
    assert {name.partition(".")[0] for name in modules} & HEAVY == set()


def test_public_names_are_sorted_and_listed():
    assert postcast.__all__ == sorted(postcast.__all__)
    assert len(postcast.__all__) == 11
    assert dir(postcast) == postcast.__all__


@pytest.mark.parametrize("name", postcast.__all__)
def test_public_name_resolves_and_is_documented(name):
    value = getattr(postcast, name)
    assert value.__name__ == name
    assert value.__module__.startswith("postcast.")
    assert (value.__doc__ or "").strip()
    assert not value.__doc__.startswith(f"{name}("), "dataclasses document themselves: write it"


def test_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = postcast.nothing
