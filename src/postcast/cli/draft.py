"""The options of one draft, and the post that they make. Shared by the commands that take one.

Knows typer; not what is asked about the draft.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postcast.errors import SettingsError
from postcast.evaluate.words import listed

if TYPE_CHECKING:
    from postcast.features.assemble import Drafts
    from postcast.forecaster import Forecaster
    from postcast.schema import Post
    from postcast.settings import Settings

log = logging.getLogger(__name__)

SETTINGS = ("timezone", "image_root", "device")
"""The settings that a draft is read with."""


def _option(text: str) -> Any:
    return typer.Option(metavar="TEXT", help=text, rich_help_panel="One draft", show_default=False)


Text = Annotated[str | None, _option("Its text.")]
Title = Annotated[str | None, _option("Its title.")]
Author = Annotated[str | None, _option("Who will publish it.")]
Time = Annotated[str | None, _option("When, as in 2026-05-01T18:00.")]
Image = Annotated[str | None, _option("Path of its image.")]
Tags = Annotated[str | None, _option("Its tags, between commas or spaces.")]
Category = Annotated[str | None, _option("Its board, subreddit or topic.")]


Independent = Annotated[
    bool,
    typer.Option(
        "--independent",
        help="Forecast each draft of a file as if it came alone. Otherwise drafts of an author "
        "that have times know when the others are published.",
    ),
]


def prepared(drafts: Drafts, *, independent: bool) -> Drafts:
    """Return the drafts of a file as they are to be forecast; say so if they know each other."""
    if independent:
        return drafts.independent()
    if drafts.know_each_other:
        log.info(
            "Drafts of an author that have times know when the others are published, and one "
            "forecast alone can differ; --independent forecasts each as if it came alone."
        )
    return drafts


@dataclass(frozen=True)
class DraftWords:
    """What stands on the command line about one draft."""

    text: str | None = None
    title: str | None = None
    author: str | None = None
    time: str | None = None
    image: str | None = None
    tags: str | None = None
    category: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether anything does."""
        return any(getattr(self, one.name) is not None for one in fields(self))

    def require(self) -> None:
        """Refuse a command line without a draft.

        Raises
        ------
        SettingsError
            If nothing is given.
        """
        if not self.is_given:
            raise SettingsError(
                "no draft", "--text", "give --text, with --title, --author and --time if known"
            )

    def post(self, forecaster: Forecaster, settings: Settings) -> Post:
        """Return the draft; say what of it the forecaster does not read."""
        from postcast.data.tags import tags_of
        from postcast.schema import Post

        names = [one.name for one in fields(self)]
        unused = [name for name in names if getattr(self, name) and name not in forecaster.reads()]
        if unused:
            log.info("This forecaster does not read the %s of a post.", listed(unused, "or"))
        moment = None
        if self.time is not None:
            from postcast.data.times import parse_time

            moment = parse_time(self.time, settings.timezone)
        return Post(
            text=self.text or "",
            title=self.title,
            author=self.author,
            image=_image(self.image, settings),
            time=moment,
            tags=tags_of(self.tags or ""),
            category=self.category,
        )


def _image(path: str | None, settings: Settings) -> str | None:
    """Return the path of a draft's image, from the folder of images where one was given."""
    from postcast.features.images.decode import ADDRESS

    if path is None or settings.image_root is None or ADDRESS.match(path):
        return path
    return str(Path(settings.image_root).expanduser() / path)
