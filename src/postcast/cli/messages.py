"""The library's messages on standard error: which, and when.

On a terminal they come at once. Elsewhere they are held back until a command is done, and an
error drops them, so that it stands alone in one line. Knows no command.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from typing import Any

from postcast.wording import one_line, visible

AT_MOST = 10_000
"""Messages held back."""

_logger = logging.getLogger("postcast")
_stages = logging.getLogger("postcast.runs.stages")


def set_up_messages(*, quiet: bool, verbose: bool) -> None:
    """Send the library's messages to standard error, as many as were asked for."""
    if quiet:
        os.environ["TQDM_DISABLE"] = "1"
    is_live = verbose or (sys.stderr is not None and sys.stderr.isatty())
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(message)s"))
    if not is_live:
        handler = logging.handlers.MemoryHandler(AT_MOST, logging.CRITICAL + 1, handler)
    _logger.handlers[:] = [handler]
    _logger.setLevel(logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO)
    _logger.propagate = False
    _stages.setLevel(logging.NOTSET if is_live else logging.WARNING)


class _Formatter(logging.Formatter):
    """Makes each message one line, and a trace some, in which text of others is only shown."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        return one_line(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        return visible(super().formatException(ei))


def show_messages() -> None:
    """Show what was held back, and leave logging as it was before the command."""
    for handler in _logger.handlers:
        handler.flush()
    _leave()


def show_at_once() -> None:
    """Show what was held back, and what comes from now on as it comes: a server is never done."""
    for handler in _logger.handlers:
        handler.flush()
        if isinstance(handler, logging.handlers.MemoryHandler):
            handler.flushLevel = logging.NOTSET


def drop_messages() -> None:
    """Forget what was held back, and leave logging as it was before the command."""
    for handler in _logger.handlers:
        if isinstance(handler, logging.handlers.MemoryHandler):
            handler.buffer.clear()
    _leave()


def _leave() -> None:
    _logger.handlers.clear()
    _logger.setLevel(logging.NOTSET)
    _logger.propagate = True
    _stages.setLevel(logging.NOTSET)


def tell_trace(error: Exception) -> None:
    """Show where an unexpected error came from, to those who asked for more."""
    _logger.debug("", exc_info=error)
