"""History and neighbours: right by hand, and blind to everything later."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from postcast.features import kriging as kriging_module
from postcast.features.bank import MemoryBank
from postcast.features.history import LATEST, SHRINK, Moment, Published, history
from postcast.features.kriging import KERNELS, Kernel, kriging
from postcast.features.nearest import nearest as nearest_blocks
from postcast.features.neighbours import PRIOR_WEIGHT, own_neighbours
from postcast.features.vectors import unit_rows
from postcast.schema import Parts


def nearest(moment, vectors, bank):
    return nearest_blocks(moment, vectors, bank)["nearest"]


def make_bank(counts, author, order, vectors=None, ordering="id", silent=()):
    n = len(counts)
    prints = np.arange(1, n * 16 + 1, dtype=np.int64).reshape(n, 16).astype(np.uint8) | 1
    prints[list(silent)] = 0
    return MemoryBank(
        ids=[str(i) for i in range(n)],
        authors=["a", "b"],
        author=np.array(author),
        engagement=np.array(counts, dtype=float),
        order=None if order is None else np.array(order),
        group=np.arange(n),
        fingerprints=prints,
        ordering=ordering,
        text_from=["text"],
        columns={},
        vectors=vectors,
    )


def make_moment(author, order, known_until=None, group=None, published=None):
    order = np.array(order)
    return Moment(
        np.array(author),
        order,
        order if known_until is None else np.array(known_until),
        np.full(len(order), -1) if group is None else np.array(group),
        published={} if published is None else published,
    )


def test_ranks_have_ties_at_their_middle():
    bank = make_bank([5, 1, 5, 9], [0] * 4, [1, 2, 3, 4])
    np.testing.assert_allclose(bank.rank, [0.5, 0.125, 0.5, 0.875])


def test_history_by_hand():
    bank = make_bank([1, 2, 3, 4], [0, 0, 0, 1], [10, 20, 30, 5])
    rank = bank.rank
    block = history(make_moment([0, 0, 1, -1], [25, 99, 4, 50]), bank)
    column = {name: block.matrix[:, i] for i, name in enumerate(block.columns)}
    overall = rank.mean()
    expected = (rank[0] + rank[1] + SHRINK * overall) / (2 + SHRINK)
    assert column["mean of last 3"][0] == pytest.approx(expected)
    assert column["last"][0] == pytest.approx(rank[1])
    np.testing.assert_allclose(np.expm1(column["posts"]), [2, 3, 0, 0], atol=1e-6)
    assert column["mean"][2] == column["last"][3] == pytest.approx(overall)
    assert column["staleness"][0] == pytest.approx(np.log1p(5))
    assert column["staleness"][1] > column["staleness"][0]


def _random(rng, n=120, d=6, ordering="id"):
    vectors = unit_rows(rng.normal(size=(n, d)))
    bank = make_bank(
        rng.integers(0, 30, n), rng.integers(0, 2, n), rng.permutation(n) * 10, vectors, ordering
    )
    queries = unit_rows(rng.normal(size=(40, d)))
    moment = make_moment(rng.integers(-1, 2, 40), rng.integers(0, n * 10, 40))
    return bank, moment, queries


@pytest.mark.parametrize("make", ["history", "kriging", "own", "nearest"])
def test_later_counts_change_nothing(rng, make):
    """Whatever becomes of later posts, the answer of today stays."""
    bank, moment, queries = _random(rng, ordering="time")
    until = moment.known_until.max() // 2
    moment = replace(moment, known_until=np.minimum(moment.known_until, until))
    later = bank.order >= until
    # the same ranks for the earlier posts, other ones for the later
    other = replace(bank)
    other.__dict__["rank"] = np.where(later, rng.random(len(bank)), bank.rank)
    other.__dict__["mean_rank"] = bank.mean_rank

    def answer(one):
        if make == "history":
            return history(moment, one).matrix
        makers = {"kriging": kriging, "own": own_neighbours, "nearest": nearest}
        return makers[make](moment, queries, one).matrix

    np.testing.assert_allclose(answer(bank), answer(other), atol=1e-6)
    moved = replace(moment, known_until=np.full(40, bank.order.max() + 1))
    assert not np.allclose(history(moment, bank).matrix, history(moved, bank).matrix)


@pytest.mark.parametrize("make", [history, kriging, own_neighbours, nearest])
def test_that_posts_come_later_changes_nothing(make, rng):
    """Not their counts alone: that they exist, and when."""
    bank, moment, queries = _random(rng, ordering="time")
    until = int(np.median(bank.order))
    asked = np.flatnonzero(moment.order < until)
    earlier = bank.order < until
    without = replace(
        bank,
        ids=np.array(bank.ids)[earlier].tolist(),
        author=bank.author[earlier],
        engagement=bank.engagement[earlier],
        order=bank.order[earlier],
        group=bank.group[earlier],
        fingerprints=bank.fingerprints[earlier],
        vectors=bank.vectors[earlier],
    )
    without.__dict__["rank"] = bank.rank[earlier]
    without.__dict__["mean_rank"] = bank.mean_rank

    def answer(one):
        names = [None if code < 0 else one.authors[code] for code in one.author]
        published = Published(names, one.order).by_author(one, moment.author)
        arguments = (replace(moment, published=published), queries, one)
        block = history(arguments[0], one) if make is history else make(*arguments)
        return block.matrix[asked]

    np.testing.assert_allclose(answer(bank), answer(without), atol=1e-5)


def test_order_of_the_bank_does_not_matter(rng):
    bank, moment, queries = _random(rng)
    mixed = rng.permutation(len(bank))
    other = replace(
        bank,
        author=bank.author[mixed],
        engagement=bank.engagement[mixed],
        order=bank.order[mixed],
        group=bank.group[mixed],
        vectors=bank.vectors[mixed],
    )
    for block, again in (
        (history(moment, bank), history(moment, other)),
        (kriging(moment, queries, bank), kriging(moment, queries, other)),
        (own_neighbours(moment, queries, bank), own_neighbours(moment, queries, other)),
        (nearest(moment, queries, bank), nearest(moment, queries, other)),
    ):
        np.testing.assert_allclose(block.matrix, again.matrix, atol=1e-5)


def test_own_neighbours_by_hand():
    vectors = np.eye(3, dtype=np.float32)
    bank = make_bank([1, 2, 3], [0, 0, 0], [10, 20, 30], vectors, silent=[2])
    block = own_neighbours(make_moment([0], [40]), vectors[:1], bank)
    column = dict(zip(block.columns, block.matrix[0], strict=True))
    weight = np.array([1.0, np.exp(-12.0)])
    mean = weight @ bank.rank[:2] + PRIOR_WEIGHT * bank.rank.mean()
    assert column["like posts, b=12, tau=inf"] == pytest.approx(
        mean / (weight.sum() + PRIOR_WEIGHT)
    )
    assert column["most alike"] == pytest.approx(bank.rank[0])
    assert column["its cosine"] == pytest.approx(1)


def test_a_post_is_no_neighbour_of_its_own_group():
    vectors = unit_rows(np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]))
    bank = make_bank([100, 1, 1], [0, 0, 1], [1, 2, 3], vectors)
    stranger = nearest(make_moment([-1], [9]), vectors[:1], bank).matrix
    member = nearest(make_moment([-1], [9], group=[0]), vectors[:1], bank).matrix
    assert stranger[0, 2] == pytest.approx(1, abs=1e-6)
    assert member[0, 2] < 0.999
    assert member[0, 0] < stranger[0, 0]


def test_a_post_is_no_neighbour_of_its_authors_later_posts():
    vectors = unit_rows(np.array([[1.0, 0.0], [0.0, 1.0]]))
    bank = make_bank([100, 1], [0, 1], [5, 2], vectors)
    moment = make_moment([0, 0, 1], [4, 9, 4])
    earlier, later, other = nearest(moment, vectors[[0, 0, 0]], bank).matrix[:, 2]
    assert earlier == pytest.approx(0, abs=1e-6)
    assert later == other == pytest.approx(1, abs=1e-6)
    apart = nearest_blocks(moment, vectors[[0, 0, 0]], bank)["nearest others"].matrix[:, 2]
    np.testing.assert_allclose(apart, [0, 0, 1], atol=1e-6)


def test_posts_that_became_known_later_do_not_move_the_ranks():
    bank = make_bank([1, 5, 3], [0, 0, 0], [10, 20, 30])
    more = replace(bank, n_learned=2)
    np.testing.assert_allclose(more.rank, [0.25, 0.75, 0.5])
    assert more.mean_rank == pytest.approx(0.5)
    vectors = np.eye(3, dtype=np.float32)
    strangers = nearest(make_moment([-1], [99]), vectors[2:], replace(more, vectors=vectors))
    assert strangers.matrix[0, 2] == pytest.approx(0)  # by id no clock says that it was earlier


def test_kriging_by_hand():
    """Against the textbook's formula, with the posts that are known alone."""
    rng = np.random.default_rng(0)
    vectors = unit_rows(rng.normal(size=(6, 3)))
    bank = make_bank([3, 1, 4, 1, 5, 9], [0] * 6, [10, 20, 30, 40, 50, 60], vectors)
    query = unit_rows(rng.normal(size=(1, 3)))
    block = kriging(make_moment([0], [70], known_until=[45]), query, bank)
    kernel, known = KERNELS["both"], np.arange(4)
    lag = np.abs(known[:, None] - known)
    among = kernel(vectors[known] @ vectors[known].T, lag) + kernel.noise * np.eye(4)
    to = kernel(vectors[known] @ query[0], 6 - known)
    weights = np.linalg.solve(among, to)
    expected = bank.mean_rank + weights @ (bank.rank[known] - bank.mean_rank)
    column = dict(zip(block.columns, block.matrix[0], strict=True))
    assert column["expected, both"] == pytest.approx(expected, abs=1e-5)
    assert column["variance explained, both"] == pytest.approx(weights @ to, abs=1e-5)


def test_kriging_of_a_long_history_needs_its_newest_posts_alone(rng, monkeypatch):
    bank, moment, queries = _random(rng, n=200)
    forgetful = {"drift": Kernel(level=0.0, drift=0.05, drift_posts=3.0)}
    monkeypatch.setattr(kriging_module, "KERNELS", forgetful)
    whole = kriging(moment, queries, bank).matrix
    monkeypatch.setattr(kriging_module, "WINDOW", 80)
    monkeypatch.setattr(kriging_module, "OVERLAP", 40)
    np.testing.assert_allclose(kriging(moment, queries, bank).matrix, whole, atol=1e-4)


def test_pace_counts_posts_whose_counts_are_not_known():
    bank = make_bank([1, 2], [0, 0], [10, 20])
    everyone = Published(["a", "a", None], np.array([90, LATEST, 95]))
    published = everyone.by_author(bank, np.array([0, -1, 0]))
    assert {author: one.tolist() for author, one in published.items()} == {
        0: [10, 20, 90],
        -1: [95],
    }
    block = history(make_moment([0, 0], [100, LATEST], published=published), bank)
    column = {name: block.matrix[:, i] for i, name in enumerate(block.columns)}
    since = np.expm1(column["time since 1 posts ago"])
    np.testing.assert_allclose(since, [10, 40], rtol=1e-5)  # the second: as usual
    np.testing.assert_allclose(np.expm1(column["time since 3 posts ago"])[0], 90, rtol=1e-5)


def test_sparse_vectors_give_the_same(rng):
    bank, moment, queries = _random(rng)
    sparse = replace(bank, vectors=scipy.sparse.csr_matrix(bank.vectors))
    for make in (kriging, own_neighbours, nearest):
        dense = make(moment, queries, bank).matrix
        found = make(moment, scipy.sparse.csr_matrix(queries), sparse).matrix
        np.testing.assert_allclose(found, dense, atol=1e-5)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_the_bank_comes_back(rng, is_sparse):
    bank, moment, queries = _random(rng)
    if is_sparse:
        bank = replace(bank, vectors=scipy.sparse.csr_matrix(bank.vectors))
    state = bank.state()
    again = MemoryBank.from_state(Parts(facts=state.facts, arrays=state.arrays))
    sparse = scipy.sparse.csr_matrix(queries)
    for make in (kriging, own_neighbours, nearest):
        expected = make(moment, queries, bank).matrix
        for asked in (queries, sparse) if is_sparse else (queries,):
            np.testing.assert_allclose(make(moment, asked, again).matrix, expected, atol=1e-5)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_posts_asked_one_by_one_are_answered_alike(rng, is_sparse):
    bank, moment, queries = _random(rng)
    if is_sparse:
        bank = replace(bank, vectors=scipy.sparse.csr_matrix(bank.vectors))
    again = MemoryBank.from_state(Parts(facts=bank.state().facts, arrays=bank.state().arrays))
    together = kriging(moment, queries, bank).matrix
    for row in range(len(queries)):
        one = Moment(
            moment.author[[row]],
            moment.order[[row]],
            moment.known_until[[row]],
            moment.group[[row]],
            moment.published,
        )
        for _ in range(2):
            answer = kriging(one, queries[[row]], again).matrix
            np.testing.assert_allclose(answer[0], together[row], atol=1e-5)
    assert 0 < len(again.worked_out) <= kriging_module.MOST_PASTS


def test_an_empty_bank_is_no_obstacle():
    one = make_bank([1], [0], [1], np.zeros((1, 2), dtype=np.float32))
    none = np.empty(0, dtype=np.int64)
    bank = replace(
        one,
        ids=[],
        author=none,
        engagement=none.astype(float),
        order=none,
        group=none,
        fingerprints=one.fingerprints[:0],
        vectors=one.vectors[:0],
    )
    moment, query = make_moment([0], [1]), np.ones((1, 2), dtype=np.float32)
    for block in (
        history(moment, bank),
        kriging(moment, query, bank),
        own_neighbours(moment, query, bank),
        nearest(moment, query, bank),
    ):
        assert np.isfinite(block.matrix).all()


def test_unit_rows_leave_zeros():
    matrix = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(unit_rows(matrix), [[0.6, 0.8], [0, 0]], atol=2**-12)
    found = unit_rows(scipy.sparse.csr_matrix(matrix)).toarray()
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0]], atol=2**-12)
