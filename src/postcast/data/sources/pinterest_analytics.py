"""Pinterest's analytics export: a CSV of stacked sections, of which one lists the top pins.

Knows the names that its columns have had; its layout is documented nowhere.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from postcast.data.columns import Columns
from postcast.data.sources.delimited import DELIMITERS, fields_of_any_size
from postcast.data.sources.format import Format, Table
from postcast.data.sources.json_records import table_of
from postcast.errors import ReadError

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

ALIASES = {
    "impressions": "Impressions",
    "saves": "Saves",
    "repins": "Saves",
    "pin clicks": "Pin clicks",
    "closeups": "Pin clicks",
    "outbound clicks": "Outbound clicks",
    "link clicks": "Outbound clicks",
    "engagements": "Engagements",
    "engagement": "Engagements",
    "pin id": "Pin ID",
    "pin": "Pin ID",
    "pin url": "Pin ID",
    "pin link": "Pin ID",
    "url": "Pin ID",
    "date": "Date",
    "created at": "Date",
    "title": "Title",
    "pin title": "Title",
    "description": "Description",
    "pin description": "Description",
    "board": "Board",
    "board name": "Board",
}
"""A column's name, folded, to the one name that it gets here."""

COUNTS = ("Saves", "Engagements", "Impressions")
"""What is taken for the engagement, the first that there is."""

_PIN_URL = re.compile(r"/pin/(?:[^/\s]{1,200}--)?([0-9]{6,20})")
_DIGITS = re.compile(r"[0-9]{6,20}")
_MARKS = {ord(mark): " " for mark in "_-"}


def read(files: Files) -> Table:
    """Read the pins of every section that lists some; other sections are passed over.

    Raises
    ------
    ReadError
        If no section lists pins with a count.
    """
    text = files.text_of(files.names[0])
    records = [record for section in _sections(text) for record in _pins(section)]
    found = {name for record in records if isinstance(record, dict) for name in record}
    count = next((name for name in COUNTS if name in found), None)
    if count is None:
        raise ReadError(
            f"{files.name} has no section that lists pins",
            "one such as Top Pins, with Pin ID (or the pin's URL) and Saves",
            "export it with the top pins",
        )
    single: dict[str, Any] = {
        role: name
        for role, name in (("title", "Title"), ("time", "Date"), ("category", "Board"))
        if name in found
    }
    text_from = ("Description",) if "Description" in found else ("Title",) * ("Title" in found)
    return table_of(
        records, Columns(text=text_from, count=count, id="Pin ID", **single), files.name
    )


def fits(files: Files) -> bool:
    """Tell whether a file has a line that names pins and what came of them, and sections."""
    if files.is_set:
        return False
    head = files.head_of(files.names[0])
    sections = list(_sections(head))
    return len(sections) > 1 and any(_header(section) for section in sections)


def _sections(text: str) -> Iterator[list[list[str]]]:
    """Yield each run of records between blank lines."""
    lines = list(io.StringIO(text, newline=""))
    with fields_of_any_size(len(text)):
        records = list(csv.reader(lines, delimiter=_delimiter(lines)))
    section: list[list[str]] = []
    for record in [*records, []]:
        if any(cell.strip() for cell in record):
            section.append([cell.strip() for cell in record])
        elif section:
            yield section
            section = []


def _delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter between the known names of columns."""

    def names_found(mark: str) -> int:
        return max((len(_known(line.strip().split(mark))) for line in lines), default=0)

    return max(DELIMITERS, key=names_found)


def _known(record: Sequence[str]) -> dict[str, int]:
    """Return the known columns of a header, each with its first place."""
    places: dict[str, int] = {}
    for place, cell in enumerate(record[:100]):
        name = ALIASES.get(" ".join(cell.strip('" ').casefold().translate(_MARKS).split()))
        if name is not None:
            places.setdefault(name, place)
    return places


def _header(section: list[list[str]]) -> tuple[int, dict[str, int]] | None:
    """Return where a section's header is and its columns, if it lists pins with a count."""
    for at, record in enumerate(section):
        places = _known(record)
        if any(name in places for name in COUNTS):
            has_pins = any(_pin_id(one, places) for one in section[at + 1 :])
            return (at, places) if has_pins else None
    return None


def _pins(section: list[list[str]]) -> Iterator[dict[str, str | None]]:
    """Yield the pins of a section; lines of one field are titles and footnotes."""
    found = _header(section)
    if found is None:
        return
    at, places = found
    header = section[at]
    known = set(places.values())
    names = {name: p for p, name in enumerate(header) if name and p not in known} | places
    for record in section[at + 1 :]:
        pin = _pin_id(record, places)
        if pin is None and sum(map(bool, record)) < 2:
            continue
        cells = {name: record[p] if p < len(record) else None for name, p in names.items()}
        yield {**cells, "Pin ID": pin}


def _pin_id(record: Sequence[str], places: Mapping[str, int]) -> str | None:
    """Return the digits of a pin's id, from its own cell or the pin's address in any."""
    place = places.get("Pin ID", len(record))
    if place < len(record) and _DIGITS.fullmatch(record[place]):
        return record[place]
    found = next(filter(None, map(_PIN_URL.search, record)), None)
    return None if found is None else found[1]


FORMAT = Format(
    what="Pinterest analytics export (CSV)",
    needs="the exported file with its section of top pins: Pin ID or the pin's URL; Saves or "
    "Repins; Title or Description",
    told_by="sections between blank lines, one of which has pins and a count",
    takes={
        "id": "Pin ID, or the digits in /pin/<digits>",
        "text": "Description, else Title",
        "title": "Title",
        "time": "Date",
        "engagement": "Saves or Repins, else Engagements, else Impressions",
        "category": "Board",
    },
    fits=fits,
    read=read,
)
