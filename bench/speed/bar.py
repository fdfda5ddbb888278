"""One bar: a ratio of medians, its spread over rounds, and what it must reach."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.speed.machine import instruction_sets, missing


@dataclass(frozen=True)
class Bar:
    """A measured bar.

    Parameters
    ----------
    what, against : str
    ours, theirs : sequence of float
        Seconds, or any cost, a round; rounds are interleaved.
    at_least : float
        The ratio theirs / ours that must be reached.
    needs : tuple of str
        Of the processor; where it lacks some of them the bar does not apply.
    details : mapping
    """

    what: str
    against: str
    ours: Sequence[float]
    theirs: Sequence[float]
    at_least: float
    needs: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Theirs over ours, of medians."""
        return statistics.median(self.theirs) / statistics.median(self.ours)

    def to_dict(self) -> dict[str, Any]:
        """Return the bar as a row of the result."""
        lacking = missing(self.needs)
        ratios = [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]
        return {
            "what": self.what,
            "against": self.against,
            "ratio": round(self.ratio, 3),
            "spread": [round(min(ratios), 3), round(max(ratios), 3)],
            "must_reach": self.at_least,
            "met": self.ratio >= self.at_least if lacking is None else None,
            **({} if lacking is None else {"not_applicable": lacking}),
            "needs": list(self.needs),
            "instruction_sets": instruction_sets(),
            "ours_median": round(statistics.median(self.ours), 5),
            "theirs_median": round(statistics.median(self.theirs), 5),
            **self.details,
        }


def interleaved(rounds: int, sides: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Return what each side cost in each round, the sides in turn."""
    costs: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            costs[name].append(measure())
    return costs
