"""The files of the SMP Challenge (SMPD): metadata in JSON, a label a line, paths of images.

Knows how they belong together: by Uid and Pid where a file has them, else row by row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from postcast.data.columns import Columns
from postcast.data.sources.cells import check_bounded
from postcast.data.sources.format import Format, Table
from postcast.data.sources.json_records import parsed, table_of
from postcast.data.tags import SEPARATOR, tags_of
from postcast.errors import ReadError
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

COLUMNS = Columns(
    text=("Title", "Alltags"),
    title="Title",
    author="Uid",
    time="Postdate",
    count="engagement",
    id="Pid",
    category="Category",
    image="image",
    tags="tags",
)

PARTS = ("category", "temporalspatial_information", "additional_information", "user_data")
"""The files that tell more about the posts of ``train_text.json``."""

_KEYS = ("Uid", "Pid")
_EXPECTED = "the files of the SMP Challenge"


def read(files: Files) -> Table:
    """Join the files of the training posts, or of the test posts where those are alone.

    Raises
    ------
    ReadError
        If a file is broken, or one without Uid and Pid has another number of rows.
    """
    share = next((one for one in ("train", "test") if _find(files, f"{one}_text.json")), None)
    if share is None:
        raise ReadError(f"{files.name} has no train_text.json", _EXPECTED, "see postcast formats")
    name = _find(files, f"{share}_text.json") or ""
    posts = _rows(files, name)
    more = [
        _aligned(posts, _rows(files, found), files.label(found))
        for part in PARTS
        if (found := _find(files, f"{share}_{part}.json"))
    ]
    images = _images(files, share, posts)
    labels = _labels(files, share, len(posts))
    records = []
    for row, post in enumerate(posts):
        if not isinstance(post, Mapping):
            records.append(post)
            continue
        told: dict[str, Any] = {}
        for one in (post, *(rows[row] for rows in more)):
            told |= {name: value for name, value in one.items() if name not in told}
        told |= {"tags": _tags(post)}
        told |= {"image": images[row]} if images else {}
        told |= {"engagement": labels[row]} if labels is not None else {}
        records.append(told)
    return replace(table_of(records, COLUMNS, files.name), scores_counts=True)


def fits(files: Files) -> bool:
    """Tell whether a folder or archive has the texts of the challenge."""
    return files.is_set and any(_find(files, f"{one}_text.json") for one in ("train", "test"))


def engagement_of(label: str) -> str:
    """Return the views a day that a label stands for: label = log2(views / days + 1)."""
    try:
        return repr(2.0 ** float(label) - 1.0)
    except (ValueError, OverflowError):
        return label.strip()


def _find(files: Files, name: str) -> str | None:
    return next(iter(files.named(re.escape(name))), None)


def _rows(files: Files, name: str) -> list[Any]:
    """Return the rows of a file: a list of objects, or an object of columns."""
    value = parsed(files.text_of(name), files.label(name))
    if isinstance(value, list):
        return value
    if not isinstance(value, Mapping):
        raise ReadError(f"{files.label(name)} holds no rows", "a list of objects, or columns")
    columns = {column: _numbered(cells) for column, cells in value.items()}
    places = sorted({place for cells in columns.values() for place in cells}, key=_place)
    check_bounded(len(places), len(columns), sum(map(len, columns.values())))
    return [{column: columns[column].get(place) for column in columns} for place in places]


def _numbered(cells: Any) -> Mapping[str, Any]:
    if isinstance(cells, list):
        return {str(place): cell for place, cell in enumerate(cells)}
    return cells if isinstance(cells, Mapping) else {}


def _place(name: str) -> tuple[int, str]:
    """Order "2" before "10", and what is no number last."""
    return (len(name), name) if name.isdigit() else (1 << 30, name)


def _aligned(posts: Sequence[Any], rows: Sequence[Any], name: str) -> list[Mapping[str, Any]]:
    """Return a row for each post: that of its keys, or that of its place in a file without any."""
    found = [row if isinstance(row, Mapping) else {} for row in rows]
    keys = [key for key in _KEYS if any(key in row for row in found)]
    if keys:
        by_key: dict[tuple[str, ...], Mapping[str, Any]] = {}
        for row in found:
            by_key.setdefault(_key(row, keys), row)
        return [by_key.get(_key(post, keys), {}) for post in posts]
    if len(found) != len(posts):
        raise _uneven(name, len(found), len(posts))
    return found


def _key(row: Any, keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(row.get(key)) if isinstance(row, Mapping) else "" for key in keys)


def _uneven(name: str, n_found: int, n_posts: int) -> ReadError:
    return ReadError(f"{name} has {counted(n_found, 'row')}", f"{n_posts:,}, one for each post")


def _labels(files: Files, share: str, n_posts: int) -> list[str] | None:
    name = _find(files, f"{share}_label.txt")
    if name is None:
        return None
    lines = files.text_of(name).rstrip().splitlines()
    if len(lines) != n_posts:
        raise _uneven(files.label(name), len(lines), n_posts)
    return [engagement_of(line) if line.strip() else "" for line in lines]


def _images(files: Files, share: str, posts: Sequence[Any]) -> list[str | None]:
    """Return each post's image by the Uid and Pid in its path, nothing where none is listed.

    Paths that lead out of the folder are none.
    """
    name = _find(files, f"{share}_img_filepath.txt")
    if name is None:
        return []
    by_key: dict[tuple[str, ...], str] = {}
    for line in files.text_of(name).splitlines():
        path = PurePosixPath(line.strip())
        if len(path.parts) >= 2 and ".." not in path.parts and not path.is_absolute():
            by_key.setdefault((path.parts[-2], path.stem), path.as_posix())
    return [by_key.get(_key(post, _KEYS)) for post in posts]


def _tags(post: Mapping[str, Any]) -> str:
    return SEPARATOR.join(tags_of(str(post.get("Alltags") or "").replace(",", " ")))


FORMAT = Format(
    what="SMP Challenge (SMPD)",
    needs="a folder or ZIP with train_text.json and, as far as they are there, train_category, "
    "train_temporalspatial_information, train_additional_information and train_user_data (.json), "
    "train_label.txt and train_img_filepath.txt; or the same of test",
    told_by="train_text.json or test_text.json in the folder",
    takes={
        "id": "Pid",
        "text": "Title and Alltags",
        "title": "Title",
        "author": "Uid",
        "time": "Postdate",
        "engagement": "views a day, 2^label - 1, since label = log2(views / days + 1)",
        "tags": "Alltags",
        "category": "Category",
        "image": "train_img_filepath.txt",
    },
    fits=fits,
    read=read,
)
