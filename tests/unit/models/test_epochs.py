"""A training that was killed, wherever, ends with the bits of one that was not."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from postcast.checkpoints.file import packed, unpacked
from postcast.models.checkpoint import NOWHERE, OF_HELD_OUT, fit_or_load
from postcast.models.choose import Recipe, classifier_from_state, make_classifier
from postcast.models.ensemble import EnsembleClassifier
from postcast.models.hypergraph import HypergraphClassifier
from postcast.models.hypergraph_training import HypergraphTraining
from postcast.models.neural import NeuralClassifier, Training
from postcast.schema import Block, FeatureSet, Parts, Target

torch = pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")

HYPERGRAPH = HypergraphTraining(members=2, epochs=4, patience=1, device="cpu")


class Killed(BaseException):
    """Ends a training as a kill does."""


class Shelf:
    """A checkpoint in a folder that kills: `moments` are batches at which the next run ends."""

    def __init__(self, folder, moments=(), every=1):
        self.folder, self.moments, self.every = folder, list(moments), every
        self.offered = 0
        self.finished = []

    def within(self, name):
        return Spot(self, name)


class Spot:
    def __init__(self, shelf, name):
        self.shelf, self.name = shelf, name
        self.path = shelf.folder / f"{name.replace('/', '-')}.safetensors"

    def within(self, name):
        return Spot(self.shelf, f"{self.name}/{name}")

    def load(self):
        return unpacked(self.path)[1] if self.path.exists() else None

    def offer(self, parts):
        shelf = self.shelf
        shelf.offered += 1
        if shelf.offered % shelf.every == 0:
            self.path.write_bytes(packed(parts(), "me"))
        if shelf.moments and shelf.offered == shelf.moments[0]:
            shelf.moments.pop(0)
            raise Killed

    def finish(self, parts):
        self.shelf.finished.append(self.name)
        self.path.write_bytes(packed(parts, "me"))


MAKERS = {
    "neural": lambda kept: NeuralClassifier(
        Training(epochs=9, patience=2, device="cpu", checkpoint=kept)
    ),
    "reference": lambda kept: NeuralClassifier(
        Training(epochs=5, patience=None, device="cpu", checkpoint=kept)
    ),
    "hypergraph": lambda kept: HypergraphClassifier(replace(HYPERGRAPH, checkpoint=kept)),
    "ensemble": lambda kept: EnsembleClassifier(replace(HYPERGRAPH, checkpoint=kept)),
}


@pytest.fixture
def rows(rng):
    n = 150
    classes = rng.integers(0, 3, n)
    matrix = (np.eye(3, 8)[classes] + 0.9 * rng.normal(size=(n, 8))).astype(np.float32)
    features = FeatureSet({"text": Block(matrix)}, np.arange(n) % 4, np.arange(n))
    held_out = np.arange(n) % 5 == 0
    return features, Target(classes, classes * 10.0 + rng.random(n), held_out, np.arange(n))


def assert_same(first, second):
    """The same state, bit for bit, and the same answers for rows that were held out."""
    (mine, held_out), (other, other_held_out) = first, second
    assert mine.state().facts == other.state().facts
    arrays, others = mine.state().arrays, other.state().arrays
    assert arrays.keys() == others.keys()
    for name, value in arrays.items():
        assert value.dtype == others[name].dtype, name
        np.testing.assert_array_equal(value, others[name], err_msg=name)
    np.testing.assert_array_equal(held_out.rows, other_held_out.rows)
    np.testing.assert_array_equal(held_out.probabilities, other_held_out.probabilities)


def fit(maker, rows, kept):
    classifier = maker(kept)
    return classifier, classifier.fit(*rows)


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("moments", [[1], [4], [5, 9], [2, 7, 11, 14]], ids=str)
@pytest.mark.parametrize("name", ["neural", "reference", "hypergraph"])
def test_killed_anywhere_it_ends_with_the_same_bits(name, moments, every, rows, tmp_path):
    maker = MAKERS[name]
    whole = fit(maker, rows, NOWHERE)
    shelf = Shelf(tmp_path, moments, every)
    for number in range(len(moments)):
        with pytest.raises(Killed):
            fit(maker, rows, shelf.within("main"))
        torch.manual_seed(number)  # nobody else's randomness matters
    assert_same(fit(maker, rows, shelf.within("main")), whole)


@pytest.mark.parametrize("name", ["neural", "hypergraph"])
def test_no_batch_is_trained_on_twice(name, rows, tmp_path):
    once, killed = Shelf(tmp_path / "once"), Shelf(tmp_path / "killed", [3, 8, 13])
    for shelf in (once, killed):
        shelf.folder.mkdir()
    fit(MAKERS[name], rows, once.within("main"))
    for _ in range(3):
        with pytest.raises(Killed):
            fit(MAKERS[name], rows, killed.within("main"))
    fit(MAKERS[name], rows, killed.within("main"))
    assert killed.offered == once.offered
    fit(MAKERS[name], rows, killed.within("main"))
    assert killed.offered == once.offered


def test_an_ensemble_goes_on_without_fitting_strong_again(rows, tmp_path, monkeypatch):
    whole = fit(MAKERS["ensemble"], rows, NOWHERE)
    shelf = Shelf(tmp_path, [5])
    with pytest.raises(Killed):
        fit(MAKERS["ensemble"], rows, shelf.within("main"))
    assert shelf.finished[0] == "main/strong"
    monkeypatch.setattr("postcast.models.strong.StrongClassifier.fit", None)
    assert_same(fit(MAKERS["ensemble"], rows, shelf.within("main")), whole)


def test_a_kill_in_the_validation_or_after_the_last_epoch(rows, tmp_path, monkeypatch):
    whole = fit(MAKERS["neural"], rows, NOWHERE)

    def end(*_):
        raise Killed

    shelf = Shelf(tmp_path)
    for place in ("postcast.models.neural._loss_on", "postcast.models.epochs._parts_of"):
        with monkeypatch.context() as context:
            context.setattr(place, end)
            with pytest.raises(Killed):
                fit(MAKERS["neural"], rows, shelf.within("main"))
    assert_same(fit(MAKERS["neural"], rows, shelf.within("main")), whole)


@pytest.mark.parametrize("name", ["neural", "strong", "hypergraph", "linear", "majority"])
def test_what_was_fitted_is_loaded_bit_for_bit(name, rows, tmp_path):
    recipe, kept = Recipe(name, device="cpu"), Shelf(tmp_path).within("main")
    counted = Target(*[getattr(rows[1], n) for n in ("classes", "counts", "held_out", "together")])
    rebuild = partial(classifier_from_state, name)
    fitted = fit_or_load(make_classifier(recipe), rebuild, (rows[0], counted), kept)
    again = fit_or_load(None, rebuild, (rows[0], counted), kept)
    assert_same(fitted, again)
    assert not any(n.startswith(OF_HELD_OUT) for n in again[0].state().arrays)


def test_shares_of_bins_are_kept_too(rows, tmp_path):
    features, target = rows
    bins = replace(target, bins=target.classes, n_bins=3)
    kept = Shelf(tmp_path).within("main")
    rebuild = partial(classifier_from_state, "strong")
    found = fit_or_load(make_classifier(Recipe("strong")), rebuild, (features, bins), kept)
    again = fit_or_load(None, rebuild, (features, bins), kept)
    np.testing.assert_array_equal(found[1].shares, again[1].shares)


def test_nowhere_makes_no_parts():
    def never() -> Parts:
        raise AssertionError("made in vain")

    NOWHERE.within("main").offer(never)
    assert NOWHERE.within("main").load() is None
