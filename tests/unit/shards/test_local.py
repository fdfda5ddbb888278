"""Several processes on this machine: the same vectors, what is done is kept, errors are told."""

import contextlib
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.shards.conftest import some_posts

from postcast.embedding import embed_posts
from postcast.errors import ShardError
from postcast.features.text import Choice, load_encoder
from postcast.shards import local, pool
from postcast.shards.local import embed_ahead
from postcast.shards.pool import run_workers
from postcast.shards.results import states


@pytest.fixture
def texts():
    return some_posts(2_000).table["text"].to_list()


@pytest.fixture
def own_choice(choice, tmp_path):
    """The tiny encoder with a cache of its own, into which vectors may go."""
    return replace(choice, cache=tmp_path / "cache")


def test_what_several_processes_embed_is_found_by_one(own_choice, texts, monkeypatch):
    embed_ahead(own_choice, texts, 2)
    encoder = load_encoder(own_choice)
    assert encoder.unknown(texts) == []
    assert (encoder.encode(texts) == encoder.computed(texts)).all()
    assert not (own_choice.cache / "shards").exists()
    monkeypatch.setattr(local, "run_workers", None)
    embed_ahead(own_choice, texts, 2)  # nothing is left to do


def test_embed_writes_the_same_bytes_with_any_number_of_jobs(own_choice, tmp_path):
    posts = some_posts(1_000)
    embed_posts(posts, replace(own_choice, cache=tmp_path / "other"), tmp_path / "A")
    embed_posts(posts, own_choice, tmp_path / "B", jobs=3)
    for path in (tmp_path / "A").iterdir():
        assert path.read_bytes() == (tmp_path / "B" / path.name).read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_few_texts_or_one_job_start_no_process(own_choice, texts, monkeypatch, jobs):
    monkeypatch.setattr(local, "run_workers", None)
    embed_ahead(own_choice, texts if jobs == 1 else texts[:100], jobs)


def test_learned_words_are_read_by_one_process(tmp_path, texts, caplog):
    with caplog.at_level("INFO", logger="postcast"):
        embed_ahead(Choice("tfidf", cache=tmp_path), texts, 2)
    assert "tfidf has nothing to divide" in caplog.text


def test_a_failing_worker_is_told_in_its_words_and_the_rest_is_kept(own_choice, texts, monkeypatch):
    write = local.write_shards

    def spoiled(*arguments):
        manifest = write(*arguments)
        manifest.shard_path(len(manifest) - 1).write_bytes(b"spoiled")
        return manifest

    monkeypatch.setattr(local, "write_shards", spoiled)
    monkeypatch.setattr(local, "POSTS_OF_A_SHARD", 200)
    n_before = len(load_encoder(own_choice).unknown(texts))
    with pytest.raises(ShardError, match=r"^shard \d+ has changed: .*; make the shards"):
        embed_ahead(own_choice, texts, 2)
    n_after = len(load_encoder(own_choice).unknown(texts))
    assert 0 < n_after < n_before
    assert not (own_choice.cache / "shards").exists()


def test_a_cache_that_cannot_be_written_costs_time_alone(own_choice, texts, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    embed_ahead(replace(own_choice, cache=tmp_path / "file"), texts, 2)
    assert "one process embeds" in caplog.text


def test_the_cores_are_shared(manifest, monkeypatch):
    started = []

    class Process:
        def __init__(self, arguments, **more):
            started.append((arguments, more["env"]))

        def poll(self):
            return 0

    monkeypatch.setattr(pool.subprocess, "Popen", Process)
    run_workers(manifest, 2, 8, ["--device", "cpu"], lambda: None)
    assert [env["OMP_NUM_THREADS"] for _, env in started] == ["4", "4"]
    assert {env["TQDM_DISABLE"] for _, env in started} == {"1"}
    parts = [arguments[arguments.index("--index") + 1] for arguments, _ in started]
    assert parts == ["0", "1"]
    started.clear()
    run_workers(manifest, 20, 2, [], lambda: None)
    assert len(started) == len(manifest)
    assert started[0][1]["OMP_NUM_THREADS"] == "1"


def test_a_worker_that_is_killed_is_told(manifest, monkeypatch):
    monkeypatch.setattr(pool.sys, "executable", "/bin/sh")
    monkeypatch.setattr(pool, "worker", lambda *_: ["-c", "kill -9 $$"], raising=True)
    killed = subprocess.Popen

    def kill(arguments, **more):
        return killed(["/bin/sh", "-c", "kill -9 $$"], **more)

    monkeypatch.setattr(pool.subprocess, "Popen", kill)
    with pytest.raises(ShardError, match=r"ended by signal 9; .*fewer --jobs"):
        run_workers(manifest, 2, 2, [], lambda: None)


SCRIPT = """
from pathlib import Path
from postcast.features.text import Choice
from postcast.shards.local import embed_ahead
import sys
parts = [(n % 9, n // 9 % 30, n // 270) for n in range(20000)]
texts = ["easy cake " * a + "sun " * b + "sea " * c for a, b, c in parts]
embed_ahead(Choice(sys.argv[1], device="cpu", cache=Path(sys.argv[2])), texts, 2)
print("done", flush=True)
"""


def test_a_script_needs_no_main_guard(own_choice, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT).replace("20000", "600"))
    done = subprocess.run(
        [sys.executable, script, own_choice.name, own_choice.cache],
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert done.stdout == b"done\n"


def test_an_interruption_keeps_what_is_done_and_stops_the_workers(own_choice, choice, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    where = [own_choice.name, str(own_choice.cache)]
    load_encoder(own_choice).computed(["sun"])
    process = subprocess.Popen([sys.executable, script, *where], stderr=subprocess.PIPE)
    until = time.monotonic() + 120
    while not list(own_choice.cache.glob("shards/.*.tmp/results/*.safetensors")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in told
    [kept] = (own_choice.cache / "embeddings").iterdir()
    assert list(kept.glob("*.safetensors"))
    assert not (own_choice.cache / "shards").exists()
    time.sleep(0.5)
    assert not workers_of(own_choice.cache)


def workers_of(cache):
    """The processes whose command line names a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes()
            if str(cache).encode() in line and b"embed-shard" in line:
                found.append(path)
    return found


def test_states_of_what_nobody_did(manifest):
    assert set(states(manifest)) == {"missing"}
