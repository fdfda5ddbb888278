"""The model that tells languages: py3langid's, unpacked once into the cache.

Unpacking takes a quarter of a second each time, a map of what was unpacked a few milliseconds.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from postcast.errors import OutputError
from postcast.features.cache import LANGUAGE, Cache, default_folder

ARRAYS = ("ptc", "pc", "nextmove", "nextmove_row", "out_feat")
CLASSES = "classes.json"


@cache
def language_classifier() -> Callable[[str], tuple[str, float]]:
    """Return what tells a text's language, as an ISO 639 code, and how sure that is."""
    from py3langid.langid import LanguageIdentifier

    likelihood, prior, moves, rows, output, languages = _from_cache() or _packed()
    identifier = LanguageIdentifier(
        likelihood, prior, languages, moves, output, norm_probs=True, tk_row=rows
    )
    classify: Callable[[str], tuple[str, float]] = identifier.classify
    return classify


def _from_cache() -> tuple[Any, ...] | None:
    """Return the model as it is kept; None where it cannot be kept here.

    Its 70 MB are not hashed each time, which would take as long as a forecast: what they decide
    is a sentence about a draft's language. Files that were written to are.
    """
    version = importlib.metadata.version("py3langid")
    about = {"model": f"py3langid {version}"}
    try:
        folder = Cache(default_folder()).made(LANGUAGE, version, about, _unpack, trust_times=True)
        return _mapped(folder)
    except (OutputError, OSError, ValueError, EOFError):
        return None


def _packed() -> tuple[Any, ...]:
    from py3langid.langid import MODEL_DIR, MODEL_FILE
    from py3langid.modelio import load_model

    likelihood, prior, languages, moves, rows, output = load_model(Path(MODEL_DIR) / MODEL_FILE)
    return likelihood, prior, moves, rows, output, languages


def _unpack(folder: Path) -> None:
    *arrays, languages = _packed()
    for name, values in zip(ARRAYS, arrays, strict=True):
        np.save(folder / f"{name}.npy", np.asarray(values), allow_pickle=False)
    (folder / CLASSES).write_text(json.dumps(languages), "utf-8")


def _mapped(folder: Path) -> tuple[Any, ...]:
    likelihood, prior, moves, rows, output = (
        np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ARRAYS
    )
    languages = json.loads((folder / CLASSES).read_text("utf-8"))
    # plain Python numbers one by one: numpy's are slow there
    return likelihood, prior, memoryview(moves), rows.tolist(), output.tolist(), languages
