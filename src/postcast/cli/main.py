"""The command ``postcast``: its commands, its exit codes, its one-line errors."""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from postcast.checkpoints.request import ignore_requests
from postcast.cli.messages import drop_messages, show_messages, tell_trace
from postcast.cli.terminal import say, say_error, set_up_outputs
from postcast.errors import PostcastError
from postcast.version import __version__

# typer carries click inside from 0.24 on, under a private name: this holds for both.
_ClickException: Any = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130

RARELY = 50_000
"""New objects between two searches for garbage. A forecast is over before the first one; the
usual 700, and the searches of a process that ends, are a tenth of its time."""

COMMANDS = {
    "run": "Learn from past posts, test on later ones, write a run folder.",
    "predict": "Forecast drafts: how popular each will be, how sure that is.",
    "explain": "Say what moved a draft's forecast, and show like past posts.",
    "whatif": "Try edits of a draft; tell those that past posts are sure of.",
    "rank": "Put drafts in order, and say which are too close to call.",
    "evaluate": "Score a forecaster on posts that it did not learn from.",
    "update": "Take newer posts into a run's memory, without training again.",
    "drift": "Say whether a forecaster still holds on newer posts.",
    "audit": "Look for what gives the answer away in a file of posts.",
    "compare": "Compare classifiers on the same posts under several splits.",
    "serve": "Serve a forecaster: a page for people, and an HTTP API.",
    "prepare": "Read and clean posts, write them as one Parquet table.",
    "embed": "Turn the posts' texts into vectors.",
    "shard": "Divide posts into shards, to embed them on many machines.",
    "embed-shard": "Turn the texts of some shards into vectors: the worker.",
    "gather": "Put the shards' vectors together, once none is missing.",
    "submit": "Hand a run to a cluster: a batch script for each stage.",
    "status": "Say how far a submitted run is, and what has failed.",
    "resume": "Submit again what of a submitted run is missing.",
    "cancel": "End what of a submitted run waits or is running.",
    "predict-shard": "Forecast the drafts of some shards: the worker.",
    "train": "Do what run does, from the posts.parquet of prepare.",
    "formats": "List the formats that are read, and what each needs.",
    "cache": "Look at what is kept between runs, bound or clear it.",
}
"""Each in the module of its name, in a few words."""


class _Commands(TyperGroup):
    """The commands, in which the end of a file is no interruption."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; typer would take an `EOFError` for Ctrl-D at a question."""
        try:
            return super().invoke(ctx)
        except EOFError as error:
            raise ValueError(f"a file ended too early: {error}") from error


def app_of(arguments: Sequence[str]) -> typer.Typer:
    """Return the command line that some arguments need: that of one command, or of all."""
    asked = arguments[0] if arguments else ""
    app = typer.Typer(
        name="postcast",
        cls=_Commands,
        help="Forecast how popular a post will be before it is published.",
        epilog="Start with `postcast run --out RUN`: it trains on a synthetic sample.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if asked in COMMANDS else None,  # rich takes a third of the time
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(options)
    for name in (asked,) if asked in COMMANDS else COMMANDS:
        function = name.replace("-", "_")
        module = importlib.import_module(f"postcast.cli.{function}")
        app.command(name, short_help=COMMANDS[name])(getattr(module, function))
    return app


def options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", help="Print the version."),
    ] = False,
) -> None:
    """Forecast how popular a post will be before it is published."""
    if version:
        say(f"postcast {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line and leave the process with its exit code."""
    gc.set_threshold(RARELY)
    ignore_requests()
    code = exit_code(arguments)
    gc.freeze()
    sys.exit(code)


def exit_code(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return 0 done, 1 answered no, 2 bad input, 130 interrupted."""
    set_up_outputs()
    try:
        given = sys.argv[1:] if arguments is None else arguments
        app = app_of(given)
        code = int(app(args=given, prog_name="postcast", standalone_mode=False) or DONE)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except (BrokenPipeError, SystemExit):  # typer leaves by SystemExit on a broken pipe
        drop_messages()
        _silence_output()
        return DONE
    except Exception as error:
        return _say(_explained(error), BAD_INPUT)
    if code == INTERRUPTED:
        return _say("interrupted; the same command goes on where it stopped", INTERRUPTED)
    show_messages()
    return code


def _explained(error: Exception) -> str:
    """Return what went wrong, in words; a fault of postcast's own asks to be reported."""
    if isinstance(error, PostcastError):
        return str(error)
    if isinstance(error, _ClickException):
        return str(error.format_message())
    tell_trace(error)
    if isinstance(error, MemoryError):
        return "not enough memory; give fewer posts, or run it on a larger machine"
    if isinstance(error, OSError) and error.errno:
        where = "" if error.filename is None else f": {error.filename}"
        if error.errno == errno.ENOSPC:
            return f"the disk is full{where}; free some space, then run it again"
        return f"the system refused: {os.strerror(error.errno)}{where}"
    return (
        f"a fault of postcast itself ({type(error).__name__}: {error}); "
        "run it again with --verbose and report what it prints"
    )


def _say(message: str, code: int) -> int:
    """Say the one line that an error is, and nothing that led to it."""
    drop_messages()
    with contextlib.suppress(OSError):
        say_error(message)
    _silence_output()
    return code


def _silence_output() -> None:
    """Send what standard output does not take nowhere, lest the flush at exit fails again."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        return
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
