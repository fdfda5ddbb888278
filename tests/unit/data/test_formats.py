"""Each platform's export, laid out as published, gives the same table with the same units."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from tests.unit.data import exports
from tests.unit.data.exports import EXPORTS, as_csv, as_json, as_lines, zipped

from postcast.data.leaks import is_known_after
from postcast.data.read import read_cells, read_drafts, read_posts
from postcast.data.sources import READERS
from postcast.data.sources.origin import files_of
from postcast.errors import ReadError

BOM = b"\xef\xbb\xbf"
SEA = "sea, boat, blue"
KINDS = [(reader, number) for reader, many in EXPORTS.items() for number in range(len(many))]


@pytest.fixture
def laid_out(tmp_path):
    """Write an export into a folder, and return it."""

    def write(export):
        for name, content in export.items():
            path = tmp_path / "export" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path / "export"

    return write


def kept(posts, *columns):
    return posts.table.select(columns).rows()


def rejected(posts):
    return posts.rejected.rows()


@pytest.mark.parametrize(("reader", "number"), KINDS)
def test_each_export_is_told_by_its_content_alone(reader, number, laid_out):
    export = EXPORTS[reader][number]
    folder = laid_out(export)
    source = folder / next(iter(export)) if len(export) == 1 else folder
    files = files_of(source)
    assert next(name for name in reversed(list(READERS)) if READERS[name].fits(files)) == reader
    told, named = read_posts(source), read_posts(source, reader=reader)
    assert told.table.equals(named.table)
    assert told.source.sha256 == named.source.sha256
    assert len(told) > 0


@pytest.mark.parametrize(("reader", "number"), KINDS)
def test_folder_archive_and_file_give_the_same_posts(reader, number, laid_out):
    export = EXPORTS[reader][number]
    in_folder = read_posts(laid_out(export))
    in_archive = read_posts(io.BytesIO(zipped(export)))
    assert in_folder.table.drop("image").equals(in_archive.table.drop("image"))
    assert in_folder.rejected.equals(in_archive.rejected)


@pytest.mark.parametrize(("reader", "number"), KINDS)
def test_every_row_is_kept_or_rejected_and_drafts_keep_all(reader, number):
    source = zipped(EXPORTS[reader][number])
    posts = read_posts(io.BytesIO(source))
    rows = {*posts.table["row"], *posts.rejected["row"]}
    assert rows == set(range(1, posts.source.rows_read + 1))
    assert read_drafts(io.BytesIO(source)).height == posts.source.rows_read
    assert read_cells(io.BytesIO(source)).height == posts.source.rows_read


@pytest.mark.parametrize(("reader", "number"), KINDS)
def test_byte_order_marks_and_line_ends_change_nothing(reader, number):
    export = EXPORTS[reader][number]
    plain = {name: data.removeprefix(BOM).replace(b"\r\n", b"\n") for name, data in export.items()}
    marked = {name: BOM + data.replace(b"\n", b"\r\n") for name, data in plain.items()}
    expected, found = (read_posts(io.BytesIO(zipped(one))) for one in (plain, marked))
    words = found.table.with_columns(found.table["text"].str.replace_all("\r\n", "\n"))
    assert words.equals(expected.table)
    assert found.rejected.equals(expected.rejected)


def test_a_digest_is_of_the_files_that_were_read(laid_out):
    export = exports.smpd()
    folder = laid_out(export)
    first = read_posts(folder).source.sha256
    (folder / "notes.txt").write_text("nothing")
    assert read_posts(folder).source.sha256 == first
    (folder / "train_label.txt").write_bytes(b"1\n2\n3\n4\n")
    assert read_posts(folder).source.sha256 != first


class TestPinterest:
    def test_rows_and_reasons(self, laid_out):
        posts = read_posts(laid_out(exports.pinterest()) / "pinterest.csv")
        assert kept(posts, "id", "author", "title", "engagement", "image") == [
            ("21181060741374001", "301", "Bowl", 1234.0, None),
            ("21181060741374002", "301", "https://example.org/a", 0.0, None),
        ]
        assert [reason for _, _, reason, _ in rejected(posts)] == [
            *("text is blank", "count is negative", "count is not a number", "id is missing"),
        ]
        assert "image" not in posts.source.columns

    def test_images_of_the_second_edition(self, laid_out):
        folder = laid_out(
            {**exports.pinterest(), "images/images/21181060741374002.jpg": b"\xff\xd8\xff"}
        )
        for source in (folder, folder / "pinterest.csv"):
            images = read_posts(source).table["image"].to_list()
            assert images == [None, "images/images/21181060741374002.jpg"]

    def test_an_id_that_is_a_path_names_no_image(self, laid_out):
        header, row = exports.PINTEREST_ROWS[:2]
        rows = [header, [row[0], "../../secret", *row[2:]]]
        folder = laid_out({"pinterest.csv": as_csv(rows), "secret.jpg": b"", "images/a.jpg": b""})
        assert read_posts(folder).table["image"].to_list() == [None]


class TestPinterestAnalytics:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_top_pins_among_other_sections(self, delimiter, laid_out):
        posts = read_posts(laid_out(exports.pinterest_analytics(delimiter)) / "analytics.csv")
        assert kept(posts, "id", "title", "text", "engagement") == [
            ("814377545123400001", "Cake", "A cake,\nwith plums 🍰", 1234.0),
            ("814377545123400002", "Tart", "A tart", 4.0),
        ]
        assert rejected(posts) == [
            (3, "814377545123400003", "count is missing", ""),
            (4, "", "id is missing", ""),
        ]

    @pytest.mark.parametrize(
        ("name", "count"), [("Saves", 3.0), ("Engagements", 3.0), ("Impressions", 3.0)]
    )
    def test_aliases(self, name, count, write):
        data = f"Top pins\n\nPin ID,Pin title,{name}\n814377545123400001,A pin,3\n"
        posts = read_posts(write(data))
        assert kept(posts, "id", "text", "engagement") == [("814377545123400001", "A pin", count)]

    def test_without_a_section_of_pins(self, write):
        path = write("Date,Impressions\n2024-01-01,3\n\nBoard,Saves\nKitchen,4\n")
        with pytest.raises(ReadError, match="no section that lists pins"):
            read_posts(path, reader="pinterest-analytics")


class TestPinterestApi:
    def test_pages_of_pins(self, laid_out):
        posts = read_posts(laid_out(exports.pinterest_api()))
        assert kept(posts, "author", "category", "text", "engagement") == [
            ("studio-fern", "549755885175", "Words of pin 1", 5.0),
            ("studio-fern", "549755885175", "Words of pin 3", 15.0),
            ("studio-fern", "549755885175", "", 20.0),
        ]
        assert rejected(posts) == [
            (2, "814377545123400002", "count is missing", ""),
            (4, "", "record is broken", '"not a pin"'),
            (5, "814377545123400004", "text is blank", ""),
        ]

    def test_saves_come_from_analytics_beside_the_pins(self, laid_out):
        folder = laid_out(exports.pinterest_api_analytics())
        posts = read_posts(folder)
        assert posts.source.columns["count"] == ("save_count",)
        assert posts.table["engagement"].to_list() == [41.0, 3.0]
        assert {"reaction_count", "save_rate", "impression_count_90d"} <= set(
            read_cells(folder).columns
        )


class TestSmpd:
    def test_files_are_joined_and_labels_are_counts(self, laid_out):
        folder = laid_out(exports.smpd())
        posts = read_posts(folder)
        assert kept(posts, "id", "author", "title", "text", "tags", "category") == [
            ("775", "59@N75", "Harbour 🌊", "Harbour 🌊\nsea boat blue", SEA, "Travel"),
            ("1075", "59@N75", None, "cat", "cat", "Animal"),
            ("9001", "2741@N60", "Bridge", "Bridge\nsteel", "steel", "Urban"),
        ]
        assert posts.table["engagement"].to_list() == [7.0, 2**10.5 - 1, 0.0]
        assert posts.table["time"][0] == datetime(2015, 12, 13, 9, 46, 40, tzinfo=UTC)
        assert posts.table["image"][0] == "train/59@N75/775.jpg"
        assert rejected(posts) == [(3, "696", "count is missing", "")]
        assert {"Concept", "Latitude", "ispro", "Pathalias", "Mediatype"} <= set(
            read_cells(folder).columns
        )

    def test_the_test_posts_have_no_count(self, laid_out):
        folder = laid_out(exports.smpd("test"))
        assert read_drafts(folder)["engagement"].null_count() == 4
        with pytest.raises(ReadError, match="no count column"):
            read_posts(folder)

    def test_columns_of_which_each_has_other_rows(self, laid_out):
        users = {f"c{n}": {str(200 * n + row): "x" for row in range(200)} for n in range(100)}
        folder = laid_out({**exports.smpd(), "train_user_data.json": as_json(users)})
        with pytest.raises(ReadError, match="20,000 records have 100 different members"):
            read_posts(folder)

    @pytest.mark.parametrize("name", ["train_category.json", "train_label.txt"])
    def test_a_file_without_keys_must_have_a_row_a_post(self, name, laid_out):
        export = exports.smpd()
        content = export[name]
        short = content[:-2] if name.endswith("txt") else as_json(json.loads(content)[:-1])
        with pytest.raises(ReadError, match=rf"{name} has 3 rows; expected 4, one for each"):
            read_posts(laid_out({**export, name: short}))

    def test_a_path_that_leads_out_is_no_image(self, laid_out):
        paths = b"/etc/59@N75/775.jpg\n../train/59@N75/1075.jpg\n"
        posts = read_posts(laid_out({**exports.smpd(), "train_img_filepath.txt": paths}))
        assert posts.table["image"].null_count() == 3

    def test_options_win_over_the_format(self, laid_out):
        folder = laid_out(exports.smpd())
        posts = read_posts(folder, {"text": "Title", "category": "Concept"})
        assert kept(posts, "text", "category")[1] == ("", "Animal 1a")


class TestIcip2020:
    def test_tables_are_joined(self, laid_out):
        folder = laid_out(exports.icip2020())
        posts = read_posts(folder)
        assert kept(posts, "id", "author", "title", "text", "tags", "engagement") == [
            ("111", "u1", "Sea", "A sea, blue", "sea, blue sky, it's", 10.0),
            ("222", "u2", "Cat", "A cat 🐈\nasleep", None, 0.0),
        ]
        assert rejected(posts) == [
            (3, "333", "count is not a number", "?"),
            (4, "444", "count is missing", ""),
        ]
        cells = read_cells(folder)
        assert cells["MeanViews"].to_list() == ["55.5", "0.5", "55.5", None]
        assert cells["DateCrawl"].to_list() == [*["1460000000"] * 3, None]

    def test_a_table_without_its_key(self, laid_out):
        export = {**exports.icip2020(), "users_TRAIN.csv": b"Who,Ispro\nu1,1\n"}
        with pytest.raises(ReadError, match=r"users_TRAIN\.csv has no column UserId"):
            read_posts(laid_out(export))


class TestInstagram:
    def test_hidden_likes_are_rejected(self, laid_out):
        posts = read_posts(laid_out(exports.instagram()) / "posts.json")
        assert kept(posts, "author", "text", "category", "engagement") == [
            ("17", "Words 1 #sun 🌞", None, 120.0),
            ("17", "", None, 7.0),
            ("17", "Words 4 #sun 🌞", "Park", 8.0),
        ]
        assert rejected(posts)[:2] == [
            (2, "2190000000000000002", "count is negative", "-1"),
            (3, "", "record is broken", '{"id": "5", "edge'),
        ]

    def test_posts_inside_a_profile_and_a_file_each(self, laid_out):
        edges = [{"node": exports.gram(number, number)} for number in (1, 2)]
        profile = {"data": {"user": {"edge_owner_to_timeline_media": {"edges": edges}}}}
        alone = {"graphql": {"shortcode_media": exports.gram(3, 3)}}
        folder = laid_out({"a.json": as_json(profile), "b.info": as_json(alone)})
        assert read_posts(folder).table["engagement"].to_list() == [1.0, 2.0, 3.0]


class TestX:
    def test_parts_in_order_with_their_account(self, laid_out):
        posts = read_posts(laid_out(exports.x_archive()))
        assert kept(posts, "id", "author", "text", "tags", "engagement") == [
            ("1260000000000000001", "studio_fern", "Good morning 🌅", "sun, sea", 12.0),
            ("1260000000000000003", "studio_fern", "Good night\n#sea", "sun, sea", 1234.0),
        ]
        assert posts.table["time"][0] == datetime(2015, 5, 13, 19, 55, 1, tzinfo=UTC)
        assert rejected(posts) == [
            (2, "1260000000000000002", "post is a retweet", "RT @someone: hello"),
            (3, "", "record is broken", "null"),
            (5, "1260000000000000004", "count is not a number", "many"),
        ]

    def test_what_no_text_can_hold_is_mended_in_reasons_too(self, write):
        tweets = [exports.tweet(1, "Hello", "3"), exports.tweet(2, "RT @\ud800", "0")]
        script = f"window.YTD.tweets.part0 = {json.dumps(tweets)}"
        assert rejected(read_posts(write(script, "tweets.js")))[0][3] == "RT @\ufffd"

    @pytest.mark.parametrize("start", [b"window.YTD.tweet.part0 = ", b"window.YTD.tweets.part3=\n"])
    def test_one_script_alone(self, start, write):
        older = exports.tweet(1, "Hello", "3")["tweet"]
        posts = read_posts(write(start + as_json([older]) + b";\r\n", "tweet.js"))
        assert kept(posts, "author", "engagement") == [("account", 3.0)]

    def test_a_broken_part_names_its_line(self, laid_out):
        script = b'window.YTD.tweets.part0 = [\n{"tweet": {"full_text": "a"}},\n{"tweet" 3}]'
        with pytest.raises(ReadError, match=r"data/tweets\.js, line 3 is not JSON"):
            read_posts(laid_out({"data/tweets.js": script}))


class TestReddit:
    def test_what_was_removed_is_blank(self, laid_out):
        posts = read_posts(laid_out(exports.reddit()) / "posts.jsonl")
        assert kept(posts, "author", "title", "text", "category", "engagement") == [
            ("fern", "Title 1", "How do I,\nmake plum cake? 🍰", "cooking", 10.0),
            (None, "Title 2", "", "cooking", 20.0),
            ("fern", "Title 4", "Another", "cooking", 40.0),
        ]
        assert [reason for _, _, reason, _ in rejected(posts)] == [
            *("text is blank", "count is missing", "record is broken"),
        ]

    def test_titles_are_the_text_where_no_post_has_words(self, write):
        posts = read_posts(write(as_lines([exports.submission(n, "") for n in (1, 2)])))
        assert kept(posts, "text") == [("Title 1",), ("Title 2",)]

    def test_a_listing(self, write):
        children = [{"kind": "t3", "data": exports.submission(1, "Words")}]
        listing = {"kind": "Listing", "data": {"children": children, "after": None}}
        assert kept(read_posts(write(as_json(listing))), "id", "text") == [("abc1", "Words")]


@pytest.mark.parametrize(
    "name",
    [
        *("DateCrawl", "MeanViews", "num_comments", "upvote_ratio", "retweet_count"),
        *("comment_count", "clickthrough_count", "impression_count_90d", "save_rate"),
        *("Impressions", "Pin clicks", "Outbound clicks", "Engagements", "video_mrc_view_count"),
    ],
)
def test_names_of_these_formats_that_are_known_only_later(name):
    assert is_known_after(name)


@pytest.mark.parametrize(
    "name", ["DatePosted", "DateTaken", "photo_count", "Category", "board_id", "NumGroups", "lang"]
)
def test_names_of_these_formats_that_are_known_before(name):
    assert not is_known_after(name)
