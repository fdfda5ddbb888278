"""Forecast how popular a post will be before it is published."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from postcast.version import __version__ as __version__

if TYPE_CHECKING:
    from postcast.data.read import read_posts
    from postcast.errors import PostcastError
    from postcast.estimator import PopularityClassifier
    from postcast.forecaster import Forecaster
    from postcast.saved import load
    from postcast.schema import Forecast, Post, Posts
    from postcast.scorecard import Scorecard
    from postcast.settings import Settings
    from postcast.training import train

__all__ = [
    "Forecast",
    "Forecaster",
    "PopularityClassifier",
    "Post",
    "PostcastError",
    "Posts",
    "Scorecard",
    "Settings",
    "load",
    "read_posts",
    "train",
]

_HOMES = {
    "Forecast": "postcast.schema",
    "Forecaster": "postcast.forecaster",
    "PopularityClassifier": "postcast.estimator",
    "Post": "postcast.schema",
    "PostcastError": "postcast.errors",
    "Posts": "postcast.schema",
    "Scorecard": "postcast.scorecard",
    "Settings": "postcast.settings",
    "load": "postcast.saved",
    "read_posts": "postcast.data.read",
    "train": "postcast.training",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'postcast' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
