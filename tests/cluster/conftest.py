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

from postcast.cli.main import exit_code

HERE = Path(__file__).parent
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
PATIENCE = 120
SMALL = ("--cpus", "1", "--mem", "2G", "--time", "00:10:00")
"""What a job may ask of these nodes."""

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "easy", "dull", "plain", "cake", "tree"]


def pytest_collection_modifyitems(items):
    """Say loudly why the cluster stays away; in CI it may not."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    lacking = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if IN_CI or not lacking:
        return
    reason = f"SKIPPED: no {', '.join(lacking)}; tests/cluster/install.sh installs Slurm"
    for item in items:
        if Path(item.path).parent == HERE:
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

    def begin_now(self, job: str) -> None:
        """Let a job that was requeued begin; else it waits for two minutes."""
        wait_until(lambda: "BeginTime" in self.ask("squeue", "-h", "-j", job, "-o", "%r"))
        self.ask("scontrol", "update", f"JobId={job}", "StartTime=now")


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
    """Posts of sixty words each, so that to embed a shard takes a while."""
    rng = np.random.default_rng(5)
    lines = []
    for i in range(240):
        level = int(rng.integers(3))
        words = [("dull", "plain", "easy")[level], *rng.choice(WORDS[5:], 59)]
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
    torch = pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")
    from transformers import BertTokenizerFast, DistilBertConfig, DistilBertModel

    folder = tmp_path_factory.mktemp("encoder")
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = DistilBertConfig(
            vocab_size=len(WORDS),
            dim=384,
            n_layers=4,
            n_heads=6,
            hidden_dim=1536,
            max_position_embeddings=64,
        )
        DistilBertModel(config).eval().save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.fixture(scope="session")
def local(posts: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the machine itself makes of them, in the settings of every test."""
    run = tmp_path_factory.mktemp("local") / "RUN"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        code = exit_code(
            ["run", str(posts), "--out", str(run), *chosen(encoder), "--quiet", "--json"]
        )
    assert code == 0
    return run


def chosen(encoder: Path) -> tuple[str, ...]:
    return ("--encoder", str(encoder), "--classifier", "linear")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Where the cluster's run goes: a path as people have them."""
    return tmp_path / "a run's folder" / "RUN"


@pytest.fixture
def submit(
    slurm: Slurm, posts: Path, encoder: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., dict[str, str]]:
    """Submit a run, and return the id of each stage's job."""

    def submitted(*options: str) -> dict[str, str]:
        arguments = ["submit", str(posts), "--out", str(run), *SMALL, "--json"]
        assert exit_code([*arguments, *(options or chosen(encoder))]) == 0
        return {one["stage"]: one["id"] for one in json.loads(capsys.readouterr().out)["jobs"]}

    return submitted


@pytest.fixture
def status(run: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[int, dict]]:
    """Ask how far it is: the exit code, and what was printed."""

    def ask() -> tuple[int, dict[str, Any]]:
        code = exit_code(["status", str(run), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return ask


@pytest.fixture
def finished(status, run: Path) -> Callable[[], None]:
    """Wait until everything is done, and give the logs where it will not be."""

    def wait() -> None:
        def is_over() -> bool:
            code, found = status()
            logs = "".join(one.read_text() for one in (run / "cluster" / "logs").iterdir())
            assert code == 0, json.dumps(found, indent=1) + logs
            return found["finished"]

        wait_until(is_over)

    return wait


@pytest.fixture(scope="session")
def same_bytes() -> Callable[[Path, Path], None]:
    """Hold a run against another: every file, but for the times that it took."""
    return hold_against


TIMED = ("run.json", "report.html")


def hold_against(run: Path, expected: Path) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        paths = (one for one in folder.rglob("*") if one.is_file())
        named = {one.relative_to(folder).as_posix(): one for one in paths}
        return {k: v.read_bytes() for k, v in named.items() if not k.startswith("cluster/")}

    found, wanted = files(run), files(expected)
    assert found.keys() == wanted.keys()
    assert [name for name in wanted if found[name] != wanted[name] and name not in TIMED] == []
    told, meant = (json.loads(one["run.json"]) for one in (found, wanted))
    for name in ("asked", "input_sha256", "finished", "warnings"):
        if name == "asked":
            del told[name]["cache"], meant[name]["cache"]
        assert told[name] == meant[name]
