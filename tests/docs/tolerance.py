"""Compare an output with the one that a page shows: words to the letter, figures with tolerance.

Sums differ in their last bits from one kind of processor to another; trees then split elsewhere,
and what a trained forecaster says moves a little. A page that was printed on one machine holds on
another where

- words, signs, line breaks and columns are the same, to the letter;
- a figure with an interval beside it, as in ``0.638 [0.545, 0.714]`` or ``25; 13 to 52``, lies in
  the interval that the page shows, the page's figure lies in the one that was printed, and neither
  bound moved by more than half the width of the shown interval (a calibration error stands at the
  edge of its interval, or beyond: so a tenth of the width is added to both ends);
- any other figure moved by at most `SHARE` of itself, or by `LEAST` where that is more, and has as
  many decimals as the page's, or as many digits that count;
- posts of one class by the class forecast moved by at most `LEAST` of all of that class, whose sum
  is the page's;
- the hour that an edit proposes is at most `HOURS` away: hours of one evening fare alike;
- a bar, which is drawn from a figure, is at most `BAR_BLOCKS` longer or shorter.

A figure is a number with decimals, or an integer of which `MODEL_INTEGERS` says that a forecaster
made it. All other integers (counts of posts, thresholds, seeds, settings), whole numbers such as
``4.0``, and digits in a word, a date, a time, a version or an id are words.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cached_property

SHARE = 0.15
"""The share of itself by which a figure without an interval may move; of a percentage none."""

LEAST = 0.08
"""By how much any figure may move: eight points of a percentage. Whole counts may move by one."""

BOUND_SHARE = 0.5
"""The share of the shown interval's width by which each of its bounds may move."""

EDGE = 0.1
"""The share of an interval's width that is added to its ends."""

HOURS = 2
"""By how many hours a proposed hour may move."""

BAR_BLOCKS = 3
"""By how many blocks a bar may grow or shrink."""

MANY_DIGITS = 4
"""From so many digits that count on, figures differ in digits by the zeros that are not written."""

NUMBER = re.compile(
    r"(?<![\w.:/-])(?:(?<!\w)[-+])?(?P<digits>\d+(?:\.\d+)?)(?:e[-+]?\d+)?"
    r"(?!\w|:(?!00 UTC)|[./-]\d)"
)
_N = r"[-+]?\d+(?:\.\d+)?"
INTERVALS = tuple(
    re.compile(pattern.replace("VALUE", f"(?P<value>{_N})"), re.MULTILINE)
    for pattern in (
        rf"VALUE%?\s+\[(?P<low>{_N})%?,\s+(?P<high>{_N})%?\]",
        rf"\bis VALUE\s+times\s+\[(?P<low>{_N}),\s+(?P<high>{_N})\]",
        rf"about VALUE; (?P<low>{_N}) to (?P<high>{_N}) at",
        rf"^ +\d+\.  .* VALUE +(?P<low>{_N}) to (?P<high>{_N})\b",
        rf"\(expected rank VALUE, from (?P<low>{_N}) to (?P<high>{_N})\)",
    )
)
MODEL_INTEGERS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^ +(?:low|medium|high) +(\d+)%",
        r"\((\d+)% (?:low|medium|high)\)",
        r"\bfrom (\d+)% (?:low|medium|high),",
        r"\bto (\d+)%, [\d.]+ expected",
        r"\d%, (\d+) expected",
        r"\b(\d+)\s+expected,\s+with\s+none",
        r"\bas\s+(\d+)%\s+of\s+those\s+pairs",
        r"\babout (\d+) times",
        r'^ *"(?:count_)?(?:low|high)": (\d+),?$',
    )
)
CLASS_ROW = re.compile(r"^(?:low|medium|high) +(\d+) +(\d+) +(\d+)$", re.MULTILINE)
"""Of the table of actual classes by forecast ones."""
HOUR = re.compile(r"\baround (\d\d):00 UTC")
EPSILON = 1e-9

BOUND_COLUMNS = {"low", "high", "count_low", "count_high", "score_low", "score_high"}
"""Columns of CSV that hold whole numbers of a forecaster's."""

Pair = tuple[str, str]
"""A figure as the page shows it, and as it was printed."""


class Output:
    """An output, parted into figures and the words between them."""

    def __init__(self, text: str) -> None:
        self.bars = [[side.count("█") for side in line.split("│")] for line in text.split("\n")]
        self.text = re.sub(r"[ \t]+$", "", text.replace("█", " "), flags=re.MULTILINE)

    @cached_property
    def figures(self) -> list[re.Match[str]]:
        """Return the figures in their order."""
        return [one for one in NUMBER.finditer(self.text) if self._is_figure(one)]

    @cached_property
    def words(self) -> list[str]:
        """Return what stands before, between and after the figures."""
        edges = [0, *(edge for one in self.figures for edge in one.span()), len(self.text)]
        return [self.text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]

    @cached_property
    def intervals(self) -> dict[int, tuple[int, int]]:
        """Return where each figure with an interval begins, and where the bounds begin."""
        return {
            one.start("value"): (one.start("low"), one.start("high"))
            for pattern in INTERVALS
            for one in pattern.finditer(self.text)
        }

    @cached_property
    def class_rows(self) -> list[list[int]]:
        """Return where the figures of each row of the table of classes begin."""
        return [[one.start(i) for i in (1, 2, 3)] for one in CLASS_ROW.finditer(self.text)]

    @cached_property
    def hours(self) -> set[int]:
        """Return where the proposed hours begin."""
        return {one.start(1) for one in HOUR.finditer(self.text)}

    @cached_property
    def _model_integers(self) -> set[int]:
        groups = [*self.class_rows, self.hours, _bounds_in_csv(self.text)]
        groups += [(value, *bounds) for value, bounds in self.intervals.items()]
        for pattern in MODEL_INTEGERS:
            for one in pattern.finditer(self.text):
                groups.append([one.start(group) for group in range(1, pattern.groups + 1)])
        return {start for group in groups for start in group}

    def _is_figure(self, number: re.Match[str]) -> bool:
        if number.start() in self._model_integers:
            return True
        whole = number["digits"].endswith(".0") and number[0][0] not in "+-"
        percentage = self.text.startswith("%", number.end())
        return "." in number["digits"] and (percentage or not whole)


def _bounds_in_csv(text: str) -> Iterator[int]:
    """Yield where the bounds of counts begin in the rows below a header that names them."""
    columns, start = [], 0
    for line in text.splitlines(keepends=True):
        [cells] = csv.reader([line])
        if "forecast" in cells and BOUND_COLUMNS & set(cells):
            columns = cells
        elif len(cells) == len(columns) and line.count(",") == len(cells) - 1:
            at = start
            for column, cell in zip(columns, line.split(","), strict=True):
                if column in BOUND_COLUMNS:
                    yield at
                at += len(cell) + 1
        start += len(line)


def disagreement(shown: str, printed: str) -> str | None:
    """Return the first reason why an output is not what a page shows, or None.

    A line of ``...`` in `shown` stands for any lines, and ``...`` in a line for anything.
    """
    if "..." not in shown:
        return _compare(shown, printed)
    first, *middle = re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE)
    lines = printed.splitlines(keepends=True)
    if not middle:
        return _compare_with_gaps(first, lines)
    *middle, last = middle
    head, tail = first.count("\n"), last.count("\n")
    if head + tail > len(lines):
        return f"{len(lines)} lines where the page shows at least {head + tail}"
    body = len(lines) - tail
    return (
        _compare_with_gaps(first, lines[:head])
        or _compare_with_gaps(last, lines[body:])
        or _find(middle, lines[head:body])
    )


def _find(parts: list[str], lines: list[str]) -> str | None:
    """Find each part somewhere below the one before it."""
    for part in parts:
        height = part.count("\n")
        starts = range(len(lines) - height + 1)
        agrees = (s for s in starts if not _compare_with_gaps(part, lines[s : s + height]))
        start = next(agrees, None)
        if start is None:
            return f"nowhere is what the page shows as {part!r}"
        lines = lines[start + height :]
    return None


def _compare_with_gaps(shown: str, lines: list[str]) -> str | None:
    """Compare as many lines, and leave out those that `...` in a shown line stands for."""
    rows = shown.splitlines(keepends=True)
    if len(rows) != len(lines):
        return f"{len(lines)} lines where the page shows {len(rows)}"
    gaps = (".*".join(map(re.escape, row.split("..."))) for row in rows)
    filled = (
        line if re.fullmatch(gap, line, re.DOTALL) else row
        for row, gap, line in zip(rows, gaps, lines, strict=True)
    )
    return _compare("".join(filled), "".join(lines))


def _compare(shown: str, printed: str) -> str | None:
    if shown == printed:
        return None
    ours, theirs = Output(shown), Output(printed)
    return (
        _words_differ(ours, theirs)
        or _layout_differs(ours.text, theirs.text)
        or _figures_differ(ours, theirs)
        or _bars_differ(ours, theirs)
    )


def _words_differ(shown: Output, printed: Output) -> str | None:
    for ours, theirs in zip(shown.words, printed.words, strict=False):
        if re.sub(" +", " ", ours) != re.sub(" +", " ", theirs):
            return f"{theirs!r} where the page shows {ours!r}"
    if len(shown.figures) != len(printed.figures):
        return f"{len(printed.figures)} figures where the page shows {len(shown.figures)}"
    return None


def _layout_differs(shown: str, printed: str) -> str | None:
    """Hold that each cell of a line begins, or ends, where the page's does.

    Cells stand at least two blanks apart. A figure may have a digit more; then only that edge
    stays at which its column is aligned.
    """
    for ours, theirs in zip(shown.splitlines(), printed.splitlines(), strict=True):
        pairs = zip(_cells(ours), _cells(theirs), strict=False)
        kept = all(a[0] == b[0] or a[1] == b[1] for a, b in pairs)
        if not kept or len(_cells(ours)) != len(_cells(theirs)):
            return f"other columns in {theirs!r} than in {ours!r}"
    return None


def _cells(line: str) -> list[tuple[int, int]]:
    return [cell.span() for cell in re.finditer(r"\S+(?: \S+)*", line)]


def _figures_differ(shown: Output, printed: Output) -> str | None:
    pairs = {a.start(): (a[0], b[0]) for a, b in zip(shown.figures, printed.figures, strict=True)}
    rows = {start: row for row in shown.class_rows for start in row}
    bounds = {start for both in shown.intervals.values() for start in both}
    for figure in shown.figures:
        start, (ours, theirs) = figure.start(), pairs[figure.start()]
        if start in shown.intervals:
            near = _near_in_interval(*(pairs[at] for at in (start, *shown.intervals[start])))
        elif start in rows:
            near = _near_in_row((ours, theirs), [pairs[at] for at in rows[start]])
        elif start in shown.hours:
            near = abs(int(ours) - int(theirs)) <= HOURS
        else:
            unit = 100 if shown.text.startswith("%", figure.end()) else 1
            near = start in bounds or _near(ours, theirs, unit)
        if not near or not _written_alike(ours, theirs):
            where = shown.text[max(0, start - 30) : figure.end() + 20]
            return f"{theirs} where the page shows {ours}, in {where!r}"
    return None


def _near_in_interval(value: Pair, low: Pair, high: Pair) -> bool:
    ours, theirs = (tuple(float(pair[i]) for pair in (value, low, high)) for i in (0, 1))
    room = BOUND_SHARE * (ours[2] - ours[1]) + EPSILON
    edge, other_edge = (EDGE * (high - low) + EPSILON for _, low, high in (ours, theirs))
    return (
        ours[1] - edge <= theirs[0] <= ours[2] + edge
        and theirs[1] - other_edge <= ours[0] <= theirs[2] + other_edge
        and max(abs(ours[1] - theirs[1]), abs(ours[2] - theirs[2])) <= room
    )


def _near_in_row(cell: Pair, row: list[Pair]) -> bool:
    ours, theirs = (sum(int(pair[i]) for pair in row) for i in (0, 1))
    return ours == theirs and abs(int(cell[0]) - int(cell[1])) <= max(LEAST * ours, 1)


def _near(shown: str, printed: str, unit: int) -> bool:
    ours, theirs = float(shown), float(printed)
    whole = ours.is_integer() and theirs.is_integer() and unit == 1
    share = SHARE * abs(ours) if unit == 1 else 0
    return abs(ours - theirs) <= max(share, 1 if whole else LEAST * unit) + EPSILON


def _written_alike(shown: str, printed: str) -> bool:
    """Tell whether both have as many decimals, or as many digits that count, and alike a sign.

    Where trailing zeros are not written, 16 stands beside 15.9, and 8.8198 beside 8.98868.
    """
    if (shown[0] == "+" and printed[0] not in "+-") or (printed[0] == "+" and shown[0] not in "+-"):
        return False
    decimals = [len(text.partition(".")[2]) for text in (shown, printed)]
    digits = [len(text.lstrip("+-0.").replace(".", "")) or 1 for text in (shown, printed)]
    longer = abs(digits[0] - digits[1])
    if decimals[0] == decimals[1] or longer == 0 or min(digits) >= MANY_DIGITS:
        return True
    return longer == 1 and 0 in decimals


def _bars_differ(shown: Output, printed: Output) -> str | None:
    for row, (ours, theirs) in enumerate(zip(shown.bars, printed.bars, strict=True), 1):
        if sum(abs(a - b) for a, b in zip(ours, theirs, strict=True)) > BAR_BLOCKS:
            return f"bars of {theirs} blocks in line {row}, where the page shows {ours}"
    return None
