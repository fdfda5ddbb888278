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


SLOWLY = (
    "import time, postcast.checkpoints.folder as c, postcast.models.epochs as e\n"
    "over = e._is_over\n"
    "from pathlib import Path\n"
    "def slow(*given):\n"
    "    Path('learning').touch(); time.sleep(0.05); return over(*given)\n"
    "e._is_over = slow\n"
)
"""Before a process: its epochs take a while, and `learning` tells that they are under way."""

NEURAL = ("--encoder", "tfidf", "--classifier", "neural", "--device", "cpu", "--verbose")


def assert_same_run(killed, whole):
    files = [sorted(p.relative_to(out) for p in out.rglob("*")) for out in (killed, whole)]
    assert files[0] == files[1]
    for name in files[0]:
        if (killed / name).is_file() and name.name not in ("run.json", "report.html"):
            assert (killed / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="SKIPPED: no SIGUSR1 on this system")
def test_a_request_to_save_and_a_kill_in_the_middle_of_the_training(
    start, posts_file, tmp_path, postcast, without_figures
):
    pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")
    killed, whole = tmp_path / "RUN", tmp_path / "whole"
    asked = SLOWLY + "c.EVERY = 1e9"
    process = start("run", posts_file, *NEURAL, "--out", "RUN", before=asked)
    wait_for(tmp_path / "learning", process)
    assert not (killed / "checkpoints").exists()
    process.send_signal(signal.SIGUSR1)
    file = killed / "checkpoints" / "main" / "epochs.safetensors"
    wait_for(file, process)
    process.kill()
    _, err = process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert b"going on from" not in err
    for _ in range(2):
        before, seen = file.read_bytes(), tmp_path / "learning"
        seen.unlink()
        often = SLOWLY + "c.EVERY, c.SHARE = 0, 1e9"
        process = start("run", posts_file, *NEURAL, "--out", "RUN", before=often)
        wait_for(seen, process)
        end = time.monotonic() + 30
        while file.read_bytes() == before:
            assert time.monotonic() < end, process.poll()
        process.kill()
        assert b"epochs.safetensors: epoch " in process.communicate()[1]
    last = start("run", posts_file, *NEURAL, "--out", "RUN")
    out, err = last.communicate(timeout=120)
    assert last.returncode == 0, err
    assert b"going on from" in err
    process = start("run", posts_file, *NEURAL, "--out", "whole")
    assert process.communicate(timeout=120)[0] == out.replace(b"RUN/", b"whole/")
    assert_same_run(killed, whole)


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="SKIPPED: no SIGUSR1 on this system")
def test_a_request_with_nothing_to_save_ends_nothing(start, posts_file, tmp_path):
    early = "import postcast.checkpoints.request as r; g = r.ignore_requests\n"
    early += "def then():\n    import os; g(); os.kill(os.getpid(), s.SIGUSR1)\n"
    early += "r.ignore_requests = then"
    process = start("formats", before=early)
    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 0


def test_terminating_ends_a_training_as_ever(start, posts_file, tmp_path):
    pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")
    process = start("run", posts_file, *NEURAL, "--out", "RUN", before=SLOWLY)
    wait_for(tmp_path / "learning", process)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM
