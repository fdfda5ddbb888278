"""A run that is replaced while it is served, or held by Python: never two runs in one answer."""

import json
import shutil
import signal
import time

import pytest

from postcast import Post, load
from postcast.errors import ForecasterError
from postcast.explain import explain
from postcast.whatif import what_if

DRAFT = {"text": "Easy budget lentil soup with word7", "author": "studio-fern"}
PATIENCE = 60
PATIENT = {"seconds": 60.0}


@pytest.fixture
def place(web_run, tmp_path):
    """A copy of the run, for others to replace."""
    return shutil.copytree(web_run, tmp_path / "RUN")


def replace_with(place, run):
    """Put another run where one stands, as ``run --overwrite`` does."""
    shutil.rmtree(place)
    shutil.copytree(run, place)


def everything_told(server):
    """Return what a server answers that shows of which run it is."""
    paths = ("/explain", "/forecast", "/whatif")
    asked = [json.loads(server.ask(path, DRAFT)[2]) for path in paths]
    facts = json.loads(server.ask("/model")[2])
    del facts["notice"]
    names = ("confusion_matrix", "calibration")
    pictures = [server.ask(f"/figures/{name}.svg")[2] for name in names]
    page = server.ask("/scorecard")[2].decode().partition("<footer>")[0]
    return [*asked, facts, pictures, page]


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def health(server):
    return json.loads(server.ask("/health")[2])


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="SKIPPED: this system has no SIGHUP")
def test_a_served_run_is_held_whole_until_a_newer_is_asked_for(place, other_run, start_process):
    with start_process(place, PATIENT) as server:
        before = everything_told(server)
        assert health(server) == {"status": "ok"}
        replace_with(place, other_run)
        assert everything_told(server) == before
        wait_for(lambda: "notice" in health(server))
        assert "SIGHUP" in health(server)["notice"]
        assert "A newer run is there" in server.ask("/")[2].decode()

        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "notice" not in health(server))
        after = everything_told(server)
        assert all(one != other for one, other in zip(before, after, strict=True))
        similar = {one["text"] for one in after[0]["similar"]}
        own = load(other_run).bank.wordings
        assert similar <= set(own.at(range(len(own))))
        with start_process(other_run, PATIENT) as fresh:
            assert everything_told(fresh) == after


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="SKIPPED: this system has no SIGHUP")
@pytest.mark.parametrize("fault", ["damaged", "unfinished", "gone"])
def test_what_cannot_be_taken_up_leaves_the_old_one(
    place, other_run, start_process, fault, tmp_path
):
    with (tmp_path / "errors").open("w") as errors, start_process(place, PATIENT, errors) as server:
        before = everything_told(server)
        replace_with(place, other_run)
        if fault == "damaged":
            (place / "forecaster" / "decision.json").write_text("{}")
        elif fault == "unfinished":
            told = json.loads((place / "run.json").read_text())
            (place / "run.json").write_text(json.dumps({**told, "finished": False}))
        else:
            shutil.rmtree(place)
        server.process.send_signal(signal.SIGHUP)
        wait_for((tmp_path / "errors").read_text)
        said = (tmp_path / "errors").read_text()
        assert "the old run goes on answering" in said
        assert len(said.splitlines()) == 1
        assert everything_told(server) == before
        assert server.process.poll() is None


def test_python_refuses_texts_of_a_run_that_was_replaced(place, other_run):
    held, read = load(place), load(place)
    assert explain(read, Post(**DRAFT)).similar
    replace_with(place, other_run)
    for ask in (explain, what_if):
        with pytest.raises(ForecasterError):
            ask(held, Post(**DRAFT))
    texts = {one.text for one in explain(read, Post(**DRAFT)).similar}
    assert texts
    theirs = load(other_run).bank.wordings
    assert not texts & set(theirs.at(range(len(theirs))))


def test_python_refuses_texts_of_a_run_that_is_gone(place):
    held = load(place)
    shutil.rmtree(place)
    with pytest.raises(ForecasterError, match="load"):
        explain(held, Post(**DRAFT))
