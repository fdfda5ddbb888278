"""Results of the classifier hypergraph → the tables of its page. Measures nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "hypergraph"
COMPARED = ("strong", "ensemble", "hypergraph", "neural")


def tables() -> Iterator[tuple[str, str]]:
    """Yield each table by the name of its marker, where there are results."""
    for name, make in (("cv", standing), ("ablation", ablation)):
        path = RESULTS / f"pinterest-{name}.json"
        if path.exists():
            found = json.loads(path.read_text("utf-8"))
            yield f"hypergraph {make.__name__}", make(found)


def standing(found: dict[str, Any]) -> str:
    """Return each classifier's scores, and its lead over `neural`."""
    rows = []
    for name in COMPARED:
        one = found["classifiers"][name]
        lead = one["differences"].get("neural", {}).get("macro_f1")
        cells = [_shown(one[key]) for key in ("macro_f1", "spearman", "log_loss", "ece")]
        seconds = f"{one['fit_seconds']['median']:.0f}"
        rows.append([f"`{name}`", *cells, "–" if lead is None else _signed(lead), seconds])
    head = ["", "macro-F1", "Spearman", "log loss", "ECE", "macro-F1 less neural's", "s to fit"]
    return _table(head, rows)


def ablation(found: dict[str, Any]) -> str:
    """Return what is lost without each part, paired."""
    whole = found["classifiers"]["hypergraph"]
    keys = ("macro_f1", "qwk", "spearman", "log_loss")
    rows = [["as it is", _shown(whole["macro_f1"]), *["–"] * len(keys)]]
    for name, one in found["classifiers"].items():
        if name != "hypergraph":
            lost = [_signed(whole["differences"][name][key]) for key in keys]
            rows.append([name, _shown(one["macro_f1"]), *lost])
    head = ["", "macro-F1", "as it is, less this: macro-F1", "kappa", "Spearman", "log loss"]
    return _table(head, rows)


def _shown(figure: dict[str, Any]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _signed(figure: dict[str, Any]) -> str:
    return f"{figure['value']:+.3f} [{figure['low']:+.3f}, {figure['high']:+.3f}]"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
