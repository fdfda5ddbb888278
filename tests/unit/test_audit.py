"""The audit: each kind of leak is planted and caught, and what is no leak passes."""

import io
import json
from itertools import pairwise

import numpy as np
import pytest
from tests.conftest import records

from postcast import Settings
from postcast.audit import audit, read_with_cells
from postcast.audit.in_training import audit_training
from postcast.errors import SettingsError, SplitError
from postcast.learning.division import How, divide


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """Bootstrap 200 times in place of 1,000: intervals have tests of their own."""
    from postcast.evaluate.resampling import resample

    monkeypatch.setitem(resample.__kwdefaults__, "draws", 200)


def planted(**columns):
    """Return the records with further columns, each made of a record and a generator."""
    rng = np.random.default_rng(11)
    return [row | {name: make(row, rng) for name, make in columns.items()} for row in records()]


def noisy(row, rng):
    """Say roughly what the count is."""
    return int(row["saves"] * 3 + rng.integers(0, 20))


def noise(row, rng):
    return int(rng.integers(0, 1000))


def only_leak(found):
    [leak] = found.leaks
    return leak


def without_words(rows):
    """Take from the texts the one word that tells the count."""
    return [row | {"text": row["text"].split(" ", 1)[1]} for row in rows]


@pytest.mark.parametrize("seed", range(3, 9))
def test_clean_posts_pass(seed):
    assert audit(records(seed=seed)).leaks == ()


def test_clean_posts_with_columns_known_before_pass():
    found = audit(planted(followers=noise, mood=lambda row, rng: ("a", "b")[rng.integers(2)]))
    assert found.findings == ()
    assert found.judged == ("followers", "mood")


def test_the_sample_passes():
    from postcast.data.sample import sample_csv

    assert audit(io.BytesIO(sample_csv().encode())).leaks == ()


@pytest.mark.parametrize("name", ["comments", "num_comments", "ViewCount", "upvote ratio"])
def test_a_column_known_only_after_publishing_is_a_leak(name):
    leak = only_leak(audit(planted(**{name: noisy})))
    assert (leak.kind, leak.subject) == ("known after", name)
    assert leak.worth.alone.value > 0.8
    assert "known only after publishing" in leak.sentence
    assert str(leak.worth.score_without) in leak.sentence
    assert str(leak.worth.score) in leak.sentence


def test_it_says_what_the_column_would_have_been_worth():
    leak = only_leak(audit(without_words(planted(comments=noisy))))
    assert leak.worth.score_without.value < 0.5
    assert leak.worth.score.value > 0.8
    assert leak.worth.difference.low > 0.2


def test_a_late_column_that_tells_nothing_is_a_warning():
    found = audit(planted(comments=noise))
    assert found.leaks == ()
    [warning] = found.findings
    assert (warning.kind, warning.subject, warning.is_leak) == ("known after", "comments", False)


def test_a_later_edit_is_a_leak_by_its_delay():
    def edited(row, rng):
        minutes = row["saves"] * 10 + int(rng.integers(0, 30))
        return str(np.datetime64(row["created_at"][:-1]) + np.timedelta64(minutes, "m")) + "Z"

    assert only_leak(audit(planted(edited_at=edited))).subject == "edited_at"


def test_a_crawl_at_a_fixed_delay_is_no_leak():
    found = audit(planted(crawled_at=lambda row, rng: row["created_at"].replace("2024", "2025")))
    assert found.leaks == ()


def test_the_count_under_another_name_is_a_leak():
    leak = only_leak(audit(planted(x1=lambda row, rng: row["saves"] / 7)))
    assert (leak.kind, leak.subject) == ("too good", "x1")


def test_a_column_that_adds_too_much_is_a_warning():
    def hint(row, rng):
        return row["saves"] + int(rng.integers(0, 40))

    found = audit(without_words(planted(quality=hint)))
    assert found.leaks == ()
    assert [(one.kind, one.subject) for one in found.findings] == [("too good", "quality")]


@pytest.mark.parametrize("sign", [1, -1])
def test_rows_stored_by_their_counts_are_a_leak(sign):
    rows = sorted(records(), key=lambda row: sign * row["saves"])
    leak = only_leak(audit(rows))
    assert (leak.kind, leak.subject) == ("row order", "row order")
    assert ("ascending" if sign == 1 else "descending") in leak.sentence
    assert leak.worth.alone.value > 0.8


def test_rows_stored_in_runs_of_descending_counts_are_a_leak():
    rows = records()
    runs = [sorted(rows[i::4], key=lambda row: -row["saves"]) for i in range(4)]
    assert only_leak(audit([row for run in runs for row in run])).kind == "row order"


def test_rows_stored_by_roughly_their_counts_are_a_leak(rng):
    rows = sorted(records(), key=lambda row: row["saves"] + rng.uniform(0, 60))
    assert only_leak(audit(rows)).kind == "row order"


def test_counts_that_grow_with_time_are_no_leak_of_the_row_order():
    rows = [row | {"saves": row["saves"] + i} for i, row in enumerate(records())]
    found = audit(rows)
    assert found.leaks == ()
    assert "time orders the rows" in next(f.sentence for f in found.findings)


def test_authors_stored_apart_newest_first_are_no_leak_either():
    rows = [row | {"saves": row["saves"] + i} for i, row in enumerate(records())]
    newest_first = sorted(rows, key=lambda row: row["created_at"], reverse=True)
    found = audit(sorted(newest_first, key=lambda row: row["author"]))
    assert found.leaks == ()
    assert "time orders the rows" in next(f.sentence for f in found.findings)


def test_near_copies_that_only_a_random_split_would_part_are_a_note():
    rows = records()
    copies = [
        row | {"id": f"copy-{row['id']}", "text": row["text"] + "!", "created_at": other}
        for row, other in zip(rows[:30], [r["created_at"] for r in rows[100:130]], strict=True)
    ]
    found = audit(rows + copies)
    assert found.leaks == ()
    [note] = found.findings
    assert (note.kind, note.subject) == ("copies", "copies")
    assert "A random split would test on" in note.sentence
    assert "postcast's own splits keep copies together" in note.sentence


def with_copies(rows, n_copies):
    """Add copies whose counts are those of their originals, and which no other word tells."""
    return [*rows, *(row | {"id": f"copy-{row['id']}"} for row in rows[:n_copies])]


@pytest.mark.parametrize(("n_copies", "is_leak"), [(12, False), (200, True)])
def test_copies_on_both_sides_of_the_split_are_a_leak_where_they_surely_give_away(
    n_copies, is_leak
):
    rows = [row | {"text": f"{row['text']} only{i}"} for i, row in enumerate(records())]
    posts, cells = read_with_cells(with_copies(without_words(rows), n_copies), Settings())
    division = divide(posts, How(protocol="reference"))
    found = audit_training(posts, cells, division, Settings())
    [finding] = [one for one in found.findings if one.kind == "copies"]
    assert finding.is_leak is is_leak
    assert "The split tests on" in finding.sentence
    difference = finding.worth.difference
    assert (difference.low > 0) is is_leak


def test_a_single_copy_is_no_leak():
    rows = records()
    assert audit([*rows, rows[0] | {"id": "again"}]).leaks == ()


def by_author(row, rng):
    return 20 * int(row["author"][1:]) + int(rng.integers(0, 8))


def test_an_author_that_alone_explains_the_count_is_a_leak():
    leak = only_leak(audit(without_words(planted(saves=by_author))))
    assert (leak.kind, leak.subject) == ("author", "author")
    assert leak.worth.alone.value > 0.8
    assert leak.worth.difference.low > 0.2
    assert "authors that training never saw" in leak.sentence


def test_an_author_that_tells_most_of_what_is_forecast_is_a_warning():
    def roughly(row, rng):
        return by_author(row, rng) + int(rng.integers(0, 60))

    found = audit(without_words(planted(saves=roughly)))
    assert [(one.kind, one.is_leak) for one in found.findings] == [("author", False)]


def test_a_source_that_alone_explains_the_count_is_a_leak():
    rows = planted(feed=lambda row, rng: f"https://www.site{row['saves'] // 20}.org/{row['id']}")
    leak = only_leak(audit(without_words(rows)))
    assert (leak.kind, leak.subject) == ("source", "feed")


def test_an_allowed_leak_is_told_but_does_not_count():
    rows = planted(comments=noisy)
    found = audit(rows, Settings(allow_leaks=("comments",)))
    assert found.leaks == ()
    [finding] = found.findings
    assert finding.is_leak
    assert finding.is_allowed


def test_a_subject_that_does_not_exist_cannot_be_allowed():
    with pytest.raises(SettingsError, match="did you mean 'comments'"):
        audit(planted(comments=noisy), Settings(allow_leaks=("coments",)))


def test_free_text_is_not_judged():
    found = audit(planted(note=lambda row, rng: f"{row['id']} {rng.integers(1000)}"))
    assert found.not_judged == ("note",)


def test_posts_too_few_to_split_are_refused():
    with pytest.raises(SplitError):
        audit(records(20))


def test_it_reads_open_files_and_prepared_tables(tmp_path):
    from postcast.data.read import read_posts, write_prepared

    rows = sorted(planted(comments=noisy), key=lambda row: row["saves"])
    lines = io.BytesIO("\n".join(map(json.dumps, rows)).encode())
    assert {one.subject for one in audit(lines).leaks} == {"comments", "row order"}
    write_prepared(read_posts(rows), tmp_path / "posts.parquet")
    found = audit(tmp_path / "posts.parquet")
    assert {one.subject for one in found.leaks} == {"row order"}
    assert found.judged == ()


def test_the_same_posts_give_the_same_answer():
    rows, settings = planted(comments=noisy), Settings(split="stratified", seed=5)
    one, other = (json.dumps(audit(rows, settings).to_dict()) for _ in range(2))
    assert one == other
    assert one != json.dumps(audit(rows, Settings(split="stratified", seed=6)).to_dict())


def test_leaks_come_first():
    found = audit(planted(views=noise, comments=noisy))
    assert [one.subject for one in found.findings] == ["comments", "views"]
    assert all(a.is_leak >= b.is_leak for a, b in pairwise(found.findings))


@pytest.mark.parametrize(("file", "kinds"), [("reddit", {"Comments", "row order"})])
def test_real_posts(data_folder, file, kinds):
    assert {one.subject for one in audit(data_folder / f"{file}.csv").leaks} == kinds
