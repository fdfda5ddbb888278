"""Uploaded images → what is seen of them: few at once, and counted until their decoding has ended.

Knows no request; trusts no file.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from postcast.web.batching import FullError

P = ParamSpec("P")
T = TypeVar("T")


class Decoding:
    """The few threads that decode what was uploaded.

    Parameters
    ----------
    most : int
        Images that wait or are decoded, those of clients among them that are gone: a decoder
        cannot be stopped. One that was not begun for a client that is gone is dropped.
    threads : int
    """

    def __init__(self, most: int, threads: int = 2) -> None:
        self._most = most
        self._pool = ThreadPoolExecutor(threads, "postcast images")
        self._lock = threading.Lock()
        self._held = 0

    @property
    def held(self) -> int:
        """How many images wait or are decoded."""
        return self._held

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what some work on an image comes to.

        Raises
        ------
        FullError
            If too many wait already.
        """
        with self._lock:
            if self._held >= self._most:
                raise FullError
            self._held += 1
        try:
            future = self._pool.submit(work, *args, **kwargs)
        except RuntimeError:  # the server ends
            self._release()
            raise FullError from None
        future.add_done_callback(lambda _: self._release())
        return await asyncio.wrap_future(future)

    def stop(self) -> None:
        """Drop what was not begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _release(self) -> None:
        with self._lock:
            self._held -= 1
