"""Neighbours: earlier and mature, never the post or its copy, and the best that there are."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from postcast.features.bank import MemoryBank
from postcast.features.history import LATEST, Moment
from postcast.features.image_vectors import ImageVectors
from postcast.features.marks import Marks, marks_of
from postcast.features.retrieval import ASPECTS, KEPT, retrieve
from postcast.features.vectors import unit_rows
from postcast.schema import Block
from postcast.storage import load_manifest, load_parts, save_parts

N_POSTS = 400
AUTHOR, CATEGORY, TAGS, TEXT, IMAGE = range(len(ASPECTS) + 1)


def _marks(rng, n):
    return [
        marks_of([f"t{t}" for t in rng.integers(0, 60, 2)], f"c{rng.integers(5)}", "")
        for _ in range(n)
    ]


@pytest.fixture(params=["time", "id"])
def bank(rng, request):
    n_authors = 8
    author = rng.integers(0, n_authors, N_POSTS)
    fingerprints = np.ones((N_POSTS, 16), dtype=np.uint8)
    fingerprints[::7] = 0
    vectors = unit_rows(rng.normal(size=(N_POSTS, 12)))
    vectors[::7] = 0
    return MemoryBank(
        ids=[str(i) for i in range(N_POSTS)],
        authors=[f"a{i}" for i in range(n_authors)],
        author=author,
        engagement=rng.exponential(20, N_POSTS).round(),
        order=rng.permutation(N_POSTS).astype(np.int64),
        group=np.arange(N_POSTS) // 2,
        fingerprints=fingerprints,
        ordering=request.param,
        text_from=("text",),
        columns={},
        vectors=vectors,
        marks=Marks.of(_marks(rng, N_POSTS)),
    )


@pytest.fixture
def pictured(bank, rng):
    """The bank, in which two posts of three have an image."""
    has = rng.random(N_POSTS) < 2 / 3
    visual = rng.normal(size=(N_POSTS, 5)).astype(np.float32) * has[:, None]
    mask = has[:, None].astype(np.float32)
    blocks = {"visual": Block(visual), "has image": Block(mask)}
    return replace(bank, images=ImageVectors.learned(blocks))


def _of_bank(bank, delay=0):
    """Ask of the bank's own posts, whose predecessors' counts were known `delay` later."""
    return Moment(bank.author, bank.order, bank.order - delay, bank.group, {})


def _found(bank, moment=None, rows=slice(None)):
    moment = moment or _of_bank(bank)
    marks = [tuple(bank.marks.of_post(i)) for i in range(len(bank))]
    images = None if bank.images is None else bank.images.rows
    return retrieve(moment, bank.vectors, marks, bank, images).take(np.arange(len(bank))[rows])


@pytest.mark.parametrize("delay", [0, 30])
@pytest.mark.parametrize("shown", ["nothing", "images", "hidden images"])
def test_no_neighbour_is_of_the_future(bank, pictured, delay, shown):
    found = _found(bank if shown == "nothing" else pictured, _of_bank(bank, delay))
    found = found.without_image if shown == "hidden images" else found
    there = found.neighbours >= 0
    assert there.mean() > 0.8
    asked = np.broadcast_to(np.arange(N_POSTS)[:, None], there.shape)[there]
    others = found.neighbours[there]
    assert (bank.group[others] != bank.group[asked]).all()
    own = bank.author[others] == bank.author[asked]
    earlier = bank.order[others] < bank.order[asked] - delay
    assert earlier.all() if bank.ordering == "time" else earlier[own].all()
    assert own.any()
    assert (~own).any()
    assert (found.shared[:, :, AUTHOR][there] == own).all()


def test_later_posts_change_nothing(pictured):
    """On one clock, what is published after a post is as if it were not there."""
    bank = replace(pictured, ordering="time")
    early = np.flatnonzero(bank.order < N_POSTS // 2)
    marks = [tuple(bank.marks.of_post(i)) for i in range(N_POSTS)]
    less = replace(
        bank,
        ids=[bank.ids[i] for i in early],
        author=bank.author[early],
        engagement=bank.engagement[early],
        order=bank.order[early],
        group=bank.group[early],
        fingerprints=bank.fingerprints[early],
        vectors=bank.vectors[early],
        marks=Marks.of([marks[i] for i in early]),
        images=replace(bank.images, rows=bank.images.rows[early]),
    )
    moment = Moment(*(one[early] for one in (bank.author, bank.order, bank.order, bank.group)), {})
    asked = bank.vectors[early], [marks[i] for i in early]
    shown = bank.images.rows[early]
    with_later, without = (retrieve(moment, *asked, one, shown) for one in (bank, less))
    np.testing.assert_allclose(with_later.image_similarity, without.image_similarity, atol=1e-6)
    mapped = np.where(without.neighbours < 0, -1, early[without.neighbours])
    np.testing.assert_array_equal(with_later.neighbours, mapped)
    np.testing.assert_allclose(with_later.similarity, without.similarity, atol=1e-6)
    np.testing.assert_array_equal(with_later.age, without.age)
    np.testing.assert_array_equal(with_later.shared, without.shared)


def test_a_draft_sees_the_latest_of_its_author_the_rare_tag_and_the_likest_text(bank):
    rare, common = marks_of(["rare"], None, "")[0], marks_of(["t1"], None, "")[0]
    marks = [tuple(bank.marks.of_post(i)) for i in range(N_POSTS)]
    theirs = np.flatnonzero((bank.author == 3) & bank.has_text)
    tagged = int(np.flatnonzero((bank.author == 5) & bank.has_text)[0])
    marks[tagged] = (rare,)
    bank = replace(bank, marks=Marks.of(marks))
    vector = bank.vectors[[theirs[0]]]
    moment = Moment(*(np.array([one]) for one in (3, LATEST, LATEST, -1)), {})
    found = retrieve(moment, vector, [(common, rare)], bank)
    assert len(found.neighbours[0]) == KEPT
    row = found.neighbours[0].tolist()
    newest = bank.posts_of(3)[-1]
    assert {newest, tagged, theirs[0]} <= set(row)
    assert found.shared[0, row.index(tagged), TAGS]
    assert not found.shared[0, row.index(tagged), AUTHOR]
    assert found.shared[0, row.index(theirs[0]), TEXT]
    np.testing.assert_allclose(found.similarity[0, row.index(theirs[0])], 1, atol=2**-10)
    assert found.age[0, row.index(newest)] == 0
    assert not found.shared[0, :, CATEGORY].any()


def test_an_own_post_without_text_counts_and_a_strangers_does_not(bank):
    found = _found(bank)
    there = found.neighbours >= 0
    silent = ~bank.has_text[found.neighbours] & there
    assert silent.any()
    assert found.shared[:, :, AUTHOR][silent].all()
    assert not found.similarity[silent].any()


def test_a_draft_sees_the_likest_image(pictured):
    bank = pictured
    like = int(np.flatnonzero((bank.author == 5) & bank.has_text & bank.images.has)[0])
    silent = int(np.flatnonzero((bank.author == 5) & ~bank.has_text & bank.images.has)[0])
    vector = np.zeros((1, 12), dtype=np.float32)
    moment = Moment(*(np.array([one]) for one in (3, LATEST, LATEST, -1)), {})
    found = retrieve(moment, vector, [()], bank, bank.images.rows[[like]])
    place = found.neighbours[0].tolist().index(like)
    assert found.shared[0, place, IMAGE]
    np.testing.assert_allclose(found.image_similarity[0, place], 1, atol=2**-10)
    assert found.aspects[IMAGE] == "image"
    np.testing.assert_array_equal(found.bank.vectors["image"], bank.images.rows)
    of_silent = retrieve(moment, vector, [()], bank, bank.images.rows[[silent]])
    assert silent not in of_silent.neighbours


def test_posts_without_an_image_find_whom_they_would_where_none_has_one(bank, pictured):
    found, blind = _found(pictured), _found(bank)
    assert blind.image_similarity is None
    assert blind.without_image is None
    for one, rows in ((found, ~pictured.images.has), (found.without_image, slice(None))):
        np.testing.assert_array_equal(one.neighbours[rows], blind.neighbours[rows])
        np.testing.assert_array_equal(one.similarity[rows], blind.similarity[rows])
        np.testing.assert_array_equal(one.age[rows], blind.age[rows])
        np.testing.assert_array_equal(one.shared[rows][:, :, :IMAGE], blind.shared[rows])
        assert not one.shared[rows][:, :, IMAGE].any()
        assert not one.image_similarity[rows].any()
    assert (found.neighbours != blind.neighbours)[pictured.images.has].any()
    assert found.shared[:, :, IMAGE].any()


def test_sparse_vectors_are_retrieved_by_as_dense_ones(bank):
    sparse = replace(bank, vectors=scipy.sparse.csr_matrix(bank.vectors))
    first, second = _found(bank), _found(sparse)
    np.testing.assert_array_equal(first.neighbours, second.neighbours)
    np.testing.assert_allclose(first.similarity, second.similarity, atol=1e-6)


def test_nothing_remembered_is_nobody_found(bank):
    none = MemoryBank.of_authors(["a0"])
    moment = Moment(*(np.array([one]) for one in (0, LATEST, LATEST, -1)), {})
    found = retrieve(moment, bank.vectors[:1], [()], none)
    assert (found.neighbours == -1).all()
    assert not found.shared.any()


def test_a_saved_bank_keeps_marks_and_images_and_an_older_one_has_none(pictured, tmp_path):
    bank = pictured
    save_parts(tmp_path / "saved", {"bank": bank.state()}, {})
    parts = load_parts(tmp_path / "saved", "bank", load_manifest(tmp_path / "saved"))
    again = MemoryBank.from_state(parts)
    np.testing.assert_array_equal(_found(again).neighbours, _found(bank).neighbours)
    np.testing.assert_array_equal(_found(again).image_similarity, _found(bank).image_similarity)
    arrays = {n: a for n, a in parts.arrays.items() if not n.startswith(("marks", "images"))}
    older = MemoryBank.from_state(replace(parts, arrays=arrays))
    assert not older.bearers
    assert older.images is None


def test_marks_are_tags_hashtags_and_a_category_whatever_their_case():
    first = marks_of(["#Soup", "bread"], "Food", "a bowl of #SOUP #warm")
    assert first == marks_of(["BREAD", "warm", "soup"], "food", "")
    assert len(first) == 4
    assert sum(code & 1 for code in first) == 1
    assert marks_of([], None, "no tag, but a #") == ()
