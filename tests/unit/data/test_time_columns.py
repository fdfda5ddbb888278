"""What one date leaves open, the whole column decides, or a note says that nothing did."""

from datetime import UTC, datetime

import polars as pl
import pytest

from postcast.data.time_columns import read_times
from postcast.data.times import DateStyle, moment_of


def read(*cells, day_first=None):
    return read_times(pl.Series(cells, dtype=pl.String), UTC, day_first)


def days(column):
    return [None if one is None else (one.month, one.day) for one in column.moments]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("03/04/2025", "13/05/2025"), (4, 3)),
        (("03/04/2025", "05/13/2025"), (3, 4)),
        (("3.4.25 10:00", "13.5.25 10:00"), (4, 3)),
    ],
)
def test_a_number_above_twelve_decides_for_all(cells, expected):
    column = read(*cells)
    assert days(column)[0] == expected
    assert column.notes == ()


def test_each_mark_is_decided_by_itself():
    """As where a spreadsheet converted what it could, and left the rest."""
    column = read("01-02-2017 11:00", "31-01-2017 11:00", "2/1/2016 2:08", "1/30/2016 2:08")
    assert days(column) == [(2, 1), (1, 31), (2, 1), (1, 30)]
    assert column.notes == ()


@pytest.mark.parametrize("step", [1, -1])
def test_the_order_of_the_rows_decides(step):
    april_and_may = [(4, day) for day in (1, 5, 9)] + [(5, day) for day in (2, 6, 10)]
    days_first = [f"{day:02d}/{month:02d}/2025" for month, day in april_and_may][::step]
    assert days(read(*days_first)) == april_and_may[::step]
    months_first = [f"{month:02d}/{day:02d}/2025" for month, day in april_and_may][::step]
    assert days(read(*months_first)) == april_and_may[::step]
    assert read(*days_first).notes == read(*months_first).notes == ()


def test_where_nothing_decides_it_is_said_and_an_option_does():
    column = read("03/04/2025 00:17", None)
    assert days(column) == [(3, 4), None]
    [note] = column.notes
    assert "'03/04/2025 00:17'" in note
    assert "--dayfirst" in note
    assert days(read("03.04.2025")) == [(4, 3)]
    assert "--monthfirst" in read("03.04.2025").notes[0]
    assert days(read("03/04/2025", day_first=True)) == [(4, 3)]
    assert days(read("03.04.2025", day_first=False)) == [(3, 4)]
    assert read("03/04/2025", day_first=True).notes == ()


def test_numbers_are_days_of_a_workbook_only_where_nearly_all_are():
    serials = read("42938.229166666664", "42939", None)
    assert serials.moments[0] == datetime(2017, 7, 22, 5, 30, tzinfo=UTC)
    assert serials.moments[1] == datetime(2017, 7, 23, tzinfo=UTC)
    assert read("42938", "2017-07-22").moments[0] is None
    assert read("99999", "42938").moments.to_list() == [None, None]


def test_times_keep_their_rows():
    column = read("2024-01-02", None, "soon", "2024-01-02")
    assert days(column) == [(1, 2), None, None, (1, 2)]


@pytest.mark.parametrize(
    ("written", "day_first"),
    [
        ("%Y-%m-%dT%H:%M:%SZ", None),
        ("%Y-%m-%d %H:%M:%S", None),
        ("%m/%d/%Y %H:%M", False),
        ("%d.%m.%Y %H:%M:%S", True),
        ("%d-%m-%Y", True),
    ],
)
def test_a_column_is_read_as_its_cells_one_by_one(written, day_first, rng):
    seconds = rng.integers(0, 2_000_000_000, 300).tolist()
    cells = [datetime.fromtimestamp(one, UTC).strftime(written) for one in seconds]
    cells += ["2024-02-30 10:00:00", "2024-01-01T24:00:00Z", "30/02/2024", "1/13/2024", "0/1/2024"]
    style = DateStyle(dict.fromkeys("/-.", bool(day_first)))
    alone = [moment_of(cell, UTC, style) for cell in cells]
    assert read(*cells, day_first=day_first).moments.to_list() == alone
