"""A post has one forecast: whatever is forecast with it changes nothing, to the last bit.

Features are compared bit by bit, since a tree turns the last bit of a column into another leaf.
"""

import numpy as np
import pytest
from tests.conftest import records

from postcast import Post, load, train
from postcast.features.assemble import drafts_of_posts

TAGS = (("soup",), ("soup", "linen"), ())

ASKED = (
    Post(text="easy word3 word17", author="a1", tags=("soup",)),
    Post(text="easy word3 word17", author="a1"),
    Post(text="dull word3", author="a2"),
    Post(text="plain word17 word18 word19 word20", author="nobody"),
    Post(text="easy cake", author=None),
    Post(text="", author="a0"),
    Post(text="unheard of altogether", author="a0"),
)

BLOCKS = ("text", "history", "kriging", "neighbours", "nearest", "nearest others", "context")


@pytest.fixture(scope="module", params=["tfidf", "tiny"])
def forecaster(request, tmp_path_factory, tiny_distilbert):
    """`strong` on posts many of which share a text, so that likeness has ties."""
    posts = records(200)
    posts += [{**row, "id": f"again {row['id']}"} for row in posts[:40]]
    posts = [{**row, "tags": " ".join(TAGS[i % 3])} for i, row in enumerate(posts)]
    encoder = str(tiny_distilbert) if request.param == "tiny" else request.param
    settings = {"encoder": encoder, "classifier": "strong", "device": "cpu", "seed": 1}
    run = tmp_path_factory.mktemp("one-answer") / "RUN"
    fresh = train(posts, settings, out=run)
    return fresh, load(run)


def _crowd(n_posts):
    rng = np.random.default_rng(n_posts)
    words = ["easy", "dull", "plain", *(f"word{i}" for i in range(200))]
    return [
        Post(text=" ".join(rng.choice(words, rng.integers(1, 30))), author=f"a{i % 6}")
        for i in range(n_posts)
    ]


def _rows(forecaster, posts):
    blocks = forecaster.features(drafts_of_posts(posts, forecaster.bank)).blocks
    dense = {
        name: block.matrix if isinstance(block.matrix, np.ndarray) else block.matrix.toarray()
        for name, block in blocks.items()
    }
    return {name: matrix[: len(ASKED)] for name, matrix in dense.items()}


@pytest.mark.parametrize("n_others", [1, 70, 1_100])
def test_features_do_not_depend_on_company(forecaster, n_others):
    """Of 70 posts tfidf makes sparse rows; 1,100 are compared through another layout."""
    fresh, loaded = forecaster
    alone = [_rows(loaded, [post]) for post in ASKED]
    for among in (_rows(loaded, [*ASKED, *_crowd(n_others)]), _rows(fresh, list(ASKED))):
        assert set(BLOCKS) <= set(among)
        for row, blocks in enumerate(alone):
            for name, matrix in blocks.items():
                np.testing.assert_array_equal(matrix[0], among[name][row], err_msg=name)


def test_forecasts_are_the_same_alone_in_a_crowd_and_from_a_run(forecaster):
    fresh, loaded = forecaster
    among = loaded.predict([*ASKED, *_crowd(300)])
    for post, one in zip(ASKED, among, strict=False):
        for other in (loaded.predict(post), fresh.predict(post)):
            assert {**other.to_dict(), "id": None} == {**one.to_dict(), "id": None}


def test_dated_drafts_know_each_other_unless_they_are_independent(forecaster):
    import datetime

    _, loaded = forecaster
    start = datetime.datetime(2024, 2, 1, tzinfo=datetime.UTC)
    dated = [
        Post(text=post.text, author="a1", time=start + datetime.timedelta(minutes=i))
        for i, post in enumerate(ASKED)
    ]
    alone = [loaded.predict(post).probabilities for post in dated]
    apart = [one.probabilities for one in loaded.predict(dated, independent=True)]
    together = [one.probabilities for one in loaded.predict(dated)]
    assert apart == alone
    assert together != alone
