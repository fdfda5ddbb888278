"""``postcast cache`` shows what is kept, bounds it and clears it."""

import json

import numpy as np
import pytest

from postcast.features.cache import GRAPHS, Cache


@pytest.fixture
def kept(tmp_path):
    cache = Cache(tmp_path / "kept")
    about = {"encoder": "toy", "pooling": "mean", "precision": "fast", "device": "cpu", "width": 4}
    texts = [f"post {i}" for i in range(100)]
    cache.embeddings("k", about).keep(texts, np.ones((100, 4), dtype=np.float32))
    cache.made(GRAPHS, "g", {"encoder": "toy", "weights": "int8"}, lambda folder: None)
    return cache


def test_it_shows_what_is_kept(postcast, kept):
    answer = postcast("cache", "--cache", kept.root)
    assert answer.code == 0
    assert "of at most 10.7 GB" in answer.out
    assert "100 texts by toy, mean pooling, fast" in answer.out
    assert "the encoder toy as a graph, int8" in answer.out


def test_as_json(postcast, kept):
    told = json.loads(postcast("cache", "--cache", kept.root, "--json").out)
    assert told["bytes"] == kept.n_bytes
    assert {one["kind"] for one in told["kept"]} == {"embeddings", "graphs"}
    assert [one["texts"] for one in told["kept"] if one["kind"] == "embeddings"] == [100]


def test_a_bound_is_kept_to_and_remembered(postcast, kept):
    answer = postcast("cache", "--cache", kept.root, "--limit", "500")
    assert "of at most 500 B" in answer.out
    assert "texts by toy" not in answer.out
    assert kept.limit == 500
    assert postcast("cache", "--cache", kept.root, "--limit", "1.5GB").code == 0
    assert kept.limit == 1_500_000_000


def test_it_is_cleared(postcast, kept):
    assert ": 0 B of" in postcast("cache", "--cache", kept.root, "--clear").out
    assert kept.kept() == []


def test_the_usual_folder_may_not_be_there_yet(postcast, monkeypatch, tmp_path):
    monkeypatch.setenv("POSTCAST_CACHE", str(tmp_path / "nowhere"))
    assert postcast("cache").out.startswith(f"{tmp_path / 'nowhere'}: 0 B of")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("size", ["much", "-3GB", "2 apples", ""])
def test_a_bound_that_is_no_size(postcast, kept, size):
    answer = postcast("cache", "--cache", kept.root, f"--limit={size}")
    assert answer.code == 2
    assert "expected a size such as 2GB" in answer.error


def test_a_file_is_no_cache(postcast, tmp_path):
    (tmp_path / "file").write_text("")
    answer = postcast("cache", "--cache", tmp_path / "file")
    assert (answer.code, "expected a folder" in answer.error) == (2, True)
