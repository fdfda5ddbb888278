"""A planted effect of images: found, missed where images are, and learned from training alone."""

import functools
from pathlib import Path

import numpy as np
import pytest

from postcast import Post, load, read_posts, train
from postcast.models.choose import NEEDS_TORCH

Image = pytest.importorskip("PIL.Image", reason="SKIPPED: the extra [image] is not installed")

pytestmark = pytest.mark.usefixtures("quick_networks")

EPOCHS = 10
LIGHT = (50, 125, 200)
N_POSTS = 360
PLAIN = {"encoder": "tfidf", "image_encoder": "plain", "thresholds": [15, 35]}


@pytest.fixture(scope="module")
def pictured(tmp_path_factory):
    """Posts whose class is that of their image's brightness, and of nothing else."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(1)
    rows = []
    for number in range(N_POSTS):
        level = int(rng.integers(3))
        path = folder / f"{number}.png"
        pixels = LIGHT[level] + rng.normal(0, 10, 3) + rng.normal(0, 30, (12, 12, 3))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
        rows.append(
            {
                "id": f"p{number}",
                "text": " ".join(rng.choice([f"word{one}" for one in range(60)], 6)),
                "author": f"a{number % 4}",
                "created_at": str(np.datetime64("2024-01-01T00") + np.timedelta64(number, "h"))
                + ":00Z",
                "saves": int(level * 20 + rng.integers(0, 9)),
                "image": str(path),
            }
        )
    return rows


@pytest.fixture(scope="module")
def seeing(pictured):
    """Return a forecaster by any classifier that learned from all images, trained once."""

    @functools.cache
    def trained(classifier):
        return train(pictured, {**PLAIN, "classifier": classifier})

    return trained


def _accuracy(forecaster):
    return forecaster.scorecard.accuracy.value


@pytest.mark.parametrize("classifier", ["strong", "hypergraph", "linear", "neural"])
def test_what_only_the_image_tells_is_found_and_missed_by_its_share(
    classifier, pictured, seeing, few_draws, rng
):
    """The bar: without 30% of the images, no more is lost than those images' share."""
    if classifier in NEEDS_TORCH:
        pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")
    settings = {**PLAIN, "classifier": classifier}
    forecaster = seeing(classifier)
    blind = _accuracy(train(pictured, {**settings, "image_encoder": "none"}))
    assert _accuracy(forecaster) > 0.95
    assert blind < 0.55
    n_test = forecaster.scorecard.n_test
    gone = np.zeros(N_POSTS, dtype=bool)
    for some in (np.arange(N_POSTS - n_test), np.arange(N_POSTS - n_test, N_POSTS)):
        gone[rng.choice(some, round(0.3 * len(some)), replace=False)] = True
    some = [
        {**row, "image": None} if is_gone else row
        for row, is_gone in zip(pictured, gone, strict=True)
    ]
    lost = _accuracy(forecaster) - _accuracy(train(some, settings))
    chance = 2 * np.sqrt(0.25 * 0.3 / n_test)
    assert lost <= 0.3 * (_accuracy(forecaster) - 1 / 3) + chance


@pytest.mark.parametrize("classifier", ["strong", "hypergraph", "linear", "neural"])
def test_without_its_image_a_post_is_not_forecast_as_surely(
    classifier, pictured, seeing, few_draws
):
    if classifier in NEEDS_TORCH:
        pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")
    forecaster = seeing(classifier)
    one = {"text": pictured[0]["text"], "author": "a1"}
    seen = forecaster.predict(Post(**one, image=pictured[0]["image"]))
    unseen = forecaster.predict(Post(**one))
    assert max(seen.probabilities.values()) > 0.85
    assert max(unseen.probabilities.values()) < 0.6


def test_importance_names_the_image(pictured, few_draws):
    found = train(pictured, {**PLAIN, "classifier": "linear"}).scorecard.importance
    assert set(found) == {"text", "image"}
    assert found["image"].macro_f1_fall.value > 0.3
    assert abs(found["text"].macro_f1_fall.value) < 0.1


@pytest.mark.parametrize("classifier", ["strong", "hypergraph", "linear", "neural"])
def test_a_saved_forecaster_answers_the_same_with_and_without_images(
    classifier, pictured, seeing, few_draws, tmp_path
):
    if classifier in NEEDS_TORCH:
        pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")
    forecaster = seeing(classifier)
    forecaster.save(tmp_path / "saved")
    (tmp_path / "broken.png").write_bytes(Path(pictured[0]["image"]).read_bytes()[:-99])
    images = [row["image"] for row in pictured[:5]]
    images += [None, str(tmp_path / "broken.png"), "https://example.org/a.png", str(tmp_path)]
    drafts = [Post(text="word1 word2", author="a1", image=one) for one in images]
    for before, after in zip(
        forecaster.predict(drafts), load(tmp_path / "saved").predict(drafts), strict=True
    ):
        assert after == before
    told = [" ".join(one.warnings) for one in forecaster.predict(drafts)]
    assert not any("image" in one for one in told[:6])
    assert ["(broken)" in told[6], "(an address" in told[7], "(not a regular" in told[8]] == [
        True
    ] * 3


def test_no_image_of_a_test_post_is_learned_from(pictured, few_draws, tmp_path):
    """Other images in the place of the test posts' change nothing that was learned."""
    settings = {**PLAIN, "classifier": "strong", "split": "chronological"}
    before = train(pictured, settings)
    n_test = before.scorecard.n_test
    Image.new("RGB", (7, 9), "magenta").save(tmp_path / "other.png")
    other = [
        *pictured[:-n_test],
        *({**row, "image": str(tmp_path / "other.png")} for row in pictured[-n_test:]),
    ]
    after = train(other, settings)
    assert _accuracy(after) < _accuracy(before)
    first, second = before.classifier.state(), after.classifier.state()
    assert first.arrays.keys() == second.arrays.keys()
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(array, second.arrays[name], err_msg=name)
    assert (before.rule, before.calibration) == (after.rule, after.calibration)


@pytest.mark.parametrize("classifier", ["strong", "linear"])
def test_images_that_cannot_be_seen_change_no_forecast(classifier, pictured, few_draws):
    """Posts with addresses, as most files have them, are learned from as if they had none."""
    addressed = [{**row, "image": f"https://example.org/{row['id']}.png"} for row in pictured]
    imageless = [{k: v for k, v in row.items() if k != "image"} for row in pictured]
    settings = {"encoder": "tfidf", "classifier": classifier, "image_encoder": "plain"}
    with_addresses, without = train(addressed, settings), train(imageless, settings)
    first, second = with_addresses.classifier.state(), without.classifier.state()
    assert first.arrays.keys() == second.arrays.keys()
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(array, second.arrays[name], err_msg=name)
    assert "images" not in {*with_addresses.senses.encoders, with_addresses.senses.images}


def test_the_baselines_see_no_image(pictured, few_draws):
    forecaster = train(pictured, {**PLAIN, "classifier": "linear"})
    assert forecaster.senses.images is not None
    assert all(one.senses.images is None for one in forecaster.baselines.values())
    assert forecaster.scorecard.baselines["tfidf_linear"].accuracy.value < 0.55


def test_posts_mostly_without_an_image_are_learned_from(pictured, few_draws):
    some = [
        row if number % 10 == 0 else {**row, "image": None} for number, row in enumerate(pictured)
    ]
    forecaster = train(read_posts(some), {**PLAIN, "classifier": "strong"})
    assert forecaster.senses.images is not None
    told = forecaster.predict(Post(text="word1", author="a1", image=pictured[0]["image"]))
    assert sum(told.probabilities.values()) == pytest.approx(1)


def test_regions_of_an_image_are_parts_that_add_up(seeing, pictured):
    from postcast.explain import explain

    forecaster = seeing("strong")
    for level in (0, 2):
        row = next(one for one in pictured if int(one["saves"]) // 20 == level)
        post = Post(text=row["text"], author=row["author"], image=row["image"])
        told = explain(forecaster, post)
        regions = [part for part in told.parts if part.kind == "image"]
        assert len({part.box for part in regions}) == 9
        area = sum((part.box[2] - part.box[0]) * (part.box[3] - part.box[1]) for part in regions)
        assert area == pytest.approx(1)
        for key, p in told.forecast.probabilities.items():
            moved = sum(part.effect[key] for part in told.parts)
            assert told.base[key] + moved == pytest.approx(p, abs=1e-9)
        assert told.forecast == forecaster.predict(post)
    unseen = explain(forecaster, Post(text="word1", image="nowhere.png"))
    assert not [part for part in unseen.parts if part.kind == "image"]


def test_painting_hides_only_what_is_not_shown(tmp_path):
    from postcast.features.images.painted import painted_sense
    from postcast.features.images.sense import ImageSense

    pixels = np.zeros((30, 60, 3), dtype=np.uint8)
    pixels[:10, :20] = 255
    Image.fromarray(pixels).save(tmp_path / "corner.png")
    sense = ImageSense(None, None)
    painted = painted_sense(sense, str(tmp_path / "corner.png"))
    whole, bare = np.ones(9, dtype=bool), np.zeros(9, dtype=bool)
    seen = painted.look([painted.path_of(whole), painted.path_of(bare)]).blocks["visual"].matrix
    direct = sense.look([str(tmp_path / "corner.png")]).blocks["visual"].matrix
    assert np.allclose(seen[0], direct[0])
    assert not np.allclose(seen[0], seen[1])
    assert painted_sense(sense, str(tmp_path / "none.png")) is None
    assert painted_sense(None, str(tmp_path / "corner.png")) is None
