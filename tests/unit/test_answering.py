"""A saved forecaster answers one post at once, without the libraries that trained it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from bench.small_models import small_models

from postcast import Post, load, train

HEAVY = (
    "torch",
    "transformers",
    "sklearn",
    "lightgbm",
    "scipy",
    "pandas",
    "polars",
    "matplotlib",
    "pyarrow",
    "nncf",
)

ANSWER = """
import json, sys
import postcast
run, heavy = sys.argv[1], sys.argv[2].split()
forecaster = postcast.load(run)
posts = [postcast.Post(text=text, author=author) for text, author in json.loads(sys.argv[3])]
answers = [forecaster.predict(post).to_dict() for post in posts]
print(json.dumps({"answers": answers, "loaded": [name for name in heavy if name in sys.modules]}))
"""

DRAFTS = [
    ["easy word3 word17", "a1"],
    ["dull word3", "a2"],
    ["plain word17 word18 word19 word20", "a nobody"],
    ["easy cake", None],
    ["", "a0"],
]


def _run(posts_file, folder, **settings):
    with small_models():
        train(posts_file, {"device": "cpu", "target": "class", **settings}, out=folder)
    return folder


def _alone(folder):
    run = subprocess.run(
        [sys.executable, "-c", ANSWER, str(folder), " ".join(HEAVY), json.dumps(DRAFTS)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("encoder", ["tfidf", "tiny"])
@pytest.mark.parametrize(
    "classifier",
    ["strong", "hypergraph", "linear", "neural", "reference", "majority", "author-median"],
)
def test_one_post_is_answered_by_numpy_and_the_graph_alone(
    posts_file, tmp_path, no_pictures, tiny_distilbert, classifier, encoder
):
    name = str(tiny_distilbert) if encoder == "tiny" else encoder
    alone = _alone(_run(posts_file, tmp_path / "RUN", classifier=classifier, encoder=name))
    assert alone["loaded"] == []
    forecaster = load(tmp_path / "RUN")
    posts = [Post(text=text, author=author) for text, author in DRAFTS]
    for one, many in zip(alone["answers"], forecaster.predict(posts * 20), strict=False):
        together = json.loads(json.dumps(many.to_dict()))
        for key, value in one.pop("probabilities").items():
            np.testing.assert_allclose(value, together["probabilities"][key], rtol=0, atol=1e-9)
        assert {key: together[key] for key in one if key != "id"} == {
            key: value for key, value in one.items() if key != "id"
        }


def test_a_count_is_answered_so_too(posts_file, tmp_path, no_pictures):
    alone = _alone(_run(posts_file, tmp_path / "RUN", target="count", encoder="tfidf"))
    assert alone["loaded"] == []
    assert all(answer["expected_count"] is not None for answer in alone["answers"])
