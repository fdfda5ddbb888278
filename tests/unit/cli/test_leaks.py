"""Leaks on the command line: what a training refuses, what it warns of, and where that is told."""

import json
import re

import pytest
from tests.conftest import records

FAST = ("--encoder", "tfidf", "--classifier", "linear")

pytestmark = pytest.mark.usefixtures("few_draws", "without_figures")


@pytest.fixture
def leaky_file(tmp_path):
    """Posts with the number of their comments, and with what was replied to them."""
    rows = [
        row | {"comments": row["saves"] * 2 + i % 5, "replies": f"{row['text']} {i} yes"}
        for i, row in enumerate(records())
    ]
    path = tmp_path / "leaky.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture
def out(tmp_path):
    return tmp_path / "RUN"


def facts_of(out):
    return json.loads((out / "run.json").read_text())


def section(out):
    page = (out / "report.html").read_text()
    return re.search(r'<section aria-labelledby="giveaways">.*?</section>', page, re.DOTALL)[0]


def test_a_used_leak_exits_2_and_nothing_is_written(postcast, leaky_file, out):
    answer = postcast("run", leaky_file, *FAST, "--text-col", "replies", "--out", out)
    assert answer.error == (
        "column 'replies', taken as text, is known only after publishing; expected one that is "
        "known before publishing and does not tell the count; choose another column, or insist "
        "with --allow-leaks replies"
    )
    assert not out.exists()


def test_a_used_leak_leaves_an_empty_folder_empty(postcast, leaky_file, out):
    out.mkdir()
    assert postcast("run", leaky_file, *FAST, "--text-col", "replies", "--out", out).code == 2
    assert list(out.iterdir()) == []


def test_prepared_posts_are_refused_too(postcast, leaky_file, tmp_path, out):
    prepared = tmp_path / "posts.parquet"
    assert postcast("prepare", leaky_file, "--text-col", "replies", "--out", prepared).code == 0
    assert "column 'replies'" in postcast("train", prepared, *FAST, "--out", out).error
    allowed = postcast("train", prepared, *FAST, "--allow-leaks", "replies", "--out", out)
    assert allowed.code == 0


@pytest.mark.parametrize("way", ["option", "file"])
def test_an_allowed_leak_is_a_warning(postcast, leaky_file, tmp_path, out, way):
    config = tmp_path / "config.toml"
    config.write_text('allow_leaks = ["replies"]\n')
    insists = ("--config", config) if way == "file" else ("--allow-leaks", "replies")
    options = (*FAST, "--text-col", "replies", *insists)
    answer = postcast("run", leaky_file, *options, "--out", out)
    assert answer.code == 0
    assert "Column 'replies' is known only after publishing; read as text" in answer.err
    facts = facts_of(out)
    assert facts["settings"]["allow_leaks"] == ["replies"]
    assert {one["subject"]: one["is_allowed"] for one in facts["audit"]}["replies"] is True
    assert "allowed leak" in section(out)


def test_an_unused_leak_is_told_everywhere_and_stops_nothing(postcast, leaky_file, out):
    answer = postcast("run", leaky_file, *FAST, "--out", out)
    assert answer.code == 0
    facts = facts_of(out)
    [line] = [one for one in facts["warnings"] if "comments" in one]
    assert line in answer.err
    assert "postcast does not read it" in line
    [finding] = facts["audit"]
    assert (finding["subject"], finding["is_leak"]) == ("comments", True)
    told = section(out)
    assert "Column &#39;comments&#39; is known only after publishing" in told
    for side in ("with", "without"):
        assert f"{finding['worth'][side]['value']:.3f}" in told
    assert "Nothing was found" not in told


def test_clean_posts_have_nothing_to_tell(postcast, posts_file, out):
    answer = postcast("run", posts_file, *FAST, "--out", out)
    assert answer.code == 0
    facts = facts_of(out)
    assert facts["audit"] == []
    assert "audit" in [stage["name"] for stage in facts["stages"]]
    assert "Nothing was found" in section(out)
    assert "giveaways" not in evaluated(postcast, out, posts_file)


def evaluated(postcast, out, posts):
    """Return the report of an evaluation, which looks for no leaks."""
    folder = out.parent / "evaluation"
    assert postcast("evaluate", out, posts, "--out", folder).code == 0
    return (folder / "report.html").read_text()


def test_posts_from_standard_input_are_audited(postcast, leaky_file, out):
    answer = postcast("run", "-", *FAST, "--out", out, stdin=leaky_file.read_bytes())
    assert answer.code == 0
    assert [one["subject"] for one in facts_of(out)["audit"]] == ["comments"]


def test_the_audit_command_takes_the_same_setting_from_a_file(postcast, leaky_file, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('allow_leaks = ["comments"]\n')
    assert postcast("audit", leaky_file).code == 1
    assert postcast("audit", leaky_file, "--config", config).code == 0
