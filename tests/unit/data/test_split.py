from datetime import timedelta

import numpy as np
import pytest

from postcast.data.order import Maturity, is_forward
from postcast.data.rows import Rows
from postcast.data.split import default_split, reference_split, split
from postcast.errors import SettingsError, SplitError

DAY = 86_400_000_000


def rows(n_posts=400, ordering="time", seed=0):
    rng = np.random.default_rng(seed)
    return Rows(
        order=None if ordering == "none" else rng.permutation(n_posts) * DAY,
        author=rng.integers(0, 6, n_posts),
        group=rng.integers(0, n_posts * 2, n_posts),
        counts=rng.poisson(5, n_posts).astype(float),
        ordering=ordering,
    )


def assert_parts(some, parts):
    everything = np.concatenate([parts.train, parts.test, parts.dropped])
    assert sorted(everything.tolist()) == list(range(len(some)))
    assert not set(some.group[parts.train]) & set(some.group[parts.test])


@pytest.mark.parametrize("how", ["chronological", "stratified", "grouped"])
@pytest.mark.parametrize("ordering", ["time", "id"])
@pytest.mark.parametrize("seed", range(3))
def test_no_group_stands_on_both_sides(how, ordering, seed):
    some = rows(ordering=ordering, seed=seed)
    assert_parts(some, split(some, how, seed=seed))


def test_by_time_the_newest_are_tested():
    some = rows()
    parts = split(some, "chronological")
    assert len(parts.test) == 80
    assert set(some.order[parts.test]) == set(np.sort(some.order)[-80:])
    assert is_forward(some.order, some.author, parts.train, parts.test, "time")
    assert parts.description.startswith("The newest 20% of all posts, after 1970-11-")


def test_by_id_the_newest_of_each_author_are_tested():
    some = rows(ordering="id")
    parts = split(some, "chronological")
    assert is_forward(some.order, some.author, parts.train, parts.test, "id")
    for author in range(6):
        own = np.sort(some.order[some.author == author])
        tested = np.sort(some.order[parts.test][some.author[parts.test] == author])
        assert tested.tolist() == own[len(own) - len(own) // 5 :].tolist()


def test_an_author_of_few_posts_is_not_tested():
    some = rows(ordering="id")
    some.author[:4] = 99
    parts = split(some, "chronological")
    assert 99 not in some.author[parts.test]


def test_posts_of_one_instant_fall_on_one_side():
    some = rows()
    tied = Rows(some.order // (60 * DAY), some.author, some.group, some.counts, "time")
    parts = split(tied, "chronological")
    assert tied.order[parts.train].max() < tied.order[parts.test].min()
    assert 40 < len(parts.test) < 120


def test_training_copies_go_and_test_copies_stay():
    some = rows()
    newest, oldest = np.argsort(some.order)[-2:], np.argsort(some.order)[:2]
    some.group[:] = np.arange(len(some))
    some.group[newest] = some.group[oldest]
    parts = split(some, "chronological")
    assert sorted(parts.dropped) == sorted(oldest)
    assert set(newest) <= set(parts.test)
    assert "2 copies of test posts" in parts.description


@pytest.mark.parametrize("ordering", ["time", "id"])
def test_who_is_tested_does_not_depend_on_the_rows_order(ordering):
    some = rows(ordering=ordering)
    shuffle = np.random.default_rng(1).permutation(len(some))
    maturity = Maturity(posts=3)
    one = split(some, "chronological", maturity=maturity)
    other = split(some.take(shuffle), "chronological", maturity=maturity)
    assert set(one.test) == set(shuffle[other.test])
    assert set(one.train) == set(shuffle[other.train])


def test_unsettled_posts_are_left_out_of_training():
    some = rows()
    at_once = split(some, "chronological")
    cut = some.order[at_once.test].min()
    later = split(some, "chronological", maturity=Maturity(duration=timedelta(days=30)))
    assert later.test.tolist() == at_once.test.tolist()
    assert some.order[later.train].max() == cut - 30 * DAY
    assert "posts with unsettled counts" in later.description
    by_posts = split(rows(ordering="id"), "chronological", maturity=Maturity(posts=4))
    assert len(by_posts.dropped) >= 4 * 6


def test_what_cannot_be_ordered():
    with pytest.raises(SplitError, match=r"nothing orders these posts in time; .*--time-col"):
        split(rows(ordering="none"), "chronological")
    week = Maturity(duration=timedelta(days=7))
    with pytest.raises(SettingsError, match=r"only ids order .*a number of posts"):
        split(rows(ordering="id"), "chronological", maturity=week)


@pytest.mark.parametrize("seed", range(5))
def test_strata_are_tested_alike_and_groups_stay_whole(seed):
    some = rows(ordering="none", seed=seed)
    some.group[:40] = 1000
    parts = split(some, "stratified", seed=seed)
    assert not len(parts.dropped)
    assert abs(len(parts.test) - 80) <= np.bincount(some.group).max()
    high = some.counts >= np.quantile(some.counts, 2 / 3)
    assert abs(high[parts.test].mean() - high.mean()) < 0.15


def test_without_copies_the_share_is_exact_and_the_seed_decides():
    some = rows(ordering="none")
    some.group[:] = np.arange(len(some))
    one, again, other = (split(some, "stratified", seed=seed) for seed in (1, 1, 2))
    assert len(one.test) == 80
    assert one.test.tolist() == again.test.tolist() != other.test.tolist()


def test_whole_authors_are_tested():
    some = rows(ordering="none")
    parts = split(some, "grouped", test_size=0.3)
    tested = set(some.author[parts.test])
    assert tested
    assert not tested & set(some.author[parts.train])
    some.author[:] = 0
    with pytest.raises(SplitError, match=r"1 author; expected two or more; .*--author-col"):
        split(some, "grouped")


def test_of_two_authors_the_smaller_is_tested():
    some = rows(ordering="none")
    some.author[:] = np.arange(len(some)) < 150
    assert set(some.author[split(some, "grouped").test]) == {1}


def test_too_few_posts_are_counted():
    some = rows(20)
    some.group[:] = np.arange(20)
    with pytest.raises(SplitError, match="too few posts: 16 for training and 4 for testing"):
        split(some, "chronological")
    with pytest.raises(SplitError, match="10 posts; expected at least 35"):
        reference_split(10)


def test_settings_that_make_no_sense():
    with pytest.raises(SettingsError, match="no split 'random'; expected one of chronological"):
        split(rows(), "random")
    with pytest.raises(SettingsError, match="test size 1"):
        split(rows(), "stratified", test_size=1.0)


def test_the_default_is_chronological_where_it_can_be():
    assert [default_split(one) for one in ("time", "id", "none")] == [
        "chronological",
        "chronological",
        "stratified",
    ]


def test_the_reference_split_is_scikit_learns():
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(np.arange(2288), test_size=0.2, random_state=42)
    parts = reference_split(2288)
    assert parts.test.tolist() == test.tolist()
    assert parts.train.tolist() == train.tolist()
    assert len(parts.test) == 458
