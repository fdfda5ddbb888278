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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-02-28 17:39 +0000", "2022-02-28T17:39"),
        ("2026-01-05 21:09:11+00", "2026-01-05T21:09:11"),
        ("2019-05-21 23:30:51 EDT", "2019-05-22T03:30:51"),
        ("1/31/18 18:55", "2018-01-31T18:55"),
        ("31-01-2017 11:00", "2017-01-31T11:00"),
        ("12/30/2025 9:40 am", "2025-12-30T09:40"),
        ("Nov 20, 2025 1:46\u202fam", "2025-11-20T01:46"),
        ("Nov 20, 2025 12:46 a.m.", "2025-11-20T00:46"),
        ("12:30 PM · Mar 5, 2022", "2022-03-05T12:30"),
        ("Mar 15, 2025", "2025-03-15T00:00"),
        ("Fri, Feb 27, 2026", "2026-02-27T00:00"),
        ("28 sept. 2026", "2026-09-28T00:00"),
        ("1 de marzo de 2022 a las 15:30", "2022-03-01T15:30"),
        ("12 Μαΐου 2023, 14:05", "2023-05-12T14:05"),
        ("18 января 2024", "2024-01-18T00:00"),
        ("18 tháng Mười Một 2024", "2024-11-18T00:00"),
        ("3. März 2021 08:15 Uhr", "2021-03-03T08:15"),
        ("2022年9月6日 10:20", "2022-09-06T10:20"),
        ("2024年1月5日 下午3:05", "2024-01-05T15:05"),
        ("2024년 1월 5일 오후 3시 5분", "2024-01-05T15:05"),
        ("Sat May 12 00:00:00 PDT 2012", "2012-05-12T07:00"),
        ("Thu Jan 14 2021 16:13:37 GMT+0000 (Coordinated Universal Time)", "2021-01-14T16:13:37"),
        ("Fri Dec 02 21:57:25 +0800 2022", "2022-12-02T13:57:25"),
        ("1604766517000000", "2020-11-07T16:28:37"),
    ],
)
def test_what_exports_and_people_write(text, expected):
    assert parse_time(text) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


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
        *("Lifetime", "2 days ago", "1w", "18 января", "9月6日", "13.09", "00:30", "49 videos"),
        *("31/31/2020", "13:30 pm 1 May 2020", "May 2020", "1 May June 2020", "42938.2291"),
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ReadError, match="is not a time; expected ISO 8601"):
        parse_time(text)


@pytest.mark.parametrize("timezone", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime"])
def test_an_unknown_zone_is_named(timezone):
    with pytest.raises(SettingsError, match="no time zone"):
        parse_time("2020-11-07", timezone)
