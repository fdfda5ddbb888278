"""Multinomial logistic regression on all feature blocks.

Fitted by scikit-learn, answered by `portable`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.models.base import hold_out_then_fit_all
from postcast.models.image_view import ImageView, has_image, rows_to_hide, without_images
from postcast.models.portable import affine, on_top, softmax, stack
from postcast.models.without_image import WithoutImage
from postcast.schema import FeatureSet, HeldOut, Parts, Target
from postcast.validation import check_finite, floats, text

if TYPE_CHECKING:
    from postcast.schema import FloatArray, Matrix

SEED = 42
"""Of which posts are learned from without their image, too; all else here draws nothing."""


class LinearClassifier:
    """Logistic regression with an L2 penalty.

    Parameters
    ----------
    class_weights : {"balanced", "none"}
        Whether rare classes weigh more in the loss.
    """

    def __init__(self, class_weights: str = "balanced") -> None:
        self.class_weights = class_weights
        self.images: ImageView | None = None
        self.without_image = WithoutImage()
        self.coefficients: FloatArray = np.empty((3, 0))
        self.intercept: FloatArray = np.empty(3)

    def fit(self, features: FeatureSet, target: Target) -> HeldOut:
        """Learn from the posts; see `postcast.models.base.Classifier`."""
        unseen: list[FloatArray] = []

        def answer(some: FeatureSet) -> FloatArray:
            if self.images is not None:
                unseen.append(self._answer(without_images(some)))
            return self._answer(some)

        found = hold_out_then_fit_all(self._fit, answer, features, target)
        if not unseen:
            return found
        has, classes = has_image(features)[found.rows], target.classes[found.rows]
        seen = found.probabilities
        self.without_image = WithoutImage.learned(
            seen, unseen[0], has, classes, np.flatnonzero(has)
        )
        return replace(found, probabilities=self.without_image.apply(seen, has))

    def _fit(self, features: FeatureSet, target: Target) -> None:
        from sklearn.linear_model import LogisticRegression

        self.images = ImageView.learned(features)
        inputs, classes = self._inputs(features), target.classes
        if self.images is not None:
            rows = rows_to_hide(features, SEED)
            hidden = self._inputs(without_images(features.take(rows)))
            inputs = on_top([inputs, hidden])
            classes = np.concatenate([classes, classes[rows]])
        model = LogisticRegression(
            C=1.0,
            max_iter=2000,
            class_weight="balanced" if self.class_weights == "balanced" else None,
        )
        model.fit(inputs, classes)
        self.coefficients, self.intercept = three_classes(model)

    def predict_proba(self, features: FeatureSet) -> FloatArray:
        """Return the class probabilities, shape (n_posts, 3)."""
        if self.images is None:
            return self._answer(features)
        return self.without_image.apply(self._answer(features), has_image(features))

    def _answer(self, features: FeatureSet) -> FloatArray:
        return softmax(affine(self._inputs(features), self.coefficients, self.intercept))

    def _inputs(self, features: FeatureSet) -> Matrix:
        """Return all blocks side by side, those of images as they are read."""
        return stack(features if self.images is None else self.images.beside(features))

    def state(self) -> Parts:
        """Return the coefficients."""
        return Parts(
            facts={"class_weights": self.class_weights},
            arrays={
                "coefficients": self.coefficients,
                "intercept": self.intercept,
                **({} if self.images is None else self.images.arrays()),
                **({} if self.images is None else self.without_image.arrays()),
            },
        )

    @classmethod
    def from_state(cls, parts: Parts) -> Self:
        """Rebuild a fitted classifier."""
        check_finite(parts.arrays)
        self = cls(class_weights=text(parts.facts, "class_weights"))
        self.coefficients = floats(parts.arrays, "coefficients", (3, None))
        self.intercept = floats(parts.arrays, "intercept", (3,))
        self.images = ImageView.from_arrays(parts.arrays)
        self.without_image = WithoutImage.from_arrays(parts.arrays)
        return self


def three_classes(model: Any) -> tuple[FloatArray, FloatArray]:
    """Return a fitted logistic regression's weight (3, d) and bias (3,), classes missing or not.

    A class that the rows lack is all but impossible; of two classes, scikit-learn keeps the
    second one's coefficients alone.
    """
    weight, bias = np.zeros((3, model.coef_.shape[1])), np.full(3, -30.0)
    if len(model.classes_) == 2:
        first, second = model.classes_
        weight[second] = model.coef_[0]
        bias[first], bias[second] = 0.0, model.intercept_[0]
    else:
        weight[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    return weight, bias
