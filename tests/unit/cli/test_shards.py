"""`shard`, `embed-shard`, `gather`, `--jobs` and `predict --shards`, as people type them."""

import json

import numpy as np
import pytest

FAST = ("--classifier", "linear")


@pytest.fixture
def quick(without_figures, few_draws, monkeypatch):
    """No pictures, few draws, and several processes even for few texts."""
    monkeypatch.setattr("postcast.shards.local.FEWEST", 1)


@pytest.fixture
def prepared(postcast, posts_file, tmp_path):
    path = tmp_path / "prepared" / "posts.parquet"
    assert postcast("prepare", posts_file, "--out", path).code == 0
    return path


@pytest.fixture
def sharded(postcast, prepared, tiny_distilbert, tmp_path):
    asked = ("--shards", 4, "--encoder", tiny_distilbert, "--out", tmp_path / "S", "--json")
    answer = postcast("shard", prepared, *asked)
    assert answer.code == 0, answer.err
    assert answer.json["shards"] == 4
    assert answer.json["posts"] == 240
    return answer.json["manifest"]


def test_a_training_on_gathered_vectors_is_that_of_one_machine(
    postcast, quick, prepared, sharded, tiny_distilbert, tmp_path
):
    for task in (1, 0):
        done = postcast("embed-shard", "--manifest", sharded, "--index", task, "--of", 2, "--json")
        assert done.json == {"made": 2, "present": 0, "posts": 120}
    gathered = ("gather", "--manifest", sharded, "--cache", tmp_path / "C", "--json")
    assert postcast(*gathered).json["n_posts"] == 240
    asked = ("train", prepared, "--encoder", tiny_distilbert, *FAST)
    n_kept = len(list((tmp_path / "C").rglob("*.safetensors")))
    assert postcast(*asked, "--cache", tmp_path / "C", "--out", tmp_path / "A").code == 0
    assert len(list((tmp_path / "C").rglob("embeddings/*/*.safetensors"))) == n_kept
    assert postcast(*asked, "--cache", tmp_path / "D", "--out", tmp_path / "B").code == 0
    names = {p.relative_to(tmp_path / "A") for p in (tmp_path / "A").rglob("*") if p.is_file()}
    assert names == {
        p.relative_to(tmp_path / "B") for p in (tmp_path / "B").rglob("*") if p.is_file()
    }
    for name in names - {p for p in names if p.name in ("run.json", "report.html")}:
        assert (tmp_path / "A" / name).read_bytes() == (tmp_path / "B" / name).read_bytes(), name


def test_gather_writes_what_embed_writes(postcast, prepared, sharded, tiny_distilbert, tmp_path):
    assert postcast("embed-shard", "--manifest", sharded, "--index", 0, "--of", 1).code == 0
    gathered = postcast("gather", "--manifest", sharded, "--out", tmp_path / "V", "--json")
    embedded = postcast(
        "embed", prepared, "--encoder", tiny_distilbert, "--out", tmp_path / "W", "--json"
    )
    assert gathered.json == embedded.json
    vectors = [np.load(tmp_path / name / "embeddings.npy") for name in "VW"]
    assert (vectors[0] == vectors[1]).all()


def test_posts_need_not_be_prepared(postcast, posts_file, prepared, tiny_distilbert, tmp_path):
    asked = ("--shards", 3, "--encoder", tiny_distilbert)
    assert postcast("shard", posts_file, *asked, "--out", tmp_path / "S").code == 0
    assert postcast("shard", prepared, *asked, "--out", tmp_path / "T").code == 0
    names = [{p.name for p in (tmp_path / f / "shards").iterdir()} for f in "ST"]
    assert names[0] == names[1]


def test_jobs_change_no_byte_and_no_run(postcast, quick, prepared, tiny_distilbert, tmp_path):
    asked = ("train", prepared, "--encoder", tiny_distilbert, *FAST)
    for name, jobs in (("A", 2), ("B", 1)):
        more = ("--jobs", jobs, "--cache", tmp_path / f"cache-{name}", "--out", tmp_path / name)
        assert postcast(*asked, *more).code == 0
    for name in ("predictions.csv", "scorecard.json", "forecaster/manifest.json"):
        assert (tmp_path / "A" / name).read_bytes() == (tmp_path / "B" / name).read_bytes()
    again = postcast(*asked, "--jobs", 1, "--out", tmp_path / "A")
    assert "nothing to do" in again.err


def test_many_drafts_are_forecast_as_one_file(postcast, sample_run, posts_file, tmp_path):
    asked = ("predict", sample_run, posts_file, "--out")
    assert postcast(*asked, tmp_path / "a.csv").code == 0
    told = postcast(*asked, tmp_path / "b.csv", "--shards", 5, "--jobs", 2)
    assert told.out == f"240 forecasts: {tmp_path / 'b.csv'}\n"
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert not (tmp_path / "b.csv.shards").exists()
    moved = ("--thresholds", "5,15")
    if postcast(*asked, tmp_path / "c.csv", *moved).code == 0:
        assert postcast(*asked, tmp_path / "d.csv", *moved, "--engine", "local").code == 0
        assert (tmp_path / "c.csv").read_bytes() == (tmp_path / "d.csv").read_bytes()


def test_what_was_forecast_before_a_failure_is_not_forecast_again(
    postcast, sample_run, posts_file, tmp_path, monkeypatch
):
    asked = ("predict", sample_run, posts_file, "--out", tmp_path / "f.csv", "--shards", 4)
    from postcast.errors import ShardError

    def fail(*_, **__):
        raise ShardError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr("postcast.shards.predict.gather_forecasts", fail)
        assert postcast(*asked).error == "stopped"
    results = list((tmp_path / "f.csv.shards" / "results").iterdir())
    assert len(results) == 4
    worker = ("predict-shard", "--manifest", tmp_path / "f.csv.shards" / "manifest.json")
    assert postcast(*worker, "--index", 0, "--of", 1, "--json").json["present"] == 4
    assert postcast(*asked).code == 0
    assert not (tmp_path / "f.csv.shards").exists()


@pytest.mark.parametrize("device", ["cuda", "cpu", "auto"])
def test_tasks_of_ray_ask_for_the_gpu_that_they_use(
    postcast, sample_run, posts_file, tmp_path, monkeypatch, device
):
    from postcast.saved import load
    from postcast.shards.predict import forecast_shards

    asked = []

    def run_on_ray(manifest, tasks, more):
        asked.append((tasks.gpus, *more))
        forecast_shards(manifest, range(len(manifest)), "cpu")

    monkeypatch.setattr("postcast.cluster.ray.run_on_ray", run_on_ray)
    monkeypatch.setattr("postcast.saved.load", lambda run, device: load(run, device="cpu"))
    more = ("--engine", "ray", "--shards", 2, "--device", device)
    told = postcast("predict", sample_run, posts_file, "--out", tmp_path / "f.csv", *more)
    assert told.code == 0, told.err
    assert asked == [(device == "cuda", "--device", device)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--shards", 0), "--shards 0; expected 1 or more"),
        (("--jobs", -1), "--jobs -1; expected 1 or more"),
        (("--engine", "pigeons"), "engine 'pigeons'; expected one of local"),
        (("--shards", 2, "--json"), "without --json and --format smp"),
        (("--shards", 2, "--format", "smp"), "without --json and --format smp"),
        (("--shards", 241), "241 shards of 240 posts"),
    ],
)
def test_a_division_that_makes_no_sense_is_refused(
    postcast, sample_run, posts_file, tmp_path, arguments, told
):
    answer = postcast("predict", sample_run, posts_file, "--out", tmp_path / "f.csv", *arguments)
    assert told in answer.error
    assert not (tmp_path / "f.csv").exists()
    assert not (tmp_path / "f.csv.shards").exists()


def test_one_draft_and_standard_output_are_not_divided(postcast, sample_run, posts_file):
    for asked in (("--text", "a"), (posts_file,)):
        told = postcast("predict", sample_run, *asked, "--shards", 2).error
        assert "expected a file of POSTS and --out FILE" in told


class TestRefusals:
    def test_of_shard(self, postcast, prepared, posts_file, tmp_path):
        asked = ("shard", prepared, "--out", tmp_path / "S", "--shards")
        assert "tfidf learns its words" in postcast(*asked, 2, "--encoder", "tfidf").error
        assert "no folder ./mine" in postcast(*asked, 2, "--encoder", "./mine").error
        assert "no file " in postcast("shard", tmp_path / "no.csv", *asked[2:], 2).error
        assert not (tmp_path / "S").exists()

    def test_of_more_shards_than_posts(self, postcast, prepared, tiny_distilbert, tmp_path):
        asked = ("shard", prepared, "--out", tmp_path / "S", "--encoder", tiny_distilbert)
        assert "500 shards of 240 posts" in postcast(*asked, "--shards", 500).error

    def test_of_a_cache_that_is_named_and_too_small(
        self, postcast, prepared, tiny_distilbert, tmp_path, monkeypatch
    ):
        asked = ("shard", prepared, "--out", tmp_path / "S", "--shards", 2)
        asked += ("--encoder", tiny_distilbert)
        assert postcast("cache", "--cache", tmp_path / "C", "--limit", "1kB").code == 0
        told = postcast(*asked, "--cache", tmp_path / "C").error
        assert f"postcast cache --cache {tmp_path / 'C'} --limit 1GB" in told
        assert not (tmp_path / "S").exists()
        monkeypatch.setenv("POSTCAST_CACHE", str(tmp_path / "C"))  # whence nobody need gather
        assert postcast(*asked).code == 0

    @pytest.mark.parametrize("part", [("--index", 4), ("--index", 2, "--of", 2), ("--index", -1)])
    def test_of_a_part_that_there_is_not(self, postcast, sharded, part):
        assert "expected 0 to" in postcast("embed-shard", "--manifest", sharded, *part).error

    def test_of_a_manifest_of_other_work(self, postcast, sharded):
        told = postcast("predict-shard", "--manifest", sharded, "--index", 0).error
        assert "expected posts to predict; use postcast embed-shard" in told

    def test_of_an_incomplete_set(self, postcast, sharded, tmp_path):
        asked = ("gather", "--manifest", sharded)
        assert "neither --out nor --cache" in postcast(*asked).error
        told = postcast(*asked, "--out", tmp_path / "V").error
        assert "4 of 4 shards are not done: 4 missing (0, 1, 2, 3)" in told

    def test_of_a_newer_manifest(self, postcast, sharded, tmp_path):
        from pathlib import Path

        path = Path(sharded)
        path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
        for command in (("embed-shard", "--index", 0), ("gather", "--out", tmp_path / "V")):
            told = postcast(*command, "--manifest", path).error
            assert "format 99; expected at most 1; install the newer postcast" in told
