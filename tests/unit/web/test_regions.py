"""What the page draws on an image: the pixels that the forecaster saw, and each region's effect."""

import base64
import io

import pytest

from postcast.explain import Part
from postcast.features.images.painted import SIDE
from postcast.web.regions import LONG_SIDE, TALLEST, WIDEST, drawn_image

Image = pytest.importorskip("PIL.Image", reason="SKIPPED: Pillow is not installed")


def part(row, column, factor, spread=0.01):
    box = (column / SIDE, row / SIDE, (column + 1) / SIDE, (row + 1) / SIDE)
    effect = {"low": -0.1, "medium": 0.0, "high": 0.1}
    bounds = factor - spread, factor + spread
    return Part("image", f"image, {row} {column}", None, None, None, box, effect, factor, *bounds)


def parts():
    """Nine regions, the largest effect first, as an explanation has them."""
    places = [(row, column) for row in range(SIDE) for column in range(SIDE)]
    return [part(*place, 1 + 0.1 * at) for at, place in reversed(list(enumerate(places)))]


def saved(tmp_path, size, **options):
    path = tmp_path / "picture"
    Image.new("RGB", size, (200, 40, 40)).save(path, "JPEG", **options)
    return str(path)


def test_regions_stand_along_the_rows(tmp_path):
    drawn = drawn_image(saved(tmp_path, (60, 30)), parts())
    assert [one.name for one in drawn.regions] == [f"{y} {x}" for y in range(3) for x in range(3)]
    assert [one.strength for one in drawn.regions] == [0, 2, 2, 2, 2, 3, 3, 3, 3]
    assert drawn.regions[0].direction == ""
    assert drawn.regions[8].direction == "up"
    assert drawn.regions[8].interval == "1.79 to 1.81"


def test_what_is_not_told_apart_is_not_marked(tmp_path):
    drawn = drawn_image(saved(tmp_path, (60, 30)), [part(0, 0, 1.2, spread=0.3), part(0, 1, 0.8)])
    assert [one.direction for one in drawn.regions] == ["", "down"]


def test_the_picture_is_turned_as_it_was_seen_and_small(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    drawn = drawn_image(saved(tmp_path, (2_000, 1_000), exif=exif), parts())
    assert (drawn.width, drawn.height) == (TALLEST / 2, TALLEST)
    kind, _, data = drawn.address.partition(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert image.size == (LONG_SIDE / 2, LONG_SIDE)


def test_a_small_picture_is_drawn_large_enough_for_figures(tmp_path):
    drawn = drawn_image(saved(tmp_path, (32, 24)), parts())
    assert (drawn.width, drawn.height) == (WIDEST, 0.75 * WIDEST)


@pytest.mark.parametrize("path", [None, "nowhere.png"])
def test_no_image_is_not_drawn(path):
    assert drawn_image(path, parts()) is None


def test_an_image_that_was_not_looked_at_is_not_drawn(tmp_path):
    assert drawn_image(saved(tmp_path, (60, 30)), []) is None
