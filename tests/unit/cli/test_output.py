"""What is printed and written: in any encoding, whatever names hold, and wherever it is to go."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
import threading

import polars as pl
import pytest

from postcast.cli.main import exit_code

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u2028x"
RAW = ("\x1b", "\x07", "\x9b", "\u202e", "\u2028", "\x7f")
AUTHOR = f"=cmd|'x'!A1{HOSTILE}"
DRAFT = ("--text", "Crème brûlée → “naïve” 李雷", "--author", AUTHOR)


@pytest.fixture(scope="module")
def counting_run(tmp_path_factory):
    """A run of `strong` that knows counts and authors, some of them hostile."""
    import numpy as np

    folder = tmp_path_factory.mktemp("hostile")
    rng = np.random.default_rng(1)
    rows = [
        {
            "id": f"-p{i}",
            "text": " ".join(rng.choice([f"wörd{n}" for n in range(80)], 6)),
            "author": (AUTHOR, "@zoë", "-5", "plain")[i % 4],
            "created_at": f"2026-0{1 + i // 56}-{1 + i % 28:02d}T{i % 24:02d}:00",
            "saves": int(rng.integers(0, 30_000)),
        }
        for i in range(280)
    ]
    posts = folder / "posts.csv"
    with posts.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    chosen = ("--encoder", "tfidf", "--target", "count", "--quiet")
    assert exit_code(["run", str(posts), "--out", str(folder / "RUN"), *chosen]) == 0
    return folder / "RUN"


@pytest.fixture
def posts(counting_run):
    return counting_run.parent / "posts.csv"


@pytest.fixture
def in_encoding(monkeypatch):
    """Run a command whose outputs have an encoding; return its code and what it wrote."""

    def run(encoding, *arguments):
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        code = exit_code([str(one) for one in arguments])
        err.flush()
        return code, out.buffer.getvalue(), err.buffer.getvalue()

    return run


def commands(run, posts, folder):
    """Each command that prints a result, and whether it prints JSON when asked."""
    return {
        "predict": ("predict", run, *DRAFT),
        "predict of a file": ("predict", run, posts),
        "explain": ("explain", run, *DRAFT),
        "whatif": ("whatif", run, *DRAFT, "--time", "2026-06-01T10:00"),
        "rank": ("rank", run, posts),
        "audit": ("audit", posts),
        "prepare": ("prepare", posts, "--out", folder / "prepared.parquet"),
        "evaluate": ("evaluate", run, folder / "other.csv", "--out", folder / "evaluated"),
        "drift": ("drift", run, folder / "other.csv"),
        "formats": ("formats",),
        "cache": ("cache", "--cache", folder / "cäche"),
        "help": ("predict", "--help"),
        "error": ("predict", folder / f"nö{HOSTILE}\nlike that", *DRAFT),
        "wrong option": ("predict", run, "--tëxt"),
    }


CSV = "predict of a file"
"""What is no text for people, unless it goes to a terminal."""

NAMES = list(commands("", "", __import__("pathlib").Path()))


@pytest.fixture
def other(tmp_path):
    table = [
        f"{i},other{i} wörd{i % 80} text,plain,2026-08-{1 + i % 28:02d},{i}" for i in range(60)
    ]
    path = tmp_path / "other.csv"
    path.write_text("id,text,author,created_at,saves\n" + "\n".join(table) + "\n", "utf-8")
    return path


@pytest.mark.usefixtures("other", "without_figures", "few_draws")
@pytest.mark.parametrize("name", NAMES)
def test_every_command_prints_in_every_encoding(in_encoding, counting_run, posts, tmp_path, name):
    for encoding in ("ascii", "cp1252"):
        asked = commands(counting_run, posts, tmp_path)[name]
        code, out, err = in_encoding(encoding, *asked)
        assert code == (2 if name in ("error", "wrong option") else code)
        assert code in (0, 1, 2)
        assert out or err
        assert b"fault of postcast" not in err, err
        told = (err if name == CSV else out + err).decode(encoding)
        assert not any(sign in told for sign in ("\x1b", "\x07", "\x7f", "\x9b")), told
        if code == 2:
            assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["predict", "explain", "whatif", "rank", "audit"])
def test_json_is_the_same_in_every_encoding(in_encoding, counting_run, posts, tmp_path, name):
    asked = commands(counting_run, posts, tmp_path)[name]
    told = {
        encoding: in_encoding(encoding, *asked, "--json", "--quiet")[1]
        for encoding in ("utf-8", "cp1252", "ascii", "utf-16")
    }
    plain = json.loads(told["utf-8"].decode("utf-8"))
    assert json.loads(told["cp1252"].decode("ascii")) == plain
    assert json.loads(told["ascii"].decode("ascii")) == plain
    assert not any(sign in told["utf-8"].decode("utf-8") for sign in RAW)


@pytest.mark.parametrize("name", ["predict", "explain", "whatif", "rank", "audit", "error"])
def test_nothing_from_elsewhere_is_obeyed(in_encoding, counting_run, posts, tmp_path, name):
    code, out, err = in_encoding("utf-8", *commands(counting_run, posts, tmp_path)[name])
    told = (out + err).decode("utf-8")
    assert not any(sign in told for sign in RAW), told
    if name == "error":
        assert code == 2
        assert len(err.decode().splitlines()) == 1
        assert "\\x1b]0;owned" in err.decode()


def test_csv_on_a_terminal_is_not_obeyed(monkeypatch, counting_run, posts):
    class Terminal(io.TextIOWrapper):
        def isatty(self):
            return True

    out = Terminal(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", out)
    assert exit_code(["predict", str(counting_run), str(posts)]) == 0
    told = out.buffer.getvalue().decode("utf-8")
    assert "\\x1b]0;owned" in told
    assert not any(sign in told for sign in RAW)


def test_a_process_without_utf_8_prints_plain_characters(counting_run):
    plain = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = [sys.executable, "-m", "postcast", "predict", str(counting_run), "--text", "wörd1"]
    done = subprocess.run(
        command, env={**os.environ, **plain}, capture_output=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"#" in done.stdout
    assert done.stdout.isascii()
    assert done.stderr.isascii()


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("raw", [False, True])
def test_no_cell_of_a_csv_is_a_formula(postcast, counting_run, posts, tmp_path, raw):
    option = ("--raw-csv",) * raw
    guard = "" if raw else "'"
    ranked, predicted = tmp_path / "ranked.csv", tmp_path / "predicted.csv"
    assert postcast("rank", counting_run, posts, "--out", ranked, *option).code == 0
    assert postcast("predict", counting_run, posts, "--out", predicted, *option).code == 0
    printed = postcast("predict", counting_run, posts, *option).out
    for text in (ranked.read_text("utf-8"), predicted.read_text("utf-8"), printed):
        authors = {row["author"] for row in rows_of(text)}
        assert authors == {f"{guard}{AUTHOR}", f"{guard}@zoë", "-5", "plain"}
        assert all(row["id"].startswith(f"{guard}-p") for row in rows_of(text))


def test_a_run_guards_its_csv_and_reads_it_back(counting_run):
    text = (counting_run / "predictions.csv").read_text("utf-8")
    assert {row["author"] for row in rows_of(text)} >= {"'@zoë", "-5"}
    columns = list(rows_of(text)[0])
    assert "count_low" in columns
    assert "low" not in columns


def test_forecasts_read_back_as_drafts(postcast, counting_run, posts, tmp_path):
    written = tmp_path / "forecasts.csv"
    assert postcast("predict", counting_run, posts, "--out", written).code == 0
    table = pl.read_csv(written, infer_schema=False).with_columns(
        text=pl.Series(pl.read_csv(posts)["text"])
    )
    table.select("id", "author", "text").write_csv(tmp_path / "again.csv")
    again = postcast("predict", counting_run, tmp_path / "again.csv", "--json").json
    assert [one["id"] for one in again] == pl.read_csv(posts)["id"].to_list()
    assert not any("not seen in training" in str(one["warnings"]) for one in again)


OUT = [("predict", ()), ("rank", ()), ("predict", ("--format", "smp"))]


@pytest.mark.parametrize(("command", "options"), OUT)
def test_out_writes_into_a_pipe(postcast, counting_run, posts, tmp_path, command, options):
    pipe, content = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: content.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    assert postcast(command, counting_run, posts, "--out", pipe, *options).code == 0
    reader.join(60)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert "-p0" in content[0]
    assert [one.name for one in tmp_path.iterdir()] == ["pipe"]


def test_out_into_the_null_device_leaves_it(postcast, counting_run, posts, tmp_path):
    link = tmp_path / "null"
    link.symlink_to(os.devnull)
    for asked in (("predict", counting_run, posts), ("prepare", posts)):
        assert postcast(*asked, "--out", link).code == 0
    assert link.is_symlink()
    assert stat.S_ISCHR(link.stat().st_mode)
    assert [one.name for one in tmp_path.iterdir()] == ["null"]
    error = postcast("predict", counting_run, posts, "--out", link, "--jobs", 2).error
    assert "a device or pipe" in error


def test_an_out_that_fails_leaves_a_link_to_nothing(postcast, counting_run, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nothing")
    nowhere = tmp_path / "no.csv"
    for asked in (
        ("predict", counting_run, nowhere),
        ("rank", counting_run, nowhere),
        ("prepare", nowhere),
        ("evaluate", counting_run, nowhere),
        ("drift", counting_run, nowhere),
        ("run", nowhere),
    ):
        assert postcast(*asked, "--out", link).error
        assert link.is_symlink(), asked
    assert [one.name for one in tmp_path.iterdir()] == ["link"]
