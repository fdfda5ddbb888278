"""The archive that X gives to an account: scripts that assign a list of tweets.

Knows the parts of an archive, and what tells a retweet; one archive is one author.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from postcast.data.columns import Columns
from postcast.data.sources.format import RETWEET, Format, Table, keys_of
from postcast.data.sources.json_records import inside, parsed, table_of
from postcast.errors import ReadError

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

_ASSIGNMENT = re.compile(r"\s*+window\.YTD\.\w{1,40}\.part([0-9]{1,9})\s*+=")
_TWEETS = re.compile(r"\s*+window\.YTD\.tweets?\.part[0-9]{1,9}\s*+=")
_FILE = r"tweets?(?:[-_]part([0-9]{1,9}))?\.js"
_SHOWN = 80


def read(files: Files) -> Table:
    """Read the tweets of every part, retweets of others as rows that are not learned from.

    Raises
    ------
    ReadError
        If a part is broken, or none has a tweet.
    """
    parts = _parts(files) if files.is_set else list(files.names)
    if not parts:
        raise ReadError(f"{files.name} has no tweets.js", "an X archive", "see postcast formats")
    author = _account(files)
    records = [_flat(one, author) for part in parts for one in _list_in(files, part)]
    text = "full_text" if any("full_text" in one for one in records if one) else "text"
    table = table_of(
        records,
        Columns(
            text=(text,),
            author="author",
            time="created_at",
            count="favorite_count",
            id="id_str",
            tags="hashtags",
        ),
        files.name,
    )
    retweets = {
        row: (RETWEET, str(one[text])[:_SHOWN])
        for row, one in enumerate(records, 1)
        if isinstance(one, Mapping) and str(one.get(text) or "").startswith("RT @")
    }
    return Table(table.cells, table.columns, {**retweets, **table.problems})


def fits(files: Files) -> bool:
    """Tell whether a file assigns tweets, or a folder has one that does."""
    if files.is_set:
        return bool(_parts(files))
    head = files.head_of(files.names[0])
    is_bare = head.lstrip().startswith("[") and {"tweet", "full_text"} <= keys_of(head)
    return _TWEETS.match(head) is not None or is_bare


def _parts(files: Files) -> list[str]:
    """Return the parts of the outermost folder that has some, in the order of their numbers."""
    found = files.named(_FILE)
    outer = [one for one in found if one.rpartition("/")[0] == found[0].rpartition("/")[0]]
    return sorted(outer, key=_number)


def _number(name: str) -> int:
    part = re.fullmatch(_FILE, name.rpartition("/")[2])
    return int(part[1] or 0) if part else 0


def _list_in(files: Files, name: str) -> list[Any]:
    """Return the list that a script assigns."""
    text = files.text_of(name)
    start = _ASSIGNMENT.match(text)
    begins = start.end() if start else 0
    value = parsed(
        text[begins:].rstrip().removesuffix(";"), files.label(name), text[:begins].count("\n")
    )
    if not isinstance(value, list):
        raise ReadError(f"{files.label(name)} holds no list", "one of tweets")
    return value


def _account(files: Files) -> str:
    """Return the name of the account whose archive it is."""
    for name in files.named(r"account\.js") if files.is_set else []:
        accounts = _list_in(files, name)
        found = inside(accounts[0] if accounts else None, "account", "username")
        if isinstance(found, str) and found.strip():
            return found
    return "account"


def _flat(one: Any, author: str) -> Any:
    tweet = inside(one, "tweet") if "tweet" in (one if isinstance(one, Mapping) else ()) else one
    if not isinstance(tweet, Mapping) or not {"full_text", "text", "id_str"} & set(tweet):
        return None
    marks = inside(tweet, "entities", "hashtags")
    tags = [inside(mark, "text") for mark in marks] if isinstance(marks, list) else []
    return {
        **{name: value for name, value in tweet.items() if not isinstance(value, (Mapping, list))},
        "id_str": tweet.get("id_str") or tweet.get("id"),
        "created_at": tweet.get("created_at"),
        "favorite_count": tweet.get("favorite_count"),
        "author": author,
        "hashtags": [tag for tag in tags if isinstance(tag, str)] or None,
    }


FORMAT = Format(
    what="X archive",
    needs="data/tweets.js (older: tweet.js; in parts: tweets-part1.js ...), alone, or the "
    "archive's folder or ZIP",
    told_by="window.YTD.tweets.part0 = at the beginning, or such a file in the folder",
    takes={
        "text": "full_text",
        "author": "data/account.js; without it one and the same for all",
        "time": "created_at",
        "engagement": "favorite_count; retweets of others (RT @) are rejected",
        "id": "id_str",
        "tags": "entities.hashtags",
    },
    fits=fits,
    read=read,
)
