"""What-if finds the planted evening, and nothing where there is nothing to find."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from postcast import Post, read_posts, train
from postcast.data.sample import EVENING, sample_csv, sample_posts
from postcast.rank import rank
from postcast.whatif import what_if

MORNING = datetime(2024, 8, 1, 9, tzinfo=UTC)
DRAFT = Post(
    text="A closer look at a modern reading corner, with plenty of natural light. Enjoy",
    author="lemon-attic",
    time=MORNING,
)


@pytest.fixture(scope="module")
def forecaster():
    return train(sample_posts(), {"encoder": "tfidf"})


@pytest.fixture(scope="module")
def chance():
    """A forecaster of posts whose counts were drawn from one another's."""
    header, *rows = csv.reader(io.StringIO(sample_csv()))
    counts = np.random.default_rng(5).permutation([row[-1] for row in rows])
    drawn = [[*row[:-1], str(count)] for row, count in zip(rows, counts, strict=True)]
    return train(
        read_posts([dict(zip(header, row, strict=True)) for row in drawn]), {"encoder": "tfidf"}
    )


def test_the_evening_is_found(forecaster):
    found = what_if(forecaster, DRAFT)
    hour = next(change for change in found.changes if change.kind == "hour")
    assert hour.post.time.hour in EVENING
    assert 0 < hour.low < hour.effect < hour.high
    assert hour.factor > 1.2
    assert (hour.before, hour.after) == (found.forecast, forecaster.predict(hour.post))
    assert "association learned from past posts" in hour.sentence
    assert f"{hour.post.time.hour}:00 UTC" in hour.sentence


def test_an_evening_draft_is_not_sent_elsewhere(forecaster):
    found = what_if(forecaster, replace(DRAFT, time=MORNING.replace(hour=20)))
    assert "hour" not in {change.kind for change in found.changes}


def test_a_lowering_sentence_is_advised_against(forecaster):
    worse = replace(DRAFT, text="Notes on a quiet reading corner. Newsletter this week")
    found = what_if(forecaster, worse)
    length = next(change for change in found.changes if change.kind == "length")
    assert "Newsletter" not in length.post.text


def test_every_alternative_is_answered_as_rank_puts_it(forecaster):
    better = replace(DRAFT, text=f"Easy {DRAFT.text}")
    worse = replace(DRAFT, text=f"{DRAFT.text}. Newsletter this week")
    same = replace(DRAFT, text=f"{DRAFT.text} quietly")
    given = [better, worse, same, DRAFT]
    found = what_if(forecaster, DRAFT, alternatives=given)
    assert [alternative.post for alternative in found.alternatives] == given
    for post, answer in zip(given, found.alternatives, strict=True):
        both = [replace(DRAFT, id="draft"), replace(post, id="alternative")]
        first, second = rank(forecaster, both).drafts
        order = "ahead" if first.id == "alternative" else "behind"
        assert answer.order == ("too close to call" if first.n_too_close else order)
        scores = {first.id: first.score, second.id: second.score}
        assert (answer.draft_score, answer.score) == (scores["draft"], scores["alternative"])
        assert answer.order in answer.sentence
        assert post.text[:40] in answer.sentence
    assert found.alternatives[1].order == "behind"
    assert found.alternatives[1].effect < 0
    assert found.alternatives[3].order == "too close to call"


def test_alternatives_change_nothing_of_the_edits(forecaster):
    many = [replace(DRAFT, text=f"{DRAFT.text} {number}") for number in range(3)]
    alone, beside = what_if(forecaster, DRAFT), what_if(forecaster, DRAFT, alternatives=many)
    assert beside.changes == alone.changes
    assert beside.tried == alone.tried


def test_where_counts_are_chance_hardly_anything_is_proposed(chance):
    rows = [row for row in sample_posts().table.to_dicts()[::12] if row["text"]]
    proposed = 0
    for row in rows:
        post = Post(text=row["text"], author=row["author"], time=row["time"])
        proposed += bool(what_if(chance, post, alternatives=[DRAFT]).changes)
    assert proposed <= 0.1 * len(rows)


@pytest.mark.parametrize("text", ["", "\x00", "half \ud83d", "x" * 20_000, "?" * 50, "🍲"])
def test_any_text_is_answered_as_json(forecaster, sample_forecaster, text):
    for one in (forecaster, sample_forecaster):
        found = what_if(one, replace(DRAFT, text=text))
        json.dumps(found.to_dict(), allow_nan=False)
        assert found.sentences[-1].startswith("These are associations")


def test_without_a_time_no_hour_is_tried_and_it_says_so(forecaster):
    found = what_if(forecaster, replace(DRAFT, time=None))
    assert found.tried < 10
    assert any("has a time" in sentence for sentence in found.sentences)


def test_too_few_posts_are_sure_of_nothing(rows):
    few = train(read_posts(rows[:45]), {"encoder": "tfidf", "classifier": "linear"})
    found = what_if(few, Post(text="easy soup"), alternatives=[Post(text="dull soup")])
    assert found.changes == ()
    assert "of none is it sure" in found.sentences[0]
    [answer] = found.alternatives
    assert answer.order in ("ahead", "behind", "too close to call")
