"""Whether a forecaster still holds, in words and as plain text.

Knows the records of a drift only. Its first line is the verdict.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from postcast.drifted import CANNOT_TELL, HOLDS
from postcast.evaluate.summary import SCORE_NAMES
from postcast.evaluate.words import BASELINES, listed, percent, signed
from postcast.schema import CLASSES
from postcast.wording import counted, number_in_words, one_line

if TYPE_CHECKING:
    from postcast.drifted import BlockShift, Check, Drift, Period, ThresholdDrift
    from postcast.scorecard import Estimate

WIDTH = 88

BLOCKS = {
    "text": "what posts say",
    "context": "length, signs and hour",
    "author": "who publishes, and at what pace",
    "neighbours": "how near others are, how those did",
    "image": "what images look like",
}
"""What each block that is compared tells of a post."""


def verdict(drift: Drift) -> str:
    """Return the verdict in a sentence, with what it rests on."""
    called = counted(drift.posts, f"newer {'synthetic ' * drift.synthetic}post")
    if drift.verdict == CANNOT_TELL:
        return (
            f"Too few posts to say whether this forecaster still holds: {called}{_unsure(drift)}."
        )
    if drift.verdict == HOLDS:
        first = _told(drift.checks[0])
        return f"This forecaster still holds on {called}: {first}, and nothing is clearly worse."
    worse = [_told(check) for check in drift.checks if check.is_worse]
    return f"This forecaster no longer holds on {called}: {listed(worse)}."


def advice(drift: Drift) -> str:
    """Say what to do about the verdict, and what shifted meanwhile."""
    shifted = [one.block for one in drift.shifts if one.level in ("clear", "strong")]
    moved = f"Clearly shifted: {listed(shifted)}. " if shifted else ""
    if drift.verdict == HOLDS:
        return f"{moved}Newer posts may still help: `postcast update` takes them in."
    if drift.verdict == CANNOT_TELL:
        return f"{moved}Give more posts, or wait until there are more."
    return f"{moved}Train again with the newer posts."


def drift_text(drift: Drift) -> str:
    """Return a drift as plain text of at most 88 columns, the verdict first."""
    blocks = [
        _wrapped(verdict(drift)),
        _wrapped(advice(drift)),
        [line for fact in _facts(drift) for line in _wrapped(fact)],
        list(_period_table(drift)),
        list(_check_table(drift)),
        list(_shift_table(drift)),
        _wrapped(thresholds_sentence(drift.thresholds)) if drift.posts else [],
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def thresholds_sentence(drift: ThresholdDrift) -> str:
    """Say where classes would begin on newer posts, and how many of these are in each now."""
    shares = listed(
        f"{percent(drift.shares[name])} {name} (trained: {drift.shares_trained[name]:.0%})"
        for name in CLASSES
    )
    told = f"Of {counted(drift.posts, 'newer post')} {shares}"
    if any(one.value is None for one in drift.now):
        return f"{told}; their counts cannot be parted into thirds."
    now = zip(CLASSES[1:], drift.now, strict=True)
    begin = listed(f"{name} at {_bounded(one)}" for name, one in now)
    trained = listed(number_in_words(one, 10) for one in drift.trained)
    return f"{told}. Parted into thirds, they would have {begin}; the thresholds stay {trained}."


def best_baseline(drift: Drift) -> str | None:
    """Return the baseline that is best on all newer posts, by macro-F1."""
    found = {n: s["macro_f1"].value or 0.0 for n, s in drift.overall.baselines.items()}
    return max(found, key=lambda name: found[name]) if found else None


def shift_sentence(shift: BlockShift) -> str:
    """Say how well newer posts are told from older ones by a block, and what differs."""
    if shift.level == "not known":
        return f"not known: {shift.reason}"
    named = shift.level != "none seen" and shift.differ
    return f"{shift.level}{': ' + ', '.join(shift.differ) if named else ''}"


def against(check: Check) -> str:
    """Return what a check compares with, as people call it."""
    if check.against == "training":
        return "in training's test"
    return {"chance": "by chance alone"}.get(
        check.against, f"of {BASELINES.get(check.against, check.against)}"
    )


def _told(check: Check) -> str:
    then = "–" if check.then.value is None else f"{check.then.value:.3f}"
    of = "" if check.period == "all newer posts" else f" of {check.period}"
    return (
        f"{SCORE_NAMES[check.score]}{of} is {check.now}, against {then} {against(check)} "
        f"(difference {signed(check.change)})"
    )


def _unsure(drift: Drift) -> str:
    if not drift.posts:
        return f", after leaving out {drift.n_known:,} that its memory holds"
    first = next(iter(drift.checks), None)
    if first is None or first.score != "macro_f1":
        return ""
    return f"; {_told(first)}"


def _facts(drift: Drift) -> Iterator[str]:
    left = f"; {drift.n_known:,} left out, whose text its memory holds" if drift.n_known else ""
    posts = counted(drift.posts, "post")
    yield f"{drift.classifier} on {drift.encoder}; {posts} of {one_line(drift.name)}{left}"
    if drift.n_updated:
        yield (
            f"its memory took in {counted(drift.n_updated, 'post')} after the training, "
            "with whose test it is compared"
        )


def _period_table(drift: Drift) -> Iterator[str]:
    if not drift.overall.scores:
        return
    best = best_baseline(drift)
    wide = max(len(one.label) for one in (drift.overall, *drift.periods))
    called = "" if best is None else f"{'baseline':>10}"
    yield f"{'':<{wide}}{'posts':>6}{'macro-F1':>19}{called}{'log loss':>19}{'ECE':>18}"
    for period in (*drift.periods, drift.overall):
        yield _period_row(period, best, wide)
    beside = "" if best is None else f"; baseline: macro-F1 of {BASELINES.get(best, best)}"
    yield f"95% bootstrap intervals over posts{beside}"


def _period_row(period: Period, best: str | None, wide: int) -> str:
    row = f"{period.label:<{wide}}{period.posts:>6,}"
    if not period.scores:
        return f"{row}{'too few':>19}"
    other = "" if best is None else f"{_plain(period.baselines[best]['macro_f1']):>10}"
    cells = {name: _short(found) for name, found in period.scores.items()}
    return f"{row}{cells['macro_f1']:>19}{other}{cells['log_loss']:>19}{cells['ece']:>18}"


def _check_table(drift: Drift) -> Iterator[str]:
    if not drift.checks:
        return
    yield f"{'compared with that':<47}{'then':>6}{'now':>7}{'difference':>25}"
    for check in drift.checks:
        of = "" if check.period == drift.overall.label else f" of {check.period}"
        name = f"{SCORE_NAMES[check.score]}{of}, {against(check)}"
        worse = " *" if check.is_worse else ""
        yield (
            f"{name:<47}{_plain(check.then):>6}{_plain(check.now):>7}"
            f"{signed(check.change):>25}{worse}"
        )
    yield "all intervals hold at 95%; * clearly worse; ECE less what fewer posts add by chance"


def _shift_table(drift: Drift) -> Iterator[str]:
    if not drift.shifts:
        return
    yield f"{'newer posts told from older ones by':<50}{'area':>18}  shift"
    for shift in drift.shifts:
        name = f"{shift.block}: {BLOCKS.get(shift.block, '')}".rstrip(": ")
        yield f"{name:<50}{_short(shift.told_apart):>18}  {shift.level}"
        if shift.level == "not known":
            yield f"  {shift.reason}"
        elif shift.level != "none seen" and shift.differ:
            yield textwrap.indent(textwrap.fill(", ".join(shift.differ), WIDTH - 2), "  ")
    yield "area under the ROC curve, out of fold: 0.5 where they are alike, 1 where nothing is"


def _bounded(found: Estimate) -> str:
    value, low, high = (
        "–" if bound is None else number_in_words(bound, 6)
        for bound in (found.value, found.low, found.high)
    )
    return f"{value} [{low}, {high}]"


def _plain(found: Estimate) -> str:
    return "–" if found.value is None else f"{found.value:.3f}"


def _short(found: Estimate) -> str:
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, WIDTH, break_on_hyphens=False)
