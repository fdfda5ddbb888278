"""Text → moments, in the ways in which platforms write them. Knows no table."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime

from postcast.errors import ReadError, SettingsError

FORMATS = (
    "ISO 8601, epoch seconds (10 digits) or milliseconds (13), RFC 2822, "
    "or such as 'Wed May 13 19:55:19 +0000 2015'"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = re.compile(r"[0-9]{10}(\.[0-9]*)?")
_MILLISECONDS = re.compile(r"[0-9]{13}(\.[0-9]*)?")
_YEAR_LAST = re.compile(r"([A-Za-z]{3}) ([A-Za-z]{3}) +([0-9]{1,2}) ([0-9:]{8}) (\S+) ([0-9]{4})")
_RFC_2822 = re.compile(r"([A-Za-z]{3}, *)?[0-9]{1,2} [A-Za-z]{3} [0-9]{4} [0-9]{1,2}:[0-9]{2}.*")
_ISO_8601 = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}([Tt ].*)?")
_ZONE_WORD = re.compile(r" ?(UTC|GMT)$")


def parse_time(text: str, timezone: str = "UTC") -> datetime:
    """Read one time.

    Parameters
    ----------
    text : str
        ISO 8601 (a date alone is its midnight), epoch seconds or milliseconds, RFC 2822, or
        such as ``Wed May 13 19:55:19 +0000 2015``.
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


def moment_of(text: str, zone: tzinfo) -> datetime | None:
    """Return the moment that `text` names, in UTC; None where it names none."""
    try:
        moment = _moment(text.strip())
        return moment and _with_zone(moment, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _with_zone(moment: datetime, zone: tzinfo) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _moment(text: str) -> datetime | None:
    if _SECONDS.fullmatch(text):
        return _EPOCH + timedelta(seconds=float(text))
    if _MILLISECONDS.fullmatch(text):
        return _EPOCH + timedelta(milliseconds=float(text))
    if _ISO_8601.fullmatch(text):
        return datetime.fromisoformat(_ZONE_WORD.sub("+00:00", text))
    text = _YEAR_LAST.sub(r"\1, \3 \2 \6 \4 \5", text).replace("-0000", "+0000")
    return parsedate_to_datetime(text) if _RFC_2822.fullmatch(text) else None
