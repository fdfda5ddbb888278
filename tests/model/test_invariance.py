"""What says nothing about a post changes nothing in its forecast; the same is the same bytes."""

import csv
import io
import json
import shutil

import pytest

from postcast import Post, load, read_posts, train

FAST = {"encoder": "tfidf", "classifier": "linear"}
DRAFTS = [Post(text="easy cake"), Post(text="dull tree", author="a2"), Post(text="ünheard")]


def as_csv(rows, delimiter=",", names=None):
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(names or list(rows[0]))
    writer.writerows(row.values() for row in rows)
    return buffer.getvalue()


FORMS = {
    "other delimiter": lambda rows: as_csv(rows, ";").encode(),
    "tabs": lambda rows: as_csv(rows, "\t").encode(),
    "byte order mark": lambda rows: as_csv(rows).encode("utf-8-sig"),
    "utf-16": lambda rows: as_csv(rows).encode("utf-16"),
    "unix lines": lambda rows: as_csv(rows).replace("\r\n", "\n").encode(),
    "other names": lambda rows: as_csv(
        rows, names=["post_id", "caption", "user", "timestamp", "likes"]
    ).encode(),
    "other columns too": lambda rows: as_csv([r | {"crawled": "x"} for r in rows]).encode(),
    "columns turned round": lambda rows: as_csv(
        [dict(reversed(row.items())) for row in rows]
    ).encode(),
    "json": lambda rows: json.dumps(rows).encode(),
    "json lines": lambda rows: "\n".join(map(json.dumps, rows)).encode(),
    "rows turned round": lambda rows: as_csv(rows[::-1]).encode(),
    "rows shuffled": lambda rows: as_csv(rows[1::2] + rows[::2]).encode(),
}


@pytest.fixture
def learned(learn, tmp_path):
    """Train on a file of some bytes."""

    def learned(data, **settings):
        path = tmp_path / "posts.txt"
        path.write_bytes(data)
        return learn(path, **settings)

    return learned


@pytest.mark.parametrize("form", FORMS)
def test_the_form_of_the_file_changes_nothing(learned, rows, kept, form):
    if not kept:
        kept |= learned(as_csv(rows).encode())
    before, after = kept, learned(FORMS[form](rows))
    assert after["thresholds"] == before["thresholds"]
    assert set(after["answers"]) == set(before["answers"])
    for name, answer in before["answers"].items():
        again = after["answers"][name]
        assert again.forecast == answer.forecast, name
        assert again.set == answer.set, name
        assert again.probabilities == pytest.approx(answer.probabilities, abs=1e-5), name
    assert after["scorecard"].macro_f1.value == pytest.approx(before["scorecard"].macro_f1.value)


@pytest.mark.parametrize("split", ["chronological", "stratified", "grouped"])
def test_the_same_seed_gives_the_same_everything(learn, rows, split):
    assert learn(rows, split=split) == learn(rows, split=split)


def test_a_batch_and_one_by_one_are_the_same(rows, few_draws):
    forecaster = train(read_posts(rows), FAST)
    alone = [forecaster.predict([draft])[0] for draft in DRAFTS]
    for one, together in zip(alone, forecaster.predict(DRAFTS), strict=True):
        assert one.probabilities == pytest.approx(together.probabilities, abs=1e-9)


@pytest.mark.parametrize("encoder", ["tfidf", "folder"])
def test_a_run_carried_elsewhere_answers_the_same(
    rows, few_draws, tmp_path, tiny_distilbert, monkeypatch, encoder
):
    folder = shutil.copytree(tiny_distilbert, tmp_path / "encoder")
    name = "tfidf" if encoder == "tfidf" else str(folder)
    before = train(read_posts(rows), FAST | {"encoder": name})
    expected = before.predict(DRAFTS)
    before.save(tmp_path / "here" / "forecaster")
    shutil.copytree(tmp_path / "here", tmp_path / "elsewhere" / "deeper")
    shutil.rmtree(tmp_path / "here")
    shutil.rmtree(folder)
    monkeypatch.setenv("POSTCAST_CACHE", str(tmp_path / "empty"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load("deeper").predict(DRAFTS) == expected


def test_the_neural_classifier_is_the_same_twice_and_carried(rows, few_draws, tmp_path):
    settings = {"encoder": "tfidf", "classifier": "neural"}
    pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")
    first, second = (train(read_posts(rows[:120]), settings) for _ in range(2))
    assert first.scorecard == second.scorecard
    first.save(tmp_path / "forecaster")
    assert load(tmp_path).predict(DRAFTS) == second.predict(DRAFTS)
