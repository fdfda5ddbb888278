"""Posts in shards, and a tiny encoder whose graph is made once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from postcast.data.read import read_posts
from postcast.features.text import Choice, load_encoder
from postcast.schema import Posts
from postcast.shards.embed import make_shards

WORDS = ["easy", "dull", "cake", "tree", "sun", "sea"]


@pytest.fixture(scope="session")
def graphs(tmp_path_factory: pytest.TempPathFactory, tiny_distilbert: Path) -> Path:
    """A cache that holds the graph of the tiny encoder and no vector."""
    folder = tmp_path_factory.mktemp("graphs")
    encoder = load_encoder(Choice(str(tiny_distilbert), device="cpu", cache=folder))
    encoder.computed(["easy cake"])
    return folder


@pytest.fixture
def choice(tiny_distilbert: Path, graphs: Path) -> Choice:
    return Choice(str(tiny_distilbert), device="cpu", cache=graphs)


def some_posts(n: int) -> Posts:
    """Posts of random words; one in seven has no text, one in five the text of another."""
    rng = np.random.default_rng(n)
    texts = [" ".join(rng.choice(WORDS, rng.integers(3, 12))) for _ in range(n)]
    for row in range(0, n, 5):
        texts[row] = texts[(row * 7 + 3) % n]
    for row in range(3, n, 7):
        texts[row] = ""
    rows = [{"id": f"p{row}", "text": text, "saves": row} for row, text in enumerate(texts)]
    return read_posts(rows)


@pytest.fixture(scope="session")
def posts() -> Posts:
    return some_posts(60)


@pytest.fixture
def manifest(posts, choice, tmp_path):
    """The 60 posts in 7 shards."""
    return make_shards(posts, 7, tmp_path / "S", choice)
