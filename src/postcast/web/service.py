"""A forecaster that many ask at once: two lanes, one for forecasts, one for slower questions.

Knows posts and answers; no HTTP and no page.
"""

from __future__ import annotations

import logging
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from threadpoolctl import threadpool_limits

from postcast.errors import PostcastError
from postcast.saved import load
from postcast.web.asking import Uploads
from postcast.web.batching import FullError, Lane
from postcast.web.decoding import Decoding
from postcast.web.generation import TRIES, Generation, changing, is_replaced, mark_of
from postcast.web.limits import Limits
from postcast.web.metrics import Metrics
from postcast.web.problems import too_many
from postcast.web.together import Asked, Pace, Part, answer_together, effort_of

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.schema import Forecast, Post

T = TypeVar("T")

log = logging.getLogger(__name__)

NEWER = "A newer run is there: send SIGHUP or restart the server to take it up."
NEWER_HERE = "A newer run is there: restart the server to take it up."
"""The same where the system has no such signal."""

LOOKS_EVERY = 5.0
"""Seconds between two looks at whether a newer run is there."""


class Service:
    """What a server answers with.

    Parameters
    ----------
    forecaster : Forecaster
    second : Forecaster
        The same one, loaded again; see `Generation`.
    run : Path or None
        The run's folder, for its figures and for newer ones.
    limits : Limits
    device : {"auto", "cpu", "cuda"}
        Where those compute that are loaded later.
    """

    def __init__(
        self,
        forecaster: Forecaster,
        second: Forecaster,
        run: Path | None = None,
        limits: Limits | None = None,
        device: str = "auto",
    ) -> None:
        self.run = run
        self.limits = limits or Limits()
        self.metrics = Metrics()
        self.decoding = Decoding(self.limits.uploads_at_once)
        self.is_stopping = False
        self.is_newer_there = False
        self._device = device
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._one_thread: threadpool_limits | None = None
        self._pace = Pace(self.limits.seconds_together)
        self._forecasts: Lane[Asked | Part, list[Forecast]] = Lane(
            "forecasts",
            self._answer,
            waiting=self.limits.waiting,
            together=lambda: self._pace.effort,
            counted=self.metrics.count_batch,
        )
        self._questions: Lane[Callable[[], object], object] = Lane(
            "questions",
            lambda asked: [question() for question in asked],
            waiting=self.limits.questions,
            together=lambda: 1,
            counted=self.metrics.count_batch,
        )
        self.generation = Generation(forecaster, second, run, self._questions.check)
        self._wakes = threading.Event()
        self._is_told = False
        self._keeper = threading.Thread(target=self._keep_up, name="postcast runs", daemon=True)

    @classmethod
    def of_run(cls, run: Path, device: str = "auto", limits: Limits | None = None) -> Self:
        """Return what answers with the forecaster of a run.

        Raises
        ------
        PostcastError
            If it cannot be loaded, or changes whenever it is read.
        """
        for _ in range(TRIES):
            before = mark_of(run)
            forecaster, second = load(run, device=device), load(run, device=device)
            service = cls(forecaster, second, run, limits, device)
            service.generation.warm_up()
            if before == service.generation.mark == mark_of(run):
                return service
        raise changing(run)

    def start(self) -> None:
        """Begin to answer; the first answer comes as fast as the others."""
        self._folder = tempfile.TemporaryDirectory(prefix="postcast-")
        self.generation.warm_up()
        # NumPy's second thread spins where it waits, on the core that reads and writes
        self._one_thread = threadpool_limits(1, user_api="blas")
        self._forecasts.start()
        self._questions.start()
        self._keeper.start()

    def stop(self) -> None:
        """Answer what was taken, then end."""
        self.is_stopping = True
        self._wakes.set()
        self._forecasts.stop()
        self._questions.stop()
        self.decoding.stop()
        if self._one_thread is not None:
            self._one_thread.restore_original_limits()
        if self._folder is not None:
            self._folder.cleanup()

    def renew(self) -> None:
        """Take up the run that stands in the folder now, soon; may be called by a signal."""
        self._is_told = True
        self._wakes.set()

    def now(self) -> Answers:
        """Return what answers one request, from its first question to its last."""
        return Answers(self, self.generation)

    @property
    def uploads(self) -> Uploads:
        """Where uploaded images lie; there is none before the start."""
        if self._folder is None:
            raise RuntimeError("the service was not started")
        return Uploads(Path(self._folder.name), self.decoding)

    @property
    def waiting(self) -> dict[str, int]:
        """How much waits in each lane or is answered."""
        return {lane.name: lane.waiting for lane in (self._forecasts, self._questions)}

    async def forecast(self, asked: Asked) -> list[Forecast]:
        """Return the forecasts of a request, in parts where it would hold up the others."""
        posts = asked.posts
        try:
            with self._forecasts.place(len(posts)):
                end = self._pace.parts(posts, 0)
                if end == len(posts):
                    effort = sum(map(effort_of, posts))
                    return await self._forecasts.ask(asked, len(posts), effort=effort)
                answers: list[Forecast] = []
                while len(answers) < len(posts):
                    start = len(answers)
                    end = self._pace.parts(posts, start)
                    part = Part(asked, start, end)
                    answers += await self._forecasts.ask(part, end - start, is_part=True)
                return answers
        except FullError:
            raise too_many() from None

    async def ask(self, question: Callable[[], T]) -> T:
        """Return the answer to a slower question."""
        try:
            with self._questions.place():
                answer: T = await self._questions.ask(question)  # type: ignore[assignment]
        except FullError:
            raise too_many(2) from None
        return answer

    def _answer(self, asked: Sequence[Asked | Part]) -> list[list[Forecast]]:
        start = time.perf_counter()
        answers = answer_together(asked)
        self._pace.note(sum(map(_effort_of_all, asked)), start)
        return answers

    def _keep_up(self) -> None:
        """Look for newer runs, and take one up when told; a thread of its own."""
        while True:
            self._wakes.wait(LOOKS_EVERY)
            self._wakes.clear()
            if self.is_stopping:
                return
            is_told, self._is_told = self._is_told, False
            try:
                if is_told:
                    self._take_up()
                self.is_newer_there = is_replaced(self.run, self.generation)
            except Exception as error:  # the server goes on with what it has
                log.warning("the run cannot be looked at: %s", type(error).__name__)

    def _take_up(self) -> None:
        if self.run is None:
            return
        try:
            self.generation = Generation.read(self.run, self._device, self._questions.check)
        except PostcastError as error:
            log.warning("not taken up, the old run goes on answering: %s", error)
        except Exception as error:  # whatever a broken run raises
            reason = f"{self.run} cannot be read ({type(error).__name__})"
            log.warning("not taken up, the old run goes on answering: %s", reason)
        else:
            log.info("Taken up: %s as it stands now", self.run)


def _effort_of_all(asked: Asked | Part) -> float:
    if isinstance(asked, Part):
        return sum(map(effort_of, asked.asked.posts[asked.start : asked.end]))
    return sum(map(effort_of, asked.posts))


@dataclass(frozen=True)
class Answers:
    """What answers one request: one generation, whatever is taken up meanwhile.

    Parameters
    ----------
    service : Service
    generation : Generation
    """

    service: Service
    generation: Generation

    @property
    def forecaster(self) -> Forecaster:
        """The forecaster that answers."""
        return self.generation.forecaster

    @property
    def figures(self) -> Mapping[str, bytes]:
        """The pictures of its scorecard, by name."""
        return self.generation.figures

    @property
    def uploads(self) -> Uploads:
        """Where uploaded images lie, if they are looked at."""
        uploads = self.service.uploads
        return Uploads(uploads.folder, uploads.decoding, self.generation.reads_images())

    @property
    def notice(self) -> str | None:
        """What whoever runs the server should know."""
        if not self.service.is_newer_there:
            return None
        return NEWER if hasattr(signal, "SIGHUP") else NEWER_HERE

    def median_engagement(self) -> float | None:
        """Return the median engagement of the past posts; None where there are none."""
        return self.generation.median_engagement()

    async def forecast(self, posts: Sequence[Post]) -> list[Forecast]:
        """Return what `Forecaster.predict` answers to these posts.

        Raises
        ------
        ProblemError
            429 where too much waits already.
        """
        return await self.service.forecast(Asked(self.forecaster, posts))

    async def ask(self, question: Callable[[Forecaster], T]) -> T:
        """Return the answer to a slower question.

        Raises
        ------
        ProblemError
            429 where too many wait already.
        """
        return await self.service.ask(lambda: question(self.generation.second))
