"""A ranking in a terminal and as CSV: a row a draft, and beneath how far to trust it.

Puts nothing in order itself.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from postcast.cli.show import WIDTH
from postcast.evaluate.words import gap_in_words, listed, pairwise_sentence
from postcast.standing import COUNT

if TYPE_CHECKING:
    from postcast.rank import RankedDraft, Ranking

MOST_NAMED = 3
"""Drafts too close to one that its row names; the others by their number."""

LONGEST_ID = 24


def ranking_text(ranking: Ranking) -> str:
    """Return a ranking as a table and sentences."""
    if not ranking.drafts:
        return "No drafts to rank."
    return "\n\n".join(["\n".join(_table(ranking)), *_sentences(ranking)])


def ranking_csv(ranking: Ranking) -> str:
    """Return a ranking as CSV, one row a draft, the most promising first."""
    import polars as pl

    drafts = ranking.drafts
    table = pl.DataFrame(
        {
            "position": pl.Series([one.position for one in drafts], dtype=pl.Int64),
            "id": pl.Series([one.id for one in drafts], dtype=pl.String),
            "author": pl.Series([one.author for one in drafts], dtype=pl.String),
            "forecast": pl.Series([one.forecast.forecast for one in drafts], dtype=pl.String),
            "score": pl.Series([one.score for one in drafts], dtype=pl.Float64),
            "low": pl.Series([one.low for one in drafts], dtype=pl.Float64),
            "high": pl.Series([one.high for one in drafts], dtype=pl.Float64),
            "too_close_to": pl.Series(
                ["|".join(map(_called, one.too_close_to)) for one in drafts], dtype=pl.String
            ),
            "n_too_close": pl.Series([one.n_too_close for one in drafts], dtype=pl.Int64),
            "warnings": pl.Series(
                ["; ".join(one.forecast.warnings) for one in drafts], dtype=pl.String
            ),
        }
    )
    return table.write_csv(float_precision=6)


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
        named.append(f"{rest:,} other{'s' * (rest > 1)}")
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
    name = "".join(sign if sign.isprintable() else " " for sign in name)
    return name if len(name) <= LONGEST_ID else f"{name[: LONGEST_ID - 1]}…"


def _score(score: float, scale: str) -> str:
    if scale == COUNT:
        return f"{score:,.0f}" if score >= 10 else f"{score:.2g}"
    return f"{score:.2f}"


def _between(draft: RankedDraft, scale: str) -> str:
    if draft.low is None or draft.high is None:
        return ""
    if scale == COUNT:
        return f"{draft.low:,.10g} to {draft.high:,.10g}"
    return f"{draft.low:.2f} to {draft.high:.2f}"


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_on_hyphens=False, break_long_words=False)
