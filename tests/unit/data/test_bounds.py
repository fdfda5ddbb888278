"""Small files that stand for gigabytes or a million columns: one sentence, and little memory."""

import io
import json
import os
import resource
import subprocess
import sys
import zipfile

import polars as pl
import pytest

from postcast.data.prepared import read_prepared, write_prepared
from postcast.data.read import read_drafts, read_posts
from postcast.data.sources import limits
from postcast.data.sources.parquet_pages import unpacked
from postcast.errors import ReadError

GIBIBYTE = 1 << 30


def zipped(name, pieces, method=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive, archive.open(name, "w") as member:
        for piece in pieces:
            member.write(piece)
    return data.getvalue()


def in_parquet(table, **options):
    data = io.BytesIO()
    table.write_parquet(data, **options)
    return data.getvalue()


def read_within_a_gigabyte(data, tmp_path):
    """Return what reading a file says in a process of its own, bounded in memory and time."""
    (tmp_path / "posts").write_bytes(data)
    program = (
        "import sys\n"
        "from postcast import PostcastError, read_posts\n"
        "try:\n"
        "    print(len(read_posts(sys.argv[1])), 'posts')\n"
        "except PostcastError as error:\n"
        "    print(error)\n"
    )

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (2 * GIBIBYTE, 2 * GIBIBYTE))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

    answer = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "posts")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
        preexec_fn=limit,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    assert answer.stdout.count("\n") == 1
    return answer.stdout


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_of_zeros(method, tmp_path):
    pieces = [b"text,saves\n", *[b" " * (1 << 20)] * 100]
    data = zipped("posts.csv", pieces, method)
    assert len(data) < 2 << 20
    assert "times its" in read_within_a_gigabyte(data, tmp_path)


def test_an_archive_of_rows_so_short_that_each_takes_more_memory_than_bytes(tmp_path):
    data = zipped("posts.csv", [b"text,saves\n", *[b"a,1\n" * 10_000] * 500])
    assert "times its" in read_within_a_gigabyte(data, tmp_path)


def test_an_archive_of_more_than_two_gigabytes_is_refused_unread(monkeypatch):
    data = bytearray(zipped("posts.csv", [b"text,saves\na,1\n"]))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (3 << 30).to_bytes(4, "little")
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *a, **k: pytest.fail("was unpacked"))
    with pytest.raises(ReadError, match=r"unpacks to 3,221,225,472 bytes; expected at most 2,147"):
        read_posts(io.BytesIO(bytes(data)), reader="csv")


def test_a_header_that_tells_too_few_bytes(tmp_path):
    data = bytearray(zipped("posts.csv", [b"text,saves\n", *[b" " * (1 << 20)] * 100]))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    assert "cannot be unpacked" in read_within_a_gigabyte(bytes(data), tmp_path)


def test_an_archive_of_many_files(monkeypatch):
    monkeypatch.setattr("postcast.data.sources.files.MOST_MEMBERS", 3)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}.jpg", b"")
    with pytest.raises(ReadError, match="is an archive of 4 files; expected at most 3"):
        read_posts(io.BytesIO(data.getvalue()))


def test_honest_archives_pass():
    rows = "".join(f"{n},post {n} says what no other says,{n % 90}\n" for n in range(20_000))
    data = zipped("posts.csv", [f"id,text,saves\n{rows}".encode()])
    assert len(read_posts(io.BytesIO(data))) == 20_000
    short = zipped("posts.csv", [b"text,saves\n", b"the same text,1\n" * 10_000])
    assert len(read_posts(io.BytesIO(short))) == 10_000


@pytest.mark.parametrize(
    "table",
    [
        pl.DataFrame({"text": ["a"], "saves": [1]}).select(pl.all().repeat_by(8_000_000).explode()),
        pl.select(pl.repeat(None, 9_000_000, dtype=pl.Int8).alias("saves")),
        pl.DataFrame({"text": ["x" * 100_000] * 5_000, "saves": [1] * 5_000}),
        pl.DataFrame({"text": [["x" * 100_000] * 5_000], "saves": [1]}),
        pl.DataFrame({"text": [" " * 100_000_000], "saves": [1]}),
    ],
    ids=["rows", "nulls", "dictionary", "list", "page"],
)
def test_a_parquet_file_that_unpacks_to_hundreds_of_times_its_size(table, tmp_path):
    data = in_parquet(table)
    assert len(data) < 2 << 20
    assert "times its" in read_within_a_gigabyte(data, tmp_path)


def test_what_a_footer_leaves_out_the_pages_tell():
    honest = in_parquet(pl.DataFrame({"text": ["a" * 5_000_000], "saves": [1]}))
    told = unpacked(honest, "posts")
    assert (told.n_rows, told.n_columns) == (1, 2)
    assert 5_000_000 < told.n_bytes < 5_001_000


@pytest.mark.parametrize("reader", ["auto", "parquet"])
def test_a_million_columns(reader, tmp_path):
    wide = in_parquet(pl.DataFrame({f"c{n}": [1] for n in range(40_000)}))
    for read in (read_posts, read_drafts):
        with pytest.raises(ReadError, match=r"40,00\d columns.*expected at most 10,000"):
            read(io.BytesIO(wide), reader=reader)


def test_a_million_columns_of_text_or_members_of_json(tmp_path):
    header = ",".join(f"c{n}" for n in range(1_000_000))
    said = read_within_a_gigabyte(f"{header}\n{header}\n".encode(), tmp_path)
    assert "posts has 1,000,000 columns; expected at most 10,000; keep those of posts" in said
    record = json.dumps({f"k{n}": n for n in range(1_000_000)}).encode()
    assert "has 1,000,000 different members" in read_within_a_gigabyte(record, tmp_path)
    assert "has 1,000,000 different members" in read_within_a_gigabyte(
        b"[" + record + b"]", tmp_path
    )
    with pytest.raises(ReadError, match="a list of posts has 20,000 different members"):
        read_posts([{f"k{n}": 1 for n in range(20_000)}])


def test_a_trusted_source_may_unpack_to_more(monkeypatch):
    data = in_parquet(pl.DataFrame({"text": ["x" * 100_000] * 1_000, "saves": range(1_000)}))
    with pytest.raises(ReadError, match=r"times its .* set POSTCAST_MAX_UNPACKED"):
        read_posts(io.BytesIO(data))
    monkeypatch.setenv(limits.VARIABLE, "1GiB")
    assert len(read_posts(io.BytesIO(data))) == 1_000


class TestPrepared:
    def test_bounds_hold_for_prepared_posts(self, tmp_path):
        posts = read_posts([{"text": "a", "saves": 1}])
        many = posts.table.select(pl.all().repeat_by(5_000_000).explode())
        write_prepared(posts.__class__(many, posts.rejected, posts.source), tmp_path / "p.parquet")
        with pytest.raises(ReadError, match="times its"):
            read_prepared(tmp_path / "p.parquet")

    @pytest.mark.parametrize(
        "change",
        [
            pl.lit("many").alias("engagement"),
            pl.lit(1e17).alias("engagement"),
            pl.lit(float("inf")).alias("engagement"),
            pl.lit(None, pl.String).alias("text"),
            pl.lit(2**62).cast(pl.Datetime("ms")).alias("time"),
        ],
    )
    def test_what_postcast_did_not_write(self, change, tmp_path):
        posts = read_posts([{"text": "a", "saves": 1}])
        changed = posts.table.with_columns(change)
        write_prepared(
            posts.__class__(changed, posts.rejected, posts.source), tmp_path / "p.parquet"
        )
        with pytest.raises(ReadError, match="holds prepared posts that cannot be read"):
            read_prepared(tmp_path / "p.parquet")

    @pytest.mark.parametrize("about", ["[]", '{"format": 1}', '{"format": 1, "source": 3}', "7"])
    def test_what_is_said_of_them_is_broken(self, about, tmp_path):
        posts = read_posts([{"text": "a", "saves": 1}])
        posts.table.write_parquet(tmp_path / "p.parquet", metadata={"postcast": about})
        with pytest.raises(ReadError, match=r"prepare. (again|first)"):
            read_prepared(tmp_path / "p.parquet")
