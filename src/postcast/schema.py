"""The tables and records that postcast passes around, with their columns and units.

Knows no file, no model and no picture. Heavy types are imported for the type checker only,
so that a saved forecaster can answer one post without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from postcast.wording import about_count, counted, number_in_words, rounded_count

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from postcast.retrieved import Retrieved

    FloatArray = npt.NDArray[np.floating[Any]]
    IntArray = npt.NDArray[np.integer[Any]]
    BoolArray = npt.NDArray[np.bool_]
    Matrix = Any  # a FloatArray or a scipy.sparse.csr_matrix, which has no types of its own

CLASSES = ("low", "medium", "high")
"""The popularity classes in ascending order; class codes are indices into this tuple."""

COUNTS = ("expected_count", "count_low", "count_high")
"""What forecasts call the count to expect and its bounds: in Python, JSON and CSV."""

IMAGE_PRINT = "image_print"
"""The column of a table that tells what image files hold; see `Posts`."""

Ordering = Literal["time", "id", "none"]
"""What orders posts: one clock for all, an id within each account, or nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One post, published or a draft.

    Parameters
    ----------
    text : str
        The description or caption.
    title : str, optional
        The headline, where the platform has one.
    author : str, optional
        Whoever publishes it; an account key.
    time : datetime, optional
        When it is published; without a zone it is taken as UTC.
    tags : tuple of str
        Hashtags, beside those inside the text.
    category : str, optional
        What it belongs to: a board, a subreddit, a topic of the platform's.
    image : str, optional
        Path of its image.
    id : str, optional
        The platform's id, always text.
    """

    text: str = ""
    title: str | None = None
    author: str | None = None
    time: datetime | None = None
    tags: tuple[str, ...] = ()
    category: str | None = None
    image: str | None = None
    id: str | None = None

    def __repr__(self) -> str:
        """Say what the post has, and nothing of what it says."""
        has = [
            name for name in ("title", "author", "category", "image", "id") if getattr(self, name)
        ]
        has += [f"{len(self.tags)} tag{'s' * (len(self.tags) != 1)}"] if self.tags else []
        has += [] if self.time is None else [f"time {self.time.isoformat()}"]
        beside = f"; {', '.join(has)}" if has else ""
        return f"<Post: text of {len(self.text):,} character{'s' * (len(self.text) != 1)}{beside}>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """The answer for one post.

    Parameters
    ----------
    id : str or None
        The post's id; None for a single draft without one, its position among many.
    forecast : str
        The popularity class that was decided on.
    probabilities : mapping of str to float
        Calibrated probability of each class; they sum to one.
    set : tuple of str
        The classes that together cover the truth at the forecaster's coverage.
    too_close : bool
        True where the set holds every class.
    thresholds : tuple of float
        The engagement at which ``medium`` and ``high`` begin.
    warnings : tuple of str
        Why this answer deserves less trust, in sentences.
    expected_count : float or None
        Expected engagement; None for forecasters that know classes only.
    count_low, count_high : float or None
        Between which the engagement comes to lie, at the forecaster's coverage.
    """

    id: str | None
    forecast: str
    probabilities: Mapping[str, float]
    set: tuple[str, ...]
    too_close: bool
    thresholds: tuple[float, ...]
    warnings: tuple[str, ...] = ()
    expected_count: float | None = None
    count_low: float | None = None
    count_high: float | None = None

    def __repr__(self) -> str:
        """Say what was forecast, and nothing of the post."""
        shares = ", ".join(f"{name} {p:.0%}" for name, p in self.probabilities.items())
        doubt = ", too close to call" if self.too_close else ""
        count = ""
        if self.expected_count is not None:
            count = f"; expected count about {about_count(self.expected_count)}"
        if self.count_low is not None and self.count_high is not None:
            low, high = number_in_words(self.count_low), number_in_words(self.count_high)
            count += f", {low} to {high}"
        n_warnings = len(self.warnings)
        warned = f"; {counted(n_warnings, 'warning')}" if n_warnings else ""
        return f"<Forecast: {self.forecast}{doubt} ({shares}){count}{warned}>"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types: probabilities to six decimals, counts to six digits."""
        return {
            "id": self.id,
            "forecast": self.forecast,
            "probabilities": {name: round(p, 6) for name, p in self.probabilities.items()},
            "set": list(self.set),
            "too_close": self.too_close,
            "thresholds": list(self.thresholds),
            "warnings": list(self.warnings),
            **{n: None if (c := getattr(self, n)) is None else rounded_count(c) for n in COUNTS},
        }


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a table of posts came from.

    Parameters
    ----------
    name : str
        The file's name as shown to people.
    sha256 : str
        Hash of the bytes read; of the cells for a data frame or a list.
    columns : mapping of str to tuple of str
        What was taken for what: role (``text``, ``title``, ``author``, ``time``, ``count``,
        ``id``, ``category``, ``image``, ``tags``) to the source's column names.
    ordering : {"time", "id", "none"}
        What ``order`` means: microseconds since 1970 (comparable between all posts), an
        id's local part (comparable within an author only), or nothing.
    rows_read : int
        Rows in the source.
    notes : tuple of str
        What was decided in reading that the file leaves open, and what in it could not be used.
    synthetic : bool
        True for generated posts; shown wherever the posts are.
    scores_counts : bool
        True where the posts' field scores forecasts of counts, as the SMP Challenge does.
    image_root : Path or None
        From where relative paths of images start, and outside of which none is read; None for
        the working directory, and any. Never written down.
    """

    name: str
    sha256: str
    columns: Mapping[str, tuple[str, ...]]
    ordering: Ordering
    rows_read: int
    notes: tuple[str, ...] = ()
    synthetic: bool = False
    scores_counts: bool = False
    image_root: Path | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Posts:
    """A clean table of posts, beside what was rejected and why.

    Parameters
    ----------
    table : polars.DataFrame
        One row a post, in source order, with the columns ``row`` (UInt32, 1-based line of
        the source's rows), ``id``, ``author``, ``title``, ``text`` (String, never null,
        empty where there is none), ``tags`` (String, joined by a comma and a space, without
        ``#``; see `postcast.data.tags`), ``category``, ``image`` (String), ``time`` (Datetime in
        microseconds, UTC), ``order`` (Int64, see `Source.ordering`), ``engagement``
        (Float64, raw count) and ``group`` (UInt32, posts of the same or nearly the same text);
        where posts are known to share images, ``same_image`` too (Int64, those of the same image,
        -1 for a post that shares its image with none), and where any image file was read
        ``image_print`` (String, the first half of its SHA-256 in hexadecimal, null for none and
        for a template).
    rejected : polars.DataFrame
        ``row``, ``id``, ``reason``, ``value``. Posts without text stand here and in the
        table: no rows to learn from, but history.
    source : Source
    images_sha256 : str or None
        Hash of what was read from image files, empty where nothing was; None before they were
        looked for.
    """

    table: pl.DataFrame
    rejected: pl.DataFrame
    source: Source
    images_sha256: str | None = None

    def __len__(self) -> int:
        return self.table.height

    def __repr__(self) -> str:
        """Say how many posts there are and where they came from, and nothing of one."""
        ordering = self.source.ordering
        ordered = "unordered" if ordering == "none" else f"ordered by {ordering}"
        return (
            f"<Posts of {self.source.name}: {len(self):,} posts, "
            f"{self.rejected.height:,} rejected; {ordered}>"
        )


@dataclass(frozen=True)
class Block:
    """A named group of features, dense or sparse.

    Parameters
    ----------
    matrix : ndarray or csr_matrix of float32, shape (n_posts, d)
    columns : tuple of str, length d
        What each column is, for people. May be empty for embeddings.
    """

    matrix: Matrix
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeatureSet:
    """All that a classifier may see of some posts.

    Parameters
    ----------
    blocks : mapping of str to Block
        Feature blocks by name, all of n_posts rows.
    author : ndarray of int, shape (n_posts,)
        Author code from the training rows' own vocabulary; -1 for authors never seen there.
    group : ndarray of int, shape (n_posts,)
        Copies of one another share a number.
    order : ndarray of int64, shape (n_posts,), or None
        Sequence in time; see `Source.ordering`.
    retrieved : Retrieved or None
        Neighbours, for classifiers that read them.
    """

    blocks: Mapping[str, Block]
    author: IntArray
    group: IntArray
    order: IntArray | None = None
    retrieved: Retrieved | None = None

    def __len__(self) -> int:
        return len(self.author)

    def take(self, rows: IntArray) -> FeatureSet:
        """Return the same features for some of the rows, in the order given."""
        return FeatureSet(
            blocks={n: Block(b.matrix[rows], b.columns) for n, b in self.blocks.items()},
            author=self.author[rows],
            group=self.group[rows],
            order=None if self.order is None else self.order[rows],
            retrieved=None if self.retrieved is None else self.retrieved.take(rows),
        )


@dataclass(frozen=True)
class Target:
    """What to learn about the posts of a FeatureSet.

    Parameters
    ----------
    classes : ndarray of int, shape (n_posts,)
        Class codes, indices into `CLASSES`.
    counts : ndarray of float, shape (n_posts,)
        What the classes are classes of: raw engagement, or what it is relative to.
    held_out : ndarray of bool, shape (n_posts,)
        Training rows kept aside for early stopping and calibration.
    together : ndarray of int, shape (n_posts,)
        Rows of one number stay together when a classifier splits them again.
    bins : ndarray of int, shape (n_posts,), or None
        Codes of ascending bins of counts, for classifiers that can tell those too.
    n_bins : int
    """

    classes: IntArray
    counts: FloatArray
    held_out: BoolArray
    together: IntArray
    bins: IntArray | None = None
    n_bins: int = 0

    def take(self, rows: IntArray) -> Target:
        """Return the target of some of the rows, in the order given."""
        return Target(
            self.classes[rows],
            self.counts[rows],
            self.held_out[rows],
            self.together[rows],
            None if self.bins is None else self.bins[rows],
            self.n_bins,
        )


@dataclass(frozen=True)
class HeldOut:
    """Probabilities for training rows from a model that had not learned from them.

    Parameters
    ----------
    rows : ndarray of int, shape (n_rows,)
        Positions in the FeatureSet that was fitted.
    probabilities : ndarray of float, shape (n_rows, 3)
    shares : ndarray of float, shape (n_rows, n_bins), or None
        Of the bins of counts, from a classifier that can tell those.
    """

    rows: IntArray
    probabilities: FloatArray
    shares: FloatArray | None = None


@dataclass(frozen=True)
class Parts:
    """What a trained piece needs to answer again; `storage` writes it, with hashes.

    Parameters
    ----------
    facts : mapping of str to JSON value
    arrays : mapping of str to ndarray
    files : mapping of str to Path
        Files to keep as they are, by the name that they keep.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Predictions:
    """What was forecast for labelled posts, and what came of them.

    Parameters
    ----------
    actual, forecast : ndarray of int, shape (n_posts,)
        Class codes.
    probabilities : ndarray of float, shape (n_posts, 3)
    engagement : ndarray of float, shape (n_posts,)
    expected_count : ndarray of float, shape (n_posts,), or None
    outcome : ndarray of float, shape (n_posts,), or None
        What the classes are classes of, where that is not the engagement.
    post : ndarray of int, shape (n_posts,), or None
        Rows of one number are forecasts of one post, and are drawn together.
    """

    actual: IntArray
    forecast: IntArray
    probabilities: FloatArray
    engagement: FloatArray
    expected_count: FloatArray | None = None
    outcome: FloatArray | None = None
    post: IntArray | None = None
