"""`postcast compare`: what is printed, and one line for bad use."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("few_draws")

QUICK = (
    "--encoder",
    "tfidf",
    "--classifiers",
    "tfidf-linear,majority",
    "--splits",
    "chronological",
)


def test_the_table_is_printed_and_written(postcast, posts_file, tmp_path):
    out = tmp_path / "C"
    answer = postcast("compare", posts_file, *QUICK, "--out", out)
    assert answer.code == 0
    written = (out / "compare.txt").read_text()
    assert answer.out == f"{written}\nPage: {out / 'compare.html'}\n"
    assert max(map(len, written.splitlines())) <= 88
    assert {one.name for one in out.iterdir()} == {
        "compare.html", "compare.json", "compare.txt", "figures"
    }  # fmt: skip


def test_json_is_what_is_written(postcast, posts_file, tmp_path):
    answer = postcast("compare", posts_file, *QUICK, "--out", tmp_path / "C", "--json", "--quiet")
    assert answer.err == ""
    assert answer.json == json.loads((tmp_path / "C" / "compare.json").read_text())


def test_maturity_is_that_of_later_posts(postcast, posts_file, tmp_path):
    options = ("--maturity", "2d", "--splits", "cv,chronological", "--out", tmp_path / "C")
    answer = postcast("compare", posts_file, *QUICK, *options, "--json")
    told = {(one["split"], one["mode"]): one["maturity"] for one in answer.json["splits"]}
    assert told == {
        ("cv", "frozen"): "0",
        ("chronological", "frozen"): "2d",
        ("chronological", "online"): "2d",
    }


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--classifiers", "majorty"), "did you mean 'majority'?"),
        (("--splits", "unsene"), "did you mean 'unseen'?"),
        (("--maturity", "soon"), "maturity 'soon'"),
        (("--thresholds", "1000,2000"), "class medium and high is empty"),
        (("--count-col", "likes"), "no column 'likes'"),
        (("--jobs", "0"), "'--jobs'"),
    ],
)
def test_what_makes_no_sense_exits_2(postcast, posts_file, tmp_path, options, says):
    out = tmp_path / "C"
    assert says in postcast("compare", posts_file, *QUICK, *options, "--out", out).error
    assert not out.exists()


def test_a_run_is_not_written_over(postcast, posts_file, sample_run):
    before = (sample_run / "scorecard.json").read_bytes()
    assert "holds a run" in postcast("compare", posts_file, *QUICK, "--out", sample_run).error
    assert (sample_run / "scorecard.json").read_bytes() == before
