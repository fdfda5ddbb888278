"""What a forecaster says that it reads of a post is what its answer depends on."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from bench.shapes import FULL, SHAPES, posts_of
from bench.small_models import small_models

from postcast import Post, load, train
from postcast.cli.draft import DraftWords
from postcast.settings import Settings

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="SKIPPED: the extra [torch] is not installed"
)

TAGS_ALONE = "tags alone"
DRAFT = Post(text="easy word3 word17")
OTHER = Post(
    text="dull word5 word21",
    title="word1 word2",
    author="author-1",
    time=datetime(2024, 6, 1, 9, tzinfo=UTC),
    tags=("food",),
    category="kitchen",
)
FIELDS = ("text", "title", "author", "time", "tags", "category")
MARKS = ("tags", "category")
EVERYTHING = ("text", "author", "time", *MARKS)


@pytest.fixture(scope="module")
def forecaster_of():
    known = {}

    def make(classifier, name):
        if (classifier, name) not in known:
            posts = posts_of(SHAPES.get(name, FULL), 80)
            if name == TAGS_ALONE:
                posts = [{k: v for k, v in post.items() if k != "category"} for post in posts]
            with small_models():
                known[classifier, name] = train(
                    posts, {"classifier": classifier, "encoder": "tfidf", "device": "cpu"}
                )
        return known[classifier, name]

    return make


@pytest.mark.parametrize(
    ("classifier", "name", "reads"),
    [
        ("strong", "full", EVERYTHING),
        ("strong", TAGS_ALONE, ("text", "author", "time", "tags")),
        ("strong", "without tags", ("text", "author", "time")),
        ("strong", "text and count alone", ("text",)),
        ("hypergraph", "full", EVERYTHING),
        ("hypergraph", TAGS_ALONE, EVERYTHING),
        ("hypergraph", "without tags", ("text", "author", "time")),
        ("linear", "full", ("text",)),
        ("majority", "full", ()),
        ("author-median", "full", ("author",)),
        ("author-median", "without authors", ()),
    ],
)
def test_what_is_not_read_changes_no_forecast(forecaster_of, classifier, name, reads):
    forecaster = forecaster_of(classifier, name)
    assert forecaster.reads() == reads
    unread = [field for field in FIELDS if field not in reads]
    changed = replace(DRAFT, **{field: getattr(OTHER, field) for field in unread})
    before, after = (forecaster.predict(post).probabilities for post in (DRAFT, changed))
    assert after == pytest.approx(before, abs=1e-12)


@pytest.mark.parametrize("classifier", ["strong", "hypergraph"])
@pytest.mark.parametrize("field", MARKS)
def test_tags_and_category_that_are_read_change_a_forecast(classifier, field):
    """Of posts whose counts nothing but that field tells."""
    posts = posts_of(FULL, 80)
    for post in posts:
        post["text"] = str(post["text"]).split(" ", 1)[1]
        post[field] = ("few", "some", "many")[int(str(post["saves"])) // 20]
        del post[MARKS[field == "tags"]]
    with small_models():
        forecaster = train(posts, {"classifier": classifier, "encoder": "tfidf", "device": "cpu"})
    assert field in forecaster.reads()
    high = [
        forecaster.predict(replace(DRAFT, **{field: (mark,) if field == "tags" else mark}))
        for mark in ("few", "many")
    ]
    assert high[0].probabilities["high"] < high[1].probabilities["high"]


def test_the_command_line_names_what_is_not_read_and_nothing_else(forecaster_of, caplog):
    draft = DraftWords("easy word3", "A title", "author-0", tags="food", category="garden")
    with caplog.at_level("INFO", "postcast"):
        draft.post(forecaster_of("strong", "full"), Settings())
        draft.post(forecaster_of("linear", "full"), Settings())
    said = [line for line in caplog.messages if "does not read" in line]
    assert said == [
        "This forecaster does not read the title of a post.",
        "This forecaster does not read the title, author, tags or category of a post.",
    ]


@pytest.mark.parametrize("classifier", ["strong", "hypergraph", "linear", "majority"])
def test_public_objects_have_a_short_repr_that_tells_no_post(forecaster_of, classifier, tmp_path):
    from postcast import read_posts
    from postcast.explain import explain
    from postcast.rank import rank
    from postcast.whatif import what_if

    forecaster = forecaster_of(classifier, "full")
    forecaster.save(tmp_path / "forecaster")
    post = replace(OTHER, text="a secret sentence", author="author-9", id="post-7")
    forecast = forecaster.predict(post)
    assert forecast.warnings
    objects = [
        forecaster,
        load(tmp_path),
        forecaster.bank,
        forecaster.senses,
        forecaster.scorecard,
        forecast,
        post,
        read_posts(posts_of(FULL, 80)),
        Settings(encoder="tfidf"),
        explain(forecaster, post),
        what_if(forecaster, post, alternatives=[OTHER]),
        rank(forecaster, [post, OTHER]),
    ]
    for one in objects:
        told = repr(one)
        assert len(told) <= 400
        assert len(told.splitlines()) <= 3
        for secret in ("secret", "word5", "post-", "author-"):
            assert secret not in told
    assert repr(Settings(encoder="tfidf")) == "Settings(encoder='tfidf')"
    assert f"{classifier} on " in repr(forecaster)
    assert "macro-F1" in repr(forecaster)
