"""`postcast explain` and `postcast whatif`: for people, for machines, and with bad input."""

import json

import pytest

from postcast import load
from postcast.explain import explain
from postcast.whatif import what_if

COMMANDS = ("explain", "whatif")
TEXT = ("--text", "Easy weeknight pasta for two. Newsletter this week")
ESCAPES = "easy \x1b[31mred\x1b[0m \x00 \u202e soup\a [bold]loud[/bold] :pizza:"


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_what_python_gives(postcast, sample_run, command):
    from postcast import Post

    answer = postcast(command, sample_run, *TEXT, "--author", "studio-fern", "--json")
    assert answer.code == 0, answer.err
    post = Post(text=TEXT[1], author="studio-fern")
    found = {"explain": explain, "whatif": what_if}[command](load(sample_run), post)
    assert answer.json == json.loads(json.dumps(found.to_dict()))


def test_the_forecast_is_that_of_predict(postcast, sample_run):
    told = postcast("predict", sample_run, *TEXT, "--json").json
    for command in COMMANDS:
        assert postcast(command, sample_run, *TEXT, "--json").json["forecast"] == told


def test_people_see_parts_marks_and_a_word_of_caution(postcast, sample_run):
    out = postcast("explain", sample_run, *TEXT).out
    assert "Newsletter↓" in out
    assert "×" in out
    assert "associations" in out
    assert "not causes" in out
    assert "\x1b" not in out
    tried = postcast("whatif", sample_run, *TEXT).out
    assert "edits tried" in tried or "edit tried" in tried
    assert "not promises" in tried


def test_colours_on_a_terminal_alone_and_not_where_they_are_not_wanted(
    postcast, sample_run, monkeypatch
):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in postcast("explain", sample_run, *TEXT).out
    monkeypatch.setenv("NO_COLOR", "1")
    coloured = postcast("explain", sample_run, *TEXT).out
    assert "\x1b[31m" not in coloured
    assert "\x1b[32m" not in coloured


@pytest.mark.parametrize("command", COMMANDS)
def test_text_of_others_is_shown_as_text(postcast, sample_run, command):
    words = ("--text", ESCAPES, "--author", "\x1b]0;title\a")
    more = ("--alternative", ESCAPES + " sale") if command == "whatif" else ()
    out = postcast(command, sample_run, *words, *more).out
    assert not {"\x1b", "\a", "\x00", "\u202e"} & set(out)
    if command == "explain":
        assert ":pizza:" in out


@pytest.mark.parametrize("text", ["", " ", "half \ud83d sign", "\x00", "汤" * 40, "x" * 9_000])
@pytest.mark.parametrize("command", COMMANDS)
def test_any_text_is_answered(postcast, sample_run, command, text):
    assert postcast(command, sample_run, "--text", text).code == 0
    json.dumps(postcast(command, sample_run, "--text", text, "--json").json)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), "no draft"),
        (("--text", "soup", "--time", "yesterday"), "not a time"),
        (("--text", "soup", "--time", "2024-05-01", "--timezone", "Mars/Base"), "Mars/Base"),
        (("--text", "soup", "--flavour", "salty"), "--flavour"),
    ],
)
def test_bad_input_is_told_in_one_line(postcast, sample_run, command, arguments, found):
    assert found in postcast(command, sample_run, *arguments).error


@pytest.mark.parametrize("command", COMMANDS)
def test_no_run_is_told_in_one_line(postcast, tmp_path, command):
    assert "no folder" in postcast(command, tmp_path / "none", *TEXT).error
