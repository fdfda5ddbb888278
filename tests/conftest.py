"""Tiny real parts that tests share: encoders on disk, posts with a planted effect, real data."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from tests.encoders import random_distilbert

WORDS = ["easy", "dull", "cake", "tree", "sun", "sea"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test keeps its embeddings to itself."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("POSTCAST_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_distilbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random DistilBERT of two layers."""
    return random_distilbert(tmp_path_factory.mktemp("tiny-distilbert"), WORDS, (16, 2, 2, 32))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Real posts, in $POSTCAST_DATA or beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("POSTCAST_DATA", beside))
    if not (folder / "pinterest.csv").is_file():
        pytest.skip(f"SKIPPED: no real posts: neither $POSTCAST_DATA nor {beside} holds them")
    return folder


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def records(n: int = 240, seed: int = 3) -> list[dict[str, object]]:
    """Posts whose count follows one word of the text, an author effect and some noise."""
    rng = np.random.default_rng(seed)
    fillers = [f"word{i}" for i in range(200)]
    rows = []
    for i in range(n):
        level = int(rng.integers(3))
        text = " ".join([("dull", "plain", "easy")[level], *rng.choice(fillers, 8)])
        rows.append(
            {
                "id": f"p{i}",
                "text": text,
                "author": f"a{i % 4}",
                "created_at": _time(i),
                "saves": int(level * 20 + rng.integers(0, 8)),
            }
        )
    return rows


def _time(i: int) -> str:
    return str(np.datetime64("2024-01-01T00:00:00") + np.timedelta64(i, "h")) + "Z"


@pytest.fixture
def posts_file(tmp_path: Path) -> Path:
    """240 posts as JSON Lines."""
    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in records()))
    return path
