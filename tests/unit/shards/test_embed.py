"""The worker: the vectors of its shards, each once, whatever happened before."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from tests.unit.shards.conftest import some_posts

from postcast.errors import EncoderError, ShardError
from postcast.features.text import load_encoder
from postcast.shards.embed import embed_shards, make_shards
from postcast.shards.results import all_results, read_result, state_of, states
from postcast.shards.worker import PARENT, Done


def vectors_of(manifest):
    return np.concatenate([result.array for result in all_results(manifest)])


def test_rows_in_are_rows_out_in_order(posts, choice, manifest):
    done = embed_shards(manifest, range(7), "cpu", choice.cache)
    assert done == Done(made=7, present=0, posts=60)
    texts = posts.table["text"].to_list()
    expected = load_encoder(replace(choice, cache=None)).encode(texts)
    assert (vectors_of(manifest) == expected).all()
    blank = np.array([not text for text in texts])
    assert blank.any()
    assert not vectors_of(manifest)[blank].any()
    assert vectors_of(manifest)[~blank].any(axis=1).all()


def test_shards_done_one_by_one_or_by_strides_are_the_same(posts, choice, manifest, tmp_path):
    other = make_shards(posts, 7, tmp_path / "T", choice)
    for index in reversed(range(7)):
        embed_shards(manifest, manifest.stride(index), "cpu", choice.cache)
    for task in range(3):
        embed_shards(other, other.stride(task, 3), "cpu", choice.cache)
    for mine, theirs in zip(all_results(manifest), all_results(other), strict=True):
        assert mine.told == theirs.told
    ours = sorted(path.read_bytes() for path in manifest.folder.glob("results/*"))
    assert ours == sorted(path.read_bytes() for path in other.folder.glob("results/*"))


def test_the_number_of_shards_changes_no_vector(posts, choice, tmp_path):
    found = []
    for n_shards in (1, 4, 60):
        manifest = make_shards(posts, n_shards, tmp_path / str(n_shards), choice)
        embed_shards(manifest, range(n_shards), "cpu", choice.cache)
        found.append(vectors_of(manifest))
    assert (found[0] == found[1]).all()
    assert (found[0] == found[2]).all()


def test_small_shards_are_computed_together(choice, manifest, monkeypatch):
    """Twenty posts at a time here: two or three of the seven shards."""
    monkeypatch.setattr("postcast.shards.worker.POSTS_TOGETHER", 20)
    asked = []
    kind = type(load_encoder(choice))
    computed = kind.computed
    monkeypatch.setattr(
        kind, "computed", lambda s, texts: asked.append(len(texts)) or computed(s, texts)
    )
    assert embed_shards(manifest, range(7), "cpu", choice.cache) == Done(7, 0, 60)
    assert sum(asked) == 60
    assert len(asked) == 3
    assert states(manifest) == ["done"] * 7


def test_what_is_there_and_whole_is_not_computed_again(choice, manifest):
    embed_shards(manifest, [0, 1, 2], "cpu", choice.cache)
    before = manifest.result_path(0, "cpu").stat()
    assert embed_shards(manifest, range(7), "cpu", choice.cache) == Done(4, 3, 35)
    assert manifest.result_path(0, "cpu").stat().st_mtime_ns == before.st_mtime_ns
    assert manifest.result_path(0, "cpu").stat().st_ino == before.st_ino


@pytest.mark.parametrize("damage", [b"", b"half", None])
def test_a_broken_result_is_made_anew(choice, manifest, damage):
    embed_shards(manifest, range(7), "cpu", choice.cache)
    path = manifest.result_path(3, "cpu")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] if damage is None else damage)
    assert states(manifest)[3] == "broken"
    assert embed_shards(manifest, range(7), "cpu", choice.cache).made == 1
    assert path.read_bytes() == whole


def test_a_changed_shard_is_refused_by_name_and_the_others_stay(choice, manifest, monkeypatch):
    monkeypatch.setattr("postcast.shards.worker.POSTS_TOGETHER", 1)
    manifest.shard_path(2).write_bytes(manifest.shard_path(3).read_bytes())
    with pytest.raises(ShardError, match=r"shard 2 has changed: .*\.parquet"):
        embed_shards(manifest, range(7), "cpu", choice.cache)
    assert states(manifest) == ["done", "done", *["missing"] * 5]


def test_a_processor_of_another_arithmetic_refuses_and_says_so(choice, manifest):
    keys = {
        device: key.replace("-float32", "-bfloat16") for device, key in manifest.work.keys.items()
    }
    other = replace(manifest, work=replace(manifest.work, keys=keys))
    with pytest.raises(EncoderError, match="float32 on this processor, and in bfloat16 where"):
        embed_shards(other, [0], "cpu", choice.cache)


def test_other_weights_are_refused(choice, manifest):
    keys = {
        device: key.replace("-float32", "0-float32") for device, key in manifest.work.keys.items()
    }
    other = replace(manifest, work=replace(manifest.work, keys=keys))
    with pytest.raises(EncoderError, match="the weights and the postcast that the shards"):
        embed_shards(other, [0], "cpu", choice.cache)
    assert not (manifest.folder / "results").exists()


def test_nothing_is_embedded_into_the_cache(choice, manifest):
    before = {path.name for path in choice.cache.rglob("*.safetensors")}
    embed_shards(manifest, range(7), "cpu", choice.cache)
    assert {path.name for path in choice.cache.rglob("*.safetensors")} == before


def test_a_worker_stops_where_its_starter_is_gone(choice, manifest, monkeypatch):
    monkeypatch.setenv(PARENT, str(os.getppid()))
    assert embed_shards(manifest, [0], "cpu", choice.cache).made == 1
    monkeypatch.setenv(PARENT, "1" if os.getppid() != 1 else "2")
    with pytest.raises(ShardError, match="has ended"):
        embed_shards(manifest, [1], "cpu", choice.cache)


def command(manifest, choice, *part):
    where = ["--manifest", str(manifest.path), "--cache", str(choice.cache), "--device", "cpu"]
    return [sys.executable, "-m", "postcast", "embed-shard", *where, *map(str, part)]


@pytest.fixture
def large(choice, tmp_path):
    """Two shards of half a second's work each."""
    return make_shards(some_posts(24_000), 2, tmp_path / "L", choice)


def test_a_worker_killed_in_mid_shard_leaves_nothing_half_written(choice, large):
    process = subprocess.Popen(command(large, choice, "--index", 0, "--of", 1))
    first, second = (large.result_path(index, "cpu") for index in (0, 1))
    until = time.monotonic() + 60
    while not first.exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not second.exists()
    assert states(large) == ["done", "missing"]
    made = first.read_bytes()
    again = subprocess.run(
        [*command(large, choice, "--index", 0, "--of", 1), "--json"],
        check=True,
        capture_output=True,
    )
    assert b'"made": 1,\n  "present": 1' in again.stdout
    assert first.read_bytes() == made
    one = replace(large, folder=large.folder.parent / "one")
    (one.folder / "shards").parent.mkdir()
    (one.folder / "shards").symlink_to(large.folder / "shards")
    embed_shards(one, [1], "cpu", choice.cache)
    assert one.result_path(1, "cpu").read_bytes() == second.read_bytes()


def test_two_workers_of_the_same_shards_at_once(choice, large):
    workers = [
        subprocess.Popen(command(large, choice, "--index", index), stdout=subprocess.DEVNULL)
        for index in (0, 0, 1)
    ]
    assert [one.wait() for one in workers] == [0, 0, 0]
    assert states(large) == ["done", "done"]
    assert len(list((large.folder / "results").iterdir())) == 2
    assert state_of(large, 0, "cuda") == "missing"
    assert read_result(large.result_path(0, "cpu"), large.shards[0]) is not None
