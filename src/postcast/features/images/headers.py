"""What an image file asks of its decoder, read from its headers before anything is decoded.

Knows the layout of JPEG, PNG, GIF, WebP, BMP and AVIF files; decodes nothing. What a decoder needs
not is taken out: Pillow parses metadata with neither bound on memory nor on work.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from postcast.features.images.reasons import Reason

ORIENTATION = 0x0112
"""The EXIF tag that says how an image is to be turned."""

MOST_PARTS = 20_000
"""Segments, chunks and blocks that are walked through; each costs a step of the interpreter."""

MOST_METADATA = 1 << 20
"""Bytes of EXIF, of XMP, of text and of GIF extensions that are looked at."""

MOST_RUN_LENGTH_BYTES = 2 << 20
"""Bytes and pixels of a run-length encoded BMP, which Pillow decodes in Python."""

_SHORT = 3
_SCAN_ENDS = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_AFTER_FILL = re.compile(rb"[^\xff]")
_EXIF_ITEM = re.compile(rb"(infe.{8}(?:..)?)Exif", re.DOTALL)
_XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')
_GIF_BLOCK = re.compile(rb"[,;!]")
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_END, _SCAN = 0xD9, 0xDA
_WITHOUT_LENGTH = frozenset({0, 1, *range(0xD0, 0xDA)})
_JPEG_KEPT = frozenset({*_FRAMES, 0xC4, 0xCC, *range(_END, 0xDE), 0xE0, 0xEE})
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_PNG_TEXT = frozenset({b"tEXt", b"zTXt", b"iTXt"})


@dataclass(frozen=True)
class Limits:
    """What an image file may ask of its decoder.

    Parameters
    ----------
    n_bytes : int
        Of the file.
    pixels, side : int
        Width times height, and either of them.
    scans : int
        Of a JPEG; a progressive one refines all its pixels with each.
    work : int
        Pixels times scans.
    memory : int
        Bytes, as estimated, that its pixels take while they are decoded.
    """

    n_bytes: int
    pixels: int
    side: int
    scans: int
    work: int
    memory: int


FILES = Limits(64 << 20, 64_000_000, 65_535, 100, 1_500_000_000, 400_000_000)
"""Of files beside posts and on the command line."""

UPLOADS = Limits(64 << 20, 50_000_000, 16_384, 30, 500_000_000, 256_000_000)
"""Of images that arrive over a network: 48-megapixel photographs pass."""


@dataclass(frozen=True)
class Header:
    """An image file that may be handed to its decoder.

    Parameters
    ----------
    data : bytes
        The file, without metadata.
    scans : int
        Of a JPEG; 1 for other formats.
    n_kept_bytes : int
        That libjpeg keeps of the whole image between several scans.
    exif, xmp : bytes
        What was taken out, cut to `MOST_METADATA`.
    """

    data: bytes
    scans: int = 1
    n_kept_bytes: int = 0
    exif: bytes = b""
    xmp: bytes = b""


def header_of(data: bytes, limits: Limits) -> Header | Reason:
    """Return a file as it may be opened, or why it may not be.

    What is damaged passes: the decoder will say so, of a file that is then bounded.
    """
    for begins, examine in _EXAMINED.items():
        if data.startswith(begins):
            return examine(data, limits)
    if data[4:8] == b"ftyp":  # AVIF turns an image by itself, whatever its EXIF data say
        return Header(_EXIF_ITEM.sub(rb"\1free", data))
    return Header(data)


def check_size(width: int, height: int, limits: Limits) -> Reason | None:
    """Return why an image of a size is not decoded; None where it may be."""
    if width * height > limits.pixels:
        return Reason.ENORMOUS
    return Reason.LONG if max(width, height) > limits.side else None


def orientation_of(header: Header, info: Mapping[Any, Any]) -> int:
    """Return how an image is to be turned, 1 to 8; 1 where nothing, or nothing legible, says so.

    Parameters
    ----------
    header : Header
    info : mapping
        What Pillow found.
    """
    exif = header.exif or info.get("exif") or _raw_profile(info.get("Raw profile type exif"))
    found = _exif_orientation(exif[:MOST_METADATA]) if isinstance(exif, bytes) else None
    if found is None:
        xmp = header.xmp or info.get("xmp") or info.get("XML:com.adobe.xmp") or b""
        text = xmp.encode("utf-8", "replace") if isinstance(xmp, str) else xmp
        match = _XMP_ORIENTATION.search(text[:MOST_METADATA])
        found = int(match[1]) if match else 1
    return found


def _exif_orientation(exif: bytes) -> int | None:
    """Return the orientation that stands in the first directory of EXIF data."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return None
    try:
        [start] = struct.unpack_from(order + "I", tiff, 4)
        [n_entries] = struct.unpack_from(order + "H", tiff, start)
        for entry in range(n_entries):
            place = start + 2 + 12 * entry
            tag, kind, n_values = struct.unpack_from(order + "HHI", tiff, place)
            if tag == ORIENTATION:
                [value] = struct.unpack_from(order + "H", tiff, place + 8)
                return int(value) if kind == _SHORT and n_values == 1 else None
    except struct.error:
        pass
    return None


def _raw_profile(text: object) -> bytes:
    """Return EXIF data as ImageMagick writes them into the text of a PNG."""
    if not isinstance(text, str):
        return b""
    try:
        return bytes.fromhex("".join(text[: 2 * MOST_METADATA].split("\n")[3:]))
    except ValueError:
        return b""


def _of_jpeg(data: bytes, limits: Limits) -> Header | Reason:
    """Keep what tells pixels and colors; count scans up to the end of the first image."""
    kept, exif, xmp = [data[:2]], b"", b""
    scans = n_samples = 0
    for part, (code, whole, content) in enumerate(_segments(data)):
        if part >= MOST_PARTS:
            return Reason.PARTS
        if code == 0xE1 and content.startswith(b"Exif\0\0"):
            exif = (exif + content[6 if exif else 0 :])[:MOST_METADATA]
        elif code == 0xE1 and content.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
            xmp = content
        elif code in _FRAMES:
            width, height, samples = _frame(content)
            if n_samples or not samples:  # several frames, or none
                return Reason.BROKEN
            if reason := check_size(width, height, limits):
                return reason
            n_samples = samples
        scans += code == _SCAN
        if scans > limits.scans:
            return Reason.SCANS
        if code in _JPEG_KEPT:
            kept.append(whole)
    return Header(b"".join(kept), scans, 2 * n_samples if scans > 1 else 0, exif, xmp)


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the code of each segment of a JPEG, its bytes, and those after its length.

    The bytes of a scan hold its pixels, too. The end of the image is the last segment.
    """
    place = 2
    while (marker_at := data.find(b"\xff", place)) >= 0:
        code_at = _AFTER_FILL.search(data, marker_at)
        if code_at is None:
            return
        code, start = code_at[0][0], code_at.end()
        place = start
        if code in _WITHOUT_LENGTH:
            yield code, b"\xff" + code_at[0], b""
            if code == _END:
                return
            continue
        place += max(2, int.from_bytes(data[start : start + 2], "big"))
        content = data[start + 2 : place]
        if code == _SCAN:
            ends = _SCAN_ENDS.search(data, place)
            place = ends.start() if ends else len(data)
        yield code, b"\xff" + data[start - 1 : place], content


def _frame(segment: bytes) -> tuple[int, int, int]:
    """Return width, height and number of samples that the frame of a JPEG tells; zeros for none."""
    n_layers = segment[5] if len(segment) > 5 else 0
    sides = [segment[7 + 3 * layer : 8 + 3 * layer] for layer in range(n_layers)]
    across, down = ([side[0] >> shift & 15 for side in sides if side] for shift in (4, 0))
    if not across or not all(across) or not all(down):
        return 0, 0, 0
    height, width = struct.unpack_from(">HH", segment, 1)
    share = sum(a * b for a, b in zip(across, down, strict=True)) / (max(across) * max(down))
    return width, height, round(width * height * share)


def _of_png(data: bytes, _: Limits) -> Header | Reason:
    """Keep what tells pixels and colors of the still image; frames and profiles go."""
    kept, exif, text_bytes, place = [data[:8]], b"", 0, 8
    for _part in range(MOST_PARTS):
        head = data[place : place + 8]
        if len(head) < 8:
            return Header(b"".join([*kept, head]), exif=exif)
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        end = place + 12 + size
        if kind == b"eXIf":
            exif = data[place + 8 : min(end - 4, place + 8 + MOST_METADATA)]
        if kind in _PNG_TEXT:
            text_bytes += size
        is_short_text = kind in _PNG_TEXT and text_bytes <= MOST_METADATA and size < 1 << 16
        if kind in _PNG_KEPT or is_short_text:
            kept.append(data[place:end])
        place = end
        if kind == b"IEND":
            return Header(b"".join(kept), exif=exif)
    return Reason.PARTS


def _of_gif(data: bytes, _: Limits) -> Header | Reason:
    """Walk to the first frame, and leave out what stands before it but how it is drawn."""
    if len(data) < 13:
        return Header(data)
    place = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    screen, control = data[:place], b""
    steps = 0
    while (block := _GIF_BLOCK.search(data, place)) is not None and block[0] == b"!":
        start = place = block.start()
        place += 2
        while place < len(data) and data[place]:
            place += 1 + data[place]
            steps += 1
        place += 1
        steps += 1
        if steps > MOST_PARTS:
            return Reason.PARTS
        if data[start + 1 : start + 2] == b"\xf9":
            control = data[start:place]
    return Header(screen + control + data[block.start() if block else len(data) :])


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of the canvas; None where the file does not begin with either."""
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        return 1 + width, 1 + height
    if kind == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and len(data) >= 30:
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _of_webp(data: bytes, limits: Limits) -> Header | Reason:
    """Check the canvas, which libwebp allocates as it opens a file, and count the frames."""
    if data.count(b"ANMF") > MOST_PARTS:
        return Reason.PARTS
    size = _webp_size(data)
    if size is None:
        return Header(data)
    n_bytes = memory_of(size[0] * size[1], "WEBP", "RGBA")
    reason = check_size(*size, limits) or (Reason.MEMORY if n_bytes > limits.memory else None)
    return reason or Header(data)


def _of_bmp(data: bytes, _: Limits) -> Header | Reason:
    """Refuse long run-length encoded ones."""
    if len(data) < 34 or int.from_bytes(data[14:18], "little") < 40:
        return Header(data)
    width, height, compression = struct.unpack_from("<ii4xI", data, 18)
    most = MOST_RUN_LENGTH_BYTES
    if compression in (1, 2) and (abs(width * height) > most or len(data) > most):
        return Reason.WORK
    return Header(data)


_EXAMINED = {
    b"\xff\xd8\xff": _of_jpeg,
    b"\x89PNG\r\n\x1a\n": _of_png,
    b"GIF87a": _of_gif,
    b"GIF89a": _of_gif,
    b"RIFF": _of_webp,
    b"BM": _of_bmp,
}

_BYTES_A_PIXEL = {"1": 5, "L": 2, "P": 5, "RGB": 5, "I;16": 4}
"""As decoded, and where it is brought to RGB first that beside it; others take four bytes twice."""


def memory_of(pixels: int, kind: str, mode: str) -> int:
    """Return about how many bytes an image takes while it is decoded and laid on white.

    Parameters
    ----------
    pixels : int
        Decoded: fewer than the image has where it is decoded at a reduced size.
    kind, mode : str
        Pillow's names of its format and of the layout of its pixels.
    """
    if kind in ("WEBP", "AVIF"):  # canvases of the library, and a copy as bytes
        return 16 * pixels
    return _BYTES_A_PIXEL.get(mode, 8) * pixels
