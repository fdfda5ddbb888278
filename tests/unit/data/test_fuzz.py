"""A thousand mutated inputs a reader: posts or a `PostcastError`, nothing else, and at once."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Iterator, Mapping

import polars as pl
import pytest
from tests.unit.data.exports import EXPORTS, zipped
from tests.unit.data.workbooks import POSTS, xlsx, xml

from postcast.data.read import read_drafts, read_posts
from postcast.data.sources import READERS
from postcast.errors import PostcastError

INPUTS = 1_000
SLOWEST = 5.0
"""Seconds that one input may take."""

PIECES = (
    *(b"\xef\xbb\xbf", b"\r\n", b"\n\n", b"\t", b";", b",", b"|", b'"', b"'", b"\\", b"\0"),
    *(b"[", b"]", b"{", b"}", b"[" * 3000, b'{"a":' * 3000, b"'\\" * 3000, b'"' * 3001, b"NaN"),
    *(b"1,234", b"12.5%", b"-1", b"1e999", b"9" * 5000, b"null", b"true", b"\xf0\x9f\x8d\xb0"),
    *(b"\\ud800", b"\xe2\x80\xa8", b"\xff", b"0000-00-00", b"=", b" " * 5000),
    b"Wed May 99 99:99:99 +9999 2015",
    *(b"1e17", b"-1e300", b"Infinity", b"-Infinity", b"99999-01-01", b"9999-12-31T23:59:59-23:59"),
    *(b'"id": "1", "id": "2", ', b"\\udfff", b"\\u0000", b"0001-01-01T00:00+23:59"),
    b"253402300800000",
)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return some bytes with one to four things done to them."""
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(data) + 1)
        end = min(len(data), start + rng.choice((1, 1, 2, 8, 64)))
        piece = rng.choice(PIECES) if rng.random() < 0.6 else rng.randbytes(rng.randint(1, 4))
        kind = rng.randrange(5)
        if kind == 0:
            data = data[:start] + piece + data[start:]
        elif kind == 1:
            data = data[:start] + piece + data[end:]
        elif kind == 2:
            data = data[:start] + data[end:]
        elif kind == 3:
            data = data[:end] + data[start:]
        else:
            data = data[:start] if rng.random() < 0.3 else data[:start] + data[start:end] * 3
    return data


def parquet() -> Mapping[str, bytes]:
    data = io.BytesIO()
    pl.DataFrame({"id": ["1", "2"], "text": ["a", "b"], "saves": [3, None]}).write_parquet(data)
    return {"posts.parquet": data.getvalue()}


def timed_parquet() -> Mapping[str, bytes]:
    """Times and lists, of which a changed byte makes years that no calendar has."""
    data = io.BytesIO()
    table = pl.DataFrame({"id": ["1", "2"], "text": ["a", "b"], "saves": [3.0, 4.0]})
    times = pl.Series("time", [1.6e15, 1.7e15], pl.Float64).cast(pl.Int64).cast(pl.Datetime("us"))
    tags = pl.Series("tags", [["x", "y"], []])
    table.with_columns(times, tags).write_parquet(data, compression="uncompressed")
    return {"posts.parquet": data.getvalue()}


WORKBOOKS = [{"posts.xlsx": xlsx(posts=POSTS)}, {"posts.xls": xml(POSTS)}]
SEEDS = {**EXPORTS, "parquet": [parquet(), timed_parquet()], "workbook": WORKBOOKS}


def survives(read: Callable[..., object], *arguments: object, **named: object) -> bool:
    """Tell whether it gave something, or said in one line why not; it may do nothing else."""
    begun = time.perf_counter()
    try:
        read(*arguments, **named)
        told = ""
    except PostcastError as error:
        told = str(error)
    assert time.perf_counter() - begun < SLOWEST
    assert "\n" not in told
    return not told


def exports(reader: str, n: int) -> Iterator[Mapping[str, bytes]]:
    """Yield exports of a format, one file of each mutated."""
    rng = random.Random(f"files {reader}")
    for _ in range(n):
        export = dict(rng.choice(SEEDS[reader]))
        name = rng.choice(sorted(export))
        export[name] = mutated(export[name], rng)
        yield export


def test_every_reader_is_fuzzed():
    assert set(SEEDS) == set(READERS)


@pytest.mark.parametrize("reader", READERS)
def test_mutated_files_give_posts_or_an_error(reader):
    n_read = 0
    for turn, export in enumerate(exports(reader, INPUTS)):
        data = next(iter(export.values())) if len(export) == 1 else zipped(export)
        named = {"reader": reader if turn % 2 else "auto"}
        n_read += survives(read_posts, io.BytesIO(data), **named)
        if turn % 10 == 0:
            survives(read_drafts, io.BytesIO(data), ordering="time", **named)
    assert n_read > INPUTS // 50, "hardly any mutation was read: they are too wild to test much"


@pytest.mark.parametrize("reader", ["smpd", "icip2020", "x"])
def test_mutated_archives_give_posts_or_an_error(reader):
    rng = random.Random(f"archives {reader}")
    data = zipped(SEEDS[reader][0])
    for _ in range(INPUTS // 10):
        survives(read_posts, io.BytesIO(mutated(data, rng)))


@pytest.mark.parametrize(
    "data",
    [
        b"," * 300_000 + b"\n1\n",
        b"a,b\n" + b'"' * 300_001,
        b"\n" * 1_000 + b"text,saves\na,2\n",
        b'{"a":' * 100_000,
        b'id,text,saves,tags\n1,a,3,"[' + b"'\\" * 150_000 + b']"\n',
        b'text,saves,time\na,1,"Mon, 1 Jan 2020 10:00' + b"(" * 300_000 + b'"\n',
        b"Pin ID,Saves\n\n" + b"/pin/" * 60_000,
        b"Saves,Impressions\n" * 20_000 + b"\nPin ID,Saves\n",
        b'"selftext" ' * 30_000,
        b"".join(b'{"k%d": 1}\n' % number for number in range(20_000)),
    ],
)
@pytest.mark.parametrize("reader", ["auto", "json", "pinterest-analytics"])
def test_large_and_hostile_files_take_no_longer(data, reader):
    survives(read_posts, io.BytesIO(data), reader=reader)
