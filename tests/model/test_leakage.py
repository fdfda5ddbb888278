"""Nothing of a test post is learned: not its count, not its text, not its copies."""

import pytest

LEARNED = ("thresholds", "decision", "calibration", "answers")
SPLITS = ("chronological", "grouped")


def is_test(rows, split):
    """Return which rows test: the newest fifth, or the authors that a run tested on."""
    from postcast import read_posts
    from postcast.learning.division import How, divide

    ids = set(divide(read_posts(rows), How(split=split)).test.ids)
    return [row["id"] in ids for row in rows]


@pytest.mark.parametrize("split", SPLITS)
def test_counts_of_test_posts_change_nothing_but_the_scorecard(learn, rows, split):
    changed = [
        row | {"saves": 3 * row["saves"] + 1} if tests else row
        for row, tests in zip(rows, is_test(rows, split), strict=True)
    ]
    before, after = learn(rows, split=split), learn(changed, split=split)
    for name in LEARNED:
        assert after[name] == before[name], name
    assert after["scorecard"].macro_f1 != before["scorecard"].macro_f1


@pytest.mark.parametrize("split", SPLITS)
def test_texts_of_test_posts_change_nothing_that_was_learned(learn, rows, split):
    tests = is_test(rows, split)
    changed = [
        row | {"text": f"unheard wording {i}"} if test else row
        for i, (row, test) in enumerate(zip(rows, tests, strict=True))
    ]
    before, after = learn(rows, split=split), learn(changed, split=split)
    assert after["thresholds"] == before["thresholds"]
    assert after["calibration"] == before["calibration"]
    for row, test in zip(rows, tests, strict=True):
        if not test:
            assert after["answers"][row["id"]] == before["answers"][row["id"]]


def test_counts_of_training_posts_do_change_what_is_learned(learn, rows):
    tests = is_test(rows, "chronological")
    changed = [
        row if test else row | {"saves": 3 * row["saves"] + 1}
        for row, test in zip(rows, tests, strict=True)
    ]
    assert learn(changed)["thresholds"] != learn(rows)["thresholds"]


def test_an_earlier_copy_of_a_test_post_is_not_learned_from(learn, rows):
    copies = [
        row | {"id": f"copy-{row['id']}", "created_at": "2024-01-01T00:30:00Z", "saves": 10_000}
        for row in rows[-20:]
    ]
    before, after = learn(rows), learn(rows + copies)
    assert after["n_train"] <= before["n_train"]
    assert after["thresholds"][1] < 100


def test_later_posts_change_no_earlier_forecast(learn, rows):
    later = [
        row | {"id": f"later-{i}", "text": f"later {i}", "created_at": f"2030-01-01T00:{i:02}:00Z"}
        for i, row in enumerate(rows[:48])
    ]
    first = learn(rows[:192] + later)
    for row in later:
        row["saves"] = 0
    assert learn(rows[:192] + later)["answers"] == first["answers"]
