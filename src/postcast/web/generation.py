"""One forecaster as it was loaded, whole: what a server answers with until it takes up a newer one.

Knows a run's folder; no request. It reads nothing again from a folder that may be replaced.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.errors import ForecasterError
from postcast.evaluate.report import CAPTIONS
from postcast.saved import load
from postcast.schema import Post
from postcast.storage import MANIFEST, surviving

if TYPE_CHECKING:
    from postcast.features.text import TextEncoder
    from postcast.forecaster import Forecaster
    from postcast.schema import Matrix, Parts

TRIES = 3
"""Times that a run is read which changes while it is read."""

AT_ONCE = 8
"""Texts that a pretrained encoder reads before it is asked whether anybody still waits."""


class Generation:
    """A forecaster, twice, with all that is shown beside its answers.

    Parameters
    ----------
    forecaster : Forecaster
    second : Forecaster
        The same one, loaded again, for the slower questions: encoders keep state while they
        compute, and a forecast is not to wait for them.
    run : Path or None
        The run's folder, for its figures.
    check : callable
        Raises where nobody waits any more for the answer that the second one works at.
    """

    def __init__(
        self,
        forecaster: Forecaster,
        second: Forecaster,
        run: Path | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.mark = mark_of(run)
        self.forecaster = replace(forecaster, baselines={})
        encoders = {
            block: _Pausing(one, check) if one.describe().get("longest_tokens") else one
            for block, one in second.senses.encoders.items()
        }
        senses = replace(second.senses, bank=forecaster.bank, encoders=encoders)
        self.second = replace(second, senses=senses, baselines={})
        self.figures = _figures(run)
        if forecaster.bank.wordings is not None:
            forecaster.bank.wordings.state  # noqa: B018  read now: later another run may stand there

    @classmethod
    def read(cls, run: Path, device: str, check: Callable[[], None] = lambda: None) -> Generation:
        """Return the generation that stands in a run's folder, ready to answer.

        Raises
        ------
        PostcastError
            If it cannot be loaded, is still being written, or changes whenever it is read.
        """
        for _ in range(TRIES):
            before = mark_of(run)
            if not _is_finished(run):
                raise ForecasterError(f"{run} is still being written", action="wait until it is")
            forecaster, second = load(run, device=device), load(run, device=device)
            generation = cls(forecaster, second, run, check)
            generation.warm_up()
            if before == generation.mark == mark_of(run):
                return generation
        raise changing(run)

    def warm_up(self) -> None:
        """Make the first answer as fast as the others, and open whatever is opened late."""
        for one in (self.forecaster, self.second):
            one.predict(Post(text="a"))

    def reads_images(self) -> bool:
        """Return whether an image makes any difference."""
        return "image" in self.forecaster.reads()

    def median_engagement(self) -> float | None:
        """Return the median engagement of the past posts; None where there are none."""
        counts = self.forecaster.bank.engagement
        return float(np.median(counts)) if len(counts) else None


def changing(run: Path) -> ForecasterError:
    """Return the error for a run that changes whenever it is read."""
    return ForecasterError(f"{run} changes while it is read", action="wait until it is written")


def is_replaced(run: Path | None, generation: Generation) -> bool:
    """Return whether another finished run stands where a generation was read."""
    if run is None or not _is_finished(run):
        return False
    mark = mark_of(run)
    return bool(mark) and mark != generation.mark


def mark_of(run: Path | None) -> str:
    """Return what tells the states of a run's folder apart; empty where no forecaster is.

    What is written first and last is in it, and so is all that the forecaster's parts hash to.
    """
    if run is None:
        return ""
    inner = surviving(run / "forecaster")
    folder = inner if inner.is_dir() else run
    found = hashlib.sha256()
    for path in (folder / MANIFEST, folder.parent / "scorecard.json", folder.parent / "run.json"):
        try:
            found.update(path.read_bytes())
        except OSError:
            if path.name == MANIFEST:
                return ""
        found.update(b"\0")
    return found.hexdigest()


def _is_finished(run: Path) -> bool:
    """Return whether nobody writes the run; of a forecaster saved alone, nothing says so."""
    try:
        told = json.loads((run / "run.json").read_text("utf-8"))
        return bool(told.get("finished", True))
    except (OSError, ValueError, AttributeError):
        return True


def _figures(run: Path | None) -> Mapping[str, bytes]:
    """Return the pictures that a run has, of those that are known."""
    if run is None:
        return {}
    paths = {name: run / "figures" / f"{name}.svg" for name in CAPTIONS}
    return {name: path.read_bytes() for name, path in paths.items() if path.is_file()}


@dataclass(frozen=True)
class _Pausing:
    """A pretrained encoder that asks, every few texts, whether its answer is still wanted."""

    encoder: TextEncoder
    check: Callable[[], None]

    @property
    def name(self) -> str:
        return self.encoder.name

    def fit(self, texts: Sequence[str], authors: Sequence[str | None] | None = None) -> None:
        self.encoder.fit(texts, authors)

    def encode(self, texts: Sequence[str]) -> Matrix:
        distinct = list(dict.fromkeys(texts))
        rows = {text: row for row, text in enumerate(distinct)}
        vectors = []
        for start in range(0, max(len(distinct), 1), AT_ONCE):
            self.check()
            vectors.append(self.encoder.encode(distinct[start : start + AT_ONCE]))
        found: Matrix = np.concatenate(vectors)[[rows[text] for text in texts]]
        return found

    def describe(self) -> dict[str, Any]:
        return self.encoder.describe()

    def columns(self) -> tuple[str, ...]:
        return self.encoder.columns()

    def state(self) -> Parts:
        return self.encoder.state()
