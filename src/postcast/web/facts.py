"""What people and programs are told of a forecaster: what it reads, how good it is.

Knows no request. Tells no path: a folder's encoder goes by its last name.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from postcast.evaluate.summary import verdict
from postcast.runs.results import versions

if TYPE_CHECKING:
    from postcast.web.service import Answers

UNMEASURED = "How good it is was not measured: there is no scorecard beside the forecaster."


def model_facts(service: Answers) -> dict[str, Any]:
    """Return what `postcast.web.schemas.ModelOut` describes."""
    forecaster = service.forecaster
    card, rule = forecaster.scorecard, forecaster.rule
    rates = forecaster.base_rates()
    told = None if card is None else card.to_dict()
    if told is not None:
        told["encoder"] = shown(told["encoder"])
    return {
        "classifier": forecaster.facts["classifier"],
        "encoder": shown(forecaster.facts["encoder"]),
        "target": forecaster.facts.get("target", "class"),
        "thresholds": list(rule.thresholds),
        "shares": list(rates.shares),
        "recent_shares": None if rates.recent is None else list(rates.recent),
        "recent_posts": rates.n_recent,
        "coverage": rule.coverage,
        "reads": list(service.forecaster.reads()),
        "past_posts": len(forecaster.bank),
        "median_engagement": service.median_engagement(),
        "synthetic": bool(forecaster.facts.get("synthetic", False)),
        "verdict": UNMEASURED if card is None else verdict(card),
        "scorecard": told,
        "versions": versions(),
        "notice": service.notice,
    }


def shown(name: str) -> str:
    """Return the name of an encoder as anyone may see it."""
    return PurePath(name).name if PurePath(name).is_absolute() else name
