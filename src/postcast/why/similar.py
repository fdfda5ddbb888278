"""Which remembered posts are most like a draft, with their dates and what came of them.

For people to read: no forecast looks at it. Knows no class probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.features.assemble import drafts_of_posts
from postcast.features.history import LATEST, Moment
from postcast.features.nearest import must_not_count
from postcast.features.vectors import cosines_of, unit_rows
from postcast.schema import CLASSES
from postcast.why.engagement_scale import class_codes

if TYPE_CHECKING:
    from postcast.features.assemble import Drafts
    from postcast.features.bank import MemoryBank
    from postcast.forecaster import Forecaster
    from postcast.schema import BoolArray, FloatArray, IntArray, Post

COPY = 0.999
"""The cosine from which a post of other letters still says the same."""


@dataclass(frozen=True)
class SimilarPost:
    """One remembered post that is like a draft.

    Parameters
    ----------
    id : str
    author : str or None
        None where the post has none, or the bank keeps no names.
    time : str or None
        ISO 8601, UTC; None where posts have no times.
    engagement : float
        The raw count.
    popularity_class : str
    similarity : float
        Cosine of the texts' vectors.
    text : str or None
        None where the bank keeps no wordings.
    """

    id: str
    author: str | None
    time: str | None
    engagement: float
    popularity_class: str
    similarity: float
    text: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the post as plain JSON types."""
        count = self.engagement
        return {
            "id": self.id,
            "author": self.author,
            "time": self.time,
            "engagement": int(count) if count == int(count) else count,
            "popularity_class": self.popularity_class,
            "similarity": round(self.similarity, 4),
            "text": self.text,
        }


def similar_posts(forecaster: Forecaster, post: Post, k: int = 5) -> tuple[SimilarPost, ...]:
    """Return the remembered posts whose texts are most like a draft's, the most alike first.

    Those alone that a forecast may draw on: published before the draft, their counts known by
    then. Never the draft's own copy, and of posts that are copies of one another the most alike.

    Parameters
    ----------
    forecaster : Forecaster
    post : Post
    k : int
        At most so many.

    Returns
    -------
    tuple of SimilarPost
        Empty for forecasters that look for no neighbours, whose banks hold no vectors, and for a
        draft without a known word.
    """
    bank = forecaster.bank
    positions, vectors = bank.texts
    encoder = forecaster.senses.encoders.get("text")
    if vectors is None or encoder is None or not len(positions) or k < 1:
        return ()
    drafts = drafts_of_posts([post], bank).as_strangers()
    vector = unit_rows(encoder.encode(drafts.texts))
    cosines = np.asarray(cosines_of(vector, vectors)).ravel()
    cosines[_barred(forecaster, post, drafts, positions, cosines)] = -1.0
    found: list[int] = []
    groups: set[int] = set()
    for place in np.argsort(-cosines, kind="stable"):
        if cosines[place] <= 0 or len(found) == k:
            break
        group = int(bank.group[positions[place]])
        if group < 0 or group not in groups:
            groups.add(group)
            found.append(int(place))
    return _told(forecaster, positions[found], cosines[found])


def _barred(
    forecaster: Forecaster, post: Post, drafts: Drafts, positions: IntArray, cosines: FloatArray
) -> BoolArray:
    """Return which of the bank's posts may not be shown beside a draft, shape (n_texts,)."""
    from postcast.learning.memory import fingerprints  # late: it brings scipy

    bank = forecaster.bank
    order = np.array([LATEST]) if drafts.order is None else drafts.order
    author = bank.codes_of([post.author])
    moment = Moment(author, order, order, drafts.group, {})
    barred, _ = must_not_count(moment, np.array([0]), bank, positions[None])
    prints = bank.fingerprints[positions]
    same = (prints == fingerprints(drafts.texts)).all(axis=1) | (cosines >= COPY)
    if post.id is not None:
        same |= np.array([bank.ids[position] == post.id for position in positions])
    groups = bank.group[positions]
    copies = np.isin(groups, groups[same & (groups >= 0)])
    found: BoolArray = barred[0] | same | copies
    return found


def _told(
    forecaster: Forecaster, positions: IntArray, cosines: FloatArray
) -> tuple[SimilarPost, ...]:
    bank = forecaster.bank
    codes = class_codes(forecaster)
    texts = [None] * len(positions) if bank.wordings is None else bank.wordings.at(positions)
    return tuple(
        SimilarPost(
            id=str(bank.ids[position]),
            author=_author(bank, int(position)),
            time=_time(bank, int(position)),
            engagement=float(bank.engagement[position]),
            popularity_class=CLASSES[codes[position]],
            similarity=float(min(cosine, 1.0)),
            text=text,
        )
        for position, cosine, text in zip(positions, cosines, texts, strict=True)
    )


def _author(bank: MemoryBank, position: int) -> str | None:
    """Return a post's author; None where only a digest stands for the name."""
    if bank.disguise is not None:
        return None
    code = int(bank.author[position])
    return (bank.authors[code] or None) if 0 <= code < len(bank.authors) else None


def _time(bank: MemoryBank, position: int) -> str | None:
    if bank.ordering != "time" or bank.order is None or bank.order[position] >= LATEST:
        return None
    seconds = int(bank.order[position]) // 1_000_000
    return datetime.fromtimestamp(seconds, UTC).isoformat()
