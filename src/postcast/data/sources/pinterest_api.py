"""Pins and their analytics as Pinterest's API v5 gives them.

Knows how metrics are nested, and that analytics may stand in files beside the pins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from postcast.data.columns import Columns
from postcast.data.numbers import counts
from postcast.data.sources.cells import texts
from postcast.data.sources.format import Format, Table, keys_of
from postcast.data.sources.json_records import inside, table_of, values_of

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

COUNTS = ("save_count", "reaction_count", "pin_click_count", "impression_count")
"""What is taken for the engagement: the first that any pin has."""

_METRICS = frozenset({"lifetime_metrics", "summary_metrics", "daily_metrics"})
_OF_A_PIN = frozenset({"board_owner", "creative_type", "dominant_color", "parent_pin_id"})
_FILE = r".*\.(?:json|jsonl|ndjson)"
_ID = re.compile(r"[0-9]{6,20}")
_SINGULAR = {"total_comments": "comment", "total_reactions": "reaction"}


def read(files: Files) -> Table:
    """Read pins, and join the analytics of files beside them.

    Raises
    ------
    ReadError
        If a file is not JSON, or none has a pin.
    """
    records: list[Any] = []
    analytics: dict[str, dict[str, str]] = {}
    for name in files.named(_FILE) if files.is_set else files.names:
        for value in values_of(files.text_of(name), files.label(name)):
            for pin, groups in _analytics(value, PurePosixPath(name).stem):
                analytics.setdefault(pin, {}).update(_metrics_of_groups(groups))
            records += _pins(value)
    known = {record.get("id") for record in records if isinstance(record, Mapping)}
    flat = [_flat(one, analytics) if isinstance(one, Mapping) else one for one in records]
    flat += [{"id": pin, **metrics} for pin, metrics in analytics.items() if pin not in known]
    return table_of(flat, _columns(flat), files.name)


def fits(files: Files) -> bool:
    """Tell whether JSON has the members of a pin, or of its analytics."""
    names = files.named(_FILE)[:3] if files.is_set else files.names
    keys = {key for name in names for key in keys_of(files.head_of(name))}
    is_pin = "board_id" in keys and not _OF_A_PIN.isdisjoint(keys)
    return "pin_metrics" in keys or is_pin or len(_METRICS & keys) > 1


def _pins(value: Any) -> list[Any]:
    """Return the pins of a value: those of a page, itself, or what is broken as it is."""
    items = inside(value, "items")
    if isinstance(items, list):
        return items
    is_analytics = isinstance(value, Mapping) and any(_analytics(value, ""))
    return [] if is_analytics else [value]


def _analytics(value: Any, stem: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield pins with their groups of metrics: by pin, or of the pin that the file names."""
    if not isinstance(value, Mapping) or "id" in value:
        return
    if any(_is_group(one) for one in value.values()):
        named = _ID.search(stem)
        yield named[0] if named else stem, value
        return
    for pin, groups in value.items():
        if isinstance(groups, Mapping) and any(_is_group(one) for one in groups.values()):
            yield str(pin), groups


def _is_group(value: Any) -> bool:
    return isinstance(value, Mapping) and not _METRICS.isdisjoint(value)


def _metrics_of_groups(groups: Mapping[str, Any]) -> dict[str, str]:
    """Return a pin's counts, each over its life, else over the span asked for, else its days."""
    found = [groups.get("all"), *groups.values()]
    group: Mapping[str, Any] = next(one for one in found if _is_group(one))
    days = group.get("daily_metrics")
    told = [inside(day, "metrics") for day in days] if isinstance(days, list) else []
    return {
        **_summed([day for day in told if isinstance(day, Mapping)]),
        **_counted(group.get("summary_metrics")),
        **_counted(group.get("lifetime_metrics")),
    }


def _summed(days: list[Mapping[str, Any]]) -> dict[str, str]:
    names = dict.fromkeys(name for day in days for name in day if not _is_rate(name))
    totals = {name: counts(texts(day.get(name) for day in days)).sum() for name in names}
    return _counted({name: f"{total:.0f}" for name, total in totals.items()})


def _counted(metrics: Any, suffix: str = "") -> dict[str, Any]:
    """Return metrics under the one name that each has here, such as ``save_count``."""
    if not isinstance(metrics, Mapping):
        return {}
    folded = {str(name).casefold(): value for name, value in metrics.items()}
    return {
        f"{_SINGULAR.get(name, name)}{'' if _is_rate(name) else '_count'}{suffix}": value
        for name, value in folded.items()
    }


def _is_rate(name: str) -> bool:
    return name.casefold().endswith("rate")


def _flat(pin: Mapping[str, Any], analytics: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    metrics = pin.get("pin_metrics")
    return {
        **{name: value for name, value in pin.items() if name != "pin_metrics"},
        "author": inside(pin, "board_owner", "username"),
        **_counted(inside(metrics, "90d"), "_90d"),
        **_counted(inside(metrics, "lifetime_metrics")),
        **analytics.get(str(pin.get("id")), {}),
    }


def _columns(records: list[Any]) -> Columns:
    filled = {
        name
        for record in records
        if isinstance(record, Mapping)
        for name, value in record.items()
        if value is not None
    }
    single = {"title": "title", "time": "created_at", "author": "author", "category": "board_id"}
    there: dict[str, Any] = {role: name for role, name in single.items() if name in filled}
    count = next((name for name in COUNTS if name in filled), None)
    return Columns(
        text=("description",) * ("description" in filled),
        count=count,
        id="id",
        **there,
    )


FORMAT = Format(
    what="Pinterest API v5 pins (JSON)",
    needs='pins, one a line, in a list, or in pages {"items": [...]}, asked for with pin_metrics; '
    "or with analytics in files beside them (a folder or ZIP), by pin id",
    told_by="the members pin_metrics, or board_id with another of a pin's, or a pin's analytics",
    takes={
        "text": "description",
        "title": "title",
        "author": "board_owner.username",
        "time": "created_at",
        "engagement": "lifetime saves, else reactions, pin clicks, impressions",
        "category": "board_id",
    },
    fits=fits,
    read=read,
)
