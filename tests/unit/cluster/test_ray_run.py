"""Runs that wait for Ray: what is refused, what goes on, what files tell. No Ray is here."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from postcast.cli.main import exit_code
from postcast.cluster.folder import RAY, ClusterFolder, Submission
from postcast.cluster.ray_run import at_work
from postcast.cluster.status import DONE, MISSING, RUNNING, WAITING, status
from postcast.data.sample import sample_csv
from postcast.errors import ClusterError, OutputError

LEARN = ("--encoder", "tfidf", "--classifier", "linear")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    """A folder with posts, on a machine that has neither Ray nor Slurm."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "posts.csv").write_text(sample_csv(), "utf-8")
    return tmp_path


def submit(*options: str) -> int:
    return exit_code(["submit", "posts.csv", "--engine", "ray", "--out", "RUN", *options, "--json"])


def asked(shards: int = 0, posts: str = "posts.csv", others: str | None = None) -> Submission:
    return Submission(RAY, shards, 0, 0, (), posts, others)


def claim(folder: ClusterFolder, process: int) -> None:
    folder.path.mkdir(parents=True, exist_ok=True)
    owner = {"host": socket.gethostname(), "process": process}
    (folder.path / ".submitting").write_text(json.dumps(owner))


NOBODY = 2**22 + 1
"""No process has such a number."""


def files(run: Path) -> dict[str, bytes]:
    paths = (one for one in run.rglob("*") if one.is_file())
    named = {one.relative_to(run).as_posix(): one for one in paths}
    timed = ("run.json", "report.html")
    return {
        name: b"" if name in timed else path.read_bytes()
        for name, path in named.items()
        if not name.startswith("cluster/")
    }


def test_a_run_without_shards_needs_no_ray_and_has_the_bytes_of_a_local_one(here, capsys):
    assert exit_code(["run", "posts.csv", "--out", "LOCAL", *LEARN, "--json"]) == 0
    local = capsys.readouterr().out
    assert submit(*LEARN) == 0
    told = capsys.readouterr()
    assert told.out == local
    assert "Nothing for Ray to embed" in told.err
    assert files(here / "RUN") == files(here / "LOCAL")
    assert exit_code(["status", "RUN", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["engine"], found["finished"], found["shards"]) == ("ray", True, None)
    before = {one: one.stat().st_mtime_ns for one in (here / "RUN").rglob("*.json")}
    assert submit(*LEARN) == 0
    assert capsys.readouterr().out == local
    after = {one: one.stat().st_mtime_ns for one in before if one.name != "submission.json"}
    assert after.items() <= before.items()


def test_a_finished_run_refuses_other_settings_and_stays_finished(here, capsys):
    assert submit(*LEARN) == 0
    assert submit("--encoder", "tfidf", "--classifier", "majority") == 2
    assert "holds a run of other settings or posts" in capsys.readouterr().err
    assert exit_code(["status", "RUN"]) == 0


@pytest.mark.parametrize(
    "option",
    [
        ("--partition", "gpu"),
        ("--account", "me"),
        ("--mem", "8G"),
        ("--time", "1:00:00"),
        ("--setup", "true"),
        ("--at-once", "2"),
        ("--dry-run",),
    ],
)
def test_what_only_a_queue_knows_is_refused_by_name(here, capsys, option):
    assert submit(*option) == 2
    assert f"{option[0]} with --engine ray" in capsys.readouterr().err
    assert not (here / "RUN").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--gres", "tpu:1"), "gres 'tpu:1'"),
        (("--gres", "gpu:1.5"), "gres 'gpu:1.5'"),
        (("--gres", "gpu:0"), "gres 'gpu:0'"),
        (("--cpus", "0"), "cpus 0"),
        (("--shards", "0"), "shards 0"),
        (("--tasks", "0"), "tasks 0"),
        (("--gres", "gpu:1", "--encoder", "minilm", "--device", "cpu"), "has no GPU"),
        (("--encoder", "minilm"), "pip install 'postcast[ray]'"),
        ((*LEARN, "--text-col", "nowhere"), "no column 'nowhere'"),
    ],
)
def test_an_error_leaves_nothing_behind(here, capsys, options, told):
    assert submit(*options) == 2
    assert told in capsys.readouterr().err
    assert not (here / "RUN").exists()
    (here / "RUN").mkdir()
    assert submit(*options) == 2
    assert list((here / "RUN").iterdir()) == []


def test_another_engine_is_refused_with_a_reason(here, capsys):
    waits = ClusterFolder(here / "RUN")
    waits.path.mkdir(parents=True)
    waits.write(asked())
    slurm = ["submit", "posts.csv", "--out", "RUN", "--setup", "true", *LEARN]
    assert exit_code(slurm) == 2
    assert "RUN was submitted with --engine ray" in capsys.readouterr().err
    assert exit_code([*slurm[:3], "OTHER", *slurm[4:], "--dry-run"]) == 0
    folder = ClusterFolder(here / "OTHER")
    folder.write(Submission("slurm", 0, 0, 0))
    with (
        pytest.raises(ClusterError, match="submitted with --engine slurm"),
        at_work(here / "OTHER", asked(), ""),
    ):
        pass
    assert folder.read().engine == "slurm"


@pytest.mark.parametrize("command", ["resume", "cancel"])
def test_what_needs_jobs_says_what_to_do_instead(here, capsys, command):
    folder = ClusterFolder(here / "RUN")
    folder.path.mkdir(parents=True)
    folder.write(asked())
    assert exit_code([command, "RUN"]) == 2
    assert "the same `postcast submit` goes on with what is missing" in capsys.readouterr().err
    claim(folder, os.getpid())
    assert exit_code([command, "RUN"]) == 2
    told = f"process {os.getpid()} on {socket.gethostname()} is at it: Ctrl-C there ends it"
    assert told in capsys.readouterr().err


def test_two_never_work_on_one_run_and_the_second_takes_nothing_away(here, capsys):
    folder = ClusterFolder(here / "RUN")
    claim(folder, os.getpid())
    assert submit(*LEARN) == 2
    assert "is being submitted by another" in capsys.readouterr().err
    assert (folder.path / ".submitting").is_file()
    claim(folder, NOBODY)
    with at_work(folder.run, asked(), ""):
        assert submit(*LEARN) == 2
    assert not (folder.path / ".submitting").exists()


class TestStatus:
    """What files say of a run whose results are told by the shards."""

    @pytest.fixture
    def folder(self, here, monkeypatch) -> ClusterFolder:
        """Three shards, of which one is done."""
        folder = ClusterFolder(here / "RUN")
        folder.manifest.parent.mkdir(parents=True)
        folder.write(asked(3))
        folder.posts.write_bytes(b"")
        folder.manifest.write_text("")
        monkeypatch.setattr("postcast.shards.manifest.read_manifest", lambda path: path)
        results = ["done", "missing", "broken"]
        monkeypatch.setattr("postcast.cluster.status.states", lambda manifest, check: results)
        return folder

    def test_what_nobody_is_at_is_missing(self, folder, capsys):
        found = status(folder)
        assert [one.state for one in found.stages] == [DONE, MISSING, MISSING, MISSING]
        assert found.shards == (DONE, MISSING, MISSING)
        assert exit_code(["status", "RUN"]) == 1
        told = capsys.readouterr().out
        assert "To go on: the same `postcast submit` again" in told
        assert "no job" not in told

    def test_what_somebody_is_at_runs(self, folder, capsys):
        claim(folder, os.getpid())
        found = status(folder)
        assert [one.state for one in found.stages] == [DONE, RUNNING, WAITING, WAITING]
        assert found.shards == (DONE, RUNNING, RUNNING)
        assert exit_code(["status", "RUN"]) == 0

    def test_a_lock_of_one_who_died_says_nothing(self, folder):
        claim(folder, NOBODY)
        assert status(folder).is_stuck

    def test_before_posts_are_divided_shards_wait(self, folder):
        folder.manifest.unlink()
        claim(folder, os.getpid())
        found = status(folder)
        assert [one.state for one in found.stages] == [RUNNING, WAITING, WAITING, WAITING]
        assert found.shards == (WAITING, WAITING, WAITING)

    def test_other_shards_are_refused(self, folder):
        with (
            pytest.raises(ClusterError, match="in 3 shards, not in 4"),
            at_work(folder.run, asked(4), ""),
        ):
            pass
        assert folder.read().shards == 3


class TestGoingOn:
    """What the same command finds when it comes again."""

    @pytest.fixture
    def folder(self, here) -> ClusterFolder:
        with at_work(here / "RUN", asked(), "a = 1") as folder:
            folder.posts.write_bytes(b"prepared")
            folder.evaluation.mkdir()
            (folder.evaluation / "scorecard.json").write_text("{}")
        return folder

    def test_the_same_keeps_what_is_prepared(self, folder):
        with at_work(folder.run, asked(), "a = 1"):
            assert folder.posts.is_file()
            assert (folder.evaluation / "scorecard.json").is_file()

    @pytest.mark.parametrize(
        ("submission", "settings"), [(asked(), "a = 2"), (asked(posts="other.csv"), "a = 1")]
    )
    def test_other_settings_or_posts_prepare_anew(self, folder, submission, settings):
        with at_work(folder.run, submission, settings):
            assert not folder.posts.exists()
        assert folder.settings.read_text() == settings
        assert folder.read() == submission

    def test_posts_that_have_changed_are_prepared_anew(self, folder, here):
        later = time.time() + 60
        os.utime(here / "posts.csv", (later, later))
        with at_work(folder.run, asked(), "a = 1"):
            assert not folder.posts.exists()

    def test_others_to_evaluate_on_evaluate_anew(self, folder):
        with at_work(folder.run, asked(others="newer.csv"), "a = 1"):
            assert folder.posts.is_file()
            assert not (folder.evaluation / "scorecard.json").exists()

    def test_other_files_are_refused(self, here):
        (here / "RUN").mkdir()
        (here / "RUN" / "thesis.tex").write_text("")
        with (
            pytest.raises(OutputError, match="holds files already"),
            at_work(here / "RUN", asked(), ""),
        ):
            pass
