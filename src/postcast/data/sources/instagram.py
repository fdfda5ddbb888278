"""Instagram posts as the site's own JSON has them, alone, in lists or inside a profile.

Knows where caption, likes and owner stand; likes of -1 are hidden ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from postcast.data.columns import Columns
from postcast.data.sources.format import Format, Table, keys_of
from postcast.data.sources.json_records import Broken, inside, table_of, values_of

if TYPE_CHECKING:
    from postcast.data.sources.files import Files

COLUMNS = Columns(
    text=("caption",),
    author="owner_id",
    time="taken_at_timestamp",
    count="like_count",
    id="id",
    category="location",
)

_OF_A_POST = frozenset(
    {"edge_media_preview_like", "edge_media_to_caption", "edge_media_to_comment", "edge_liked_by"}
)
_FILE = r".*\.(?:json|jsonl|ndjson|info)"


def read(files: Files) -> Table:
    """Read every post, however deep it stands.

    Raises
    ------
    ReadError
        If a file is not JSON, or none has a post.
    """
    records: list[Any] = []
    for name in files.named(_FILE) if files.is_set else files.names:
        for value in values_of(files.text_of(name), files.label(name)):
            found = _posts(value)
            records += [_flat(post) for post in found] if found else [_unfit(value)]
    return table_of(records, COLUMNS, files.name)


def fits(files: Files) -> bool:
    """Tell whether JSON has the members of a post."""
    names = files.named(_FILE)[:3] if files.is_set else files.names
    return any(not _OF_A_POST.isdisjoint(keys_of(files.head_of(name))) for name in names)


def _posts(value: Any) -> list[Mapping[str, Any]]:
    """Return the posts within a value, in their order."""
    found: list[Mapping[str, Any]] = []
    ahead = [value]
    while ahead:
        one = ahead.pop()
        if isinstance(one, Mapping) and not _OF_A_POST.isdisjoint(one):
            found.append(one)
        elif isinstance(one, Mapping):
            ahead += reversed(list(one.values()))
        elif isinstance(one, list):
            ahead += reversed(one)
    return found


def _unfit(value: Any) -> Broken:
    return value if isinstance(value, Broken) else Broken(str(value)[:80])


def _flat(post: Mapping[str, Any]) -> dict[str, Any]:
    edges = inside(post, "edge_media_to_caption", "edges")
    first = edges[0] if isinstance(edges, list) and edges else None
    likes = inside(post, "edge_media_preview_like", "count")
    return {
        **{name: value for name, value in post.items() if not isinstance(value, (Mapping, list))},
        "id": post.get("id") or post.get("shortcode"),
        "caption": inside(first, "node", "text"),
        "owner_id": inside(post, "owner", "id") or inside(post, "owner", "username"),
        "taken_at_timestamp": post.get("taken_at_timestamp"),
        "like_count": inside(post, "edge_liked_by", "count") if likes is None else likes,
        "comment_count": inside(post, "edge_media_to_comment", "count"),
        "location": inside(post, "location", "name"),
    }


FORMAT = Format(
    what="Instagram posts (JSON)",
    needs="posts, one a line, in a list, or within a profile; or a folder or ZIP of such files",
    told_by="the members edge_media_preview_like, edge_media_to_caption or edge_media_to_comment",
    takes={
        "text": "edge_media_to_caption.edges[0].node.text",
        "author": "owner.id",
        "time": "taken_at_timestamp",
        "engagement": "edge_media_preview_like.count; -1 is hidden, and rejected",
        "category": "location.name",
    },
    fits=fits,
    read=read,
)
