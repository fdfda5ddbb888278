"""Results of `bench.suite` → the tables of the pages: ``python -m bench.tables``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import hypergraph_tables, multimodal_tables
from bench.scale import tables as scale_tables
from bench.speed import tables as speed_tables

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results" / "quality"
PAGES = (
    ROOT / "docs" / "quality.md",
    ROOT / "docs" / "speed.md",
    ROOT / "docs" / "scaling.md",
    ROOT / "docs" / "hypergraph.md",
    ROOT / "docs" / "images.md",
    ROOT / "README.md",
)

ROWS = {
    "chronological-live": "newest fifth, online, counts mature after {maturity}",
    "rolling-live": "four origins, online, counts mature after {maturity}",
    "chronological-online": "newest fifth, online, counts known at once",
    "rolling-online": "four origins, online, counts known at once",
    "chronological": "newest fifth, frozen",
    "rolling": "four origins, frozen",
    "unseen": "authors never seen",
    "blocks": "blocks of 25 posts",
    "cv": "cross-validation",
    "reference": "the reference's own split",
}
NAMES = {
    "strong": "strong",
    "autogluon": "AutoGluon",
    "hypergraph": "hypergraph",
    "reference": "reference",
    "neural": "neural",
    "linear": "linear",
    "tfidf-linear": "TF-IDF + linear",
    "author-median": "author median",
    "majority": "majority",
}
CLASSES = ("low", "medium", "high")


HEADLINE = ("chronological-live", "rolling-live", "chronological", "rolling", "blocks", "cv")
BESIDE = ("strong", "autogluon", "reference", "tfidf-linear")


def results(posts: str) -> dict[str, dict[str, Any]]:
    """Return the results there are for a file of posts, in the order of `ROWS`.

    AutoGluon's own runs, and what `strong` has more on the same rows, stand in files apart. It
    remembers nothing, so that where counts are known at once it is online what it is frozen.
    """
    found = {}
    for name in ROWS:
        path = RESULTS / f"{posts}-{name}.json"
        beside = RESULTS / f"{posts}-{name.removesuffix('-online')}-autogluon.json"
        if path.exists():
            found[name] = json.loads(path.read_text("utf-8"))
        if name in found and beside.exists():
            more = json.loads(beside.read_text("utf-8"))["classifiers"]
            mine = found[name]["classifiers"]
            mine["autogluon"] = more["autogluon"]
            if "strong" in more and not name.endswith("-online"):
                ahead = more["strong"]["differences"]["autogluon"]
                mine["strong"]["differences"]["autogluon"] = ahead
    return found


def shown(figure: dict[str, Any], digits: int = 3) -> str:
    """Write a figure with its interval."""
    value, low, high = (figure[key] for key in ("value", "low", "high"))
    if value is None:
        return "–"
    if low is None:
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def levels(found: dict[str, dict[str, Any]]) -> str:
    """Return macro-F1 of each classifier under each protocol."""
    names = [n for n in NAMES if any(n in one["classifiers"] for one in found.values())]
    rows = []
    for run, one in found.items():
        cells = [one["classifiers"].get(name) for name in names]
        texts = ["–" if cell is None else shown(cell["macro_f1"]) for cell in cells]
        rows.append([_row_name(run, one), *texts])
    return table(["macro-F1", *(NAMES[name] for name in names)], rows)


def headline(found: dict[str, dict[str, Any]]) -> str:
    """Return the live claim, and the others beneath it."""
    rows = []
    for run in HEADLINE:
        mine = found[run]["classifiers"]
        cells = [mine.get(name) for name in BESIDE]
        texts = ["–" if cell is None else shown(cell["macro_f1"], 2) for cell in cells]
        rows.append([_row_name(run, found[run]), *texts])
    return table(["macro-F1", *(NAMES[name] for name in BESIDE)], rows)


def gains(found: dict[str, dict[str, Any]]) -> str:
    """Return what `strong` has more than others in macro-F1, paired."""
    others = ("tfidf-linear", "reference", "autogluon")
    rows = []
    for run, one in found.items():
        differences = one["classifiers"]["strong"]["differences"]
        cells = [differences.get(other, {}).get("macro_f1") for other in others]
        texts = ["–" if cell is None else _signed(cell) for cell in cells]
        rows.append([_row_name(run, one), *texts])
    return table(["macro-F1 of `strong` less that of", *(NAMES[name] for name in others)], rows)


def details(found: dict[str, dict[str, Any]]) -> str:
    """Return the other figures of `strong`, and each class's F1 with its support."""
    rows = []
    for run, one in found.items():
        mine = one["classifiers"]["strong"]
        scores = [shown(mine[key]) for key in ("accuracy", "qwk", "spearman", "ece")]
        classes = [
            f"{mine['per_class'][c]['f1']:.2f} ({mine['per_class'][c]['support']:,})"
            for c in CLASSES
        ]
        rows.append([_row_name(run, one), *scores, *classes])
    head = ["`strong`", "accuracy", "QWK", "Spearman", "ECE", *(f"F1 {c} (posts)" for c in CLASSES)]
    return table(head, rows)


def repeats(found: dict[str, dict[str, Any]]) -> str:
    """Return macro-F1 of `strong` in each repeat or origin."""
    rows = []
    for run, one in found.items():
        mine = one["classifiers"]["strong"]
        if len(mine["repeats"]) > 1:
            values = ", ".join(f"{each['macro_f1']:.3f}" for each in mine["repeats"])
            rows.append([_row_name(run, one), f"{mine['mean_of_repeats']['macro_f1']:.3f}", values])
    return table(["`strong`", "mean", "each repeat or origin"], rows)


OPTIONS = {
    "prior-full": ("strong", "prior correction full (the default)"),
    "prior-half": ("strong", "prior correction half"),
    "prior-none": ("strong", "prior correction none"),
    "weights-balanced": ("neural", "class weights balanced (the default)"),
    "weights-none": ("neural", "class weights none"),
}
OPTION_RUNS = {
    "cv": "cross-validation",
    "chronological-live": "newest fifth, live",
    "rolling-live": "four origins, live",
}


def options() -> str:
    """Return what class weights and prior correction do to macro-F1, accuracy and log loss."""
    rows = []
    for option, (classifier, what) in OPTIONS.items():
        for name in (classifier, "linear") if classifier == "neural" else (classifier,):
            cells = []
            for run in OPTION_RUNS:
                path = RESULTS.parent / "options" / f"pinterest-{run}-{option}.json"
                one = json.loads(path.read_text("utf-8"))["classifiers"][name]
                f1 = [f"{one['per_class'][c]['f1']:.2f}" for c in CLASSES]
                cells.append(f"{shown(one['macro_f1'])}; {', '.join(f1)}")
            rows.append([f"`{name}`, {what}", *cells])
    return table(["macro-F1; F1 of low, medium, high", *OPTION_RUNS.values()], rows)


def _row_name(run: str, one: dict[str, Any]) -> str:
    maturity = one["maturity"]
    return ROWS[run].format(maturity=f"{maturity} posts" if maturity.isdigit() else maturity)


def _signed(figure: dict[str, Any]) -> str:
    return f"{figure['value']:+.3f} [{figure['low']:+.3f}, {figure['high']:+.3f}]"


def tables() -> Iterator[tuple[str, str]]:
    """Yield each table that the page holds, by the name of its marker."""
    for posts in ("pinterest", "reddit"):
        found = results(posts)
        if found:
            for make in (levels, gains, details, repeats):
                yield f"{posts} {make.__name__}", make(found)
        if posts == "pinterest" and set(HEADLINE) <= found.keys():
            yield f"{posts} headline", headline(found)
    if (RESULTS.parent / "options").exists():
        yield "options", options()
    yield from hypergraph_tables.tables()
    yield from multimodal_tables.tables()
    yield from scale_tables.tables()
    for name, shown_as in (
        ("speed", speed_tables.bars),
        ("speed-avx2", speed_tables.bars),
        ("scale", speed_tables.growth),
    ):
        path = RESULTS.parent / f"{name}.json"
        if path.exists():
            yield name, shown_as(json.loads(path.read_text("utf-8")))


def filled(page: str) -> str:
    """Return a page with its tables made anew, between their markers."""
    for name, text in tables():
        start, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
        if start in page:
            before, rest = page.split(start, 1)
            page = before + start + "\n" + text + "\n\n" + end + rest.split(end, 1)[1]
    return page


if __name__ == "__main__":
    for one in PAGES:
        one.write_text(filled(one.read_text("utf-8")), "utf-8")
