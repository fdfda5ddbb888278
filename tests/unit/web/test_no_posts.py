"""A server of a forecaster that keeps no posts: it answers everything, and tells none of them."""

import csv
import io

import pytest

from postcast import load
from postcast.cli.main import exit_code
from postcast.data.sample import sample_csv
from postcast.web.app import make_app
from postcast.web.schemas import EXAMPLE_POST
from postcast.web.service import Service

TestClient = pytest.importorskip("fastapi.testclient").TestClient

ASKED = "marble-owl"
DRAFT = {
    "title": "Vintage linen dress",
    "text": "An easy linen dress, with soft greens",
    "author": ASKED,
    "time": "2024-09-01T18:00:00Z",
    "tags": ["style"],
}
FORM = {**DRAFT, "time": "2024-09-01T18:00", "tags": "style"}


@pytest.fixture(scope="module")
def closed_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("closed") / "RUN"
    command = ["run", "--encoder", "tfidf", "--no-posts", "--quiet", "--json", "--out", str(out)]
    assert exit_code(command) == 0
    return out


@pytest.fixture(scope="module")
def closed(closed_run):
    service = Service(load(closed_run), load(closed_run), closed_run)
    with TestClient(make_app(service), base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="module")
def secrets():
    """Texts, titles, ids and names of the posts that were learned from, but for what is asked."""
    rows = list(csv.DictReader(io.StringIO(sample_csv())))
    assert {"id", "title", "description", "author"} <= set(rows[0])
    kept = {row[name] for row in rows for name in ("id", "title", "description", "author")}
    told = {ASKED, *filter(lambda one: isinstance(one, str), EXAMPLE_POST.values())}
    return {one for one in kept if len(one) > 5} - told - {DRAFT["title"]}


QUESTIONS = [
    ("get", "/", {}),
    ("post", "/", {"files": {name: (None, value) for name, value in FORM.items()}}),
    *[
        ("post", f"/parts/{name}", {"files": {k: (None, v) for k, v in FORM.items()}})
        for name in ("forecast", "explain", "whatif")
    ],
    (
        "post",
        "/parts/compare",
        {"files": {f"{d}.{k}": (None, v) for d in "ab" for k, v in FORM.items()}},
    ),
    ("get", "/scorecard", {}),
    ("get", "/docs", {}),
    ("get", "/openapi.json", {}),
    ("get", "/model", {}),
    ("get", "/health", {}),
    ("get", "/ready", {}),
    ("get", "/metrics", {}),
    ("get", "/figures/confusion_matrix.svg", {}),
    ("get", "/figures/text_length_engagement.svg", {}),
    ("post", "/forecast", {"json": DRAFT}),
    ("post", "/forecast", {"json": [DRAFT, {"text": "Newsletter"}]}),
    ("post", "/explain", {"json": DRAFT}),
    ("post", "/whatif", {"json": {**DRAFT, "alternatives": ["A linen dress"]}}),
    ("post", "/rank", {"json": [DRAFT, {"text": "Newsletter", "author": ASKED}]}),
]


@pytest.mark.parametrize(("method", "path", "asked"), QUESTIONS)
def test_every_address_answers_and_tells_no_post(closed, secrets, method, path, asked):
    answer = getattr(closed, method)(path, **asked)
    assert answer.status_code == 200, answer.text[:300]
    assert [one for one in secrets if one in answer.text] == []


def test_no_address_was_left_out(closed):
    promised = {(m, path) for path, how in closed.app.openapi()["paths"].items() for m in how}
    assert promised <= {(method, path) for method, path, _ in QUESTIONS}


def test_similar_posts_are_told_by_date_and_count_alone(closed):
    found = closed.post("/explain", json=DRAFT).json()["similar"]
    assert found
    for one in found:
        assert one["text"] is None
        assert one["author"] is None
        assert one["time"]
        assert one["engagement"] >= 0
    page = closed.post("/parts/explain", files={k: (None, v) for k, v in FORM.items()}).text
    [listed] = page.split('<ul class="similar">')[1:]
    assert listed.count("<time") == len(found)
    assert 'class="text"' not in listed
    assert 'class="author"' not in listed


def test_the_secrets_would_be_found(client, secrets):
    """Of a run with posts, the same search does find them."""
    told = client.post("/explain", json=DRAFT).text
    assert [one for one in secrets if one in told]
