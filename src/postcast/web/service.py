"""A forecaster that many ask at once: two lanes, one for forecasts, one for slower questions.

Knows posts and answers; no HTTP and no page.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from postcast.models.choose import READS, TEXT_ALONE
from postcast.schema import Post
from postcast.web.asking import Uploads
from postcast.web.batching import FullError, Lane
from postcast.web.limits import Limits
from postcast.web.metrics import Metrics
from postcast.web.problems import too_many
from postcast.web.together import forecast_together

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.schema import Forecast

T = TypeVar("T")


class Service:
    """What a server answers with.

    Parameters
    ----------
    forecaster : Forecaster
    second : Forecaster
        The same one, loaded again, for the slower questions: encoders keep state while they
        compute, and a forecast is not to wait for them.
    run : Path or None
        The run's folder, for its figures.
    limits : Limits
    """

    def __init__(
        self,
        forecaster: Forecaster,
        second: Forecaster,
        run: Path | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.forecaster = replace(forecaster, baselines={})
        self.run = run
        self.limits = limits or Limits()
        self.metrics = Metrics()
        self.is_stopping = False
        senses = replace(second.senses, bank=forecaster.bank)
        self._second = replace(second, senses=senses, baselines={})
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._one_thread: threadpool_limits | None = None
        self._forecasts: Lane[Sequence[Post], list[Forecast]] = Lane(
            "forecasts",
            lambda asked: forecast_together(self.forecaster, asked),
            waiting=self.limits.waiting,
            together=self.limits.together,
            counted=self.metrics.count_batch,
        )
        self._questions: Lane[Callable[[Forecaster], Any], Any] = Lane(
            "questions",
            lambda asked: [question(self._second) for question in asked],
            waiting=self.limits.questions,
            together=1,
            counted=self.metrics.count_batch,
        )

    def start(self) -> None:
        """Begin to answer; the first answer comes as fast as the others."""
        self._folder = tempfile.TemporaryDirectory(prefix="postcast-")
        for one in (self.forecaster, self._second):
            one.predict(Post(text="a"))
        # NumPy's second thread spins where it waits, on the core that reads and writes
        self._one_thread = threadpool_limits(1, user_api="blas")
        self._forecasts.start()
        self._questions.start()

    def stop(self) -> None:
        """Answer what was taken, then end."""
        self.is_stopping = True
        self._forecasts.stop()
        self._questions.stop()
        if self._one_thread is not None:
            self._one_thread.restore_original_limits()
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def uploads(self) -> Uploads:
        """Where uploaded images lie; there is none before the start."""
        if self._folder is None:
            raise RuntimeError("the service was not started")
        return Uploads(Path(self._folder.name))

    @property
    def waiting(self) -> dict[str, int]:
        """How much waits in each lane."""
        return {lane.name: lane.waiting for lane in (self._forecasts, self._questions)}

    async def forecast(self, posts: Sequence[Post]) -> list[Forecast]:
        """Return what `Forecaster.predict` answers to these posts.

        Raises
        ------
        ProblemError
            429 where too much waits already.
        """
        try:
            return await self._forecasts.ask(posts, len(posts))
        except FullError:
            raise too_many() from None

    async def ask(self, question: Callable[[Forecaster], T]) -> T:
        """Return the answer to a slower question.

        Raises
        ------
        ProblemError
            429 where too many wait already.
        """
        try:
            answer: T = await self._questions.ask(question)
        except FullError:
            raise too_many(2) from None
        return answer

    def reads(self) -> tuple[str, ...]:
        """Return the fields of a post that its answer depends on, tags among them."""
        senses = self.forecaster.senses
        has_marks = "marks" in senses.encoders
        blocks = READS.get(self.forecaster.facts["classifier"], TEXT_ALONE)
        retrieves = "retrieved" in blocks
        marks = ("tags", "category") if has_marks or retrieves else ()
        return (*self.forecaster.reads(), *marks)

    def median_engagement(self) -> float | None:
        """Return the median engagement of the past posts; None where there are none."""
        counts = self.forecaster.bank.engagement
        return float(np.median(counts)) if len(counts) else None
