"""What is asked over HTTP gets what Python gets, and a problem where it makes no sense."""

import concurrent.futures
import json
import time

import pytest
from threadpoolctl import threadpool_info

from postcast import Post, load
from postcast.data.times import parse_time
from postcast.explain import explain
from postcast.rank import rank
from postcast.web.guard import Token
from postcast.web.limits import MIB, Limits
from postcast.web.service import Service
from postcast.whatif import what_if

DRAFT = {"text": "Easy budget lentil soup", "author": "studio-fern"}
POST = Post(**DRAFT)


def test_one_forecast_is_that_of_python(client, forecaster):
    answer = client.post("/forecast", json=DRAFT)
    assert answer.status_code == 200
    assert answer.json() == forecaster.predict(POST).to_dict()


def test_many_forecasts_are_those_of_python(client, forecaster):
    drafts = [DRAFT, {"text": "Newsletter this week", "time": "2024-09-01T18:00:00Z"}]
    posts = [POST, Post(text=drafts[1]["text"], time=parse_time(drafts[1]["time"]))]
    expected = [one.to_dict() for one in forecaster.predict(posts)]
    assert client.post("/forecast", json=drafts).json() == expected


def test_a_form_gets_the_same(client, forecaster, picture):
    given = {**DRAFT, "text": "Easy\r\nsoup", "title": "", "tags": "#a, b"}
    answer = client.post("/forecast", data=given, files={"image": ("../../x.png", picture)})
    expected = forecaster.predict(Post(text="Easy\nsoup", author="studio-fern"))
    assert answer.json() == expected.to_dict()


def test_an_upload_is_gone_once_answered(client, picture):
    client.post("/forecast", data=DRAFT, files={"image": ("x.png", picture)})
    assert list(client.service.uploads.folder.iterdir()) == []


def test_slower_questions_are_those_of_python(client, forecaster):
    assert client.post("/explain", json=DRAFT).json() == explain(forecaster, POST).to_dict()
    other = {**DRAFT, "alternatives": ["Newsletter this week"]}
    changed = [Post(text="Newsletter this week", author="studio-fern")]
    expected = what_if(forecaster, POST, alternatives=changed).to_dict()
    assert client.post("/whatif", json=other).json() == json.loads(json.dumps(expected))
    drafts = [DRAFT, {"text": "Newsletter this week", "author": "studio-fern"}]
    expected = rank(forecaster, [Post(**one) for one in drafts]).to_dict()
    assert client.post("/rank", json=drafts).json() == json.loads(json.dumps(expected))


def test_requests_of_many_at_once_are_answered_as_alone(client, forecaster):
    times = [None, "2024-09-01T18:00:00Z", "2024-09-01T19:00:00Z"]
    authors = ["studio-fern", "marble-owl", None, "a stranger"]
    drafts = [
        {"text": f"Easy soup number {i}", "author": authors[i % 4], "time": times[i % 3]}
        for i in range(48)
    ]

    def ask(draft):
        return client.post("/forecast", json=draft).json()

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, drafts))
    for draft, answer in zip(drafts, answers, strict=True):
        moment = draft["time"] and parse_time(draft["time"])
        post = Post(text=draft["text"], author=draft["author"], time=moment)
        assert answer == forecaster.predict(post).to_dict()
    batches = client.service.metrics._batches["forecasts"]
    assert batches < len(drafts), "nothing was answered together"


def test_a_long_list_is_answered_in_parts_as_at_once(client, forecaster):
    authors = ["studio-fern", "marble-owl", None, "a stranger"]
    drafts = [
        {
            "text": f"Easy soup number {i} " * 90,
            "author": authors[i % 4],
            "time": f"2024-09-{1 + i % 28:02d}T{i % 24:02d}:00:00Z",
        }
        for i in range(60)
    ]
    answers = client.post("/forecast", json=drafts).json()
    posts = [Post(**{**one, "time": parse_time(one["time"])}) for one in drafts]
    assert answers == [one.to_dict() for one in forecaster.predict(posts)]
    text = client.get("/metrics").text
    assert 'postcast_answers_total{lane="forecasts"} 60' in text
    assert 'postcast_batches_total{lane="forecasts"} 1\n' not in text


def test_a_short_question_does_not_wait_for_a_long_list(serve):
    client = serve(Limits(seconds=120.0))
    long = [{"text": f"Soup {i} and word " * 200} for i in range(256)]

    def answered():
        text = client.get("/metrics").text
        return int(text.partition('postcast_answers_total{lane="forecasts"} ')[2].split()[0])

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.post, "/forecast", json=long)
        while 'answers_total{lane="forecasts"}' not in client.get("/metrics").text:
            assert not asked.done()
            time.sleep(0.001)
        assert client.post("/forecast", json=DRAFT).status_code == 200
        assert answered() < 257, "all of the list was forecast first"
        assert len(asked.result().json()) == 256


def test_model_tells_what_answers_and_no_path(client, web_run):
    told = client.get("/model")
    assert told.json()["thresholds"] == [4.0, 13.0]
    assert (
        told.json()["scorecard"]["macro_f1"]["low"] < told.json()["scorecard"]["macro_f1"]["value"]
    )
    assert told.json()["versions"]["postcast"]
    assert str(web_run) not in told.text


def test_health_ready_and_metrics(client):
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ready"}
    client.post("/forecast", json=DRAFT)
    text = client.get("/metrics").text
    assert 'postcast_requests_total{path="/forecast",status="200"} 1' in text
    assert 'postcast_answers_total{lane="forecasts"} 1' in text
    client.service.is_stopping = True
    assert client.get("/ready").status_code == 503


def problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["detail"]
    return told


BAD = [
    (b"", 400),
    (b"{", 400),
    (b"[" * 100_000, 400),
    (b'{"text": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", 400),
    (b'{"text": "\xff"}', 400),
    (b'{"text": "\\ud800"}', 400),
    (b'{"text": "a\\u0000b"}', 422),
    (b'{"text": 7}', 422),
    (b'{"txt": "secret-words"}', 422),
    (b'{"image": "/etc/passwd"}', 422),
    (b'{"time": "yesterday"}', 422),
    (b"[]", 422),
    (b"7", 422),
    (b"null", 422),
    (json.dumps([DRAFT] * 257).encode(), 422),
    (json.dumps({"text": "w" * 10_001}).encode(), 422),
    (json.dumps({"text": "w" * (MIB + 1)}).encode(), 413),
]


@pytest.mark.parametrize(("body", "status"), BAD)
def test_bad_bodies_are_problems_that_repeat_nothing(client, body, status):
    answer = client.post("/forecast", content=body, headers={"content-type": "application/json"})
    problem(answer, status)
    for secret in ("secret-words", "passwd", "yesterday", "wwww", "Traceback", ".py"):
        assert secret not in answer.text


def test_a_long_text_is_told_its_bound_and_its_length(client):
    assert client.post("/forecast", json={"text": "w" * 10_000}).status_code == 200
    told = problem(client.post("/forecast", json={"text": "ß" * 12_345}), 422)
    what = "expected at most 10,000 characters, found 12,345"
    assert told["errors"] == [{"where": "text", "what": what}]
    many = client.post("/rank", json=[DRAFT, {"title": "w" * 2_001}])
    assert problem(many, 422)["errors"][0]["where"] == "1.title"
    other = client.post("/whatif", json={**DRAFT, "alternatives": ["w" * 10_001]})
    assert problem(other, 422)["errors"][0]["where"] == "alternatives.0"
    page = client.post("/parts/forecast", files={"text": (None, "w" * 10_001)})
    assert page.status_code == 422
    assert "Text: expected at most 10,000 characters, found 10,001" in page.text


def test_a_chunked_body_is_bounded_too(client):
    def chunks():
        for _ in range(40):
            yield b'"' + b"w" * 65_536

    answer = client.post(
        "/forecast", content=chunks(), headers={"content-type": "application/json"}
    )
    problem(answer, 413)


def test_other_types_and_methods(client):
    problem(client.post("/forecast", content=b"{}", headers={"content-type": "text/plain"}), 415)
    answer = client.get("/forecast")
    problem(answer, 405)
    assert answer.headers["allow"] == "POST"
    problem(client.get("/nowhere"), 404)


NO_IMAGES = [b"no image", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 64, b"PK\x03\x04" * 100]


@pytest.mark.parametrize("data", [*NO_IMAGES, b""])
def test_what_is_no_image_is_refused_where_images_are_read(serve_seeing, data):
    answer = serve_seeing().post("/forecast", data=DRAFT, files={"image": ("x.png", data)})
    assert answer.status_code == (422 if data else 200)


def test_an_upload_is_not_decoded_where_images_are_not_read(client, forecaster):
    for data in NO_IMAGES:
        answer = client.post("/forecast", data=DRAFT, files={"image": ("x.png", data)})
        assert answer.json() == forecaster.predict(POST).to_dict()
        files = {"a.text": (None, "a"), "b.text": (None, "b"), "a.image": ("x.png", data)}
        assert client.post("/parts/compare", files=files).status_code == 200


def test_an_upload_is_seen_and_then_gone(serve_seeing, picture):
    client = serve_seeing()
    answer = client.post("/forecast", data=DRAFT, files={"image": ("x.png", picture)})
    assert answer.status_code == 200
    assert list(client.service.uploads.folder.iterdir()) == []


def test_uploads_beyond_those_that_are_decoded_are_turned_away(serve_seeing, picture):
    client = serve_seeing(Limits(uploads_at_once=0))
    answer = client.post("/parts/forecast", data=DRAFT, files={"image": ("x.png", picture)})
    assert answer.status_code == 429


def test_an_image_may_not_be_a_name(client):
    problem(client.post("/forecast", files={"image": (None, "/etc/passwd")}), 422)


def test_a_pixel_bomb_is_refused(serve_seeing):
    import io
    import zlib
    from struct import pack

    def chunk(kind, data):
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0))
    data = io.BytesIO(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(9**6))))
    answer = serve_seeing().post("/forecast", data=DRAFT, files={"image": ("x.png", data)})
    assert "too many pixels" in problem(answer, 422)["detail"]


def test_forms_that_are_none(client):
    kind = {"content-type": "multipart/form-data"}
    problem(client.post("/forecast", content=b"--x", headers=kind), 400)
    kind = {"content-type": "multipart/form-data; boundary=x; charset=nonsense"}
    assert client.post("/forecast", content=b"--x\r\n\r\n--x--", headers=kind).status_code < 500


def test_a_full_queue_says_when_to_come_back(serve, monkeypatch):
    import threading

    client = serve(Limits(questions=1))
    go = threading.Event()
    monkeypatch.setattr("postcast.explain.explain", lambda *_: go.wait(5) and None)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.post, "/explain", json=DRAFT) for _ in range(4)]
        concurrent.futures.wait(asked, 5, concurrent.futures.FIRST_COMPLETED)
        go.set()
    answers = [one.result() for one in asked]
    turned_away = [one for one in answers if one.status_code == 429]
    assert turned_away
    assert int(turned_away[0].headers["retry-after"]) >= 1


def test_an_answer_that_takes_too_long(serve, monkeypatch):
    client = serve(Limits(seconds=0.3))
    monkeypatch.setattr("postcast.explain.explain", lambda *_: time.sleep(1))
    problem(client.post("/explain", json=DRAFT), 503)
    assert client.post("/forecast", json=DRAFT).status_code == 200


def test_one_fault_is_not_the_others(serve, monkeypatch):
    client = serve()
    monkeypatch.setattr("postcast.explain.explain", lambda *_: 1 / 0)
    answer = client.post("/explain", json=DRAFT)
    problem(answer, 500)
    assert "division" not in answer.text
    assert client.post("/whatif", json=DRAFT).status_code == 200


def test_headers_of_every_answer(client):
    for path in ("/", "/health", "/nowhere", "/static/app.js"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", ""])
def test_another_name_is_not_answered(client, host):
    problem(client.get("/model", headers={"host": host}), 421)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000", "LOCALHOST"])
def test_its_own_names_are(client, host):
    assert client.get("/health", headers={"host": host}).status_code == 200


def test_a_page_of_another_site_may_not_ask(client):
    asked = {"sec-fetch-site": "cross-site"}
    problem(client.post("/forecast", json=DRAFT, headers=asked), 403)
    problem(client.post("/forecast", json=DRAFT, headers={"origin": "https://evil.example"}), 403)
    own = {"origin": "http://localhost"}
    assert client.post("/forecast", json=DRAFT, headers=own).status_code == 200


def test_a_token_is_asked_for(serve):
    client = serve(token=Token("a-token-of-some-length"))
    answer = client.get("/model")
    problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert client.get("/health").status_code == 200
    for wrong in ("Bearer wrong", "Basic a-token-of-some-length", "Bearer", "Bearer ünïcode"):
        headers = {"authorization": wrong.encode("latin-1")}
        assert client.get("/model", headers=headers).status_code == 401
    right = {"authorization": "Bearer a-token-of-some-length"}
    assert client.get("/model", headers=right).status_code == 200


def test_a_browser_gives_the_token_once(serve):
    token = Token("a-token-of-some-length")
    client = serve(token=token)
    assert client.get("/").status_code == 401
    door = client.get("/", headers={"accept": "text/html"})
    assert (door.url.path, door.status_code) == ("/login", 200)
    assert client.post("/login", data={"token": "wrong"}).status_code == 401
    answer = client.post("/login", data={"token": token.secret}, follow_redirects=False)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert token.secret not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert client.get("/").status_code == 200


def test_numpy_keeps_to_one_thread_while_it_serves(web_run, forecaster):
    def most():
        return max(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")

    before = most()
    service = Service(forecaster, load(web_run), web_run)
    service.start()
    assert most() == 1
    service.stop()
    assert most() == before
