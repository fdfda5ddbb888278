"""Bytes that are no UTF-8 → text: which of the older encodings reads them as somebody wrote them.

Knows characters and how they stand in words; knows no file.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

_WIDE = ("gb18030", "cp932", "cp949", "big5")
_NARROW = ("cp1252", "cp1251", "mac_roman")
"""Tried in this order: of two that fit equally well, the first is taken."""

_NAMES = {
    "cp1252": "Windows-1252",
    "cp1251": "Windows-1251",
    "mac_roman": "Mac Roman",
    "gb18030": "GB 18030",
    "cp932": "Shift JIS",
    "cp949": "EUC-KR",
    "big5": "Big5",
}

_SAMPLE = 400_000
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_WORDS = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uff60“”‘’…—·]{2,}")
_WESTERN = re.compile("[\u00a0-\u024f\u2010-\u2044\u20ac\u2122]")
_IN_CONTEXT = re.compile(r"(?s)(.?)([^\x00-\x7f])(?=(.?))")
_PUNCTUATION = frozenset("‘’“”–—…•€£©®™°·«»¿¡\u00a0„‚ºª½¼²³№")
_MOSTLY = 0.8


@dataclass(frozen=True)
class Decoded:
    """The text of a file.

    Parameters
    ----------
    text : str
    note : str
        Where it is not UTF-8, in which encoding it was read, and how many bytes fit none.
    """

    text: str
    note: str = ""


def decoded(data: bytes) -> Decoded:
    """Read bytes that are no UTF-8.

    UTF-8 of which a few bytes are damaged is read as such. Else the encodings of China, Japan and
    Korea are tried, and taken where nearly all that is not ASCII becomes their script; else that
    of Windows-1252, Windows-1251 and Mac Roman in which letters and punctuation stand as they do
    in words.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    Decoded
    """
    damaged = data.decode("utf-8", "replace")
    n_damaged = damaged.count("\ufffd")
    n_whole = len(_NON_ASCII.findall(damaged)) - n_damaged
    if n_whole > 3 * n_damaged:
        return Decoded(damaged, _note("UTF-8", n_damaged))
    sample = _whole_lines(data)
    if wide := _wide_encoding(sample):
        return _read_in(data, wide)
    if len(_WESTERN.findall(damaged)) > n_damaged / 4:
        return Decoded(damaged, _note("UTF-8", n_damaged))
    return _read_in(data, max(_NARROW, key=lambda one: _plausibility(sample, one)))


def _read_in(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    return Decoded(text, _note(_NAMES[encoding], text.count("\ufffd")))


def _note(name: str, n_damaged: int) -> str:
    if name == "UTF-8":
        fits = "fits" if n_damaged == 1 else "fit"
        return f"the file is damaged UTF-8: {n_damaged:,} of its bytes {fits} no character"
    rest = f", and has {n_damaged:,} bytes that fit no character" if n_damaged else ""
    return f"the file is not UTF-8: it was read as {name}{rest}"


def _whole_lines(data: bytes) -> bytes:
    """Return the lines with other bytes than ASCII, as many as are looked at."""
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    sample = b"\n".join(lines)
    return sample if len(sample) <= _SAMPLE else sample[: sample.rfind(b"\n", 0, _SAMPLE)]


def _wide_encoding(data: bytes) -> str | None:
    """Return the encoding in which nearly all but ASCII becomes words of China, Japan or Korea."""
    from charset_normalizer import from_bytes

    fitting = [one for one in _WIDE if _share_in_words(data, one) >= _MOSTLY]
    if not fitting:
        return None
    best = from_bytes(data, cp_isolation=fitting).best()
    return fitting[0] if best is None or best.encoding not in fitting else best.encoding


def _share_in_words(data: bytes, encoding: str) -> float:
    """Return the share of ideographs, kana and hangul beside one another among other than ASCII."""
    text = data.decode(encoding, "replace")
    n_other = len(_NON_ASCII.findall(text))
    return sum(map(len, _WORDS.findall(text))) / n_other if n_other else 0.0


def _plausibility(data: bytes, encoding: str) -> float:
    """Return how well the characters fit their neighbours, at most 1 each, on average."""
    text = data.decode(encoding, "replace")
    scores = Counter(match.groups() for match in _IN_CONTEXT.finditer(text))
    total = sum(scores.values())
    return sum(_fit(*one) * n for one, n in scores.items()) / total if total else 0.0


def _fit(before: str, one: str, after: str) -> float:
    """Return how well a character stands between two others, from -1 to 1."""
    if one in _PUNCTUATION:
        return 1.0
    if not one.isalpha() or one in "ªºﬁﬂƒıπ∂Ω":
        return -1.0
    beside = [other for other in (before, after) if other.isalpha()]
    if any(_script(other) != _script(one) for other in beside):
        return -1.0
    if one.isupper() and before.islower():
        return -1.0
    if _script(one) == "LATIN" and any(not other.isascii() for other in beside):
        return -0.5  # letters with marks seldom stand side by side
    return 0.6 if beside else 0.0


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ", 1)[0]
