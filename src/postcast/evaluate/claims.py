"""What the field says it learned, each claim checked on the posts of this run.

Knows forecasts and embeddings as arrays; not how either came about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from postcast.evaluate.metrics import differences
from postcast.evaluate.resampling import DRAWS, SEED, class_f1, estimate, resample
from postcast.evaluate.similarity import likeness, wording_effect
from postcast.evaluate.words import listed, percent, signed
from postcast.schema import CLASSES, Predictions
from postcast.scorecard import Claim, Estimate

if TYPE_CHECKING:
    from postcast.schema import FloatArray, Matrix


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that the claims are checked on.

    Parameters
    ----------
    predictions : Predictions
        The forecaster's, on the test posts.
    baselines : mapping of str to Predictions
        On the same posts; ``tfidf_linear`` and ``majority`` are looked at.
    encoder : str
        ``tfidf`` for a forecaster whose text features are word counts.
    embeddings : ndarray or csr_matrix of float, shape (n_posts, d), or None
        The text features of the test posts.
    unweighted : Predictions or None
        Those of the same classifier trained without class weights.
    blocks : tuple of str
        The feature blocks that the forecaster sees.
    draws, seed : int
        Of the bootstrap.
    """

    predictions: Predictions
    baselines: Mapping[str, Predictions] = field(default_factory=dict)
    encoder: str
    embeddings: Matrix | None = None
    unweighted: Predictions | None = None
    blocks: tuple[str, ...] = ("text",)
    draws: int = DRAWS
    seed: int = SEED


def check_claims(evidence: Evidence) -> tuple[Claim, ...]:
    """Check what the reference's authors say they learned, one claim each.

    A claim holds, or fails, where the 95% interval of its figure lies on one side of
    nothing; where it does not, ``holds`` is None.
    """
    return (
        _embeddings(evidence),
        _imbalance(evidence),
        _easiest(evidence),
        _alike(evidence),
        _wording(evidence),
        _text_alone(evidence),
        _class_weights(evidence),
    )


def _embeddings(evidence: Evidence) -> Claim:
    claim = "Embeddings tell more than word counts"
    if evidence.encoder == "tfidf":
        return _unchecked(claim, "this forecaster's features are word counts themselves")
    if "tfidf_linear" not in evidence.baselines:
        return _unchecked(claim, "there is no TF-IDF + linear baseline on these posts")
    gain = _macro_f1_gain(evidence, evidence.predictions, evidence.baselines["tfidf_linear"])
    return _weighed(
        claim,
        gain,
        f"Macro-F1 with {evidence.encoder} differs from that of TF-IDF + linear on the same posts "
        f"by {signed(gain)}",
    )


def _imbalance(evidence: Evidence) -> Claim:
    counts = _confusions(evidence)
    actual, forecast = (counts.sum(axis) / counts.sum((1, 2))[:, None] for axis in (2, 1))
    top = int(actual[0].argmax())
    lean = estimate(forecast[:, top] - actual[:, top])
    both = estimate(
        np.minimum(actual[:, top] - 1 / len(CLASSES), forecast[:, top] - actual[:, top])
    )
    shares = listed(f"{name} {actual[0, code]:.0%}" for code, name in enumerate(CLASSES))
    return Claim(
        claim="The classes are imbalanced and the model leans to the dominant one",
        holds=_sided(both),
        sentence=(
            f"The posts were {shares}; {CLASSES[top]} was forecast for "
            f"{forecast[0, top]:.0%} of them, a lean of {signed(lean)}."
        ),
    )


def _easiest(evidence: Evidence) -> Claim:
    f1 = class_f1(_confusions(evidence))
    low, medium, high = f1.T
    margin = np.minimum(low - np.maximum(medium, high), np.minimum(low, high) - medium)
    figures = listed(f"{estimate(f1[:, code])} for {name}" for code, name in enumerate(CLASSES))
    return Claim(
        claim="Low is the easiest class and medium the hardest",
        holds=_sided(estimate(margin)),
        sentence=f"F1 is {figures}.",
    )


def _alike(evidence: Evidence) -> Claim:
    claim = "Low posts resemble one another most"
    if evidence.embeddings is None:
        return _unchecked(claim, "these posts have no embeddings")
    actual = evidence.predictions.actual
    within = {
        name: likeness(evidence.embeddings[np.flatnonzero(actual == code)])
        for code, name in enumerate(CLASSES)
    }
    if any(alike.value is None for alike in within.values()):
        return _unchecked(claim, "a class has fewer than three posts with text")
    figures = listed(f"{alike} within {name}" for name, alike in within.items())
    return Claim(
        claim=claim,
        holds=_sided(_least_lead(within)),
        sentence=f"The mean cosine of two posts' {evidence.encoder} vectors is {figures}.",
    )


def _least_lead(within: Mapping[str, Estimate]) -> Estimate:
    """Return how far low's likeness lies above the most alike other class's."""
    first = within[CLASSES[0]]
    second = max((within[name] for name in CLASSES[1:]), key=lambda alike: alike.value or 0.0)
    lead = (first.value or 0.0) - (second.value or 0.0)
    half = float(np.hypot(_half_width(first), _half_width(second)))
    return Estimate(lead, lead - half, lead + half)


def _wording(evidence: Evidence) -> Claim:
    claim = "Posts with like counts get different forecasts by their wording"
    forecast = evidence.predictions.forecast
    same_count = wording_effect(forecast, evidence.predictions.engagement)
    if same_count.value is None:
        return _unchecked(claim, "too few posts have the same count")
    any_count = wording_effect(forecast, np.zeros(len(forecast)))
    return _weighed(
        claim,
        same_count,
        f"Of two posts with exactly the same count, {percent(same_count)} got different "
        f"forecasts; of any two posts, {any_count.value or 0:.0%}",
    )


def _text_alone(evidence: Evidence) -> Claim:
    claim = "Text alone, without images, carries signal"
    if "majority" not in evidence.baselines:
        return _unchecked(claim, "there is no majority baseline on these posts")
    subject, predictions = "This forecaster, which sees text alone,", evidence.predictions
    if set(evidence.blocks) != {"text"}:
        if "tfidf_linear" not in evidence.baselines:
            return _unchecked(claim, "this forecaster sees more than text")
        subject = "TF-IDF + linear, which sees text alone (this forecaster sees more),"
        predictions = evidence.baselines["tfidf_linear"]
    gain = _macro_f1_gain(evidence, predictions, evidence.baselines["majority"])
    return _weighed(
        claim,
        gain,
        f"{subject} differs in macro-F1 from always forecasting the same class by {signed(gain)}",
    )


def _class_weights(evidence: Evidence) -> Claim:
    claim = "Class weights help"
    if evidence.unweighted is None:
        return _unchecked(claim, "this classifier has no class weights")
    gain = _macro_f1_gain(evidence, evidence.predictions, evidence.unweighted)
    return _weighed(
        claim,
        gain,
        f"Macro-F1 with class weights differs from the same classifier's without them "
        f"by {signed(gain)}",
    )


def _macro_f1_gain(evidence: Evidence, first: Predictions, second: Predictions) -> Estimate:
    paired = differences(first, second, ("macro_f1",), draws=evidence.draws, seed=evidence.seed)
    return paired["macro_f1"]


def _confusions(evidence: Evidence) -> FloatArray:
    drawn = resample(evidence.predictions, (), draws=evidence.draws, seed=evidence.seed)
    return drawn["confusion"]


def _unchecked(claim: str, why: str) -> Claim:
    return Claim(claim=claim, holds=None, sentence=f"Not checked: {why}.")


def _weighed(claim: str, figure: Estimate, sentence: str) -> Claim:
    holds = _sided(figure)
    doubt = ", which chance alone could do" if holds is None else ""
    return Claim(claim=claim, holds=holds, sentence=f"{sentence}{doubt}.")


def _sided(figure: Estimate) -> bool | None:
    if figure.low is None or figure.high is None:
        return None
    if figure.low < figure.high and figure.low <= 0 <= figure.high:
        return None
    return figure.low > 0


def _half_width(figure: Estimate) -> float:
    return ((figure.high or 0.0) - (figure.low or 0.0)) / 2
