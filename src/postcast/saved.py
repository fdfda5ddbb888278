"""A saved forecaster, read from its folder: how it is put together, not how it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from postcast.counts import Counts
from postcast.decide import Rule
from postcast.device import pick_device
from postcast.errors import ForecasterError
from postcast.features.assemble import Senses
from postcast.features.bank import MemoryBank
from postcast.features.text import encoder_from_state
from postcast.features.wordings import Wordings
from postcast.forecaster import ENCODER_PIECES, Forecaster
from postcast.models.calibrate import Calibration
from postcast.models.choose import classifier_from_state
from postcast.scorecard import Scorecard
from postcast.storage import MANIFEST, file_sha256, load_manifest, load_parts, surviving


def load(run: str | Path, *, device: str = "auto") -> Forecaster:
    """Return the forecaster of a run.

    Parameters
    ----------
    run : str or Path
        The RUN folder, or the ``forecaster`` folder in it.
    device : {"auto", "cpu", "cuda"}
        Where a transformer encoder computes.

    Raises
    ------
    ForecasterError
        If a part is missing, changed, unknown, or of a newer format.
    """
    folder = _folder_of(run)
    if device == "cuda":
        pick_device(device)
    manifest = load_manifest(folder)
    try:
        forecaster = _load(folder, manifest, "", device)
        baselines = {
            name: _load(folder, manifest, f"baselines/{name}/", device, forecaster.bank)
            for name in manifest["baselines"]
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ForecasterError(
            f"{folder} cannot be understood: {error!r}", "what postcast wrote", "train again"
        ) from error
    return replace(forecaster, baselines=baselines, scorecard=_scorecard_beside(folder))


def _folder_of(run: str | Path) -> Path:
    folder = Path(run)
    if not folder.exists():
        raise ForecasterError(f"no folder {folder}", "a RUN folder", "run `postcast run` first")
    inner = surviving(folder / "forecaster")
    return inner if inner.is_dir() else folder


def fingerprint(run: str | Path) -> str:
    """Return what tells forecasters apart: the SHA-256 of the list of all parts and their hashes.

    Raises
    ------
    ForecasterError
        If there is no forecaster.
    """
    folder = _folder_of(run)
    try:
        return file_sha256(folder / MANIFEST)
    except OSError as error:
        raise ForecasterError(
            f"no {MANIFEST} in {folder}", "a RUN folder", "run `postcast run` first"
        ) from error


def _load(
    folder: Path,
    manifest: Mapping[str, Any],
    prefix: str,
    device: str,
    bank: MemoryBank | None = None,
) -> Forecaster:
    paths = {row["path"] for row in manifest["parts"]}
    decision = load_parts(folder, f"{prefix}decision", manifest).facts
    classifier = load_parts(folder, f"{prefix}classifier", manifest)
    encoders = {
        block: encoder_from_state(load_parts(folder, f"{prefix}{piece}", manifest), device)
        for block, piece in ENCODER_PIECES.items()
        if f"{prefix}{piece}.json" in paths
    }
    bank = bank or _bank(folder, manifest)
    images = None
    if f"{prefix}images.json" in paths:
        from postcast.features.images.choice import sense_from_state

        images = sense_from_state(load_parts(folder, f"{prefix}images", manifest))
    counts = None
    if f"{prefix}counts.json" in paths:
        counts = Counts.from_state(load_parts(folder, f"{prefix}counts", manifest))
    return Forecaster(
        senses=Senses(encoders, bank, tuple(decision["blocks"]), images),
        classifier=classifier_from_state(decision["facts"]["classifier"], classifier),
        calibration=Calibration(decision["slope"], tuple(decision["bias"])),
        rule=Rule.from_dict(decision["rule"]),
        facts=decision["facts"],
        counts=counts,
    )


def _bank(folder: Path, manifest: Mapping[str, Any]) -> MemoryBank:
    """Return the memory bank; texts are read when they are asked for, if they were kept."""
    bank = MemoryBank.from_state(load_parts(folder, "bank", manifest))
    if not any(row["path"] == "wordings.json" for row in manifest["parts"]):
        return bank
    return replace(bank, wordings=Wordings(lambda: load_parts(folder, "wordings", manifest)))


def _scorecard_beside(folder: Path) -> Scorecard | None:
    path = folder.parent / "scorecard.json"
    if not path.is_file():
        return None
    try:
        return Scorecard.from_dict(json.loads(path.read_text("utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        raise ForecasterError(
            f"{path} is broken", "the scorecard that postcast wrote", "remove it, or train again"
        ) from error
