"""The options that commands share, those of `postcast.settings` made from its fields.

Knows typer; not what any option does.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.messages import set_up_messages
from postcast.errors import SettingsError
from postcast.settings import LEARNING, MACHINE, READING, TESTING, Settings, field_type, read_config

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A RUN folder.", show_default=False)]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE.toml",
        help="Flat settings: these names with underscores. The command line wins.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print the result as JSON.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", metavar="", help="Say nothing but results and errors.")
]
Verbose = Annotated[bool, typer.Option("--verbose", metavar="", help="Say more, and at once.")]

READ = (READING,)
TRAIN = (LEARNING, TESTING, MACHINE)
EVERYTHING = (READING, *TRAIN)


def takes_settings(
    panels: tuple[str, ...] = (), names: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for each setting of some panels, or of some names.

    The command gets those that were given as one mapping, `given`, with ``--config``'s file
    beneath them; and ``--quiet`` and ``--verbose`` are set up before it is called.
    """
    chosen = [
        one
        for one in dataclasses.fields(Settings)
        if one.metadata["panel"] in panels or one.name in names
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.name != "given"]
        config = [_parameter("config", None, Config)] if chosen else []
        shared = [_parameter("quiet", False, Quiet), _parameter("verbose", False, Verbose)]

        @functools.wraps(command)
        def wrapper(**values: Any) -> None:
            set_up_messages(quiet=values.pop("quiet"), verbose=values.pop("verbose"))
            if chosen:
                values["given"] = _given(values, chosen)
            command(**values)

        parameters = [*own, *map(_option, chosen), *config, *shared]
        wrapper.__doc__ = unwrapped(command.__doc__ or "")
        wrapper.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
        return wrapper

    return decorate


def unwrapped(docstring: str) -> str:
    """Return a docstring's paragraphs as one line each, examples as they stand.

    Typer keeps the line breaks of the source, and does not know numpydoc's headings.
    """
    paragraphs = inspect.cleandoc(docstring).replace("Examples\n--------\n", "Examples:\n\n")
    return "\n\n".join(
        part if part.startswith(" ") else " ".join(part.split())
        for part in paragraphs.split("\n\n")
    )


def _given(values: dict[str, Any], chosen: list[dataclasses.Field[Any]]) -> dict[str, Any]:
    """Take the settings out of a command's values: those given, above the file's."""
    config = values.pop("config")
    given: dict[str, Any] = read_config(config) if config is not None else {}
    for one in chosen:
        value = values.pop(one.name)
        if value is None or value == []:
            continue
        given[one.name] = numbers(value) if one.name == "thresholds" else value
    return given


def numbers(text: str) -> list[float]:
    """Return the numbers of a list with commas."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise SettingsError(f"thresholds {text!r}", "two numbers, as in 3,6") from error


def _parameter(name: str, default: Any, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _option(one: dataclasses.Field[Any]) -> inspect.Parameter:
    """Return the typer option of a setting."""
    kind: Any = field_type(one)
    if typing.get_args(kind):
        kind = str if one.name == "thresholds" else list[str]
    shown = "" if one.default in (None, (), False) else f" [default: {one.default}]"
    option = typer.Option(
        "--" + one.name.replace("_", "-"),
        help=(one.metadata["help"] + shown).replace("[", r"\["),
        metavar=one.metadata["metavar"] or "|".join(one.metadata["allowed"]),
        rich_help_panel=one.metadata["panel"],
        show_default=False,
    )
    return _parameter(one.name, None, Annotated[kind | None, option])
