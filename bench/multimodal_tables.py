"""Results of `bench.multimodal` → the table of the page on images. Measures nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parent / "results" / "multimodal.json"


def tables() -> Iterator[tuple[str, str]]:
    """Yield the table by the name of its marker, where there is a result."""
    if RESULT.exists():
        yield "multimodal", variants(json.loads(RESULT.read_text("utf-8"))["variants"])


def variants(found: dict[str, dict[str, Any]]) -> str:
    """Return each variant's rank correlation beside that which the planted effects allow."""
    lines = [
        "| what tells of the count | posts | Spearman | at most | MAE, log2 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, one in found.items():
        rho, error = one["spearman"], one["mae_log2"]
        lines.append(
            f"| {name} | {one['n_posts']:,} | {_shown(rho)} | {one['at_most']:.3f} "
            f"| {_shown(error)} |"
        )
    return "\n".join(lines)


def _shown(figure: dict[str, Any]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
