"""The command ``postcast``: its commands, its exit codes, its one-line errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from postcast.cli.embed import embed
from postcast.cli.evaluate import evaluate
from postcast.cli.predict import predict
from postcast.cli.prepare import prepare
from postcast.cli.run import run
from postcast.cli.train import train
from postcast.errors import PostcastError
from postcast.version import __version__

# typer carries click inside from 0.24 on, under a private name: this holds for both.
_ClickException: Any = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130

app = typer.Typer(
    name="postcast",
    help="Forecast how popular a post will be before it is published.",
    epilog="Start with `postcast run --out RUN`: it trains on a synthetic sample.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (run, predict, evaluate, prepare, embed, train):
    app.command()(command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"postcast {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Forecast how popular a post will be before it is published."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line and leave the process with its exit code."""
    sys.exit(exit_code(arguments))


def exit_code(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return 0 done, 1 answered no, 2 bad input, 130 interrupted."""
    try:
        return int(app(args=arguments, prog_name="postcast", standalone_mode=False) or DONE)
    except typer.Exit as leave:
        return leave.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return _say("interrupted; the same command goes on where it stopped", INTERRUPTED)
    except _ClickException as error:
        return _say(" ".join(error.format_message().split()), BAD_INPUT)
    except PostcastError as error:
        return _say(str(error), BAD_INPUT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _say(message: str, code: int) -> int:
    typer.echo(f"postcast: {message}", err=True)
    return code
