"""A posts file from somebody else: no file outside of its folder leaves a trace in what is learned.

Nor does one inside that is no image, nor any where no image is looked at.
"""

import csv
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import records

from postcast import Settings, load, read_posts, train
from postcast.data.prepared import read_prepared, write_prepared
from postcast.features.assemble import drafts_of_table, placed
from postcast.features.images.decode import Reason
from postcast.features.images.inside import Inside
from postcast.reading import image_root, read

Image = pytest.importorskip("PIL.Image", reason="SKIPPED: the extra [image] is not installed")

TRICKS = ("dots", "absolute", "link", "linked folder", "link to a link")


@pytest.fixture
def folder(tmp_path):
    """A folder of posts and images, beside a secret that is an image and one that is none."""
    inside, outside = tmp_path / "posts", tmp_path / "outside"
    (inside / "pictures").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.txt").write_text("the password is tulip")
    Image.new("RGB", (9, 9), "red").save(outside / "secret.png")
    Image.new("RGB", (9, 9), "blue").save(inside / "pictures" / "mine.png")
    (inside / "link.png").symlink_to(outside / "secret.png")
    (inside / "again.png").symlink_to(inside / "link.png")
    (inside / "linked").symlink_to(outside)
    (inside / "own.png").symlink_to(inside / "pictures" / "mine.png")
    return inside


def led_out(folder, name):
    """Return paths by which a file of somebody else's names one outside its folder."""
    outside = folder.parent / "outside"
    return {
        "dots": f"pictures/../../outside/{name}",
        "absolute": str(outside / name),
        "link": "link.png",
        "linked folder": f"linked/{name}",
        "link to a link": "again.png",
    }


@pytest.mark.parametrize("trick", TRICKS)
def test_no_path_leads_out_of_the_folder(folder, trick):
    path = led_out(folder, "secret.png")[trick]
    assert Inside(folder).place(path) is Reason.OUTSIDE
    (folder / "posts.csv").write_text(f"text,saves,image\na,1,{path}\n")
    posts = read(folder / "posts.csv", Settings())
    assert len(posts) == 1
    assert posts.images_sha256 == ""
    assert drafts_of_table(posts.table, posts.source.image_root).image_paths == [Reason.OUTSIDE]


@pytest.mark.parametrize(
    "name", ["pictures/mine.png", "./pictures/../pictures/mine.png", "own.png"]
)
def test_what_lies_inside_is_read_by_any_path(folder, name):
    for path in (name, str(folder / name)):
        (folder / "posts.csv").write_text(f"text,saves,image\na,1,{path}\n")
        assert len(read(folder / "posts.csv", Settings()).images_sha256) == 64


def test_another_folder_is_allowed_where_it_is_named(folder):
    outside = folder.parent / "outside"
    (folder / "posts.csv").write_text(f"text,saves,image\na,1,{outside}/secret.png\n")
    assert read(folder / "posts.csv", Settings(image_root=str(outside))).images_sha256
    (folder / "posts.csv").write_text("text,saves,image\na,1,secret.png\nb,2,../posts/own.png\n")
    posts = read(folder / "posts.csv", Settings(image_root=str(outside)))
    assert posts.table["image_print"].is_null().to_list() == [False, True]


def test_a_folder_that_is_itself_a_link_is_the_folder(folder):
    (folder.parent / "alias").symlink_to(folder)
    (folder / "posts.csv").write_text("text,saves,image\na,1,pictures/mine.png\n")
    assert read(folder.parent / "alias" / "posts.csv", Settings()).images_sha256


def test_standard_input_and_archives_have_a_folder_too(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert image_root(Settings(), "-") == Path()
    paths = [*led_out(folder, "secret.png").values(), "pictures/mine.png"]
    assert placed(paths, Path()) == [*[Reason.OUTSIDE] * len(TRICKS), "pictures/mine.png"]
    with (folder / "posts.csv").open("w+b") as file:
        file.write(b"text,saves,image\na,1,/etc/passwd\n")
        file.seek(0)
        assert read_posts(file).source.image_root == Path()


def test_prepared_posts_carry_no_folder_with_them(folder):
    posts = read_posts([{"text": "a", "saves": 1, "image": "../outside/secret.png"}])
    write_prepared(posts, folder / "posts.parquet")
    again = read_prepared(folder / "posts.parquet")
    assert drafts_of_table(again.table, again.source.image_root).image_paths == [Reason.OUTSIDE]


def test_devices_and_pipes_are_nothing_to_read(folder):
    os.mkfifo(folder / "pipe.png")
    (folder / "null.png").symlink_to("/dev/zero")
    (folder / "posts.csv").write_text("text,saves,image\na,1,pipe.png\nb,2,null.png\n")
    assert read(folder / "posts.csv", Settings(image_root="/")).images_sha256 == ""
    assert read(folder / "posts.csv", Settings()).images_sha256 == ""


def test_a_file_that_is_no_image_leaves_no_trace(folder):
    (folder / "notes.txt").write_text("the password is tulip")
    (folder / "posts.csv").write_text("text,saves,image\na,1,notes.txt\n")
    posts = read(folder / "posts.csv", Settings())
    assert posts.images_sha256 == ""
    assert "image_print" not in posts.table.columns


@pytest.mark.parametrize(
    "chosen", [{"image_encoder": "none"}, {"classifier": "majority"}, {"classifier": "reference"}]
)
def test_no_file_is_opened_where_no_image_is_looked_at(folder, chosen, monkeypatch):
    (folder / "posts.csv").write_text("text,saves,image\na,1,pictures/mine.png\n")
    for module in ("decode", "files"):
        monkeypatch.setattr(
            f"postcast.features.images.{module}.read_bytes", lambda path: pytest.fail("was read")
        )
    assert read(folder / "posts.csv", Settings(**chosen)).images_sha256 == ""


def written(folder, paths):
    """Write posts with images, the given ones first."""
    rng = np.random.default_rng(3)
    with (folder / "posts.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "text", "author", "created_at", "saves", "image"])
        for number, row in enumerate(records()):
            path = f"pictures/{number}.png"
            noise = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(noise).save(folder / path)
            image = paths[number] if number < len(paths) else path
            out.writerow(
                [*(row[name] for name in ("id", "text", "author", "created_at", "saves")), image]
            )
    return folder / "posts.csv"


def traces(run, files):
    """Return which files' hashes, whole or by half, stand anywhere in a RUN."""
    stored = b"".join(path.read_bytes() for path in run.rglob("*") if path.is_file())
    digests = {path.name: hashlib.sha256(path.read_bytes()) for path in files}
    return {
        name
        for name, digest in digests.items()
        if digest.digest()[:16] in stored or digest.hexdigest()[:32].encode() in stored
    }


@pytest.mark.parametrize("image_encoder", ["plain", "none"])
def test_a_training_leaves_traces_of_seen_images_alone(folder, image_encoder, tmp_path):
    (folder / "notes.txt").write_text("the password is tulip")
    whole = (folder / "pictures" / "mine.png").read_bytes()
    (folder / "half.png").write_bytes(whole[: len(whole) // 2])
    tricks = [*led_out(folder, "secret.txt").values(), *led_out(folder, "secret.png").values()]
    posts = written(folder, [*tricks, "notes.txt", "half.png"])
    chosen = {"encoder": "tfidf", "classifier": "linear", "image_encoder": image_encoder}
    train(posts, chosen, out=tmp_path / "RUN")
    outside = folder.parent / "outside"
    files = [folder / "notes.txt", folder / "half.png", *outside.iterdir()]
    assert traces(tmp_path / "RUN", files) == set()
    seen = traces(tmp_path / "RUN", [folder / "pictures" / "30.png"])
    assert seen == ({"30.png"} if image_encoder == "plain" else set())
    if image_encoder == "plain":
        images = (tmp_path / "RUN" / "run.json").read_text("utf-8")
        assert "outside the images' folder" in images
        forecaster = load(tmp_path / "RUN")
        (folder / "drafts.csv").write_text("text,image\nhello,../outside/secret.png\n")
        [forecast] = forecaster.predict(folder / "drafts.csv")
        assert any("outside the images' folder" in one for one in forecast.warnings)
