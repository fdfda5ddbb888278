"""One run as a page for people and as a model card, from facts and finished pictures.

Knows plain values and templates; computes no score and draws nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from postcast.evaluate.summary import (
    LOWER_IS_BETTER,
    SCORE_NAMES,
    by_fall,
    known_scores,
    leaning,
    ordering,
    verdict,
)
from postcast.evaluate.words import (
    BASELINES,
    FEATURE_GROUPS,
    OWN_MEAN,
    class_ranges,
    share_told,
    signed,
)
from postcast.schema import CLASSES
from postcast.scorecard import SCORES, Estimate
from postcast.wording import counted, number_in_words

if TYPE_CHECKING:
    from jinja2 import Environment

    from postcast.scorecard import Claim, Scorecard

_SCORE_MEANINGS = {
    "accuracy": "share of posts forecast right",
    "macro_f1": "mean of the three classes' F1, each class alike",
    "weighted_f1": "mean of the classes' F1 by their posts",
    "qwk": "agreement beyond chance, far misses cost more",
    "spearman": "does it rank posts as their engagement does",
    "mae_log": "mean error of the expected count, log(1 + count)",
    "log_loss": "cost of the probability given to what came, nats",
    "brier": "squared error of the probabilities, 0 to 2",
    "ece": "gap between stated probability and being right",
}

CAPTIONS: Mapping[str, tuple[str, str]] = {
    "confusion_matrix": ("classes", "Posts by actual and forecast class."),
    "confusion_matrix_share": ("classes", "The same as shares of each actual class."),
    "confusion_matrix_bar": ("classes", "Which forecasts the posts of each actual class got."),
    "classification_report_bar": ("classes", "Precision, recall and F1, by class and on average."),
    "class_metrics_bar": ("classes", "F1 of each class beside the baselines'."),
    "stacked_histogram": ("classes", "What the posts behind each forecast turned out to be."),
    "stacked_bar": ("classes", "Shares of the forecasts within each actual class."),
    "predicted_distribution": ("classes", "How often each class was, and was forecast."),
    "importance": ("importance", "By how much macro-F1 falls when posts swap each group."),
    "text_length_engagement": (
        "posts",
        "Text length and engagement of every test post; larger points had more engagement.",
    ),
    "calibration": ("calibration", "Stated probability against how often it came true."),
    "training_loss_line": ("training", "Loss by epoch on training and on held-out training posts."),
    "training_loss_scatter": ("training", "Loss of every epoch."),
    "training_loss_bar": ("training", "Mean loss over spans of epochs."),
    "training_loss_histogram": ("training", "How many epochs had which loss."),
    "training_loss_box": ("training", "Spread of the training loss within spans of epochs."),
}
"""The part of the page that each picture belongs to, and what it shows."""

COVERED = {"asked": "asked for", "all": "all test posts", "counts": "counts within their bounds"}
"""What each share of the coverage is called, where its name is not that of a class."""


@dataclass(frozen=True, kw_only=True)
class ReportFacts:
    """All that a report or model card says, as plain values.

    Parameters
    ----------
    title : str
        The run's name.
    input_name : str
        The file of posts, as shown to people.
    scorecard : Scorecard
    split_sentence : str
        How training and test posts were told apart.
    rejected : mapping of str to int
        Reason to number of rows.
    stages : sequence of mapping
        As in run.json: ``name``, ``seconds``, ``posts_per_second``, ``peak_rss_mb``.
    settings, versions : mapping
    warnings : tuple of str
    audit : sequence of mapping, optional
        Findings as in run.json; None where nobody looked.
    precision : str, optional
        What a faster precision of the encoder cost, in a sentence.
    images : str, optional
        How many images were seen, in a sentence.
    base_rates : sequence of (str, str, str), optional
        A class, its share of the past posts, and that of the newest of them.
    newest : sequence of str, optional
        The newest posts' shares in sentences; empty where nothing orders them.
    """

    title: str
    input_name: str
    scorecard: Scorecard
    split_sentence: str
    rejected: Mapping[str, int] = field(default_factory=dict)
    stages: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    audit: Sequence[Mapping[str, Any]] | None = None
    precision: str | None = None
    images: str | None = None
    base_rates: Sequence[tuple[str, str, str]] = ()
    newest: Sequence[str] = ()


def render_report(facts: ReportFacts, figures: Mapping[str, str]) -> str:
    """Return the report as one HTML page that asks for nothing from elsewhere.

    Parameters
    ----------
    facts : ReportFacts
        Escaped here, all of it.
    figures : mapping of str to str
        Picture name to its ``<svg>`` element, from `postcast.evaluate.drawing.svg_text`;
        taken as it stands.
    """
    from markupsafe import Markup

    parts: dict[str, list[dict[str, Any]]] = {}
    for name, svg in figures.items():
        part, caption = CAPTIONS.get(name, ("posts", name.replace("_", " ").capitalize() + "."))
        # svg_text wrote it from our own drawing and escaped what users gave
        picture = {"name": name, "caption": caption, "svg": Markup(svg)}  # noqa: S704
        parts.setdefault(part, []).append(picture)
    return environment().get_template("report.html.j2").render(_context(facts), figures=parts)


def model_card(facts: ReportFacts) -> str:
    """Return MODEL_CARD.md, in the sections of Mitchell et al. (2019)."""
    return environment().get_template("model_card.md.j2").render(_context(facts))


def _context(facts: ReportFacts) -> dict[str, Any]:
    scorecard = facts.scorecard
    return {
        "facts": facts,
        "card": scorecard,
        "verdict": verdict(scorecard),
        "baselines": {name: BASELINES.get(name, name) for name in scorecard.baselines},
        "scores": _score_rows(scorecard),
        "classes": CLASSES,
        "ranges": dict(zip(CLASSES, _ranges(scorecard), strict=False)),
        "own_mean": f"{OWN_MEAN[0].upper()}{OWN_MEAN[1:]}." if _is_relative(scorecard) else "",
        "differences": _difference_rows(scorecard),
        "ordering": ordering(scorecard),
        "coverage": _coverage_rows(scorecard),
        "leaning": leaning(scorecard) if scorecard.importance else "",
        "importance": _importance_rows(scorecard),
        "giveaways": [_giveaway(finding) for finding in facts.audit or ()],
    }


def _is_relative(scorecard: Scorecard) -> bool:
    return scorecard.target == "relative"


def _ranges(scorecard: Scorecard) -> tuple[str, ...]:
    return class_ranges(scorecard.thresholds, scorecard.target)


def _giveaway(finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding of the audit as a row: what it is, and the scores with and without."""
    worth = finding["worth"]
    rank = "allowed leak" if finding["is_allowed"] else "leak" if finding["is_leak"] else "warning"
    return {
        "rank": rank,
        "sentence": f"{finding['says']}; {finding['dealt_with']}.",
        "with": Estimate(**worth["with"]),
        "without": Estimate(**worth["without"]),
    }


def _score_rows(scorecard: Scorecard) -> list[dict[str, Any]]:
    return [
        {
            "name": SCORE_NAMES[score],
            "meaning": _meaning(score, scorecard),
            "better": "lower" if score in LOWER_IS_BETTER else "higher",
            "own": getattr(scorecard, score),
            "others": [getattr(figures, score) for figures in scorecard.baselines.values()],
        }
        for score in known_scores(scorecard)
    ]


def _meaning(score: str, scorecard: Scorecard) -> str:
    if score == "spearman" and _is_relative(scorecard):
        return "does it rank posts as they compare with their author's previous ones"
    return _SCORE_MEANINGS[score]


def _difference_rows(scorecard: Scorecard) -> list[dict[str, Any]]:
    asked = [s for s in SCORES if any(s in row for row in scorecard.differences.values())]
    return [
        {
            "name": SCORE_NAMES[score],
            "better": "lower" if score in LOWER_IS_BETTER else "higher",
            "cells": [
                signed(scorecard.differences.get(name, {}).get(score, Estimate()))
                for name in scorecard.baselines
            ],
        }
        for score in asked
    ]


def _importance_rows(scorecard: Scorecard) -> list[dict[str, Any]]:
    return [
        {
            "name": group,
            "meaning": FEATURE_GROUPS[group].meaning if group in FEATURE_GROUPS else "",
            "fall": found.macro_f1_fall,
            "rise": found.log_loss_rise,
            "posts": found.posts,
        }
        for group, found in by_fall(scorecard)
    ]


def _coverage_rows(scorecard: Scorecard) -> list[tuple[str, str]]:
    return [
        (COVERED.get(name, name), share_told(share)) for name, share in scorecard.coverage.items()
    ]


def environment() -> Environment:
    """Return what renders postcast's templates, escaping all that stands in a page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    made = Environment(
        loader=PackageLoader("postcast.evaluate"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"count": number_in_words, "number": _number}
    made.filters |= {"md": _markdown, "plain": _plain, "counted": counted}
    made.filters["answer"] = _answer
    return made


def _answer(claim: Claim) -> str:
    if claim.sentence.startswith("Not checked"):
        return "not checked"
    return {True: "holds here", False: "does not hold here", None: "cannot be told here"}[
        claim.holds
    ]


def _number(value: float | None) -> str:
    """Write a measurement with three figures, in full."""
    if value is None:
        return "–"
    return number_in_words(value, 3)


def _plain(value: object) -> str:
    """Write a setting as its user would."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "–"
    return str(value)


def _markdown(value: object) -> str:
    """Write a value on one line of Markdown with its signs as plain signs."""
    line = " ".join(_plain(value).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_\[\]|>#])", r"\\\1", line)
