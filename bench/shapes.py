"""Every command and endpoint on every shape of a RUN: which answer, which refuse, which fail.

``python -m bench.shapes --out FILE.json``. Models are small, and intervals drawn 50 times: what is
looked for are faults, not good forecasts.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import os
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bench.machine import measured_on
from bench.small_models import small_models

CLASSIFIER_NAMES = (
    "strong",
    "linear",
    "majority",
    "author-median",
    "neural",
    "reference",
    "hypergraph",
    "ensemble",
)
ENCODERS = ("tfidf", "minilm")

Status = Literal["answered", "refused", "fault"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the posts of a RUN have, and what is kept of them.

    Parameters
    ----------
    posts : int
    authors : int
        0 where no post names one.
    times : {"hours", "one day", "none"}
        One day is the same date for all, without an hour.
    titles, tags, ids : bool
        Whether the posts have those columns; a category goes with the tags.
    counts : int
        Distinct counts, at most.
    no_posts : bool
        Whether the RUN is trained with ``--no-posts``.
    is_drawn : bool
        Whether the RUN is trained with ``--split stratified``.
    """

    posts: int = 80
    authors: int = 4
    times: str = "hours"
    titles: bool = True
    tags: bool = True
    ids: bool = True
    counts: int = 1_000
    no_posts: bool = False
    is_drawn: bool = False


FULL = Shape()
SHAPES: dict[str, Shape] = {
    "full": FULL,
    "without authors": replace(FULL, authors=0),
    "one author": replace(FULL, authors=1),
    "without times": replace(FULL, times="none"),
    "one day": replace(FULL, times="one day"),
    "one day, --split stratified": replace(FULL, times="one day", is_drawn=True),
    "without titles": replace(FULL, titles=False),
    "without tags": replace(FULL, tags=False),
    "without ids": replace(FULL, ids=False),
    "60 posts": replace(FULL, posts=60),
    "three counts": replace(FULL, counts=3),
    "two counts": replace(FULL, counts=2),
    "no posts kept": replace(FULL, no_posts=True),
    "text and count alone": Shape(authors=0, times="none", titles=False, tags=False, ids=False),
    "text and count alone, no posts kept": Shape(
        authors=0, times="none", titles=False, tags=False, ids=False, no_posts=True
    ),
}


EVENLY = (0, 1, 2, 0, 2, 1, 0, 1, 2, 0)
"""Few counts, of which chance may leave no third for a class."""


def posts_of(shape: Shape, n_posts: int, first: int = 0) -> list[dict[str, object]]:
    """Return synthetic posts of a shape, whose counts follow a word of the text.

    Parameters
    ----------
    shape : Shape
    n_posts : int
    first : int
        Number of the first post: later posts have other ids, times and texts.
    """
    rng = np.random.default_rng([7, first])
    fillers = [f"word{number}" for number in range(200)]
    rows: list[dict[str, object]] = []
    for number in range(first, first + n_posts):
        level = int(rng.integers(3))
        if shape.counts <= 3:
            level = EVENLY[number % len(EVENLY)]
        words = [("dull", "plain", "easy")[level], *rng.choice(fillers, 8)]
        count = 20 * level + int(rng.integers(8))
        row: dict[str, object] = {"text": " ".join(words)}
        row["saves"] = min(level, shape.counts - 1) if shape.counts <= 3 else count
        if shape.ids:
            row["id"] = f"post-{number}"
        if shape.titles:
            row["title"] = " ".join(rng.choice(fillers, 2))
        if shape.authors:
            row["author"] = f"author-{number % shape.authors}"
        if shape.tags:
            row["tags"] = ", ".join(("food", "travel", "style")[: 1 + number % 3])
            row["category"] = ("garden", "kitchen")[number % 2]
        if shape.times != "none":
            moment = np.datetime64("2024-01-01T00:00") + np.timedelta64(7 * number, "h")
            row["created_at"] = "2024-03-01" if shape.times == "one day" else f"{moment}Z"
        rows.append(row)
    return rows


def write_posts(rows: Sequence[Mapping[str, object]], path: Path) -> Path:
    """Write posts as JSON Lines."""
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
    return path


@dataclass(frozen=True)
class Answer:
    """What a command or an address gave back.

    Parameters
    ----------
    status : {"answered", "refused", "fault"}
        Refused: exit code 2, or an HTTP status from 400 on, with a reason of our own.
    detail : str
        The reason; of an answer, nothing.
    output : str
        Of an answer.
    """

    status: Status
    detail: str = ""
    output: str = ""


def run_command(arguments: Sequence[object], says_no: bool = False) -> Answer:
    """Run a command line in this process.

    Parameters
    ----------
    arguments : sequence
    says_no : bool
        Whether exit code 1 is an answer.
    """
    from postcast.cli.main import exit_code

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = exit_code([str(argument) for argument in arguments])
    if code == 0 or (code == 1 and says_no):
        return Answer("answered", output=out.getvalue())
    lines = err.getvalue().strip().splitlines()
    detail = lines[-1] if lines else ""
    is_refusal = code == 2 and len(lines) == 1 and "a fault of postcast itself" not in detail
    return Answer("refused" if is_refusal else "fault", f"exit {code}: {detail}")


TITLE, TAGS = "word1 word2", "food, travel"
DRAFT = ("--text", "easy word3 word17 word21", "--title", TITLE, "--author", "author-0",
         "--time", "2024-06-01T09:00", "--tags", TAGS, "--category", "garden")  # fmt: skip
BARE = ("--text", "dull word5 word8")
ALTERNATIVE = "dull word3 word17"
JSON_DRAFT = {
    "text": DRAFT[1],
    "title": TITLE,
    "author": "author-0",
    "time": "2024-06-01T09:00:00Z",
    "tags": ["food", "travel"],
    "category": "garden",
}
FORM = {**JSON_DRAFT, "time": "2024-06-01T09:00", "tags": TAGS}


def _form(fields: Mapping[str, object]) -> dict[str, Any]:
    return {"files": {name: (None, value) for name, value in fields.items()}}


REQUESTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("get", "/", {}),
    ("post", "/", _form(FORM)),
    ("post", "/parts/forecast", _form(FORM)),
    ("post", "/parts/explain", _form(FORM)),
    ("post", "/parts/explain", _form({"text": BARE[1]})),
    ("post", "/parts/whatif", _form(FORM)),
    ("post", "/parts/compare", _form({f"{side}.{k}": v for side in "ab" for k, v in FORM.items()})),
    ("get", "/scorecard", {}),
    ("get", "/figures/confusion_matrix.svg", {}),
    ("get", "/docs", {}),
    ("get", "/openapi.json", {}),
    ("get", "/login", {}),
    ("get", "/static/app.js", {}),
    ("get", "/model", {}),
    ("get", "/health", {}),
    ("get", "/ready", {}),
    ("get", "/metrics", {}),
    ("post", "/forecast", {"json": JSON_DRAFT}),
    ("post", "/forecast", {"json": [JSON_DRAFT, {"text": BARE[1]}, {"text": ""}]}),
    ("post", "/explain", {"json": JSON_DRAFT}),
    ("post", "/explain", {"json": {"text": BARE[1]}}),
    ("post", "/whatif", {"json": {**JSON_DRAFT, "alternatives": [ALTERNATIVE]}}),
    ("post", "/rank", {"json": [JSON_DRAFT, {"text": BARE[1], "author": "nobody"}]}),
)
"""Every address of a server, as it is asked."""


def ask_server(run: Path) -> dict[str, Answer]:
    """Ask every address of a server of a RUN."""
    from fastapi.testclient import TestClient

    from postcast import load
    from postcast.web.app import make_app
    from postcast.web.service import Service

    answers: dict[str, Answer] = {}
    app = make_app(Service(load(run), load(run), run))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as client:
        for number, (method, path, options) in enumerate(REQUESTS):
            response = getattr(client, method)(path, **options)
            name = f"{number:02} {method.upper()} {path}"
            if response.status_code == 200:
                answers[name] = Answer("answered", output=response.text)
            else:
                status: Status = "fault" if response.status_code >= 500 else "refused"
                answers[name] = Answer(status, f"{response.status_code}: {response.text[:200]}")
    return answers


def ask_python(run: Path, shape: Shape) -> Answer:
    """Load a RUN, look at its repr, and forecast one post, many and a list of records."""
    from postcast import Post, load

    forecaster = load(run)
    text = repr(forecaster)
    if len(text) > 500 or "post-" in text or "word1" in text:
        return Answer("fault", f"the repr has {len(text):,} characters: {text[:80]}")
    post = Post(text=DRAFT[1], title=TITLE, author="author-0", tags=("food",))
    forecaster.predict(post)
    forecaster.predict([post, Post(text=BARE[1])])
    forecaster.predict(posts_of(shape, 3, 9_000))
    return Answer("answered", output=text)


def ask_all(run: Path, shape: Shape, folder: Path) -> dict[str, Answer]:
    """Ask a RUN everything that can be asked of one.

    Parameters
    ----------
    run : Path
    shape : Shape
        Of its posts, and of the newer ones that it is asked about.
    folder : Path
        To write into; new.
    """
    folder.mkdir()
    newer = write_posts(posts_of(shape, 40, 1_000), folder / "newer.jsonl")
    drafts = write_posts(posts_of(shape, 8, 2_000), folder / "drafts.jsonl")
    commands: dict[str, Callable[[], Answer]] = {
        "predict text": partial(run_command, ["predict", run, *DRAFT]),
        "predict file": partial(run_command, ["predict", run, drafts, "--out", folder / "f.csv"]),
        "explain": partial(run_command, ["explain", run, *DRAFT]),
        "explain bare": partial(run_command, ["explain", run, *BARE, "--json"]),
        "whatif": partial(run_command, ["whatif", run, *DRAFT]),
        "whatif alternative": partial(
            run_command, ["whatif", run, *DRAFT, "--alternative", ALTERNATIVE]
        ),
        "rank": partial(run_command, ["rank", run, drafts]),
        "evaluate": partial(run_command, ["evaluate", run, newer, "--out", folder / "evaluated"]),
        "update": partial(run_command, ["update", run, newer, "--out", folder / "updated"]),
        "drift": partial(run_command, ["drift", run, newer, "--out", folder / "drift"], True),
        "python": partial(ask_python, run, shape),
    }
    answers = {name: _watched(ask) for name, ask in commands.items()}
    if answers["update"].status == "answered":
        asked = ["predict", folder / "updated", *DRAFT]
        answers["predict after update"] = _watched(partial(run_command, asked))
    try:
        with _strict():
            answers |= ask_server(run)
    except Exception as error:
        answers["serve"] = Answer("fault", f"{type(error).__name__}: {error}")
    return answers


def ask_posts(shape: Shape, folder: Path) -> dict[str, Answer]:
    """Ask the commands that take posts and no RUN."""
    folder.mkdir()
    posts = write_posts(posts_of(shape, shape.posts), folder / "posts.jsonl")
    shared = ["compare", posts, "--encoder", "tfidf", "--jobs", "1", "--classifiers"]
    commands: dict[str, Callable[[], Answer]] = {
        "prepare": partial(run_command, ["prepare", posts, "--out", folder / "posts.parquet"]),
        "audit": partial(run_command, ["audit", posts], True),
        "compare": partial(
            run_command,
            [*shared, "linear,author-median,majority", "--out", folder / "compared"],
        ),
    }
    return {name: _watched(ask) for name, ask in commands.items()}


def train_shape(shape: Shape, classifier: str, encoder: str, posts: Path, run: Path) -> Answer:
    """Train a RUN on posts of a shape."""
    options = ["--classifier", classifier, "--encoder", encoder, "--device", "cpu"]
    hides = ["--no-posts"] if shape.no_posts else []
    splits = ["--split", "stratified"] if shape.is_drawn else []
    command = ["run", posts, "--out", run, *options, *hides, *splits, "--quiet"]
    return _watched(partial(run_command, command))


def _watched(ask: Callable[[], Answer]) -> Answer:
    """Return an answer; what it raises or warns of is a fault."""
    try:
        with _strict():
            return ask()
    except Exception as error:
        return Answer("fault", f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def _strict() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def measure(name: str, classifiers: Sequence[str], encoders: Sequence[str]) -> dict[str, Any]:
    """Return what each command answers on one shape, by classifier and encoder."""
    shape = SHAPES[name]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="shapes-") as temporary:
        folder = Path(temporary)
        os.environ["POSTCAST_CACHE"] = str(folder / "cache")
        posts = write_posts(posts_of(shape, shape.posts), folder / "posts.jsonl")
        with small_models(draws_figures=True):
            found["posts"] = _told(ask_posts(shape, folder / "asked"), 0.0)
        for encoder, classifier in itertools.product(encoders, classifiers):
            start = time.perf_counter()
            run = folder / f"{classifier}-{encoder}"
            draws = encoder == "tfidf" and classifier == "neural"
            with small_models(draws_figures=draws):
                trained = train_shape(shape, classifier, encoder, posts, run)
                answers = {"run": trained}
                if trained.status == "answered":
                    answers |= ask_all(run, shape, folder / f"asked-{classifier}-{encoder}")
            row = _told(answers, time.perf_counter() - start)
            found[f"{classifier}, {encoder}"] = row
            print(name, "|", classifier, encoder, row["counts"], row["not_answered"], flush=True)
    return found


def _told(answers: Mapping[str, Answer], seconds: float) -> dict[str, Any]:
    return {
        "counts": dict(Counter(answer.status for answer in answers.values())),
        "not_answered": {
            name: f"{answer.status}: {answer.detail}"
            for name, answer in answers.items()
            if answer.status != "answered"
        },
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Ask every shape, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--classifiers", nargs="+", default=list(CLASSIFIER_NAMES))
    parser.add_argument("--encoders", nargs="+", default=list(ENCODERS))
    given = parser.parse_args()
    results: dict[str, Any] = {}
    for name in given.shapes:
        results[name] = measure(name, given.classifiers, given.encoders)
        told = {**measured_on(), "shapes": results}
        given.out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
