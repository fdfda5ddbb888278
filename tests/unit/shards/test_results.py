"""Results: written whole or not at all, and found out where they are not."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from postcast.errors import ShardError
from postcast.shards.manifest import Shard
from postcast.shards.results import (
    Result,
    all_results,
    looks_whole,
    read_result,
    state_of,
    states,
    write_result,
)

SHARD = Shard("a" * 64, 3)
ROWS = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def path(tmp_path):
    write_result(tmp_path / "results" / "r.safetensors", SHARD, Result(ROWS, {"a": 1}))
    return tmp_path / "results" / "r.safetensors"


def test_a_result_is_read_as_it_was_written(path):
    found = read_result(path, SHARD)
    assert (found.array == ROWS).all()
    assert found.told == {"a": 1}
    from safetensors.numpy import load_file

    assert (load_file(path)["result"] == ROWS).all()


def test_a_cut_off_result_is_none(path):
    data = path.read_bytes()
    for n in range(len(data)):
        path.write_bytes(data[:n])
        assert read_result(path, SHARD) is None, n


def test_a_glance_finds_a_cut_off_or_foreign_result(path):
    data = path.read_bytes()
    assert looks_whole(path, SHARD)
    assert not looks_whole(path, Shard("b" * 64, 3))
    assert not looks_whole(path, Shard("a" * 64, 2))
    for n in range(len(data)):
        path.write_bytes(data[:n])
        assert not looks_whole(path, SHARD), n
    path.write_bytes(data + b"0")
    assert not looks_whole(path, SHARD)
    for other in (b"", b"\xff" * 64, b"\x02\0\0\0\0\0\0\0{}", bytes(8)):
        path.write_bytes(other)
        assert not looks_whole(path, SHARD)
    write_result(path, SHARD, Result(ROWS[:2]))
    assert not looks_whole(path, SHARD)


def test_a_changed_result_is_none(path):
    data = path.read_bytes()
    for n in range(len(data)):
        path.write_bytes(data[:n] + bytes([data[n] ^ 1]) + data[n + 1 :])
        found = read_result(path, SHARD)
        # a letter of what is told may change; never a number
        assert found is None or (found.array == ROWS).all(), n


@pytest.mark.parametrize("shard", [Shard("b" * 64, 3), Shard("a" * 64, 2)])
def test_the_result_of_another_shard_is_none(path, shard):
    assert read_result(path, shard) is None


@pytest.mark.parametrize("array", [ROWS[:2], np.tile(ROWS, (3, 1)), ROWS[0, 0], ROWS[:0]])
def test_vectors_of_more_or_fewer_posts_are_none(path, array):
    write_result(path, SHARD, Result(array))
    assert read_result(path, SHARD) is None


@pytest.mark.parametrize("data", [b"", b"\xff" * 64, b"\x02\0\0\0\0\0\0\0{}", bytes(8)])
def test_what_is_no_result_is_none(path, data):
    path.write_bytes(data)
    assert read_result(path, SHARD) is None


def test_an_interrupted_write_leaves_nothing_under_the_name(tmp_path, monkeypatch):
    def interrupted(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_result(tmp_path / "r.safetensors", SHARD, Result(ROWS))
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_nothing_under_the_name(tmp_path):
    """Killed between writing and renaming, which is as late as it can be."""
    code = (
        "import os, signal, sys, pathlib, numpy as np\n"
        "from postcast.shards.manifest import Shard\n"
        "from postcast.shards.results import Result, write_result\n"
        "pathlib.Path.replace = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_result(pathlib.Path(sys.argv[1]), Shard('a' * 64, 3), Result(np.ones((3, 4))))\n"
    )
    path = tmp_path / "r.safetensors"
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -9
    [half] = tmp_path.iterdir()
    assert half.name.startswith(".r.safetensors.")
    assert half.name.endswith(".tmp")
    write_result(path, SHARD, Result(ROWS))
    assert (read_result(path, SHARD).array == ROWS).all()


def test_a_temporary_name_tells_host_job_and_process(tmp_path, monkeypatch):
    names = []
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    monkeypatch.setattr("platform.node", lambda: "node-7.example/../x")
    monkeypatch.setattr(Path, "replace", lambda self, target: names.append(self.name))
    for _ in range(2):
        write_result(tmp_path / "r", SHARD, Result(ROWS))
    assert len(set(names)) == 2
    for name in names:
        assert name.startswith(f".r.node-7-example----x.4711.{os.getpid()}.")
        assert "/" not in name


def test_many_writers_of_one_result_leave_it_whole(tmp_path):
    path = tmp_path / "r.safetensors"
    big = np.arange(400_000, dtype=np.float32).reshape(4000, 100)
    shard = Shard("c" * 64, 4000)

    def write_and_read(_):
        write_result(path, shard, Result(big))
        return read_result(path, shard) is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write_and_read, range(40)))
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


class TestStates:
    def write(self, manifest, index, device="cpu"):
        shard = manifest.shards[index]
        array = np.zeros((shard.n_posts, 4), dtype=np.float32)
        write_result(manifest.result_path(index, device), shard, Result(array))

    def test_done_missing_and_broken_are_told_apart(self, manifest):
        for index in (0, 2, 3):
            self.write(manifest, index)
        manifest.result_path(3, "cpu").write_bytes(b"half")
        manifest.result_path(5, "cpu").mkdir()
        expected = ["done", "missing", "done", "broken", "missing", "broken", "missing"]
        assert states(manifest) == expected
        assert [state_of(manifest, index, "cpu") for index in range(7)] == expected

    def test_at_a_glance_rows_are_not_read(self, manifest, monkeypatch):
        for index in range(6):
            self.write(manifest, index)
        damaged = manifest.result_path(2, "cpu")
        damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
        manifest.result_path(5, "cpu").write_bytes(b"half")
        assert states(manifest)[2] == "broken"
        monkeypatch.setattr("postcast.shards.results.read_result", None)
        assert states(manifest, looks_whole) == [*["done"] * 5, "broken", "missing"]

    def test_an_incomplete_set_is_refused_by_naming_what_is_missing(self, manifest):
        self.write(manifest, 0)
        self.write(manifest, 1)
        manifest.result_path(1, "cpu").write_bytes(b"half")
        with pytest.raises(ShardError) as caught:
            all_results(manifest)
        assert "6 of 7 shards are not done: 5 missing (2, 3, 4, 5, 6), 1 broken (1)" in str(
            caught.value
        )
        assert f"postcast embed-shard --manifest {manifest.path} --index 1" in str(caught.value)

    def test_of_many_that_are_missing_the_first_are_named(self, tmp_path):
        import polars as pl

        from postcast.shards.divide import write_shards
        from postcast.shards.manifest import EMBED, Work

        table = pl.DataFrame({"id": [str(i) for i in range(500)]})
        work = Work(EMBED, {}, {"cpu": "a", "cuda": "b"})
        manifest = write_shards(table, 500, tmp_path / "T", work, ("posts", ""))
        with pytest.raises(ShardError) as caught:
            all_results(manifest)
        assert "500 missing (0, 1, 2, 3, 4, 5, 6, 7, …)" in str(caught.value)
        assert len(str(caught.value)) < 400 + len(str(tmp_path))

    def test_results_of_two_devices_are_never_mixed(self, manifest):
        for index in range(4):
            self.write(manifest, index, "cpu")
        for index in range(2, 7):
            self.write(manifest, index, "cuda")
        assert states(manifest) == ["missing", "missing", *["done"] * 5]
        with pytest.raises(ShardError, match=r"2 missing \(0, 1\)"):
            all_results(manifest)
        for index in range(2):
            self.write(manifest, index, "cuda")
        assert all_results(manifest).device == "cuda"

    def test_what_another_device_did_is_told_with_the_one_to_ask_for(self, manifest):
        for index in range(5):
            self.write(manifest, index, "cpu")
        self.write(manifest, 6, "cuda")
        with pytest.raises(ShardError) as caught:
            all_results(manifest)
        assert str(caught.value) == (
            "2 of 7 shards are not done: 2 missing (5, 6); expected results of one device (shard 6 "
            "done on cuda, others on cpu: never mixed); postcast embed-shard --manifest "
            f"{manifest.path} --index 5 --device cpu, and so on"
        )

    def test_a_result_that_changes_after_it_was_checked_is_refused(self, manifest):
        for index in range(7):
            self.write(manifest, index)
        results = all_results(manifest)
        manifest.result_path(6, "cpu").unlink()
        with pytest.raises(ShardError, match="shard 6 has just changed"):
            list(results)


def test_json_told_beside_a_result_may_be_long(tmp_path):
    told = {"text": "x" * 10_000}
    write_result(tmp_path / "r", SHARD, Result(ROWS, told))
    assert json.dumps(read_result(tmp_path / "r", SHARD).told) == json.dumps(told)
    assert time.time() - (tmp_path / "r").stat().st_mtime < 60
