"""Training: bad input ends before the long work, and the long work is not done twice."""

import json
import os
from itertools import count

import pytest

from postcast import Settings, load, read_posts, train, training
from postcast.errors import EncoderError, OutputError, SettingsError
from postcast.evaluate.resampling import resample

FAST = {"encoder": "tfidf", "classifier": "linear"}
NEURAL = {"encoder": "tfidf", "classifier": "neural", "device": "cpu"}
RESULTS = ("predictions.csv", "scorecard.json", "forecaster/classifier.safetensors")


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setitem(resample.__kwdefaults__, "draws", 50)


@pytest.fixture
def never_learning(monkeypatch):
    def learn(*arguments):
        raise AssertionError("the long work began")

    monkeypatch.setattr("postcast.training._learn", learn)


def test_posts_come_in_many_forms(posts_file):
    rows = [json.loads(line) for line in posts_file.read_text().splitlines()]
    cards = [
        train(posts, settings).scorecard
        for posts, settings in [
            (posts_file, FAST),
            (str(posts_file), Settings(**FAST)),
            (read_posts(posts_file), FAST),
            (rows, FAST),
        ]
    ]
    assert all(card == cards[0] for card in cards)
    assert cards[0].macro_f1.value > 0.8


def test_the_scorecard_tells_how_it_came_to_be(posts_file):
    card = train(posts_file, FAST | {"seed": 5, "maturity": 3}).scorecard
    told = (card.encoder, card.classifier, card.split, card.protocol, card.mode)
    assert told == ("tfidf", "linear", "chronological", "postcast", "frozen")
    assert (card.seed, card.maturity, card.n_train, card.n_test) == (5, "3", 180, 48)
    assert set(card.baselines) == {"majority", "author_median", "tfidf_linear"}


@pytest.mark.parametrize(
    ("classifier", "groups"),
    [
        ("linear", ["text"]),
        ("strong", ["text", "context", "author", "neighbours"]),
        ("majority", []),
    ],
)
def test_the_scorecard_tells_what_the_forecast_leans_on(posts_file, classifier, groups):
    found = train(posts_file, FAST | {"classifier": classifier}).scorecard.importance
    assert list(found) == groups
    if groups:
        assert found["text"].macro_f1_fall.low > 0.1
        assert found["text"].posts == 48


def test_who_publishes_is_leaned_on_where_it_alone_is_read(posts_file):
    rows = [json.loads(line) for line in posts_file.read_text().splitlines()]
    by_author = [row | {"saves": 20 * int(row["author"][1:]) + row["saves"] % 8} for row in rows]
    found = train(by_author, FAST | {"classifier": "author-median"}).scorecard.importance
    assert list(found) == ["author"]
    assert found["author"].macro_f1_fall.low > 0.2


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"encoder": "./nowhere"}, EncoderError),
        ({"encoder": "tfidf", "pooling": "mean"}, SettingsError),
        ({"thresholds": [6, 3]}, SettingsError),
        ({"sed": 1}, SettingsError),
    ],
)
def test_bad_settings_end_before_the_long_work(
    never_learning, posts_file, tmp_path, settings, error
):
    with pytest.raises(error):
        train(posts_file, FAST | settings, out=tmp_path / "RUN")
    assert not (tmp_path / "RUN").exists()


def test_a_foreign_folder_ends_before_the_long_work(never_learning, posts_file, tmp_path):
    with pytest.raises(OutputError, match="not a run's"):
        train(posts_file, FAST, out=tmp_path)


def test_a_finished_run_is_loaded_not_trained(no_pictures, posts_file, tmp_path, monkeypatch):
    first = train(posts_file, FAST, out=tmp_path / "RUN")
    monkeypatch.setattr("postcast.training._learn", None)
    again = train(posts_file, FAST, out=tmp_path / "RUN")
    assert again.scorecard == first.scorecard == load(tmp_path / "RUN").scorecard
    with pytest.raises(OutputError, match="other settings"):
        train(posts_file, FAST | {"seed": 1}, out=tmp_path / "RUN")


def test_a_finished_run_is_of_other_posts_once_an_image_has_changed(
    no_pictures, posts_file, tmp_path, monkeypatch
):
    Image = pytest.importorskip("PIL.Image", reason="SKIPPED: Pillow is not installed")
    rows = [json.loads(line) for line in posts_file.read_text().splitlines()]
    for number, row in enumerate(rows):
        row["image"] = f"{number}.png"
        path = posts_file.parent / row["image"]
        Image.new("RGB", (4, 4), (number, 9, 0)).save(path)
        os.utime(path, (1e9, 1e9))
    posts_file.write_text("\n".join(map(json.dumps, rows)))
    settings, out = FAST | {"image_encoder": "plain"}, tmp_path / "RUN"
    train(posts_file, settings, out=out)
    monkeypatch.setattr("postcast.training._learn", lambda *_: "learned")
    assert train(posts_file, settings, out=out) != "learned"
    changed = posts_file.parent / "7.png"
    os.utime(changed)  # another time, the same bytes
    assert train(posts_file, settings, out=out) != "learned"
    before = changed.read_bytes()
    Image.new("RGB", (4, 4), (200, 9, 0)).save(changed)
    with pytest.raises(OutputError, match="a run of other settings or posts"):
        train(posts_file, settings, out=out)
    assert train(posts_file, settings, out=out, overwrite=True) == "learned"
    changed.write_bytes(before)
    assert train(posts_file, settings, out=out) != "learned"
    changed.unlink()
    with pytest.raises(OutputError, match="a run of other settings or posts"):
        train(posts_file, settings, out=out)


def test_an_interrupted_run_goes_on_with_the_embeddings_it_has(
    tiny_distilbert, no_pictures, posts_file, tmp_path, monkeypatch
):
    settings = {"encoder": str(tiny_distilbert), "classifier": "linear"}

    def interrupt(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr("postcast.training.make_forecaster", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(posts_file, settings, out=tmp_path / "RUN")
    assert [path.name for path in (tmp_path / "RUN").iterdir()] == ["run.json"]
    with monkeypatch.context() as context:
        context.setattr("postcast.features.transformer.encoder.batches", None)
        train(posts_file, settings, out=tmp_path / "RUN")
    monkeypatch.setenv("POSTCAST_CACHE", str(tmp_path / "another"))
    train(posts_file, settings, out=tmp_path / "whole")
    for name in ("predictions.csv", "scorecard.json"):
        continued, whole = (tmp_path / run / name for run in ("RUN", "whole"))
        assert continued.read_bytes() == whole.read_bytes()


class Killed(BaseException):
    """Ends a training as a kill does."""


@pytest.fixture
def often_due(monkeypatch):
    """Every ninth batch a checkpoint is due, whatever the clock says, and every fit is kept."""
    pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")
    asked = count()
    monkeypatch.setattr("postcast.checkpoints.folder.WORTH_KEEPING", 0.0)
    monkeypatch.setattr(
        "postcast.checkpoints.folder.Checkpoints.is_due", lambda _: next(asked) % 9 == 8
    )


def killed(monkeypatch, n_writes, posts, settings, **more):
    """Train until a checkpoint was written so many times."""
    from postcast.checkpoints.folder import Checkpoints

    save, left = Checkpoints.save, [n_writes]

    def counted(self, path, parts):
        done = save(self, path, parts)
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return done

    with monkeypatch.context() as context:
        context.setattr("postcast.checkpoints.folder.Checkpoints.save", counted)
        with pytest.raises(Killed):
            train(posts, settings, **more)


def test_a_killed_training_goes_on_and_leaves_no_trace(
    often_due, no_pictures, posts_file, tmp_path, monkeypatch, caplog
):
    caplog.set_level("INFO")
    run, whole = tmp_path / "RUN", tmp_path / "whole"
    for n_writes in (3, 12, 5):
        killed(monkeypatch, n_writes, posts_file, NEURAL, out=run)
        assert (run / "checkpoints").is_dir()
    caplog.clear()
    train(posts_file, NEURAL, out=run)
    assert "going on from" in caplog.text
    train(posts_file, NEURAL, out=whole)
    for name in RESULTS:
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name
    both = [sorted(p.relative_to(r).as_posix() for p in r.rglob("*")) for r in (run, whole)]
    assert both[0] == both[1]
    assert "checkpoints" not in both[0]


def test_a_fit_that_is_done_is_not_done_again(
    often_due, no_pictures, posts_file, tmp_path, monkeypatch
):
    def interrupt(*_):
        raise Killed

    with monkeypatch.context() as context:
        context.setattr("postcast.training.score", interrupt)
        with pytest.raises(Killed):
            train(posts_file, NEURAL, out=tmp_path / "RUN")
    kept = {p.stem for p in (tmp_path / "RUN" / "checkpoints").rglob("*.safetensors")}
    assert kept == {"main", "unweighted", "linear"}
    monkeypatch.setattr("postcast.models.neural.NeuralClassifier.fit", None)
    monkeypatch.setattr("postcast.models.linear.LinearClassifier.fit", None)
    train(posts_file, NEURAL, out=tmp_path / "RUN")


def test_of_two_that_train_the_same_the_first_to_end_writes_it(
    no_pictures, posts_file, tmp_path, monkeypatch
):
    """A scheduler starts a job again whose first script lives on."""
    settings, out = {"encoder": "tfidf", "classifier": "linear"}, tmp_path / "RUN"
    score, others = training.score, []

    def written():
        found = (out / "run.json").stat()
        return found.st_ino, found.st_mtime_ns

    def overtaken(*asked):
        if not others:
            others.append("other")
            train(posts_file, settings, out=out)
            others.append(written())
        return score(*asked)

    monkeypatch.setattr("postcast.training.score", overtaken)
    mine = train(posts_file, settings, out=out)
    assert written() == others[1]
    assert mine.scorecard == load(out).scorecard
    train(posts_file, settings, out=out, overwrite=True)
    assert written() != others[1]


def test_an_error_after_checkpoints_keeps_the_folder(
    often_due, no_pictures, posts_file, tmp_path, monkeypatch
):
    def fail(*_):
        raise OutputError("the disk is full")

    with monkeypatch.context() as context:
        context.setattr("postcast.training.score", fail)
        with pytest.raises(OutputError):
            train(posts_file, NEURAL, out=tmp_path / "RUN")
    monkeypatch.setattr("postcast.models.neural.NeuralClassifier.fit", None)
    train(posts_file, NEURAL, out=tmp_path / "RUN")
    assert not (tmp_path / "RUN" / "checkpoints").exists()


def test_checkpoints_of_other_settings_are_not_gone_on_from(
    often_due, no_pictures, posts_file, tmp_path, monkeypatch, caplog
):
    caplog.set_level("INFO")
    killed(monkeypatch, 4, posts_file, NEURAL, out=tmp_path / "RUN")
    other = NEURAL | {"seed": 1}
    with pytest.raises(OutputError, match="a run of other settings or posts"):
        train(posts_file, other, out=tmp_path / "RUN")
    assert (tmp_path / "RUN" / "checkpoints").is_dir()
    train(posts_file, other, out=tmp_path / "RUN", overwrite=True)
    assert "is of other settings, posts or versions: removed" in caplog.text
    assert "going on from" not in caplog.text
    train(posts_file, other, out=tmp_path / "whole")
    assert all(
        (tmp_path / "RUN" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
        for name in RESULTS
    )


def test_another_version_begins_anew(
    often_due, no_pictures, posts_file, tmp_path, monkeypatch, caplog
):
    caplog.set_level("INFO")
    killed(monkeypatch, 4, posts_file, NEURAL, out=tmp_path / "RUN")
    monkeypatch.setattr("postcast.training_checkpoint.versions", lambda: {"torch": "0.1"})
    train(posts_file, NEURAL, out=tmp_path / "RUN")
    assert "removed" in caplog.text
    assert "going on from" not in caplog.text


def test_a_run_that_replaces_another_is_gone_on_with_too(
    often_due, no_pictures, posts_file, tmp_path, monkeypatch, caplog
):
    caplog.set_level("INFO")
    run = tmp_path / "RUN"
    train(posts_file, FAST, out=run)
    before = (run / "scorecard.json").read_bytes()
    killed(monkeypatch, 9, posts_file, NEURAL, out=run, overwrite=True)
    assert (run / "scorecard.json").read_bytes() == before
    train(posts_file, NEURAL, out=run, overwrite=True)
    assert "going on from" in caplog.text
    assert load(run).facts["classifier"] == "neural"


def test_what_another_run_left_in_a_finished_one_is_removed(
    often_due, no_pictures, posts_file, tmp_path, monkeypatch
):
    run = tmp_path / "RUN"
    train(posts_file, FAST, out=run)
    killed(monkeypatch, 3, posts_file, NEURAL, out=run, overwrite=True)
    assert (run / "checkpoints").is_dir()
    train(posts_file, FAST, out=run)
    assert not (run / "checkpoints").exists()


def test_without_a_folder_nothing_is_kept_and_no_signal_taken(
    often_due, posts_file, tmp_path, monkeypatch
):
    def never(*_):
        raise AssertionError("nobody asked for that")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("postcast.checkpoints.folder.Checkpoints.__init__", never)
    monkeypatch.setattr("signal.signal", never)
    before = sorted(tmp_path.rglob("*"))
    train(posts_file, NEURAL)
    assert sorted(tmp_path.rglob("*")) == before


def test_one_thread_reckons_however_many_there_are(posts_file, no_pictures, monkeypatch):
    from threadpoolctl import threadpool_info, threadpool_limits

    seen = []
    learn = training.make_forecaster

    def watched(*arguments):
        seen.extend(one["num_threads"] for one in threadpool_info())
        return learn(*arguments)

    monkeypatch.setattr(training, "make_forecaster", watched)
    with threadpool_limits(2):
        train(posts_file, {"encoder": "tfidf", "classifier": "linear"})
    assert seen
    assert set(seen) == {1}
