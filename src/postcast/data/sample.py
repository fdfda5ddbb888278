"""The synthetic sample: invented posts by invented authors, with effects planted on purpose.

Knows what raises and lowers its posts' counts; reads no clock, no file and no real text.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from postcast.schema import Posts

_T = TypeVar("_T")

NAME = "synthetic sample"
N_POSTS = 600
START = datetime(2023, 1, 2)
DAYS = 548

AUTHORS = {
    "studio-fern": 0.75,
    "the-tin-kettle": 0.5,
    "pebble-and-thread": 0.3,
    "northwindow": 0.1,
    "lemon-attic": -0.1,
    "paper-harbour": -0.3,
    "slow-sunday-co": -0.5,
    "marble-owl": -0.65,
}
"""Each author's level, added to the logarithm of the expected count: up to 4 times apart."""

RAISING = ("easy", "diy", "budget", "cozy", "beginner")
LOWERING = ("sale", "newsletter", "announcement", "restock", "giveaway")
RAISED_SHARE, LOWERED_SHARE = 0.4, 0.35
WORD_EFFECT = 1.2
"""What a word of `RAISING` adds to the logarithm, and one of `LOWERING` takes away; a post
has one or none of them."""

EVENING = range(18, 23)
EVENING_EFFECT = 0.5
"""What an hour of `EVENING` adds to the logarithm."""

BASE = 1.4
NOISE = 0.45
"""Logarithm of the usual count, and the standard deviation around it."""

SEED = 20230102
LONG = 19
"""Words of a caption that needs no ending."""

TRAPS = {"blank description": 5, "missing count": 4, "repeated id": 3}
"""Rows of each kind that `rejected.csv` shall show."""

_TOPICS: dict[str, tuple[str, ...]] = {
    "recipes": (
        "lentil soup",
        "lemon tart",
        "oat cookies",
        "tomato pasta",
        "plum crumble",
        "pumpkin bread",
        "rice salad",
        "herb omelette",
        "ginger tea",
        "berry muffins",
    ),
    "decor": (
        "hallway shelf",
        "linen curtains",
        "reading corner",
        "gallery wall",
        "entry bench",
        "rattan lamp",
        "window seat",
        "bedroom palette",
        "clay vases",
        "bathroom tiles",
    ),
    "gardening": (
        "balcony herbs",
        "raised beds",
        "rose pruning",
        "seed trays",
        "rain barrel",
        "shade plants",
        "compost bin",
        "tulip bulbs",
        "tomato stakes",
        "pollinator border",
    ),
    "crafts": (
        "felt garland",
        "macrame hanger",
        "paper stars",
        "punch needle",
        "block printing",
        "yarn basket",
        "candle pouring",
        "beaded bracelet",
        "quilted pouch",
        "salt dough",
    ),
    "travel": (
        "lake cabin",
        "coastal train",
        "old town walk",
        "desert road",
        "island ferry",
        "mountain hut",
        "city market",
        "night sky camp",
        "river cycle path",
        "forest loop",
    ),
    "fashion": (
        "linen dress",
        "wool coat",
        "capsule wardrobe",
        "denim jacket",
        "rain boots",
        "silk scarf",
        "knit vest",
        "summer sandals",
        "office blazer",
        "straw hat",
    ),
}
_OPENINGS = (
    "our take on",
    "everything about",
    "a closer look at",
    "notes on",
    "the story behind",
    "we finally finished",
    "today we share",
    "a fresh idea for",
    "how we made",
    "trying out",
)
_ADJECTIVES = (
    "bright",
    "quiet",
    "rustic",
    "modern",
    "tiny",
    "seasonal",
    "colourful",
    "simple",
    "handmade",
    "vintage",
    "playful",
    "warm",
    "airy",
    "classic",
    "earthy",
    "bold",
)
_SETTINGS = (
    "for a rainy weekend",
    "for small spaces",
    "before the guests arrive",
    "on a slow morning",
    "with what you have at home",
    "for the first days of spring",
    "when the evenings get long",
    "for a table of six",
    "on the way to the coast",
    "in under an hour",
)
_DETAILS = (
    "soft greens and a little brass",
    "step by step photos",
    "a list of all materials",
    "three small changes",
    "plenty of natural light",
    "notes for next time",
    "a hint of orange",
    "old jars and twine",
    "one trick we learned late",
    "room for mistakes",
)
_ENDINGS = (
    "save it for later",
    "tell us what you think",
    "more on the blog",
    "the details are inside",
    "which one would you choose",
    "see the whole set",
    "ask us anything",
    "enjoy",
)
_HOURS = (7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 18, 19, 19, 20, 20, 21, 21, 22)


def sample_posts() -> Posts:
    """Return the sample, read and cleaned as any file is, and marked as synthetic."""
    from postcast.data.read import read_posts

    posts = read_posts(io.BytesIO(sample_csv().encode()))
    return replace(posts, source=replace(posts.source, name=NAME, synthetic=True))


def sample_csv() -> str:
    """Return the sample as CSV, the same bytes on every call.

    Columns are ``id, title, description, author, created_at`` (UTC) and ``saves``.
    """
    import numpy as np

    rng = np.random.default_rng(SEED)
    posts = [_post(rng) for _ in range(N_POSTS - TRAPS["repeated id"])]
    posts.sort(key=lambda post: post.time)
    rows = [[f"sample-{number:04d}", *post.cells()] for number, post in enumerate(posts, 1)]
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["id", "title", "description", "author", "created_at", "saves"])
    writer.writerows(_with_traps(rows, rng))
    return lines.getvalue()


@dataclass(frozen=True)
class _Draft:
    title: str
    description: str
    author: str
    time: datetime
    saves: int

    def cells(self) -> list[str]:
        time = self.time.strftime("%Y-%m-%d %H:%M:%S")
        return [self.title, self.description, self.author, time, str(self.saves)]


def _post(rng: np.random.Generator) -> _Draft:
    topic = _one(list(_TOPICS), rng)
    subject = _one(_TOPICS[topic], rng)
    leaning = rng.random()
    raising = _one(RAISING, rng) if leaning < RAISED_SHARE else ""
    lowering = _one(LOWERING, rng) if leaning > 1 - LOWERED_SHARE else ""
    author = _one(list(AUTHORS), rng)
    time = START + timedelta(
        days=int(rng.random() * DAYS), hours=_one(_HOURS, rng), seconds=int(rng.random() * 3600)
    )
    level = BASE + AUTHORS[author] + WORD_EFFECT * (bool(raising) - bool(lowering))
    level += EVENING_EFFECT * (time.hour in EVENING) + NOISE * _normal(rng)
    return _Draft(
        title=f"{_one(_ADJECTIVES, rng)} {subject}".capitalize(),
        description=_caption(topic, subject, (raising, lowering), rng),
        author=author,
        time=time,
        saves=int(math.exp(level)),
    )


def _caption(topic: str, subject: str, planted: tuple[str, str], rng: np.random.Generator) -> str:
    raising, lowering = planted
    words = [_one(_OPENINGS, rng), raising, _one(_ADJECTIVES, rng), subject, _one(_SETTINGS, rng)]
    text = " ".join(word for word in words if word).capitalize()
    if rng.random() < 0.8:
        text += f", with {_one(_DETAILS, rng)}"
    if lowering:
        text += f". {lowering.capitalize()} this week"
    if rng.random() < 0.5 and len(text.split()) < LONG:
        text += f". {_one(_ENDINGS, rng).capitalize()}"
    return f"{text} #{topic}" if rng.random() < 0.5 else f"{text}."


def _with_traps(rows: list[list[str]], rng: np.random.Generator) -> list[list[str]]:
    """Blank some descriptions, lose some counts, and repeat some rows at the end."""
    blank, missing, repeated = TRAPS.values()
    places = sorted(range(len(rows)), key=[rng.random() for _ in rows].__getitem__)
    for place in places[:blank]:
        rows[place][2] = " "
    for place in places[blank : blank + missing]:
        rows[place][5] = ""
    return rows + [rows[place] for place in places[blank + missing :][:repeated]]


def _one(choices: Sequence[_T], rng: np.random.Generator) -> _T:
    return choices[int(rng.random() * len(choices))]


def _normal(rng: np.random.Generator) -> float:
    """Return a standard normal deviate (Box and Muller), the same in every numpy."""
    radius = math.sqrt(-2 * math.log(1 - rng.random()))
    return radius * math.cos(2 * math.pi * rng.random())
