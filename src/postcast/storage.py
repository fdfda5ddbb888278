"""A forecaster's parts on disk: safetensors, JSON and files kept whole, each with its hash.

Knows no model. Nothing is ever unpickled; a part that is missing, changed or unknown is an
error that names it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from postcast.errors import ForecasterError
from postcast.features.cache import Cache, default_folder
from postcast.files import explaining_os_errors
from postcast.schema import Parts

FORMAT = 2
"""The version of the folder's layout; a reader refuses any other."""

MANIFEST = "manifest.json"

LARGE = 2**20
"""Bytes from which on a part's digest is remembered, by inode, size and time of change."""


def save_parts(folder: Path, pieces: Mapping[str, Parts], facts: Mapping[str, Any]) -> None:
    """Write `pieces` and their manifest as `folder`, whole or not at all.

    Parameters
    ----------
    folder : Path
        Replaced if it is there.
    pieces : mapping of str to Parts
        By name; a name may hold slashes.
    facts : mapping
        Further keys of the manifest.
    """
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    with explaining_os_errors(folder):
        try:
            listed = [row for name in pieces for row in _write(temporary, name, pieces[name])]
            manifest = {"format": FORMAT, **facts, "parts": listed}
            (temporary / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
            old = temporary.with_suffix(".old")
            if folder.exists():
                folder.rename(old)
            temporary.rename(folder)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def mend(folder: Path) -> None:
    """Put right what a killed `save_parts` left: the old folder back in its place, no halves."""
    halves = [
        half for end in ("old", "tmp") for half in folder.parent.glob(f".{folder.name}.*.{end}")
    ]
    with explaining_os_errors(folder):
        for half in halves:
            if half.suffix == ".old" and not folder.exists():
                half.rename(folder)
            else:
                shutil.rmtree(half)


def surviving(folder: Path) -> Path:
    """Return a saved folder, or where the old one is while or after it was being replaced."""
    if folder.exists():
        return folder
    return next(iter(sorted(folder.parent.glob(f".{folder.name}.*.old"))), folder)


def _write(folder: Path, name: str, parts: Parts) -> list[dict[str, str]]:
    """Write one piece; return its rows of the manifest."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    written = [(f"{name}.json", "json")]
    text = json.dumps(parts.facts, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / f"{name}.json").write_text(text + "\n", "utf-8")
    if parts.arrays:
        import numpy as np
        from safetensors.numpy import save

        arrays = {key: np.ascontiguousarray(value) for key, value in parts.arrays.items()}
        (folder / f"{name}.safetensors").write_bytes(save(arrays))
        written.append((f"{name}.safetensors", "safetensors"))
    for kept_name, source in parts.files.items():
        path = f"{name}/{kept_name}"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / path)
        written.append((path, "file"))
    return [
        {"path": path, "sha256": file_sha256(folder / path), "kind": kind} for path, kind in written
    ]


def load_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a saved forecaster.

    Raises
    ------
    ForecasterError
        If there is none, it is broken, or of a newer format.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ForecasterError(
            f"no forecaster in {folder}",
            f"a file {MANIFEST} in it",
            "give a RUN folder that `postcast run` or `postcast train` finished",
        )
    try:
        manifest = json.loads(path.read_text("utf-8"))
        version = int(manifest["format"])
        parts = [(row["path"], row["sha256"]) for row in manifest["parts"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ForecasterError(
            f"{path} is broken", "the manifest that postcast wrote", "train again"
        ) from error
    if version > FORMAT:
        raise ForecasterError(
            f"{path} has format {version}",
            f"at most {FORMAT}",
            "install the newer postcast that wrote it: pip install --upgrade postcast",
        )
    if version < FORMAT:
        raise ForecasterError(
            f"{path} has format {version}, of an older postcast",
            f"format {FORMAT}",
            "train again with the settings in run.json",
        )
    _check(folder, parts)
    return dict(manifest)


def _check(folder: Path, parts: list[tuple[str, str]]) -> None:
    """Refuse a folder whose files are not exactly the listed ones, byte for byte."""
    root = folder.resolve()
    listed = {MANIFEST}
    large = Cache(default_folder()).digests
    for path, digest in parts:
        part = (folder / path).resolve()
        if root not in part.parents:
            raise ForecasterError(f"part {path} of {folder} lies outside it", action="train again")
        if not part.is_file():
            raise ForecasterError(
                f"part {path} of {folder} is missing", action="copy the folder again, whole"
            )
        is_large = part.stat().st_size >= LARGE
        if (large.sha256_of(part) if is_large else file_sha256(part)) != digest:
            raise ForecasterError(
                f"part {path} of {folder} has changed",
                f"sha256 {digest[:12]}…",
                "copy the folder again, or train again",
            )
        listed.add(path)
    for found in sorted(folder.rglob("*")):
        name = found.relative_to(folder).as_posix()
        if found.is_file() and name not in listed:
            raise ForecasterError(
                f"part {name} of {folder} is unknown", action="remove it, or copy the folder again"
            )


def load_parts(folder: Path, name: str, manifest: Mapping[str, Any]) -> Parts:
    """Return one piece of a folder that `load_manifest` has checked."""
    listed = {row["path"] for row in manifest["parts"]}
    if f"{name}.json" not in listed:
        raise ForecasterError(f"part {name}.json of {folder} is missing", action="train again")
    facts = json.loads((folder / f"{name}.json").read_text("utf-8"))
    arrays = {}
    if f"{name}.safetensors" in listed:
        from safetensors.numpy import load_file

        arrays = load_file(folder / f"{name}.safetensors")
    prefix = f"{name}/"
    files = {
        path.removeprefix(prefix): folder / path
        for path in sorted(listed)
        if path.startswith(prefix)
    }
    return Parts(facts, arrays, files)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
