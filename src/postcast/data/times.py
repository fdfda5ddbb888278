"""Times as platforms, spreadsheets and people write them → moments. Knows no table."""

from __future__ import annotations

import contextlib
import re
import unicodedata
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from postcast.data.months import IGNORED, MONTHS, ZONES, plain
from postcast.errors import ReadError, SettingsError

FORMATS = (
    "ISO 8601, epoch seconds (10 digits) or milliseconds (13), RFC 2822, a date with the name of "
    "its month, or such as '12/30/2025 9:40 am'"
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_EPOCHS = {10: 1.0, 13: 1e-3, 16: 1e-6}
_NUMBER = re.compile(r"([0-9]{10}|[0-9]{13}|[0-9]{16})(\.[0-9]*)?")
_ISO_8601 = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}([Tt ].*)?")
_SPACED_OFFSET = re.compile(r" +(?=[+-][0-9]{2}:?(?:[0-9]{2})?$)")
_ZONE_WORD = re.compile(r" ?(UTC|GMT)$")
_SERIAL = re.compile(r"[0-9]{5}(\.[0-9]+)?")
_FIRST_SERIAL = datetime(1899, 12, 30)

_CLOCK = re.compile(
    r"(?:(am|pm|上午|下午|午前|午後|오전|오후) ?)?"
    r"(?<![0-9])([0-9]{1,2}) ?(?:[:時时点點시] ?([0-9]{1,2})) ?[分분]?"
    r"(?:[: ] ?([0-9]{1,2})(?:[.,]([0-9]{1,9}))? ?[秒초]?)?(?![0-9])"
    r"(?: ?([ap])\.?m\b\.?)?"
)
_AFTER_NOON = frozenset({"pm", "下午", "午後", "오후"})
_OFFSET = re.compile(r" ?(?:(?:gmt|utc) ?)?([+-])([0-9]{2}):?([0-9]{2})?(?![0-9])")
_ZONE = re.compile(r" ?([a-z]{1,5})\b")
_COMMENT = re.compile(r" ?\([^()]*\)$")
_CJK_DATE = re.compile(r"(?:([0-9]{4}) ?[年년] ?)?([0-9]{1,2}) ?[月월] ?([0-9]{1,2}) ?[日号號일]")
_NUMERIC_DATE = re.compile(r"(?<![0-9])([0-9]{1,4})([/.-])([0-9]{1,2})\2([0-9]{1,4})(?![0-9])")
_WORD_OR_NUMBER = re.compile(r"[0-9]+|[^\W\d_]+")
_LONGEST = 64


@dataclass(frozen=True)
class DateStyle:
    """How the dates of one column are to be understood, where one alone would not tell.

    Parameters
    ----------
    day_first : mapping of str to bool
        By the mark between the numbers (``/``, ``-`` or ``.``), whether the day comes before the
        month. Where a mark is missing, only dates that can be read in one way are.
    are_serials : bool
        Whether numbers are days since 1899-12-30, as spreadsheets count them.
    """

    day_first: Mapping[str, bool] = field(default_factory=dict)
    are_serials: bool = False


_PLAIN = DateStyle()


def parse_time(text: str, timezone: str = "UTC") -> datetime:
    """Read one time.

    Parameters
    ----------
    text : str
        ISO 8601 (a date alone is its midnight), epoch seconds, milliseconds or microseconds,
        RFC 2822, a date with the name of its month in a dozen languages, or three numbers of
        which one can be the day alone.
    timezone : str
        The zone of times that name none, such as ``Europe/Paris``.

    Returns
    -------
    datetime
        In UTC.

    Raises
    ------
    ReadError
        If the text is no such time.
    SettingsError
        If there is no such zone.
    """
    moment = moment_of(text, zone_of(timezone))
    if moment is None:
        raise ReadError(f"{text!r} is not a time", FORMATS)
    return moment


def zone_of(timezone: str) -> tzinfo:
    """Return the zone of that name.

    Raises
    ------
    SettingsError
        If there is none.
    """
    if timezone.upper() == "UTC":
        return UTC
    try:
        return zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            f"no time zone {timezone!r}", "a name such as UTC or Europe/Paris", "see --timezone"
        ) from None


def moment_of(text: str, zone: tzinfo, style: DateStyle = _PLAIN) -> datetime | None:
    """Return the moment that `text` names, in UTC; None where it names none.

    Parameters
    ----------
    text : str
    zone : tzinfo
        Of times that name none.
    style : DateStyle
        What the column that the text stands in has shown of its dates.
    """
    try:
        moment = _moment(text.strip(), style)
        return moment and _with_zone(moment, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _with_zone(moment: datetime, zone: tzinfo) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _moment(text: str, style: DateStyle) -> datetime | None:
    if _ISO_8601.fullmatch(text):
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(_SPACED_OFFSET.sub("", _ZONE_WORD.sub("+00:00", text)))
    if number := _NUMBER.fullmatch(text):
        return EPOCH + timedelta(seconds=float(text) * _EPOCHS[len(number[1])])
    if style.are_serials and _SERIAL.fullmatch(text):
        seconds = round(float(text) * 86_400)
        return _FIRST_SERIAL + timedelta(seconds=seconds)
    return _written(text, style) if len(text) <= _LONGEST else None


def _folded(text: str) -> str:
    """Return a date as it is taken apart: compatible characters, no case, single spaces."""
    lower = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", lower).split())


def _written(text: str, style: DateStyle) -> datetime | None:
    """Read a date that people write, with or without a time of day."""
    text = _COMMENT.sub("", _folded(text))
    clock = _CLOCK.search(text)
    if clock is None:
        day = _date(text, style)
        return day and datetime(*day)
    zone, rest = _zone_at(text[clock.end() :])
    day = _date(f"{text[: clock.start()]} {rest}", style)
    if day is None:
        return None
    before, hour, minute, second, fraction, letter = clock.groups()
    hours = int(hour)
    if before or letter:
        if not 0 < hours <= 12:
            return None
        hours = hours % 12 + (12 if letter == "p" or before in _AFTER_NOON else 0)
    micro = int((fraction or "0").ljust(6, "0")[:6])
    return datetime(*day, hours, int(minute), int(second or 0), micro, tzinfo=zone)


def _zone_at(text: str) -> tuple[tzinfo | None, str]:
    """Return the zone with which a text begins, if it does, and what follows."""
    if offset := _OFFSET.match(text):
        sign, hours, minutes = offset.groups()
        east = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(-east if sign == "-" else east), text[offset.end() :]
    word = _ZONE.match(text)
    if word is not None and word[1] in ZONES:
        return timezone(timedelta(minutes=ZONES[word[1]])), text[word.end() :]
    return None, text


def _date(text: str, style: DateStyle) -> tuple[int, int, int] | None:
    """Return year, month and day of a folded text without a time of day."""
    if found := _CJK_DATE.search(text):
        year, month, day = found.groups()
        return (int(year), int(month), int(day)) if year else None
    if found := _NUMERIC_DATE.search(text):
        left = f"{text[: found.start()]} {text[found.end() :]}"
        is_alone = all(plain(word) in IGNORED for word in _WORD_OR_NUMBER.findall(left))
        return _of_numbers(found, style) if is_alone else None
    return _of_words(_WORD_OR_NUMBER.findall(text))


def _of_numbers(found: re.Match[str], style: DateStyle) -> tuple[int, int, int] | None:
    first, mark, second, third = found.groups()
    a, b, c = int(first), int(second), int(third)
    if len(first) == 4:
        return a, b, c
    if len(first) > 2 or len(third) == 3:
        return None
    year = c if len(third) == 4 else 2000 + c
    if a > 12 >= b:
        return year, b, a
    if b > 12 >= a or a == b:
        return year, a, b
    day_first = style.day_first.get(mark)
    if day_first is None:
        return None
    return (year, b, a) if day_first else (year, a, b)


def _of_words(parts: list[str]) -> tuple[int, int, int] | None:
    """Return the date of words and numbers, one of which is the name of a month."""
    month, numbers = None, []
    for part in parts:
        if part.isdigit():
            numbers.append(part)
            continue
        name = plain(part)
        if name in MONTHS:
            if month is not None and (month, MONTHS[name]) not in ((10, 1), (10, 2)):
                return None
            month = MONTHS[name] + (10 if month == 10 else 0)
        elif name not in IGNORED:
            return None
    if month is None or len(numbers) != 2:
        return None
    if len(numbers[0]) == 4:
        numbers.reverse()
    day, year = numbers
    if len(day) > 2 or len(year) not in (2, 4):
        return None
    return int(year) if len(year) == 4 else 2000 + int(year), month, int(day)
