"""A run folder is begun, continued, replaced or left alone; what a kill left is cleared."""

import json

import pytest

from postcast.errors import ForecasterError, OutputError
from postcast.runs.folder import RunFolder
from postcast.runs.results import check_evaluation_folder
from postcast.schema import Source


def source(digest="abc", text="text"):
    return Source(
        name="posts.csv",
        sha256=digest,
        columns={"text": (text,)},
        ordering="none",
        rows_read=1,
    )


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "deep" / "RUN", {"seed": 1}, source())


def begun(folder):
    with folder.writing(overwrite=False):
        pass
    return folder.path


def test_a_new_folder_begins_unfinished(folder):
    path = begun(folder)
    facts = json.loads((path / "run.json").read_text())
    assert (facts["finished"], facts["input_sha256"]) == (False, "abc")
    assert not folder.is_finished()


@pytest.mark.parametrize("error", [OutputError("x"), ValueError("x"), MemoryError()])
def test_an_error_removes_a_new_folder_and_its_parents(folder, tmp_path, error):
    with pytest.raises(type(error)), folder.writing(overwrite=False):
        raise error
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_it_to_be_continued(folder):
    with pytest.raises(KeyboardInterrupt), folder.writing(overwrite=False):
        raise KeyboardInterrupt
    assert (folder.path / "run.json").is_file()


def test_an_error_never_removes_a_folder_that_was_there(folder):
    path = begun(folder)
    with pytest.raises(ValueError, match="x"), folder.writing(overwrite=False):
        raise ValueError("x")
    assert (path / "run.json").is_file()


@pytest.mark.parametrize(
    ("settings", "other"),
    [({"seed": 2}, source()), ({"seed": 1}, source("abd")), ({"seed": 1}, source(text="t"))],
)
def test_only_the_same_run_is_continued(folder, settings, other):
    path = begun(folder)
    begun(RunFolder(path, {"seed": 1, "cache": "elsewhere"}, source()))
    another = RunFolder(path, settings, other)
    with pytest.raises(OutputError, match=r"other settings or posts; .*--overwrite"):
        begun(another)
    before = (path / "run.json").read_bytes()
    with another.writing(overwrite=True):
        assert (path / "run.json").read_bytes() == before  # it stands until there is a new one


def test_images_tell_runs_apart_and_posts_without_them_are_written_as_ever(folder):
    path = begun(folder)
    assert "images_sha256" not in json.loads((path / "run.json").read_text())
    with pytest.raises(OutputError, match="other settings or posts"):
        begun(RunFolder(path, {"seed": 1}, source(), "seen"))
    pictured = RunFolder(path.with_name("PICTURED"), {"seed": 1}, source(), "seen")
    assert json.loads((begun(pictured) / "run.json").read_text())["images_sha256"] == "seen"
    for other in ("changed", ""):
        with pytest.raises(OutputError, match="other settings or posts"):
            begun(RunFolder(pictured.path, {"seed": 1}, source(), other))


def test_what_a_kill_left_is_cleared_and_nothing_else(folder):
    path = begun(folder)
    (path / ".posts.parquet.1.abcd.tmp").write_text("half")
    (path / ".forecaster.abcd.tmp").mkdir()
    (path / ".forecaster.abcd.old").mkdir()
    (path / "predictions.csv").write_text("old")
    (path / ".notes.tmp").write_text("mine")
    (path / "notes.txt").write_text("mine")
    begun(folder)
    kept = {"run.json", "predictions.csv", ".notes.tmp", "notes.txt"}
    assert {one.name for one in path.iterdir()} == kept


def test_a_kill_before_the_first_file_is_no_obstacle(folder):
    folder.path.mkdir(parents=True)
    (folder.path / ".run.json.1.abcd.tmp").write_text("{")
    begun(folder)


def test_a_finished_run_is_finished_only_while_it_is_whole(folder):
    path = begun(folder)
    facts = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(facts | {"finished": True}))
    assert not folder.is_finished()
    for name in ("posts.parquet", "rejected.csv", "predictions.csv", "scorecard.json"):
        (path / name).write_text("")
    for name in ("scorecard.txt", "report.html", "MODEL_CARD.md"):
        (path / name).write_text("")
    (path / "forecaster").mkdir()
    (path / "figures").mkdir()
    assert folder.is_finished()
    (path / "predictions.csv").unlink()
    assert not folder.is_finished()


def test_a_run_of_a_newer_version(folder):
    path = begun(folder)
    (path / "run.json").write_text('{"format": 2}')
    for ask in (folder.is_finished, lambda: begun(folder)):
        with pytest.raises(ForecasterError, match="format 2; expected at most 1; install the new"):
            ask()


def test_an_evaluation_keeps_off_a_run(folder, tmp_path):
    path = begun(folder)
    with pytest.raises(OutputError, match="holds a run"):
        check_evaluation_folder(path)
    check_evaluation_folder(tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()
