"""The hypergraph transformer uses its graph: what only neighbours tell is found through edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from postcast import Post, load, read_posts, train
from postcast.features.bank import MemoryBank
from postcast.features.history import Moment
from postcast.features.image_vectors import ImageVectors
from postcast.features.retrieval import retrieve
from postcast.models.choose import Recipe, make_classifier
from postcast.models.image_view import without_images
from postcast.retrieved import Recalled, Retrieved
from postcast.schema import Block, FeatureSet, Target

pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")

N_BANK, K = 900, 12
EPOCHS = 30


def planted(rng, n):
    """Posts whose class is told by the ranks of those neighbours alone that share their tags.

    A third of a post's neighbours share its tags and are worth what it is; the others are worth
    anything. Texts are noise.
    """
    classes = rng.integers(0, 3, n)
    bank_class = np.arange(N_BANK) % 3
    rank = (bank_class + rng.random(N_BANK)) / 3
    shares_tags = rng.random((n, K)) < 1 / 3
    shares_tags[:, 0] = True
    shares_tags = rng.permuted(shares_tags, axis=1)
    alike = 3 * rng.integers(0, N_BANK // 3, (n, K)) + classes[:, None]
    shared = np.zeros((n, K, 4), dtype=bool)
    shared[:, :, 2] = shares_tags
    shared[:, :, 3] = ~shares_tags
    retrieved = Retrieved(
        neighbours=np.where(shares_tags, alike, rng.integers(0, N_BANK, (n, K))),
        similarity=rng.random((n, K)).astype(np.float32),
        age=np.zeros((n, K), dtype=np.float32),
        shared=shared,
        aspects=("author", "category", "tags", "text"),
        bank=Recalled({"text": _noise(rng, N_BANK)}, rank, np.full(N_BANK, -1)),
    )
    features = FeatureSet(
        {"text": Block(_noise(rng, n))}, np.full(n, -1), np.arange(n), None, retrieved
    )
    target = Target(classes, classes * 10.0, rng.random(n) < 0.2, np.arange(n))
    return features, target


def _noise(rng, n):
    vectors = rng.normal(size=(n, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def learned(quick_networks):
    """A classifier that learned from planted posts, and others to ask it of."""
    rng = np.random.default_rng(7)
    posts, asked = planted(rng, 500), planted(rng, 300)
    classifier = make_classifier(Recipe("hypergraph"))
    classifier.fit(*posts)
    return classifier, posts, asked


def _right(classifier, features, target):
    return (classifier.predict_proba(features).argmax(axis=1) == target.classes).mean()


def test_what_only_neighbours_tell_is_found(learned):
    classifier, posts, asked = learned
    assert _right(classifier, *asked) >= 0.9
    neural = make_classifier(Recipe("neural", device="cpu"))
    neural.fit(*posts)
    assert _right(neural, *asked) < 0.45


def test_shuffled_hyperedges_destroy_it(learned, rng):
    """The same neighbours with the same ranks; only who shares what with the post is drawn."""
    classifier, _, (features, target) = learned
    found = features.retrieved
    order = rng.permuted(np.tile(np.arange(K), (len(features), 1)), axis=1)
    shared = np.take_along_axis(found.shared, order[:, :, None], axis=1)
    torn = replace(features, retrieved=replace(found, shared=shared))
    assert _right(classifier, torn, target) < 0.7


def _pictured(rng, bank, of_cluster, clusters):
    """Posts that look like the remembered posts of some clusters, and their classes."""
    which = rng.permutation(clusters)
    n = len(which)
    looks = of_cluster[which] + rng.normal(0, 0.05, (n, of_cluster.shape[1]))
    seen = {"visual": Block(looks.astype(np.float32)), "has image": Block(np.ones((n, 1)))}
    text, nobody = _noise(rng, n), np.full(n, -1)
    image = bank.images.of(seen)
    found = retrieve(Moment(nobody, nobody, nobody, nobody, {}), text, (), bank, image)
    blocks = {"text": Block(text), "image": Block(image), "has image": seen["has image"]}
    features = FeatureSet(blocks, nobody, np.arange(n), None, found)
    classes = which % 3
    return features, Target(classes, classes * 10.0, rng.random(n) < 0.2, which)


def test_what_only_neighbours_of_like_image_tell_is_found(quick_networks):
    """Posts asked show what no post learned from does: only remembered ones tell their class."""
    rng = np.random.default_rng(7)
    n_bank, n_clusters = 7_000, 700
    of_cluster = rng.normal(size=(n_clusters, 12))
    cluster = np.arange(n_bank) % n_clusters
    looks = of_cluster[cluster] + rng.normal(0, 0.05, (n_bank, 12))
    seen = {"visual": Block(looks.astype(np.float32)), "has image": Block(np.ones((n_bank, 1)))}
    bank = replace(
        MemoryBank.of_authors([]),
        ids=[str(i) for i in range(n_bank)],
        author=np.full(n_bank, -1),
        engagement=cluster % 3 * 10.0 + rng.random(n_bank),
        group=np.arange(n_bank),
        fingerprints=np.ones((n_bank, 16), dtype=np.uint8),
        vectors=_noise(rng, n_bank),
        images=ImageVectors.learned(seen),
    )
    posts = _pictured(rng, bank, of_cluster, np.arange(500))
    features, target = _pictured(rng, bank, of_cluster, np.arange(500, 700))
    classifier = make_classifier(Recipe("hypergraph"))
    classifier.fit(*posts)
    assert _right(classifier, features, target) >= 0.9
    hidden = without_images(features)
    assert _right(classifier, hidden, target) < 0.5
    assert classifier.predict_proba(hidden).max(axis=1).mean() < 0.6


def _tagged(rng, n=900, n_tags=45):
    """Posts by many authors whose count follows the level of their tag, which no text tells."""
    level = rng.integers(0, 3, n_tags)
    words = np.array(
        ["soup", "shelf", "garden", "walk", "lamp", "river", "paper", "stone", "cloud", "bread"]
    )
    rows = []
    for i in range(n):
        tag = int(rng.integers(n_tags))
        rows.append(
            {
                "id": f"{i:05d}",
                "text": " ".join(rng.choice(words, 6)) + f" {i}",
                "author": f"a{rng.integers(60)}",
                "time": f"2024-{1 + i // 75:02d}-{1 + i % 75 // 3:02d}T{8 * (i % 3):02d}:00:00",
                "saves": int(level[tag] * 20 + rng.integers(0, 10)),
                "tags": f"t{tag}",
            }
        )
    return rows, level


@pytest.fixture(scope="module")
def tags_forecaster(tmp_path_factory, quick_networks):
    rows, level = _tagged(np.random.default_rng(7))
    run = tmp_path_factory.mktemp("tags") / "RUN"
    settings = {
        "encoder": "tfidf",
        "classifier": "hypergraph",
        "device": "cpu",
        "thresholds": [15, 35],
        "allow_leaks": ["tags"],
    }
    return train(read_posts(rows), settings, out=run), level, run


def test_tags_are_learned_from_earlier_posts_that_bear_them(tags_forecaster):
    forecaster, level, _ = tags_forecaster
    rows, _ = _tagged(np.random.default_rng(8), 120)
    wanted = [("low", "medium", "high")[level[int(row["tags"][1:])]] for row in rows]

    def right(*more, tagged=True):
        drafts = [
            Post(
                text=row["text"], author=row["author"], tags=(row["tags"], *more) if tagged else ()
            )
            for row in rows
        ]
        answers = forecaster.predict(drafts)
        return np.mean([a.forecast == w for a, w in zip(answers, wanted, strict=True)])

    assert right() > 0.9
    assert right("unheard") > 0.6
    assert right(tagged=False) < 0.5


def test_a_saved_one_answers_tagged_drafts_alike(tags_forecaster):
    forecaster, _, run = tags_forecaster
    drafts = [
        Post(text=row["text"], author=row["author"], tags=(row["tags"], "unheard"))
        for row in _tagged(np.random.default_rng(9), 20)[0]
    ]
    answers = [one.to_dict() for one in forecaster.predict(drafts)]
    assert [one.to_dict() for one in load(run).predict(drafts)] == answers
