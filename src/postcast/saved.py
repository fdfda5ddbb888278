"""A saved forecaster, read from its folder: how it is put together, not how it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

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
from postcast.storage import (
    MANIFEST,
    explaining_reading,
    file_sha256,
    hashing,
    load_parts,
    read_manifest,
    surviving,
)
from postcast.trial import check_fit
from postcast.validation import mapping, number, numbers, text, texts, whole

if TYPE_CHECKING:
    from postcast.features.text import TextEncoder
    from postcast.schema import Parts


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
    manifest = read_manifest(folder)
    with hashing(folder, [row for row in manifest["parts"] if _is_read_later(row)]):
        forecaster = _load(folder, manifest, "", device)
        with explaining_reading(folder / MANIFEST):
            names = texts(manifest, "baselines")
        baselines = {
            name: _load(folder, manifest, f"baselines/{name}/", device, forecaster.bank)
            for name in names
        }
    return replace(forecaster, baselines=baselines, scorecard=_scorecard_beside(folder))


def _is_read_later(part: Mapping[str, str]) -> bool:
    """Return whether `load_parts` does not read, and so not hash, a part while it is loaded."""
    return part["kind"] == "file" or part["path"].startswith("wordings.")


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
    with explaining_reading(folder / f"{prefix}decision"):
        facts = _facts(decision)
        blocks = tuple(texts(decision, "blocks"))
        calibration = Calibration(number(decision, "slope"), numbers(decision, "bias", 3))
        rule = Rule.from_dict(mapping(decision, "rule"))
    encoders = {
        block: _rebuilt(folder, f"{prefix}{piece}", manifest, partial(_encoder, device))
        for block, piece in ENCODER_PIECES.items()
        if f"{prefix}{piece}.json" in paths
    }
    bank = bank or _bank(folder, manifest)
    images = None
    if f"{prefix}images.json" in paths:
        from postcast.features.images.choice import sense_from_state

        images = _rebuilt(folder, f"{prefix}images", manifest, sense_from_state)
    counts = None
    if f"{prefix}counts.json" in paths:
        counts = _rebuilt(folder, f"{prefix}counts", manifest, Counts.from_state)
    restored = partial(classifier_from_state, facts["classifier"])
    forecaster = Forecaster(
        senses=Senses(encoders, bank, blocks, images),
        classifier=_rebuilt(folder, f"{prefix}classifier", manifest, restored),
        calibration=calibration,
        rule=rule,
        facts=facts,
        counts=counts,
    )
    check_fit(folder, prefix, forecaster)
    return forecaster


T = TypeVar("T")


def _rebuilt(
    folder: Path, name: str, manifest: Mapping[str, Any], rebuild: Callable[[Parts], T]
) -> T:
    """Return what is rebuilt from a piece; what its contents bring about is an error of it."""
    parts = load_parts(folder, name, manifest)
    with explaining_reading(folder / name):
        return rebuild(parts)


def _encoder(device: str, parts: Parts) -> TextEncoder:
    return encoder_from_state(parts, device)


def _facts(decision: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a forecaster came to be, which is shown to people and asked for by name."""
    facts = mapping(decision, "facts")
    for name in ("classifier", "encoder"):
        text(facts, name)
    for name in ("protocol", "split", "mode", "maturity", "target"):
        if facts.get(name) is not None:
            text(facts, name)
    for name in ("seed", "n_train"):
        if facts.get(name) is not None:
            whole(facts, name, -(2**63), 2**63)
    return facts


def _bank(folder: Path, manifest: Mapping[str, Any]) -> MemoryBank:
    """Return the memory bank; texts are read when they are asked for, if they were kept."""
    bank = _rebuilt(folder, "bank", manifest, MemoryBank.from_state)
    if not any(row["path"] == "wordings.json" for row in manifest["parts"]):
        return bank
    read = partial(Wordings.checked, n_posts=len(bank))
    return replace(bank, wordings=Wordings(partial(_texts_as_loaded, folder, manifest, read)))


def _texts_as_loaded(
    folder: Path, manifest: Mapping[str, Any], read: Callable[[Parts], Parts]
) -> Parts:
    """Return the texts of the posts that were loaded, not of those that stand there meanwhile."""
    try:
        return _rebuilt(folder, "wordings", manifest, read)
    except ForecasterError as error:
        if _is_unchanged(folder, manifest):
            raise
        raise ForecasterError(
            f"{folder} was replaced since it was loaded", "the forecaster that was", "load it again"
        ) from error


def _is_unchanged(folder: Path, manifest: Mapping[str, Any]) -> bool:
    try:
        return read_manifest(folder) == manifest
    except ForecasterError:
        return False


def _scorecard_beside(folder: Path) -> Scorecard | None:
    path = folder.parent / "scorecard.json"
    if not path.is_file():
        return None
    try:
        return Scorecard.from_dict(json.loads(path.read_text("utf-8")))
    except Exception as error:  # it comes from elsewhere, as the parts do
        raise ForecasterError(
            f"{path} is broken", "the scorecard that postcast wrote", "remove it, or train again"
        ) from error
