import numpy as np
import polars as pl
import pytest

from postcast.data.columns import Columns
from postcast.data.label import quantile_thresholds
from postcast.data.order import is_forward
from postcast.data.read import read_posts
from postcast.data.split import Rows, reference_split, split


@pytest.fixture(scope="module")
def pins(real_data):
    return read_posts(real_data / "pinterest.csv", keep_negative=True)


def with_text(posts):
    return posts.table.filter(posts.table["text"] != "")


def test_pins_are_read_as_published(pins):
    assert pins.source.rows_read == 5000
    assert len(pins) == 5000
    assert len(with_text(pins)) == 2288
    assert (with_text(pins)["engagement"] < 0).sum() == 1
    assert pins.table["id"][0] == "21181060741374444"
    assert pins.table["author"].n_unique() == 7
    assert pins.source.ordering == "id"


def test_a_negative_count_is_rejected_by_default(real_data):
    posts = read_posts(real_data / "pinterest.csv")
    reasons = dict(posts.rejected["reason"].value_counts().rows())
    assert reasons == {"text is blank": 2712, "count is negative": 1}


def test_the_title_joined_gives_more_texts(real_data):
    columns = Columns(text=("description", "title"))
    posts = read_posts(real_data / "pinterest.csv", columns, keep_negative=True)
    assert len(with_text(posts)) == 2466


def test_copies_share_a_group(pins):
    table = with_text(pins)
    assert len(table) - table["text"].n_unique() == 121
    n_groups = table.group_by("text").agg(pl.col("group").n_unique())["group"]
    assert n_groups.max() == 1
    assert len(table) - table["group"].n_unique() == 130


def test_thresholds_and_the_reference_split(pins):
    counts = with_text(pins)["engagement"].to_numpy()
    assert quantile_thresholds(counts) == (3.0, 6.0)
    assert len(reference_split(len(counts)).test) == 458


def test_pins_split_forward_within_each_author(pins):
    rows = Rows.of(with_text(pins), "id")
    parts = split(rows, "chronological")
    assert is_forward(rows.order, rows.author, parts.train, parts.test, "id")
    assert not set(rows.group[parts.train]) & set(rows.group[parts.test])
    assert 0.18 < len(parts.test) / len(rows) < 0.2


def test_reddit_needs_no_options(real_data):
    posts = read_posts(real_data / "reddit.csv")
    assert len(posts) == 5248
    assert posts.rejected.is_empty()
    assert posts.source.ordering == "time"
    rows = Rows.of(posts.table, "time")
    parts = split(rows, "chronological")
    assert np.all(rows.order[parts.train].max() < rows.order[parts.test].min())
