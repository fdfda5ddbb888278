"""`prepare`, `embed`, `train` and `evaluate`: the steps of a run, one at a time."""

import json

import numpy as np
import polars as pl
import pytest

FAST = ("--encoder", "tfidf", "--classifier", "linear")


@pytest.fixture
def prepared(postcast, posts_file, tmp_path):
    path = tmp_path / "prepared" / "posts.parquet"
    assert postcast("prepare", posts_file, "--out", path).code == 0
    return path


def test_prepare_says_what_it_took_and_rejected(postcast, posts_file, tmp_path):
    with posts_file.open("a") as file:
        file.write('\n{"id": "x", "text": "a", "author": "b", "saves": "many"}')
        file.write('\n{"id": "y", "text": " ", "author": "b", "saves": 3}')
    answer = postcast("prepare", posts_file, "--out", tmp_path / "posts.parquet", "--json")
    assert answer.json["rows_read"] == 242
    assert answer.json["columns"]["count"] == ["saves"]
    assert sum(answer.json["rejected"].values()) == 2
    rejected = pl.read_csv(tmp_path / "rejected.csv", infer_schema=False)
    assert rejected["row"].to_list() == ["241", "242"]
    assert rejected["value"][0] == "many"
    in_words = postcast("prepare", posts_file, "--out", tmp_path / "posts.parquet").out
    assert "author = author, time = created_at, count = saves, id = id" in in_words


def test_train_does_what_run_does(
    postcast, without_figures, few_draws, prepared, posts_file, tmp_path
):
    assert postcast("train", prepared, *FAST, "--out", tmp_path / "A").code == 0
    assert postcast("run", posts_file, *FAST, "--out", tmp_path / "B").code == 0
    for name in ("predictions.csv", "scorecard.json", "scorecard.txt"):
        assert (tmp_path / "A" / name).read_bytes() == (tmp_path / "B" / name).read_bytes()


def test_prepare_explains_the_columns_of_a_file(postcast, posts_file):
    answer = postcast("prepare", posts_file, "--explain-columns", "--json").json
    assert answer["count"][0]["name"] == "saves"
    assert 0 < answer["count"][0]["score"] <= 1
    in_words = postcast("prepare", posts_file, "--explain-columns").out
    assert "count     1.00" in in_words or "count     0." in in_words
    assert "is filled in" in in_words


def test_prepare_needs_a_place_for_the_table(postcast, posts_file):
    answer = postcast("prepare", posts_file)
    assert answer.code == 2
    assert "no --out; expected where to write the table" in answer.error


def test_embed_keeps_the_order_of_the_posts(postcast, prepared, tmp_path):
    answer = postcast("embed", prepared, "--encoder", "tfidf", "--out", tmp_path / "E", "--json")
    posts = pl.read_parquet(prepared)
    vectors = np.load(tmp_path / "E" / "embeddings.npy")
    assert vectors.dtype == np.float32
    assert vectors.shape == (posts.height, answer.json["width"])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    index = pl.read_parquet(tmp_path / "E" / "index.parquet")
    assert index["id"].to_list() == posts["id"].to_list()
    assert index["row"].to_list() == list(range(posts.height))
    assert json.loads((tmp_path / "E" / "encoder.json").read_text()) == answer.json
    assert {path.name for path in (tmp_path / "E").iterdir()} == {
        "embeddings.npy",
        "index.parquet",
        "encoder.json",
    }


def test_embeddings_are_those_of_the_texts(postcast, posts_file, tmp_path):
    rows = [json.loads(line) for line in posts_file.read_text().splitlines()][:3]
    rows[1]["text"] = ""
    rows[2]["text"] = rows[0]["text"]
    posts_file.write_text("\n".join(map(json.dumps, rows)))
    assert postcast("prepare", posts_file, "--out", tmp_path / "p.parquet").code == 0
    assert (
        postcast(
            "embed", tmp_path / "p.parquet", "--encoder", "tfidf", "--out", tmp_path / "E"
        ).code
        == 0
    )
    first, blank, copy = np.load(tmp_path / "E" / "embeddings.npy")
    assert (first == copy).all()
    assert first.any()
    assert not blank.any()


def test_evaluate_leaves_out_what_was_learned(postcast, sample_run, without_figures, tmp_path):
    posts = pl.read_parquet(sample_run / "posts.parquet").rename({"engagement": "saves"})
    posts = posts.filter(pl.col("text") != "").select("id", "author", "text", "time", "saves")
    posts.write_csv(tmp_path / "posts.csv")
    asked = ("evaluate", sample_run, tmp_path / "posts.csv", "--out", tmp_path / "E")
    answer = postcast(*asked, "--json")
    assert answer.code == 0
    card = json.loads((sample_run / "scorecard.json").read_text())
    assert answer.json["n_test"] == card["n_test"]
    assert answer.json["accuracy"] == card["accuracy"]
    assert f"{posts.height - card['n_test']} posts left out" in answer.err
    mine, run = (pl.read_csv(f / "predictions.csv") for f in (tmp_path / "E", sample_run))
    assert mine.sort("id").equals(run.sort("id"))
    assert {path.name for path in (tmp_path / "E").iterdir()} >= {"report.html", "scorecard.txt"}


def test_evaluate_needs_other_posts(postcast, sample_run, tmp_path):
    learned = pl.read_parquet(sample_run / "posts.parquet").rename({"engagement": "saves"})
    learned = learned.filter(pl.col("text") != "").sort("time").head(100)
    learned.select("id", "author", "text", "time", "saves").write_csv(tmp_path / "posts.csv")
    asked = ("evaluate", sample_run, tmp_path / "posts.csv", "--out", tmp_path / "E")
    assert "0 posts to evaluate on, after leaving out 100" in postcast(*asked).error
    assert not (tmp_path / "E").exists()
