"""Images on the command line: where their paths start, and what is told of them."""

import json

import polars as pl
import pytest


@pytest.fixture
def pictured_run(postcast, posts_file, tmp_path):
    """A run of posts with images beside them, and the folder of those images."""
    Image = pytest.importorskip("PIL.Image", reason="SKIPPED: Pillow is not installed")
    rows = [json.loads(line) for line in posts_file.read_text().splitlines()]
    (tmp_path / "pictures").mkdir()
    for number, row in enumerate(rows):
        row["image"] = f"pictures/{number % 9}.png"
    for number in range(9):
        Image.new("RGB", (8, 8), (20 * number, 0, 0)).save(tmp_path / f"pictures/{number}.png")
    posts_file.write_text("\n".join(map(json.dumps, rows)))
    settings = ("--encoder", "tfidf", "--classifier", "linear", "--image-encoder", "plain")
    answer = postcast("run", posts_file, "--out", tmp_path / "RUN", *settings)
    assert answer.code == 0, answer.err
    assert "Images (plain): 240 of 240 were seen; posts without one: 0." in answer.err
    return tmp_path / "RUN"


def test_images_are_told_of_in_the_run(pictured_run):
    told = json.loads((pictured_run / "run.json").read_text())
    assert told["images"] == {"encoder": "plain", "seen": 240, "none": 0, "unseen": {}}
    assert told["settings"]["image_encoder"] == "plain"
    sentence = "Images (plain): 240 of 240 were seen; posts without one: 0."
    assert sentence in (pictured_run / "report.html").read_text("utf-8")
    table = pl.read_parquet(pictured_run / "posts.parquet")
    assert table["image"][0] == "pictures/0.png"
    for path in pictured_run.rglob("*"):
        assert path.is_dir() or str(pictured_run.parent).encode() not in path.read_bytes(), path


def test_one_draft_with_an_image(postcast, pictured_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = ("predict", pictured_run, "--text", "easy word1", "--json", "--image")
    seen = postcast(*asked, "pictures/3.png")
    assert seen.json["warnings"] == []
    assert seen.err == ""
    rooted = postcast(*asked, "3.png", "--image-root", "pictures")
    assert rooted.json == seen.json
    lost = postcast(*asked, "3.png").json
    assert lost["warnings"] == ["its image was not seen (missing), and it is forecast without"]
    assert lost["probabilities"] != seen.json["probabilities"]
    address = postcast(*asked, "https://example.org/a.png", "--image-root", "pictures").json
    assert address["probabilities"] == lost["probabilities"]
    assert "an address" in address["warnings"][0]


def test_images_of_a_file_of_drafts_start_beside_it(postcast, pictured_run, tmp_path):
    (tmp_path / "other").mkdir()
    text = "text,image\neasy word1,pictures/3.png\neasy word1,\n"
    for place in (tmp_path, tmp_path / "other"):
        (place / "drafts.csv").write_text(text)
    beside = postcast("predict", pictured_run, tmp_path / "drafts.csv", "--json").json
    assert [one["warnings"] for one in beside] == [[], []]
    assert beside[0]["probabilities"] != beside[1]["probabilities"]
    elsewhere = postcast("predict", pictured_run, tmp_path / "other/drafts.csv", "--json")
    assert "(missing)" in elsewhere.json[0]["warnings"][0]
    assert (
        "Images (plain): 0 of 1 were seen, not 1 (missing); posts without one: 1." in elsewhere.err
    )
    told = ("--image-root", tmp_path)
    again = postcast("predict", pictured_run, tmp_path / "other/drafts.csv", "--json", *told).json
    assert again == beside


def test_prepared_posts_find_their_images_by_their_root(postcast, pictured_run, tmp_path):
    (tmp_path / "other").mkdir()
    prepared = tmp_path / "other/posts.parquet"
    assert postcast("prepare", tmp_path / "posts.jsonl", "--out", prepared).code == 0
    settings = ("--encoder", "tfidf", "--classifier", "linear", "--image-encoder", "plain")
    lost = postcast("train", prepared, "--out", tmp_path / "LOST", *settings)
    assert "too few images were seen to learn from them" in lost.err
    assert "240 (missing)" in lost.err
    told = ("--image-root", tmp_path)
    found = postcast("train", prepared, "--out", tmp_path / "FOUND", *settings, *told)
    assert "240 of 240 were seen" in found.err
