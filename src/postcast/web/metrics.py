"""What the server counts of itself, in Prometheus's text format. Knows no request's content."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping

from postcast.version import __version__

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.time()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._within: Counter[float] = Counter()
        self._seconds = 0.0
        self._batches: Counter[str] = Counter()
        self._asked: Counter[str] = Counter()

    def count_request(self, path: str, status: int, seconds: float) -> None:
        """Count an answered request.

        Parameters
        ----------
        path : str
            The route's, never one that a client made up.
        status : int
        seconds : float
        """
        with self._lock:
            self._requests[path, status] += 1
            self._seconds += seconds
            self._within.update(bound for bound in BOUNDS if seconds <= bound)

    def count_batch(self, lane: str, size: int) -> None:
        """Count what was answered together."""
        with self._lock:
            self._batches[lane] += 1
            self._asked[lane] += size

    def text(self, waiting: Mapping[str, int]) -> str:
        """Return everything as text.

        Parameters
        ----------
        waiting : mapping of str to int
            How much waits in each lane.
        """
        with self._lock:
            return "\n".join(self._lines(waiting)) + "\n"

    def _lines(self, waiting: Mapping[str, int]) -> Iterator[str]:
        yield from _head("postcast_info", "gauge", "Version of postcast.")
        yield f'postcast_info{{version="{__version__}"}} 1'
        yield from _head("postcast_requests_total", "counter", "Requests by route and status.")
        for (path, status), n in sorted(self._requests.items()):
            yield f'postcast_requests_total{{path="{path}",status="{status}"}} {n}'
        name = "postcast_request_seconds"
        yield from _head(name, "histogram", "Seconds from request to answer.")
        total = sum(self._requests.values())
        for bound in BOUNDS:
            yield f'{name}_bucket{{le="{bound}"}} {self._within[bound]}'
        yield f'{name}_bucket{{le="+Inf"}} {total}'
        yield f"{name}_sum {self._seconds:.6f}"
        yield f"{name}_count {total}"
        yield from _head("postcast_waiting", "gauge", "What waits to be answered.")
        for lane, size in sorted(waiting.items()):
            yield f'postcast_waiting{{lane="{lane}"}} {size}'
        yield from _head("postcast_batches_total", "counter", "Batches that were answered.")
        for lane, n in sorted(self._batches.items()):
            yield f'postcast_batches_total{{lane="{lane}"}} {n}'
        yield from _head("postcast_answers_total", "counter", "Posts or questions in them.")
        for lane, n in sorted(self._asked.items()):
            yield f'postcast_answers_total{{lane="{lane}"}} {n}'
        yield from _head("process_start_time_seconds", "gauge", "When the server began.")
        yield f"process_start_time_seconds {self._started:.3f}"
        memory = resident_bytes()
        if memory is not None:
            yield from _head("process_resident_memory_bytes", "gauge", "Memory of the process.")
            yield f"process_resident_memory_bytes {memory}"


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"


def resident_bytes() -> int | None:
    """Return the memory that this process holds; None where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None
