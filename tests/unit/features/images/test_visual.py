"""Plain features on pictures of which each is known."""

import numpy as np
import pytest

from postcast.features.images.decode import Picture
from postcast.features.images.visual import COLUMNS, visual


def _of(pixels):
    pixels = np.asarray(pixels, dtype=np.uint8)
    found = visual(Picture(pixels, pixels.shape[1], pixels.shape[0]))
    assert found.shape == (len(COLUMNS),)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    return dict(zip(COLUMNS, found.tolist(), strict=True))


def _plain(colour, size=(48, 64)):
    return np.tile(np.array(colour, dtype=np.uint8), (*size, 1))


def _noise(rng, size=(96, 96)):
    return rng.integers(0, 256, (*size, 3))


def test_one_colour():
    found = _of(_plain((0, 0, 255)))
    assert found["brightness"] == pytest.approx(0.114, abs=1e-5)
    assert found["contrast"] == pytest.approx(0, abs=1e-5)
    assert found["saturation"] == 1
    assert [found[f"first colour, {one}"] for one in ("red", "green", "blue", "share")] == [
        0,
        0,
        1,
        1,
    ]
    assert found["second colour, share"] == 0
    assert found["sharpness, log"] == pytest.approx(0, abs=1e-4)
    assert found["aspect, log"] == pytest.approx(np.log(64 / 48))


def test_two_colours_by_their_share():
    pixels = _plain((255, 255, 255))
    pixels[:, :16] = (255, 0, 0)
    found = _of(pixels)
    assert found["first colour, share"] == pytest.approx(0.75)
    assert found["second colour, share"] == pytest.approx(0.25)
    assert (found["second colour, red"], found["second colour, green"]) == (1, 0)
    assert found["share of light"] == pytest.approx(0.75)


def test_colourfulness_by_hand(rng):
    pixels = _noise(rng)
    red, green, blue = (pixels[..., c].astype(float) for c in range(3))
    first, second = red - green, (red + green) / 2 - blue
    by_hand = np.sqrt(first.var() + second.var()) + 0.3 * np.sqrt(
        first.mean() ** 2 + second.mean() ** 2
    )
    assert _of(pixels)["colourfulness"] == pytest.approx(by_hand / 255, rel=1e-4)
    assert _of(np.repeat(pixels[..., :1], 3, axis=2))["colourfulness"] == pytest.approx(0, abs=1e-5)


def test_blur_is_less_sharp(rng):
    from scipy.ndimage import uniform_filter

    pixels = _noise(rng)
    blurred = uniform_filter(pixels.astype(float), size=(3, 3, 1))
    assert _of(blurred)["sharpness, log"] < _of(pixels)["sharpness, log"] - 1


def test_lettering_is_told_from_what_is_none(rng):
    ImageDraw = pytest.importorskip("PIL.ImageDraw", reason="SKIPPED: no [image]")
    from PIL import Image

    page = Image.new("RGB", (200, 200), "white")
    for y in range(0, 200, 11):
        ImageDraw.Draw(page).text((2, y), "Many words that fill a line of text", fill="black")
    slope = np.tile(np.linspace(0, 255, 200)[None, :, None], (200, 1, 3))
    assert _of(np.asarray(page))["text area"] > 0.5
    assert _of(slope)["text area"] == 0
    assert _of(_noise(rng))["text area"] < 0.1


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (2, 2), (15, 400)])
def test_the_smallest_pictures_have_features(size, rng):
    _of(_noise(rng, size))
