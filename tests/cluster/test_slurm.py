"""Runs on a real Slurm end with the bytes of a local run, whatever happens on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from postcast.cli.main import exit_code
from postcast.data.sample import sample_csv


@pytest.fixture
def options(encoder) -> tuple[str, ...]:
    return ("--encoder", str(encoder), "--classifier", "linear")


def test_two_submits_at_once_make_one_run_with_the_bytes_of_a_local_one(submitted, options, local):
    command = [
        sys.executable,
        "-m",
        "postcast",
        *submitted.command,
        *options,
        "--shards",
        "3",
        "--tasks",
        "2",
    ]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [one.communicate()[1] for one in both]
    codes = [one.returncode for one in both]

    assert sorted(codes) == [0, 2], told
    assert "submitted" in told[codes.index(2)]
    found = submitted.finish()
    submitted.assert_same_bytes(local)
    assert found["shards"]["done"] == [0, 1, 2]
    assert [len(stage["jobs"]) for stage in found["stages"]] == [1, 1, 1, 1]
    run = submitted.run
    mine, saved = (
        json.loads((folder / "scorecard.json").read_text())
        for folder in (run, run / "cluster" / "evaluation")
    )
    assert saved["macro_f1"] == mine["macro_f1"]


def test_a_task_that_fails_cancels_what_waits_for_it_and_resume_finishes_it(
    submitted, options, local, slurm, wait_until
):
    jobs = submitted.submit(*options, "--shards", "3")
    slurm.ask("scontrol", "hold", jobs["embed"])
    manifest = submitted.run / "cluster" / "shards" / "manifest.json"
    wait_until(manifest.is_file)
    name = json.loads(manifest.read_text())["shards"][2]["sha256"]
    damaged = manifest.parent / "shards" / f"{name}.parquet"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1])
    slurm.ask("scontrol", "release", jobs["embed"])
    submitted.wait_for_end()

    code, found = submitted.status()
    assert (code, found["stuck"]) == (1, True)
    assert {k: v for k, v in found["shards"].items() if v} == {"done": [0, 1], "failed": [2]}
    states = {stage["name"]: stage["state"] for stage in found["stages"]}
    assert list(states.values()) == ["done", "failed", "missing", "missing"]
    assert "shard 2 has changed" in found["stages"][1]["why"]

    damaged.write_bytes(whole)
    again = submitted.resume()
    assert list(again) == ["embed", "train", "evaluate"]
    told = slurm.ask("squeue", "--noheader", "--array", f"--jobs={again['embed']}", "--format=%i")
    assert told == f"{again['embed']}_2"
    submitted.finish()
    submitted.assert_same_bytes(local)


def test_a_requeue_in_the_middle_goes_on_with_the_shards_that_are_missing(
    submitted, options, local, slurm, wait_until
):
    jobs = submitted.submit(*options, "--shards", "4", "--tasks", "1")
    wait_until(submitted.results)
    slurm.ask("scontrol", "requeue", jobs["embed"] + "_0")
    before = {one: one.stat().st_mtime_ns for one in submitted.results()}
    assert 1 <= len(before) < 4, "not in the middle"
    slurm.begin_soon(jobs["embed"])
    submitted.finish()
    submitted.assert_same_bytes(local)
    assert {one: one.stat().st_mtime_ns for one in before} == before


def test_a_node_that_dies_gives_its_task_to_another(submitted, options, local, slurm, wait_until):
    jobs = submitted.submit(*options, "--shards", "4", "--tasks", "1")
    wait_until(submitted.results)
    node = slurm.ask("squeue", "--noheader", f"--jobs={jobs['embed']}", "--format=%N")
    daemons = [slurm.pid_of(node), *slurm.step_daemons(jobs["embed"])]
    assert len(daemons) == 2
    for pid in daemons:
        os.kill(pid, signal.SIGKILL)
    assert len(submitted.results()) < 4, "not in the middle"
    try:
        slurm.begin_soon(jobs["embed"])  # while the script that nobody watches goes on
        submitted.finish()
    finally:
        slurm.start_node(node)
    submitted.assert_same_bytes(local)


def test_a_time_limit_in_the_middle_of_a_training_costs_another_turn_and_no_epoch(
    submitted, slurm, processes, wait_until, tmp_path
):
    submitted.posts = posts = tmp_path / "posts.csv"
    posts.write_text(sample_csv(), "utf-8")
    chosen = ("--encoder", "tfidf", "--classifier", "reference")
    code, _ = submitted.postcast("run", str(posts), "--out", str(tmp_path / "local"), *chosen)
    assert code == 0
    job = submitted.submit(*chosen)["train"]
    wait_until(lambda: list(submitted.run.glob("checkpoints/**/*.safetensors")))
    (training,) = processes(f"postcast run {posts}")
    os.kill(training, signal.SIGSTOP)  # else it may be over before Slurm looks at its time
    slurm.ask("scontrol", "update", f"JobId={job}", "TimeLimit=2")
    wait_until(lambda: is_asked_to_save(training))
    os.kill(training, signal.SIGCONT)
    slurm.begin_soon(job)
    slurm.ask("scontrol", "update", f"JobId={job}", "TimeLimit=10")
    submitted.finish()
    submitted.assert_same_bytes(tmp_path / "local")
    told = submitted.logs()
    assert "a checkpoint is written: this job begins again" in told
    assert "going on from" in told


def test_many_drafts_are_forecast_to_the_bytes_of_a_local_forecast(
    posts, tmp_path, slurm, wait_until, capsys
):
    run, alone, shared = tmp_path / "RUN", tmp_path / "alone.csv", tmp_path / "it's shared.csv"
    train = ["run", str(posts), "--out", str(run), "--encoder", "tfidf", "--classifier", "linear"]
    assert exit_code([*train, "--quiet", "--json"]) == 0
    ask = ["predict", str(run), str(posts), "--out"]
    assert exit_code([*ask, str(alone)]) == 0
    capsys.readouterr()
    cluster = ["--engine", "slurm", "--shards", "3", "--sbatch", "--mem=2G --cpus-per-task=1"]
    for told in ("Submitted as jobs", "In the queue: jobs"):
        assert exit_code([*ask, str(shared), *cluster]) == 0
        assert capsys.readouterr().out.startswith(told)
    wait_until(lambda: not slurm.ask("squeue", "--noheader"))
    assert shared.read_bytes() == alone.read_bytes()
    assert exit_code([*ask, str(shared), *cluster]) == 0
    assert capsys.readouterr().out.endswith(f" forecasts: {shared}\n")
    assert not slurm.ask("squeue", "--noheader")
    left = (tmp_path / "it's shared.csv.shards").iterdir()
    assert [path.name for path in left] == ["written.json"]


def is_asked_to_save(process: int) -> bool:
    """Return whether a stopped process will be told of SIGUSR1 when it goes on."""
    told = Path(f"/proc/{process}/status").read_text()
    pending = next(line for line in told.splitlines() if line.startswith("ShdPnd:"))
    return bool(int(pending.split()[1], 16) >> (signal.SIGUSR1 - 1) & 1)
