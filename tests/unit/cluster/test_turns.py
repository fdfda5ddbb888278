"""The script of a training near its time limit: its code is the training's, or it begins again.

The script runs, with a `postcast` that trains as told and a `scontrol` that ends the turn.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from postcast.cluster.folder import ClusterFolder
from postcast.cluster.resources import Resources
from postcast.cluster.scripts import Plan, write_scripts

SECONDS = 20


class Turn:
    """One turn of the job, in which a second of its clock takes a hundredth."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = folder / "RUN"
        self.tools = folder / "tools"
        self.tools.mkdir()
        plan = Plan(
            posts="posts.csv",
            run=self.run,
            resources=Resources(setup=f"export PATH={self.tools}:$PATH"),
            is_prepared=False,
            is_sharded=False,
        )
        write_scripts(plan, ClusterFolder(self.run))
        self.tool("sleep", '[[ $1 == 600 ]] && exec /bin/sleep 5; exec /bin/sleep "0.0$1"')
        self.tool("scontrol", f'echo "$@" >{folder}/requeued; kill -KILL $PPID')

    def tool(self, name: str, body: str) -> None:
        path = self.tools / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)

    def trains(self, body: str) -> subprocess.Popen[bytes]:
        """Begin, with a training that does so once it has begun, and knows where checkpoints go."""
        saved = f"save() {{ mkdir -p {self.run}/checkpoints; touch {self.run}/checkpoints/$1; }}"
        self.tool("postcast", f"{saved}\ntrap : USR1\ntouch {self.folder}/began\n{body}")
        process = subprocess.Popen(
            ["bash", str(self.run / "cluster" / "train.sbatch")],
            env={**os.environ, "SLURM_JOB_ID": "7"},
            stdout=subprocess.DEVNULL,
        )
        until((self.folder / "began").exists)
        return process

    @property
    def requeued(self) -> bool:
        return (self.folder / "requeued").exists()


def until(what) -> None:
    end = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


@pytest.fixture
def turn(tmp_path) -> Turn:
    return Turn(tmp_path)


WAIT = "/bin/sleep 0.4 & wait $!; /bin/sleep 0.4"


@pytest.mark.parametrize("code", [0, 2])
def test_without_a_signal_the_code_is_the_trainings(turn, code):
    assert turn.trains(f"exit {code}").wait(SECONDS) == code


@pytest.mark.parametrize("code", [0, 2])
def test_a_training_that_ends_after_the_signal_gives_its_own_code(turn, code):
    process = turn.trains(f"{WAIT}; exit {code}")
    process.send_signal(signal.SIGUSR1)
    assert process.wait(SECONDS) == code
    assert not turn.requeued


def test_a_checkpoint_that_answers_the_signal_begins_another_turn(turn):
    process = turn.trains(f"{WAIT}; save new.safetensors; /bin/sleep {SECONDS}")
    process.send_signal(signal.SIGUSR1)
    process.wait(SECONDS)
    assert turn.requeued


def test_what_was_saved_earlier_in_the_turn_is_worth_another(turn):
    process = turn.trains(f"save fit.safetensors; touch {turn.folder}/saved; /bin/sleep {SECONDS}")
    until((turn.folder / "saved").exists)
    time.sleep(0.05)
    process.send_signal(signal.SIGUSR1)
    process.wait(SECONDS)
    assert turn.requeued


def test_a_turn_that_saved_nothing_is_not_repeated(turn):
    old = turn.run / "checkpoints" / "old.safetensors"
    old.parent.mkdir()
    old.touch()
    os.utime(old, (1e9, 1e9))
    process = turn.trains(f"{WAIT}; {WAIT}; {WAIT}; {WAIT}; exit 0")
    process.send_signal(signal.SIGUSR1)
    assert process.wait(SECONDS) == 0
    assert not turn.requeued
