"""`postcast rank`, `update` and `drift`: exit codes, sentences, JSON, files, bad input."""

import csv
import io
import json
import shutil

import pytest
from tests.conftest import records

pytestmark = pytest.mark.usefixtures("few_draws")


def later(n=120, seed=9):
    """Posts after those of the training."""
    made = records(240 + n, seed=seed)[240:]
    return [{**row, "id": f"n{i}"} for i, row in enumerate(made)]


def lines(rows):
    return "\n".join(json.dumps(row) for row in rows).encode()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from postcast import read_posts, train

    folder = tmp_path_factory.mktemp("trained") / "RUN"
    train(read_posts(records()), {"encoder": "tfidf"}, out=folder)
    return folder


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "RUN")


DRAFTS = lines(
    [
        {"id": name, "text": f"{name} word{n}", "author": "a1"}
        for n, name in enumerate(("dull", "easy", "plain"))
    ]
)


def test_rank_tells_the_order_and_how_far_to_trust_it(postcast, run, tmp_path):
    answer = postcast("rank", run, "-", "--out", tmp_path / "o.csv", "--quiet", stdin=DRAFTS)
    assert answer.code == 0
    order = [line.split()[1] for line in answer.out.splitlines()[1:4]]
    assert order == ["easy", "plain", "dull"]
    assert "put the better one first" in answer.out
    assert "author median 50%" in answer.out
    rows = list(csv.DictReader(io.StringIO((tmp_path / "o.csv").read_text())))
    assert [row["id"] for row in rows] == order
    told = postcast("rank", run, "-", "--json", "--quiet", stdin=DRAFTS).json
    assert [row["id"] for row in told["drafts"]] == order
    assert told["pairwise"]["baselines"]["author_median"]["value"] == 0.5


def test_rank_without_a_scorecard_calls_nothing(postcast, run):
    answer = postcast("rank", run / "forecaster", "-", stdin=DRAFTS)
    assert answer.code == 0
    assert "no scorecard beside the forecaster" not in answer.out  # it stands beside the folder
    (run / "scorecard.json").unlink()
    answer = postcast("rank", run, "-", stdin=DRAFTS)
    assert "Every two drafts are therefore too close to call" in answer.out
    assert answer.out.count("too close to call with") == 3


def test_rank_of_one_draft_and_of_hostile_ids(postcast, run):
    one = lines([{"id": "<b>\u001b[31m" + "x" * 99, "text": "easy", "author": "a1"}])
    answer = postcast("rank", run, "-", "--quiet", stdin=one)
    assert answer.code == 0
    assert "\u001b" not in answer.out


def test_update_then_update_again(postcast, run):
    first = postcast("update", run, "-", "--quiet", stdin=lines(later()))
    assert first.out.startswith("120 of 120 posts with a count entered the memory")
    again = postcast("update", run, "-", "--json", stdin=lines(later())).json
    assert (again["taken"], again["known"], again["changed"]) == (0, 120, False)
    told = postcast("predict", run, "--text", "easy", "--author", "a1").out
    assert "before 120 newer posts entered its memory" in " ".join(told.split())


def test_drift_exits_0_while_it_holds_and_1_when_not(postcast, run, tmp_path, rng):
    rows = later()
    good = postcast("drift", run, "-", "--out", tmp_path / "d", "--quiet", stdin=lines(rows))
    assert good.code == 0
    assert good.out.startswith("This forecaster still holds on 120 newer posts")
    assert max(map(len, good.out.partition("Page: ")[0].splitlines())) <= 88
    names = {path.name for path in (tmp_path / "d").iterdir()}
    assert names == {"drift.html", "drift.json", "drift.txt", "figures"}
    page = (tmp_path / "d" / "drift.html").read_text()
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    counts = rng.permutation([row["saves"] for row in rows]).tolist()
    bad = [{**row, "saves": count} for row, count in zip(rows, counts, strict=True)]
    answer = postcast("drift", run, "-", "--json", "--quiet", stdin=lines(bad))
    assert answer.code == 1
    assert json.loads(answer.out)["verdict"] == "no longer holds"


def test_text_of_users_is_escaped_on_the_page(postcast, run, tmp_path):
    path = tmp_path / "<script>alert(1)</script>.jsonl".replace("/", "_")
    path.write_bytes(lines([{**row, "author": "<script>x"} for row in later()]))
    answer = postcast("drift", run, path, "--out", tmp_path / "d", "--quiet")
    assert answer.code in (0, 1)
    assert "<script" not in (tmp_path / "d" / "drift.html").read_text()


@pytest.mark.parametrize("command", ["rank", "update", "drift"])
def test_bad_input_is_one_line(postcast, run, tmp_path, command):
    assert "no folder" in postcast(command, tmp_path / "none", "-", stdin=DRAFTS).error
    assert "no" in postcast(command, run, tmp_path / "none.csv").error
    assert "expected" in postcast(command, run, "-", stdin=b"").error
    (run / "forecaster" / "bank.json").write_text("{}")
    assert "bank.json" in postcast(command, run, "-", stdin=lines(later())).error


def test_folders_that_may_not_be_written_are_refused(postcast, run, tmp_path):
    posts = lines(later())
    assert "holds a run" in postcast("drift", run, "-", "--out", run, stdin=posts).error
    assert "already" in postcast("update", run, "-", "--out", tmp_path, stdin=posts).error
    assert "no count column" in postcast("update", run, "-", stdin=DRAFTS).error
    (run / "run.json").write_text("{")
    before = (run / "forecaster" / "manifest.json").read_bytes()
    assert "run.json is broken" in postcast("update", run, "-", stdin=posts).error
    assert (run / "forecaster" / "manifest.json").read_bytes() == before
