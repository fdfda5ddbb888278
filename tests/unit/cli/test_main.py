"""Exit codes, the one line that an error gets, and what goes to which output."""

import errno
import logging
import sys

import pytest
import typer

from postcast.cli import main
from postcast.cli.main import exit_code
from postcast.version import __version__

COMMANDS = ("run", "predict", "evaluate", "prepare", "embed", "train")


@pytest.fixture
def failing(monkeypatch, postcast):
    """A command that ends in an exception."""

    def fail(error, *arguments):
        def command():
            raise error

        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(command)
        app.callback()(lambda: None)
        monkeypatch.setattr(main, "app_of", lambda _: app)
        return postcast("command", *arguments)

    return fail


def test_version(postcast):
    assert postcast("--version").out == f"postcast {__version__}\n"


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_names_every_command(postcast, arguments):
    answer = postcast(*arguments)
    assert (answer.code, answer.err) == (0, "")
    assert all(f" {name} " in answer.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_reads_as_paragraphs(postcast, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "600")
    answer = postcast(name, "--help")
    assert answer.code == 0
    assert "Usage: postcast " + name in answer.out
    assert f"postcast {name} " in answer.out.partition("Usage")[2].partition("Example")[2]
    assert "----" not in answer.out
    prose = answer.out.partition("Example")[0].splitlines()[3:]
    sentences = [line.strip() for line in prose if line.strip()]
    assert all(line.endswith((".", ":")) for line in sentences), sentences


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rnu",), "No such command 'rnu'. Did you mean 'run'?"),
        (("run",), "Missing option '--out'."),
        (("run", "--out"), "Option '--out' requires an argument."),
        (("run", "a.csv", "b.csv", "--out", "x"), "unexpected extra argument"),
        (("run", "--out", "x", "--tset-size", "1"), "--test-size"),
        (("run", "--out", "x", "--seed", "1.5"), "'--seed'"),
        (("predict",), "Missing argument"),
    ],
)
def test_wrong_use_is_one_line(postcast, arguments, says):
    assert says in postcast(*arguments).error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "x", "f.csv"), "the disk is full: f.csv"),
        (OSError(errno.EIO, "x"), "the system refused: Input/output error"),
        (MemoryError(), "not enough memory"),
        (ValueError("two\nlines"), "a fault of postcast itself (ValueError: two lines)"),
    ],
)
def test_the_unexpected_is_one_line_too(failing, error, says):
    assert says in failing(error).error


def test_an_interruption(failing):
    answer = failing(KeyboardInterrupt())
    assert answer.code == 130
    assert answer.err == "postcast: interrupted; the same command goes on where it stopped\n"


def test_the_end_of_a_file_is_no_interruption(postcast, monkeypatch, posts_file):
    def fail(*arguments):
        raise EOFError("No data left in file")

    monkeypatch.setattr("postcast.data.read.write_prepared", fail)
    error = postcast("prepare", posts_file, "--out", "never.parquet").error
    assert "a fault of postcast itself (ValueError: a file ended too early: No data" in error


def test_a_reader_that_left_is_no_error(failing):
    before = sys.stdout, sys.stderr
    try:
        answer = failing(BrokenPipeError(errno.EPIPE, "x"))
    finally:
        sys.stdout, sys.stderr = before
    assert (answer.code, answer.err) == (0, "")


def test_messages_wait_until_a_command_is_done(postcast, posts_file, tmp_path):
    answer = postcast("prepare", posts_file, "--out", tmp_path / "posts.parquet")
    assert answer.err.startswith("Columns: text = text, ")
    assert "…" not in answer.err
    assert "Columns" not in answer.out


def test_quiet_says_nothing_beside_the_result(postcast, posts_file, tmp_path):
    answer = postcast("prepare", posts_file, "--quiet", "--out", tmp_path / "posts.parquet")
    assert answer.err == ""
    assert "posts kept" in answer.out


def test_verbose_says_it_at_once_and_shows_where_a_fault_is(postcast, monkeypatch, posts_file):
    def fail(*arguments):
        raise RuntimeError("odd")

    monkeypatch.setattr("postcast.data.read.write_prepared", fail)
    asked = ("prepare", posts_file, "--out", "never.parquet")
    assert "RuntimeError: odd" in postcast(*asked).error
    answer = postcast(*asked, "--verbose")
    assert answer.code == 2
    assert answer.err.startswith("Columns: ")
    assert "Traceback" in answer.err
    assert answer.err.splitlines()[-1].startswith("postcast: a fault")


def test_exit_code_takes_the_process_arguments(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["postcast", "--version"])
    assert exit_code() == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("name", ["posts", "nothing"])
def test_logging_is_left_as_it_was(postcast, posts_file, tmp_path, name):
    logger = logging.getLogger("postcast")
    before = logger.handlers[:], logger.level, logger.propagate
    postcast("prepare", posts_file.with_stem(name), "--out", tmp_path / "posts.parquet")
    assert (logger.handlers, logger.level, logger.propagate) == before
