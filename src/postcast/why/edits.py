"""Edits that a person could make to a draft: when it goes out, its length, its signs, its tags.

Knows posts and the wordings of like ones; asks no forecaster.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from postcast.features.context import FIRST_EMOJI
from postcast.features.marks import HASHTAG

if TYPE_CHECKING:
    from postcast.schema import Post

EditKind = Literal["hour", "weekday", "length", "hashtags", "question", "emoji", "order"]

_STOPS = ".!?…。！？"
SENTENCE_END = re.compile(rf"(?<![{_STOPS}])[{_STOPS}]++(?!\S)")
"""Begins nowhere within a run of stops: a long run is looked at once."""

ENDING_BACKWARDS = re.compile(r"((?:\s*+\w++#)*+)\s*+[.!?…]*+")
LAST_TAGS_BACKWARDS = re.compile(r"\s*+(?:\w++#\s++)++")
"""What a text ends with, for the text read backwards: forwards, each place would have to be tried
to the end, in time quadratic in the length of a hostile text."""

MOST_HASHTAGS = 3
USUAL_EMOJI = "✨"
"""Tried where like posts bear none."""


@dataclass(frozen=True)
class Edit:
    """A draft edited.

    Parameters
    ----------
    kind : str
    post : Post
        With the edit made.
    told : str
        What posts did that were edited so: the end of “Posts like this one that …”.
    """

    kind: EditKind
    post: Post
    told: str


@dataclass(frozen=True)
class Habit:
    """What an edit may touch, and what like posts do.

    Parameters
    ----------
    reads : sequence of str
        Fields of a post that its forecast depends on.
    has_hours : bool
        Whether it is known at which hours posts went out.
    wordings : sequence of str
        Of like posts and of the author's.
    """

    reads: Sequence[str]
    has_hours: bool
    wordings: Sequence[str]


def edits_of(post: Post, habit: Habit) -> list[Edit]:
    """Return the edits to try, no two of the same post, and none that leaves it as it is."""
    found: list[Edit] = []
    if habit.has_hours and "time" in habit.reads and post.time is not None:
        found += _hours(post, post.time)
    if "text" in habit.reads and post.text.strip():
        found += [
            *_lengths(post),
            *_hashtags(post, habit.wordings),
            *_question(post),
            *_emoji(post, habit.wordings),
        ]
    if "title" in habit.reads and post.title and post.text.strip():
        swapped = replace(post, title=post.text, text=post.title)
        found.append(Edit("order", swapped, "had title and description swapped"))
    distinct = {edit.post: edit for edit in reversed(found) if edit.post != post}
    return [edit for edit in found if distinct.get(edit.post) is edit]


def _hours(post: Post, time: datetime) -> Iterator[Edit]:
    """Yield every other hour of the same weekday, and every other weekday at the same hour.

    All of them after the draft's own time, and within a week of it.
    """
    moment = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    if moment.year in (MINYEAR, MAXYEAR):  # no calendar has the week after
        return
    for hour in range(24):
        if hour != moment.hour:
            later = moment.replace(hour=hour, minute=0, second=0, microsecond=0)
            later += timedelta(days=0 if later > moment else 7)
            yield Edit("hour", replace(post, time=later), f"went out around {hour:02d}:00 UTC")
    for days in range(1, 7):
        later = moment + timedelta(days=days)
        yield Edit("weekday", replace(post, time=later), f"went out on a {later:%A} (UTC)")


def _lengths(post: Post) -> Iterator[Edit]:
    tagged = LAST_TAGS_BACKWARDS.match(post.text[::-1])
    body = post.text[: len(post.text) - tagged.end()] if tagged else post.text
    tags = post.text[len(body) :].rstrip()
    sentences = _sentences(body)
    if len(sentences) > 1:
        without = " ".join(sentences[:-1]) + tags
        yield Edit("length", replace(post, text=without), "left out the last sentence")
    if len(sentences) > 2:
        first = replace(post, text=sentences[0] + tags)
        yield Edit("length", first, "said the first sentence alone")


def _sentences(text: str) -> list[str]:
    """Return the sentences of a text; stops that no blank follows are within one."""
    sentences: list[str] = []
    start = 0
    for stops in SENTENCE_END.finditer(text):
        sentence = text[start : stops.end()].strip()
        if len(sentence) > 1:  # a lone stop begins a sentence
            sentences.append(sentence)
            start = stops.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences


def _hashtags(post: Post, wordings: Sequence[str]) -> Iterator[Edit]:
    own = {tag.casefold() for tag in HASHTAG.findall(post.text)}
    if own:
        bare = " ".join(re.sub(r"(?<!\w)#\w+", " ", post.text).split())
        yield Edit("hashtags", replace(post, text=bare), "bore no hashtag")
    borne = Counter(
        tag
        for text in wordings
        for tag in dict.fromkeys(map(str.casefold, HASHTAG.findall(text)))  # a set has no order
    )
    usual = [tag for tag, _ in borne.most_common() if tag not in own][:MOST_HASHTAGS]
    for tags in dict.fromkeys((tuple(usual[:1]), tuple(usual))):
        if tags:
            more = " ".join(f"#{tag}" for tag in tags)
            added = replace(post, text=f"{post.text.rstrip()} {more}")
            yield Edit("hashtags", added, f"bore {more} too")


def _question(post: Post) -> Iterator[Edit]:
    if "?" in post.text:
        plain = replace(post, text=post.text.replace("?", "."))
        yield Edit("question", plain, "asked nothing")
        return
    yield Edit(
        "question", replace(post, text=_as_question(post.text)), "ended with a question mark"
    )


def _as_question(text: str) -> str:
    """Return a text whose last sentence, before its last hashtags, ends with a question mark."""
    text = text.rstrip()
    ending = ENDING_BACKWARDS.match(text[::-1])
    length, tags = (ending.end(), ending[1][::-1]) if ending else (0, "")
    return f"{text[: len(text) - length]}?{' ' * bool(tags)}{tags}"


def _emoji(post: Post, wordings: Sequence[str]) -> Iterator[Edit]:
    if any(map(_is_emoji, post.text)):
        plain = "".join(" " if _is_emoji(sign) else sign for sign in post.text)
        bare = replace(post, text=" ".join(plain.split()))
        yield Edit("emoji", bare, "had no emoji")
        return
    borne = Counter(sign for text in wordings for sign in dict.fromkeys(filter(_is_emoji, text)))
    sign = borne.most_common(1)[0][0] if borne else USUAL_EMOJI
    yield Edit("emoji", replace(post, text=f"{post.text.rstrip()} {sign}"), f"ended with {sign}")


def _is_emoji(sign: str) -> bool:
    return ord(sign) >= FIRST_EMOJI and not sign.isalpha() and not 0x3000 <= ord(sign) <= 0xFFEF
