"""One command at a time: who submits work keeps others from submitting the same.

Knows a folder, and nothing of what is submitted from it.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from postcast.errors import ClusterError
from postcast.files import explaining_os_errors

LOCK = ".submitting"

TAKING = ".submitting.dead"
"""Whoever made this one, and nobody else, may remove the lock of a process that is no more."""


@contextlib.contextmanager
def claimed(folder: Path, what: Path) -> Iterator[None]:
    """Keep two commands from submitting the same at once.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    what : Path
        What is submitted, for people.

    Raises
    ------
    ClusterError
        If another one is at it.
    """
    lock = folder / LOCK
    with explaining_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    _remove_if_dead(lock)
    try:
        with lock.open("x", encoding="utf-8") as file:
            json.dump({"host": socket.gethostname(), "process": os.getpid()}, file)
    except FileExistsError:
        raise ClusterError(
            f"{what} is being submitted by another postcast",
            action=f"look again in a moment; if that has died, remove {lock}",
        ) from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def owner_of(folder: Path) -> str | None:
    """Return who is submitting from a folder, in words; None where nobody is.

    Of another host it cannot be told whether a process has died.
    """
    lock = folder / LOCK
    _remove_if_dead(lock)
    try:
        owner = dict(json.loads(lock.read_text("utf-8")))
        return f"process {owner['process']} on {owner['host']}"
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        return "a process that did not say which"


def _remove_if_dead(lock: Path) -> None:
    """Remove the lock of a process of this host that is no more.

    Where that is left half done, the lock stays, and people are told to remove it.
    """
    taking = lock.with_name(TAKING)
    if not _is_dead(lock):
        return
    with contextlib.suppress(OSError):  # another is at it, or this folder may only be read
        taking.open("x").close()
        try:
            # looked at again: what was dead may have been removed, and made anew by a living one
            if _is_dead(lock):
                lock.unlink(missing_ok=True)
        finally:
            taking.unlink(missing_ok=True)


def _is_dead(lock: Path) -> bool:
    """Return whether a lock is that of a process of this host that is no more."""
    try:
        owner = dict(json.loads(lock.read_text("utf-8")))
        if owner["host"] == socket.gethostname():
            os.kill(int(owner["process"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, TypeError, KeyError):  # none, or of nobody that could be asked
        return False
    return False
