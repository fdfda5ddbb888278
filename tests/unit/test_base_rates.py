"""How often each class was among the newest past posts, beside all of them."""

import numpy as np
import pytest

from postcast import load, read_posts, train
from postcast.base_rates import NEWEST

FAST = {"encoder": "tfidf", "classifier": "linear"}


def records(n=600, *, n_authors=3, with_time=True, n_risen=200, seed=5):
    """Posts of which the newest do far better than those before."""
    rng = np.random.default_rng(seed)
    words = np.array([f"word{i}" for i in range(300)])
    rows = []
    for i in range(n):
        count = int(rng.integers(50, 100)) if i >= n - n_risen else int(rng.integers(0, 60))
        row = {
            "id": str(((7 + i % n_authors) << 46) | (1 << 36) | i),  # a pin of an account
            "text": " ".join(rng.choice(words, 8)),
            "author": f"a{i % n_authors}",
            "saves": count,
        }
        if with_time:
            row["created_at"] = f"2026-{1 + i // 200:02d}-{1 + i % 200 // 10:02d}T{i % 10:02d}:00"
        rows.append(row)
    return rows


def expected_shares(rows, forecaster):
    """The shares of the classes of some rows, counted by hand."""
    medium, high = forecaster.rule.thresholds
    counts = np.array([row["saves"] for row in rows])
    return (
        (counts < medium).mean(),
        ((counts >= medium) & (counts < high)).mean(),
        (counts >= high).mean(),
    )


@pytest.mark.parametrize("no_posts", [False, True])
def test_the_newest_training_posts_are_counted(tmp_path, no_posts):
    rows = records()
    train(read_posts(rows), {**FAST, "no_posts": no_posts}, out=tmp_path / "RUN")
    forecaster = load(tmp_path / "RUN")
    rates = forecaster.base_rates()
    n_train = forecaster.facts["n_train"]
    assert n_train == 480  # the newest fifth is for testing, and counts for nothing here
    assert rates.n_recent == NEWEST
    newest = rows[n_train - NEWEST : n_train]
    assert rates.recent == pytest.approx(expected_shares(newest, forecaster))
    assert rates.shares == forecaster.rule.shares
    assert rates.moved == "high"
    report = (tmp_path / "RUN" / "report.html").read_text("utf-8")
    card = (tmp_path / "RUN" / "MODEL_CARD.md").read_text("utf-8")
    for sentence in rates.sentences():
        assert sentence in report
        assert sentence in card


def test_ids_order_the_posts_of_each_author(tmp_path):
    rows = records(with_time=False)
    train(read_posts(rows), FAST, out=tmp_path / "RUN")
    forecaster = load(tmp_path / "RUN")
    assert forecaster.bank.ordering == "id"
    rates = forecaster.base_rates()
    assert rates.n_recent == NEWEST
    assert rates.moved == "high"


def test_fewer_posts_are_all_of_them_and_none_without_an_order():
    few = train(read_posts(records(120, n_risen=0)), FAST)
    assert few.base_rates().n_recent == few.facts["n_train"]
    assert few.base_rates().recent == pytest.approx(few.rule.shares, abs=0.05)
    assert few.base_rates().moved is None
    unordered = [
        {k: v for k, v in row.items() if k not in ("id", "created_at")} for row in records(120)
    ]
    forecaster = train(read_posts(unordered), FAST)
    assert forecaster.base_rates().recent is None
    assert forecaster.base_rates().sentences() == ()


def test_an_update_brings_the_newest_posts(tmp_path):
    from postcast.update import update

    rows = records(n_risen=0)
    settings = {"encoder": "tfidf", "classifier": "strong"}
    train(read_posts(rows), settings, out=tmp_path / "RUN")
    before = load(tmp_path / "RUN").base_rates()
    newer = [
        {**row, "id": f"9{row['id']}", "created_at": "2026-06" + row["created_at"][7:], "saves": 99}
        for row in records(220, seed=9)
    ]
    update(tmp_path / "RUN", read_posts(newer))
    after = load(tmp_path / "RUN").base_rates()
    assert before.moved is None
    assert after.recent == (0.0, 0.0, 1.0)
    assert after.shares == before.shares
    assert "high 100%" in after.sentences()[0]
    assert after.moved == "high"
