"""Load ``postcast serve`` on loopback: answers, speed beside one client, memory, kill -9.

``python -m bench.serve RUN --out FILE.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.machine import measured_on

CLIENTS, SECONDS, ALONE_SECONDS = 64, 30.0, 8.0
REQUESTS = 20_000
WORDS = [
    "easy",
    "budget",
    "lentil",
    "soup",
    "quiet",
    "curtains",
    "newsletter",
    "slow",
    "morning",
    "bold",
    "wool",
    "coat",
]


@dataclass
class Heard:
    """What clients heard: statuses, and the seconds of each answer of 200."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """Return the seconds within which this share of the answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@contextlib.contextmanager
def served(run: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a server on a free port, and see that it is gone in the end."""
    command = [sys.executable, "-m", "postcast", "serve", str(run), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise RuntimeError("no output")
        yield process, int(process.stdout.readline().rpartition(":")[2])
    finally:
        process.kill()
        process.wait()


def question(number: int) -> bytes:
    """Return one request, no two alike."""
    text = " ".join(WORDS[(number * k + k) % len(WORDS)] for k in range(1, 9))
    body = json.dumps({"text": f"{text} {number}", "author": "studio-fern"}).encode()
    head = (
        "POST /forecast HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
) -> tuple[int, bytes]:
    """Ask over a connection that stays open; return status and body."""
    writer.write(question(number))
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    sizes = [line for line in lines if line.lower().startswith("content-length:")]
    return int(lines[0].split()[1]), await reader.readexactly(int(sizes[0].split(":")[1]))


async def client(port: int, until: float, most: int, start: int, heard: Heard) -> None:
    """Ask one question after the other, till a moment or so many times."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(start, start + most):
        if time.perf_counter() > until:
            break
        begin = time.perf_counter()
        status, _ = await ask(reader, writer, number)
        heard.statuses[status] += 1
        if status == 200:
            heard.seconds.append(time.perf_counter() - begin)
        elif status == 429:
            await asyncio.sleep(1)
    writer.close()


async def load(port: int, clients: int, seconds: float, most: int = 10**9) -> Heard:
    """Let clients ask side by side."""
    heard = Heard()
    until = time.perf_counter() + seconds
    asked = [client(port, until, most, 10**7 * one, heard) for one in range(clients)]
    await asyncio.gather(*asked)
    return heard


def resident_mib(process: subprocess.Popen[str]) -> float:
    """Return the memory that a server holds."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def under_load(run: Path) -> list[dict[str, Any]]:
    """Measure answers, throughput and waiting under load, beside one client."""
    with served(run) as (_, port):
        asyncio.run(load(port, 1, 2.0))
        alone = asyncio.run(load(port, 1, ALONE_SECONDS))
        many = asyncio.run(load(port, CLIENTS, SECONDS))
    p50, p99 = statistics.median(alone.seconds), many.quantile(0.99)
    total = sum(many.statuses.values())
    share = many.statuses[200] / total
    rates = len(alone.seconds) / ALONE_SECONDS, len(many.seconds) / SECONDS
    others = total - many.statuses[200] - many.statuses[429]
    return [
        {
            "what": f"{CLIENTS} clients for {SECONDS:.0f} s: share answered 200",
            "value": round(share, 4),
            "statuses": {str(k): v for k, v in sorted(many.statuses.items())},
            "must_reach": "at least 0.95, the rest 429",
            "met": share >= 0.95 and others == 0,
        },
        {
            "what": "forecasts a second",
            "value": round(rates[1], 1),
            "one_client": round(rates[0], 1),
            "ratio": round(rates[1] / rates[0], 2),
            "must_reach": "at least twice those of one client",
            "met": rates[1] >= 2 * rates[0],
        },
        {
            "what": "p99 under load, milliseconds",
            "value": round(1e3 * p99, 2),
            "unloaded_p50": round(1e3 * p50, 2),
            "ratio": round(p99 / p50, 2),
            "must_reach": "under 20 times the unloaded p50",
            "met": p99 < 20 * p50,
        },
    ]


def memory(run: Path) -> dict[str, Any]:
    """Measure what a server holds over many requests, each a quarter of them later."""
    with served(run) as (process, port):
        asyncio.run(load(port, CLIENTS, 60.0, most=2_000 // CLIENTS))
        held = [resident_mib(process)]
        for _ in range(4):
            asyncio.run(load(port, CLIENTS, 600.0, most=-(-REQUESTS // 4 // CLIENTS)))
            held.append(resident_mib(process))
    growth = held[-1] - held[1]
    return {
        "what": f"resident memory over {REQUESTS:,} requests, MiB, after each quarter",
        "value": [round(one, 1) for one in held],
        "must_reach": "less than 5 MiB or 3% more after the last quarter than after the first",
        "met": growth < max(5.0, 0.03 * held[1]),
    }


def killed(run: Path) -> dict[str, Any]:
    """Kill a server under load; see that nothing on disk changed, and that it comes up again."""
    before = digest(run)
    with served(run) as (process, port):

        async def cut() -> None:
            asked = asyncio.create_task(load(port, CLIENTS, 20.0))
            await asyncio.sleep(2)
            process.send_signal(signal.SIGKILL)
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await asked

        asyncio.run(cut())
    begin = time.perf_counter()
    with served(run) as (_, port):
        again = asyncio.run(load(port, 1, 5.0, most=1))
    same = digest(run) == before
    return {
        "what": "kill -9 under load: the run on disk is the same, seconds until it answers again",
        "value": round(time.perf_counter() - begin, 2),
        "same_on_disk": same,
        "must_reach": "the same bytes, and an answer",
        "met": same and again.statuses[200] == 1,
    }


def digest(run: Path) -> str:
    """Return a hash of all files of a run."""
    found = hashlib.sha256()
    for path in sorted(run.rglob("*")):
        if path.is_file():
            found.update(str(path.relative_to(run)).encode() + path.read_bytes())
    return found.hexdigest()


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    card = json.loads((chosen.run / "scorecard.json").read_text("utf-8"))
    rows = [*under_load(chosen.run), memory(chosen.run), killed(chosen.run)]
    served_what = {"classifier": card["classifier"], "encoder": card["encoder"]}
    served_what["n_train"] = card["n_train"]
    result = {**measured_on(), "served": served_what, "rows": rows}
    chosen.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    for row in rows:
        print("met   " if row["met"] else "NOT MET", row["what"], row["value"], row["must_reach"])


if __name__ == "__main__":
    main()
