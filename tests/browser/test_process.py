"""The server as a process: where it listens, how it ends, and what its document promises."""

import concurrent.futures
import contextlib
import json
import signal
import socket
import time
import urllib.error
import urllib.request

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from postcast.cli.main import exit_code

DRAFT = json.dumps({"text": "Easy soup", "author": "studio-fern"}).encode()
JSON = {"content-type": "application/json"}

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_the_document_promises_every_answer(server):
    document = schemathesis.openapi.from_url(server.address + "/openapi.json")
    seen = []
    for found in document.get_all_operations():
        operation = found.ok()
        seen.append(operation.label)
        for mode in schemathesis.GenerationMode:
            check(operation, mode)
    assert len(seen) == 8


def check(operation, mode):
    """Ask what the document allows, or what it does not, and hold the answers against it."""
    strategy = operation.as_strategy(generation_mode=mode)

    @given(case=strategy)
    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=HealthCheck)
    def answers_as_promised(case):
        case.call_and_validate(checks=CHECKS)

    with contextlib.suppress(Unsatisfiable):  # a question without a body has no wrong one
        answers_as_promised()


def ask(address, path="/explain"):
    request = urllib.request.Request(address + path, DRAFT, JSON)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status


def test_what_was_taken_is_finished_on_sigterm(run, start_server):
    with start_server(run) as server, concurrent.futures.ThreadPoolExecutor(4) as pool:
        ask(server.address)
        asked = [pool.submit(ask, server.address) for _ in range(4)]
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        assert [one.result() for one in asked] == [200] * 4
        assert server.process.wait(30) in (0, -signal.SIGTERM)
        host, port = server.address.removeprefix("http://").split(":")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), 1)


def test_a_token_lets_in(run, tmp_path, start_server):
    file = tmp_path / "token"
    file.write_text("a-token-of-some-length\n")
    with start_server(run, "--token-file", str(file)) as server:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(server.address)
        with_token = {**JSON, "authorization": "Bearer a-token-of-some-length"}
        request = urllib.request.Request(server.address + "/forecast", DRAFT, with_token)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--host", "0.0.0.0"), "without a token"),
        (("--host", "nowhere.invalid", "--token-file", "TOKEN"), "no host"),
        (("--token-file", "MISSING"), "cannot be read"),
        (("--token-file", "SHORT"), "characters"),
        (("--port", "70000"), "70000"),
    ],
)
def test_bad_use_is_one_line(run, tmp_path, capsys, options, said):
    (tmp_path / "TOKEN").write_text("a-token-of-some-length")
    (tmp_path / "SHORT").write_text("short")
    places = [str(tmp_path / one) if one.isupper() else one for one in options]
    assert exit_code(["serve", str(run), *places]) == 2
    told = capsys.readouterr().err
    assert told.startswith("postcast: ")
    assert said in told
    assert len(told.splitlines()) == 1


def test_a_port_that_is_taken(run, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert exit_code(["serve", str(run), "--port", str(taken.getsockname()[1])]) == 2
    assert "cannot listen" in capsys.readouterr().err
