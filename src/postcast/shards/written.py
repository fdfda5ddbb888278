"""What stays of divided drafts once their forecasts are written: a record in place of the shards.

Whoever asks again is told that they are written. Knows no engine.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from pathlib import Path

from postcast.errors import ShardError
from postcast.files import explaining_os_errors, write_text
from postcast.shards.manifest import Manifest
from postcast.storage import file_sha256

RECORD = "written.json"


def record_written(
    manifest: Manifest, device: str, out: Path, n_forecasts: int, *, raw_csv: bool = False
) -> None:
    """Keep in the manifest's folder that its forecasts are written, and nothing else.

    Parameters
    ----------
    manifest : Manifest
    device : {"cpu", "cuda"}
    out : Path
        The file that holds them.
    n_forecasts : int
    raw_csv : bool
        Whether text stands there as it is.

    Raises
    ------
    OutputError
        If the record cannot be written.
    """
    with explaining_os_errors(out):
        sha256 = file_sha256(out)
    told = {
        "asked": _asked(manifest, device, raw_csv=raw_csv),
        "sha256": sha256,
        "forecasts": n_forecasts,
    }
    write_text(manifest.folder / RECORD, json.dumps(told) + "\n")
    _remove_others(manifest.folder)


def written_before(
    manifest: Manifest, device: str, out: Path, *, raw_csv: bool = False
) -> int | None:
    """Return how many forecasts a file holds that was written of the same; None where none was.

    Parameters
    ----------
    manifest : Manifest
        Of the same drafts, run and settings as the one that was recorded.
    device : {"cpu", "cuda"}
    out : Path
        Unchanged since.
    raw_csv : bool
    """
    try:
        told = dict(json.loads((manifest.folder / RECORD).read_text("utf-8")))
        asked = _asked(manifest, device, raw_csv=raw_csv)
        if told["asked"] != asked or told["sha256"] != file_sha256(out):
            return None
        n_forecasts = int(told["forecasts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    _remove_others(manifest.folder)
    return n_forecasts


def forget(folder: Path) -> None:
    """Remove the record of what was written before, if there is one, and its folder.

    Raises
    ------
    ShardError
        If something in it cannot be removed yet.
    """
    record = folder / RECORD
    if not record.exists():
        return
    _remove_others(folder)
    with explaining_os_errors(folder):
        # the record goes last: without it the rest would be taken for somebody's files
        if any(one != record for one in folder.iterdir()):
            raise ShardError(
                f"{folder} is still in use by the job that filled it",
                action="give the same command again in a moment",
            )
        record.unlink(missing_ok=True)
        folder.rmdir()


def _asked(manifest: Manifest, device: str, *, raw_csv: bool) -> str:
    """Return what stands for the drafts, the run and the settings, wherever they lie."""
    told = [manifest.work.keys[device], [shard.sha256 for shard in manifest.shards]]
    told += ["raw"] * raw_csv
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _remove_others(folder: Path) -> None:
    """Remove all but the record, as far as that can be done.

    On NFS the log of the very job that does it stays, under another name, until the job has ended.
    """
    with contextlib.suppress(OSError):
        for one in folder.iterdir():
            if one.is_dir():
                shutil.rmtree(one, ignore_errors=True)
            elif one.name != RECORD:
                with contextlib.suppress(OSError):
                    one.unlink()
