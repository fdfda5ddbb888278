import logging

import polars as pl
import pytest

from postcast.data.columns import Columns
from postcast.data.read import read_posts
from postcast.data.roles import candidates, settle
from postcast.errors import ReadError

WORDS = "the quick brown fox jumps over a lazy dog number"


def table(n=40, **columns):
    made = {"text": lambda i: f"{WORDS} {i}", "likes": lambda i: i * 7 % 31, **columns}
    cells = {
        name: [None if how(i) is None else str(how(i)) for i in range(n)]
        for name, how in made.items()
        if how is not None
    }
    return pl.DataFrame(cells)


def roles(cells, asked=None):
    return settle(cells, asked or Columns())[0]


def test_names_of_nine_languages_are_found():
    headers = [
        ("Description", "Likes", "Publish time"),
        ("Descripción", "Me gusta", "Hora de publicación"),
        ("Texte", "J'aime", "Heure de publication"),
        ("Texto do post", "Curtidas", "Data"),
        ("Descrizione", "Mi piace", "Orario di pubblicazione"),
        ("Beschreibung", "Gefällt mir", "Veröffentlichungszeitpunkt"),
        ("Περιγραφή", "Μου αρέσει!", "Χρόνος δημοσίευσης"),
        ("Текст", "Количество лайков", "Дата поста (UTC)"),
        ("ポスト本文", "いいね", "日付"),
        ("微博正文", "点赞数", "发布时间"),
    ]
    for text, count, time in headers:
        cells = table(time=lambda i: f"2024-01-{i % 28 + 1:02}").select("text", "likes", "time")
        cells.columns = [text, count, time]
        settled = roles(cells)
        assert (settled.text, settled.count, settled.time) == ((text,), count, time)


def test_a_date_that_holds_no_times_gives_way_to_a_column_that_does():
    cells = table(Date=lambda _: "Lifetime", **{"Publish time": lambda i: f"0{i % 9 + 1}/20/2025"})
    assert roles(cells).time == "Publish time"


def test_a_date_that_holds_no_times_is_said_where_there_is_no_other():
    settled, notes, _ = settle(table(Date=lambda _: "Lifetime"), Columns())
    assert settled.time == ""
    assert notes == ("no time is read: column 'Date' holds no times ('Lifetime')",)


def test_times_of_a_crawl_are_none_of_publishing():
    cells = table(
        scrapeTime=lambda i: f"2024-01-{i % 28 + 1:02}", fetch_date=lambda _: "2024-01-01"
    )
    assert roles(cells).time is None


def test_a_count_that_few_posts_have_is_not_taken():
    cells = table(views=lambda i: i if i % 3 == 0 else None)
    assert roles(cells).count == "likes"
    cells = table(likes=lambda i: i if i % 3 == 0 else None, views=lambda i: i)
    assert roles(cells).count == "views"


def test_a_number_of_authors_is_no_count_of_posts():
    cells = table(author=lambda i: f"a{i % 8}", likes=lambda i: i % 8 * 1000)
    settled, _, unfit = settle(cells, Columns())
    assert settled.count is None
    assert unfit == ("column 'likes' says the same of all posts of an author",)


def test_rates_labels_and_growth_are_no_targets():
    cells = table(
        likes=None,
        score=lambda i: i / 7 + 0.01,
        like_count_1h=lambda i: i,
        **{"messageSentiment.score": lambda i: i},
    )
    with pytest.raises(ReadError, match="'score' holds no whole numbers"):
        read_posts(cells)


def test_totals_of_profiles_are_no_targets():
    cells = table(**{"Follower Count": lambda i: i, "Following Count": lambda i: i})
    with pytest.raises(ReadError, match="followers of profiles"):
        read_posts(cells)


def test_followers_alone_make_no_profile_of_a_post():
    assert roles(table(follower_count=lambda i: 900 + i)).count == "likes"


def test_views_come_first_where_channels_publish_videos():
    cells = table(text=None, **{"Video title": lambda i: f"{WORDS} {i}", "Views": lambda i: i})
    assert roles(cells).count == "Views"
    assert roles(table(Views=lambda i: i)).count == "likes"


def test_labels_of_campaigns_are_no_tags():
    assert roles(table(Tags=lambda i: f"Campaign Number {i % 3}")).tags is None
    assert roles(table(Tags=lambda i: f"#a{i} #b")).tags == "Tags"
    assert roles(table(hashtags_count=lambda i: i)).tags is None


def test_a_title_alone_is_the_text():
    settled, notes, _ = settle(table(text=None, title=lambda i: f"{WORDS} {i}"), Columns())
    assert settled.text == ("title",)
    assert notes == ("the title 'title' is the text",)


def test_a_title_beside_a_text_is_read_with_it():
    cells = table(headline=lambda i: f"News {WORDS} {i}")
    assert roles(cells).text == ("headline", "text")
    assert settle(cells, Columns(), join_title=False)[0].text == ("text",)
    assert roles(cells, Columns(text=("text",))).text == ("text",)


def test_the_text_alone_is_read_of_pins():
    cells = table(likes=None, title=lambda i: f"{WORDS} {i}", repin_count=lambda i: i)
    assert roles(cells).text == ("text",)


def test_a_text_that_is_empty_in_most_rows_is_read_with_the_title():
    description = {"text": lambda i: f"{WORDS} {i}" if i % 6 == 0 else None}
    cells = table(Title=lambda i: None if i % 6 == 0 else f"{WORDS} {i}", **description)
    posts = read_posts(cells)
    assert len(posts) == 40
    assert posts.rejected.is_empty()


def test_ids_are_no_text():
    cells = table(
        text=None, Content=lambda i: f"x{i}yZ", **{"Video title": lambda i: f"{WORDS} {i}"}
    )
    assert roles(cells).text == ("Video title",)


def test_nested_members_of_others_are_left_alone():
    cells = table(
        likes=None,
        **{
            "quotedTweet.likeCount": lambda i: i,
            "stats.likeCount": lambda i: i * 3,
            "latestComments[0].text": lambda i: f"{WORDS} {WORDS} {i}",
            "author.username": lambda i: f"a{i % 3}",
        },
    )
    settled = roles(cells)
    assert (settled.count, settled.author) == ("stats.likeCount", "author.username")
    assert settled.text == ("text",)


def test_what_was_asked_for_is_kept_and_not_taken_again():
    settled = roles(table(views=lambda i: i), Columns(author="likes", time=""))
    assert (settled.author, settled.count, settled.time) == ("likes", "views", "")


def test_a_near_tie_is_said():
    _, notes, _ = settle(table(reactions=lambda i: i + 1), Columns())
    assert notes == ("'reactions' is forecast; --count-col takes another ('likes')",)


def test_scores_lie_between_0_and_1_best_first():
    found = candidates(table(views=lambda i: i, time=lambda i: f"2024-01-{i % 28 + 1:02}"))
    assert {role for role, those in found.items() if those} == {"text", "count", "time"}
    for those in found.values():
        scores = [one.score for one in those]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)


def test_a_table_without_texts_is_told_by_what_it_is(caplog):
    caplog.set_level(logging.WARNING)
    cells = table(text=None, Date=lambda i: f"2024-01-{i % 28 + 1:02}")
    with pytest.raises(ReadError, match="of days or profiles, not of posts"):
        read_posts(cells)


def test_a_download_without_counts_names_what_to_give_instead():
    records = [{"media": 1, "media[0].creation_timestamp": "1424225088", "media[0].title": WORDS}]
    with pytest.raises(ReadError, match=r"Instagram's download has none; .* Meta Business Suite"):
        read_posts(records)
