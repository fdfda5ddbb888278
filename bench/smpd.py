"""A folder in the layout of the SMP Challenge's training data, an effect planted in each modality.

Words, images, authors, categories and hours each add their own share to the logarithm of the count,
so that what a forecaster draws from each is known. Every post is made up.
"""

from __future__ import annotations

import argparse
import colorsys
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

SHARES = {"author": 0.35, "text": 0.2, "image": 0.2, "category": 0.05, "time": 0.05, "chance": 0.15}
"""How much of the label's variance each makes."""

MODALITIES = ("text", "image", "author")

MEAN, SPREAD = 6.0, 2.0
"""Of the label, log2(1 + views a day)."""

POSTS_OF_AN_AUTHOR = 40
TELLING, PLAIN = 60, 3_000
"""Words that raise or lower a count, and words that do not."""

CATEGORIES = ("Animal", "Electronics", "Fashion", "Food", "Holiday", "Travel", "Weather", "Family")
START, SECONDS_APART = 1_430_000_000, 600
SIDE = 64
"""Of an image, in pixels."""


@dataclass(frozen=True)
class Made:
    """Made-up posts as columns.

    Parameters
    ----------
    author, category, time : ndarray of int, shape (n_posts,)
        Codes, and seconds since 1970, rising.
    words : list of list of str
    brightness : ndarray of float, shape (n_posts,)
        Of the image, 0 to 1.
    label : ndarray of float, shape (n_posts,)
    effects : dict of str to ndarray
        What each key of `SHARES` adds to the label.
    """

    author: np.ndarray
    category: np.ndarray
    time: np.ndarray
    words: list[list[str]]
    brightness: np.ndarray
    label: np.ndarray
    effects: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.label)

    def unlinked(self, modality: str, seed: int = 0) -> Made:
        """Return the same posts, one of `MODALITIES` as another post has it."""
        order = np.random.default_rng(seed).permutation(len(self))
        if modality == "text":
            return replace(self, words=[self.words[row] for row in order])
        if modality == "image":
            return replace(self, brightness=self.brightness[order])
        return replace(self, author=self.author[order])


def make(n_posts: int, seed: int = 42) -> Made:
    """Make posts whose label is a sum of effects with the variances of `SHARES`."""
    rng = np.random.default_rng(seed)
    author = rng.integers(0, max(n_posts // POSTS_OF_AN_AUTHOR, 4), n_posts)
    category = rng.integers(0, len(CATEGORIES), n_posts)
    time = START + np.cumsum(rng.integers(1, 2 * SECONDS_APART, n_posts))
    worth = rng.choice([-1.0, 1.0], TELLING)
    told = [rng.integers(0, TELLING, rng.integers(1, 4)) for _ in range(n_posts)]
    others = [rng.integers(0, PLAIN, rng.integers(4, 12)) for _ in range(n_posts)]
    words = [
        list(rng.permutation([*(f"t{_word(w)}" for w in some), *(f"p{_word(w)}" for w in more)]))
        for some, more in zip(told, others, strict=True)
    ]
    brightness = rng.uniform(0.15, 0.95, n_posts)
    hour = (time // 3600) % 24
    raw = {
        "author": rng.normal(size=author.max() + 1)[author],
        "text": np.array([worth[some].sum() for some in told]),
        "image": brightness,
        "category": rng.normal(size=len(CATEGORIES))[category],
        "time": np.cos(2 * np.pi * (hour - 20) / 24),
        "chance": rng.normal(size=n_posts),
    }
    effects = {
        name: SPREAD * np.sqrt(share) * (raw[name] - raw[name].mean()) / raw[name].std()
        for name, share in SHARES.items()
    }
    label = np.clip(MEAN + sum(effects.values()), 0, None)
    return Made(author, category, time, words, brightness, label, effects)


def _word(number: int) -> str:
    return "".join("aeiou"[digit] + "lmnrst"[digit] for digit in _digits(int(number)))


def _digits(number: int) -> list[int]:
    digits = []
    number += 5
    while number:
        number, rest = divmod(number, 5)
        digits.append(rest)
    return digits


def write(made: Made, folder: Path, missing_images: float = 0.0, seed: int = 0) -> None:
    """Write the files of the challenge, row by row, and a JPEG a post.

    Parameters
    ----------
    made : Made
    folder : Path
    missing_images : float
        Share of the posts whose file is not there.
    seed : int
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    rows = range(len(made))
    pids = [str(10_000_000 + row) for row in rows]
    uids = [f"{code}@N{code % 90 + 10}" for code in made.author.tolist()]
    tags = [f"{words[0]} {words[-1]}" for words in made.words]
    text = [
        {"Uid": u, "Pid": p, "Title": " ".join(w), "Mediatype": "photo", "Alltags": t}
        for u, p, w, t in zip(uids, pids, made.words, tags, strict=True)
    ]
    kind = [CATEGORIES[code] for code in made.category.tolist()]
    _json(folder, "text", text)
    _json(
        folder,
        "category",
        [
            {"Uid": u, "Pid": p, "Category": k, "Subcategory": k.lower(), "Concept": k.lower()}
            for u, p, k in zip(uids, pids, kind, strict=True)
        ],
    )
    _json(
        folder,
        "temporalspatial_information",
        [
            {
                "Uid": u,
                "Pid": p,
                "Postdate": str(t),
                "Latitude": 0,
                "Longitude": 0,
                "Geoaccuracy": 0,
            }
            for u, p, t in zip(uids, pids, made.time.tolist(), strict=True)
        ],
    )
    _json(
        folder,
        "additional_information",
        [
            {"Uid": u, "Pid": p, "Pathalias": "None", "Ispublic": 1, "Mediastatus": "ready"}
            for u, p in zip(uids, pids, strict=True)
        ],
    )
    _json(folder, "user_data", _users(uids, pids, made))
    labels = "".join(f"{label:.2f}\n" for label in made.label)
    (folder / "train_label.txt").write_text(labels, "utf-8")
    images = [f"train/{u}/{p}.jpg" for u, p in zip(uids, pids, strict=True)]
    (folder / "train_img_filepath.txt").write_text("".join(f"{one}\n" for one in images), "utf-8")
    for row, image in enumerate(images):
        if rng.random() >= missing_images:
            _draw(folder / image, float(made.brightness[row]), rng)


def _json(folder: Path, name: str, rows: object) -> None:
    (folder / f"train_{name}.json").write_text(json.dumps(rows), "utf-8")


def _users(uids: Sequence[str], pids: Sequence[str], made: Made) -> dict[str, dict[str, object]]:
    """Return the columns of the file of users, which is the only one that is not by rows."""
    columns: dict[str, Sequence[object]] = {
        "Uid": uids,
        "Pid": pids,
        "photo_firstdate": made.time.tolist(),
        "photo_firstdatetaken": ["2015-01-01 00:00:00"] * len(made),
        "photo_count": [100] * len(made),
        "ispro": [0] * len(made),
        "timezone_offset": ["+00:00"] * len(made),
        "timezone_id": ["UTC"] * len(made),
        "user_description": [""] * len(made),
        "location_description": [""] * len(made),
    }
    return {name: {str(i): one for i, one in enumerate(all_)} for name, all_ in columns.items()}


def _draw(path: Path, brightness: float, rng: np.random.Generator) -> None:
    """Write a small picture: a plain ground and a disc, of any hue, as bright as told."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    hue, disc_hue = rng.random(2)
    pixels = np.empty((SIDE, SIDE, 3))
    pixels[:] = colorsys.hls_to_rgb(hue, brightness, 0.5)
    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    x, y, radius = rng.uniform(16, 48), rng.uniform(16, 48), rng.uniform(6, 14)
    disc = (across - x) ** 2 + (down - y) ** 2 < radius**2
    pixels[disc] = colorsys.hls_to_rgb(disc_hue, brightness, 0.6)
    Image.fromarray((255 * pixels).astype(np.uint8)).save(path, quality=85)


def main() -> None:
    """Write a folder."""
    parser = argparse.ArgumentParser(prog="python -m bench.smpd", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--posts", type=int, default=50_000)
    parser.add_argument("--missing-images", type=float, default=0.0)
    parser.add_argument(
        "--unlinked", default="", help=f"Of {', '.join(MODALITIES)}, comma-separated."
    )
    parser.add_argument("--seed", type=int, default=42)
    chosen = parser.parse_args()
    made = make(chosen.posts, chosen.seed)
    for number, modality in enumerate(filter(None, chosen.unlinked.split(","))):
        made = made.unlinked(modality, number)
    write(made, chosen.folder, chosen.missing_images)


if __name__ == "__main__":
    main()
