"""The scorecard in plain language, for the page. Knows figures and words; no HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from postcast.evaluate.report import CAPTIONS
from postcast.evaluate.summary import SCORE_NAMES, verdict
from postcast.evaluate.words import BASELINES, class_ranges, percent, share_told
from postcast.schema import CLASSES

if TYPE_CHECKING:
    from postcast.scorecard import Estimate, Figures, Scorecard

QUESTIONS = {
    "accuracy": "How often is the class right?",
    "macro_f1": "How well are all three classes found, each counting alike?",
    "qwk": "How well do forecast and outcome agree, when far misses cost more?",
    "spearman": "Does it put posts in the order in which they then fared?",
    "log_loss": "How surprised was it by what happened? Less is better.",
    "brier": "How far off were its probabilities? Less is better.",
    "ece": "How far are its probabilities from how often they come true? Less is better.",
}
"""What each score answers, in plain words."""


def told_scorecard(card: Scorecard | None, figures: Sequence[str]) -> dict[str, Any]:
    """Return what the page of the scorecard shows.

    Parameters
    ----------
    card : Scorecard or None
    figures : sequence of str
        Names of the pictures that there are.
    """
    if card is None:
        return {"card": None, "figures": []}
    return {
        "card": card,
        "verdict": verdict(card),
        "plainly": _plainly(card),
        "baselines": [BASELINES.get(name, name) for name in card.baselines],
        "scores": [_row(name, question, card) for name, question in QUESTIONS.items()],
        "classes": _classes(card),
        "figures": [{"name": name, "caption": CAPTIONS[name][1]} for name in figures],
    }


def _plainly(card: Scorecard) -> list[str]:
    """Return the scorecard's main figures as sentences."""
    posts = "synthetic posts" if card.synthetic else "posts"
    sentences = [
        f"It was tested on {card.n_test:,} {posts} that it had not learned from, and got the "
        f"class of {percent(card.accuracy)} of them right."
    ]
    if "majority" in card.baselines:
        usual = card.baselines["majority"].accuracy
        sentences.append(f"Always naming the commonest class would have got {percent(usual)}.")
    asked, kept = card.coverage.get("asked"), card.coverage.get("all")
    if asked is not None and kept is not None:
        sentences.append(
            "The set of classes that goes with each forecast was to hold the truth "
            f"{share_told(asked)} of the time, and held it {share_told(kept)} of the time."
        )
    sentences.append("In brackets: between these the figure lies, 95% sure.")
    return sentences


def _row(score: str, question: str, card: Scorecard) -> dict[str, Any]:
    def cell(figures: Figures) -> tuple[str, str]:
        return split(getattr(figures, score))

    return {
        "question": question,
        "name": SCORE_NAMES[score],
        "own": cell(card),
        "others": [cell(one) for one in card.baselines.values()],
    }


def split(estimate: Estimate) -> tuple[str, str]:
    """Return a figure and its interval apart, for two lines."""
    value, _, interval = str(estimate).partition(" ")
    return value, interval


def shared(estimate: Estimate) -> tuple[str, str]:
    """Return a share in percent and its interval."""
    value, _, interval = percent(estimate).partition(" ")
    return value, "" if estimate.low is None else interval


def _classes(card: Scorecard) -> list[dict[str, Any]]:
    ranges = class_ranges(card.thresholds, card.target)
    rows = []
    for code, name in enumerate(CLASSES):
        found = card.per_class[name]
        rows.append(
            {
                "name": name,
                "range": ranges[code] if ranges else "",
                "precision": shared(found.estimate("precision")),
                "recall": shared(found.estimate("recall")),
                "f1": split(found.estimate("f1")),
                "support": f"{found.support:,}",
            }
        )
    return rows
