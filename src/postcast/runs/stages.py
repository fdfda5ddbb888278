"""Seconds, posts a second and peak memory of each stage of a run. Knows no stage by name."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from postcast.wording import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """One stage's cost.

    Parameters
    ----------
    name : str
    seconds : float
        Wall clock.
    posts_per_second : float or None
    peak_rss_mb : float or None
        The process's peak resident memory so far, in MiB; None where it cannot be had.
    """

    name: str
    seconds: float
    posts_per_second: float | None
    peak_rss_mb: float | None

    def __str__(self) -> str:
        told = [f"{self.name} took {self.seconds:.1f} s"]
        if self.posts_per_second is not None:
            told.append(f"{counted(round(self.posts_per_second), 'post')} a second")
        if self.peak_rss_mb is not None:
            told.append(f"at most {self.peak_rss_mb:,.0f} MiB of memory so far")
        return ", ".join(told)


@dataclass
class Stages:
    """The stages of a run, in the order in which they ended."""

    done: list[Stage] = field(default_factory=list)

    @contextlib.contextmanager
    def measure(self, name: str, n_posts: int | None = None) -> Iterator[None]:
        """Measure what happens inside."""
        log.info("%s …", name)
        start = time.perf_counter()
        yield
        seconds = time.perf_counter() - start
        speed = n_posts / seconds if n_posts and seconds > 0 else None
        stage = Stage(name, round(seconds, 3), speed and round(speed, 1), peak_rss_mb())
        self.done.append(stage)
        log.debug("%s", stage)


def peak_rss_mb() -> float | None:
    """Return the process's peak resident memory in MiB, or None on a system without it."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)
