"""Writing files whole: under a temporary name, then renamed.

Knows nothing of what is in them. A killed run leaves the old file or the new one. A link is
written through: what it names is replaced, and the link stays. A device, a pipe or an open
descriptor is written into, never replaced.
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
import stat
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

from postcast.errors import OutputError

log = logging.getLogger(__name__)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path; on success its content is that of `path`, else it is removed.

    Parameters
    ----------
    path : Path
        A link is written through, even where nothing stands yet at its end. Into a device, a pipe
        or a descriptor as ``/dev/stdout`` the content is written once it is whole.

    Raises
    ------
    OutputError
        If the folder cannot be written to, or the disk is full.
    """
    if is_stream(path):
        with explaining_os_errors(path), tempfile.TemporaryDirectory(prefix="postcast-") as folder:
            temporary = Path(folder, "content")
            yield temporary
            _pour(temporary, path)
        return
    target = _end_of_links(path)
    temporary = target.with_name(f".{target.name}.{_writer()}.tmp")
    try:
        with explaining_os_errors(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            temporary.replace(target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def is_stream(path: Path) -> bool:
    """Return whether a path names something to write into: a device, a pipe, a descriptor."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or _is_descriptor(path)


_DESCRIPTORS = re.compile(r"/dev/fd|/proc/\d+(/task/\d+)?/fd")
"""Folders of a process's open files. What such a name links to may be a file that a shell holds
open: replaced, it would lose what else is written to it."""

_MOST_LINKS = 40


def _is_descriptor(path: Path) -> bool:
    """Return whether a path is, or links to, an open file of a process, as ``/dev/stdout``."""
    name = path.absolute()
    for _ in range(_MOST_LINKS):
        folder = name.parent.resolve()
        if _DESCRIPTORS.fullmatch(str(folder)):
            return True
        if not name.is_symlink():
            return False
        name = folder / name.readlink()
    return False


def _end_of_links(path: Path) -> Path:
    """Return where a path leads; itself where it is no link.

    Raises
    ------
    OutputError
        If its links lead in a circle.
    """
    if not path.is_symlink():
        return path
    end = Path(os.path.realpath(path))
    if end.is_symlink():
        raise OutputError(
            f"{path} is a link that leads back to itself", "a file", "choose another --out"
        )
    return end


def _pour(source: Path, path: Path) -> None:
    """Write a file's content into a stream, behind what else was written to it."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    with os.fdopen(descriptor, "wb") as stream, source.open("rb") as content:
        shutil.copyfileobj(content, stream)


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
        if folder.is_symlink() and not folder.exists():
            raise OutputError(
                f"{folder} is a link to nothing", "a folder", "make the folder that it names"
            )
        there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        tempfile.TemporaryFile(dir=there).close()


@contextlib.contextmanager
def removing_if_new(*paths: Path, unless: Path | None = None) -> Iterator[None]:
    """Remove again what was not there before, and the folders made for it, after an error.

    An interruption removes nothing, nor does an error where `unless` has come to be: the same
    command goes on from there. Of a link that names nothing yet, only what came to stand at its
    end is removed, never the link.
    """
    ends = [Path(os.path.realpath(path)) for path in paths]
    new = [
        name
        for end in ends
        for name in (*reversed(end.parents), end)
        if not os.path.lexists(name)  # a broken link is there
    ]
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
