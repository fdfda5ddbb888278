"""What the settings say of reading: columns, zone, reader and encoder, as plain arguments.

Knows settings and the modules that they are for; reads and embeds nothing by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postcast.data.columns import Columns
from postcast.data.sources.origin import image_root_of
from postcast.features.cache import Cache, default_folder
from postcast.features.images.choice import NONE, ImageChoice, resolve_images
from postcast.features.text import Choice
from postcast.learning.copies import with_images_known, without_images
from postcast.models.choose import READ_IMAGES

if TYPE_CHECKING:
    import polars as pl

    from postcast.forecaster import Forecaster
    from postcast.schema import Posts
    from postcast.settings import Settings

log = logging.getLogger(__name__)


def read(
    source: Any,
    settings: Settings,
    forecaster: Forecaster | None = None,
    classifiers: Collection[str] | None = None,
) -> Posts:
    """Read posts with their counts, as the settings say.

    Parameters
    ----------
    source : path, frame or records
    settings : Settings
    forecaster : Forecaster, optional
        Its columns are taken where the settings name none, and images are read where it does.
    classifiers : collection of str, optional
        What is to learn from the posts; by default the settings' own.
    """
    from postcast.data.read import read_posts

    posts = read_posts(
        source,
        columns_of(settings, forecaster),
        timezone=settings.timezone,
        day_first=settings.day_first,
        keep_negative=settings.protocol == "reference",
        reader=settings.reader,
    )
    taken = (f"{role} = {' + '.join(names)}" for role, names in posts.source.columns.items())
    log.info("Columns: %s.", ", ".join(taken))
    for note in posts.source.notes:
        log.warning("%s%s.", note[:1].upper(), note[1:])
    if forecaster is not None and forecaster.senses.images is None:
        return without_images(posts)
    return with_images_found(posts, settings, READ_IMAGES if forecaster else classifiers)


def read_any(path: Path, settings: Settings) -> Posts:
    """Return the posts of a file: one that `postcast prepare` wrote as they stand, else as read.

    No image is read.
    """
    from postcast.data.prepared import is_prepared
    from postcast.data.read import read_prepared

    return read_prepared(path) if is_prepared(path) else read(path, settings, classifiers=())


def with_images_found(
    posts: Posts, settings: Settings, classifiers: Collection[str] | None = None
) -> Posts:
    """Return posts of which it is known what their image files hold, sought where the settings say.

    Where none of the classifiers looks at images, no file is opened.

    Parameters
    ----------
    posts : Posts
    settings : Settings
        Without a place of their own, paths start where they did.
    classifiers : collection of str, optional
        What is to learn from the posts; by default the settings' own.
    """
    learn = (settings.classifier,) if classifiers is None else classifiers
    if settings.image_encoder == NONE or not set(learn) & set(READ_IMAGES):
        return without_images(posts)
    if settings.image_root is not None:
        source = replace(posts.source, image_root=Path(settings.image_root).expanduser())
        posts = replace(posts, source=source, images_sha256=None)
    return with_images_known(posts, Cache(cache_folder(settings)).image_digests)


def read_drafts(source: Any, settings: Settings, forecaster: Forecaster) -> pl.DataFrame:
    """Read posts to forecast, one row out for each row in."""
    from postcast.data import read as reading

    return reading.read_drafts(
        source,
        columns_of(settings, forecaster),
        timezone=settings.timezone,
        day_first=settings.day_first,
        reader=settings.reader,
        ordering=forecaster.bank.ordering,
    )


def columns_of(settings: Settings, forecaster: Forecaster | None = None) -> Columns:
    """Return the columns that the settings name, above those that a forecaster learned from."""
    return Columns(
        text=settings.text_col,
        title=settings.title_col,
        author=settings.author_col,
        time=settings.time_col,
        count=settings.count_col,
        id=settings.id_col,
        category=settings.category_col,
        image=settings.image_col,
        tags=settings.tags_col,
        usual=None if forecaster is None else forecaster.usual_columns(),
    )


def image_root(settings: Settings, source: Any) -> Path | None:
    """Return from where relative paths of images in a file of drafts start."""
    if settings.image_root is not None:
        return Path(settings.image_root).expanduser()
    return image_root_of(source)


def image_choice(
    settings: Settings, paths: Sequence[str | None], classifiers: Collection[str]
) -> ImageChoice:
    """Return what looks at images: nothing where there are none, or no classifier reads them."""
    name = settings.image_encoder
    if not any(paths):
        name = NONE
    elif not set(classifiers) & set(READ_IMAGES):
        log.info("No images are read by %s.", " or ".join(classifiers))
        name = NONE
    elif name == "auto":
        name = resolve_images(name)
        log.info("image encoder auto: took %s", name)
    return ImageChoice(name, settings.precision, encoder_choice(settings).cache)


def encoder_choice(settings: Settings) -> Choice:
    """Return the encoder that the settings name."""
    return Choice(
        settings.encoder,
        settings.pooling,
        settings.device,
        cache_folder(settings),
        settings.precision,
    )


def cache_folder(settings: Settings) -> Path:
    """Return where the settings have things kept between runs."""
    return Path(settings.cache).expanduser() if settings.cache else default_folder()
