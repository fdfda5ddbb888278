"""Vectors put together: the bytes of an undivided embedding, in files and in the cache."""

import os
import time
from dataclasses import replace

import numpy as np
import pytest

from postcast.embedding import embed_posts
from postcast.errors import OutputError, ShardError
from postcast.features.cache import Cache
from postcast.features.text import load_encoder
from postcast.shards.embed import embed_shards, make_shards
from postcast.shards.gather import gather

FILES = ("embeddings.npy", "index.parquet", "encoder.json")


@pytest.fixture
def done(manifest, choice):
    embed_shards(manifest, range(7), "cpu", choice.cache)
    return manifest


def test_files_are_the_bytes_of_an_undivided_embedding(posts, choice, done, tmp_path):
    facts = gather(done, tmp_path / "A")
    assert facts == embed_posts(posts, replace(choice, cache=tmp_path / "C"), tmp_path / "B")
    assert sorted(FILES) == sorted(path.name for path in (tmp_path / "A").iterdir())
    for name in FILES:
        assert (tmp_path / "A" / name).read_bytes() == (tmp_path / "B" / name).read_bytes(), name


def test_the_cache_then_holds_every_text(posts, choice, done, tmp_path, monkeypatch):
    gather(done, cache=tmp_path / "C")
    there = replace(choice, cache=tmp_path / "C")
    encoder = load_encoder(there)
    texts = posts.table["text"].to_list()
    assert encoder.unknown(texts) == []
    monkeypatch.setattr(type(encoder), "_embed", None)  # nothing is left to embed
    assert (encoder.encode(texts) == load_encoder(choice).computed(texts)).all()


def test_a_text_is_kept_once(posts, done, tmp_path):
    gather(done, cache=tmp_path / "C")
    [kept] = Cache(tmp_path / "C").kept()
    assert kept.n_vectors == len(set(posts.table["text"]) - {""})


@pytest.mark.parametrize("lost", [0, 6])
def test_nothing_is_written_while_a_result_is_missing(done, tmp_path, lost):
    done.result_path(lost, "cpu").unlink()
    with pytest.raises(ShardError, match=rf"1 of 7 shards are not done: 1 missing \({lost}\)"):
        gather(done, tmp_path / "A", tmp_path / "C")
    assert not (tmp_path / "A").exists()
    assert not (tmp_path / "C").exists()


def test_a_changed_shard_is_refused(done, tmp_path):
    done.shard_path(1).write_bytes(b"")
    with pytest.raises(ShardError, match="shard 1 has changed"):
        gather(done, tmp_path / "A")
    assert not (tmp_path / "A").exists()


def test_a_cache_too_small_is_refused(done, tmp_path):
    Cache(tmp_path / "C").bound(1000)
    with pytest.raises(OutputError, match=r"may hold .* postcast cache --cache .* --limit"):
        gather(done, cache=tmp_path / "C")


def test_posts_without_any_text(choice, tmp_path):
    from postcast.data.read import read_posts

    rows = [{"id": f"p{row}", "text": "" if row else "sun", "saves": row} for row in range(6)]
    manifest = make_shards(read_posts(rows), 3, tmp_path / "S", choice)
    embed_shards(manifest, range(3), "cpu", choice.cache)
    facts = gather(manifest, tmp_path / "A", tmp_path / "C")
    assert facts["n_without_text"] == 5
    assert np.load(tmp_path / "A" / "embeddings.npy").any(axis=1).tolist() == [True] + [False] * 5


def test_only_what_was_abandoned_is_removed(done, tmp_path):
    old, young = (done.folder / "results" / f".{name}.tmp" for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 100_000,) * 2)
    gather(done, tmp_path / "A")
    assert not old.exists()
    assert young.exists()
