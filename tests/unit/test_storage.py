"""Saved parts: what is missing, changed, unknown or newer is named; nothing else is read."""

import json
import os

import numpy as np
import pytest

from postcast.errors import ForecasterError
from postcast.schema import Parts
from postcast.storage import FORMAT, load_manifest, load_parts, save_parts


@pytest.fixture
def saved(tmp_path):
    (tmp_path / "vocab.txt").write_text("a\nb\n")
    pieces = {
        "encoder": Parts(facts={"kind": "x"}, files={"sub/vocab.txt": tmp_path / "vocab.txt"}),
        "baselines/one/classifier": Parts(arrays={"w": np.arange(6.0).reshape(2, 3)}),
    }
    folder = tmp_path / "forecaster"
    save_parts(folder, pieces, {"classifier": "linear"})
    return folder


def test_round_trip(saved):
    manifest = load_manifest(saved)
    assert (manifest["format"], manifest["classifier"]) == (FORMAT, "linear")
    encoder = load_parts(saved, "encoder", manifest)
    assert encoder.facts == {"kind": "x"}
    assert encoder.files["sub/vocab.txt"].read_text() == "a\nb\n"
    weights = load_parts(saved, "baselines/one/classifier", manifest).arrays["w"]
    np.testing.assert_array_equal(weights, np.arange(6.0).reshape(2, 3))


def test_saving_again_replaces_all(saved):
    save_parts(saved, {"encoder": Parts(facts={"kind": "y"})}, {})
    assert load_parts(saved, "encoder", load_manifest(saved)).facts == {"kind": "y"}
    assert sorted(p.name for p in saved.rglob("*")) == ["encoder.json", "manifest.json"]
    assert sorted(p.name for p in saved.parent.iterdir()) == ["forecaster", "vocab.txt"]


def test_every_changed_byte_is_noticed(saved):
    for part in [p for p in saved.rglob("*") if p.is_file() and p.name != "manifest.json"]:
        whole = part.read_bytes()
        part.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(ForecasterError, match=f"{part.name}.* has changed"):
            load_manifest(saved)
        part.unlink()
        with pytest.raises(ForecasterError, match=f"{part.name}.* is missing"):
            load_manifest(saved)
        part.write_bytes(whole)
    load_manifest(saved)


def test_damage_that_keeps_size_and_time_is_noticed(tmp_path):
    (tmp_path / "weights").write_bytes(bytes(range(256)) * 2**13)  # 2 MiB
    pieces = {
        "encoder": Parts(files={"weights": tmp_path / "weights"}),
        "classifier": Parts(arrays={"w": np.arange(2.0**18)}),
    }
    save_parts(tmp_path / "saved", pieces, {})
    load_manifest(tmp_path / "saved")
    for name in ("encoder/weights", "classifier.safetensors"):
        part = tmp_path / "saved" / name
        before, whole = part.stat(), part.read_bytes()
        part.write_bytes(whole[: 2**19] + bytes(512) + whole[2**19 + 512 :])
        os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
        with pytest.raises(ForecasterError, match=f"{name} .*has changed"):
            load_manifest(tmp_path / "saved")
        part.write_bytes(whole)
    manifest = load_manifest(tmp_path / "saved")
    part.write_bytes(whole[:-1] + b"\1")
    with pytest.raises(ForecasterError, match=f"{name} .*has changed"):
        load_parts(tmp_path / "saved", "classifier", manifest)


def test_an_unknown_part_is_named(saved):
    (saved / "extra.pkl").write_bytes(b"\x80\x04.")
    with pytest.raises(ForecasterError, match=r"extra.pkl .*unknown"):
        load_manifest(saved)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": FORMAT + 1}, f"has format {FORMAT + 1}; expected at most {FORMAT}"),
        ({"format": FORMAT - 1}, f"of an older postcast; expected format {FORMAT}; train again"),
        ({"format": "x"}, "is broken"),
        ({"parts": [{"path": "../vocab.txt", "sha256": "", "kind": "file"}]}, "lies outside"),
        ({"parts": None}, "is broken"),
        ({"parts": [7]}, "is broken"),
        ({"parts": [{"path": 7, "sha256": "", "kind": "file"}]}, "is broken"),
        ({"parts": [{"path": "a\x1b[31m", "sha256": "", "kind": "file"}]}, "is broken"),
        ({"format": 10**400}, "is broken"),
        ({"format": True}, "is broken"),
    ],
)
def test_a_bad_manifest(saved, change, says):
    path = saved / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ForecasterError, match=says):
        load_manifest(saved)


def test_no_manifest(tmp_path):
    with pytest.raises(ForecasterError, match="no forecaster in"):
        load_manifest(tmp_path)


def test_a_failed_save_leaves_the_old_one(saved, tmp_path):
    before = {p: p.read_bytes() for p in saved.rglob("*") if p.is_file()}
    with pytest.raises(Exception, match="No such file"):
        save_parts(saved, {"encoder": Parts(files={"x": tmp_path / "nowhere"})}, {})
    assert {p: p.read_bytes() for p in saved.rglob("*") if p.is_file()} == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
