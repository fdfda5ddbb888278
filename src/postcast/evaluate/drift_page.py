"""A drift as a page for people, from its records and the finished pictures.

Knows plain values and a template; computes no score and draws nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from postcast.evaluate.drift_text import (
    BLOCKS,
    advice,
    against,
    best_baseline,
    shift_sentence,
    thresholds_sentence,
    verdict,
)
from postcast.evaluate.report import environment
from postcast.evaluate.summary import SCORE_NAMES
from postcast.evaluate.words import BASELINES, signed

if TYPE_CHECKING:
    from postcast.drifted import Drift

CAPTIONS = {
    "score_by_period": "Macro-F1 by period, 95% intervals; the band: in the training's test.",
    "loss_by_period": "Log loss by period; lower is better.",
    "ece_by_period": "Calibration error (ECE) by period; fewer posts raise it by chance alone.",
    "shift": "How well newer posts can be told from those of the training, with 95% intervals.",
}


def render_drift(drift: Drift, pictures: Mapping[str, str]) -> str:
    """Return a drift as one HTML page that asks for nothing from elsewhere.

    Parameters
    ----------
    drift : Drift
        Escaped here, all of it.
    pictures : mapping of str to str
        Picture name to its ``<svg>`` element, from `postcast.evaluate.drawing.svg_text`;
        taken as it stands.
    """
    from markupsafe import Markup

    best = best_baseline(drift)
    figures: dict[str, list[dict[str, Any]]] = {}
    for name, svg in pictures.items():
        part = "shift" if name == "shift" else "periods"
        # svg_text wrote it from our own drawing and escaped what users gave
        picture: dict[str, Any] = {"name": name, "caption": CAPTIONS[name], "svg": Markup(svg)}  # noqa: S704
        figures.setdefault(part, []).append(picture)
    return (
        environment()
        .get_template("drift.html.j2")
        .render(
            drift=drift,
            verdict=verdict(drift),
            advice=advice(drift).replace("`", ""),
            best=best,
            best_called=BASELINES.get(best, best) if best else "",
            rows=[*drift.periods, drift.overall] if drift.posts else [],
            checks=[
                {
                    "name": SCORE_NAMES[check.score],
                    "period": check.period,
                    "against": against(check),
                    "then": check.then,
                    "now": check.now,
                    "change": signed(check.change),
                    "is_worse": check.is_worse,
                }
                for check in drift.checks
            ],
            shifts=[
                {
                    "name": shift.block,
                    "meaning": BLOCKS.get(shift.block, ""),
                    "area": shift.told_apart,
                    "told": shift_sentence(shift),
                    "posts": shift.posts,
                }
                for shift in drift.shifts
            ],
            thresholds=thresholds_sentence(drift.thresholds) if drift.posts else "",
            figures=figures,
        )
    )
