"""What a faster precision of the encoder cost: in likeness of vectors, and in macro-F1.

Knows an encoder at two precisions and some posts' classes; no settings.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.evaluate.metrics import differences
from postcast.features.text import Choice, load_encoder
from postcast.models.linear import LinearClassifier
from postcast.schema import Block, FeatureSet, Predictions, Target
from postcast.scorecard import Estimate
from postcast.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postcast.features.text import TextEncoder
    from postcast.schema import FloatArray, IntArray

MOST_POSTS = 400
"""Posts that are embedded at both precisions."""

FOLDS = 5


@dataclass(frozen=True)
class PrecisionCost:
    """What a precision cost against ``exact``, on a sample of the training posts.

    Parameters
    ----------
    precision : str
    arithmetic : str
        In which the encoder computes on this machine.
    n_posts : int
        0 where the vectors are the exact ones, since the processor has no faster arithmetic.
    cosine_mean, cosine_min : float
        Of each post's two vectors.
    macro_f1 : Estimate
        Of a linear classifier in cross-validation within the sample: with this precision's
        vectors minus with exact ones, on the same draws.
    """

    precision: str
    arithmetic: str
    n_posts: int
    cosine_mean: float
    cosine_min: float
    macro_f1: Estimate

    def __str__(self) -> str:
        if not self.n_posts:
            return (
                f"Precision {self.precision} is computed in {self.arithmetic} here, as exact is: "
                "this processor has no faster arithmetic for it."
            )
        f1 = self.macro_f1
        told = "not told by so few posts"
        if f1.value is not None and f1.low is not None and f1.high is not None:
            told = f"{f1.value:+.3f} [{f1.low:+.3f}, {f1.high:+.3f}]"
        return (
            f"Precision {self.precision} ({self.arithmetic}) against exact, on "
            f"{counted(self.n_posts, 'training post')}: "
            f"cosine {self.cosine_mean:.4f} on average, {self.cosine_min:.4f} at least; "
            f"macro-F1 of a linear classifier {told}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the cost as plain JSON types."""
        return asdict(self)


def cost_of(
    choice: Choice, encoder: TextEncoder, texts: Sequence[str], classes: IntArray, seed: int
) -> PrecisionCost | None:
    """Compare an encoder's vectors with exact ones; None where there is nothing to compare.

    Parameters
    ----------
    choice : Choice
        Of the encoder.
    encoder : TextEncoder
    texts : sequence of str, length n_posts
        Of training posts.
    classes : ndarray of int, shape (n_posts,)
    seed : int
        Of the sample and the folds.
    """
    if choice.precision == "exact" or encoder.name == "tfidf":
        return None
    arithmetic = str(encoder.describe()["arithmetic"])
    if arithmetic == "float32":
        return PrecisionCost(choice.precision, arithmetic, 0, 1.0, 1.0, Estimate(0.0, 0.0, 0.0))
    told = np.flatnonzero([bool(text.strip()) for text in texts])
    rows = np.sort(np.random.default_rng(seed).permutation(told)[:MOST_POSTS])
    some, actual = [texts[row] for row in rows], classes[rows]
    if not len(rows):
        return None
    exact = load_encoder(replace(choice, precision="exact")).encode(some)
    quick = encoder.encode(some)
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(quick, axis=1)
    cosines = (exact * quick).sum(axis=1) / np.where(lengths > 0, lengths, 1.0)
    f1 = Estimate()
    if np.bincount(actual, minlength=3).min() >= FOLDS:
        ours, theirs = (_answers(vectors, actual, seed) for vectors in (quick, exact))
        f1 = differences(ours, theirs, ("macro_f1",))["macro_f1"]
    nearness = float(cosines.mean()), float(cosines.min())
    return PrecisionCost(choice.precision, arithmetic, len(rows), *nearness, f1)


def _answers(vectors: FloatArray, classes: IntArray, seed: int) -> Predictions:
    """Return out-of-fold answers, decided as the linear classifier's weights have it."""
    from sklearn.model_selection import StratifiedKFold

    nothing = np.zeros(len(classes), dtype=np.int64)
    features = FeatureSet({"text": Block(vectors)}, nothing, nothing)
    target = Target(classes, classes.astype(float), nothing.astype(bool), nothing)
    probabilities = np.zeros((len(classes), 3))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for kept, left in folds.split(vectors, classes):
        model = LinearClassifier()
        model.fit(features.take(kept), target.take(kept))
        probabilities[left] = model.predict_proba(features.take(left))
    return Predictions(classes, probabilities.argmax(axis=1), probabilities, classes.astype(float))
