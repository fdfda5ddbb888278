"""``postcast cache``: what is kept on disk between runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from postcast.cli.options import Json, takes_settings
from postcast.errors import SettingsError
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.features.cache import Kept

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@takes_settings()
def cache(
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--cache",
            metavar="DIR",
            help="Its folder [default: $POSTCAST_CACHE, else postcast in the user's cache "
            "folder].".replace("[", r"\["),
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        str | None,
        typer.Option(
            "--limit",
            metavar="SIZE",
            help="What it may hold from now on, as in 2GB; what was used longest ago goes.",
            show_default=False,
        ),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", metavar="", help="Remove it all.")] = False,
    json: Json = False,
) -> None:
    """Look at the embeddings and encoders that are kept between runs; bound or clear them.

    Nothing is embedded twice: a text's vector is kept under the hash of the text, the encoder's
    weights, pooling and precision. Removing any of it costs time, and changes no result.

    Examples
    --------
      postcast cache

      postcast cache --limit 2GB

      postcast cache --clear
    """
    from postcast.cli.terminal import say_json, say_line
    from postcast.features.cache import Cache, default_folder

    kept = Cache(folder.expanduser() if folder is not None else default_folder())
    if kept.root.exists() and not kept.root.is_dir():
        raise SettingsError(f"{kept.root} is a file", "a folder", "choose another --cache")
    if clear:
        kept.clear()
    if limit is not None:
        kept.bound(_bytes(limit))
    entries = kept.kept()
    if json:
        told = {
            "folder": str(kept.root),
            "bytes": sum(one.n_bytes for one in entries),
            "limit": kept.limit,
            "kept": [_told(one) for one in entries],
        }
        say_json(told)
        return
    used = sum(one.n_bytes for one in entries)
    say_line(f"{kept.root}: {_size(used)} of at most {_size(kept.limit)}")
    for one in entries:
        say_line(f"  {_size(one.n_bytes):>9}  {_words(one)}")


def _told(one: Kept) -> dict[str, object]:
    import datetime

    used = datetime.datetime.fromtimestamp(one.used, datetime.UTC)
    return {
        "kind": one.kind,
        **one.about,
        "texts": one.n_vectors,
        "bytes": one.n_bytes,
        "last_used": used.isoformat(timespec="seconds"),
    }


def _words(one: Kept) -> str:
    about = one.about
    if one.kind == "language":
        return f"the model that tells languages, {about.get('model', '?')}"
    if one.kind == "compiled":
        return f"an encoder's graph, compiled by OpenVINO {about.get('openvino', '?')}"
    name = about.get("encoder", "an unknown encoder")
    if one.n_vectors is None:
        return f"the encoder {name} as a graph, {about.get('weights', '?')}"
    place = " on a GPU" if about.get("device") == "cuda" else ""
    return (
        f"{counted(one.n_vectors, 'text')} by {name}, {about.get('pooling', '?')} pooling, "
        f"{about.get('precision', '?')}{place}"
    )


def _size(n_bytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            break
        n_bytes /= 1000
    return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"


def _bytes(text: str) -> int:
    """Return the bytes that a size such as 2GB or 500 MB is."""
    told = re.fullmatch(r"(\d+(?:\.\d+)?)\s*+([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if told is None:
        raise SettingsError(f"limit {text!r}", "a size such as 2GB or 500MB")
    return int(float(told[1]) * UNITS[told[2].upper()])
