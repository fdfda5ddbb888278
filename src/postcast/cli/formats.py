"""``postcast formats``: what can be read, and what each format needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from postcast.cli.options import Json, takes_settings
from postcast.errors import SettingsError

if TYPE_CHECKING:
    from postcast.data.sources.format import Format

_WIDTH = 96
_INDENT = " " * 14


@takes_settings()
def formats(
    reader: Annotated[
        str | None,
        typer.Argument(metavar="READER", help="One alone, by its name.", show_default=False),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """List the formats that are read: what each needs, how it is told, what is taken for what.

    --reader auto asks them from the last to the first, so that csv is what is none of the
    others. Options such as --text-col win over what a format takes.

    Examples
    --------
      postcast formats

      postcast formats smpd

      postcast formats --json
    """
    from postcast.cli.terminal import say, say_json
    from postcast.data.sources import READERS

    if reader is not None and reader not in READERS:
        raise SettingsError(f"no reader {reader!r}", f"one of {', '.join(READERS)}")
    asked = READERS if reader is None else {reader: READERS[reader]}
    if json:
        say_json([{"name": name, **_told(one)} for name, one in asked.items()])
        return
    say("\n\n".join(_words(name, one) for name, one in asked.items()))


def _told(one: Format) -> dict[str, object]:
    return {"what": one.what, "needs": one.needs, "told_by": one.told_by, "takes": {**one.takes}}


def _words(name: str, one: Format) -> str:
    """Return a format in some lines."""
    lines = [f"{name}: {one.what}", _wrapped("needs", one.needs), _wrapped("told by", one.told_by)]
    return "\n".join([*lines, *(_wrapped(role, place) for role, place in one.takes.items())])


def _wrapped(label: str, text: str) -> str:
    import textwrap

    start = f"  {label}".ljust(len(_INDENT) - 1) + " "
    return textwrap.fill(
        text, _WIDTH, initial_indent=start, subsequent_indent=_INDENT, break_on_hyphens=False
    )
