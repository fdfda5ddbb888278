"""A run that learns on: what enters its memory, what never does, and that it is never half done."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from tests.conftest import records

from postcast import Post, load, read_posts, train
from postcast.errors import OutputError, PostcastError
from postcast.files import alone_in
from postcast.storage import mend
from postcast.update import update

STRONG = {"encoder": "tfidf", "classifier": "strong"}


def rows_from(start, n=40, seed=5, **values):
    """Posts after those of the training, with ids and texts of their own."""
    made = records(240 + n, seed=seed)[240:]
    return [
        {**row, "id": f"n{start + i}", "text": f"{row['text']} later{start + i}", **values}
        for i, row in enumerate(made)
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("postcast.runs.folder.write_scorecard", _card_alone)
        folder = tmp_path_factory.mktemp("trained") / "RUN"
        train(records(), STRONG, out=folder)
    return folder


def _card_alone(folder, forecaster, tested):
    (folder / "figures").mkdir()
    (folder / "scorecard.txt").write_text("")
    (folder / "scorecard.json").write_text(json.dumps(tested.scorecard.to_dict()))
    return {}


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "RUN")


def files(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def draft(author="a1"):
    return Post(text="plain word3 word4", author=author, time=datetime(2024, 3, 1, tzinfo=UTC))


def test_an_author_whose_later_posts_did_well_is_forecast_higher(run):
    before = load(run).predict(draft())
    done = update(run, read_posts(rows_from(0, author="a1", saves=900)))
    assert (done.taken, done.posts, done.changed) == (40, 40, True)
    after = load(run).predict(draft())
    assert after.expected_count > before.expected_count
    poor = update(run, read_posts(rows_from(100, n=60, author="a2", saves=0)))
    assert poor.taken == 60
    assert load(run).predict(draft("a2")).expected_count < load(run).predict(draft()).expected_count


def test_only_the_memory_changes(run):
    before = files(run)
    update(run, read_posts(rows_from(0)))
    changed = {str(name) for name, data in files(run).items() if before.get(name) != data}
    assert changed == {
        "run.json",
        *(f"forecaster/{n}" for n in ("manifest.json", "bank.json", "bank.safetensors")),
        "forecaster/wordings.safetensors",
    }
    assert load(run).scorecard == load(run).scorecard


def test_it_is_told_in_run_json_and_the_same_file_again_changes_nothing(run):
    posts = read_posts(rows_from(0))
    update(run, posts)
    (told,) = json.loads((run / "run.json").read_text())["updates"]
    assert (told["posts"], told["input_sha256"]) == (40, posts.source.sha256)
    before = files(run)
    again = update(run, posts)
    assert (again.taken, again.known, again.changed) == (0, 40, False)
    assert files(run) == before


def test_known_by_id_or_by_text_and_author_and_training_posts_are(run):
    mine = records()[:50]
    done = update(run, read_posts([*mine, *rows_from(0)]))
    assert (done.taken, done.known) == (40, 50)
    renamed = [{**row, "id": f"other{row['id']}"} for row in rows_from(0)]
    assert update(run, read_posts(renamed)).known == 40
    elsewhere = [{**row, "id": f"x{row['id']}", "author": "a3"} for row in rows_from(0)]
    done = update(run, read_posts(elsewhere))
    assert 0 < done.taken < 40  # those that a3 had published already are known


def test_authors_whom_the_training_did_not_know_stay_strangers(run):
    size = len(load(run).bank)
    done = update(run, read_posts(rows_from(0, author="newcomer")))
    assert (done.taken, done.strangers, len(load(run).bank)) == (0, 40, size)
    assert any(
        "not seen in training" in one for one in load(run).predict(draft("newcomer")).warnings
    )


def test_older_posts_are_taken_and_counted(run):
    done = update(run, read_posts(rows_from(0, created_at="2023-01-01T00:00:00Z")))
    assert (done.taken, done.older) == (40, 40)


def test_posts_too_young_wait_until_later_ones_come(trained, tmp_path):
    run = tmp_path / "RUN"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("postcast.runs.folder.write_scorecard", _card_alone)
        train(records(), STRONG | {"maturity": "12h"}, out=run)
    first = rows_from(0, n=30)  # one an hour
    done = update(run, read_posts(first))
    assert (done.unsettled, done.taken) == (12, 18)
    again = update(run, read_posts(first))
    assert (again.taken, again.known, again.unsettled) == (0, 18, 12)
    more = rows_from(0, n=60)
    assert more[:30] == first
    done = update(run, read_posts(more))
    assert (done.known, done.taken, done.unsettled) == (18, 30, 12)


def test_thresholds_that_newer_posts_would_have_are_told_and_not_taken(run):
    before = load(run).rule
    done = update(
        run,
        read_posts(
            rows_from(0, n=60)
            + [
                {
                    **row,
                    "id": f"b{row['id']}",
                    "text": f"b {row['text']}",
                    "saves": row["saves"] + 500,
                }
                for row in rows_from(0, n=60)
            ]
        ),
    )
    assert load(run).rule == before
    assert done.thresholds.trained == before.thresholds
    assert done.thresholds.now[1].low > before.thresholds[1]
    assert done.thresholds.shares["high"].value > 0.5


def test_a_copy_learns_on_and_the_run_stays(run, tmp_path):
    before, out = files(run), tmp_path / "NEW"
    done = update(run, read_posts(rows_from(0)), out=out)
    assert files(run) == before
    assert len(load(out).bank) == len(load(run).bank) + 40 == done.remembered
    assert json.loads((out / "run.json").read_text())["updates"][0]["posts"] == 40
    with pytest.raises(OutputError, match="is there already"):
        update(run, read_posts(rows_from(0)), out=out)


def test_killed_in_the_middle_leaves_the_old_or_the_new(run, monkeypatch):
    size, posts = len(load(run).bank), read_posts(rows_from(0))

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("postcast.storage._write", killed)
        with pytest.raises(KeyboardInterrupt):
            update(run, posts)
    assert len(load(run).bank) == size
    assert list(run.glob(".forecaster*")) == []
    shutil.copytree(run / "forecaster", run / ".forecaster.0123.tmp")  # before it was renamed
    (run / "forecaster").rename(run / ".forecaster.0123.old")
    assert len(load(run).bank) == size
    assert update(run, posts).taken == 40
    assert list(run.glob(".forecaster*")) == []
    with monkeypatch.context() as patch:  # after the memory, before run.json
        patch.setattr("postcast.update._note_in_run", killed)
        with pytest.raises(KeyboardInterrupt):
            update(run, read_posts(rows_from(100)))
    assert update(run, read_posts(rows_from(100))).known == 40
    assert [one["posts"] for one in json.loads((run / "run.json").read_text())["updates"]] == [
        40,
        40,
    ]


def test_one_update_at_a_time(run):
    before = files(run)
    with alone_in(run), pytest.raises(OutputError, match="another process is changing"):
        update(run, read_posts(rows_from(0)))
    assert files(run) == before
    assert update(run, read_posts(rows_from(0))).taken == 40


def test_what_holds_no_posts_takes_newer_ones_and_tells_nothing_of_them(tmp_path):
    run = tmp_path / "RUN"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("postcast.runs.folder.write_scorecard", _card_alone)
        train(records(), STRONG | {"no_posts": True}, out=run)
    before = load(run).predict(draft())
    newer = rows_from(0, author="a1", saves=900)
    newer = [{**row, "id": f"id-of-{row['id']}"} for row in newer]
    assert update(run, read_posts([*records()[:50], *newer])).known == 50
    assert load(run).predict(draft()).expected_count > before.expected_count
    assert update(run, read_posts(newer)).taken == 0
    held = b"".join(files(run).values())
    told = [row[key].encode() for row in newer for key in ("text", "id")]
    assert [one for one in told if one in held] == []


def test_mending_what_is_whole_changes_nothing(run):
    before = files(run)
    mend(run / "forecaster")
    assert files(run) == before


@pytest.mark.parametrize("classifier", ["linear", "majority", "author-median"])
def test_what_draws_on_no_memory_cannot_learn_on(tmp_path, classifier):
    forecaster = train(records(), STRONG | {"classifier": classifier})
    forecaster.save(tmp_path / "forecaster")
    with pytest.raises(PostcastError, match="draws on no remembered posts"):
        update(tmp_path, read_posts(rows_from(0)))


def test_posts_ordered_otherwise_are_refused(run):
    posts = read_posts([{**row, "created_at": None} for row in rows_from(0)])
    with pytest.raises(PostcastError, match="ordered by none; expected by time"):
        update(run, posts)


def test_posts_without_a_text_are_history(run):
    posts = read_posts(rows_from(0, author="a1", saves=900))
    blank = pl.when(pl.int_range(pl.len()) > 0).then(pl.lit("")).otherwise("text").alias("text")
    done = update(run, replace(posts, table=posts.table.with_columns(blank)))
    assert done.taken == 40
    assert update(run, replace(posts, table=posts.table.with_columns(blank))).known == 40
    assert not np.any(load(run).bank.has_text[-39:])
