"""``postcast audit``: what in a file of posts gives the answer away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.options import READ, Json, takes_settings

FOUND = 1


@takes_settings(READ, names=("thresholds", "split", "test_size", "allow_leaks", "seed"))
def audit(
    posts: Annotated[
        Path,
        typer.Argument(
            metavar="POSTS",
            help="Posts with their counts; - is standard input.",
            show_default=False,
        ),
    ],
    *,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Look for what gives the answer away in a file of posts.

    Looks for columns known only after publishing, rows stored by their counts, copies on both
    sides of a split, and an author or a source that alone explains the count; and says what each
    would have been worth. Exit code 1 where something surely gives it away in the split that is
    used; what does not is a note.

    Example:

      postcast audit posts.csv
    """
    from postcast.audit import audit as look
    from postcast.cli.show_audit import audit_text
    from postcast.cli.terminal import say, say_json
    from postcast.settings import Settings

    found = look(posts, Settings.from_mapping(given))
    if json:
        say_json(found.to_dict())
    else:
        say(audit_text(found))
    if found.leaks:
        raise typer.Exit(FOUND)
