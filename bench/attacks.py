"""Attack ``postcast serve`` on loopback: how long ``/health`` takes, what memory grows by.

``python -m bench.attacks RUN --out FILE.json``. The load is bounded: at most 600 connections, and
each attack lasts some seconds. The clients use the same cores as the server.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.machine import measured_on
from bench.serve import resident_mib, served

ASKED = 60
"""Times that ``/health`` is asked under each attack, at least."""

LEAST, LONGEST = 10.0, 60.0
"""Seconds for which it is asked at least, and after which it is asked no more."""

CONNECTIONS = 511
MUST_MS = 100.0

JSON_HEAD = "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


class Attack:
    """One attack under way: its sockets and threads, all of which end with it.

    Parameters
    ----------
    port : int
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.is_over = threading.Event()
        self.sockets: list[socket.socket] = []
        self.threads: list[threading.Thread] = []

    def connect(self) -> socket.socket:
        """Return a new connection, kept until the attack ends."""
        one = socket.create_connection(("127.0.0.1", self.port), 10)
        self.sockets.append(one)
        return one

    def repeat(self, work: Callable[[], None], every: float = 0.0) -> None:
        """Do something again and again in a thread of its own."""

        def run() -> None:
            while not self.is_over.is_set():
                with contextlib.suppress(OSError):
                    work()
                self.is_over.wait(every)

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()

    def end(self) -> None:
        """Close everything."""
        self.is_over.set()
        for one in self.sockets:
            one.close()
        for thread in self.threads:
            thread.join(15)


def ask(port: int, request: bytes, seconds: float = 30.0) -> tuple[int, float]:
    """Return the status of a request on a connection of its own, and the seconds it took."""
    start = time.perf_counter()
    try:
        with socket.create_connection(("127.0.0.1", port), seconds) as one:
            one.settimeout(seconds)
            one.sendall(request)
            head = one.recv(4096)
        status = int(head.split()[1]) if head.startswith(b"HTTP/1.1 ") else 0
    except OSError:
        status = 0
    return status, time.perf_counter() - start


def get(path: str) -> bytes:
    """Return a question without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def post(path: str, told: Any) -> bytes:
    """Return a question in JSON."""
    body = json.dumps(told).encode()
    head = JSON_HEAD.format(path=path) + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def upload(path: str, data: bytes) -> bytes:
    """Return a form with a text and an image."""
    text = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nsoup\r\n'
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    body = text + head + data + b"\r\n--x--\r\n"
    told = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return told.encode() + body


def idle(attack: Attack) -> None:
    """Open connections, and ask nothing."""
    for _ in range(CONNECTIONS):
        attack.connect()


def half_heads(attack: Attack) -> None:
    """Send heads that never end, a little at a time."""
    half_sent(attack, b"GET /health HTTP/1.1\r\nHost: localhost\r\n", b"X-A: b\r\n")


def half_bodies(attack: Attack) -> None:
    """Send bodies that never end, a little at a time."""
    head = JSON_HEAD.format(path="/forecast") + "Content-Length: 100000\r\n\r\n"
    half_sent(attack, head.encode(), b" ")


def half_sent(attack: Attack, start: bytes, more: bytes) -> None:
    """Begin something on many connections, and go on with it."""
    for _ in range(CONNECTIONS):
        with contextlib.suppress(OSError):
            attack.connect().sendall(start)

    def trickle() -> None:
        for one in attack.sockets:
            with contextlib.suppress(OSError):
                one.sendall(more)

    attack.repeat(trickle, every=2.0)


def reconnecting(attack: Attack) -> None:
    """Open a connection again whenever one is closed."""
    idle(attack)

    def again() -> None:
        one = attack.sockets.pop(0)
        one.close()
        attack.connect()

    attack.repeat(again, every=0.002)


def long_header(attack: Attack) -> None:
    """Send one header of 300 MB."""
    pour(attack, b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"a" * 2**20)


def long_trailer(attack: Attack) -> None:
    """Send one trailer of 300 MB after a body."""
    head = JSON_HEAD.format(path="/forecast") + "Transfer-Encoding: chunked\r\n\r\n0\r\nX-A: "
    pour(attack, head.encode(), b"a" * 2**20)


def pour(attack: Attack, start: bytes, more: bytes) -> None:
    """Send some start, and 300 times more."""

    def send() -> None:
        one = attack.connect()
        one.sendall(start)
        for _ in range(300):
            one.sendall(more)

    attack.repeat(send, every=5.0)


def pipelined(attack: Attack) -> None:
    """Send thousands of requests on each connection, and read no answer."""
    many = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 4_000

    def send() -> None:
        with socket.create_connection(("127.0.0.1", attack.port), 2) as one:
            one.sendall(many)
            time.sleep(1)

    for _ in range(4):
        attack.repeat(send, every=0.1)


def heavy_lists(attack: Attack) -> None:
    """Ask for 256 texts of 4,000 characters again and again, two clients."""
    words = "easy budget lentil soup with quiet curtains and a slow morning "
    number = iter(range(10**9))

    def send() -> None:
        turn = next(number)
        texts = [f"{turn} {row} {words * 80}"[:4_000] for row in range(256)]
        ask(attack.port, post("/forecast", [{"text": text} for text in texts]))

    for _ in range(2):
        attack.repeat(send)


def hostile_texts(attack: Attack) -> None:
    """Ask what edits would do to 10,000 stops and to 10,000 blanks and marks."""
    for text in ("." * 9_999 + "x", "#a " * 3_333, " " * 9_990 + "x"):
        request = post("/whatif", {"text": text})
        attack.repeat(lambda request=request: ask(attack.port, request) and None)  # type: ignore[misc]


def hostile_forms(attack: Attack) -> None:
    """Send forms of 9 MB that are slow to take apart."""
    data = b"\r\n--\r\n-" * (9 * 2**20 // 7)
    for path in ("/forecast", "/login"):
        request = upload(path, data)
        attack.repeat(lambda request=request: ask(attack.port, request) and None)  # type: ignore[misc]


def slow_images(attack: Attack) -> None:
    """Send 40 pictures at once that are small and slow to decode."""
    from io import BytesIO

    import PIL.Image

    file = BytesIO()
    PIL.Image.new("RGB", (7_900, 7_900), (200, 40, 40)).save(file, "PNG", compress_level=9)
    request = upload("/forecast", file.getvalue())
    for _ in range(40):
        attack.repeat(lambda: ask(attack.port, request) and None, every=30.0)


ATTACKS: dict[str, Callable[[Attack], None]] = {
    "nothing": lambda _: None,
    "511 idle connections": idle,
    "511 idle connections, opened again when closed": reconnecting,
    "511 heads that never end": half_heads,
    "511 bodies that never end": half_bodies,
    "one header of 300 MB": long_header,
    "one trailer of 300 MB": long_trailer,
    "4,000 requests sent ahead on each connection": pipelined,
    "two clients that ask for 256 texts of 4,000 characters": heavy_lists,
    "what if, of 10,000 stops, blanks and hashtags": hostile_texts,
    "forms of 9 MB of half boundaries": hostile_forms,
    "40 pictures of 62 megapixels": slow_images,
}


def threads_of(process: subprocess.Popen[str]) -> int:
    """Return how many threads a server has."""
    return len(list(Path(f"/proc/{process.pid}/task").iterdir()))


@contextlib.contextmanager
def peak_of(measure: Callable[[], float]) -> Iterator[list[float]]:
    """Yield a list that ends with the largest value seen meanwhile."""
    seen, is_over = [measure()], threading.Event()

    def look() -> None:
        while not is_over.wait(0.05):
            seen[0] = max(seen[0], measure())

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()


def under(name: str, run: Path) -> dict[str, Any]:
    """Measure one attack on a server of its own."""
    with served(run) as (process, port):
        for _ in range(5):
            ask(port, get("/health"))
            ask(port, post("/forecast", {"text": "easy soup"}))
        before, threads = resident_mib(process), threads_of(process)
        attack = Attack(port)
        with (
            peak_of(lambda: resident_mib(process)) as memory,
            peak_of(lambda: threads_of(process)) as most_threads,
        ):
            try:
                ATTACKS[name](attack)
                time.sleep(0.5)
                health: list[tuple[int, float]] = []
                start = time.monotonic()
                while time.monotonic() < start + (LEAST if len(health) >= ASKED else LONGEST):
                    health.append(ask(port, get("/health")))
                    time.sleep(0.05)
                alone = ask(port, post("/forecast", {"text": "easy lentil soup, once"}))
            finally:
                attack.end()
        times = [1e3 * seconds for _, seconds in health]
        answered = sum(status == 200 for status, _ in health)
        start = time.perf_counter()
        after = ask(port, post("/forecast", {"text": "easy lentil soup, after"}), 120.0)
        return {
            "what": name,
            "health_median_ms": round(statistics.median(times), 2),
            "health_max_ms": round(max(times), 2),
            "health_answered": f"{answered} of {len(health)}",
            "one_forecast_meanwhile": {"status": alone[0], "seconds": round(alone[1], 3)},
            "one_forecast_after": {
                "status": after[0],
                "seconds": round(time.perf_counter() - start, 3),
            },
            "memory_growth_mib": round(memory[0] - before, 1),
            "threads": [threads, int(most_threads[0])],
            "must_reach": f"every /health answered 200, within {MUST_MS:.0f} ms",
            "met": answered == len(health) >= ASKED and max(times) < MUST_MS,
        }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="attacks whose names hold one of these")
    parser.add_argument("--repeats", type=int, default=1, help="the median run by health_max_ms")
    chosen = parser.parse_args()
    card = json.loads((chosen.run / "scorecard.json").read_text("utf-8"))
    rows = []
    for name in ATTACKS:
        if chosen.only and not any(one in name for one in chosen.only):
            continue
        found = [under(name, chosen.run) for _ in range(chosen.repeats)]
        found.sort(key=lambda row: row["health_max_ms"])
        row = found[len(found) // 2]
        row["health_max_ms_of_each"] = [one["health_max_ms"] for one in found]
        rows.append(row)
        print("met   " if row["met"] else "NOT MET", json.dumps(row), flush=True)
        attacked = {"classifier": card["classifier"], "encoder": card["encoder"]}
        load = {"load_average": [round(one, 1) for one in os.getloadavg()]}
        result = {**measured_on(), **load, "attacked": attacked, "rows": rows}
        chosen.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
