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

SMALL = ("--cpus", "1", "--mem", "2G", "--time", "00:10:00")


def results(run: Path) -> list[Path]:
    return list((run / "cluster" / "shards" / "results").glob("*.safetensors"))


def test_two_submits_at_once_make_one_run_with_the_bytes_of_a_local_one(
    slurm, posts, encoder, run, local, finished, same_bytes, status
):
    command = [sys.executable, "-m", "postcast", "submit", str(posts), "--out", str(run), *SMALL]
    command += ["--encoder", str(encoder), "--classifier", "linear", "--shards", "3"]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [one.communicate()[1] for one in both]

    assert sorted(one.returncode for one in both) == [0, 2]
    assert "submitted" in told[[one.returncode for one in both].index(2)]
    finished()
    same_bytes(run, local)
    _, found = status()
    assert found["shards"]["done"] == [0, 1, 2]
    assert all(len(stage["jobs"]) == 1 for stage in found["stages"])
    mine = json.loads((run / "scorecard.json").read_text())
    again = json.loads((run / "cluster" / "evaluation" / "scorecard.json").read_text())
    assert again["macro_f1"] == mine["macro_f1"]


def test_a_task_that_fails_cancels_what_waits_for_it_and_resume_finishes_it(
    slurm, encoder, run, local, submit, status, finished, same_bytes, wait_until, capsys
):
    jobs = submit("--encoder", str(encoder), "--classifier", "linear", "--shards", "4")
    slurm.ask("scontrol", "hold", jobs["embed"])
    manifest = run / "cluster" / "shards" / "manifest.json"
    wait_until(manifest.is_file)
    names = [one["sha256"] for one in json.loads(manifest.read_text())["shards"]]
    damaged = manifest.parent / "shards" / f"{names[2]}.parquet"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1])
    slurm.ask("scontrol", "release", jobs["embed"])
    wait_until(lambda: not slurm.ask("squeue", "--noheader"))

    code, found = status()
    assert code == 1
    assert found["stuck"]
    assert found["shards"] == {
        "done": [0, 1, 3], "running": [], "waiting": [], "failed": [2], "missing": []
    }  # fmt: skip
    states = {stage["name"]: stage["state"] for stage in found["stages"]}
    assert states == {
        "prepare": "done", "embed": "failed", "train": "missing", "evaluate": "missing"
    }  # fmt: skip
    assert "shard 2 has changed" in next(s["why"] for s in found["stages"] if s["name"] == "embed")

    damaged.write_bytes(whole)
    assert exit_code(["resume", str(run), "--json"]) == 0
    again = {one["stage"]: one["id"] for one in json.loads(capsys.readouterr().out)["jobs"]}
    assert again.keys() == {"embed", "train", "evaluate"}
    assert slurm.ask("squeue", "--noheader", f"--jobs={again['embed']}", "--format=%i") in (
        f"{again['embed']}_2",
        f"{again['embed']}_[2%1]",
        f"{again['embed']}_[2%4]",
    )
    finished()
    same_bytes(run, local)


def test_a_requeue_in_the_middle_of_a_task_goes_on_with_the_shards_that_are_missing(
    slurm, encoder, run, local, submit, finished, same_bytes, wait_until
):
    jobs = submit(
        "--encoder", str(encoder), "--classifier", "linear", "--shards", "4", "--tasks", "1"
    )
    wait_until(lambda: results(run))
    slurm.ask("scontrol", "requeue", jobs["embed"] + "_0")
    before = {one: one.stat().st_mtime_ns for one in results(run)}
    assert 1 <= len(before) < 4, "not in the middle"
    slurm.begin_now(jobs["embed"])
    finished()
    same_bytes(run, local)
    assert {one: one.stat().st_mtime_ns for one in before} == before


def test_a_node_that_dies_gives_its_task_back(
    slurm, encoder, run, local, submit, finished, same_bytes, wait_until
):
    jobs = submit(
        "--encoder", str(encoder), "--classifier", "linear", "--shards", "4", "--tasks", "1"
    )
    wait_until(lambda: results(run))
    node = slurm.ask("squeue", "--noheader", f"--jobs={jobs['embed']}", "--format=%N")
    daemons = [slurm.pid_of(node), *step_daemons(jobs["embed"], slurm)]
    assert len(daemons) == 2
    for pid in daemons:
        os.kill(pid, signal.SIGKILL)
    assert len(results(run)) < 4, "not in the middle"
    slurm.start_node(node)
    slurm.begin_now(jobs["embed"])
    finished()
    same_bytes(run, local)


def step_daemons(job: str, slurm) -> list[int]:
    """Return the processes that watch over a job's script."""
    numbers = slurm.ask("squeue", "--noheader", "--array", f"--jobs={job}", "--format=%A").split()
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdecimal():
            try:
                told = (one / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue
            if any(told.startswith(f"slurmstepd: [{number}.batch]") for number in numbers):
                found.append(int(one.name))
    return found


@pytest.mark.parametrize("kind", ["waiting"])
def test_what_is_cancelled_can_be_resumed(slurm, run, submit, status, finished, wait_until, kind):
    submit("--encoder", "tfidf", "--classifier", "linear")
    assert exit_code(["cancel", str(run), "--quiet"]) == 0
    wait_until(lambda: not slurm.ask("squeue", "--noheader"))
    assert status()[0] == 1
    assert exit_code(["resume", str(run), "--quiet"]) == 0
    finished()
