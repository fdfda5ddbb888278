"""A scikit-learn classifier of texts and frames of posts: its parameters, and what X may be.

Knows class labels only: no counts, no split and no run. Imports scikit-learn when imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from postcast.data.columns import Columns
from postcast.decide import choose
from postcast.errors import SettingsError
from postcast.estimator_input import (
    InputError,
    drafts_of_array,
    drafts_of_frame,
    frame_of,
    in_order,
    labels_of,
    settle,
    to_objects,
)
from postcast.estimator_learning import Means, learn
from postcast.features.assemble import Drafts, assemble
from postcast.features.cache import default_folder
from postcast.features.text import resolve_name
from postcast.models.choose import Recipe
from postcast.schema import CLASSES

if TYPE_CHECKING:
    from postcast.schema import FloatArray


class PopularityClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Popularity classes from the texts and images of posts, as a scikit-learn classifier.

    It learns as `postcast.train` does, from class labels in the place of counts: a part of the
    posts is held out, stratified by class with posts of nearly the same text, and of the same
    image, kept together;
    the probabilities are calibrated on it, and the class is what the decision rule of the
    command line takes.

    Parameters
    ----------
    encoder : str, default="auto"
        ``auto``, ``minilm``, ``tfidf``, a hub name or a folder.
    classifier : str, default="strong"
        ``strong``, ``hypergraph``, ``neural``, ``linear``, ``reference``, ``majority`` or
        ``author-median``.
    class_weights : {"balanced", "none"}, default="balanced"
        Whether rare classes weigh more in the loss.
    text_col : str or sequence of str, default=None
        For frames: the columns joined into a post's text; None finds one by its name.
    author_col : str, default=None
        For frames: the author's column; None finds one by its name, where there is one, and
        an empty name leaves authors out.
    image_col : str, default=None
        For frames: the column of the images' paths; None finds one by its name, where there is
        one, and an empty name leaves images out.
    image_root : str or Path, default=None
        Folder from which relative paths of images start, and outside of which none is read; None
        is the working directory, and any.
    image_encoder : str, default="auto"
        What looks at images: ``auto``, ``efficientnet-lite0``, a hub name, a folder, ``plain`` or
        ``none``.
    random_state : int, RandomState instance or None, default=42
        The seed. None takes another one from NumPy for each fit.
    device : {"auto", "cpu", "cuda"}, default="auto"
        Where torch computes.
    cache : str or Path, default=None
        Folder of kept embeddings; None is the command line's.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels in sorted order, which scikit-learn's scorers count on.
    ordered_classes_ : ndarray of shape (n_classes,)
        The labels in ascending popularity: ``low``, ``medium``, ``high``, else as sorted.
    n_features_in_ : int
        Columns of the frame or array; 1 for a list of texts.
    feature_names_in_ : ndarray of str
        Names of the frame's columns; for frames only.
    columns_ : mapping of str to tuple of str
        For frames: which columns were taken for ``text`` and ``author``, and, where there is
        one, for ``image``.
    encoder_ : TextEncoder or None
        None where the classifier reads no text.
    classifier_ : Classifier
    calibration_ : Calibration
    rule_ : Rule

    Examples
    --------
    >>> from postcast import PopularityClassifier
    >>> texts = ["easy lentil soup", "newsletter of this week"] * 20
    >>> classes = ["high", "low"] * 20
    >>> model = PopularityClassifier(encoder="tfidf", classifier="linear")
    >>> model.fit(texts, classes).predict(["an easy soup"]).tolist()
    ['high']
    """

    def __init__(  # noqa: PLR0913 - scikit-learn's parameters are flat
        self,
        encoder: str = "auto",
        classifier: str = "strong",
        *,
        class_weights: str = "balanced",
        text_col: str | tuple[str, ...] | list[str] | None = None,
        author_col: str | None = None,
        image_col: str | None = None,
        image_root: str | Path | None = None,
        image_encoder: str = "auto",
        random_state: int | np.random.RandomState | None = 42,
        device: str = "auto",
        cache: str | Path | None = None,
    ) -> None:
        self.encoder = encoder
        self.classifier = classifier
        self.class_weights = class_weights
        self.text_col = text_col
        self.author_col = author_col
        self.image_col = image_col
        self.image_root = image_root
        self.image_encoder = image_encoder
        self.random_state = random_state
        self.device = device
        self.cache = cache

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn may ask of it: texts, as of its own vectorizers, not numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Learn from posts and their classes.

        Parameters
        ----------
        X : list, Series or array of str of shape (n_posts,) or (n_posts, k), or data frame
            Texts; the k texts of a row are joined. Of a frame, the columns that
            `text_col`, `author_col` and `image_col` name or that have a common name.
        y : array-like of shape (n_posts,)
            Two or three classes.

        Returns
        -------
        self

        Raises
        ------
        InputError
            If a post has no text, an image that is no path, or the labels are not two or three
            classes.
        PostcastError
            If a parameter makes no sense, or its extra is not installed.
        """
        if self.class_weights not in ("balanced", "none"):
            raise SettingsError(f"class_weights {self.class_weights!r}", "'balanced' or 'none'")
        drafts = self._drafts(X, learning=True)
        labels = labels_of(y, len(drafts))
        self.classes_ = np.unique(labels)
        self.ordered_classes_ = in_order(self.classes_)
        codes = np.argmax(labels[:, None] == self.ordered_classes_, axis=1)
        learned = learn(drafts, codes, self._means())
        self.encoder_, self.senses_ = learned.encoder, learned.senses
        self.classifier_, self.calibration_ = learned.classifier, learned.calibration
        self.rule_ = learned.rule
        return self

    def predict_proba(self, X: Any) -> FloatArray:  # noqa: N803
        """Return calibrated class probabilities.

        Parameters
        ----------
        X : as for `fit`
            A frame needs the text columns of the training, in any order, among others.

        Returns
        -------
        ndarray of float64, shape (n_posts, n_classes)
            In the order of `classes_`.
        """
        probabilities = self._probabilities(X)  # (n, 3), ascending popularity
        columns = [list(self.ordered_classes_).index(label) for label in self.classes_]
        return probabilities[:, columns]

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return the class that the decision rule takes for each post.

        With ``class_weights="balanced"`` that may be another than the likeliest: the rule
        finds rare classes too, while the probabilities keep to the classes' real shares.

        Parameters
        ----------
        X : as for `predict_proba`

        Returns
        -------
        ndarray of shape (n_posts,)
        """
        chosen = choose(self._probabilities(X), self.rule_)
        labels: np.ndarray = self.ordered_classes_[chosen]
        return labels

    def _probabilities(self, posts: Any) -> FloatArray:
        """Return calibrated probabilities, shape (n, 3), none for classes that do not exist."""
        check_is_fitted(self, "rule_")
        features = assemble(self._drafts(posts, learning=False), self.senses_)
        answer = self.calibration_.apply(self.classifier_.predict_proba(features))
        answer = answer * (np.arange(len(CLASSES)) < len(self.classes_))
        probabilities: FloatArray = answer / answer.sum(axis=1, keepdims=True)
        return probabilities

    def _seed(self) -> int:
        given: Any = self.random_state
        if isinstance(given, Integral):
            return int(given)
        return int(check_random_state(given).randint(2**31 - 1))

    def _means(self) -> Means:
        return Means(
            Recipe(self.classifier, self.class_weights, seed=self._seed(), device=self.device),
            resolve_name(self.encoder),
            self.image_encoder,
            default_folder() if self.cache is None else Path(self.cache).expanduser(),
        )

    def _drafts(self, posts: Any, *, learning: bool) -> Drafts:
        """Return posts as columns, once they are known to have texts."""
        frame = frame_of(posts)
        if frame is None:
            return drafts_of_array(self._array(posts, learning=learning))
        if learning:
            self.columns_ = {}
            try:
                validate_data(self, posts, skip_check_array=True)
            except TypeError as error:
                raise InputError(str(error)) from error
        columns = self._columns_among([str(name) for name in frame.columns])
        if learning:
            image = {"image": names} if (names := columns.names("image")) else {}
            self.columns_ = {"text": columns.text, "author": columns.names("author"), **image}
        root = None if self.image_root is None else Path(self.image_root).expanduser()
        return drafts_of_frame(frame, columns, root)

    def _columns_among(self, found: list[str]) -> Columns:
        """Return the columns of a frame that are read: those asked for, learned or usual."""
        learned: Mapping[str, tuple[str, ...]] = self.columns_
        text = (self.text_col,) if isinstance(self.text_col, str) else tuple(self.text_col or ())
        single: dict[str, Any] = {"author": self.author_col, "image": self.image_col}
        if learned:  # what was learned without is no more read than what is gone
            text = learned["text"]
            for role, asked in single.items():
                known = (name for name in learned.get(role, ()) if name in found)
                single[role] = next(known, "") if asked is None else asked
        return settle(found, Columns(text=text, **single))

    def _array(self, posts: Any, *, learning: bool) -> np.ndarray:
        """Return texts without column names, shape (n_posts, k), k as in the training."""
        array = posts if isinstance(posts, np.ndarray) or issparse(posts) else to_objects(posts)
        of_frame = not learning and bool(self.columns_)
        if array.ndim == 1 and (learning or of_frame or self.n_features_in_ == 1):
            array = array.reshape(-1, 1)
        how: dict[str, Any] = {"dtype": None, "ensure_all_finite": False}
        try:
            if of_frame:
                checked: np.ndarray = check_array(array, input_name="X", **how)
            else:
                checked = validate_data(self, array, reset=learning, **how)
        except (TypeError, ValueError) as error:
            raise InputError(str(error)) from error
        if learning:
            self.columns_ = {}
        return checked
