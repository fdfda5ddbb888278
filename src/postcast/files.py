"""Writing files whole: under a temporary name, then renamed.

Knows nothing of what is in them. A killed run leaves the old file or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import platform
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

from postcast.errors import OutputError

log = logging.getLogger(__name__)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes its name, else it is removed.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{_writer()}.tmp")
    try:
        with explaining_os_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _writer() -> str:
    """Return a name that no other process has, on this machine or on one of the same disk."""
    host = re.sub(r"[^\w-]", "-", platform.node())[:32]
    job = os.environ.get("SLURM_JOB_ID", "0")
    return f"{host}.{job}.{os.getpid()}.{secrets.token_hex(4)}"


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8 with newlines as they are, whole or not at all."""
    write_bytes(path, text.encode())


def check_writable(folder: Path) -> None:
    """Refuse a folder that could not be made or written to, before long work; leave nothing.

    Raises
    ------
    OutputError
    """
    with explaining_os_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is a file", "a folder", "choose another --out")
        there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        tempfile.TemporaryFile(dir=there).close()


@contextlib.contextmanager
def removing_if_new(*paths: Path, unless: Path | None = None) -> Iterator[None]:
    """Remove again what was not there before, and the folders made for it, after an error.

    An interruption removes nothing, nor does an error where `unless` has come to be: the same
    command goes on from there.
    """
    new = [one for path in paths for one in (*reversed(path.parents), path) if not one.exists()]
    try:
        yield
    except Exception:
        for path in new if unless is None or not unless.exists() else ():
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let one process at a time change a folder that is there; a killed one lets go of it.

    Where the system or the file system has no such locks, nothing is held.

    Raises
    ------
    OutputError
        If another process is changing it.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(_locked(folder, "LOCK_NB"))
        except BlockingIOError:
            raise OutputError(
                f"another process is changing {folder}",
                action="wait for it, then give the same command again",
            ) from None
        yield


def in_turn(folder: Path) -> AbstractContextManager[None]:
    """Wait until no other process changes a folder, then do as `alone_in`."""
    return _locked(folder, "LOCK_EX")


@contextlib.contextmanager
def _locked(folder: Path, flag: Literal["LOCK_NB", "LOCK_EX"]) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX | getattr(fcntl, flag))
        except BlockingIOError:
            raise
        except OSError as error:
            log.debug("no lock on %s: %s", folder, error)
        yield


@contextlib.contextmanager
def explaining_os_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write `path` into an `OutputError`."""
    try:
        yield
    except Exception as error:
        code = _error_number(error)
        if code is None and not isinstance(error, OSError):
            raise
        raise OutputError(
            f"cannot write {path}: {os.strerror(code) if code else error}",
            action=_ADVICE.get(code or 0, "choose another --out"),
        ) from error


def _error_number(error: Exception) -> int | None:
    """Return the system's error number, which libraries in Rust tell in their message alone."""
    if isinstance(error, OSError) and error.errno:
        return error.errno
    told = re.search(r"\(os error (\d+)\)", str(error))
    return int(told[1]) if told else None


_ADVICE = {
    errno.ENOSPC: "free some disk space, then run it again",
    errno.EDQUOT: "free some of your quota, then run it again",
    errno.EACCES: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.ENOTDIR: "choose a path whose parent is a folder",
    errno.EISDIR: "choose a path that is no folder",
}
