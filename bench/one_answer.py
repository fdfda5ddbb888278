"""Compare forecasts of a post alone, in a batch of 1,000, over HTTP and before saving.

``python -m bench.one_answer FOLDER --out FILE.json``, where FOLDER holds the public files that
`FILES` names. On the first rows of each a forecaster is trained, on later ones it is asked; a
result is one encoder, precision and classifier over all files.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import measured_on
from bench.serve import served
from postcast import Forecast, Forecaster, Post, load, train

BATCH = 1_000
TOLERANCE = 1e-6
COUNTS = ("expected_count", "count_low", "count_high")


@dataclass(frozen=True)
class File:
    """A public file and its columns, as options of `read_posts` call them."""

    name: str
    columns: dict[str, Any]


FILES = (
    File("pinterest.csv", {}),
    File(
        "facebook_FoxNews.csv",
        {
            "text_col": ["status_message"],
            "count_col": "num_likes",
            "time_col": "status_published",
        },
    ),
    File(
        "bluesky.csv",
        {
            "text_col": ["text"],
            "count_col": "likeCount",
            "time_col": "createdAt",
            "author_col": "author",
        },
    ),
    File(
        "tiktok_vi.csv",
        {
            "text_col": ["vid_caption"],
            "count_col": "vid_nlike",
            "author_col": "user_name",
        },
    ),
)


@dataclass
class Compared:
    """By how much answers to the same posts differ between two ways of asking."""

    n_posts: int = 0
    classes: int = 0
    sets: int = 0
    bounds: int = 0
    warnings: int = 0
    probability: float = 0.0

    def add(self, expected: Forecast, answer: dict[str, Any]) -> None:
        """Compare a forecast with the JSON of another."""
        plain = json.loads(json.dumps(expected.to_dict()))
        self.n_posts += 1
        self.classes += plain["forecast"] != answer["forecast"]
        self.sets += plain["set"] != answer["set"]
        self.warnings += plain["warnings"] != answer["warnings"]
        self.bounds += any(plain.get(name) != answer.get(name) for name in COUNTS)
        pairs = ((plain["probabilities"][k], p) for k, p in answer["probabilities"].items())
        self.probability = max(self.probability, *(abs(a - b) for a, b in pairs))

    def to_dict(self) -> dict[str, Any]:
        """Return the counts of posts whose answers differ, and the largest difference."""
        met = not (self.classes or self.sets or self.bounds or self.warnings)
        return {
            "posts": self.n_posts,
            "other_class": self.classes,
            "other_set": self.sets,
            "other_counts": self.bounds,
            "other_warnings": self.warnings,
            "largest_probability_difference": self.probability,
            "must_be_below": TOLERANCE,
            "met": met and self.probability < TOLERANCE,
        }


def first_rows(source: Path, rows: int, target: Path) -> Path:
    """Copy the header and the first rows of a CSV file."""
    with source.open(encoding="utf-8-sig", newline="") as old:
        lines = [row for _, row in zip(range(rows + 1), csv.reader(old), strict=False)]
    with target.open("w", encoding="utf-8", newline="") as new:
        csv.writer(new).writerows(lines)
    return target


def drafts_after(source: Path, file: File, rows: int, n_drafts: int) -> list[Post]:
    """Return later rows of a CSV file as drafts."""
    text = file.columns.get("text_col", ["description"])[0]
    author = file.columns.get("author_col", "author")
    with source.open(encoding="utf-8-sig", newline="") as lines:
        records = list(csv.DictReader(lines))[rows:]
    written = [record for record in records if (record[text] or "").strip()]
    return [Post(text=r[text], author=r.get(author) or None) for r in written[:n_drafts]]


def ask_over_http(port: int, post: Post) -> dict[str, Any]:
    """Return what the server answers to one post."""
    body = {"text": post.text} | ({} if post.author is None else {"author": post.author})
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/forecast",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def in_batches(forecaster: Forecaster, posts: Sequence[Post]) -> Iterator[Forecast]:
    """Yield forecasts, a thousand posts asked together."""
    filled = [*posts, *posts][:BATCH] if len(posts) < BATCH else list(posts)
    for start in range(0, len(filled), BATCH):
        yield from forecaster.predict(filled[start : start + BATCH])


def compare(run: Path, fresh: Forecaster, posts: Sequence[Post], rows: dict[str, Compared]) -> None:
    """Ask one RUN about some posts in every way, and add up how its answers differ."""
    loaded = load(run)
    alone = [loaded.predict(post) for post in posts]
    ways: dict[str, Callable[[], Iterator[Any]]] = {
        "in a batch of 1,000": lambda: in_batches(loaded, posts),
        "fresh from training": lambda: in_batches(fresh, posts),
        "alone, fresh from training": lambda: map(fresh.predict, posts),
    }
    for name, ask in ways.items():
        for expected, answer in zip(alone, ask(), strict=False):
            rows.setdefault(name, Compared()).add(expected, answer.to_dict())
    with served(run) as (_, port):
        for expected, post in zip(alone, posts, strict=True):
            answer = ask_over_http(port, post)
            rows.setdefault("over HTTP", Compared()).add(expected, answer)


def measure(folder: Path, settings: dict[str, str], n_train: int, n_asked: int) -> dict[str, Any]:
    """Return how the answers of one kind of forecaster differ, over all files."""
    rows: dict[str, Compared] = {}
    for file in FILES:
        with tempfile.TemporaryDirectory() as name:
            home = Path(name)
            source = first_rows(folder / file.name, n_train, home / file.name)
            fresh = train(source, {**settings, **file.columns}, out=home / "RUN")
            posts = drafts_after(folder / file.name, file, n_train, n_asked // len(FILES))
            compare(home / "RUN", fresh, posts, rows)
    return {**settings, **{way: compared.to_dict() for way, compared in rows.items()}}


def main() -> None:
    """Measure every precision, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--train", type=int, default=1_200)
    parser.add_argument("--posts", type=int, default=2_000)
    parser.add_argument("--encoders", default="minilm")
    parser.add_argument("--precisions", default="exact,fast,fastest")
    parser.add_argument("--classifiers", default="strong")
    args = parser.parse_args()
    found = []
    for encoder in args.encoders.split(","):
        precisions = args.precisions.split(",") if encoder != "tfidf" else ["exact"]
        for precision in precisions:
            for classifier in args.classifiers.split(","):
                settings = {
                    "encoder": encoder,
                    "precision": precision,
                    "classifier": classifier,
                    "device": "cpu",
                }
                found.append(measure(args.folder, settings, args.train, args.posts))
                print(json.dumps(found[-1], indent=1))
    result = {**measured_on(), "forecasters": found}
    args.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
