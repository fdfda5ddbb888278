"""What can be read is listed, and what is listed can be read, from the command line."""

from __future__ import annotations

import random

import polars as pl
import pytest
from tests.unit.data.exports import as_json

from postcast.data.sources import READERS

FAST = ("--encoder", "tfidf", "--classifier", "linear")


def test_every_format_is_listed_with_what_it_needs(postcast):
    told = postcast("formats").out
    for name, one in READERS.items():
        assert f"{name}: {one.what}\n" in told
    assert max(map(len, told.splitlines())) <= 100


def test_as_json_and_one_alone(postcast):
    listed = postcast("formats", "--json").json
    assert [one["name"] for one in listed] == list(READERS)
    assert all(one["what"] and one["needs"] and one["told_by"] and one["takes"] for one in listed)
    assert postcast("formats", "smpd", "--json").json == [listed[-1]]
    assert "expected one of csv, json" in postcast("formats", "excel").error


def test_an_unknown_reader_names_the_nearest(postcast, posts_file, tmp_path):
    error = postcast("prepare", posts_file, "--reader", "smdp", "--out", tmp_path / "p").error
    assert "did you mean 'smpd'?" in error


@pytest.fixture
def smpd_folder(tmp_path):
    """A hundred and fifty posts whose label follows one word of the title."""
    rng = random.Random(5)
    levels = [rng.randrange(3) for _ in range(150)]
    keys = [{"Uid": f"{n % 5}@N00", "Pid": str(1000 + n)} for n in range(150)]
    words = [f"{('dull', 'plain', 'easy')[level]} w{rng.randrange(90)}" for level in levels]
    files = {
        "text.json": [
            {"Title": title, "Alltags": f"t{n % 7} all", "Mediatype": "photo", **key}
            for n, (title, key) in enumerate(zip(words, keys, strict=True))
        ],
        "category.json": [{"Category": f"c{n % 4}"} for n in range(150)],
        "temporalspatial_information.json": [
            {"Postdate": str(1450000000 + 3600 * n)} for n in range(150)
        ],
    }
    folder = tmp_path / "SMPD"
    folder.mkdir()
    for name, rows in files.items():
        (folder / f"train_{name}").write_bytes(as_json(rows))
    labels = "".join(f"{4 * level + rng.random()}\n" for level in levels)
    (folder / "train_label.txt").write_text(labels)
    return folder


def test_the_files_of_the_smp_challenge_are_learned_from(
    postcast, without_figures, few_draws, smpd_folder, tmp_path
):
    answer = postcast("run", smpd_folder, *FAST, "--out", tmp_path / "RUN")
    assert answer.code == 0, answer.err
    posts = pl.read_parquet(tmp_path / "RUN" / "posts.parquet")
    assert posts.select("author", "tags", "category").row(1) == ("1@N00", "t1, all", "c1")
    assert posts["id"][1] == "1001"
    again = postcast("predict", tmp_path / "RUN", smpd_folder, "--json")
    assert again.code == 0, again.err
    assert len(again.json) == 150


def test_posts_prepared_before_there_were_categories(
    postcast, without_figures, few_draws, posts_file, tmp_path
):
    path = tmp_path / "posts.parquet"
    assert postcast("prepare", posts_file, "--out", path).code == 0
    about = pl.read_parquet_metadata(path)["postcast"]
    pl.read_parquet(path).drop("category").write_parquet(path, metadata={"postcast": about})
    answer = postcast("train", path, *FAST, "--out", tmp_path / "RUN")
    assert answer.code == 0, answer.err
    assert postcast("audit", path).code == 0
