"""Posts of the same image are copies: in every split, as neighbours, in an audit; logos are not."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.conftest import records

from postcast import Settings, read_posts
from postcast.audit import audit
from postcast.data.folds import folds
from postcast.data.order import Maturity
from postcast.data.prepared import read_prepared, write_prepared
from postcast.features.assemble import Senses, assemble
from postcast.features.digests import Digests
from postcast.features.images import same
from postcast.features.images.same import MOST_COPIES
from postcast.features.retrieval import RETRIEVED
from postcast.features.tfidf import TfidfEncoder
from postcast.grouping import joined
from postcast.learning.copies import OF_FILES, SAME_IMAGE, with_images_known
from postcast.learning.division import How, divide
from postcast.learning.fitting import open_workshop
from postcast.learning.learnable import learnable
from postcast.reading import read

Image = pytest.importorskip("PIL.Image", reason="SKIPPED: the extra [image] is not installed")

PAIRS = 41  # odd, for a pair to be of two authors


@pytest.fixture(scope="module")
def pictured(tmp_path_factory):
    """Posts of an image each; that of an early post is once more that of a late one, 41 times."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(2)
    rows = records()
    for number, row in enumerate(rows):
        path = folder / f"{number}.png"
        early = number - (len(rows) - PAIRS)
        if early >= 0:  # another name, the same bytes
            path.write_bytes((folder / f"{early}.png").read_bytes())
        else:
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)
        row["image"] = str(path)
    return rows


def _pairs(rows):
    return [(rows[i]["id"], rows[len(rows) - PAIRS + i]["id"]) for i in range(PAIRS)]


def _on_both_sides(rows, train, test):
    train, test = set(train), set(test)
    return [one for one in _pairs(rows) if len({*one} & train) == len({*one} & test) == 1]


def _blind(rows):
    return [{name: v for name, v in row.items() if name != "image"} for row in rows]


@pytest.mark.parametrize("split", ["chronological", "stratified", "grouped"])
def test_no_image_stands_on_both_sides_of_a_split(pictured, split):
    how = How(split=split)
    leaky = divide(read_posts(_blind(pictured)), how)
    assert _on_both_sides(pictured, leaky.train.ids, leaky.test.ids)
    found = divide(read_posts(pictured), how)
    assert not _on_both_sides(pictured, found.train.ids, found.test.ids)
    held_out = np.array(found.train.ids)[found.held_out]
    learned = np.array(found.train.ids)[~found.held_out]
    assert not _on_both_sides(pictured, learned, held_out)


def test_a_later_copy_of_an_image_costs_its_training_copy_alone(pictured):
    found = divide(read_posts(pictured), How(split="chronological"))
    blind = divide(read_posts(_blind(pictured)), How(split="chronological"))
    assert found.test.ids == blind.test.ids
    gone = {early for early, late in _pairs(pictured) if late in set(found.test.ids)}
    assert {pictured[row]["id"] for row in found.split.dropped} == gone
    assert f"{len(gone)} copies of test posts" in found.split.description


@pytest.mark.parametrize("protocol", ["cv", "blocks", "chronological", "rolling", "unseen"])
def test_no_image_stands_on_both_sides_of_a_comparison_s_folds(pictured, protocol):
    found = learnable(read_posts(pictured))
    ids = np.array(found.drafts.ids)
    for repeat in folds(found.rows, protocol, maturity=Maturity()):
        for one in repeat:
            assert not _on_both_sides(pictured, ids[one.train], ids[one.test])


def test_posts_of_one_image_stay_together_when_training_posts_are_split_again(pictured):
    found = divide(read_posts(pictured), How(split="stratified"))
    together = dict(zip(found.train.ids, found.together, strict=True))
    pairs = [pair for pair in _pairs(pictured) if {*pair} <= set(together)]
    assert pairs
    assert all(together[a] == together[b] for a, b in pairs)
    assert len(set(together.values())) == len(together) - len(pairs)


def test_no_post_is_its_image_s_neighbour(pictured):
    alike = [dict(row) for row in pictured]
    for early, late in zip(alike[:PAIRS], alike[-PAIRS:], strict=True):  # like, and no copies
        late["text"] = f"{early['text']} but told in other words"
    posts, encoder = read_posts(alike), TfidfEncoder()
    division = divide(posts, How(split="stratified"))
    bank = open_workshop(division, posts.source, encoder, ("hypergraph",)).bank
    drafts, n_posts = division.train, len(division.train)
    strangers = np.arange(n_posts)
    barred = _neighbours(drafts, bank, encoder)
    found = _neighbours(replace(drafts, group=strangers), replace(bank, group=strangers), encoder)
    pairs = [pair for pair in _pairs(alike) if {*pair} <= set(drafts.ids)]
    assert len(pairs) > PAIRS / 2
    assert all(early in found[late] for early, late in pairs)
    assert not any(early in barred[late] for early, late in pairs)


def _neighbours(drafts, bank, encoder):
    """Return the neighbours of each post, by id."""
    rows = assemble(drafts, Senses({"text": encoder}, bank, (RETRIEVED,))).retrieved.neighbours
    return {
        one: {bank.ids[row] for row in near if row >= 0}
        for one, near in zip(drafts.ids, rows.tolist(), strict=True)
    }


def test_images_that_cannot_be_seen_join_nothing(tmp_path):
    Image.new("RGB", (9, 9), "red").save(tmp_path / "red.png")
    for name in ("half.png", "other half.png"):
        (tmp_path / name).write_bytes((tmp_path / "red.png").read_bytes()[:-30])
    for name in ("page.jpg", "other page.jpg"):
        (tmp_path / name).write_text("<html>not found</html>")
    for name in ("empty.png", "other empty.png"):
        (tmp_path / name).touch()
    names = ["half.png", "other half.png", "page.jpg", "other page.jpg", "empty.png"]
    names += ["other empty.png", "missing.png", "missing.png", ".", "."]
    names += ["https://example.org/a.png"] * 2 + [None, None]
    rows = [
        {**row, "image": name and (name if "://" in name else str(tmp_path / name))}
        for row, name in zip(records(len(names)), names, strict=True)
    ]
    assert SAME_IMAGE not in with_images_known(read_posts(rows)).table.columns


def test_a_logo_joins_nothing_and_a_little_fewer_posts_of_one_image_are_copies(pictured):
    logo, copy = pictured[60]["image"], pictured[90]["image"]
    rows = [*pictured[:60], *({**row, "image": logo} for row in pictured[60:71])]
    rows += [{**row, "image": copy} for row in pictured[90 : 90 + MOST_COPIES]]
    shared = with_images_known(read_posts(rows)).table[SAME_IMAGE].to_numpy()
    assert (shared[60:71] == -1).all()
    assert len(set(shared[71:])) == 1
    assert shared[71] >= 0


def test_of_many_posts_a_share_tells_a_logo(pictured):
    others = [str(number) for number in range(1980)]
    shared = same.same_images([pictured[0]["image"]] * 2000, [*(["a"] * 20), *others])
    assert (shared[:20] == 0).all()
    assert (shared[20:] == -1).all()
    logo = same.same_images([pictured[0]["image"]] * 2000, [*(["a"] * 21), *others[1:]])
    assert (logo == -1).all()


def test_texts_and_images_join_one_another():
    assert joined(np.array([0, 1, 2, 1, 3, 4]), np.array([-1, 0, 0, -1, 1, 1])).tolist() == [
        0, 1, 1, 1, 3, 3,
    ]  # fmt: skip
    first = np.array([0, 1, 0, 2])
    assert joined(first, np.full(4, -1)).tolist() == first.tolist()


def test_a_chain_of_a_text_and_an_image_is_one_group(pictured):
    rows = [dict(row) for row in pictured]
    rows[100]["text"] = rows[0]["text"]  # a copy of 0's text, whose image is that of a later one
    found = learnable(read_posts(rows))
    group = dict(zip(found.drafts.ids, found.rows.group.tolist(), strict=True))
    assert len({group[rows[at]["id"]] for at in (0, 100, len(rows) - PAIRS)}) == 1
    assert (found.drafts.group == found.rows.group).all()


def test_posts_without_images_are_grouped_by_text_alone(posts_file):
    posts = read_posts(posts_file)
    known = with_images_known(posts)
    assert known.table.equals(posts.table)
    assert known.images_sha256 == ""
    assert (learnable(posts).rows.group == posts.table["group"].to_numpy()).all()


def test_prepared_posts_are_the_same_whether_or_not_images_were_looked_for(pictured, tmp_path):
    posts = read_posts(pictured)
    known = with_images_known(posts)
    beside = Path(pictured[0]["image"]).parent / "after.parquet"
    write_prepared(posts, tmp_path / "before.parquet")
    write_prepared(known, beside)
    assert (tmp_path / "before.parquet").read_bytes() == beside.read_bytes()
    again = with_images_known(read_prepared(beside))
    assert again.table.equals(known.table)
    elsewhere = with_images_known(read_prepared(tmp_path / "before.parquet"))
    assert SAME_IMAGE not in elsewhere.table.columns
    assert elsewhere.images_sha256 == ""


def test_images_are_sought_where_the_settings_say(pictured, tmp_path):
    rows = [{**row, "image": row["image"].rsplit("/", 1)[1]} for row in pictured]
    where = pictured[0]["image"].rsplit("/", 1)[0]
    assert SAME_IMAGE not in read(rows, Settings(image_root=str(tmp_path))).table.columns
    assert SAME_IMAGE in read(rows, Settings(image_root=where)).table.columns


def test_unchanged_images_are_read_once(pictured, tmp_path, monkeypatch):
    folder = tmp_path / "old"
    folder.mkdir()
    paths = [str(folder / f"{number}.png") for number in range(3)]
    for path, row in zip(paths, pictured[:3], strict=True):
        Path(path).write_bytes(Path(row["image"]).read_bytes())
        os.utime(path, (1e9, 1e9))
    read_files = []
    digest_of = same.digest_of
    monkeypatch.setattr(same, "digest_of", lambda path: read_files.append(path) or digest_of(path))
    memory = Digests(tmp_path / "memory.json")
    first = same.digests_of([*paths, None], memory)
    assert sorted(read_files) == paths
    assert same.digests_of([*paths, None], Digests(tmp_path / "memory.json")) == first
    assert len(read_files) == 3
    Path(paths[0]).write_bytes(b"changed")
    assert same.digests_of(paths, memory)[0] != first[0]
    assert read_files[3:] == paths[:1]


def test_an_audit_names_images_on_both_sides_of_a_random_split(pictured):
    rows = [dict(row) for row in pictured]
    rng = np.random.default_rng(5)
    of_image = {row["image"]: int(rng.integers(60)) for row in rows}
    for i, row in enumerate(rows):  # the count is the image's, and no word tells it
        twin = i - (len(rows) - PAIRS)
        row["saves"] = of_image[rows[twin]["image"] if twin >= 0 else row["image"]]
        row["text"] = " ".join(row["text"].split()[1:])
    found = audit(rows)
    [note] = found.findings
    assert (note.kind, note.subject, note.is_leak) == ("copies", "same images", False)
    assert "whose image stands in training" in note.sentence
    assert found.leaks == ()
    assert audit(_blind(rows)).findings == ()


def test_copies_alone_change_nothing_of_posts(pictured):
    posts = read_posts(pictured)
    table = with_images_known(posts).table.drop(*OF_FILES)
    assert table.equals(posts.table)
    few = replace(posts, table=posts.table.filter(pl.col("row") < 100))
    assert SAME_IMAGE not in with_images_known(few).table.columns
