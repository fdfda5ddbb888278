"""``postcast whatif``: what could be changed about a draft."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from postcast.cli.draft import (
    SETTINGS,
    Author,
    Category,
    DraftWords,
    Image,
    Tags,
    Text,
    Time,
    Title,
)
from postcast.cli.options import Json, Run, takes_settings


@takes_settings(names=SETTINGS)
def whatif(
    run: Run,
    *,
    text: Text = None,
    title: Title = None,
    author: Author = None,
    time: Time = None,
    image: Image = None,
    tags: Tags = None,
    category: Category = None,
    alternative: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT", help="Another text of your own; give it again.", show_default=False
        ),
    ] = None,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Try edits of a draft, and tell those whose effect is larger than its uncertainty.

    Other hours and weekdays within a week of --time, a shorter text, hashtags, a question, an
    emoji, title and text swapped. Each --alternative is put in order with the draft, as rank does.

    Examples
    --------
      postcast whatif RUN --text "Weeknight pasta" --author studio-fern --time 2026-05-01T09:00
    """
    from dataclasses import replace

    from postcast.cli.show_whatif import show_what_if
    from postcast.cli.terminal import say_json
    from postcast.saved import load
    from postcast.settings import Settings
    from postcast.whatif import what_if

    draft = DraftWords(text, title, author, time, image, tags, category)
    draft.require()
    settings = Settings.from_mapping(given)
    forecaster = load(run, device=settings.device)
    post = draft.post(forecaster, settings)
    others = [replace(post, text=other) for other in alternative or ()]
    found = what_if(forecaster, post, alternatives=others)
    if json:
        say_json(found.to_dict())
    else:
        show_what_if(forecaster, found)
