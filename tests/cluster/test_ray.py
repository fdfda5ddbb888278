"""A Ray cluster of two nodes on this machine, one of which is killed in mid-embedding."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.encoders import random_distilbert

from postcast.cli.main import exit_code
from postcast.cluster.ray import RayTasks, embed_on_ray, run_on_ray
from postcast.data.read import read_posts
from postcast.errors import MissingExtraError, SettingsError, ShardError
from postcast.features.text import Choice, load_encoder
from postcast.shards.embed import make_shards
from postcast.shards.gather import gather
from postcast.shards.manifest import Manifest
from postcast.shards.results import states

STORE = 80 * 2**20
"""Bytes of a node's object store, the least that Ray takes: no vector goes through it."""

LOOPBACK = "127.0.0.2"
"""Ray would take 127.0.0.1 for the machine's address on its network."""

N_POSTS, N_SHARDS = 4800, 48

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="SKIPPED: ray is not installed, so nothing was tried on a Ray cluster: "
    "pip install 'postcast[ray]'",
)


@pytest.fixture(scope="module")
def slow_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random DistilBERT that takes some seconds for 4,800 posts."""
    words = [f"word{i}" for i in range(500)]
    return random_distilbert(tmp_path_factory.mktemp("slow-distilbert"), words, (256, 4, 4, 1024))


@pytest.fixture(scope="module")
def choice(slow_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Choice:
    """The encoder, with its graph made."""
    cache = tmp_path_factory.mktemp("graphs")
    choice = Choice(str(slow_encoder), device="cpu", cache=cache)
    load_encoder(choice).computed(["word1"])
    return choice


@pytest.fixture
def manifest(choice: Choice, tmp_path: Path) -> Manifest:
    """4,800 posts in 48 shards; some without text, some of the text of others."""
    rng = np.random.default_rng(5)
    texts = [" ".join(f"word{i}" for i in rng.integers(0, 500, 30)) for _ in range(N_POSTS)]
    texts[::9] = [""] * len(texts[::9])
    texts[1::9] = texts[2::9]
    rows = [{"id": f"p{i}", "text": text, "saves": i} for i, text in enumerate(texts)]
    return make_shards(read_posts(rows), N_SHARDS, tmp_path / "S", choice)


@contextlib.contextmanager
def two_nodes() -> Iterator[tuple[Any, Any]]:
    """Two nodes of one core each on loopback; the second may be killed."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": STORE}
    head = {**node, "include_dashboard": False, "node_ip_address": LOOPBACK}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster, cluster.add_node(**node, node_ip_address=LOOPBACK)
    finally:
        cluster.shutdown()


@pytest.fixture(autouse=True)
def quiet_ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ray reports nothing, and what it leaves behind warns no later test."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "0")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    yield
    gc.collect()  # its processes, whose end it does not wait for


def options(choice: Choice) -> list[str]:
    return ["--device", "cpu", "--cache", str(choice.cache)]


@needs_ray
@pytest.mark.filterwarnings("ignore")
def test_one_of_two_nodes_is_killed_in_mid_embedding(
    choice: Choice, manifest: Manifest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    killed_at = []

    def kill_in_the_middle(cluster: Any, node: Any) -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            done = len(list(manifest.folder.glob("results/*.safetensors")))
            if done >= N_SHARDS // 8:
                cluster.remove_node(node, allow_graceful=False)
                killed_at.append(done)
                return
            time.sleep(0.02)

    with two_nodes() as (cluster, node):
        killer = threading.Thread(target=kill_in_the_middle, args=(cluster, node))
        killer.start()
        run_on_ray(manifest, RayTasks(tasks=2, address=cluster.address), options(choice))
        killer.join()
    assert killed_at
    assert killed_at[0] < N_SHARDS
    assert "begins again" in caplog.text
    assert set(states(manifest)) == {"done"}
    facts = gather(manifest, tmp_path / "V")
    assert facts["n_posts"] == N_POSTS
    vectors = np.load(tmp_path / "V" / "embeddings.npy")
    import polars as pl

    index = pl.read_parquet(tmp_path / "V" / "index.parquet")
    assert index["id"].to_list() == [f"p{i}" for i in range(N_POSTS)]
    assert index["row"].to_list() == list(range(N_POSTS))
    texts = [
        text for i in range(N_SHARDS) for text in pl.read_parquet(manifest.shard_path(i))["text"]
    ]
    assert (vectors == load_encoder(choice).computed(texts)).all()


@needs_ray
@pytest.mark.filterwarnings("ignore")
def test_a_failing_worker_is_told_in_its_words(choice: Choice, manifest: Manifest) -> None:
    manifest.shard_path(1).write_bytes(b"spoiled")
    with two_nodes() as (cluster, _):
        with pytest.raises(ShardError, match="shard 1 has changed"):
            run_on_ray(manifest, RayTasks(address=cluster.address), options(choice))
        with pytest.raises(SettingsError, match="tasks of 64 cores"):
            run_on_ray(manifest, RayTasks(cpus=64, address=cluster.address), options(choice))


@needs_ray
@pytest.mark.filterwarnings("ignore")
def test_forecasts_and_vectors_come_from_the_same_workers(choice: Choice, tmp_path: Path) -> None:
    from postcast.data.sample import sample_csv

    (tmp_path / "posts.csv").write_text(sample_csv())
    run, posts = str(tmp_path / "RUN"), str(tmp_path / "posts.csv")
    learn = ["--encoder", "tfidf", "--classifier", "linear", "--quiet"]
    assert exit_code(["run", posts, "--out", run, *learn]) == 0
    here, there = tmp_path / "here.csv", tmp_path / "there.csv"
    assert exit_code(["predict", run, posts, "--out", str(here)]) == 0
    with two_nodes() as (cluster, _), pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", cluster.address)
        asked = ["--engine", "ray", "--shards", "4", "--jobs", "2"]
        assert exit_code(["predict", run, posts, "--out", str(there), *asked]) == 0
        own = replace(choice, cache=tmp_path / "cache")
        texts = read_posts(posts)
        embed_on_ray(texts, 4, tmp_path / "S", own, RayTasks(tasks=2))
    assert here.read_bytes() == there.read_bytes()
    assert load_encoder(own).unknown(texts.table["text"].to_list()) == []


@needs_ray
@pytest.mark.filterwarnings("ignore")
def test_a_run_that_is_killed_in_mid_embedding_goes_on_to_the_bytes_of_a_local_one(
    posts: Path,
    encoder: Path,
    assert_as_local: Callable[[Path], None],
    wait_until: Callable[[Callable[[], Any]], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "a run's folder" / "RUN"
    submit = ["submit", str(posts), "--engine", "ray", "--out", str(run), "--classifier", "linear"]
    submit += ["--encoder", str(encoder), "--shards", "12", "--tasks", "2", "--quiet"]

    def results() -> list[Path]:
        found = run.glob("cluster/shards/results/*.safetensors")
        return [one for one in found if not one.name.startswith(".")]

    def told(*arguments: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = exit_code([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out or "null")

    with two_nodes() as (cluster, _), pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", cluster.address)
        process = subprocess.Popen([sys.executable, "-m", "postcast", *submit])
        wait_until(results)
        code, found = told("status", str(run))
        states = [stage["state"] for stage in found["stages"]]
        assert (code, states) == (0, ["done", "running", "waiting", "waiting"])
        assert exit_code(submit) == 2
        assert "is being submitted by another" in capsys.readouterr().err
        process.kill()
        process.wait()
        code, found = told("status", str(run))
        assert (code, found["stuck"], found["shards"]["running"]) == (1, True, [])
        assert 1 <= len(found["shards"]["done"]) < 12, "not in the middle"
        before = {one: one.stat().st_mtime_ns for one in results()}
        code, scorecard = told(*submit)
        assert code == 0
    assert_as_local(run)
    assert {one: one.stat().st_mtime_ns for one in before} == before
    assert told("status", str(run))[1]["finished"]
    evaluation = json.loads((run / "cluster" / "evaluation" / "scorecard.json").read_text())
    assert scorecard["macro_f1"] == evaluation["macro_f1"]
    assert told(*submit) == (0, scorecard)  # nothing is left to do, and no cluster needed for it


@needs_ray
@pytest.mark.filterwarnings("ignore")
def test_without_a_cluster_it_says_how_to_start_one(manifest: Manifest) -> None:
    with pytest.raises(SettingsError, match=r"ray start --head.*--engine local"):
        run_on_ray(manifest, RayTasks(), [])


@needs_ray
def test_an_address_at_which_nobody_listens_is_refused_at_once(manifest: Manifest) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        begin = time.monotonic()
        with pytest.raises(SettingsError, match=f"at {address}: .*ray start --head"):
            run_on_ray(manifest, RayTasks(address=address), [])
    assert time.monotonic() - begin < 20


def test_without_ray_it_says_what_to_install(
    manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'postcast\[ray\]'"):
        run_on_ray(manifest, RayTasks(), [])
    assert os.environ.get("RAY_USAGE_STATS_ENABLED") == "0"
