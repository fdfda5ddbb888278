"""Synthetic exports of every platform, as each lays its files out, bad rows included."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

Export = Mapping[str, bytes]
"""File name to bytes; a single one stands for itself."""


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def as_lines(values: Sequence[Any]) -> bytes:
    return b"".join(as_json(value) + b"\n" for value in values)


def as_csv(rows: Sequence[Sequence[Any]], delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def zipped(export: Export) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in export.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return data.getvalue()


PINTEREST_ROWS = [
    ["", "id", "description", "title", "repin_count"],
    ["0", "21181060741374001", "A bowl, hand-made 🌿\nin two sizes", "Bowl", "1,234"],
    ["1", "21181060741374002", " ", "https://example.org/a", "0"],
    ["2", "21181060741374003", "A lamp", "", "-1"],
    ["3", "21181060741374004", "A chair", "Chair", "12.5%"],
    ["4", "", "A table", "Table", "3"],
]


def pinterest() -> Export:
    return {"pinterest.csv": as_csv(PINTEREST_ROWS)}


def pinterest_analytics(delimiter: str = ",") -> Export:
    sections = [
        [
            ["Analytics overview"],
            ["Content type", "All"],
            ["Date range", "2024-01-01 to 2024-01-31"],
        ],
        [["Date", "Impressions", "Engagements"], ["2024-01-01", "1,204", "33"]],
        [["Top boards"], ["Board", "Impressions", "Saves"], ["Kitchen", "900", "12"]],
        [
            ["Top Pins"],
            ["Pin URL", "Title", "Description", "Date", "Impressions", "Repins", "Save rate"],
            [
                "https://www.pinterest.com/pin/814377545123400001/",
                "Cake",
                "A cake,\nwith plums 🍰",
                "2024-01-02",
                "1,500",
                "1,234",
                "12.5%",
            ],
            [
                "/pin/easy-tart--814377545123400002/",
                "Tart",
                "A tart",
                "2024-01-03",
                "90",
                "4",
                "4%",
            ],
            ["814377545123400003", "Pie", "A pie", "2024-01-04", "10", "", ""],
            ["not a pin", "Jam", "A jam", "2024-01-05", "5", "1", ""],
            ["Counts may take two days to settle."],
        ],
    ]
    return {
        "analytics.csv": b"\xef\xbb\xbf"
        + as_csv([row for section in sections for row in [*section, []]], delimiter)
    }


def pin(number: int, **other: Any) -> dict[str, Any]:
    return {
        "id": str(814377545123400000 + number),
        "created_at": f"2024-01-0{number}T10:00:00",
        "link": "https://example.org",
        "title": f"Pin {number}",
        "description": f"Words of pin {number}",
        "dominant_color": "#6E7874",
        "alt_text": None,
        "creative_type": "REGULAR",
        "board_id": "549755885175",
        "board_section_id": None,
        "board_owner": {"username": "studio-fern"},
        "media": {"media_type": "image", "images": {"600x": {"url": "https://example.org/a.jpg"}}},
        "parent_pin_id": None,
        "is_standard": True,
        "has_been_promoted": False,
        "note": "",
        "pin_metrics": {
            "90d": {"pin_click": 7, "impression": 90, "clickthrough": 2},
            "lifetime_metrics": {
                "pin_click": 10 * number,
                "impression": 100 * number,
                "clickthrough": 3,
                "reaction": 5 * number,
                "comment": 1,
            },
        },
        **other,
    }


def pinterest_api() -> Export:
    pages = [
        {"items": [pin(1), pin(2, pin_metrics=None)], "bookmark": "b"},
        {"items": [pin(3), "not a pin", pin(4, description=None)], "bookmark": None},
    ]
    return {"pins.json": as_lines(pages)}


def pinterest_api_analytics() -> Export:
    day = {"data_status": "READY", "date": "2024-01-05"}
    groups = {
        "all": {
            "lifetime_metrics": {"TOTAL_COMMENTS": 2, "TOTAL_REACTIONS": 9, "SAVE": 41},
            "summary_metrics": {"SAVE": 4, "SAVE_RATE": 0.125, "VIDEO_MRC_VIEW": 1},
            "daily_metrics": [{**day, "metrics": {"SAVE": 1, "IMPRESSION": 6}}],
        }
    }
    daily = {"all": {"daily_metrics": [{**day, "metrics": {"SAVE": n}} for n in (1, 2)]}}
    return {
        "pins.json": as_json([pin(1), pin(2)]),
        "analytics/814377545123400001.json": as_json(groups),
        "analytics/all.json": as_json({"814377545123400002": daily}),
    }


def smpd(share: str = "train") -> Export:
    keys = [("59@N75", "775"), ("59@N75", "1075"), ("1738@N58", "696"), ("2741@N60", "9001")]
    keyed = [{"Uid": uid, "Pid": pid} for uid, pid in keys]
    words = [("Harbour 🌊", "sea boat blue"), ("", "cat"), ("Tower", ""), ("Bridge", "steel")]
    user = {
        "photo_firstdate": "1127084416",
        "photo_firstdatetaken": "2004-04-22 11:45:02",
        "photo_count": "823",
        "ispro": "1",
        "timezone_offset": "+00:00",
        "timezone_id": "39",
        "user_description": "0.1,0.2",
        "location_description": "0.3",
    }
    users = [{**key, **user} for key in reversed(keyed)]
    export = {
        "text.json": as_json(
            [
                {"Title": title, "Alltags": tags, "Mediatype": "photo", **key}
                for (title, tags), key in zip(words, keyed, strict=True)
            ]
        ),
        "category.json": as_json(
            [
                {"Category": name, "Subcategory": f"{name} 1", "Concept": f"{name} 1a"}
                for name in ("Travel", "Animal", "Urban", "Urban")
            ]
        ),
        "temporalspatial_information.json": as_json(
            [
                {"Postdate": str(1450000000 + row), "Latitude": 0, "Longitude": 0, "Geoaccuracy": 0}
                for row in range(4)
            ]
        ),
        "additional_information.json": as_json(
            [{"Pathalias": "None", "Ispublic": 1, "Mediastatus": "ready", **k} for k in keyed[::-1]]
        ),
        "user_data.json": as_json(
            {name: {str(row): one[name] for row, one in enumerate(users)} for name in users[0]}
        ),
        "img_filepath.txt": "".join(f"train/{u}/{p}.jpg\n" for u, p in reversed(keys)).encode(),
    }
    if share == "train":
        export["label.txt"] = b"3.0\n10.5\nnone\n0\n"
    return {f"{share}_{name}": content for name, content in export.items()}


AVERAGES = ["AvgGroupsMemb", "AvgGroupPhotos"]


def icip2020() -> Export:
    days = [f"Day{day:02}" for day in range(1, 31)]
    return {
        "headers_TRAIN.csv": as_csv(
            [
                ["FlickrId", "Title", "Description", "Tags", "UserId", "DatePosted", "DateTaken"],
                [
                    "111",
                    "Sea",
                    "A sea, blue",
                    "['sea', 'blue sky', \"it's\"]",
                    "u1",
                    "1450000001",
                    "",
                ],
                ["222", "Cat", "A cat 🐈\nasleep", "[]", "u2", "1450000002", ""],
                ["333", "Dog", "A dog", "['dog'", "u1", "1450000003", ""],
                ["444", "Elm", "An elm", "", "u3", "1450000004", ""],
            ]
        ),
        "img_info_TRAIN.csv": as_csv(
            [
                ["FlickrId", "DateCrawl", "Size", "NumSets", "NumGroups", *AVERAGES],
                *([n, "1460000000", "1024", "1", "2", "30.5", "9"] for n in ("222", "111", "333")),
            ]
        ),
        "popularity_TRAIN.csv": as_csv(
            [
                ["FlickrId", *days],
                ["333", *["1"] * 29, "?"],
                ["111", *map(str, range(10, 300, 10)), "300"],
                ["222", *["0"] * 30],
            ]
        ),
        "users_TRAIN.csv": as_csv(
            [
                ["UserId", "Ispro", "HasStats", "Contacts", "PhotoCount", "MeanViews"],
                ["u1", "1", "1", "12", "900", "55.5"],
                ["u2", "0", "0", "1", "9", "0.5"],
            ]
        ),
    }


def gram(number: int, likes: int, **other: Any) -> dict[str, Any]:
    return {
        "__typename": "GraphImage",
        "id": str(2190000000000000000 + number),
        "shortcode": f"B{number}",
        "edge_media_to_caption": {"edges": [{"node": {"text": f"Words {number} #sun 🌞"}}]},
        "edge_media_to_comment": {"count": 3},
        "edge_media_preview_like": {"count": likes},
        "owner": {"id": "17"},
        "taken_at_timestamp": 1577000000 + number,
        "display_url": "https://example.org/a.jpg",
        **other,
    }


def instagram() -> Export:
    posts = [
        gram(1, 120),
        gram(2, -1),
        gram(3, 7, edge_media_to_caption={"edges": []}),
        gram(4, 8, location={"name": "Park"}),
    ]
    return {"posts.json": as_lines(posts[:2]) + b'{"id": "5", "edge\n' + as_lines(posts[2:])}


def tweet(number: int, text: str, likes: str, **other: Any) -> dict[str, Any]:
    return {
        "tweet": {
            "id_str": str(1260000000000000000 + number),
            "full_text": text,
            "created_at": f"Wed May 13 19:55:{number:02} +0000 2015",
            "favorite_count": likes,
            "retweet_count": "2",
            "lang": "en",
            "entities": {"hashtags": [{"text": "sun", "indices": ["0", "4"]}, {"text": "sea"}]},
            **other,
        }
    }


def x_archive() -> Export:
    first = [tweet(1, "Good morning 🌅", "12"), tweet(2, "RT @someone: hello", "0"), {"tweet": 3}]
    second = [tweet(3, "Good night\n#sea", "1,234"), tweet(4, "Bad count", "many")]
    return {
        "data/account.js": b"window.YTD.account.part0 = "
        + as_json([{"account": {"username": "studio_fern", "accountId": "9"}}]),
        "data/tweets.js": b"window.YTD.tweets.part0 = " + as_json(first),
        "data/tweets-part1.js": b"window.YTD.tweets.part1 = " + as_json(second),
        "data/like.js": b"window.YTD.like.part0 = [ ]",
    }


def submission(number: int, selftext: str, **other: Any) -> dict[str, Any]:
    return {
        "id": f"abc{number}",
        "title": f"Title {number}",
        "selftext": selftext,
        "score": 10 * number,
        "upvote_ratio": 0.9,
        "num_comments": 4,
        "created_utc": 1600000000.0 + number,
        "subreddit": "cooking",
        "author": "fern",
        "link_flair_text": None,
        "is_self": True,
        "url": "https://example.org",
        "permalink": f"/r/cooking/comments/abc{number}/",
        **other,
    }


SUBMISSIONS = [
    submission(1, "How do I,\nmake plum cake? 🍰"),
    submission(2, "[removed]", author="[deleted]"),
    submission(3, "A recipe", score=None),
    submission(4, "Another", link_flair_text="Recipe"),
]


def reddit() -> Export:
    lines = as_lines(SUBMISSIONS).splitlines(keepends=True)
    return {"posts.jsonl": b"".join([*lines[:3], b'{"id": "abc9", "title\r\n', *lines[3:]])}


def reddit_csv() -> Export:
    names = list(SUBMISSIONS[0])
    return {"posts.csv": as_csv([names, *([one[n] for n in names] for one in SUBMISSIONS)], ";")}


EXPORTS: Mapping[str, Sequence[Export]] = {
    "csv": [
        {"posts.csv": as_csv([["id", "text", "saves"], ["1", "a, b", "1,234"], ["2", "c", ""]])}
    ],
    "json": [
        {"posts.jsonl": as_lines([{"id": 1, "text": "a", "saves": 3}, {"id": 2, "text": "b"}])}
    ],
    "pinterest": [pinterest()],
    "pinterest-analytics": [pinterest_analytics()],
    "pinterest-api": [pinterest_api(), pinterest_api_analytics()],
    "smpd": [smpd()],
    "icip2020": [icip2020()],
    "instagram": [instagram()],
    "x": [x_archive()],
    "reddit": [reddit(), reddit_csv()],
}
"""Reader to exports of its format, without Parquet, which is binary."""
