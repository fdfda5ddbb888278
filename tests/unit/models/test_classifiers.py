"""Every classifier: learns what is planted, says nothing of what is not, survives saving."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from bench.small_models import small_models
from sklearn.linear_model import LogisticRegression

from postcast.errors import MissingExtraError, SettingsError
from postcast.models import choose
from postcast.models.choose import CLASSIFIERS, Recipe, classifier_from_state, make_classifier
from postcast.models.ensemble import EnsembleClassifier
from postcast.models.hypergraph import HypergraphClassifier
from postcast.models.hypergraph_training import HypergraphTraining
from postcast.models.linear import three_classes
from postcast.models.neural import NeuralClassifier, Training
from postcast.models.portable import affine, softmax
from postcast.schema import Block, FeatureSet, Target
from postcast.storage import load_manifest, load_parts, save_parts


def _posts(rng, n=300, noise=0.3, sparse=False):
    """Three clusters in eight dimensions; four authors, two of which post only low ones."""
    classes = rng.integers(0, 3, n)
    matrix = (np.eye(3, 8)[classes] + noise * rng.normal(size=(n, 8))).astype(np.float32)
    author = np.where(classes == 0, rng.integers(0, 2, n), rng.integers(2, 4, n))
    features = FeatureSet(
        blocks={"text": Block(scipy.sparse.csr_matrix(matrix) if sparse else matrix)},
        author=author,
        group=np.arange(n),
    )
    held_out = np.zeros(n, dtype=bool)
    held_out[rng.permutation(n)[: n // 5]] = True
    counts = classes * 10.0 + rng.random(n)
    return features, Target(classes, counts, held_out, features.group)


@pytest.fixture
def small():
    with small_models():
        yield


@pytest.fixture
def few_members(monkeypatch):
    """Two hypergraph transformers that learn to the end, in place of five."""

    def training(recipe):
        return HypergraphTraining(members=2, seed=recipe.seed, device=recipe.device)

    for name, kind in (("hypergraph", HypergraphClassifier), ("ensemble", EnsembleClassifier)):
        monkeypatch.setitem(CLASSIFIERS, name, lambda recipe, kind=kind: kind(training(recipe)))


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "name", ["neural", "reference", "strong", "hypergraph", "ensemble", "linear"]
)
def test_planted_clusters_are_recovered(name, sparse, rng, few_members):
    features, target = _posts(rng, sparse=sparse)
    classifier = make_classifier(Recipe(name, device="cpu"))
    classifier.fit(features, target)
    other, truth = _posts(rng, sparse=sparse)
    assert (classifier.predict_proba(other).argmax(axis=1) == truth.classes).mean() > 0.9


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_probabilities_are_probabilities(name, rng, small):
    features, target = _posts(rng, n=60)
    classifier = make_classifier(Recipe(name, device="cpu"))
    held_out = classifier.fit(features, target)
    for answer in (classifier.predict_proba(features), held_out.probabilities):
        assert (answer >= 0).all()
        np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-9)
    assert len(held_out.rows) == len(held_out.probabilities)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_saving_changes_no_bit(name, rng, tmp_path, small):
    features, target = _posts(rng, n=60)
    classifier = make_classifier(Recipe(name, device="cpu"))
    classifier.fit(features, target)
    save_parts(tmp_path / "saved", {"classifier": classifier.state()}, {})
    parts = load_parts(tmp_path / "saved", "classifier", load_manifest(tmp_path / "saved"))
    again = classifier_from_state(name, parts)
    np.testing.assert_array_equal(again.predict_proba(features), classifier.predict_proba(features))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_same_seed_same_bits(name, rng, small):
    features, target = _posts(rng, n=60)
    answers = []
    for _ in range(2):
        classifier = make_classifier(Recipe(name, device="cpu"))
        classifier.fit(features, target)
        answers.append(classifier.predict_proba(features))
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize(
    "name", [n for n in CLASSIFIERS if n not in ("reference", "strong", "hypergraph", "ensemble")]
)
def test_held_out_rows_are_not_learned_from(name, rng):
    """Held-out answers stay the same whatever the held-out rows' own classes are."""
    features, target = _posts(rng)
    turned = target.classes.copy()
    turned[target.held_out] = 2 - turned[target.held_out]
    counts = np.where(target.held_out, 1e6, target.counts)
    training = Training(epochs=5, patience=10, device="cpu")  # no stop: validation picks no epoch
    first, second = (
        (NeuralClassifier(training) if name == "neural" else make_classifier(Recipe(name))).fit(
            features, Target(classes, numbers, target.held_out, target.together)
        )
        for classes, numbers in ((target.classes, target.counts), (turned, counts))
    )
    if name == "neural":
        assert (first.probabilities.argmax(1) == second.probabilities.argmax(1)).mean() > 0.5
    else:
        np.testing.assert_array_equal(first.probabilities, second.probabilities)


def test_neural_keeps_the_best_epoch_and_stops(rng):
    features, target = _posts(rng, noise=1.5)
    classifier = NeuralClassifier(Training(device="cpu"))
    held_out = classifier.fit(features, target)
    losses = classifier.validation_loss
    assert classifier.best_epoch == int(np.argmin(losses)) + 1
    assert len(losses) == classifier.best_epoch + 20 < 200
    actual = target.classes[held_out.rows]
    chosen = held_out.probabilities[np.arange(len(actual)), actual]
    fit = target.classes[~target.held_out]
    weight = len(fit) / (3 * np.bincount(fit, minlength=3))
    expected = -(np.log(chosen) * weight[actual]).sum() / weight[actual].sum()
    assert losses[classifier.best_epoch - 1] == pytest.approx(expected, abs=1e-4)


def test_neural_overfits_ten_posts(rng):
    features, target = _posts(rng, n=10, noise=3)
    target = replace(target, held_out=np.zeros(10, dtype=bool))
    classifier = NeuralClassifier(Training(class_weights="none", device="cpu"))
    classifier.fit(features, target)
    assert (classifier.predict_proba(features).argmax(1) == target.classes).all()


def test_reference_trains_two_hundred_epochs_on_every_row(rng):
    features, target = _posts(rng, n=60)
    classifier = make_classifier(Recipe("reference", device="cpu"))
    assert len(classifier.fit(features, target).rows) == 0
    assert len(classifier.training_loss) == classifier.best_epoch == 200
    assert classifier.validation_loss == ()


def test_strong_answers_each_row_by_models_that_had_not_learned_from_it(rng):
    """On noise, held-out answers are at chance where the fitted ones are not."""
    features, target = _posts(rng)
    features.blocks["text"].matrix[:] = rng.normal(size=(300, 8))
    dense = Block(rng.normal(size=(300, 6)).astype(np.float32))
    features = replace(features, blocks={**features.blocks, "context": dense})
    classifier = make_classifier(Recipe("strong"))
    held_out = classifier.fit(features, target)
    assert held_out.rows.tolist() == list(range(300))
    assert (held_out.probabilities.argmax(axis=1) == target.classes).mean() < 0.45
    assert (classifier.predict_proba(features).argmax(axis=1) == target.classes).mean() > 0.6


def test_strong_keeps_copies_of_a_text_in_one_fold(rng):
    """Copies would give each other's class away."""
    features, target = _posts(rng, n=150)
    features.blocks["text"].matrix[:] = rng.normal(size=(150, 8))
    twice = np.repeat(np.arange(150), 2)
    doubled = replace(features.take(twice), group=twice)
    rows = target.take(twice)
    held_out = make_classifier(Recipe("strong")).fit(doubled, rows)
    assert (held_out.probabilities.argmax(axis=1) == rows.classes).mean() < 0.5


def test_class_weights_raise_the_rare_class(rng):
    features, target = _posts(rng, n=400, noise=2.0)
    kept = np.flatnonzero((target.classes != 2) | (rng.random(400) < 0.15))
    features = features.take(kept)
    target = target.take(kept)
    for name in ("neural", "linear"):
        shares = []
        for weights in ("none", "balanced"):
            classifier = make_classifier(Recipe(name, class_weights=weights, device="cpu"))
            classifier.fit(features, target)
            shares.append((classifier.predict_proba(features).argmax(1) == 2).mean())
        assert shares[0] < shares[1]


def test_author_median_knows_its_authors_and_nothing_else(rng):
    features, target = _posts(rng)
    classifier = make_classifier(Recipe("author-median"))
    classifier.fit(features, target)
    strangers = FeatureSet(blocks={}, author=np.array([0, 1, 2, -1, 99]), group=np.arange(5))
    chosen = classifier.predict_proba(strangers).argmax(axis=1)
    overall = int(np.argsort(target.counts)[(300 - 1) // 2])
    assert chosen[0] == chosen[1] == 0
    assert chosen[2] in {1, 2}
    assert chosen[3] == chosen[4] == target.classes[overall]


@pytest.mark.parametrize("present", [[0, 1, 2], [0, 1], [0, 2], [1, 2]])
def test_three_classes_answer_as_scikit_learn(present, rng):
    features, target = _posts(rng, noise=1.0)
    kept = np.isin(target.classes, present)
    matrix = features.blocks["text"].matrix[kept].astype(np.float64)
    model = LogisticRegression().fit(matrix, target.classes[kept])
    answer = softmax(affine(matrix, *three_classes(model)))
    # inputs and weights are rounded, so that a row's answer does not depend on the others
    np.testing.assert_allclose(answer[:, present], model.predict_proba(matrix), atol=1e-6)


@pytest.mark.parametrize(("name", "at_most"), [("linear", 1e-6), ("strong", 1e-3)])
def test_a_class_may_be_missing(name, at_most, rng, small):
    features, target = _posts(rng)
    for absent in range(3):
        kept = np.flatnonzero(target.classes != absent)
        classifier = make_classifier(Recipe(name))
        rows = replace(target.take(kept), held_out=np.zeros(len(kept), dtype=bool))
        classifier.fit(features.take(kept), rows)
        answer = classifier.predict_proba(features.take(kept))
        assert (answer[:, absent] < at_most).all()
        assert (answer.argmax(1) == rows.classes).mean() > 0.9


def test_a_network_without_torch_says_the_install_command(monkeypatch):
    monkeypatch.setattr(choose.importlib.util, "find_spec", lambda _: None)
    for name in ("neural", "reference"):
        with pytest.raises(MissingExtraError, match=r"pip install 'postcast\[torch\]'"):
            make_classifier(Recipe(name))


def test_an_unknown_name():
    with pytest.raises(SettingsError, match="neural, reference, strong, hypergraph, ensemble"):
        make_classifier(Recipe("magic"))
