"""The audit before a training: what would be learned from is refused, the rest is told."""

import io
import json

import numpy as np
import polars as pl
import pytest
from tests.conftest import records

from postcast import Settings, read_posts, train
from postcast.audit import read_with_cells
from postcast.audit.in_training import audit_training, warnings_of
from postcast.errors import LeakError, SettingsError
from postcast.learning.division import How, divide

FAST = {"encoder": "tfidf", "classifier": "linear"}


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """Bootstrap 50 times in place of 1,000: intervals have tests of their own."""
    from postcast.evaluate.resampling import resample

    monkeypatch.setitem(resample.__kwdefaults__, "draws", 50)


@pytest.fixture
def never_learning(monkeypatch):
    def learn(*arguments):
        raise AssertionError("the long work began")

    monkeypatch.setattr("postcast.training._learn", learn)


def with_columns(**columns):
    """Return the records with further columns, each made of a record."""
    return [row | {name: make(row) for name, make in columns.items()} for row in records()]


def looked_at(source, **settings):
    """Audit a source as `train` does."""
    chosen = Settings(**settings)
    if isinstance(source, list | pl.DataFrame | io.BytesIO):
        posts, cells = read_with_cells(source, chosen)
    else:
        posts, cells = source, None
    return audit_training(posts, cells, divide(posts, How(seed=chosen.seed)), chosen)


def replies(row):
    return f"{row['text']} {'so good' * (row['saves'] // 10)} {row['id']}"


def tier(row):
    return ("bronze", "silver", "gold")[row["saves"] // 20]


@pytest.mark.parametrize(
    ("setting", "role", "make"),
    [
        ({"text_col": ("replies",)}, "text", replies),
        ({"text_col": ("text", "replies")}, "text", replies),
        ({"title_col": "replies"}, "title", replies),
        ({"tags_col": "replies"}, "tags", replies),
        ({"image_col": "replies"}, "image", replies),
        ({"author_col": "replies"}, "author", lambda row: row["author"]),
    ],
)
def test_a_late_column_in_any_role_is_refused(never_learning, tmp_path, setting, role, make):
    rows, out = with_columns(replies=make), tmp_path / "RUN"
    with pytest.raises(LeakError, match=f"column 'replies', taken as {role}, is known only after"):
        train(rows, FAST | setting, out=out)
    assert not out.exists()
    with pytest.raises(AssertionError, match="the long work began"):
        train(rows, FAST | setting | {"allow_leaks": ("replies",)}, out=out)


def test_the_refusal_says_what_to_do():
    rows = with_columns(**{"top replies": replies})
    with pytest.raises(LeakError, match="choose another column, or insist with --allow-leaks 'top"):
        looked_at(rows, text_col=("top replies",))


@pytest.mark.parametrize(
    ("role", "make", "says"),
    [
        ("tags", tier, "alone explains the count"),
        ("title", lambda row: row["saves"] / 7, "all but tells the count"),
    ],
)
def test_a_column_that_tells_the_count_is_refused_where_it_is_read(role, make, says):
    rows, setting = with_columns(x=make), {f"{role}_col": "x"}
    with pytest.raises(LeakError, match=rf"column 'x', taken as {role}, {says} \(macro-F1 [01]\."):
        looked_at(rows, **setting)
    found = looked_at(rows, **setting, allow_leaks=("x",))
    assert [(one.subject, one.is_leak, one.is_allowed) for one in found.findings] == [
        ("x", True, True)
    ]


@pytest.mark.parametrize("thresholds", [(), (-0.5, 0.5)])
def test_it_is_refused_against_the_authors_own_mean_too(never_learning, thresholds):
    setting = {"title_col": "x", "target": "relative", "thresholds": thresholds}
    with pytest.raises(LeakError, match="column 'x', taken as title, all but tells the count"):
        train(with_columns(x=lambda row: row["saves"] / 7), FAST | setting)


def test_the_same_column_is_only_told_where_nothing_reads_it():
    [finding] = looked_at(with_columns(x=tier)).findings
    assert (finding.subject, finding.is_leak, finding.is_allowed) == ("x", True, False)
    assert finding.dealt_with == "postcast does not read it"


def test_a_late_text_that_is_allowed_is_told_with_what_it_is_worth():
    rows = with_columns(replies=replies)
    found = looked_at(rows, text_col=("replies",), allow_leaks=("replies",))
    [line] = warnings_of(found)
    assert line.startswith("Column 'replies' is known only after publishing; read as text all the ")
    [finding] = found.findings
    assert finding.worth.score.value > finding.worth.score_without.value + 0.3
    assert f"its words {finding.worth.score.value:.3f}, the commonest class" in line


def test_prepared_posts_are_refused_by_what_they_still_tell():
    late = read_posts(with_columns(replies=replies), {"text": "replies"})
    with pytest.raises(LeakError, match="column 'replies', taken as text"):
        looked_at(late)
    telling = read_posts(with_columns(x=tier), {"tags": "x"})
    with pytest.raises(LeakError, match="column 'x', taken as tags, alone explains"):
        looked_at(telling)
    assert looked_at(telling, allow_leaks=("x",)).leaks == ()


def test_prepared_posts_have_no_other_columns_to_find():
    rows = with_columns(comments=lambda row: row["saves"] * 3)
    assert [one.subject for one in looked_at(rows).findings] == ["comments"]
    assert looked_at(read_posts(rows)).findings == ()


def test_rows_that_are_left_out_do_not_shift_what_is_judged():
    rows = with_columns(x=tier)
    rows[5:5] = [rows[5] | {"id": f"no-{i}", "saves": None} for i in range(7)]
    with pytest.raises(LeakError, match="column 'x'"):
        looked_at(read_posts(rows, {"tags": "x"}))


def test_any_source_is_read_once_and_audited():
    rows = with_columns(comments=lambda row: row["saves"] * 3)
    lines = io.BytesIO("\n".join(map(json.dumps, rows)).encode())
    for source in (rows, pl.DataFrame(rows), lines):
        assert [one.subject for one in looked_at(source).leaks] == ["comments"]


@pytest.mark.parametrize("kind", ["row order", "copies", "author"])
def test_what_no_column_is_to_blame_for_never_stops_a_training(kind):
    rows = records()
    if kind == "row order":
        rows = sorted(rows, key=lambda row: -row["saves"])
    elif kind == "copies":
        rows += [row | {"id": f"again-{row['id']}"} for row in rows[:40]]
    else:
        rng = np.random.default_rng(1)
        for i, row in enumerate(rows):
            row["text"] = str(row["text"]).split(" ", 1)[1]
            row["saves"] = int(20 * (i % 4) + rng.integers(8))
    found = looked_at(rows)
    is_leak = kind != "copies"  # which stand on one side of the split that is used
    assert [(one.kind, one.is_leak) for one in found.findings] == [(kind, is_leak)]
    assert len(warnings_of(found)) == is_leak
    assert all(found.findings[0].dealt_with in line for line in warnings_of(found))


def test_a_leak_is_warned_of_once_and_training_goes_on(caplog):
    rows = with_columns(comments=lambda row: row["saves"] * 3)
    forecaster = train(rows, FAST)
    assert forecaster.scorecard.macro_f1.value > 0.8
    lines = [line for line in caplog.messages if "comments" in line]
    assert len(lines) == 1
    assert "known only after publishing" in lines[0]
    assert "postcast does not read it (macro-F1: the text and comments " in lines[0]


def test_an_allowed_subject_must_exist_in_the_source(never_learning):
    with pytest.raises(SettingsError, match="did you mean 'text'"):
        train(records(), FAST | {"allow_leaks": ["txt"]})


def test_it_follows_the_division_of_the_training():
    posts, cells = read_with_cells(with_columns(x=tier), Settings())
    divisions = [divide(posts, How(split="stratified", seed=seed)) for seed in (1, 1, 2)]
    told = [
        json.dumps(audit_training(posts, cells, one, Settings()).to_dict()) for one in divisions
    ]
    assert told[0] == told[1]
    assert told[0] != told[2]


@pytest.mark.parametrize(
    ("file", "subjects"),
    [("pinterest", {"copies", "row order"}), ("reddit", {"Comments", "row order"})],
)
def test_real_posts_are_not_stopped(data_folder, file, subjects):
    posts, cells = read_with_cells(data_folder / f"{file}.csv", Settings())
    found = audit_training(posts, cells, divide(posts, How()), Settings())
    assert {one.subject for one in found.findings} == subjects
