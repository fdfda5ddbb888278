"""Vectors put together: the bytes of an undivided embedding, in files and in the cache."""

import os
import time
from dataclasses import replace

import numpy as np
import pytest

from postcast.cluster.ray import RayTasks, embed_on_ray
from postcast.embedding import embed_posts
from postcast.errors import OutputError, ShardError
from postcast.features.cache import GRAPHS, Cache
from postcast.features.text import load_encoder
from postcast.shards.embed import check_cache, embed_shards, make_shards
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
    with pytest.raises(ShardError, match=rf"1 of 7 shards is not done: 1 missing \({lost}\)"):
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


def test_room_is_left_for_the_encoder_beside_its_vectors(done, choice, tmp_path):
    """Else the cache would be cut at once, and the training would embed again what is lost."""
    cache, width = Cache(tmp_path / "C"), load_encoder(choice).facts.width
    graph = cache.root / GRAPHS / f"{load_encoder(choice).facts.key}-float32-1"
    graph.mkdir(parents=True)
    (graph / "graph.bin").write_bytes(bytes(50_000))
    vectors = done.n_posts * (width * 4 + 16)
    cache.bound(vectors + 49_999)
    with pytest.raises(OutputError, match="the vectors and their encoder take"):
        gather(done, cache=cache.root)
    cache.bound(vectors + 50_000)
    gather(done, cache=cache.root)
    assert cache.n_bytes <= cache.limit


@pytest.mark.parametrize("beside", [0, 9_000])
def test_room_is_asked_for_before_anything_is_embedded(
    posts, choice, tmp_path, monkeypatch, beside
):
    """Of a cache that has no graph yet, room for one as large as the weights is asked for, too."""
    cache = Cache(tmp_path / "C")
    cache.bound(len(posts.table) * (load_encoder(choice).facts.width * 4 + 16) + beside)
    there = replace(choice, cache=cache.root)
    monkeypatch.setattr("postcast.cluster.ray.run_on_ray", None)
    with pytest.raises(OutputError, match=r"may hold .* postcast cache --cache .* --limit 1GB"):
        check_cache(len(posts), there, cache.root)
    with pytest.raises(OutputError, match="may hold"):
        embed_on_ray(posts, 7, tmp_path / "S", there, RayTasks())
    assert not (tmp_path / "S").exists()
    cache.bound(10**9)
    check_cache(len(posts), there, cache.root)


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
