"""What is kept is found, what is half written is not, and the folder stays within its bound."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from postcast.errors import OutputError
from postcast.features import embeddings as embeddings_module
from postcast.features.cache import EMBEDDINGS, GRAPHS, LANGUAGE, Cache, default_folder
from postcast.features.digests import Digests, digest_now
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


@pytest.mark.parametrize("name", ["vectors", "keys", "sums"])
def test_a_damaged_row_takes_its_segment_with_it(cache, name):
    kept, texts = cache.embeddings("k", ABOUT), [f"post {i}" for i in range(50)]
    kept.keep(texts, _vectors(texts))
    [segment] = kept.folder.glob(SEGMENTS)
    whole = bytearray(segment.read_bytes())
    size = int.from_bytes(whole[:8], "little")
    first, _ = json.loads(whole[8 : 8 + size])[name]["data_offsets"]
    before = segment.stat()
    whole[8 + size + first + 8] ^= 1
    segment.write_bytes(whole)
    os.utime(segment, ns=(before.st_atime_ns, before.st_mtime_ns))
    vectors, found = kept.find(texts)
    np.testing.assert_array_equal(vectors[found], _vectors(texts)[found])
    if name != "keys":  # a text whose key changed is not asked about, and so not read
        assert not segment.exists()
        assert not found.any()
    kept.keep(texts, _vectors(texts))
    np.testing.assert_array_equal(kept.find(texts)[0], _vectors(texts))


def test_damaged_segments_are_not_joined(cache):
    kept = cache.embeddings("k", ABOUT)
    texts = [f"post {i}" for i in range(MOST_SEGMENTS + 1)]
    for text in texts:
        kept.keep([text], _vectors([text]))
        if text == texts[3]:
            for segment in kept.folder.glob(SEGMENTS):
                data = segment.read_bytes()
                segment.write_bytes(data[:-40] + bytes(40))
    vectors, found = kept.find(texts)
    assert found.tolist() == [i > 3 for i in range(len(texts))]
    np.testing.assert_array_equal(vectors[found], _vectors(texts)[found])


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


def _damage(path, way):
    if way == "gone":
        path.unlink()
    elif way == "folder":
        path.unlink()
        path.mkdir()
        (path / "x").write_text("x")
    elif way == "rot":
        before, data = path.stat(), bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        whole = path.read_bytes()
        path.write_bytes({"empty": b"", "half": whole[: len(whole) // 2]}.get(way, whole[::-1]))


WAYS = ["empty", "half", "noise", "rot", "gone", "folder"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["model.bin", "about.json"])
def test_a_damaged_model_is_made_again(cache, way, name):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "model.bin").write_bytes(b"a model, weights")

    folder = cache.made(GRAPHS, "g", {"encoder": "toy"}, make)
    _damage(folder / name, way)
    assert cache.made(GRAPHS, "g", {"encoder": "toy"}, make) == folder
    assert (folder / "model.bin").read_bytes() == b"a model, weights"
    assert cache.made(GRAPHS, "g", {"encoder": "toy"}, make) == folder
    assert len(made) == 2


def test_files_where_folders_belong_make_way(cache):
    cache.root.mkdir()
    (cache.root / GRAPHS).write_text("")
    (cache.root / EMBEDDINGS).write_text("")
    assert cache.made(GRAPHS, "g", {}, lambda folder: None).is_dir()
    cache.embeddings("k", ABOUT).keep(["a"], _vectors(["a"]))
    assert cache.embeddings("k", ABOUT).find(["a"])[1].all()


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_bound_or_memory_is_none(cache, way):
    weights = _old(cache.root / "weights")
    expected = cache.digests.sha256_of(weights)
    cache.bound(10**6)
    for name in ("limit.json", "digests.json"):
        _damage(cache.root / name, way)
    again = Cache(cache.root)
    assert again.digests.sha256_of(weights) == expected
    assert again.limit > 0
    again.bound(10**5)
    assert again.limit == 10**5


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


def test_a_digest_is_computed_once_and_again_when_the_file_changes(tmp_path):
    weights = _old(tmp_path / "weights")
    digests = Digests(tmp_path / "digests.json")
    first = digests.sha256_of(weights)
    before = weights.stat()
    weights.write_bytes(b"damaged")
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    again = Digests(tmp_path / "digests.json")
    assert again.sha256_of(weights) == first != digest_now(weights)  # remembered: a name, no check
    again.forget([weights])
    assert again.sha256_of(weights) == digest_now(weights)
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
    mark = [weights.stat().st_ino, 7, weights.stat().st_mtime_ns]
    wrong = json.dumps({"sha256": "0" * 64, "files": {str(weights): [*mark, "1" * 64]}})
    for broken in ("", "[]", '{"x": 1}', "null", "[" * 100_000, wrong):
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
