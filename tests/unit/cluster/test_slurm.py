"""Submitting, resuming and telling how far a run is, with a Slurm of a few lines on the PATH."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from postcast.cli.main import exit_code
from postcast.cluster.folder import ClusterFolder, Job, Submission
from postcast.cluster.slurm_commands import Queued, parsed
from postcast.errors import OutputError
from postcast.shards.results import is_whole


def called(box: Path, name: str) -> list[str]:
    path = box / name
    return path.read_text().splitlines() if path.is_file() else []


def postcast(*arguments: str) -> int:
    return exit_code([*arguments, "--json"])


def submit(*options: str) -> int:
    return postcast("submit", "posts.csv", "--out", "RUN", "--setup", "true", *options)


def jobs() -> list[tuple[str, str]]:
    told = json.loads(Path("RUN/cluster/submission.json").read_text())["jobs"]
    return [(one["stage"], one["id"]) for one in told]


def test_stages_wait_for_one_another(box):
    assert submit("--encoder", "minilm") == 0
    assert called(box, "sbatch") == [
        "--parsable prepare.sbatch",
        "--parsable --dependency=afterok:1 --kill-on-invalid-dep=yes embed.sbatch",
        "--parsable --dependency=afterok:2 --kill-on-invalid-dep=yes train.sbatch",
        "--parsable --dependency=afterok:3 --kill-on-invalid-dep=yes evaluate.sbatch",
    ]
    assert jobs() == [("prepare", "1"), ("embed", "2"), ("train", "3"), ("evaluate", "4")]


def test_nothing_is_submitted_twice(box, capsys):
    assert submit("--encoder", "tfidf") == 0
    assert submit("--encoder", "tfidf") == 2
    assert "was submitted already (jobs 1, 2, 3)" in capsys.readouterr().err
    assert len(called(box, "sbatch")) == 3


def test_a_dry_run_submits_nothing_and_bars_no_submission(box):
    assert submit("--encoder", "tfidf", "--dry-run") == 0
    assert called(box, "sbatch") == []
    assert submit("--encoder", "tfidf") == 0


def test_a_script_that_slurm_refuses_leaves_no_job_behind(box, capsys):
    (box / "refused").write_text("train.sbatch")
    assert submit("--encoder", "minilm") == 2
    assert "no such partition" in capsys.readouterr().err
    assert called(box, "scancel") == ["1 2"]
    (box / "refused").unlink()
    assert submit("--encoder", "minilm") == 0


def test_a_job_of_which_nothing_can_be_written_is_ended(box, capsys, monkeypatch):
    write = ClusterFolder.write

    def full(self, submission):
        if len(submission.jobs) == 2:
            raise OutputError(f"cannot write {self.submission}: no space left on device")
        write(self, submission)

    monkeypatch.setattr(ClusterFolder, "write", full)
    assert submit("--encoder", "minilm") == 2
    assert "no space left" in capsys.readouterr().err
    assert sorted(called(box, "scancel")) == ["1", "2"]
    monkeypatch.undo()


def test_a_folder_of_something_else_is_refused(box, capsys):
    Path("RUN").mkdir()
    Path("RUN/thesis.tex").write_text("")
    assert submit() == 2
    assert "holds files already" in capsys.readouterr().err


def test_a_lock_of_a_process_that_is_gone_bars_nothing(box):
    import socket

    folder = ClusterFolder(Path("RUN"))
    folder.path.mkdir(parents=True)
    lock = folder.path / ".submitting"
    lock.write_text(json.dumps({"host": socket.gethostname(), "process": 2**22 + 1}))
    assert submit("--encoder", "tfidf") == 0
    assert not lock.exists()


def test_a_lock_of_another_host_bars(box, capsys):
    folder = ClusterFolder(Path("RUN"))
    folder.path.mkdir(parents=True)
    (folder.path / ".submitting").write_text(json.dumps({"host": "elsewhere", "process": 1}))
    assert submit("--encoder", "tfidf") == 2
    assert "is being submitted by another" in capsys.readouterr().err


class TestStatus:
    """What files and the queue say together."""

    @pytest.fixture
    def folder(self, box) -> ClusterFolder:
        assert submit("--encoder", "tfidf") == 0
        return ClusterFolder(Path("RUN"))

    def told(self, capsys) -> tuple[int, list[str]]:
        capsys.readouterr()
        code = postcast("status", "RUN")
        return code, [one["state"] for one in json.loads(capsys.readouterr().out)["stages"]]

    def test_what_is_in_the_queue_is_waited_for(self, box, folder, capsys):
        queue = "1|N/A|RUNNING|None\n2|N/A|PENDING|Dependency\n3|N/A|PENDING|Dependency\n"
        (box / "queue").write_text(queue)
        assert self.told(capsys) == (0, ["running", "waiting", "waiting"])

    def test_what_left_a_log_and_no_result_has_failed(self, box, folder, capsys):
        (folder.logs / "prepare-1.log").write_text("reading\npostcast: no count column\nslurm\n")
        assert self.told(capsys) == (1, ["failed", "missing", "missing"])
        postcast("status", "RUN")
        first = json.loads(capsys.readouterr().out)["stages"][0]
        assert first["why"] == "postcast: no count column"

    def test_what_can_never_start_is_missing(self, box, folder, capsys):
        (box / "queue").write_text("2|N/A|PENDING|DependencyNeverSatisfied\n")
        folder.posts.write_bytes(b"")
        assert self.told(capsys) == (1, ["done", "missing", "missing"])

    def test_where_all_is_done_slurm_is_not_asked(self, box, folder, capsys):
        folder.posts.write_bytes(b"")
        (folder.run / "run.json").write_text('{"finished": true}')
        (folder.run / "forecaster").mkdir()
        (folder.run / "forecaster" / "manifest.json").write_text("{}")
        folder.evaluation.mkdir()
        (folder.evaluation / "scorecard.json").write_text("{}")
        (box / "bin" / "squeue").unlink()
        assert self.told(capsys) == (0, ["done", "done", "done"])

    def test_without_slurm_what_is_not_done_cannot_be_told(self, folder, capsys, monkeypatch):
        monkeypatch.setenv("PATH", "/nowhere")
        assert postcast("status", "RUN") == 2
        assert "no command squeue here" in capsys.readouterr().err

    def test_resume_submits_what_is_missing_and_what_waits_for_it(self, box, folder):
        folder.posts.write_bytes(b"")
        assert postcast("resume", "RUN") == 0
        assert called(box, "sbatch")[3:] == [
            "--parsable train.sbatch",
            "--parsable --dependency=afterok:4 --kill-on-invalid-dep=yes evaluate.sbatch",
        ]
        assert jobs()[3:] == [("train", "4"), ("evaluate", "5")]

    def test_resume_leaves_to_it_what_is_at_work(self, box, folder):
        queue = "1|N/A|RUNNING|None\n2|N/A|PENDING|Dependency\n3|N/A|PENDING|Dependency\n"
        (box / "queue").write_text(queue)
        assert postcast("resume", "RUN") == 0
        assert len(called(box, "sbatch")) == 3

    def test_resume_ends_what_waits_behind_what_is_lost(self, box, folder):
        (box / "queue").write_text("3|N/A|PENDING|Dependency\n")
        folder.posts.write_bytes(b"")
        assert postcast("resume", "RUN") == 0
        assert called(box, "scancel") == ["3"]
        assert [stage for stage, _ in jobs()[3:]] == ["train", "evaluate"]

    def test_cancel_ends_what_is_there(self, box, folder, capsys):
        (box / "queue").write_text("1|N/A|RUNNING|None\n2|N/A|PENDING|Dependency\n")
        capsys.readouterr()
        assert postcast("cancel", "RUN") == 0
        assert json.loads(capsys.readouterr().out) == {"cancelled": ["1", "2"]}
        assert called(box, "scancel") == ["1 2"]


class TestShards:
    """Tasks that share shards."""

    @pytest.fixture
    def folder(self, box) -> ClusterFolder:
        """Five shards in two tasks; those of the first are 0, 2 and 4."""
        folder = ClusterFolder(Path("RUN"))
        folder.logs.mkdir(parents=True)
        submission = Submission("slurm", 5, 2, 2, (Job("prepare", "1"), Job("embed", "2")))
        folder.write(submission)
        return folder

    @pytest.fixture(autouse=True)
    def done(self, monkeypatch, folder) -> None:
        """Of the shards 0, 1 and 3 are done."""
        folder.posts.write_bytes(b"")
        folder.manifest.parent.mkdir()
        folder.manifest.write_text("")
        monkeypatch.setattr("postcast.shards.manifest.read_manifest", lambda path: path)
        states = ["done", "done", "missing", "done", "broken"]
        monkeypatch.setattr("postcast.cluster.status.states", lambda manifest, check: states)
        nowhere = ("", "")
        monkeypatch.setattr("postcast.cluster.status.done_elsewhere", lambda *_: nowhere)

    def shards(self, capsys) -> dict[str, list[int]]:
        capsys.readouterr()
        postcast("status", "RUN")
        return {k: v for k, v in json.loads(capsys.readouterr().out)["shards"].items() if v}

    def test_a_running_task_is_at_all_of_its_shards(self, box, folder, capsys):
        (box / "queue").write_text("2|0|RUNNING|None\n")
        assert self.shards(capsys) == {"done": [0, 1, 3], "running": [2, 4]}

    def test_a_task_that_was_begun_and_is_gone_has_failed(self, box, folder, capsys):
        (folder.logs / "embed-2_0.log").write_text("killed")
        assert self.shards(capsys) == {"done": [0, 1, 3], "failed": [2, 4]}

    def test_why_a_shard_failed_is_told_while_others_run(self, box, folder, capsys, monkeypatch):
        states = ["done", "missing", "missing", "done", "done"]
        monkeypatch.setattr("postcast.cluster.status.states", lambda manifest, check: states)
        (box / "queue").write_text("2|0|RUNNING|None\n3|N/A|PENDING|Dependency\n")
        folder.write(replace(folder.read(), jobs=(*folder.read().jobs, Job("train", "3"))))
        (folder.logs / "embed-2_1.log").write_text("reading\npostcast: shard 1 has changed\n")
        assert exit_code(["status", "RUN"]) == 1
        assert capsys.readouterr().out.splitlines() == [
            "prepare   done                                      job 1",
            "embed     3 done, 1 running, 1 failed (shard 1)     job 2",
            "train     waiting (Dependency)                      job 3",
            "evaluate  missing                                   no job",
            "",
            "embed failed: postcast: shard 1 has changed",
            "  RUN/cluster/logs/embed-2_1.log",
            "",
            "What has failed or is missing: postcast resume RUN",
        ]
        postcast("status", "RUN")
        embed = json.loads(capsys.readouterr().out)["stages"][1]
        assert embed["state"] == "running"
        assert embed["why"] == "postcast: shard 1 has changed"
        assert embed["log"] == "RUN/cluster/logs/embed-2_1.log"

    def test_resume_reads_the_results_that_status_does_not(self, box, folder, monkeypatch, capsys):
        """Damage that leaves a file's length is told by gather: what it refuses is made anew."""
        glance = ["done"] * 5
        read = ["done", "done", "broken", "done", "done"]
        monkeypatch.setattr(
            "postcast.cluster.status.states", lambda _, how: read if how is is_whole else glance
        )
        assert self.shards(capsys) == {"done": [0, 1, 2, 3, 4]}
        for stage in ("embed", "train", "evaluate"):
            folder.script(stage).write_text("")
        assert postcast("resume", "RUN") == 0
        assert called(box, "sbatch")[0] == "--parsable --array=0%2 embed.sbatch"

    @pytest.mark.parametrize("log", ["embed-2_0.log", "by-hand.log"])
    def test_results_of_another_device_are_why(self, box, folder, capsys, monkeypatch, log):
        """The log of a task that found its results tells of nothing but success."""
        asked = []
        monkeypatch.setattr(
            "postcast.cluster.status.done_elsewhere",
            lambda manifest, lacking: asked.append(lacking) or ("shards 2, 4 done on cuda", "cpu"),
        )
        (folder.logs / log).write_text("present  3\n")
        assert exit_code(["status", "RUN"]) == 1
        assert (
            "embed failed: shards 2, 4 done on cuda; give --device cpu to embed-shard in "
            "RUN/cluster/embed.sbatch and to the training in train.sbatch\n"
        ) in capsys.readouterr().out
        assert asked == [[2, 4]]

    def test_resume_submits_the_tasks_of_missing_shards_alone(self, box, folder):
        for stage in ("embed", "train", "evaluate"):
            folder.script(stage).write_text("")
        assert postcast("resume", "RUN") == 0
        assert called(box, "sbatch")[0] == "--parsable --array=0%2 embed.sbatch"
        assert [stage for stage, _ in jobs()[2:]] == ["embed", "train", "evaluate"]


def test_nothing_submitted_is_said(tmp_path, capsys):
    for command in ("status", "resume", "cancel"):
        assert exit_code([command, str(tmp_path)]) == 2
        assert "nothing was submitted" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', '{"format": "x", "jobs": []}'])
def test_a_broken_record_is_named(tmp_path, capsys, text):
    folder = ClusterFolder(tmp_path)
    folder.path.mkdir()
    folder.submission.write_text(text)
    assert exit_code(["status", str(tmp_path)]) == 2
    assert "submission.json is broken" in capsys.readouterr().err


def test_the_queue_is_read():
    answer = "12|N/A|RUNNING|None\n13|4|PENDING|BeginTime\n13|5|COMPLETING|None\nnoise\n"
    assert parsed(answer) == [
        Queued("12", None, True, "None"),
        Queued("13", 4, False, "BeginTime"),
        Queued("13", 5, True, "None"),
    ]
    assert parsed(answer)[1].id == "13_4"
