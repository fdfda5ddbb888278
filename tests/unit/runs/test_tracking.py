"""Runs logged to MLflow: a local store and a real server, once each, with nothing of posts."""

import importlib.util
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from postcast import load, train
from postcast.cli.main import exit_code
from postcast.errors import MissingExtraError, SettingsError
from postcast.runs.tracking import RUN_TAG, STORE, _environment, track_run

pytest.importorskip("mlflow", reason="SKIPPED: the extra [mlflow] is not installed")
pytestmark = pytest.mark.filterwarnings("default")  # MLflow's own

FAST = {"encoder": "tfidf", "classifier": "linear"}
VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_DISABLE_TELEMETRY")
LONGEST_WAIT = 90


@pytest.fixture(autouse=True)
def untold(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory) -> Path:
    """A local store without a run: making its tables is most of what logging a run takes."""
    path = tmp_path_factory.mktemp("store") / STORE
    client(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def new_run(no_pictures, posts_file, tmp_path) -> Path:
    train(posts_file, FAST, out=tmp_path / "work" / "RUN")
    return tmp_path / "work" / "RUN"


@pytest.fixture
def run(new_run, empty_store) -> Path:
    shutil.copy(empty_store, new_run.parent)
    return new_run


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server on loopback that keeps its runs in SQLite; stopped by the pid that it was given."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", str(port), "--backend-store-uri", f"sqlite:///{folder}/server.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    quiet = os.environ | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    with (folder / "log").open("wb") as log:
        started = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=quiet, start_new_session=True
        )
    (folder / "server.pid").write_text(str(started.pid))
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/health", started, folder / "log")
        yield address
    finally:
        os.killpg(int((folder / "server.pid").read_text()), signal.SIGTERM)
        try:
            started.wait(4)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait(20)


def wait_for(address: str, started: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < until and started.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not come up: {log.read_text()[-2000:]}")


def client(uri):
    from mlflow import MlflowClient

    with _environment({"MLFLOW_DISABLE_TELEMETRY": "true"}):
        return MlflowClient(tracking_uri=str(uri))


def local(run: Path):
    return client(f"sqlite:///{run.parent}/mlflow.db")


def logged(store, experiment="postcast"):
    return store.search_runs([store.get_experiment_by_name(experiment).experiment_id])


def files(store, run_id, folder="") -> set[str]:
    found = set()
    for one in store.list_artifacts(run_id, folder or None):
        found |= files(store, run_id, one.path) if one.is_dir else {one.path}
    return found


def check_logged(store, run: Path, tmp_path: Path) -> None:
    """The one run that is logged says what the run folder says, and holds what it may."""
    [one] = logged(store)
    card = json.loads((run / "scorecard.json").read_text())
    facts = json.loads((run / "run.json").read_text())
    assert (one.info.status, one.info.run_name) == ("FINISHED", run.name)
    assert one.data.params["encoder"] == "tfidf"
    assert one.data.params["seed"] == "42"
    assert not {"cache", "image_root", "track"} & one.data.params.keys()
    for end, key in (("", "value"), ("_low", "low"), ("_high", "high")):
        assert one.data.metrics[f"macro_f1{end}"] == card["macro_f1"][key]
        majority = card["baselines"]["majority"]["macro_f1"][key]
        assert one.data.metrics[f"majority/macro_f1{end}"] == majority
        difference = card["differences"]["majority"]["macro_f1"][key]
        assert one.data.metrics[f"beyond_majority/macro_f1{end}"] == difference
    assert one.data.metrics["n_train"] == card["n_train"]
    assert one.data.metrics["stage/train/seconds"] > 0
    assert one.data.tags["input_sha256"] == facts["input_sha256"]
    assert one.data.tags["version.postcast"] == facts["versions"]["postcast"]
    found = files(store, one.info.run_id)
    assert {"scorecard.json", "report.html", "MODEL_CARD.md", "run.json"} <= found
    told = ("posts.parquet", "predictions.csv", "rejected.csv", "forecaster/wordings.json")
    assert not found & set(told)
    copy = store.download_artifacts(one.info.run_id, "forecaster", str(tmp_path))
    drafts = [{"text": "easy word1 word2"}, {"text": "dull word3"}]
    assert load(copy).predict(drafts) == load(run).predict(drafts)
    assert load(copy).bank.wordings is None
    assert load(run).bank.wordings is not None


def test_a_run_goes_to_a_store_beside_it(new_run, tmp_path, caplog):
    run = new_run
    caplog.set_level(logging.INFO)
    track_run(run)
    assert "logged as run RUN" in caplog.text
    check_logged(local(run), run, tmp_path)
    assert (run.parent / "mlruns").is_dir()


def test_a_run_is_logged_once(run, posts_file, caplog):
    for _ in range(2):
        track_run(run)
    assert len(logged(local(run))) == 1
    caplog.set_level(logging.INFO)
    train(posts_file, FAST | {"track": "mlflow"}, out=run)
    assert "nothing to do" in caplog.text
    assert "logged already" in caplog.text
    assert len(logged(local(run))) == 1
    train(posts_file, FAST | {"track": "mlflow", "seed": 7}, out=run.parent / "OTHER")
    found = logged(local(run))
    assert len({one.data.tags[RUN_TAG] for one in found}) == len(found) == 2


def test_a_finished_run_is_logged_when_that_is_asked_for_later(run, posts_file, monkeypatch):
    monkeypatch.setattr("postcast.training._learn", lambda *_: pytest.fail("learned again"))
    train(posts_file, FAST | {"track": "mlflow"}, out=run)
    assert len(logged(local(run))) == 1


def test_what_broke_off_is_logged_in_its_place(run, monkeypatch, tmp_path, caplog):
    def broken(*_):
        raise OSError(28, "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("postcast.runs.tracking._log_files", broken)
        track_run(run)
    [warning] = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert "the run stands" in warning
    assert "the disk is full" in warning
    assert "\n" not in warning
    assert [one.info.status for one in logged(local(run))] == ["FAILED"]
    track_run(run)
    check_logged(local(run), run, tmp_path)


def test_a_run_goes_to_a_server(new_run, server, posts_file, tmp_path, monkeypatch):
    run = new_run
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    train(posts_file, FAST | {"track": "mlflow"}, out=run)
    track_run(run)
    check_logged(client(server), run, tmp_path)
    assert not (run.parent / "mlflow.db").exists()
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "elsewhere")
    track_run(run)
    assert len(logged(client(server), "elsewhere")) == 1


def test_a_server_that_is_not_there_loses_no_run(
    no_pictures, posts_file, tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://someone:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    forecaster = train(posts_file, FAST | {"track": "mlflow"}, out=tmp_path / "RUN")
    assert forecaster.scorecard == load(tmp_path / "RUN").scorecard
    [warning] = [one.getMessage() for one in caplog.records if "MLflow" in one.getMessage()]
    assert "was not logged" in warning
    assert "secret" not in warning


def test_without_posts_nothing_of_them_is_logged(no_pictures, posts_file, tmp_path, empty_store):
    shutil.copy(empty_store, tmp_path)
    settings = FAST | {"track": "mlflow", "no_posts": True}
    train(posts_file, settings, out=tmp_path / "RUN")
    everything = (
        b"".join(path.read_bytes() for path in tmp_path.glob("ml*/**/*") if path.is_file())
        + (tmp_path / "mlflow.db").read_bytes()
    )
    words = {
        word
        for line in posts_file.read_text().splitlines()
        for word in json.loads(line)["text"].split()
    }
    assert len(words) > 100
    assert not [word for word in words if word.startswith("word") and word.encode() in everything]


def test_no_folder_and_no_mlflow_end_before_the_work(posts_file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("postcast.training.plan_of", lambda *_: pytest.fail("the work began"))
    with pytest.raises(SettingsError, match="out=RUN"):
        train(posts_file, FAST | {"track": "mlflow"})
    with pytest.raises(SettingsError, match="did you mean 'mlflow'"):
        train(posts_file, FAST | {"track": "mlflo"}, out=tmp_path / "RUN")
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "mlflow" else find(name)
    )
    with pytest.raises(MissingExtraError, match=r"pip install 'postcast\[mlflow\]'"):
        train(posts_file, FAST | {"track": "mlflow"}, out=tmp_path / "RUN")
    command = ["run", str(posts_file), "--track", "mlflow", "--out", str(tmp_path / "RUN")]
    assert exit_code(command) == 2
    assert "postcast[mlflow]" in capsys.readouterr().err


WATCHED = """
import json, socket, sys, threading, time
from pathlib import Path
asked = []
def refuse(*arguments, **_):
    asked.append(str(arguments[-1]))
    raise OSError("no network here")
socket.socket.connect = socket.getaddrinfo = refuse
from postcast.runs.tracking import track_run
track_run(Path(sys.argv[1]))
if sys.argv[2] == "wait":
    until = time.monotonic() + 20
    while not asked and time.monotonic() < until:
        time.sleep(0.1)
print(json.dumps(asked))
"""


@pytest.mark.parametrize("wanted", [False, True])
def test_mlflow_tells_its_makers_nothing_unless_the_user_wants_it(run, wanted):
    """Where nobody is testing: MLflow is silent under pytest and in CI by itself."""
    of_tests = ("PYTEST", "CI", "GITHUB", "GITLAB", "JENKINS", "BUILD", "TF_", "MLFLOW", "DO_NOT")
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(of_tests)}
    if wanted:
        quiet["MLFLOW_DISABLE_TELEMETRY"] = "false"
    command = [sys.executable, "-c", WATCHED, str(run), "wait" if wanted else "now"]
    done = subprocess.run(
        command, check=False, env=quiet, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert bool(json.loads(done.stdout)) is wanted
    assert len(logged(local(run))) == 1
    assert done.stderr == ""
