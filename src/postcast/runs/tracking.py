"""A finished run logged elsewhere, for those who keep their runs in MLflow.

Knows a run folder's files and MLflow (the extra [mlflow]); nothing of a training. Of posts it
logs nothing but what a forecaster needs to answer.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postcast.errors import MissingExtraError, PostcastError, SettingsError
from postcast.runs.folder import run_sha256
from postcast.scorecard import SCORES

if TYPE_CHECKING:
    from mlflow import MlflowClient

log = logging.getLogger(__name__)

NONE, MLFLOW = "none", "mlflow"

EXPERIMENT = "postcast"
"""Where $MLFLOW_EXPERIMENT_NAME names none."""

STORE, ARTIFACTS = "mlflow.db", "mlruns"
"""The local store and its files, beside RUN: where ``mlflow ui`` looks when started there."""

RUN_TAG = "postcast.run_sha256"
"""By which a run that is logged already is found again."""

FILES = ("scorecard.json", "scorecard.txt", "report.html", "MODEL_CARD.md", "run.json")

OF_MACHINE = ("cache", "image_root", "track")
"""Settings that tell of the machine, and not of the run."""

TOLD_BY_POSTS = "wordings"
"""The piece of a forecaster that holds texts for people to read; no forecast needs it."""

QUIETLY = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
"""MLflow sends usage data to its makers unless told not to, prints, and tries a server that does
not answer for minutes. What the user has set stands."""

LONGEST_VALUE = 5_000
"""Characters of a parameter or tag; MLflow takes 6,000 and 8,000."""


def check_tracker(track: str, out: Path | str | None) -> None:
    """Refuse, before the work, to log what cannot be logged.

    Parameters
    ----------
    track : {"none", "mlflow"}
    out : path or None
        The run folder.

    Raises
    ------
    SettingsError
        If there is to be no run folder.
    MissingExtraError
        If MLflow is not installed.
    """
    if track == NONE:
        return
    if out is None:
        raise SettingsError(
            f"track {track!r} without a run folder", "a folder to log", "give out=RUN"
        )
    if importlib.util.find_spec("mlflow") is None:
        raise MissingExtraError("--track mlflow", "mlflow", "leave --track out")


def track_run(folder: Path) -> None:
    """Log a finished run to MLflow, once; a failure is a warning, for the run itself stands.

    Parameters
    ----------
    folder : Path
        The run. It goes to ``$MLFLOW_TRACKING_URI``, else to `STORE` beside it.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or ""
    try:
        with _environment(QUIETLY), warnings.catch_warnings(action="ignore"):  # MLflow's own
            told = _log_run(folder, uri or f"sqlite:///{folder.absolute().parent / STORE}")
    except Exception as error:  # MLflow raises what its stores, servers and transports raise
        shown = " ".join(_without_password(str(error)).split()) or type(error).__name__
        log.warning(
            "the run stands in %s, but was not logged to MLflow (%s): mend it and give the same "
            "command again",
            folder,
            shown[:300],
        )
        return
    log.info("MLflow: %s", told)


def _log_run(folder: Path, uri: str) -> str:
    """Log a run where it is not logged already, and say what was done."""
    from mlflow import MlflowClient
    from mlflow.entities import RunStatus

    facts = json.loads((folder / "run.json").read_text("utf-8"))
    identity = run_sha256(facts)
    client = MlflowClient(tracking_uri=uri)
    experiment = _experiment(client, folder, uri)
    found = client.search_runs([experiment], f"tags.`{RUN_TAG}` = '{identity}'")
    if any(one.info.status == RunStatus.to_string(RunStatus.FINISHED) for one in found):
        return f"this run is logged already at {_without_password(uri)}"
    run = found[0] if found else client.create_run(experiment, run_name=folder.absolute().name)
    run_id = run.info.run_id
    try:
        _log_facts(client, run_id, facts, {RUN_TAG: identity})
        _log_scores(client, run_id, folder, facts)
        _log_files(client, run_id, folder)
    except Exception:
        with contextlib.suppress(Exception):  # the first error is the one to tell
            client.set_terminated(run_id, RunStatus.to_string(RunStatus.FAILED))
        raise
    client.set_terminated(run_id)
    return f"logged as run {folder.absolute().name} ({run_id}) at {_without_password(uri)}"


def _without_password(text: str) -> str:
    """Return a text without the name and password of the addresses in it."""
    return re.sub(r"(?<=://)[^\s/]*@", "", text)


def _experiment(client: MlflowClient, folder: Path, uri: str) -> str:
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    known = client.get_experiment_by_name(name)
    if known is not None:
        if known.lifecycle_stage != "active":
            raise PostcastError(f"the experiment {name!r} is deleted", "one that is there")
        return str(known.experiment_id)
    beside = None
    if uri.startswith("sqlite:") and not os.environ.get("MLFLOW_TRACKING_URI"):
        beside = (folder.absolute().parent / ARTIFACTS).as_uri()
    return str(client.create_experiment(name, artifact_location=beside))


def _log_facts(
    client: MlflowClient, run_id: str, facts: Mapping[str, Any], tags: Mapping[str, str]
) -> None:
    """Log settings as parameters; versions, platform and the input's hashes as tags."""
    from mlflow.entities import Param, RunTag

    params = {k: v for k, v in facts["settings"].items() if k not in OF_MACHINE}
    hashes = {name: facts[name] for name in ("input_sha256", "images_sha256") if name in facts}
    versions = {f"version.{name}": one for name, one in facts["versions"].items()}
    told = {**tags, **hashes, **versions, "platform": facts["platform"]}
    if facts["warnings"]:
        told["warnings"] = "\n".join(facts["warnings"])
    client.log_batch(
        run_id,
        params=[Param(name, _plain(value)) for name, value in params.items()],
        tags=[RunTag(name, _plain(value)) for name, value in told.items()],
    )


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:LONGEST_VALUE]


def _log_scores(client: MlflowClient, run_id: str, folder: Path, facts: Mapping[str, Any]) -> None:
    """Log the scorecard's figures with their bounds, its baselines', and what each stage took."""
    from mlflow.entities import Metric

    card = json.loads((folder / "scorecard.json").read_text("utf-8"))
    found = _estimates("", {name: card[name] for name in SCORES if name in card})
    for baseline, figures in card["baselines"].items():
        found |= _estimates(f"{baseline}/", {n: figures[n] for n in SCORES if n in figures})
    for baseline, scores in card["differences"].items():
        found |= _estimates(f"beyond_{baseline}/", scores)
    for name, row in card["per_class"].items():
        found |= _estimates(f"{name}/", row)
    found |= {name: card[name] for name in ("n_train", "n_test", "n_rejected")}
    for stage in facts["stages"]:
        place = f"stage/{stage['name'].replace(' ', '_')}"
        told = ("seconds", "posts_per_second", "peak_rss_mb")
        found |= {f"{place}/{one}": stage[one] for one in told}
    moment = _milliseconds(folder)
    metrics = [Metric(n, float(v), moment, 0) for n, v in found.items() if v is not None]
    client.log_batch(run_id, metrics=metrics)


def _estimates(prefix: str, scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return scores by name: a value, and where it has an interval its two ends."""
    found: dict[str, Any] = {}
    for name, one in scores.items():
        if isinstance(one, Mapping):
            found[f"{prefix}{name}"] = one["value"]
            found |= {f"{prefix}{name}_{end}": one[end] for end in ("low", "high")}
        elif isinstance(one, (int, float)):
            found[f"{prefix}{name}"] = one
    return found


def _milliseconds(folder: Path) -> int:
    """Return when the run was finished."""
    return int((folder / "run.json").stat().st_mtime * 1000)


def _log_files(client: MlflowClient, run_id: str, folder: Path) -> None:
    """Log report, card, pictures and forecaster; of tables of posts none."""
    for name in FILES:
        client.log_artifact(run_id, str(folder / name))
    client.log_artifacts(run_id, str(folder / "figures"), "figures")
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "forecaster"
        _copy_without_texts(folder / "forecaster", copy)
        client.log_artifacts(run_id, str(copy), "forecaster")


def _copy_without_texts(forecaster: Path, copy: Path) -> None:
    """Copy a saved forecaster without the texts of the posts that it remembers."""
    told = (f"{TOLD_BY_POSTS}.json", f"{TOLD_BY_POSTS}.safetensors")
    shutil.copytree(forecaster, copy, ignore=shutil.ignore_patterns(*told))
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest["parts"] = [row for row in manifest["parts"] if row["path"] not in told]
    (copy / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables that are not set, for a while."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
