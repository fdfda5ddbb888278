"""The request, by a signal, to save what is under way: schedulers send it before they stop a job.

Knows no training; whoever can save asks whether it was requested.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

SIGNAL = "SIGUSR1"
"""What Slurm sends with ``--signal=USR1@120``; systems without it send none."""


def ignore_requests() -> None:
    """Let no request end this process, which has nothing to save yet, or nothing any more."""
    if hasattr(signal, SIGNAL):
        signal.signal(getattr(signal, SIGNAL), signal.SIG_IGN)


class SaveRequest:
    """Whether a save was asked for, and not yet done.

    Attributes
    ----------
    is_open : bool
    """

    def __init__(self) -> None:
        self.is_open = False

    def _ask(self, *_: Any) -> None:
        self.is_open = True

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Take the signal for a request while inside, and as it was taken before after that.

        Nothing is heard outside of the main thread, which alone may say how signals are taken.
        """
        number = getattr(signal, SIGNAL, None)
        is_main = threading.current_thread() is threading.main_thread()
        before = signal.getsignal(number) if number is not None and is_main else None
        if number is None or before is None:  # None, too, where not Python decides how it is taken
            yield
            return
        signal.signal(number, self._ask)
        try:
            yield
        finally:
            signal.signal(number, before)
