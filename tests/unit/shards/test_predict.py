"""Drafts in shards: the forecasts of all together, to the last byte."""

import io
import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from tests.conftest import records

from postcast.cli.main import exit_code
from postcast.data.read import read_drafts
from postcast.errors import ForecasterError, ShardError
from postcast.runs.results import forecasts_csv
from postcast.saved import load
from postcast.shards.predict import (
    Question,
    forecast_shards,
    gather_forecasts,
    make_draft_shards,
)
from postcast.shards.results import Result, read_result, states, write_result


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "posts.jsonl").write_text("\n".join(map(json.dumps, records())))
    told = ["--encoder", "tfidf", "--quiet", "--out", str(folder / "RUN")]
    assert exit_code(["run", str(folder / "posts.jsonl"), *told]) == 0
    return folder / "RUN"


@pytest.fixture
def drafts():
    """Later posts of the same authors and of strangers, one without a time or a text each."""
    rows = records(330, seed=11)[240:]  # after the 240 that were learned from
    rows[4]["created_at"] = ""
    rows[5]["text"] = ""
    rows[6]["author"] = "a-new-author"
    rows[7]["text"] = rows[8]["text"]
    return read_drafts([{k: v for k, v in row.items() if k != "saves"} for row in rows])


def forecast(manifest, out):
    forecast_shards(manifest, range(len(manifest)))
    gather_forecasts(manifest, out)
    return out.read_text("utf-8")


@pytest.mark.parametrize("n_shards", [1, 4, 90])
def test_forecasts_are_those_of_all_together(run, drafts, tmp_path, n_shards):
    manifest = make_draft_shards(drafts, n_shards, tmp_path / "S", Question(run), "drafts.csv")
    from postcast.features.assemble import drafts_of_table

    together = drafts_of_table(drafts)
    expected = forecasts_csv(load(run).forecast(together), together.authors)
    assert forecast(manifest, tmp_path / "f.csv") == expected
    assert pl.read_csv(tmp_path / "f.csv")["id"].to_list() == drafts["id"].to_list()


def test_when_authors_publish_is_known_across_shards(run, drafts, tmp_path, monkeypatch):
    """Without the other drafts' times some forecasts would differ."""
    expected = forecast(
        make_draft_shards(drafts, 90, tmp_path / "S", Question(run), "drafts.csv"),
        tmp_path / "f.csv",
    )
    monkeypatch.setattr("postcast.shards.predict._published", lambda *_: None)
    manifest = make_draft_shards(drafts, 90, tmp_path / "T", Question(run), "drafts.csv")
    assert forecast(manifest, tmp_path / "g.csv") != expected


def test_nothing_that_came_of_a_post_stands_in_a_shard(run, tmp_path):
    counted = read_drafts(records(10))
    manifest = make_draft_shards(counted, 2, tmp_path / "S", Question(run), "posts.csv")
    assert "engagement" not in pl.read_parquet(manifest.shard_path(0)).columns


def test_moved_thresholds_and_another_run_give_other_results(run, drafts, tmp_path):
    plain, moved = (
        make_draft_shards(drafts, 3, tmp_path / str(at), Question(run, at), "drafts.csv")
        for at in (None, (10.0, 30.0))
    )
    assert plain.shards == moved.shards
    assert plain.result_path(0, "cpu").name != moved.result_path(0, "cpu").name
    text = forecast(moved, tmp_path / "f.csv")
    assert text != forecast(plain, tmp_path / "g.csv")


def test_a_run_that_changed_is_refused(run, drafts, tmp_path):
    import shutil

    shutil.copytree(run, tmp_path / "RUN")
    question = Question(tmp_path / "RUN")
    manifest = make_draft_shards(drafts, 3, tmp_path / "S", question, "drafts.csv")
    path = tmp_path / "RUN" / "forecaster" / "manifest.json"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(ForecasterError, match="has changed"):
        forecast_shards(manifest, [0])
    shutil.rmtree(tmp_path / "RUN")
    with pytest.raises(ForecasterError, match="no folder"):
        forecast_shards(manifest, [0])


def test_gathering_names_what_is_missing(run, drafts, tmp_path):
    manifest = make_draft_shards(drafts, 5, tmp_path / "S", Question(run), "drafts.csv")
    forecast_shards(manifest, manifest.stride(0, 2))
    assert states(manifest) == ["done", "missing", "done", "missing", "done"]
    with pytest.raises(ShardError, match=r"2 missing \(1, 3\); postcast predict-shard"):
        gather_forecasts(manifest, tmp_path / "f.csv")
    assert not (tmp_path / "f.csv").exists()
    with pytest.raises(ShardError, match="posts to predict; expected posts to embed"):
        manifest.check_kind("embed")
    assert replace(manifest, posts="x") != manifest


@pytest.mark.parametrize("n_rows", [17, 0])
def test_a_result_of_too_few_forecasts_is_named(run, drafts, tmp_path, n_rows):
    manifest = make_draft_shards(drafts, 5, tmp_path / "S", Question(run), "drafts.csv")
    forecast_shards(manifest, range(5))
    path, shard = manifest.result_path(3, "cpu"), manifest.shards[3]
    table = pl.read_parquet(io.BytesIO(read_result(path, shard).array.tobytes()))
    file = io.BytesIO()
    table.head(n_rows).write_parquet(file)
    write_result(path, shard, Result(np.frombuffer(file.getvalue(), dtype=np.uint8)))
    with pytest.raises(ShardError, match=rf"shard 3 holds {n_rows} forecasts; expected 18, one a"):
        gather_forecasts(manifest, tmp_path / "f.csv")
    assert not (tmp_path / "f.csv").exists()
