"""A leaderboard in words and as plain text, for the terminal and compare.txt.

Knows the leaderboard only. Its first lines say what holds under the split that is most like use.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from postcast.evaluate.leaderboard import TFIDF_LINEAR
from postcast.evaluate.words import listed, signed
from postcast.schema import CLASSES
from postcast.scorecard import Estimate
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.evaluate.leaderboard import Board, Leaderboard, Standing

WIDTH = 88

CALLED = {TFIDF_LINEAR: "TF-IDF + linear", "reference": "the reference's network"}
"""Classifiers whose name is not how a sentence calls them."""

_LIKE_USE = (
    ("chronological", "online"),
    ("rolling", "online"),
    ("chronological", "frozen"),
    ("rolling", "frozen"),
    ("unseen", "frozen"),
    ("blocks", "frozen"),
    ("cv", "frozen"),
)
"""Splits and modes, those first that are most like forecasting posts still to come."""

_UNDER = {
    ("cv", "frozen"): "cross-validation",
    ("blocks", "frozen"): "blocks",
    ("chronological", "frozen"): "chronological, frozen",
    ("chronological", "online"): "chronological, online",
    ("rolling", "frozen"): "rolling, frozen",
    ("rolling", "online"): "rolling, online",
    ("unseen", "frozen"): "unseen authors",
}

_TESTED = {
    "cv": "on {posts} (cross-validation)",
    "blocks": "on {posts} (blocks)",
    "chronological": "on the {newest} (chronological, {mode})",
    "rolling": "on {later} (rolling, {mode})",
    "unseen": "on {posts} of unseen authors",
}

_SEES = {
    "frozen": " Nothing is known after training.",
    "online": " Counts of earlier test posts are known once they are mature.",
}


def title_of(board: Board) -> str:
    """Return what a split is called."""
    return _UNDER[board.split, board.mode]


def about(board: Board) -> str:
    """Say what a split is, and what it was tested on."""
    later = board.split in ("chronological", "rolling")
    sees = _SEES[board.mode] if later else ""
    if later and board.maturity != "0":
        sees += f" Maturity {board.maturity}."
    best = next(iter(board.classifiers.values()))
    again = f", {counted(best.n_rows, 'forecast')}" if best.n_rows > board.n_posts else ""
    trainings = counted(board.folds, "training")
    what = board.description.removeprefix("Cross-validation: ")
    return f"{_capital(what)}{sees} {counted(board.n_posts, 'post')} tested{again}; {trainings}."


def verdict(board: Leaderboard) -> tuple[str, ...]:
    """Say who leads where it matters, by how much, and whether the cross-validated lead holds.

    A lead over TF-IDF + linear counts where the paired 95% interval of the difference in
    macro-F1 lies above zero.
    """
    main = headline(board)
    sentences = [_leading(main)]
    validated = next((one for one in board.boards if one.split == "cv"), None)
    if validated is not None and validated is not main:
        sentences.append(_surviving(validated, board))
    return tuple(one for one in sentences if one)


def skipped_sentences(board: Leaderboard) -> list[str]:
    """Say which splits were left out, and why."""
    return [f"Left out: {split} ({why})." for split, why in board.skipped.items()]


def called(name: str) -> str:
    """Return how a sentence calls a classifier."""
    return CALLED.get(name, name)


def against(standing: Standing, other: str) -> Estimate:
    """Return the difference in macro-F1 to an opponent, empty where there is none."""
    return standing.differences.get(other, {}).get("macro_f1", Estimate())


def macro_f1_of(board: Board) -> dict[str, float]:
    """Return everybody's macro-F1 under a split."""
    return {name: one.macro_f1.value or 0.0 for name, one in board.classifiers.items()}


def headline(board: Leaderboard) -> Board:
    """Return the split that is most like forecasting posts still to come."""
    return min(board.boards, key=lambda one: _LIKE_USE.index((one.split, one.mode)))


def _leading(main: Board) -> str:
    """Say who leads under one split, and by how much over TF-IDF + linear."""
    first, *others = main.classifiers
    standing = main.classifiers[first]
    settled = "" if main.maturity == "0" else f", maturity {main.maturity}"
    nouns = {"posts": "post", "newest": "newest post", "later": "later post"}
    tested = {name: counted(main.n_posts, noun) for name, noun in nouns.items()}
    where = _TESTED[main.split].format(**tested, mode=main.mode + settled)
    if first == TFIDF_LINEAR and others:
        best = others[0]
        behind = signed(against(main.classifiers[best], TFIDF_LINEAR))
        return (
            f"Nothing beats {called(first)} {where}: macro-F1 {standing.macro_f1}; "
            f"{called(best)} comes next, at a difference of {behind}."
        )
    lead = f"{_capital(called(first))} leads {where}: macro-F1 {standing.macro_f1}"
    if TFIDF_LINEAR not in main.classifiers:
        return f"{lead}; TF-IDF + linear was not compared."
    gap = against(standing, TFIDF_LINEAR)
    theirs = macro_f1_of(main)[TFIDF_LINEAR]
    doubt = "" if _is_clear(gap) else ", which chance alone could do"
    beside = f"against {called(TFIDF_LINEAR)}'s {theirs:.3f}"
    return f"{lead} {beside}, a difference of {signed(gap)}{doubt}."


def _surviving(validated: Board, board: Leaderboard) -> str:
    """Say whether what leads in cross-validation leads elsewhere too."""
    first = next(iter(validated.classifiers))
    gap = against(validated.classifiers[first], TFIDF_LINEAR)
    if TFIDF_LINEAR not in validated.classifiers:
        return ""
    if first == TFIDF_LINEAR:
        return f"Cross-validated, nothing beats {called(first)}."
    name = _capital(called(first))
    if not _is_clear(gap):
        return (
            f"Cross-validated, {called(first)} leads {called(TFIDF_LINEAR)} by {signed(gap)}, "
            "which chance alone could do."
        )
    told: dict[str, list[str]] = {}
    for one in board.boards:
        if one.split in ("blocks", "chronological", "unseen"):
            there = against(one.classifiers[first], TFIDF_LINEAR)
            where = title_of(one).replace(",", "")
            told.setdefault(_fate(there), []).append(f"{where} ({signed(there)})")
    parts = [f"{fate} under {listed(told[fate])}" for fate in _FATES if fate in told]
    if not parts:
        return ""
    lead = f"{name}'s cross-validated lead over {called(TFIDF_LINEAR)}, {signed(gap)},"
    return f"{lead} {'; it '.join(parts)}."


_FATES = ("holds", "is not clear", "turns into a loss")


def _fate(difference: Estimate) -> str:
    """Return what became of a lead, one of `_FATES`."""
    if _is_clear(difference):
        return "holds"
    is_behind = difference.high is not None and difference.high < 0
    return "turns into a loss" if is_behind else "is not clear"


def _is_clear(difference: Estimate) -> bool:
    return difference.low is not None and difference.low > 0


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def leaderboard_text(board: Leaderboard) -> str:
    """Return the leaderboard as plain text of at most 88 columns, the verdict first."""
    told = [*verdict(board), *skipped_sentences(board)]
    kind = "synthetic post" if board.posts["synthetic"] else "post"
    posts = counted(board.posts["n"], kind)
    from_where = f"{board.posts['name']}: {posts}; encoder {board.encoder}."
    blocks = [
        *[_wrapped(sentence) for sentence in (*told, from_where)],
        list(_overview(board)),
        *[[*_wrapped(f"{_heading(one)}: {about(one)}"), "", *_table(one)] for one in board.boards],
        ["95% bootstrap intervals over posts, the same draws for all; (-) lower is better"],
    ]
    return "\n\n".join("\n".join(line.rstrip() for line in lines) for lines in blocks) + "\n"


def _heading(board: Board) -> str:
    return title_of(board).upper()


def _overview(board: Leaderboard) -> Iterator[str]:
    """Yield everybody's macro-F1 under every split, best under the headline split first."""
    columns = [title_of(one).replace("cross-validation", "cv").split(", ") for one in board.boards]
    yield f"{'macro-F1':<14}" + "".join(f"{_short(parts[0]):>10}" for parts in columns)
    if any(len(parts) > 1 for parts in columns):
        yield f"{'':<14}" + "".join(
            f"{parts[1] if len(parts) > 1 else '':>10}" for parts in columns
        )
    for name in headline(board).classifiers:
        cells = (macro_f1_of(one)[name] for one in board.boards)
        yield f"{name:<14}" + "".join(f"{value:>10.3f}" for value in cells)


def _short(name: str) -> str:
    return {"chronological": "chronol.", "unseen authors": "unseen"}.get(name, name)


def _table(board: Board) -> Iterator[str]:
    rows = board.classifiers
    gap = "against TF-IDF + linear" if TFIDF_LINEAR in rows else ""
    yield (f"{'':<14}{'macro-F1':>20}{gap:>25}{'QWK':>7}{'rho':>7}{'loss(-)':>8}{'ECE(-)':>7}")
    for name, one in rows.items():
        difference = against(one, TFIDF_LINEAR)
        shown = signed(difference) if difference.value is not None else ""
        yield (
            f"{name:<14}{one.macro_f1!s:>20}{shown:>25}{_figure(one.qwk):>7}"
            f"{_figure(one.spearman):>7}{_figure(one.log_loss):>8}{_figure(one.ece):>7}"
        )
    yield ""
    support = next(iter(rows.values())).per_class
    yield f"{'F1 of':<14}" + "".join(
        f"{f'{name} ({support[name].support:,})':>24}" for name in CLASSES
    )
    for name, one in rows.items():
        cells = (one.per_class[label] for label in CLASSES)
        yield f"{name:<14}" + "".join(f"{c.estimate('f1')!s:>24}" for c in cells)


def _figure(figure: Estimate) -> str:
    return "–" if figure.value is None else f"{figure.value:.3f}"


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, WIDTH, break_on_hyphens=False)
