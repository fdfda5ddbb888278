"""Many drafts on a cluster: the missing shards alone are submitted, and not twice."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from postcast.cluster.forecasts import submit_forecasts
from postcast.cluster.slurm_commands import sbatch
from postcast.errors import ClusterError, OutputError
from postcast.files import write_text
from postcast.shards.manifest import Manifest, Shard, Work

GATHER = ("predict", "RUN", "it's.csv")


@pytest.fixture
def manifest(box, monkeypatch) -> Manifest:
    """Four shards, of which the second and the last are not done."""
    folder = Path("out.csv.shards")
    folder.mkdir()
    monkeypatch.setattr("sys.executable", str(box / "bin" / "python"))
    (box / "bin" / "postcast").write_text("")
    states = ["done", "missing", "done", "broken"]
    monkeypatch.setattr("postcast.cluster.forecasts.states", lambda manifest: states)
    work = Work("predict", {}, {"cpu": "key"})
    manifest = Manifest(folder, work, "drafts", "", (Shard("0" * 64, 1),) * 4)
    manifest.path.write_text(json.dumps(manifest.to_dict()))
    return manifest


def test_the_missing_are_submitted_and_gathered_after_that(box, manifest):
    found = submit_forecasts(manifest, GATHER, "cpu", ("--partition=gpu",))
    assert (found.done, found.shards, found.jobs, found.is_new) == (2, 4, ("1", "2"), True)
    assert (box / "sbatch").read_text().splitlines() == [
        "--parsable --partition=gpu --array=1,3%4 predict.sbatch",
        "--parsable --partition=gpu --dependency=afterok:1 --kill-on-invalid-dep=yes gather.sbatch",
    ]
    for script in manifest.folder.glob("*.sbatch"):
        subprocess.run(["bash", "-n", script], check=True)
    assert (
        "postcast predict RUN 'it'\"'\"'s.csv'" in (manifest.folder / "gather.sbatch").read_text()
    )


def test_what_is_in_the_queue_is_left_to_it(box, manifest):
    submit_forecasts(manifest, GATHER, "cpu", ())
    (box / "queue").write_text("1|3|RUNNING|None\n2|N/A|PENDING|Dependency\n")
    found = submit_forecasts(manifest, GATHER, "cpu", ())
    assert (found.jobs, found.is_new) == (("1", "2"), False)
    assert len((box / "sbatch").read_text().splitlines()) == 2


def test_what_is_done_is_left_to_the_job_that_gathers_it(box, manifest, monkeypatch):
    submit_forecasts(manifest, GATHER, "cpu", ())
    monkeypatch.setattr("postcast.cluster.forecasts.states", lambda manifest: ["done"] * 4)
    (box / "queue").write_text("2|N/A|RUNNING|None\n")
    found = submit_forecasts(manifest, GATHER, "cpu", ())
    assert (found.done, found.jobs, found.is_new) == (4, ("2",), False)
    (box / "queue").unlink()
    assert submit_forecasts(manifest, GATHER, "cpu", ()).jobs == ()


def test_what_ends_while_the_queue_is_asked_is_not_submitted_again(box, manifest, monkeypatch):
    submit_forecasts(manifest, GATHER, "cpu", ())

    def emptied(jobs):
        monkeypatch.setattr("postcast.cluster.forecasts.states", lambda manifest: ["done"] * 4)
        return []

    monkeypatch.setattr("postcast.cluster.forecasts.squeue", emptied)
    assert submit_forecasts(manifest, GATHER, "cpu", ()).jobs == ()


def test_what_has_left_the_queue_undone_is_submitted_again(box, manifest):
    submit_forecasts(manifest, GATHER, "cpu", ())
    assert submit_forecasts(manifest, GATHER, "cpu", ()).is_new


class Killed(BaseException):
    """What no code catches."""


def test_the_array_is_not_submitted_again_where_its_gathering_was_not(box, manifest, monkeypatch):
    def killed(script, *more):
        if script.name == "gather.sbatch":
            raise Killed
        return sbatch(script, *more)

    with monkeypatch.context() as patch:
        patch.setattr("postcast.cluster.forecasts.sbatch", killed)
        with pytest.raises(Killed):
            submit_forecasts(manifest, GATHER, "cpu", ())
    (box / "queue").write_text("1|3|RUNNING|None\n")
    found = submit_forecasts(manifest, GATHER, "cpu", ())
    assert (found.jobs, found.is_new) == (("1", "2"), True)
    assert not submit_forecasts(manifest, GATHER, "cpu", ()).is_new
    assert [line.rpartition(" ")[2] for line in (box / "sbatch").read_text().splitlines()] == [
        "predict.sbatch",
        "gather.sbatch",
    ]


@pytest.mark.parametrize(("which", "left"), [(1, "1"), (2, "1 2")])
def test_nothing_is_left_where_jobs_cannot_be_recorded(box, manifest, monkeypatch, which, left):
    written = []

    def full(path, text):
        if path.name == "submission.json":
            written.append(path)
            if len(written) == which:
                raise OutputError("no space")
        write_text(path, text)

    with monkeypatch.context() as patch:
        patch.setattr("postcast.cluster.forecasts.write_text", full)
        with pytest.raises(OutputError, match="no space"):
            submit_forecasts(manifest, GATHER, "cpu", ())
    assert (box / "scancel").read_text() == f"{left}\n"
    assert submit_forecasts(manifest, GATHER, "cpu", ()).is_new


def test_nothing_is_left_where_the_gathering_is_refused(box, manifest):
    (box / "refused").write_text("gather.sbatch")
    with pytest.raises(ClusterError, match="no such partition"):
        submit_forecasts(manifest, GATHER, "cpu", ())
    assert (box / "scancel").read_text() == "1\n"
