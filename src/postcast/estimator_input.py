"""What a scikit-learn user passes as X and y → posts as columns, and class labels.

Knows texts, authors, paths of images and labels; knows no encoder and no classifier.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import polars as pl
from sklearn.utils import check_array
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from postcast.data.columns import COMMON_NAMES, Columns, resolve
from postcast.data.read import read_drafts
from postcast.data.sources.cells import texts
from postcast.errors import PostcastError, ReadError
from postcast.features.assemble import Drafts, drafts_of_table
from postcast.schema import CLASSES
from postcast.wording import counted

READ = ("text", "author", "image")
"""The roles of columns that are read."""


class InputError(PostcastError, ValueError):
    """Posts or labels that cannot be learned from; a `ValueError` too, as scikit-learn expects."""


def frame_of(posts: Any) -> nw.DataFrame[Any] | None:
    """Return a data frame of any library that narwhals knows, and None for anything else."""
    try:
        frame = nw.from_native(posts, eager_only=True, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        raise InputError("two columns of X have one name", "a name for each") from error
    return frame if isinstance(frame, nw.DataFrame) else None


def to_objects(posts: Any) -> np.ndarray:
    """Return a list or Series as an array that keeps each text as it is."""
    array = np.asarray(posts, dtype=object)
    if array.ndim == 0:
        action = "write [text]" if isinstance(posts, str) else ""
        raise InputError(f"X is a {type(posts).__name__}", "a list of texts or a frame", action)
    return array


def settle(found: Sequence[str], asked: Columns) -> Columns:
    """Return the columns of `READ` roles among those found.

    Parameters
    ----------
    found : sequence of str
    asked : Columns
        Without a name, a role's column is found by common names; an empty one leaves it out.

    Raises
    ------
    InputError
        If an asked column does not exist, or none holds texts.
    """
    try:
        settled = resolve(found, asked, needs_count=False)
    except ReadError as error:
        raise _as_input_error(error) from error
    return Columns(text=settled.text, author=settled.author, image=settled.image)


def drafts_of_frame(frame: nw.DataFrame[Any], columns: Columns, image_root: Path | None) -> Drafts:
    """Return the posts of a frame, as its text, author and image columns tell them.

    Parameters
    ----------
    frame : narwhals.DataFrame
    columns : Columns
    image_root : Path or None
        From where relative paths of images start; None for the working directory.

    Raises
    ------
    InputError
        If a row has no text, or an image that is no path.
    """
    found = {str(name): name for name in frame.columns}
    taken = dict.fromkeys((*columns.text, *columns.names("author"), *columns.names("image")))
    cells = {name: _cells(frame[found[name]]) for name in taken}
    for name in columns.names("image"):
        _check_paths(name, cells[name])
    return _drafts(cells, columns, image_root)


def drafts_of_array(array: np.ndarray) -> Drafts:
    """Return the posts of an array of texts, shape (n_posts, k), none of them missing."""
    for column in array.T.tolist():
        _check_texts([(cell,) for cell in column])
    cells = {f"text{number}": column for number, column in enumerate(array.T.tolist())}
    return _drafts(cells, Columns(text=tuple(cells)))


def _drafts(
    cells: Mapping[str, list[Any]], columns: Columns, image_root: Path | None = None
) -> Drafts:
    """Read posts as everywhere, without roles that are not of `READ`."""
    _check_texts(list(zip(*(cells[name] for name in columns.text), strict=True)))
    table = pl.DataFrame({name: texts(column) for name, column in cells.items()})
    others: dict[str, Any] = dict.fromkeys(set(COMMON_NAMES) - set(READ), "")
    others |= {"author": columns.author or "", "image": columns.image or ""}
    asked = Columns(text=columns.text, **others)
    try:
        return drafts_of_table(read_drafts(table, asked, ordering="none"), image_root)
    except ReadError as error:
        raise _as_input_error(error) from error


def _check_paths(name: str, column: Sequence[Any]) -> None:
    """Refuse a column of other things than paths, of which some may be missing."""
    for number, cell in enumerate(column):
        if isinstance(cell, (str, PathLike)):
            continue
        if isinstance(cell, np.ndarray) or not _is_missing(cell):
            raise InputError(
                f"row {number} of column {name!r}, taken as image, is of type "
                f"{type(cell).__name__}",
                "paths of image files",
                "name another with image_col, or none: image_col=''",
            )


def _as_input_error(error: ReadError) -> InputError:
    return InputError(error.found, error.expected, re.sub(r"--(\w+)-col", r"\1_col", error.action))


def _cells(column: nw.Series[Any]) -> list[Any]:
    pairs = zip(column.to_list(), column.is_null().to_list(), strict=True)
    return [None if null else value for value, null in pairs]


def _check_texts(rows: Sequence[Sequence[Any]]) -> None:
    """Refuse rows that hold other things than texts, or none."""
    for number, row in enumerate(rows):
        missing = [_is_missing(cell) for cell in row]
        for cell, is_missing in zip(row, missing, strict=True):
            if not isinstance(cell, str) and not is_missing:
                raise InputError(
                    f"row {number} of X holds {cell!r}, of type {type(cell).__name__}",
                    "texts: a list of str, or a frame with a column of them",
                )
        if all(missing):
            raise InputError(
                f"row {number} of X has no text (None or NaN)",
                "a text, or ''",
                "leave the row out, or fill it",
            )


def _is_missing(cell: object) -> bool:
    return cell is None or type(cell).__name__ == "NAType" or cell != cell  # noqa: PLR0124 - NaN


def labels_of(y: Any, n_posts: int) -> np.ndarray:
    """Return two or three classes' labels, shape (n_posts,)."""
    if y is None:
        raise InputError("PopularityClassifier requires y to be passed, but the target y is None")
    try:
        flat = column_or_1d(np.asarray(y), warn=True)
        labels: np.ndarray = check_array(flat, ensure_2d=False, dtype=None, input_name="y")
        check_classification_targets(labels)
        classes = np.unique(labels)
    except (TypeError, ValueError) as error:
        raise InputError(str(error), "one class label a post") from error
    if len(labels) != n_posts:
        raise InputError(
            f"X has {counted(n_posts, 'post')}, and y {counted(len(labels), 'label')}",
            "one label a post",
        )
    if not 2 <= len(classes) <= len(CLASSES):
        shown = ", ".join(repr(label) for label in classes[:5].tolist())
        raise InputError(
            f"y holds {counted(len(classes), 'class', 'classes')}: {shown}"
            f"{', …' * (len(classes) > 5)}",
            "two or three popularity classes",
            "cut counts into classes first" if len(classes) > 1 else "give posts of another class",
        )
    return labels


def in_order(classes: np.ndarray) -> np.ndarray:
    """Return the labels in ascending popularity: by `CLASSES`, or as they are sorted."""
    if set(classes.tolist()) <= set(CLASSES):
        return np.array([name for name in CLASSES if name in classes], dtype=classes.dtype)
    return classes
