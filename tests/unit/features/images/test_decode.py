"""Image files that are as they should be, and files made to break whoever opens them."""

import io
import os
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from postcast.features.images import decode as decoding
from postcast.features.images.decode import Picture, Reason, decode, read_bytes

Image = pytest.importorskip("PIL.Image", reason="SKIPPED: the extra [image] is not installed")

pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")


def _saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _halves(size=(40, 20)):
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    return image


def _colour(picture, x, y):
    return picture.pixels[
        int(y * (picture.pixels.shape[0] - 1)), int(x * (picture.pixels.shape[1] - 1))
    ]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_common_formats_are_decoded(kind):
    picture = decode(_saved(_halves(), kind))
    assert isinstance(picture, Picture)
    assert picture.pixels.shape == (20, 40, 3)
    assert (picture.width, picture.height) == (40, 20)
    np.testing.assert_allclose(_colour(picture, 0, 0), [255, 0, 0], atol=12)
    np.testing.assert_allclose(_colour(picture, 1, 1), [0, 0, 255], atol=12)


def test_cmyk_becomes_the_colours_that_it_stands_for():
    data = _saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    np.testing.assert_allclose(decode(data).pixels.mean(axis=(0, 1)), [255, 0, 0], atol=6)


def test_an_animation_is_its_first_frame():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("green", "white", "black")]
    data = _saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    np.testing.assert_array_equal(decode(data).pixels.mean(axis=(0, 1)), [0, 128, 0])


@pytest.mark.parametrize(
    ("told", "first", "last"),
    [
        (1, (0.0, 0.5), (1.0, 0.5)),
        (2, (1.0, 0.5), (0.0, 0.5)),
        (3, (1.0, 0.5), (0.0, 0.5)),
        (6, (0.5, 0.0), (0.5, 1.0)),
        (8, (0.5, 1.0), (0.5, 0.0)),
    ],
)
def test_exif_turns_the_image_as_it_is_shown(told, first, last):
    exif = Image.Exif()
    exif[0x0112] = told
    picture = decode(_saved(_halves(), "PNG", exif=exif))
    assert (picture.width, picture.height) == ((20, 40) if told in (6, 8) else (40, 20))
    assert picture.pixels.shape[:2] == (picture.height, picture.width)
    np.testing.assert_array_equal(_colour(picture, *first), [255, 0, 0])
    np.testing.assert_array_equal(_colour(picture, *last), [0, 0, 255])


def test_exif_agrees_with_pillow_in_every_orientation():
    from PIL import ImageOps

    image = Image.fromarray(np.arange(5 * 3 * 3, dtype=np.uint8).reshape(5, 3, 3))
    for told in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = told
        data = _saved(image, "PNG", exif=exif)
        expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        np.testing.assert_array_equal(decode(data).pixels, np.asarray(expected))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_costs_the_turn_alone():
    data = _saved(_halves(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert isinstance(decode(data), Picture)


def test_transparent_parts_are_white():
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert decode(_saved(image, "PNG")).pixels.min() == 255
    palette = Image.new("P", (4, 4), 0)
    assert decode(_saved(palette, "GIF", transparency=0)).pixels.min() == 255


def test_sixteen_bits_become_eight():
    grey = np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16)
    pixels = decode(_saved(Image.fromarray(grey), "PNG")).pixels
    np.testing.assert_allclose(pixels[..., 0], grey / 257, atol=1)


@pytest.mark.parametrize("size", [(2000, 1000), (1000, 2000), (3000, 2), (385, 385)])
def test_a_large_image_is_reduced_and_its_own_size_told(size):
    picture = decode(_saved(Image.new("RGB", size), "JPEG"))
    assert (picture.width, picture.height) == size
    height, width = picture.pixels.shape[:2]
    assert min(height, width) <= decoding.SHORT_SIDE
    assert max(height, width) <= decoding.LONG_SIDE


def _png_header(width, height):
    def chunk(kind, data):
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(9000, 9000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_told_by_its_header_and_never_decoded(size, monkeypatch):
    monkeypatch.setattr(decoding, "_picture", lambda image: pytest.fail("was decoded"))
    assert decode(_png_header(*size)) == Reason.ENORMOUS


def test_hostile_bytes_are_told_by_what_they_are():
    whole = _saved(Image.effect_noise((64, 64), 50), "JPEG")
    assert decode(b"this is no image") == Reason.UNKNOWN
    assert decode(b"%PDF-1.4\n") == Reason.UNKNOWN
    assert decode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n") == Reason.UNKNOWN
    assert decode(whole[: len(whole) // 2]) == Reason.BROKEN
    assert decode(_png_header(50, 50)) == Reason.BROKEN
    assert decode(_saved(_halves(), "PNG")[:-30]) == Reason.BROKEN


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_no_change_of_bytes_raises(kind, rng):
    """A few hundred files, each with some bytes drawn anew."""
    whole = np.frombuffer(_saved(_halves(), kind), dtype=np.uint8)
    for _ in range(60):
        data = whole.copy()
        places = rng.integers(0, len(data), int(rng.integers(1, 12)))
        data[places] = rng.integers(0, 256, len(places))
        assert isinstance(decode(data.tobytes()), (Picture, Reason))


def test_files_are_read_and_everything_else_is_told(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(b"bytes")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "link.png").symlink_to(file)
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    assert read_bytes(str(file)) == b"bytes"
    assert read_bytes(str(tmp_path / "link.png")) == b"bytes"
    assert read_bytes(None) == read_bytes("  ") == Reason.NONE
    assert read_bytes(str(tmp_path / "empty.jpg")) == Reason.EMPTY
    assert read_bytes(str(tmp_path)) == Reason.IRREGULAR
    assert read_bytes(str(tmp_path / "none.png")) == Reason.MISSING
    assert read_bytes(str(tmp_path / "gone.png")) == Reason.MISSING
    assert read_bytes("a\0b.png") == Reason.MISSING
    assert read_bytes(str(tmp_path / ("x" * 5000))) == Reason.MISSING


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="SKIPPED: no FIFOs here")
def test_nothing_waits_for_a_pipe_or_reads_a_device(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert read_bytes(str(tmp_path / "pipe.png")) == Reason.IRREGULAR
    assert read_bytes("/dev/zero") == Reason.IRREGULAR


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/a.png",
        "HTTP://x/y",
        "file:///a.png",
        "data:image/png;base64,AA",
        "//host/share/a.png",
        r"\\host\share\a.png",
    ],
)
def test_an_address_is_never_followed(address, monkeypatch):
    monkeypatch.setattr(Path, "stat", lambda *a, **k: pytest.fail("looked for it"))
    assert read_bytes(address) == Reason.ADDRESS


def test_a_colon_makes_no_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("photo:1.png").write_bytes(b"bytes")
    assert read_bytes("photo:1.png") == b"bytes"


def test_a_file_is_read_no_further_than_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "FILES", replace(decoding.FILES, n_bytes=10))
    (tmp_path / "a").write_bytes(bytes(10))
    (tmp_path / "b").write_bytes(bytes(11))
    assert read_bytes(str(tmp_path / "a")) == bytes(10)
    assert read_bytes(str(tmp_path / "b")) == Reason.LARGE
