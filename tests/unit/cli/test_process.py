"""Real processes: exit codes, a reader that leaves, Ctrl-C and a kill in the middle."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

FULL = Path("/dev/full")
FAST = ("--encoder", "tfidf", "--classifier", "linear")


@pytest.fixture
def start(tmp_path):
    """Start `python -m postcast` in an own process; none outlives the test."""
    started = []

    def start(*arguments, before=""):
        ctrl_c = "import signal as s; s.signal(s.SIGINT, s.default_int_handler)"
        code = f"{ctrl_c}\n{before}\nfrom postcast.cli.main import main; main()"
        command = [sys.executable, "-c", code, *map(str, arguments)]
        started.append(
            subprocess.Popen(
                command,
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def wait_for(path, process):
    end = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.005)


def test_the_module_is_the_command():
    answer = subprocess.run(
        [sys.executable, "-m", "postcast", "run", "no.csv", "--out", "never"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    expected = "postcast: no file no.csv; expected a file of posts; check the path\n"
    assert (answer.returncode, answer.stdout, answer.stderr) == (2, "", expected)


def test_a_reader_that_leaves(start, sample_run):
    process = start("predict", sample_run, sample_run / "posts.parquet", "--json")
    assert process.stdout.readline() == b"[\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 0


@pytest.mark.skipif(not FULL.exists(), reason="SKIPPED: no /dev/full here")
def test_a_standard_output_that_is_full(sample_run):
    with FULL.open("w") as full:
        answer = subprocess.run(
            [sys.executable, "-m", "postcast", "predict", sample_run, "--text", "x"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert answer.returncode == 2
    assert answer.stderr == "postcast: the disk is full; free some space, then run it again\n"


def test_ctrl_c_and_the_same_command_again(start, posts_file, tmp_path, postcast, without_figures):
    process = start("run", posts_file, *FAST, "--out", "RUN")
    wait_for(tmp_path / "RUN" / "run.json", process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == b""
    assert err == b"postcast: interrupted; the same command goes on where it stopped\n"
    assert postcast("run", posts_file, *FAST, "--out", tmp_path / "RUN").code == 0


def test_a_kill_while_writing_and_the_same_command_again(
    start, posts_file, tmp_path, postcast, without_figures
):
    killed, whole = tmp_path / "RUN", tmp_path / "whole"
    stop = (
        "import os, signal, postcast.files as f; g = f.write_bytes\n"
        "def half(path, data):\n"
        "    if path.name != 'scorecard.json': return g(path, data)\n"
        "    with f.replacing(path) as t: t.write_bytes(data[:99]); os.kill(os.getpid(), 9)\n"
        "f.write_bytes = half"
    )
    process = start("run", posts_file, *FAST, "--out", "RUN", before=stop)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    names = {path.name for path in killed.iterdir()}
    assert {"predictions.csv", "forecaster"} <= names
    assert "scorecard.json" not in names
    assert any(name.endswith(".tmp") for name in names)
    for out in (killed, whole):
        assert postcast("run", posts_file, *FAST, "--out", out).code == 0
    for name in ("predictions.csv", "scorecard.json", "posts.parquet", "rejected.csv"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    files = [sorted(p.relative_to(out) for p in out.rglob("*")) for out in (killed, whole)]
    assert files[0] == files[1]
