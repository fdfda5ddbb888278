"""`postcast audit`: exit codes, sentences, JSON, bad input."""

import json

import pytest
from tests.conftest import records

pytestmark = pytest.mark.usefixtures("few_draws")


@pytest.fixture
def leaky_file(tmp_path):
    """Posts with their comments, stored by descending count."""
    rows = sorted(records(), key=lambda row: -row["saves"])
    path = tmp_path / "leaky.jsonl"
    rows = [row | {"comments": row["saves"] * 2 + i % 5} for i, row in enumerate(rows)]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_clean_posts_exit_0(postcast, posts_file):
    answer = postcast("audit", posts_file)
    assert answer.code == 0
    assert answer.out.startswith("No leak found in posts.jsonl (240 posts).\n")


def test_leaks_exit_1_in_plain_sentences(postcast, leaky_file):
    answer = postcast("audit", leaky_file, "--quiet")
    assert (answer.code, answer.err) == (1, "")
    assert answer.out.startswith("2 leaks found in leaky.jsonl (240 posts).\n")
    assert "Leak: Column 'comments' is known only after publishing" in answer.out
    assert "Leak: The rows are stored by descending count" in answer.out
    assert len(answer.out.splitlines()) <= 30
    assert max(map(len, answer.out.splitlines())) <= 88


def test_leaks_that_are_allowed_exit_0(postcast, leaky_file):
    one = postcast("audit", leaky_file, "--allow-leaks", "comments")
    assert one.code == 1
    assert "1 leak found" in one.out
    both = postcast("audit", leaky_file, "--allow-leaks", "comments", "--allow-leaks", "row order")
    assert both.code == 0
    assert both.out.startswith("No other leak found")
    assert "Allowed: Column 'comments'" in both.out


def test_many_findings_stay_short(postcast, tmp_path):
    rows = [r | {f"views_{n}": r["saves"] + n for n in range(12)} for r in records()]
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    answer = postcast("audit", path)
    assert answer.code == 1
    assert len(answer.out.splitlines()) <= 45
    assert "And views_6 (known after)" in answer.out


def test_json_says_the_same(postcast, leaky_file):
    answer = postcast("audit", leaky_file, "--json")
    assert answer.code == 1
    found = answer.json
    assert list(found) == [
        "source", "n_posts", "n_leaks", "split", "judged", "not_judged", "findings"
    ]  # fmt: skip
    assert (found["source"], found["n_posts"], found["n_leaks"]) == ("leaky.jsonl", 240, 2)
    assert found["judged"] == ["comments"]
    first = found["findings"][0]
    assert list(first) == [
        "kind", "subject", "is_leak", "is_allowed", "says", "dealt_with", "sentence", "worth"
    ]  # fmt: skip
    assert (first["kind"], first["subject"]) == ("known after", "comments")
    assert list(first["worth"]) == [
        "of", "what", "against", "with", "without", "difference", "alone"
    ]  # fmt: skip
    for part in ("with", "without", "difference", "alone"):
        assert set(first["worth"][part]) == {"value", "low", "high"}


def test_posts_come_from_standard_input(postcast, leaky_file):
    answer = postcast("audit", "-", stdin=leaky_file.read_bytes())
    assert answer.code == 1
    assert answer.out.startswith("2 leaks found in standard input")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--allow-leaks", "coments"), "allow-leaks 'coments'; expected one of id, text, author"),
        (("--count-col", "likes"), "no column 'likes'"),
        (("--test-size", "2"), "test-size 2.0"),
        (("--split", "chronologic"), "did you mean 'chronological'?"),
        (("--thresholds", "1000,2000"), "class medium and high is empty"),
    ],
)
def test_what_makes_no_sense_exits_2(postcast, posts_file, options, says):
    assert says in postcast("audit", posts_file, *options).error


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "posts.csv is empty"),
        (b"id,text,saves\n1,a,2\n", "too few posts"),
        (b"id,text,saves\n1,,2\n", "none of 1 posts has a text and a count"),
        (b"id,text,saves\n", "posts.csv has a header but no rows"),
    ],
)
def test_bad_files_exit_2(postcast, tmp_path, data, says):
    path = tmp_path / "posts.csv"
    path.write_bytes(data)
    assert says in postcast("audit", path).error
