"""Posts in shards: every post once and in order; what is refused, before anything is written."""

import json
import shutil
from dataclasses import replace

import polars as pl
import pytest

from postcast.errors import EncoderError, OutputError, ShardError
from postcast.features.text import Choice
from postcast.shards.divide import write_shards
from postcast.shards.embed import make_shards
from postcast.shards.manifest import (
    EMBED,
    PREDICT,
    Shard,
    Work,
    read_manifest,
    read_shard,
    sha256_of,
)

WORK = Work(EMBED, {}, {"cpu": "a", "cuda": "b"})


def table(n):
    return pl.DataFrame(
        {"id": [f"p{i}" for i in range(n)], "text": [f"text {i}" for i in range(n)]}
    )


@pytest.mark.parametrize(("n", "n_shards"), [(1, 1), (10, 1), (10, 3), (10, 10), (1001, 100)])
def test_every_post_stands_in_one_shard_and_in_order(tmp_path, n, n_shards):
    manifest = write_shards(table(n), n_shards, tmp_path / "S", WORK, ("posts.csv", "abc"))
    assert len(manifest) == n_shards
    assert manifest.n_posts == n
    whole = pl.concat([read_shard(manifest, index) for index in range(n_shards)])
    assert whole.equals(table(n))
    sizes = [shard.n_posts for shard in manifest.shards]
    assert max(sizes) - min(sizes) <= 1


def test_a_shard_is_named_after_its_bytes(manifest):
    for index, shard in enumerate(manifest.shards):
        assert sha256_of(manifest.shard_path(index).read_bytes()) == shard.sha256


def test_a_manifest_is_read_as_it_was_written(manifest):
    assert read_manifest(manifest.path) == manifest
    assert read_manifest(manifest.folder) == manifest


def test_the_same_posts_make_the_same_shards(posts, choice, manifest, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in manifest.folder.glob("shards/*")}
    assert make_shards(posts, 7, manifest.folder, choice) == manifest
    assert {path: path.stat().st_mtime_ns for path in before} == before
    other = make_shards(posts, 7, tmp_path / "T", choice)
    assert replace(other, folder=manifest.folder) == manifest
    assert other.path.read_bytes() == manifest.path.read_bytes()


def test_a_lost_shard_is_written_again(posts, choice, manifest):
    manifest.shard_path(2).unlink()
    manifest.shard_path(3).write_bytes(b"half")
    make_shards(posts, 7, manifest.folder, choice)
    assert len(pl.concat([read_shard(manifest, index) for index in range(7)])) == 60


@pytest.mark.parametrize("n_shards", [0, -1, 61])
def test_as_many_shards_as_posts_at_most(posts, choice, tmp_path, n_shards):
    with pytest.raises(ShardError, match="60 posts"):
        make_shards(posts, n_shards, tmp_path / "T", choice)
    assert not (tmp_path / "T").exists()


def test_other_shards_are_not_replaced(posts, choice, manifest):
    before = {path.name for path in manifest.folder.rglob("*")}
    with pytest.raises(ShardError, match="other posts or settings"):
        make_shards(posts, 5, manifest.folder, choice)
    with pytest.raises(ShardError, match="other posts or settings"):
        make_shards(posts, 7, manifest.folder, replace(choice, pooling="mean"))
    assert {path.name for path in manifest.folder.rglob("*")} == before


def test_files_of_others_are_left_alone(posts, choice, tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ShardError, match="no shards"):
        make_shards(posts, 2, tmp_path, choice)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(OutputError, match="is a file"):
        make_shards(posts, 2, tmp_path / "thesis.tex", choice)


def test_words_that_are_learned_cannot_be_divided(posts, tmp_path):
    with pytest.raises(EncoderError, match="tfidf learns its words"):
        make_shards(posts, 2, tmp_path / "T", Choice("tfidf"))
    assert not (tmp_path / "T").exists()


class TestStride:
    @pytest.mark.parametrize("of", [1, 2, 3, 7, 10])
    def test_all_tasks_together_do_every_shard_once(self, manifest, of):
        done = [index for task in range(of) for index in manifest.stride(task, of)]
        assert sorted(done) == list(range(7))

    def test_without_of_one_shard(self, manifest):
        assert list(manifest.stride(6)) == [6]

    @pytest.mark.parametrize(
        ("index", "of", "told"),
        [
            (7, None, "--index 7 of 7 shards; expected 0 to 6"),
            (-1, None, "expected 0 to 6"),
            (2, 2, "--index 2 of 2 tasks; expected 0 to 1"),
            (-1, 2, "expected 0 to 1"),
            (0, 0, "--of 0; expected 1 or more"),
        ],
    )
    def test_what_is_no_shard_or_task_is_refused(self, manifest, index, of, told):
        with pytest.raises(ShardError, match=told):
            manifest.stride(index, of)


class TestManifests:
    """What cannot be trusted to be one of ours."""

    def changed(self, manifest, **values):
        told = json.loads(manifest.path.read_text())
        manifest.path.write_text(json.dumps(told | values))
        return manifest.path

    def test_a_newer_one_says_what_to_install(self, manifest):
        with pytest.raises(ShardError, match="format 2; expected at most 1; install the newer"):
            read_manifest(self.changed(manifest, format=2))

    @pytest.mark.parametrize(
        "values",
        [
            {"shards": []},
            {"shards": [{"sha256": "../../etc/passwd", "n_posts": 1}]},
            {"shards": [{"sha256": "a" * 64}]},
            {"kind": "mine"},
            {"keys": {}},
            {"keys": None},
            {"format": "new"},
        ],
    )
    def test_a_broken_one_is_named(self, manifest, values):
        with pytest.raises(ShardError, match="is broken"):
            read_manifest(self.changed(manifest, **values))

    @pytest.mark.parametrize("text", ["", "[]", "{", "null", "\udcff"])
    def test_what_is_no_manifest_is_named(self, manifest, text):
        manifest.path.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(ShardError, match=r"manifest\.json is broken"):
            read_manifest(manifest.path)

    def test_a_missing_one_is_named(self, tmp_path):
        with pytest.raises(ShardError, match=r"cannot read .*nothing\.json: No such file"):
            read_manifest(tmp_path / "nothing.json")

    def test_other_work_is_refused(self, manifest):
        manifest.check_kind(EMBED)
        with pytest.raises(ShardError, match="to embed; expected posts to predict"):
            manifest.check_kind(PREDICT)


@pytest.mark.parametrize("change", [b"x", b""])
def test_a_changed_shard_is_named(manifest, change):
    path = manifest.shard_path(4)
    path.write_bytes(path.read_bytes()[:-1] + change)
    with pytest.raises(ShardError, match=f"shard 4 has changed: .*{path.name}"):
        read_shard(manifest, 4)


def test_a_lost_shard_is_named(manifest):
    shutil.rmtree(manifest.folder / "shards")
    with pytest.raises(ShardError, match="shard 0 cannot be read"):
        read_shard(manifest, 0)


def test_results_differ_where_shard_key_or_device_does(manifest):
    paths = {manifest.result_path(i, device) for i in range(7) for device in ("cpu", "cuda")}
    assert len(paths) == 14
    work = replace(manifest.work, keys={"cpu": "another", "cuda": "key"})
    assert replace(manifest, work=work).result_path(0, "cpu") not in paths
    assert Shard("a", 1) != Shard("a", 2)
