"""``postcast explain``: what moved the forecast of a draft."""

from __future__ import annotations

from typing import Any

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
def explain(
    run: Run,
    *,
    text: Text = None,
    title: Title = None,
    author: Author = None,
    time: Time = None,
    image: Image = None,
    tags: Tags = None,
    category: Category = None,
    json: Json = False,
    given: dict[str, Any],
) -> None:
    """Say what moved the forecast of a draft: its words, its image, its hour, its author.

    By how much each moved the probabilities and the expected engagement, and which past posts
    are most like the draft.

    Examples
    --------
      postcast explain RUN --text "Easy weeknight pasta" --author studio-fern
    """
    from postcast.cli.show_explain import show_explanation
    from postcast.cli.terminal import say_json
    from postcast.explain import explain as explain_draft
    from postcast.saved import load
    from postcast.settings import Settings

    draft = DraftWords(text, title, author, time, image, tags, category)
    draft.require()
    settings = Settings.from_mapping(given)
    forecaster = load(run, device=settings.device)
    post = draft.post(forecaster, settings)
    explanation = explain_draft(forecaster, post)
    if json:
        say_json(explanation.to_dict())
    else:
        show_explanation(forecaster, post, explanation)
