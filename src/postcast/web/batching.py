"""Questions of many at once → one worker that takes what waits and answers it together.

Knows no HTTP, and of a question only how large it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Q = TypeVar("Q")
A = TypeVar("A")


class FullError(Exception):
    """There is no place left to wait."""


class AbandonedError(Exception):
    """Nobody waits for this answer any more."""


@dataclass(eq=False)
class _Waiting(Generic[Q, A]):
    """A question, and whoever waits for its answer."""

    question: Q
    size: int
    effort: float
    is_part: bool
    loop: asyncio.AbstractEventLoop  # of the server, and so the same for all
    future: asyncio.Future[A]
    is_abandoned: bool = field(default=False)


class Lane(Generic[Q, A]):
    """A bounded queue and the one thread that answers what is in it.

    The thread takes what waits, up to `together`, without waiting for more: alone, a question is
    answered at once; the busier it is, the more are answered together. Parts of a question too
    large for that come after all that waits, one at a time, so that it holds up nobody for long.

    Parameters
    ----------
    name : str
    answer : callable
        Answers some questions together, each as it would be answered alone.
    waiting : int
        Sizes of questions that may wait or be answered, all in all.
    together : callable
        Returns the effort of the questions that are answered together now; a larger one goes
        alone.
    counted : callable
        Told the name and the size of each batch.
    """

    def __init__(
        self,
        name: str,
        answer: Callable[[Sequence[Q]], Sequence[A]],
        *,
        waiting: int,
        together: Callable[[], float],
        counted: Callable[[str, int], None],
    ) -> None:
        self.name = name
        self._answer = answer
        self._most_waiting = waiting
        self._together = together
        self._counted = counted
        self._arrived: list[_Waiting[Q, A]] = []  # the loop's own, till it hands them over
        self._queue: deque[_Waiting[Q, A]] = deque()
        self._parts: deque[_Waiting[Q, A]] = deque()
        self._answered: list[_Waiting[Q, A]] = []
        self._size = 0
        self._changed = threading.Condition()
        self._is_closing = False
        self._thread = threading.Thread(target=self._work, name=f"postcast {name}", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what waits, then end."""
        self._hand_over()
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    @property
    def waiting(self) -> int:
        """The sizes of the questions that wait or are answered."""
        return self._size

    @contextlib.contextmanager
    def place(self, size: int = 1) -> Iterator[None]:
        """Hold a place of some size while a question is asked, in parts or at once.

        Raises
        ------
        FullError
            If too much waits already.
        """
        if self._is_closing or (self._size and self._size + size > self._most_waiting):
            raise FullError
        self._size += size
        try:
            yield
        finally:
            self._size -= size

    async def ask(
        self, question: Q, size: int = 1, *, effort: float = 1.0, is_part: bool = False
    ) -> A:
        """Return the answer to a question, for which a `place` is held.

        Parameters
        ----------
        question : Q
        size : int
            How much of the place it takes.
        effort : float
            What its answer takes, in units of the lane's `together`.
        is_part : bool
            Whether it is a part of a question too large to be answered at once.

        Raises
        ------
        FullError
            If the lane is closed.
        """
        if self._is_closing:
            raise FullError
        loop = asyncio.get_running_loop()
        one: _Waiting[Q, A] = _Waiting(question, size, effort, is_part, loop, loop.create_future())
        if not self._arrived:
            loop.call_soon(self._hand_over)
        self._arrived.append(one)
        try:
            return await one.future
        except asyncio.CancelledError:
            one.is_abandoned = True
            raise

    def check(self) -> None:
        """Let the thread stop in the middle of an answer for which nobody waits.

        Raises
        ------
        AbandonedError
        """
        if self._answered and all(one.is_abandoned for one in self._answered):
            raise AbandonedError

    def _hand_over(self) -> None:
        """Let the thread have what arrived in one turn of the loop, all of it at once.

        It would begin with the first alone, and hold up the reading of the others.
        """
        with self._changed:
            for one in self._arrived:
                (self._parts if one.is_part else self._queue).append(one)
            self._arrived.clear()
            self._changed.notify()

    def _work(self) -> None:
        while batch := self._take():
            self._serve([one for one in batch if not one.is_abandoned])

    def _take(self) -> list[_Waiting[Q, A]]:
        """Return what is answered together next; nothing at the end."""
        together = self._together()
        with self._changed:
            while not (self._queue or self._parts or self._is_closing):
                self._changed.wait()
            batch: list[_Waiting[Q, A]] = []
            effort = 0.0
            while self._queue and (not batch or effort + self._queue[0].effort <= together):
                batch.append(self._queue.popleft())
                effort += 0 if batch[-1].is_abandoned else batch[-1].effort
            if self._parts:
                batch.append(self._parts.popleft())
            return batch

    def _serve(self, batch: list[_Waiting[Q, A]]) -> None:
        if not batch:
            return
        self._counted(self.name, sum(one.size for one in batch))
        self._answered = batch
        try:
            answers = self._answer([one.question for one in batch])
        except AbandonedError:
            return
        except Exception as error:
            if len(batch) > 1:  # the fault of one is not the others'
                for one in batch:
                    self._serve([one])
                return
            _deliver(batch, [error])
            return
        finally:
            self._answered = []
        _deliver(batch, answers)


def _deliver(batch: Sequence[_Waiting[Q, A]], answers: Sequence[A | Exception]) -> None:
    """Hand answers over to the loop that waits for them, all with one call: each wakes it."""

    def settle() -> None:
        for one, answer in zip(batch, answers, strict=True):
            if one.future.done():
                continue
            if isinstance(answer, Exception):
                one.future.set_exception(answer)
            else:
                one.future.set_result(answer)

    try:
        batch[0].loop.call_soon_threadsafe(settle)
    except RuntimeError:  # nobody waits any more: the loop is closed
        log.debug("answers came too late")
