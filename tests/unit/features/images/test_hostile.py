"""Small image files made to cost minutes or gigabytes: each is refused for its own reason.

Where a file may be decoded after all, a process of its own does it within a gigabyte.
"""

import io
import os
import resource
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest

from postcast.features.images import headers
from postcast.features.images.decode import FILES, UPLOADS, Picture, Reason, decode, reason_of

Image = pytest.importorskip("PIL.Image", reason="SKIPPED: the extra [image] is not installed")

pytestmark = pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")

SECONDS = 20
"""Many times what a refusal takes, and a fraction of what these files took."""

GIBIBYTE = 1 << 30


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def with_scans(n_scans, side=1600):
    """A progressive JPEG whose last scan stands there many times."""
    data = saved(Image.new("L", (side, side), 128), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * n_scans + data[-2:]


def progressive(side):
    return saved(Image.new("RGB", (side, side)), "JPEG", progressive=True, subsampling=0)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, kind, *, interlaced=False, pixels=True, more=b""):
    """A PNG of zeros, which takes hardly any bytes."""
    layers = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    packer = zlib.compressobj(9)
    row = bytes(1 + (width * layers * depth + 7) // 8)
    packed = [packer.compress(row) for _ in range(height if pixels and not interlaced else 0)]
    if interlaced:
        packed.append(packer.compress(bytes(len(row) * height + 8 * height)))
    packed.append(packer.flush())
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    palette = chunk(b"PLTE", bytes(768)) if kind == 3 else b""
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette
    return start + more + chunk(b"IDAT", b"".join(packed)) + chunk(b"IEND", b"")


def refused(data, limits=FILES):
    """Return why bytes are refused, and hold them to the clock."""
    begun = time.monotonic()
    found = decode(data, limits)
    assert time.monotonic() - begun < SECONDS
    assert not isinstance(found, Picture), "was decoded"
    return found


def test_a_progressive_jpeg_of_a_thousand_scans():
    assert refused(with_scans(1000)) == Reason.SCANS
    assert reason_of(with_scans(1000)) == Reason.SCANS


def test_scans_count_by_the_pixels_that_each_refines():
    data = with_scans(60, 6000)
    assert refused(data) == Reason.WORK
    assert refused(data, UPLOADS) == Reason.SCANS
    assert isinstance(decode(with_scans(60, 200)), Picture)


def test_scans_are_counted_outside_of_metadata_and_within_the_first_image():
    thumbnail = b"Exif\0\0" + b"\xff\xda\0\x02" * 200
    data = saved(Image.new("RGB", (64, 64), "red"), "JPEG")
    marked = data[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail + data[2:]
    assert isinstance(decode(marked + with_scans(200)), Picture)


def test_bytes_of_all_ones_are_walked_once():
    assert refused(b"\xff\xd8" + b"\xff" * (8 << 20)) in (Reason.UNKNOWN, Reason.BROKEN)
    ones = b"\xff\xd8\xff\xda\0\x02" + b"\xff" * (8 << 20) + b"\0"
    assert isinstance(refused(ones), Reason)


@pytest.mark.parametrize(("width", "height"), [(1, 64_000_000), (64_000_000, 1), (70_000, 10)])
def test_a_side_too_long(width, height):
    assert refused(png(width, height, 1, 0, pixels=False)) == Reason.LONG


@pytest.mark.parametrize(
    ("side", "depth", "kind"), [(8000, 16, 6), (8000, 8, 6), (8000, 16, 4), (8000, 8, 4)]
)
def test_many_pixels_of_many_bytes(side, depth, kind):
    assert refused(png(side, side, depth, kind, pixels=False)) == Reason.MEMORY


def test_uploads_are_bounded_more_tightly():
    for data in (
        png(20_000, 100, 8, 2, pixels=False),
        png(7500, 7000, 8, 2, pixels=False),
        png(6000, 6000, 8, 6, pixels=False),
    ):
        assert refused(data, UPLOADS) in (Reason.LONG, Reason.ENORMOUS, Reason.MEMORY)
    photograph = saved(Image.new("RGB", (8064, 6048), "red"), "JPEG")
    assert isinstance(decode(photograph, UPLOADS), Picture)


@pytest.mark.parametrize(
    ("kind", "options"), [("WEBP", {"lossless": True}), ("WEBP", {}), ("WEBP", {"exif": b"Exif"})]
)
def test_the_canvas_of_a_webp_is_checked_before_it_is_allocated(kind, options, monkeypatch):
    data = bytearray(saved(Image.new("RGBA", (64, 64), (9, 9, 9, 90)), kind, **options))
    if data[12:16] == b"VP8X":
        data[24:30] = (16_000).to_bytes(3, "little") * 2
    elif data[12:16] == b"VP8L":
        data[21:25] = ((15_999 | 15_999 << 14) | data[24] >> 4 << 28).to_bytes(4, "little")
    monkeypatch.setattr("PIL.Image.open", lambda *a, **k: pytest.fail("was opened"))
    assert refused(bytes(data)) == Reason.ENORMOUS


def test_metadata_that_a_parser_would_copy_without_end():
    entries = b"".join(struct.pack("<HHII", tag, 1, 900_000, 8) for tag in range(1, 60_000))
    exif = b"II*\0\x08\0\0\0" + struct.pack("<H", 59_999) + entries + bytes(4)
    data = png(8, 8, 8, 2, more=chunk(b"eXIf", exif))
    assert peak_of(data) < 400 << 20
    jpeg = saved(Image.new("RGB", (8, 8), "red"), "JPEG")
    short = b"Exif\0\0" + exif[:65_000]
    assert peak_of(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(short)) + short + jpeg[2:])


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff\xe5\0\x02" * 300_000,
        png(8, 8, 8, 2, more=chunk(b"tEXt", b"") * 300_000),
        b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0, 0, 0) + b"!\xfe" + b"\x01a" * 300_000,
        b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0, 0, 0) + b"!\xfe\0" * 300_000,
        b"RIFF\xff\xff\xff\0WEBPVP8X" + bytes(14) + b"ANMF" * 300_000,
    ],
    ids=["segments", "chunks", "blocks", "extensions", "frames"],
)
def test_parts_without_end(data):
    assert refused(data) == Reason.PARTS


def test_a_run_length_encoded_bitmap_is_decoded_in_python_and_thus_small():
    head = struct.pack(
        "<2sIHHIIiiHHIIiiII", b"BM", 0, 0, 0, 1078, 40, 8000, 8000, 1, 8, 1, *[0] * 5
    )
    assert refused(head + bytes(1024) + b"\x01\0" * 1000) == Reason.WORK


def test_junk_is_no_work():
    screen = b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0, 0, 0)
    assert isinstance(refused(screen + b"\x07" * (8 << 20)), Reason)
    jpeg = saved(Image.new("RGB", (8, 8), "red"), "JPEG")
    assert isinstance(decode(jpeg[:2] + b"\xff" * (8 << 20) + jpeg[2:]), Picture)


def test_metadata_go_and_pixels_and_orientation_stay(rng):
    noise = Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("PNG", "JPEG", "WEBP"):
        picture = decode(saved(noise, kind, exif=exif))
        assert (picture.width, picture.height) == (20, 30), kind
    packet = b'<x:xmpmeta tiff:Orientation="8"/>'
    assert decode(saved(noise, "JPEG", xmp=packet)).width == 20
    assert decode(saved(noise, "WEBP", xmp=packet)).width == 20


def peak_of(data):
    """Return the peak memory of a process that decodes bytes within a gigabyte of addresses."""
    program = (
        "import re, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from postcast.features.images.decode import decode\n"
        "print(type(decode(sys.stdin.buffer.read())).__name__)\n"
        "status = open('/proc/self/status').read()\n"  # ru_maxrss begins at the parent's
        "print(1024 * int(re.search(r'VmHWM:\\s*(\\d+)', status)[1]))\n"
    )

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (GIBIBYTE, GIBIBYTE))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

    answer = subprocess.run(
        [sys.executable, "-c", program],
        input=data,
        capture_output=True,
        check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=limit,
    )
    kind, peak = answer.stdout.split()
    assert kind == b"Picture", kind
    return int(peak)


@pytest.mark.parametrize(
    ("data", "most"),
    [
        (lambda: png(8000, 8000, 8, 2, interlaced=True), 550),
        (lambda: png(8000, 8000, 16, 0), 700),
        (lambda: png(8000, 8000, 8, 3), 550),
        (lambda: png(7000, 7000, 16, 6), 700),
        (
            lambda: saved(Image.new("RGB", (8000, 8000)), "JPEG", progressive=True, subsampling=0),
            700,
        ),
    ],
    ids=["interlaced", "grey16", "palette", "rgba16", "progressive"],
)
def test_the_largest_that_pass_stay_within_their_memory(data, most):
    assert peak_of(data()) < most << 20


def test_limits_leave_what_cameras_make():
    assert FILES.side >= headers.UPLOADS.side >= 16_383
    assert UPLOADS.pixels >= 8064 * 6048
