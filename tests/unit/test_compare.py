"""`compare`: who is credited with what under which split, and what is left on disk."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from tests.conftest import records

from postcast import compare as comparing
from postcast.compare import SPLITS, Wanted, compare
from postcast.errors import MissingExtraError, OutputError, SettingsError, SplitError
from postcast.evaluate.leaderboard import Board
from postcast.experiment import Contest, Trials, remembers, run_trials
from postcast.features.text import Choice, load_encoder
from postcast.files import write_text
from postcast.reading import read
from postcast.settings import Settings

TFIDF = Settings(encoder="tfidf")
QUICK = ("tfidf-linear", "author-median", "majority")


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """Bootstrap 50 times in place of 1,000: intervals have tests of their own."""
    from postcast.evaluate.resampling import resample

    monkeypatch.setitem(resample.__kwdefaults__, "draws", 50)


@pytest.fixture
def look(tmp_path):
    """Compare records, in this process."""

    def run(rows, splits=SPLITS, classifiers=QUICK, out="COMPARED", settings=TFIDF, **more):
        wanted = Wanted(classifiers=classifiers, splits=splits, **({"jobs": 1} | more))
        return compare(rows, settings, wanted, tmp_path / out)

    return run


def of_authors_alone():
    """Posts whose count is their author's doing, but for one: else it were an author's total."""
    rows = enumerate(records())
    return [row | {"saves": 1 + 30 * int(row["author"][1:]) + (n == 0)} for n, row in rows]


def without(rows, *columns):
    return [{k: v for k, v in row.items() if k not in columns} for row in rows]


def macro_f1(board, split, name, mode="frozen"):
    one = next(b for b in board.boards if (b.split, b.mode) == (split, mode))
    return one.classifiers[name].macro_f1.value


def test_what_an_author_alone_does_is_not_credited_on_authors_never_seen(look):
    board = look(of_authors_alone(), ("cv", "unseen"), ("author-median", "majority"))
    assert macro_f1(board, "cv", "author-median") > 0.9
    assert macro_f1(board, "unseen", "author-median") < 0.4


def test_what_the_text_does_is_credited_under_every_split(look):
    board = look(records())
    assert [(b.split, b.mode) for b in board.boards] == [
        ("cv", "frozen"),
        ("blocks", "frozen"),
        ("chronological", "frozen"),
        ("chronological", "online"),
        ("rolling", "frozen"),
        ("rolling", "online"),
        ("unseen", "frozen"),
    ]
    for one in board.boards:
        gap = one.classifiers["majority"].differences["tfidf-linear"]["macro_f1"]
        assert gap.high < 0
        assert next(iter(one.classifiers)) == "tfidf-linear"
        support = [found.support for found in one.classifiers["majority"].per_class.values()]
        assert sum(support) == one.classifiers["majority"].n_rows == one.n_posts


def test_repeats_are_drawn_anew_and_their_posts_counted_once(look):
    board = look(records(), ("cv",), ("tfidf-linear",), repeats=2)
    (one,) = board.boards
    standing = one.classifiers["tfidf-linear"]
    assert (one.n_posts, standing.n_rows, one.folds) == (240, 480, 10)
    first, second = (row["macro_f1"] for row in standing.repeats)
    assert first != second
    assert standing.mean_of_repeats["macro_f1"] == pytest.approx((first + second) / 2)


def test_a_split_that_the_posts_cannot_have_is_left_out_and_told_everywhere(look, tmp_path):
    board = look(without(records(), "created_at", "author"))
    assert [one.split for one in board.boards] == ["cv"]
    assert set(board.skipped) == {"blocks", "chronological", "rolling", "unseen"}
    assert "nothing orders these posts" in board.skipped["rolling"]
    assert board.skipped["unseen"] == "1 author; unseen needs two or more"
    text, page = ((tmp_path / "COMPARED" / f"compare.{end}").read_text() for end in ("txt", "html"))
    told = json.loads((tmp_path / "COMPARED" / "compare.json").read_text())["skipped"]
    for split, why in board.skipped.items():
        assert f"Left out: {split} ({why})." in " ".join(text.split())
        assert f"Left out: {split} ({why})." in page
        assert {"split": split, "reason": why} in told


def test_a_split_that_was_asked_for_alone_is_refused(look, tmp_path):
    with pytest.raises(SplitError, match="nothing orders these posts"):
        look(without(records(), "created_at"), ("chronological",))
    with pytest.raises(SplitError, match="nothing orders these posts"):
        look(without(records(), "created_at", "author"), ("rolling", "unseen"))
    assert not (tmp_path / "COMPARED").exists()


def test_the_same_bytes_come_twice_however_many_folds_are_worked_on_at_once(look, tmp_path):
    for out, jobs in (("ONE", 1), ("TWO", 2)):
        look(records(), ("cv", "chronological"), out=out, jobs=jobs)
    for name in ("compare.txt", "compare.html", "figures/compare.svg", "figures/compare.png"):
        assert (tmp_path / "ONE" / name).read_bytes() == (tmp_path / "TWO" / name).read_bytes()
    first, second = ((tmp_path / out / "compare.json").read_text() for out in ("ONE", "TWO"))
    seconds = re.compile(r'"fit_seconds": \{[^}]*\}')
    assert seconds.sub("", first) == seconds.sub("", second)


@pytest.mark.parametrize("name", ["tfidf-linear", "linear", "author-median", "majority"])
def test_what_remembers_nothing_answers_alike_in_both_modes(name):
    assert not remembers(name)
    posts = read(records(), TFIDF)
    contest = Contest(classifiers=(name,), load=partial(load_encoder, Choice("tfidf")))
    frozen, online = (
        run_trials(posts, Trials(protocol="rolling", mode=mode), contest)[name].pooled()
        for mode in ("frozen", "online")
    )
    np.testing.assert_array_equal(frozen.probabilities, online.probabilities)
    np.testing.assert_array_equal(frozen.forecast, online.forecast)


def test_what_knows_the_author_s_posts_is_trained_for_each_mode():
    assert remembers("strong")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"classifiers": ("strongg",)}, "classifier 'strongg'.*did you mean 'strong'"),
        ({"classifiers": ("linear", "linear")}, "each once"),
        ({"splits": ("chronologic",)}, "split 'chronologic'.*did you mean 'chronological'"),
        ({"splits": ()}, "each once"),
        ({"repeats": 0}, "repeats 0"),
    ],
)
def test_what_makes_no_sense_is_refused(look, tmp_path, given, says):
    with pytest.raises(SettingsError, match=says):
        look(records(), **given)
    assert not list(tmp_path.iterdir())


def test_who_is_compared_depends_on_what_is_installed(monkeypatch):
    def names(encoder="tfidf"):
        return comparing._checked(Wanted(), encoder).classifiers

    found = {"torch": object()}
    monkeypatch.setattr(comparing.importlib.util, "find_spec", found.get)
    assert names() == (
        "strong", "hypergraph", "neural", "tfidf-linear", "reference", "author-median", "majority"
    )  # fmt: skip
    assert "linear" in names("minilm")
    found.clear()
    assert names() == ("strong", "tfidf-linear", "author-median", "majority")
    with pytest.raises(MissingExtraError, match="leave it out of --classifiers"):
        comparing._checked(Wanted(classifiers=("neural",)), "tfidf")


def test_a_run_s_own_folder_is_refused(look, tmp_path):
    write_text(tmp_path / "COMPARED" / "run.json", "{}")
    with pytest.raises(OutputError, match="holds a run"):
        look(records(), ("cv",))
    assert [one.name for one in (tmp_path / "COMPARED").iterdir()] == ["run.json"]


def test_a_comparison_that_was_interrupted_goes_on_after_the_last_finished_split(
    look, tmp_path, monkeypatch
):
    splits = ("cv", "chronological")
    whole = look(records(), splits, out="WHOLE")

    def stop_at(name, error):
        def run(posts, trials, contest):
            if trials.protocol == name:
                raise error
            return run_trials(posts, trials, contest)

        monkeypatch.setattr(comparing, "run_trials", run)

    stop_at("chronological", KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        look(records(), splits)
    kept = tmp_path / "COMPARED" / "unfinished"
    assert [one.name for one in kept.iterdir()] == ["cv.json"]

    stop_at("cv", AssertionError("done before"))
    with pytest.raises(AssertionError, match="done before"):
        look(records(seed=4), splits)
    again = look(records(), splits)
    assert not kept.exists()
    assert macro_f1(again, "cv", "majority") == macro_f1(whole, "cv", "majority")
    assert (tmp_path / "COMPARED/compare.txt").read_bytes() == (
        tmp_path / "WHOLE/compare.txt"
    ).read_bytes()


def test_what_was_kept_of_other_images_is_not_gone_on_with(look, tmp_path, monkeypatch):
    Image = pytest.importorskip("PIL.Image", reason="SKIPPED: Pillow is not installed")
    Image.new("RGB", (4, 4), "red").save(tmp_path / "one.png")
    rows = [row | {"image": str(tmp_path / "one.png")} for row in records()]
    plain = {"classifiers": ("linear",), "settings": replace(TFIDF, image_encoder="plain")}
    whole = look(rows, ("cv",), out="WHOLE", **plain).posts["images_sha256"]

    def end(out, board):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(comparing, "write_leaderboard", end)
        with pytest.raises(KeyboardInterrupt):
            look(rows, ("cv",), **plain)
    with monkeypatch.context() as context:
        context.setattr(comparing, "run_trials", lambda *_: pytest.fail("run again"))
        assert look(rows, ("cv",), **plain).posts["images_sha256"] == whole
    with monkeypatch.context() as context:
        context.setattr(comparing, "write_leaderboard", end)
        with pytest.raises(KeyboardInterrupt):
            look(rows, ("cv",), **plain)
    Image.new("RGB", (4, 4), "blue").save(tmp_path / "one.png")
    run = []
    monkeypatch.setattr(
        comparing, "run_trials", lambda *given: run.append(given) or run_trials(*given)
    )
    assert look(rows, ("cv",), **plain).posts["images_sha256"] != whole
    assert run


def test_an_error_leaves_no_folder(look, tmp_path, monkeypatch):
    monkeypatch.setattr(comparing, "write_leaderboard", lambda out, board: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        look(records(), ("chronological",), ("majority",))
    assert not (tmp_path / "COMPARED").exists()


def test_a_board_survives_json(look, tmp_path):
    board = look(records(), ("chronological",))
    told = json.loads((tmp_path / "COMPARED" / "compare.json").read_text())
    assert tuple(map(Board.from_dict, told["splits"])) == board.boards
    assert told["posts"]["n"] == 240
    assert len(told["posts"]["sha256"]) == 64
    assert told["settings"]["encoder"] == "tfidf"
    assert "cache" not in told["settings"]
