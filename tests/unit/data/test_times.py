from datetime import UTC, datetime

import pytest

from postcast.data.times import parse_time
from postcast.errors import ReadError, SettingsError

MOMENT = datetime(2020, 11, 7, 16, 28, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2020-11-07 16:28:37",
        "2020-11-07T16:28:37",
        "2020-11-07T16:28:37Z",
        "20201107T162837Z",
        "2020-11-07 16:28:37 UTC",
        "2020-11-07T17:28:37+01:00",
        " 2020-11-07 16:28:37.000000 ",
        "2020-11-07 16:28:37.000000000",
        "1604766517",
        "1604766517.0",
        "1604766517000",
        "Sat, 07 Nov 2020 16:28:37 +0000",
        "Sat, 7 Nov 2020 11:28:37 -0500",
        "7 Nov 2020 16:28:37 GMT",
        "Sat, 07 Nov 2020 16:28:37 -0000",
        "Sat Nov 07 16:28:37 +0000 2020",
    ],
)
def test_every_format_names_the_same_moment(text):
    assert parse_time(text) == MOMENT
    assert parse_time(text).tzinfo is UTC


def test_the_format_of_x():
    assert parse_time("Wed May 13 19:55:19 +0000 2015") == datetime(
        2015, 5, 13, 19, 55, 19, tzinfo=UTC
    )


def test_fractions_are_kept_to_the_microsecond():
    assert parse_time("1604766517.25").microsecond == 250_000
    assert parse_time("1604766517123").microsecond == 123_000
    assert parse_time("2020-11-07T16:28:37.123456").microsecond == 123_456


def test_a_date_alone_is_its_midnight():
    assert parse_time("2020-11-07") == datetime(2020, 11, 7, tzinfo=UTC)
    assert parse_time("20201107") == datetime(2020, 11, 7, tzinfo=UTC)


def test_a_zone_holds_for_times_that_name_none():
    assert parse_time("2020-07-07 16:00", "Europe/Paris").hour == 14
    assert parse_time("2020-11-07 16:00", "Europe/Paris").hour == 15
    assert parse_time("Sat, 07 Nov 2020 16:00:00", "Europe/Paris").hour == 15
    assert parse_time("2020-11-07T16:00Z", "Europe/Paris").hour == 16
    assert parse_time("Sat, 07 Nov 2020 16:00:00 -0000", "Europe/Paris").hour == 16
    assert parse_time("1604766517", "Europe/Paris") == MOMENT


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "Evening", "NaN", "12", "2020", "123456789", "20201107112", "-1604766517"),
        *("2020-13-07", "07/11/2020", "2020-11-07 25:00", "40 Nov 2020 10:00"),
        "0001-01-01T00:00+14:00",
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ReadError, match="is not a time; expected ISO 8601"):
        parse_time(text)


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime"])
def test_an_unknown_zone_is_named(timezone):
    with pytest.raises(SettingsError, match="no time zone"):
        parse_time("2020-11-07", timezone)
