"""What is kept is found, what is half written is not, and the folder stays within its bound."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from postcast.errors import OutputError
from postcast.features import embeddings as embeddings_module
from postcast.features.cache import EMBEDDINGS, GRAPHS, LANGUAGE, Cache, default_folder
from postcast.features.digests import Digests
from postcast.features.embeddings import MOST_SEGMENTS, SEGMENTS, Embeddings, text_keys

ABOUT = {"encoder": "toy", "width": 4}


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def _vectors(texts):
    return np.array([[len(t), sum(map(ord, t)) % 97, 1, -1] for t in texts], dtype=np.float32)


def test_what_was_kept_is_found_and_nothing_else(cache):
    texts = [f"post {i}" for i in range(50)]
    kept = cache.embeddings("k", ABOUT)
    kept.keep(texts[:20], _vectors(texts[:20]))
    kept.keep(texts[30:], _vectors(texts[30:]))
    vectors, found = cache.embeddings("k", ABOUT).find([*texts, "another"])
    assert found.tolist() == [i < 20 or i >= 30 for i in range(50)] + [False]
    np.testing.assert_array_equal(vectors[:50][found[:50]], _vectors(texts)[found[:50]])
    assert not vectors[~found].any()
    assert not cache.embeddings("other", ABOUT).find(texts)[1].any()


def test_vectors_of_another_width_are_none(cache):
    cache.embeddings("k", ABOUT).keep(["a"], _vectors(["a"]))
    assert not Embeddings(cache.root / EMBEDDINGS / "k", 5).find(["a"])[1].any()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_half_written_segment_is_never_read(cache, share):
    kept = cache.embeddings("k", ABOUT)
    kept.keep(["a", "b"], _vectors(["a", "b"]))
    [segment] = kept.folder.glob(SEGMENTS)
    whole = segment.read_bytes()
    segment.write_bytes(whole[: int(share * len(whole))])
    assert not kept.find(["a", "b"])[1].any()
    segment.write_bytes(whole + b"more")
    assert not kept.find(["a", "b"])[1].any()


def test_many_segments_become_one(cache):
    kept = cache.embeddings("k", ABOUT)
    texts = [f"post {i}" for i in range(MOST_SEGMENTS + 1)]
    for text in texts:
        kept.keep([text, texts[0]], _vectors([text, texts[0]]))
    assert len(list(kept.folder.glob(SEGMENTS))) == 1
    vectors, found = kept.find(texts)
    assert found.all()
    np.testing.assert_array_equal(vectors, _vectors(texts))


WRITER = """
import sys
from pathlib import Path
import numpy as np
from postcast.features import embeddings
embeddings.MOST_SEGMENTS = 3
kept = embeddings.Embeddings(Path(sys.argv[1]), 4)
for i in range(60):
    texts = [f"{sys.argv[2]} {i}", f"both {i}"]
    kept.keep(texts, np.array([[len(t), 0, 1, 2] for t in texts], dtype=np.float32))
    vectors, found = kept.find(texts)
    assert (vectors[found][:, 0] == np.array([len(t) for t in texts])[found]).all()
"""


def test_two_processes_may_write_at_once(tmp_path):
    folder = tmp_path / "k"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder), name], stderr=subprocess.PIPE)
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.wait(60) == 0, writer.stderr.read().decode()
        writer.stderr.close()
    texts = [f"{name} {i}" for name in ("one", "two", "both") for i in range(60)]
    vectors, found = Embeddings(folder, 4).find(texts)
    assert found.mean() > 0.9  # joining may drop what the other wrote meanwhile, never break it
    np.testing.assert_array_equal(vectors[found][:, 0], np.array([len(t) for t in texts])[found])


def test_what_was_used_longest_ago_goes_first(cache):
    kept = cache.embeddings("k", ABOUT)
    texts = [f"post {i}" for i in range(4)]
    for age, text in enumerate(texts):
        before = set(kept.folder.glob(SEGMENTS))
        kept.keep([text], _vectors([text]))
        [new] = set(kept.folder.glob(SEGMENTS)) - before
        os.utime(new, (time.time() - 100 + age, time.time() - 100 + age))
    assert kept.find(texts[:1])[1].all()  # now the oldest is the last used
    size = sum(path.stat().st_size for path in kept.folder.glob(SEGMENTS)) // 4
    rest = cache.n_bytes - 4 * size
    cache.bound(rest + 3 * size)
    assert kept.find(texts)[1].tolist() == [True, False, False, True]
    assert cache.n_bytes <= cache.limit == rest + 3 * size


def test_a_bound_of_nothing_keeps_nothing(cache):
    kept = cache.embeddings("k", ABOUT)
    kept.keep(["a"], _vectors(["a"]))
    cache.bound(0)
    assert not kept.find(["a"])[1].any()


def test_a_model_is_made_once(cache):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "model.bin").write_bytes(b"model")

    for _ in range(2):
        folder = cache.made(GRAPHS, "g", {"encoder": "toy"}, make)
        assert (folder / "model.bin").read_bytes() == b"model"
    assert len(made) == 1
    assert [one.kind for one in cache.kept()] == [GRAPHS]


def test_a_model_whose_making_failed_is_not_there(cache):
    def fail(folder):
        (folder / "half").write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.made(GRAPHS, "g", {}, fail)
    assert cache.kept() == []
    assert list((cache.root / GRAPHS).iterdir()) == []


def test_what_a_killed_process_left_goes_in_a_day(cache):
    kept = cache.embeddings("k", ABOUT)
    kept.keep(["a"], _vectors(["a"]))
    halves = [kept.folder / ".x.1.tmp", cache.root / GRAPHS / ".g.1.tmp"]
    halves[0].write_text("half")
    halves[1].mkdir(parents=True)
    cache.trim()
    assert all(half.exists() for half in halves)
    for half in halves:
        os.utime(half, (time.time() - 90_000, time.time() - 90_000))
    cache.trim()
    assert not any(half.exists() for half in halves)
    assert kept.find(["a"])[1].all()


def test_clearing_keeps_the_bound_alone(cache):
    cache.embeddings("k", ABOUT).keep(["a"], _vectors(["a"]))
    cache.made(LANGUAGE, "1", {}, lambda folder: None)
    cache.digests.sha256_of(_old(cache.root / "weights"))
    (cache.root / "weights").unlink()
    cache.bound(10**6)
    cache.clear()
    assert [path.name for path in cache.root.iterdir()] == ["limit.json"]
    assert cache.limit == 10**6


def test_a_cache_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        Cache(tmp_path / "file").made(GRAPHS, "g", {}, lambda folder: None)
    assert Cache(tmp_path / "file").kept() == []


def _old(path, data=b"weights"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (time.time() - 100, time.time() - 100))
    return path


def test_a_digest_is_computed_once_and_again_when_the_file_changes(tmp_path, monkeypatch):
    weights = _old(tmp_path / "weights")
    digests = Digests(tmp_path / "digests.json")
    first = digests.sha256_of(weights)
    with monkeypatch.context() as context:
        context.setattr("hashlib.file_digest", lambda *_: pytest.fail("computed again"))
        assert Digests(tmp_path / "digests.json").sha256_of(weights) == first
    _old(weights, b"changed")
    assert digests.sha256_of(weights) != first
    os.utime(weights, (time.time() - 50, time.time() - 50))
    weights.write_bytes(b"weights")
    assert digests.sha256_of(weights) == first


def test_a_file_written_just_now_is_not_remembered(tmp_path):
    (tmp_path / "weights").write_bytes(b"new")
    Digests(tmp_path / "digests.json").sha256_of(tmp_path / "weights")
    assert not (tmp_path / "digests.json").exists()


def test_a_broken_memory_of_digests_is_no_obstacle(tmp_path):
    weights = _old(tmp_path / "weights")
    expected = Digests(None).sha256_of(weights)
    for broken in ("", "[]", '{"x": 1}', "null"):
        (tmp_path / "digests.json").write_text(broken)
        assert Digests(tmp_path / "digests.json").sha256_of(weights) == expected


def test_keys_tell_texts_apart():
    keys = text_keys(["a", "b", "a", "\ud800"])
    assert keys.dtype == embeddings_module.KEY
    assert keys[0] == keys[2] != keys[1]


def test_the_folder_is_the_users_choice(monkeypatch, tmp_path):
    monkeypatch.setenv("POSTCAST_CACHE", str(tmp_path / "mine"))
    assert default_folder() == tmp_path / "mine"
    monkeypatch.delenv("POSTCAST_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "postcast"
