"""The Pinterest snapshots published on Kaggle: a CSV, in the second edition with images.

Knows their columns and where their images lie.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import polars as pl

from postcast.data.columns import Columns
from postcast.data.sources.delimited import header_of, table_of
from postcast.data.sources.format import Format, Table

if TYPE_CHECKING:
    from pathlib import Path

    from postcast.data.sources.files import Files

COLUMNS = Columns(text=("description",), title="title", count="repin_count", id="id")

_NEEDED = frozenset({"id", "description", "title", "repin_count"})
_ID = re.compile(r"[0-9]{1,20}")
_PLACES = ("images/images", "images")


def read(files: Files) -> Table:
    """Read the CSV, and give each pin its image where there is one beside it.

    Raises
    ------
    ReadError
        If the CSV is broken.
    """
    table = table_of(files.bytes_of(files.names[0]), files.name)
    cells = table.cells
    place = _place(files.folder)
    if (
        files.folder is None
        or place is None
        or "image" in cells.columns
        or "id" not in cells.columns
    ):
        return replace(table, columns=COLUMNS)
    inner = PurePosixPath(files.names[0]).parent
    found = [_image(files.folder, place, pin) for pin in cells["id"]]
    images = [None if image is None else str(inner / image) for image in found]
    return replace(
        table,
        cells=cells.with_columns(pl.Series("image", images, dtype=pl.String)),
        columns=replace(COLUMNS, image="image"),
    )


def fits(files: Files) -> bool:
    """Tell whether a CSV has a snapshot's columns."""
    return not files.is_set and _NEEDED.issubset(header_of(files.head_of(files.names[0])))


def _place(folder: Path | None) -> str | None:
    if folder is None:
        return None
    return next((place for place in _PLACES if (folder / place).is_dir()), None)


def _image(folder: Path, place: str, pin: str | None) -> str | None:
    """Return the path of a pin's image; only digits name one, so that no path leads elsewhere."""
    pin = (pin or "").strip()
    image = f"{place}/{pin}.jpg"
    return image if _ID.fullmatch(pin) and (folder / image).is_file() else None


FORMAT = Format(
    what="Pinterest snapshot (Kaggle)",
    needs="pinterest.csv, or a folder or ZIP with that one table; the second edition's images "
    "in images/images/{id}.jpg beside it",
    told_by="the columns id, description, title, repin_count",
    takes={
        "text": "description",
        "title": "title",
        "engagement": "repin_count",
        "author": "the id's shard",
        "image": "images/images/{id}.jpg",
    },
    fits=fits,
    read=read,
)
