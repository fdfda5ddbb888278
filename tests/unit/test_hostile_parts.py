"""Hostile parts with the right hash end in an answer or in one line, soon and in little memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench.small_models import small_models
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors
from tests.hostile import write_part

from postcast import load, train
from postcast.errors import ForecasterError

HOSTILE = Path(__file__).parents[1] / "hostile.py"

RUNS = {
    "strong": ("tfidf", 60),
    "hypergraph": ("tiny", 60),
    "ensemble": ("tfidf", 40),
    "neural": ("tfidf", 30),
    "linear": ("tfidf", 30),
    "majority": ("tfidf", 20),
    "author-median": ("tfidf", 20),
}
"""Classifier to encoder and number of cases: every part at least once, most of them often."""

SECONDS = 300
"""For all cases of a RUN, which take ten."""


@pytest.mark.parametrize("classifier", RUNS)
def test_no_part_brings_a_process_down(
    posts_file, tmp_path, no_pictures, tiny_distilbert, classifier
):
    encoder, n_cases = RUNS[classifier]
    name = str(tiny_distilbert) if encoder == "tiny" else encoder
    settings = {"device": "cpu", "target": "class", "classifier": classifier, "encoder": name}
    with small_models():
        train(posts_file, settings, out=tmp_path / "RUN")
    attacked = subprocess.run(
        [sys.executable, HOSTILE, tmp_path / "RUN", "5", str(n_cases), tmp_path / "COPY"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    lines = [json.loads(line) for line in attacked.stdout.splitlines()]
    told = attacked.stdout[-500:] + attacked.stderr[-2000:]
    assert attacked.returncode == 0, told
    assert lines[-1] == {"done": n_cases}, told
    wrong = {line["case"]: line["wrong"] for line in lines if "wrong" in line}
    assert not [(line, wrong[line["case"]]) for line in lines if line.get("case") in wrong]


@pytest.mark.parametrize(("encoder", "name"), [("tfidf", "vectors.data"), ("tiny", "vectors")])
def test_remembered_vectors_of_another_length_are_refused(
    posts_file, tmp_path, no_pictures, tiny_distilbert, encoder, name
):
    encoder = str(tiny_distilbert) if encoder == "tiny" else encoder
    with small_models():
        train(posts_file, {"device": "cpu", "encoder": encoder}, out=tmp_path / "RUN")
    folder = tmp_path / "RUN" / "forecaster"
    tensors = load_tensors((folder / "bank.safetensors").read_bytes())
    for factor in (1_000, 1e30):
        changed = tensors | {name: tensors[name] * tensors[name].dtype.type(factor)}
        write_part(folder, "bank.safetensors", save_tensors(changed))
        with pytest.raises(ForecasterError, match="a row longer than one"):
            load(tmp_path / "RUN")
    write_part(folder, "bank.safetensors", save_tensors(tensors))
    load(tmp_path / "RUN")


def test_a_name_in_a_manifest_is_told_without_its_control_characters(
    posts_file, tmp_path, no_pictures
):
    with small_models():
        train(posts_file, {"encoder": "tfidf", "classifier": "linear"}, out=tmp_path / "RUN")
    manifest = tmp_path / "RUN" / "forecaster" / "manifest.json"
    facts = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(facts | {"baselines": ["\x1b[31m\nred"]}))
    with pytest.raises(ForecasterError) as raised:
        load(tmp_path / "RUN")
    assert str(raised.value).isprintable()
    assert "\\x1b[31m red" in str(raised.value)
