"""What is a server's own while it lives: its temporary folder, and what signals do to it.

Knows no network and no forecaster.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from postcast.errors import OutputError
from postcast.files import alone_in

PREFIX = "postcast-serve-"

STALE_SECONDS = 86_400
"""After which a folder is taken for a dead server's where the system knows no locks."""

TRIES = 10


class _TerminatedError(BaseException):
    """SIGTERM came: everything is put away on the way out."""


@contextlib.contextmanager
def lifetime() -> Iterator[Path]:
    """Yield a folder for temporary files, those of libraries among them, that goes in the end.

    SIGTERM ends the process by that signal, as it does by default, once everything is put away.
    SIGHUP ends it no more. What a killed server left is removed.

    Raises
    ------
    OutputError
        If there is no place for temporary files.
    """
    is_main = threading.current_thread() is threading.main_thread()
    is_terminated = False
    with contextlib.ExitStack() as stack:
        if is_main:
            stack.enter_context(_handled(signal.SIGTERM, _terminate))
            if hasattr(signal, "SIGHUP"):
                stack.enter_context(_handled(signal.SIGHUP, signal.SIG_IGN))
        try:
            with _own_folder() as folder:
                yield folder
        except _TerminatedError:
            is_terminated = True
    if is_terminated:
        signal.raise_signal(signal.SIGTERM)


def _terminate(_: int, __: FrameType | None) -> None:
    raise _TerminatedError


@contextlib.contextmanager
def _handled(number: int, handler: signal._HANDLER) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, signal.SIG_DFL if before is None else before)


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """Yield a folder of this process alone, and let `tempfile` make everything in it."""
    before = tempfile.tempdir
    parent = Path(tempfile.gettempdir())
    remove_stale(parent)
    with contextlib.ExitStack() as stack:
        folder = _locked_folder(parent, stack)
        tempfile.tempdir = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before
            shutil.rmtree(folder, ignore_errors=True)


def _locked_folder(parent: Path, stack: contextlib.ExitStack) -> Path:
    for _ in range(TRIES):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        with contextlib.suppress(OutputError):  # another that starts takes it for a dead one's
            stack.enter_context(alone_in(folder))
            if folder.exists():
                return folder
    raise OutputError(f"no folder of its own in {parent}", action="try again")


def remove_stale(parent: Path) -> None:
    """Remove the folders that servers of this user left which were killed."""
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, OutputError):
            about = folder.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != _own_user(about.st_uid):
                continue
            if not _has_locks() and time.time() - about.st_mtime < STALE_SECONDS:
                continue
            with alone_in(folder):
                shutil.rmtree(folder)


def _own_user(otherwise: int) -> int:
    return os.getuid() if hasattr(os, "getuid") else otherwise


def _has_locks() -> bool:
    try:
        import fcntl  # noqa: F401
    except ImportError:
        return False
    return True
