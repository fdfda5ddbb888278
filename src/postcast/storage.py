"""A forecaster's parts on disk: safetensors, JSON and files kept whole, each with its hash.

Knows no model. Nothing is ever unpickled; every part is hashed whenever it is loaded, and one
that is missing, changed or unknown is an error that names it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from postcast.errors import ForecasterError, PostcastError
from postcast.features.digests import digest_now
from postcast.files import explaining_os_errors
from postcast.schema import Parts
from postcast.validation import parse_object, parse_tensors, text, whole

FORMAT = 2
"""The version of the folder's layout; a reader refuses any other."""

MANIFEST = "manifest.json"

KINDS = ("json", "safetensors", "file")

MOST_MANIFEST_BYTES = 16 * 2**20


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


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a saved forecaster, whose parts are there but not yet hashed.

    Raises
    ------
    ForecasterError
        If there is none, it is broken or of another format, or the folder's files are not
        exactly those that it lists.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ForecasterError(
            f"no forecaster in {folder}",
            f"a file {MANIFEST} in it",
            "give a RUN folder that `postcast run` or `postcast train` finished",
        )
    try:
        manifest = parse_object(_bytes_of(path, MOST_MANIFEST_BYTES))
        version = whole(manifest, "format", 0, 10**6)
    except (OSError, ValueError) as error:
        raise _broken(path) from error
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
    try:
        listed = _listed(manifest)
    except ValueError as error:
        raise _broken(path) from error
    _check_files(folder, listed)
    return manifest


def load_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a saved forecaster, every part of which has its hash.

    Raises
    ------
    ForecasterError
        If a part is missing, changed or unknown; see `read_manifest`.
    """
    manifest = read_manifest(folder)
    with hashing(folder, manifest["parts"]):
        return manifest


def _broken(path: Path) -> ForecasterError:
    return ForecasterError(f"{path} is broken", "the manifest that postcast wrote", "train again")


def _listed(manifest: Mapping[str, Any]) -> list[str]:
    """Return the paths of the parts that a manifest lists.

    Raises
    ------
    ValueError
        If it is not as `save_parts` writes it.
    """
    rows = manifest.get("parts")
    if not isinstance(rows, list):
        raise ValueError("no list of parts")
    paths = []
    for row in rows:
        if not isinstance(row, dict):
            raise ValueError("a part that is no JSON object")
        text(row, "kind", KINDS)
        text(row, "sha256")
        paths.append(text(row, "path"))
        if not paths[-1].isprintable():
            raise ValueError("a part with control characters in its name")
    return paths


def _check_files(folder: Path, listed: Sequence[str]) -> None:
    """Refuse a folder whose files are not exactly the listed ones."""
    root = folder.resolve()
    for path in listed:
        part = (folder / path).resolve()
        if root not in part.parents:
            raise ForecasterError(f"part {path} of {folder} lies outside it", action="train again")
        if not part.is_file():
            raise ForecasterError(
                f"part {path} of {folder} is missing", action="copy the folder again, whole"
            )
    known = {MANIFEST, *listed}
    for found in sorted(folder.rglob("*")):
        name = found.relative_to(folder).as_posix()
        if found.is_file() and name not in known:
            raise ForecasterError(
                f"part {name} of {folder} is unknown", action="remove it, or copy the folder again"
            )


@contextlib.contextmanager
def hashing(folder: Path, rows: Sequence[Mapping[str, str]]) -> Iterator[None]:
    """Hash parts in a thread while the block runs; refuse those that changed when it ends.

    Parameters
    ----------
    folder : Path
    rows : sequence of mapping
        Of the manifest's ``parts``.

    Raises
    ------
    ForecasterError
        At the end of the block, whatever the block itself raises.
    """
    refused: list[Exception] = []

    def check() -> None:
        try:
            for row in rows:
                _check_hash(folder, row, digest_now(folder / row["path"]))
        except Exception as error:
            refused.append(error)

    thread = threading.Thread(target=check, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        if refused:
            with explaining_reading(folder):
                raise refused[0]


def _check_hash(folder: Path, row: Mapping[str, str], digest: str) -> None:
    if digest != row["sha256"]:
        raise ForecasterError(
            f"part {row['path']} of {folder} has changed",
            f"sha256 {row['sha256'][:12]}…",
            "copy the folder again, or train again",
        )


@contextlib.contextmanager
def explaining_reading(part: Path) -> Iterator[None]:
    """Turn whatever a part's contents bring about into a `ForecasterError` that names it.

    Parts come from elsewhere: what a reader did not think of is still the part's fault.

    Raises
    ------
    ForecasterError
    """
    try:
        yield
    except PostcastError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        if not isinstance(error, ValueError) or not reason:
            reason = f"{type(error).__name__} {reason}".strip()
        raise ForecasterError(
            f"{part} cannot be understood: {reason}",
            "what postcast wrote",
            "copy the folder again, or train again",
        ) from error


def load_parts(folder: Path, name: str, manifest: Mapping[str, Any]) -> Parts:
    """Return one piece of a folder, whose own bytes are hashed; see `hashing` for its files.

    Raises
    ------
    ForecasterError
        If it is missing or changed, or is not JSON and safetensors within bounds.
    """
    listed = {row["path"]: row for row in manifest["parts"]}
    if f"{name}.json" not in listed:
        raise ForecasterError(f"part {name}.json of {folder} is missing", action="train again")
    with explaining_reading(folder / f"{name}.json"):
        facts = parse_object(_hashed_bytes(folder, listed[f"{name}.json"]))
    arrays: dict[str, Any] = {}
    if f"{name}.safetensors" in listed:
        with explaining_reading(folder / f"{name}.safetensors"):
            arrays = parse_tensors(_hashed_bytes(folder, listed[f"{name}.safetensors"]))
    prefix = f"{name}/"
    files = {
        path.removeprefix(prefix): folder / path
        for path in sorted(listed)
        if path.startswith(prefix) and listed[path]["kind"] == "file"
    }
    return Parts(facts, arrays, files)


def _hashed_bytes(folder: Path, row: Mapping[str, str]) -> bytearray:
    """Return the bytes of a part, once they have the hash of the manifest."""
    data = _bytes_of(folder / row["path"])
    _check_hash(folder, row, hashlib.sha256(data).hexdigest())
    return data


def _bytes_of(path: Path, most: int | None = None) -> bytearray:
    with path.open("rb") as file:
        size = path.stat().st_size
        if most is not None and size > most:
            raise ValueError(f"{path} has {size} bytes, more than {most}")
        data = bytearray(size)
        if file.readinto(data) != size:
            raise ValueError(f"{path} changed while it was read")
        return data


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
