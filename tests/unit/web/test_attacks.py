"""What comes before any route: a server process on loopback, and clients that mean it harm."""

import contextlib
import json
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

SMALL = {
    "head": 4_096,
    "head_seconds": 1.5,
    "idle_seconds": 1.5,
    "seconds": 3.0,
    "connections": 40,
    "connections_each": 30,
}
"""Limits under which the test of a limit is short."""

BEGUN = b"POST /forecast HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HALF_HEAD = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
HALF_BODY = BEGUN + b"Content-Length: 5000\r\n\r\n{"


@pytest.fixture(scope="module")
def server(web_run, start_process):
    with start_process(web_run, SMALL) as one:
        yield one


def everything(connection):
    """Return what a server sends until it ends the connection."""
    connection.settimeout(30)
    received = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            received += piece
    return received


def problem_of(received):
    """Return status and body of a raw answer that has the headers of every answer."""
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().lower()
    assert "content-type: application/problem+json" in lines
    for header in (
        "content-security-policy: default-src 'none'",
        "x-content-type-options: nosniff",
    ):
        assert header in lines
    told = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {told['status']} ".encode())
    return told["status"], told["detail"]


def resident_mib(server):
    statm = Path(f"/proc/{server.process.pid}/statm")
    if not statm.exists():
        pytest.skip("SKIPPED: this system does not tell a process's memory as Linux does")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.parametrize("start", [b"", HALF_HEAD, HALF_BODY], ids=["idle", "head", "body"])
def test_connections_that_ask_nothing_give_way(server, start):
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            connection = stack.enter_context(server.connect())
            with contextlib.suppress(ConnectionError):
                connection.sendall(start)
        assert [server.ask("/health")[0] for _ in range(5)] == [200] * 5
        assert server.ask("/forecast", {"text": "soup"})[0] == 200


@pytest.mark.parametrize(
    ("start", "more", "status"),
    [(HALF_HEAD, b"X-A: b\r\n", 408), (b"", b"\r\n", 408), (HALF_BODY, b" ", 408)],
    ids=["head", "empty lines", "body"],
)
def test_what_arrives_in_drops_is_not_waited_for(server, start, more, status):
    with server.connect() as connection:
        connection.sendall(start)
        with contextlib.suppress(ConnectionError):
            for _ in range(60):
                connection.sendall(more)
                time.sleep(0.1)
        assert problem_of(everything(connection))[0] == status


def test_an_idle_connection_ends(server):
    with server.connect() as connection:
        connection.sendall(HALF_HEAD + b"\r\n")
        assert everything(connection).startswith(b"HTTP/1.1 200")
    with server.connect() as connection:
        assert everything(connection) == b""


@pytest.mark.parametrize(
    "start",
    [
        HALF_HEAD + b"X-A: ",
        b"GET /",
        HALF_HEAD,
        BEGUN + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-A: ",
        BEGUN + b"Transfer-Encoding: chunked\r\n\r\n1;",
    ],
    ids=["header", "address", "headers", "trailer", "extension of a chunk"],
)
def test_a_head_is_bounded(server, start):
    before = resident_mib(server)
    piece = b"X-A: b\r\n" * 8_192 if start == HALF_HEAD else b"a" * 65_536
    with server.connect() as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(start)
            for _ in range(1_000):  # 64 MB, were they read
                connection.sendall(piece)
        received = everything(connection)
        if received:  # else the rest that it sent took the answer away
            assert problem_of(received)[0] in (400, 431)
    assert resident_mib(server) - before < 24


def test_a_head_that_is_a_little_too_long_is_told(server):
    with server.connect() as connection:
        connection.sendall(HALF_HEAD + b"X-A: " + b"a" * 5_000 + b"\r\n\r\n")
        assert problem_of(everything(connection)) == (
            431,
            "The head of the request is larger than is allowed.",
        )


def test_what_is_no_http_is_a_problem_like_others(server):
    with server.connect() as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert problem_of(everything(connection)) == (400, "The request cannot be read.")


def test_a_full_server_says_so(web_run, start_process):
    slow = {"text": " ".join(f"word{i}" for i in range(2_400))[:10_000]}
    body = json.dumps(slow).encode()
    one_place = {"connections": 1, "connections_each": 1}
    with start_process(web_run, one_place) as server, server.connect() as busy:
        busy.sendall(BEGUN.replace(b"/forecast", b"/explain"))
        busy.sendall(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(0.2)
        with server.connect() as other:
            assert problem_of(everything(other)) == (503, "Too many connections are open.")


def test_requests_sent_far_ahead_end_the_connection(server):
    before = resident_mib(server)
    for _ in range(10):
        with server.connect() as connection, contextlib.suppress(ConnectionError):
            connection.sendall((HALF_HEAD + b"\r\n") * 5_000)
            assert everything(connection).count(b"HTTP/1.1 200") < 100
    assert resident_mib(server) - before < 24


def test_a_few_requests_sent_ahead_are_answered(server):
    with server.connect() as connection:
        connection.sendall((HALF_HEAD + b"\r\n") * 5)
        assert everything(connection).count(b"HTTP/1.1 200") == 5


def test_what_needs_no_token_takes_little(server):
    status, _, _ = server.ask("/login", {"token": "a" * 20_000})
    assert status == 413


def answered(server):
    """Return how many posts were forecast."""
    text = server.ask("/metrics")[2].decode()
    return int(re.search(r'postcast_answers_total{lane="forecasts"} (\d+)', text)[1])


def test_what_nobody_waits_for_is_not_computed(server):
    words = " ".join(f"word{i}" for i in range(1_000))
    body = json.dumps([{"text": f"{i} {words}"[:4_000]} for i in range(256)]).encode()
    before = answered(server)
    with server.connect() as connection:
        connection.sendall(BEGUN + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        deadline = time.monotonic() + 30
        while answered(server) == before and time.monotonic() < deadline:
            time.sleep(0.005)
    time.sleep(2)
    settled = answered(server)
    time.sleep(1)
    assert before < settled < before + 256
    assert answered(server) == settled


def test_temporary_folders_go(web_run, start_process, tmp_path):
    for end in (signal.SIGKILL, signal.SIGTERM):
        with start_process(web_run, TMPDIR=str(tmp_path)) as server:
            [folder] = tmp_path.iterdir()  # what a killed one left is gone
            assert server.ask("/health")[0] == 200
            server.process.send_signal(end)
            assert server.process.wait(60) == -end
        assert folder.exists() == (end == signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []


def test_another_server_keeps_its_folder(web_run, start_process, tmp_path):
    with start_process(web_run, TMPDIR=str(tmp_path)):
        [folder] = tmp_path.iterdir()
        with start_process(web_run, TMPDIR=str(tmp_path)):
            assert len(list(tmp_path.iterdir())) == 2
        assert folder.exists()


def test_the_process_of_these_tests_is_reached_by_name(server):
    with socket.create_connection(("localhost", server.port), 30):
        assert server.ask("/ready")[0] == 200
