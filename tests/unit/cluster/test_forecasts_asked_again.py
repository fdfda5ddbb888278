"""`predict --engine slurm`, given again at any time: nothing is computed twice, nothing is lost."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from tests.conftest import records

from postcast.cli.main import exit_code

SHARDS = Path("out.csv.shards")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "posts.jsonl").write_text("\n".join(map(json.dumps, records())))
    told = ["--encoder", "tfidf", "--classifier", "linear", "--quiet", "--out"]
    assert exit_code(["run", str(folder / "posts.jsonl"), *told, str(folder / "RUN")]) == 0
    return folder / "RUN"


@pytest.fixture
def ask(run, box, capsys):
    """Give the command for the drafts in a file; return what it says."""
    write_drafts(12)

    def ask(*more: str, posts: str = "drafts.jsonl", engine: str = "slurm") -> str:
        capsys.readouterr()
        told = ["predict", str(run), posts, "--out", "out.csv", "--engine", engine]
        assert exit_code([*told, "--shards", "3", *more]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return ask


def write_drafts(n: int) -> None:
    drafts = ({k: v for k, v in row.items() if k != "saves"} for row in records(n, seed=5))
    Path("drafts.jsonl").write_text("\n".join(map(json.dumps, drafts)))


def predict() -> None:
    """Do the work of the array."""
    manifest = str(SHARDS / "manifest.json")
    assert exit_code(["predict-shard", "--manifest", manifest, "--index", "0", "--of", "1"]) == 0


def finished(box: Path) -> None:
    """Do the work of both jobs."""
    predict()
    gather = (SHARDS / "gather.sbatch").read_text().splitlines()[-1]
    assert exit_code(shlex.split(gather)[1:]) == 0
    (box / "queue").unlink(missing_ok=True)


def n_submitted(box: Path) -> int:
    path = box / "sbatch"
    return len(path.read_text().splitlines()) if path.is_file() else 0


def test_what_is_written_is_not_computed_again(box, ask):
    assert ask().startswith("Submitted as jobs 1, 2; 0 of 3")
    finished(box)
    written = Path("out.csv").read_bytes()
    assert [path.name for path in SHARDS.iterdir()] == ["written.json"]
    for engine in ("slurm", "local"):
        assert ask(engine=engine) == "12 forecasts: out.csv\n"
    assert n_submitted(box) == 2
    assert Path("out.csv").read_bytes() == written


def test_a_job_in_the_queue_keeps_its_folder(box, ask):
    ask()
    predict()
    (box / "queue").write_text("2|N/A|PENDING|Resources\n")
    assert ask().startswith("In the queue: job 2; 3 of 3 shards are done")
    assert not Path("out.csv").exists()
    finished(box)
    assert ask() == "12 forecasts: out.csv\n"


def test_where_its_job_is_gone_the_command_itself_gathers(box, ask):
    ask()
    predict()
    assert ask() == "12 forecasts: out.csv\n"
    assert ask() == "12 forecasts: out.csv\n"
    assert n_submitted(box) == 2


def test_what_a_job_held_open_bars_nothing(box, ask):
    ask()
    finished(box)
    (SHARDS / "logs").mkdir()
    (SHARDS / "logs" / ".nfs0001").write_text("")
    assert ask() == "12 forecasts: out.csv\n"
    assert not (SHARDS / "logs").exists()


@pytest.mark.parametrize("changed", ["forecasts", "no forecasts", "drafts", "shards", "record"])
def test_what_has_changed_begins_anew(box, ask, changed):
    ask()
    finished(box)
    if changed == "forecasts":
        Path("out.csv").write_text("mine")
    elif changed == "no forecasts":
        Path("out.csv").unlink()
    elif changed == "drafts":
        write_drafts(15)
    elif changed == "record":
        (SHARDS / "written.json").write_text("{")
    (SHARDS / "logs").mkdir()
    more = ("--shards", "4") if changed == "shards" else ()
    assert ask(*more).startswith("Submitted as jobs 3, 4; 0 of")
    finished(box)
    assert ask(*more) == f"{15 if changed == 'drafts' else 12} forecasts: out.csv\n"


def test_what_is_still_held_open_is_said(box, ask, run, capsys, monkeypatch):
    ask()
    finished(box)
    (SHARDS / "logs").mkdir()
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)
    Path("out.csv").unlink()
    told = ["predict", str(run), "drafts.jsonl", "--out", "out.csv", "--engine", "slurm"]
    assert exit_code([*told, "--shards", "3"]) == 2
    assert "give the same command again in a moment" in capsys.readouterr().err
    assert (SHARDS / "written.json").exists()


def test_an_array_without_its_gathering_gets_it(box, ask):
    ask()
    (SHARDS / "submission.json").write_text('{"jobs": ["1"]}')
    (box / "queue").write_text("1|2|RUNNING|None\n")
    assert ask().startswith("Submitted as jobs 1, 3; 0 of 3 shards are done")
    assert "--dependency=afterok:1 " in (box / "sbatch").read_text().splitlines()[-1]
