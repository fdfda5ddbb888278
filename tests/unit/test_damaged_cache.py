"""Whatever becomes of a file in the cache, the same command gives the same answer."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from postcast.cli.main import exit_code
from postcast.features.language_model import language_classifier

WAYS = ["empty", "noise", "rot", "folder"]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _damage(path: Path, way: str) -> None:
    whole, before = path.read_bytes(), path.stat()
    if way == "folder":
        path.unlink()
        path.mkdir()
        (path / "x").write_text("x")
        return
    noise = np.random.default_rng(len(whole)).bytes(len(whole))
    rotten = bytearray(whole)
    rotten[len(whole) // 2] ^= 16
    changed = {"empty": b"", "half": whole[: len(whole) // 2], "noise": noise, "rot": rotten}
    path.write_bytes(changed[way])
    if way == "rot":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, tiny_distilbert):
    """Posts, and a model of which it is long known that it did not change."""
    folder = tmp_path_factory.mktemp("prepared")
    rows = [
        {"id": f"p{i}", "text": f"easy word{i} cake", "author": f"a{i % 3}", "saves": i % 7}
        for i in range(60)
    ]
    (folder / "posts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    asked = [
        "prepare",
        str(folder / "posts.jsonl"),
        "--quiet",
        "--out",
        str(folder / "posts.parquet"),
    ]
    assert exit_code(asked) == 0
    shutil.copytree(tiny_distilbert, folder / "model")
    for path in _files(folder / "model"):
        os.utime(path, (1e9, 1e9))
    return folder


@pytest.mark.parametrize("first", [0, 2])
def test_vectors_are_the_same(prepared, tmp_path, own_cache, first):
    def embed(name: str) -> bytes:
        out = tmp_path / name
        asked = ["embed", str(prepared / "posts.parquet"), "--encoder", str(prepared / "model")]
        assert exit_code([*asked, "--device", "cpu", "--quiet", "--out", str(out)]) == 0
        return (out / "embeddings.npy").read_bytes()

    expected = embed("expected")
    kinds = {path.relative_to(own_cache).parts[0] for path in _files(own_cache)}
    assert kinds == {"compiled", "digests.json", "embeddings", "graphs"}
    for number, path in enumerate(_files(own_cache / "embeddings")):
        _damage(path, WAYS[(first + number) % len(WAYS)])
        assert embed(f"vectors {number}") == expected, path
    models = [path for path in _files(own_cache) if "embeddings" not in path.parts]
    for number, path in enumerate(models):
        shutil.rmtree(own_cache / "embeddings")
        _damage(path, WAYS[(first + number) % len(WAYS)])
        assert embed(f"models {number}") == expected, path


@pytest.mark.parametrize("way", ["empty", "half", "noise", "folder"])
def test_the_language_model_is_the_same(own_cache, way):
    text = "Une petite table de cuisine qui tient enfin dans notre appartement"
    language_classifier.cache_clear()
    expected = language_classifier()(text)
    files = _files(own_cache)
    assert {path.name for path in files} > {"about.json", "nextmove.npy", "ptc.npy"}
    for path in files:
        _damage(path, way)
        language_classifier.cache_clear()
        assert language_classifier()(text) == expected, path
        assert _files(own_cache) == files
    language_classifier.cache_clear()


def test_an_empty_language_model_is_no_interruption(posts_file, tmp_path, own_cache, capsys):
    run, asked = tmp_path / "RUN", ["--encoder", "tfidf", "--classifier", "linear", "--quiet"]
    assert exit_code(["run", str(posts_file), *asked, "--out", str(run)]) == 0
    ask = ["predict", str(run), "--text", "an easy word3 word4 word5 cake", "--json", "--quiet"]
    capsys.readouterr()
    assert exit_code(ask) == 0
    expected = capsys.readouterr().out
    for path in _files(own_cache / "language"):
        path.write_bytes(b"")
        language_classifier.cache_clear()
        assert exit_code(ask) == 0
        assert capsys.readouterr().out == expected
    language_classifier.cache_clear()


def test_damaged_weights_are_noticed_before_they_are_used(prepared, tmp_path, own_cache, capsys):
    model = tmp_path / "model"
    shutil.copytree(prepared / "model", model)

    def embed(name: str) -> int:
        asked = ["embed", str(prepared / "posts.parquet"), "--encoder", str(model)]
        return exit_code([*asked, "--device", "cpu", "--quiet", "--out", str(tmp_path / name)])

    assert embed("before") == 0  # which leaves digests, that are remembered
    for kind in ("graphs", "embeddings", "compiled"):
        shutil.rmtree(own_cache / kind)
    _damage(model / "model.safetensors", "rot")
    capsys.readouterr()
    assert embed("after") == 2
    assert "changed without a new time of change" in capsys.readouterr().err
    assert not (tmp_path / "after").exists()
