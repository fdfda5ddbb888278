"""A ranking in a terminal and as CSV: a row a draft, and beneath how far to trust it.

Puts nothing in order itself.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from postcast.cli.show import WIDTH
from postcast.cli.terminal import plain
from postcast.csv_cells import count_cell, csv_text
from postcast.evaluate.words import gap_in_words, listed, pairwise_sentence
from postcast.standing import COUNT
from postcast.wording import about_count, counted, number_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from postcast.rank import RankedDraft, Ranking

MOST_NAMED = 3
"""Drafts too close to one that its row names; the others by their number."""

LONGEST_ID = 24

SCORES = ("score", "score_low", "score_high")


def ranking_text(ranking: Ranking) -> str:
    """Return a ranking as a table and sentences."""
    if not ranking.drafts:
        return "No drafts to rank."
    return "\n\n".join(["\n".join(_table(ranking)), *_sentences(ranking)])


def ranking_csv(ranking: Ranking, *, raw: bool = False) -> str:
    """Return a ranking as CSV, one row a draft, the most promising first."""
    import polars as pl

    drafts = ranking.drafts
    table = pl.DataFrame(
        {
            "position": pl.Series([one.position for one in drafts], dtype=pl.Int64),
            "id": pl.Series([one.id for one in drafts], dtype=pl.String),
            "author": pl.Series([one.author for one in drafts], dtype=pl.String),
            "forecast": pl.Series([one.forecast.forecast for one in drafts], dtype=pl.String),
            **{name: _cells([getattr(one, name) for one in drafts]) for name in SCORES},
            "too_close_to": pl.Series(
                ["|".join(map(_called, one.too_close_to)) for one in drafts], dtype=pl.String
            ),
            "n_too_close": pl.Series([one.n_too_close for one in drafts], dtype=pl.Int64),
            "warnings": pl.Series(
                ["; ".join(one.forecast.warnings) for one in drafts], dtype=pl.String
            ),
        }
    )
    return csv_text(table, raw=raw)


def _cells(scores: Sequence[float | None]) -> pl.Series:
    import polars as pl

    return pl.Series(map(count_cell, scores), dtype=pl.String)


def _table(ranking: Ranking) -> list[str]:
    ids = [_called(draft.id) for draft in ranking.drafts]
    wide = max(len("draft"), *map(len, ids))
    betweens = [_between(draft, ranking.scale) for draft in ranking.drafts]
    bounds = max(len("between"), *map(len, betweens)) if any(betweens) else 0
    head = f"  {'between' if bounds else '':>{bounds}}"
    lines = [f"{'':>4}  {'draft':<{wide}}  {'forecast':<8}  {ranking.scale:>14}{head}".rstrip()]
    for name, between, draft in zip(ids, betweens, ranking.drafts, strict=True):
        score = _score(draft.score, ranking.scale)
        lines.append(
            f"{draft.position:>3}.  {name:<{wide}}  {draft.forecast.forecast:<8}  "
            f"{score:>14}  {between:>{bounds}}{_too_close(draft)}".rstrip()
        )
        lines += [
            f"      {line}"
            for warning in draft.forecast.warnings
            for line in textwrap.wrap(f"Note: {warning}.", WIDTH - 6, break_on_hyphens=False)
        ]
    return lines


def _too_close(draft: RankedDraft) -> str:
    if not draft.n_too_close:
        return ""
    named = [_called(one) for one in draft.too_close_to[:MOST_NAMED]]
    rest = draft.n_too_close - len(named)
    if rest:
        named.append(counted(rest, "other"))
    return f"  too close to call with {listed(named)}"


def _sentences(ranking: Ranking) -> list[str]:
    found = ranking.pairwise
    if found is None:
        told = f"How often such an order is right was not measured: {ranking.reason}. "
        told += "Every two drafts are therefore too close to call."
        return [_filled(told), *_notes(ranking)]
    return [
        _filled(f"{pairwise_sentence(found)} {gap_in_words(found)}"),
        *_notes(ranking),
    ]


def _notes(ranking: Ranking) -> list[str]:
    return [_filled(f"Note: {note}.") for note in ranking.notes]


def _called(name: str | None) -> str:
    if name is None:
        return "–"
    name = plain(name)
    return name if len(name) <= LONGEST_ID else f"{name[: LONGEST_ID - 1]}…"


def _score(score: float, scale: str) -> str:
    if scale == COUNT:
        return about_count(score)
    return f"{score:.2f}"


def _between(draft: RankedDraft, scale: str) -> str:
    low, high = draft.score_low, draft.score_high
    if low is None or high is None:
        return ""
    if scale == COUNT:
        return f"{number_in_words(low)} to {number_in_words(high)}"
    return f"{low:.2f} to {high:.2f}"


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False, break_long_words=False)
