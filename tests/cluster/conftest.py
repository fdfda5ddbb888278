"""A real Slurm of two nodes on this machine, posts to compute on it, and a local run beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.encoders import random_distilbert

from postcast.cli.main import exit_code
from postcast.shards.worker import POSTS_TOGETHER

HERE = Path(__file__).parent
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
PATIENCE = 120
LINEAR = ("--classifier", "linear")
SMALL = ("--cpus", "1", "--mem", "2G", "--time", "00:10:00")
"""What a job may ask of these nodes."""

WORDS = [f"word{i}" for i in range(300)]
LEVELS = ("dull", "plain", "easy")


def pytest_collection_modifyitems(items):
    """Say loudly why Slurm stays away; in CI it may not."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    lacking = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if IN_CI or not lacking:
        return
    reason = f"SKIPPED: no {', '.join(lacking)}; tests/cluster/install.sh installs Slurm"
    for item in items:
        if Path(item.path).parent == HERE and "slurm" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason=reason))


@dataclass
class Slurm:
    """A running Slurm."""

    folder: Path

    def ask(self, *command: str) -> str:
        """Run one of Slurm's commands and return what it prints."""
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def start_node(self, name: str) -> None:
        subprocess.run([HERE / "slurm.sh", "node", self.folder, name], check=True)

    def pid_of(self, name: str) -> int:
        return int((self.folder / f"slurmd-{name}.pid").read_text())

    def step_daemons(self, job: str) -> list[int]:
        """Return the processes that watch over a job's scripts."""
        numbers = self.ask("squeue", "--noheader", "--array", f"--jobs={job}", "--format=%A")
        return processes(*(f"slurmstepd: [{number}.batch]" for number in numbers.split()))

    def begin_soon(self, job: str) -> None:
        """Let a job that was requeued begin; else it waits for two minutes.

        Its node remembers for five seconds (`cred_expire`) that it was to end, and would refuse it.
        """
        wait_until(lambda: "BeginTime" in self.ask("squeue", "-h", "-j", job, "-o", "%r"))
        self.ask("scontrol", "update", f"JobId={job}", "StartTime=now+8")


def processes(*told: str) -> list[int]:
    """Return the processes whose command line holds one of some words."""
    done = subprocess.run(["ps", "-ewwo", "pid=,args="], check=True, capture_output=True, text=True)
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    return [int(pid) for pid, args in lines if any(one in args for one in told)]


@pytest.fixture(scope="session", name="processes")
def processes_fixture() -> Callable[..., list[int]]:
    return processes


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    """Start it; whatever happens, leave no process of it behind."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # sockets need a short path
    with pytest.MonkeyPatch.context() as patch:
        try:
            subprocess.run([HERE / "slurm.sh", "start", folder], check=True)
            patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
            yield Slurm(folder)
        finally:
            subprocess.run([HERE / "slurm.sh", "stop", folder], check=False)
            shutil.rmtree(folder, ignore_errors=True)


def wait_until(is_so: Callable[[], Any], patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


@pytest.fixture(scope="session", name="wait_until")
def wait_until_fixture() -> Callable[..., None]:
    return wait_until


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute as the jobs do, which have one core."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Posts of sixty words each, so that to embed a shard takes a while.

    So many that a quarter of them is no small shard: small ones are computed together.
    """
    rng = np.random.default_rng(5)
    lines = []
    for i in range(4 * (POSTS_TOGETHER + 4)):
        level = int(rng.integers(3))
        words = [LEVELS[level], *rng.choice(WORDS, 59)]
        at = np.datetime64("2024-01-01T00:00:00") + np.timedelta64(i, "h")
        told = {
            "id": f"p{i}",
            "text": " ".join(words),
            "author": f"a{i % 4}",
            "created_at": f"{at}Z",
        }
        lines.append(json.dumps({**told, "saves": int(level * 20 + rng.integers(8))}))
    path = tmp_path_factory.mktemp("cluster") / "posts.jsonl"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random DistilBERT, large enough to be interrupted."""
    words = [*WORDS, *LEVELS]
    return random_distilbert(tmp_path_factory.mktemp("encoder"), words, (192, 4, 6, 768))


@pytest.fixture(scope="session")
def local(posts: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the machine itself makes of them, in the settings of every test."""
    run = tmp_path_factory.mktemp("local") / "RUN"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("POSTCAST_CACHE", str(run.parent / "cache"))
        code = exit_code(
            [
                "run",
                str(posts),
                "--out",
                str(run),
                "--encoder",
                str(encoder),
                *LINEAR,
                "--quiet",
                "--json",
            ]
        )
    assert code == 0
    return run


@dataclass
class Submitted:
    """A run that the cluster computes, at a path as people have them."""

    run: Path
    posts: Path
    slurm: Slurm
    capsys: pytest.CaptureFixture[str]

    def postcast(self, *arguments: str) -> tuple[int, Any]:
        """Run a command, and return its exit code and what it printed as JSON."""
        self.capsys.readouterr()
        code = exit_code([*arguments, "--json"])
        told, errors = self.capsys.readouterr()
        return code, json.loads(told) if told else errors

    @property
    def command(self) -> list[str]:
        return ["submit", str(self.posts), "--out", str(self.run), *SMALL]

    def submit(self, *options: str) -> dict[str, str]:
        """Submit it, and return the id of each stage's job."""
        code, told = self.postcast(*self.command, *options)
        assert code == 0, told
        return {one["stage"]: one["id"] for one in told["jobs"]}

    def resume(self) -> dict[str, str]:
        code, told = self.postcast("resume", str(self.run))
        assert code == 0, told
        return {one["stage"]: one["id"] for one in told["jobs"]}

    def status(self) -> tuple[int, Any]:
        return self.postcast("status", str(self.run))

    def finish(self) -> Any:
        """Wait until everything is done, and return the last status."""

        def is_over() -> bool:
            code, found = self.status()
            assert code == 0, json.dumps(found, indent=1) + self.logs()
            return bool(found["finished"])

        wait_until(is_over)
        self.wait_for_end()
        return self.status()[1]

    def wait_for_end(self) -> None:
        """Wait until no job is left."""
        wait_until(lambda: not self.slurm.ask("squeue", "--noheader"))

    def logs(self) -> str:
        return "".join(one.read_text() for one in (self.run / "cluster" / "logs").iterdir())

    def results(self) -> list[Path]:
        """Return the results of shards that are there."""
        return list((self.run / "cluster" / "shards" / "results").glob("*.safetensors"))

    def assert_same_bytes(self, local: Path) -> None:
        assert_same_bytes(self.run, local)


def assert_same_bytes(run: Path, local: Path) -> None:
    """Hold every file against a local run's, but for the times that it took."""
    found, wanted = files_of(run), files_of(local)
    assert found.keys() == wanted.keys()
    assert [n for n in wanted if found[n] != wanted[n] and n not in TIMED] == []
    told, meant = (json.loads(one["run.json"]) for one in (found, wanted))
    for facts in (told, meant):
        del facts["asked"]["cache"]
    for name in ("asked", "input_sha256", "finished", "warnings"):
        assert told[name] == meant[name]


@pytest.fixture
def assert_as_local(local: Path) -> Callable[[Path], None]:
    return lambda run: assert_same_bytes(run, local)


TIMED = ("run.json", "report.html")


def files_of(run: Path) -> dict[str, bytes]:
    paths = (one for one in run.rglob("*") if one.is_file())
    named = {one.relative_to(run).as_posix(): one for one in paths}
    return {k: v.read_bytes() for k, v in named.items() if not k.startswith("cluster/")}


@pytest.fixture
def submitted(slurm: Slurm, posts: Path, tmp_path: Path, capsys: Any) -> Submitted:
    return Submitted(tmp_path / "a run's folder" / "RUN", posts, slurm, capsys)
