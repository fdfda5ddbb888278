"""The hypergraph transformer: numpy answers as torch does, in memory of the batch, and learns."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from postcast.models.hypergraph_helpful import learn_help, measured_help, pair_features
from postcast.retrieved import Recalled, Retrieved
from postcast.schema import Block, FeatureSet, Target

torch = pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")

from postcast.models.hypergraph import HypergraphClassifier  # noqa: E402
from postcast.models.hypergraph_answer import scores  # noqa: E402
from postcast.models.hypergraph_inputs import Lens, Options, streams_of  # noqa: E402
from postcast.models.hypergraph_training import (  # noqa: E402
    HypergraphTraining,
    Rows,
    network_for,
)
from postcast.models.image_view import (  # noqa: E402
    also_without_image,
    has_image,
    without_images,
)
from postcast.models.torch_training import weights_of  # noqa: E402

QUICK = HypergraphTraining(members=2, epochs=3, device="cpu")


def _posts(rng, n=40, k=6, n_bank=60, with_image=False):
    vectors = {"text": rng.normal(size=(n_bank, 16)).astype(np.float32)}
    blocks = {
        "text": Block(rng.normal(size=(n, 16)).astype(np.float32)),
        "context": Block(rng.normal(size=(n, 3)).astype(np.float32)),
    }
    if with_image:
        pictured, has = (rng.random((some, 1)) < 0.5 for some in (n_bank, n))
        vectors["image"] = rng.normal(size=(n_bank, 10)).astype(np.float32) * pictured
        blocks["image"] = Block(rng.normal(size=(n, 10)).astype(np.float32) * has)
        blocks["has image"] = Block(has.astype(np.float32))
    neighbours = rng.integers(-1, n_bank, size=(n, k))
    neighbours[0] = -1
    aspects = ("author", "category", "tags", "text", *(["image"] if with_image else []))
    retrieved = Retrieved(
        neighbours=neighbours,
        similarity=rng.random((n, k)).astype(np.float32),
        age=rng.random((n, k)).astype(np.float32),
        shared=rng.random((n, k, len(aspects))) < 0.4,
        aspects=aspects,
        bank=Recalled(vectors, rng.random(n_bank), rng.integers(0, 3, n_bank)),
    )
    if with_image:
        alike = rng.random((n, k)).astype(np.float32)
        hidden = replace(retrieved, image_similarity=np.zeros_like(alike))
        retrieved = replace(retrieved, image_similarity=alike, without_image=hidden)
    features = FeatureSet(blocks, np.zeros(n, dtype=np.int64), np.arange(n), None, retrieved)
    classes = np.arange(n) % 3
    held_out = np.arange(n) % 5 == 0
    return features, Target(classes, 5.0 * classes, held_out, np.arange(n))


@pytest.mark.parametrize("with_image", [False, True])
def test_numpy_answers_as_torch_does(rng, with_image):
    features, target = _posts(rng, with_image=with_image)
    assert ("image" in streams_of(features)) == with_image
    rows = Rows(Lens.fit(features, Options(), 1), features, target, torch.device("cpu"))
    batch = rows.batch(np.arange(len(features)))
    torch.manual_seed(0)
    network = network_for(batch).eval()
    for parameter in network.parameters():  # where every term is zero at first, none is tested
        parameter.data += 0.3 * torch.randn_like(parameter)
    nodes = rows.tensors(np.arange(len(features)))[0]
    with torch.inference_mode():
        told, count = network(nodes)
    mine, my_count = scores(weights_of(network), batch)
    np.testing.assert_allclose(mine, told.numpy(), atol=1e-4)
    np.testing.assert_allclose(my_count, count.numpy(), atol=1e-4)


@pytest.mark.parametrize("with_image", [False, True])
def test_a_post_is_answered_alone_as_among_others(rng, with_image):
    features, target = _posts(rng, with_image=with_image)
    classifier = HypergraphClassifier(QUICK)
    classifier.fit(features, target)
    together = classifier.predict_proba(features)
    alone = [classifier.predict_proba(features.take(np.array([i]))) for i in range(5)]
    np.testing.assert_allclose(np.vstack(alone), together[:5], atol=1e-6)


def test_who_else_is_not_there_moves_nothing(rng):
    """A place without a neighbour is no neighbour, whatever stands at its likeness and age."""
    features, target = _posts(rng)
    classifier = HypergraphClassifier(QUICK)
    classifier.fit(features, target)
    found = features.retrieved
    gone = found.neighbours < 0
    filled = replace(
        found,
        similarity=np.where(gone, 9.0, found.similarity).astype(np.float32),
        age=np.where(gone, 9.0, found.age).astype(np.float32),
        shared=found.shared | gone[:, :, None],
    )
    np.testing.assert_allclose(
        classifier.predict_proba(replace(features, retrieved=filled)),
        classifier.predict_proba(features),
        atol=1e-6,
    )


def test_posts_are_learned_from_a_second_time_without_their_image(rng):
    features, _ = _posts(rng, with_image=True)
    rows = np.flatnonzero(has_image(features))[:5]
    both = also_without_image(features, rows)
    again = both.take(np.arange(len(features), len(both)))
    assert len(again) == 5
    assert not has_image(again).any()
    assert not again.blocks["image"].matrix.any()
    np.testing.assert_array_equal(again.blocks["text"].matrix, features.blocks["text"].matrix[rows])
    batch = Lens.fit(features, Options(), 1).batch(both, np.arange(len(features), len(both)))
    assert not batch.streams["image"][:, 0].any()
    assert batch.streams["image"][:, 1:].any()
    assert not batch.streams["standing"][:, 1:, -2].any()


def test_a_saved_one_answers_alike_with_and_without_images(rng):
    features, target = _posts(rng, n=120, with_image=True)
    classifier = HypergraphClassifier(QUICK)
    classifier.fit(features, target)
    again = HypergraphClassifier.from_state(classifier.state())
    for some in (features, without_images(features)):
        answer = classifier.predict_proba(some)
        np.testing.assert_array_equal(again.predict_proba(some), answer)
        np.testing.assert_allclose(answer.sum(axis=1), 1)


def test_it_learns_ten_posts_by_heart(rng):
    features, target = _posts(rng, n=10)
    classifier = HypergraphClassifier(HypergraphTraining(patience=None, epochs=150, device="cpu"))
    assert not len(classifier.fit(features, target).rows)
    assert (classifier.predict_proba(features).argmax(axis=1) == target.classes).all()
    assert classifier.training_loss[-1] < 0.2 * classifier.training_loss[0]


def test_memory_follows_the_batch_and_not_the_bank(rng):
    def peak(n_bank):
        features, _ = _posts(rng, n=600, n_bank=n_bank)
        tracemalloc.start()
        classifier.predict_proba(features)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    classifier = HypergraphClassifier(QUICK)
    classifier.fit(*_posts(rng))
    classifier.predict_proba(_posts(rng)[0])  # what is imported once
    assert peak(100_000) < 1.1 * peak(100) + 1e6


@pytest.mark.parametrize("n_columns", [40, 900])
def test_sparse_vectors_are_projected_where_they_are_wide(rng, n_columns):
    features, target = _posts(rng)
    found = features.retrieved
    bank = scipy.sparse.random(60, n_columns, 0.05, "csr", np.float32, rng)
    own = scipy.sparse.random(40, n_columns, 0.05, "csr", np.float32, rng)
    features = replace(
        features,
        blocks={"text": Block(own)},
        retrieved=replace(found, bank=replace(found.bank, vectors={"text": bank})),
    )
    classifier = HypergraphClassifier(QUICK)
    classifier.fit(features, target)
    assert ("project.text" in classifier.lens.arrays) == (n_columns == 900)
    dense = replace(
        features,
        blocks={"text": Block(own.toarray())},
        retrieved=replace(found, bank=replace(found.bank, vectors={"text": bank.toarray()})),
    )
    np.testing.assert_allclose(
        classifier.predict_proba(dense), classifier.predict_proba(features), atol=1e-5
    )


def test_help_is_what_a_neighbour_takes_from_the_error():
    found = Retrieved(
        neighbours=np.array([[0, 1], [1, -1]]),
        similarity=np.zeros((2, 2), dtype=np.float32),
        age=np.zeros((2, 2), dtype=np.float32),
        shared=np.zeros((2, 2, 1), dtype=bool),
        aspects=("tags",),
        bank=Recalled({}, np.array([0.9, 0.1]), np.zeros(2, dtype=np.int64)),
    )
    measured = measured_help(found, np.array([0.9, 0.1]))
    np.testing.assert_allclose(measured, [[0.4, -0.4], [0.4, 0.0]])


def test_neighbours_that_help_by_what_they_share_are_told(rng):
    n, k = 300, 8
    shared = rng.random((n, k, 1)) < 0.5
    rank = rng.random(n)
    bank_rank = np.concatenate([rank, rng.random(n)])
    neighbours = np.where(shared[:, :, 0], np.arange(n)[:, None], n + rng.integers(0, n, (n, k)))
    found = Retrieved(
        neighbours=neighbours,
        similarity=rng.random((n, k)).astype(np.float32),
        age=np.zeros((n, k), dtype=np.float32),
        shared=shared,
        aspects=("tags",),
        bank=Recalled({}, bank_rank, np.zeros(2 * n, dtype=np.int64)),
    )
    helps = pair_features(found) @ learn_help(found, rank) > 0
    assert (helps == shared[:, :, 0]).mean() > 0.95


def test_the_lens_leaves_out_neighbours_that_do_not_help(rng):
    features, target = _posts(rng)
    classifier = HypergraphClassifier(replace(QUICK, options=Options(only_helpful=True)))
    classifier.fit(features, target)
    batch = classifier.lens.batch(features, np.arange(len(features)))
    helps = pair_features(features.retrieved) @ classifier.lens.arrays["helpful"] > 0
    np.testing.assert_array_equal(batch.there[:, 1:], helps & (features.retrieved.neighbours >= 0))
    assert batch.there[:, 0].all()
    assert not batch.label[~batch.there].any()
    assert not batch.member[~batch.there].any()


def test_bins_of_counts_are_told_by_the_second_head(rng):
    features, target = _posts(rng, n=120)
    features.blocks["text"].matrix[:, 0] = 2.0 * target.classes
    bins = target.classes * 2 + np.arange(120) % 2
    classifier = HypergraphClassifier(HypergraphTraining(members=2, epochs=20, device="cpu"))
    held_out = classifier.fit(features, replace(target, bins=bins, n_bins=6))
    _, shares = classifier.predict_with_shares(features)
    for one in (shares, held_out.shares):
        assert one.shape == (120, 6)
        np.testing.assert_allclose(one.sum(axis=1), 1)
    told = held_out.shares @ np.arange(6)
    assert told[target.classes == 2].mean() > told[target.classes == 0].mean() + 1
    again = HypergraphClassifier.from_state(classifier.state())
    np.testing.assert_array_equal(again.predict_with_shares(features)[1], shares)
